//! Tasks as a host sees them.

use crate::program::{Program, Resource};
use crate::vm::Run;

/// A task to run: one attempt.
#[derive(Clone, Debug)]
pub struct TaskCall<'a> {
    /// Name of the Task state.
    pub state: &'a str,
    /// What it calls.
    pub resource: &'a Resource,
    /// What it is given, as JSON text.
    pub parameters: &'a [u8],
    /// Its credentials, as JSON text.
    pub credentials: Option<String>,
    /// Its `TimeoutSeconds`; the driver sees to it.
    pub timeout_seconds: Option<u32>,
    /// Its `HeartbeatSeconds`; the driver sees to it.
    pub heartbeat_seconds: Option<u32>,
    /// 0 for the first attempt.
    pub retry: u32,
}

/// What a task answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It succeeds.
    Success {
        /// How long it takes.
        after_ms: i64,
        /// Its result, as JSON text.
        result: Vec<u8>,
    },
    /// It fails.
    Failure {
        /// How long it takes.
        after_ms: i64,
        /// The error's name.
        error: Option<String>,
        /// The cause.
        cause: Option<String>,
    },
    /// It never answers: only its time-out, or the deadline of the run, ends it.
    Never,
}

/// The world around a driven run. A closure that answers tasks is one.
pub trait Host {
    /// Answers a task; `None` when it has no answer, which ends the drive.
    fn call(&mut self, call: &TaskCall<'_>) -> Option<Reply>;

    /// Looks at the run whenever it pauses and at its end, to write and then clear its events.
    fn observe(&mut self, run: &mut Run, program: &Program) {
        let _ = (run, program);
    }
}

impl<F: FnMut(&TaskCall<'_>) -> Option<Reply>> Host for F {
    fn call(&mut self, call: &TaskCall<'_>) -> Option<Reply> {
        self(call)
    }
}
