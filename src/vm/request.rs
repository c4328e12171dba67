//! What a waiting execution asks of the world, and what the world answers.

use crate::program::{Program, TaskId, TaskInfo};
use crate::value::ValueRef;

/// Names what a request waits for; an answer brings it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(Default))]
pub struct Token {
    pub(super) frame: u32,
    pub(super) generation: u32,
}

/// What a waiting execution asks of the world.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// Run a task and bring its answer.
    Task(TaskRequest),
    /// Say when a time has come.
    Timer(Timer),
}

/// A task to run.
#[derive(Clone, Copy, Debug)]
pub struct TaskRequest {
    /// Brings the answer back.
    pub token: Token,
    /// Which task.
    pub task: TaskId,
    /// What it is given.
    pub parameters: ValueRef,
    /// Its credentials, or [`ValueRef::NONE`].
    pub credentials: ValueRef,
    /// `TimeoutSeconds`: answer [`Answer::TimedOut`] so many seconds from now.
    pub timeout_seconds: Option<u32>,
    /// `HeartbeatSeconds`: answer [`Answer::TimedOut`] when so many seconds pass without a sign of life.
    pub heartbeat_seconds: Option<u32>,
    /// 0 for the first attempt.
    pub retry: u32,
}

impl TaskRequest {
    /// Returns the task's static part.
    pub fn info<'p>(&self, program: &'p Program) -> &'p TaskInfo {
        &program.tasks[self.task.at()]
    }
}

/// A time to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Brings the answer back.
    pub token: Token,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// What it is for.
    pub kind: TimerKind,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerKind {
    /// A Wait state.
    Wait,
    /// The delay before a retry.
    Retry,
}

/// What the world answers.
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    /// The task succeeded with this JSON text.
    Success(&'a [u8]),
    /// The task failed.
    Failure {
        /// The error's name.
        error: Option<&'a str>,
        /// The cause.
        cause: Option<&'a str>,
    },
    /// The task, or its heartbeat, timed out.
    TimedOut,
    /// The time has come.
    Time,
}
