//! What an execution may still do in this turn.
//!
//! Whatever runs charges it: a state when it is entered, a function and a path that searches for what they read and
//! write, an iteration that has no frame of its own. Work is counted in bytes of JSON text, so that a test sees the
//! same on every machine. Must not know time. Invariant: an execution whose work is spent stops before its next
//! operation and goes on exactly there; each grant lets at least one operation through.

/// What a state, or an iteration without a frame, costs besides its data, in bytes.
pub(super) const STATE_WORK: usize = 32;

/// The work that is left of a grant, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    left: u64,
}

impl Work {
    /// Work without a bound, for drivers whose executions hold up nobody.
    pub const UNBOUNDED: Work = Work { left: u64::MAX };

    /// Grants a number of bytes.
    pub fn of(bytes: u64) -> Work {
        Work { left: bytes }
    }

    /// Takes what an operation costs.
    #[inline]
    pub fn charge(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes as u64);
    }

    /// Says whether nothing is left.
    #[inline]
    pub fn is_spent(self) -> bool {
        self.left == 0
    }

    /// Returns what is left.
    pub fn left(self) -> u64 {
        self.left
    }
}
