//! What tells the calls of executions apart: their stable keys.
//!
//! Must not know who names an execution.

use super::asker::Asker;
use crate::program::Program;
use crate::vm::{Run, Token};
use std::fmt;

/// The stable key of a call: the execution's name, and behind it where the task stands. An event that runs again makes
/// its calls under the same keys, so that what serves them can tell. Written only for who wants it.
pub(crate) struct CallKey<'a, A> {
    pub(crate) asker: &'a A,
    pub(crate) run: &'a Run,
    pub(crate) program: &'a Program,
    pub(crate) token: Token,
}

impl<A: Asker> fmt::Display for CallKey<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.asker.write_name(f)?;
        self.run.write_place(self.program, self.token, f)
    }
}
