//! What wakes a writer's thread when something has changed for it.
//!
//! Must not know what. Invariant: a bell that goes rings, so that the thread sees the end of a channel which went before it.

use crate::stream::Wake;

/// Wakes a writer's thread; last when it goes. Whatever holds one beside the end of a channel declares that end first.
pub(super) struct Bell(Wake);

impl Bell {
    /// Creates one for the thread that waits on `wake`.
    pub(super) fn new(wake: Wake) -> Bell {
        Bell(wake)
    }

    /// Wakes the thread.
    pub(super) fn ring(&self) {
        self.0.wake();
    }
}

impl Clone for Bell {
    fn clone(&self) -> Bell {
        Bell(self.0.clone())
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.ring();
    }
}
