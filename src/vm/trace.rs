//! What tools see of an execution beside its events: decisions and stages of data.

use super::run::Run;
use crate::program::{NumberField, Program, Stage, StateId};
use crate::value::{Store, ValueRef};

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

impl Run {
    /// Tells a tracing run a value.
    pub(super) fn trace_value(&mut self, stage: Stage, value: ValueRef) {
        if self.decisions.is_some() {
            self.traced.push(Traced {
                state: self.current.state,
                stage,
                value,
            });
        }
    }

    /// Tells a tracing run what a field comes to that takes a number.
    pub(super) fn trace_number(&mut self, program: &Program, field: NumberField, number: f64) {
        if self.decisions.is_none() {
            return;
        }
        let text = match field {
            // With its fraction, as recorded.
            NumberField::ToleratedFailurePercentage => format!("{number:?}"),
            _ => number.to_string(),
        };
        let value = Store::new(&mut self.heap, &program.constants).number(&text);
        self.trace_value(Stage::Number(field), value);
    }
}
