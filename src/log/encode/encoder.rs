//! What all records of an execution are written with.
//!
//! Must not know what stands in a record.

use crate::program::Program;
use crate::value::View;
use crate::vm::Event;

/// Writes the events of one execution as log records.
#[derive(Clone, Copy)]
pub struct Encoder<'a> {
    /// The program that ran.
    pub program: &'a Program,
    /// ARN of the execution.
    pub execution_arn: &'a str,
    /// ARN of the role, in `ExecutionStarted`.
    pub role_arn: &'a str,
    /// The region that tasks are scheduled in.
    pub region: &'a str,
    /// Whether inputs, outputs, parameters and variables are written (facts 2.4). Errors and causes
    /// always are.
    pub include_execution_data: bool,
}

impl Encoder<'_> {
    /// Returns the state's name, escaped for JSON, from the program's constants.
    pub(super) fn state_name<'v>(&self, view: View<'v>, event: &Event) -> &'v [u8] {
        let state = event
            .state
            .map(|state| self.program.states[state.at()].name_value);
        state
            .and_then(|name| view.string(name))
            .map_or(b"", |name| name.escaped())
    }
}
