//! How long a test waits for something before it gives up.
//!
//! Waiting ends when there is what is waited for, so a generous bound costs nothing when all goes well. Invariant:
//! a single look counts at most 5 s, so a machine that does other work, or sleeps, is waited for.

use std::time::{Duration, Instant};

/// The longest that a single look counts for.
const LOOK_MAX: Duration = Duration::from_secs(5);

/// What is left of the time to wait.
pub(crate) struct Patience {
    left: Duration,
    last: Instant,
}

impl Patience {
    pub(crate) fn new(bound: Duration) -> Patience {
        Patience {
            left: bound,
            last: Instant::now(),
        }
    }

    /// Says whether it is over; to be asked again and again.
    pub(crate) fn is_over(&mut self) -> bool {
        let now = Instant::now();
        let passed = now.duration_since(self.last).min(LOOK_MAX);
        self.last = now;
        self.left = self.left.saturating_sub(passed);
        self.left.is_zero()
    }
}
