//! What tools see of an execution beside its events: decisions and stages of data.

use crate::program::{Stage, StateId};
use crate::value::ValueRef;

/// What a rule of the state machine decided, for tools; kept when asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A Choice took a rule; `u32::MAX` is Default. Needs a program compiled for tracing.
    Rule {
        /** The Choice. */
        state: StateId,
        /** Which rule. */
        rule: u32,
    },
    /// A retrier took an error.
    Retry {
        /** The state. */
        state: StateId,
        /** Which retrier. */
        retrier: u32,
        /** The delay. */
        delay_ms: i64,
    },
    /// A catcher took an error.
    Catch {
        /** The state. */
        state: StateId,
        /** Which catcher. */
        catcher: u32,
    },
}

/// A value at a stage of a state's data flow; only from programs compiled for tracing.
#[derive(Clone, Copy, Debug)]
pub struct Traced {
    /// The state.
    pub state: StateId,
    /// The stage.
    pub stage: Stage,
    /// The value.
    pub value: ValueRef,
}
