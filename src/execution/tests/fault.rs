//! Panics that a test lets happen at a place of an event's way.
//!
//! Must not know the places' meaning. Invariant: what is armed on a thread strikes there only, and once.

use super::super::steps::Step;
use std::cell::Cell;

/// What such a panic says.
pub(crate) const MESSAGE: &str = "a fault of the test";

thread_local! {
    /// At which place, and how often that is passed before.
    static ARMED: Cell<Option<(Step, u32)>> = const { Cell::new(None) };
}

/// Lets the place panic when it has been passed so often; what was armed before is not any more.
pub(crate) fn arm(step: Step, passes: u32) {
    ARMED.set(Some((step, passes)));
}

/// Lets nothing panic; says whether something still would have.
pub(crate) fn disarm() -> bool {
    ARMED.take().is_some()
}

/// Passes a place.
pub(crate) fn reach(step: Step) {
    let Some((armed, passes)) = ARMED.get().filter(|(armed, _)| *armed == step) else {
        return;
    };
    if passes > 0 {
        return ARMED.set(Some((armed, passes - 1)));
    }
    ARMED.set(None);
    // Without the hook, which would print it.
    std::panic::resume_unwind(Box::new(MESSAGE));
}
