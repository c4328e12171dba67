//! What the shard asks of the connectors behind it.

use crate::clock;
use crate::program::{Program, TaskId};
use crate::stream::{SendError, Sink, Ticket};
use crate::task::{self, Answer, Connectors, Progress};
use crate::value::{ValueRef, View};
use std::fmt::Display;

/// What serves the tasks of one program.
pub type Bindings = std::sync::Arc<crate::task::Bindings>;

/// One attempt of a task.
pub struct Attempt<'a> {
    /// The program.
    pub program: &'a Program,
    /// What serves its tasks.
    pub bindings: &'a Bindings,
    /// Which task.
    pub task: TaskId,
    /// What it is given.
    pub parameters: ValueRef,
    /// Reads the parameters.
    pub view: View<'a>,
    /// The call's stable key.
    pub key: &'a dyn Display,
    /// `TimeoutSeconds` of the task.
    pub timeout_seconds: Option<u32>,
    /// Now, in milliseconds since 1970.
    pub now_ms: i64,
}

/// The connectors of one shard.
pub trait Tasks {
    /// Begins a call; a result that is there at once is appended to `result`.
    fn call(
        &mut self,
        attempt: &Attempt<'_>,
        ticket: Ticket,
        sink: &mut dyn Sink,
        result: &mut Vec<u8>,
    ) -> Progress;

    /// Takes the next answer of a pending call, if any.
    fn take(&mut self) -> Option<(Ticket, Answer)> {
        None
    }

    /// Hears what became of a message that a task has sent.
    fn acknowledged(&mut self, _ticket: Ticket, _result: Result<(), SendError>) {}

    /// Goes on with what waits for room in the sink.
    fn poll(&mut self, _sink: &mut dyn Sink) {}

    /// Forgets a call.
    fn cancel(&mut self, _ticket: Ticket) {}

    /// Returns how many calls wait, not yet under way.
    fn waiting(&self) -> usize {
        0
    }
}

impl Tasks for Connectors {
    fn call(
        &mut self,
        attempt: &Attempt<'_>,
        ticket: Ticket,
        sink: &mut dyn Sink,
        result: &mut Vec<u8>,
    ) -> Progress {
        let call = task::Attempt {
            task: attempt.task,
            parameters: attempt.parameters,
            view: attempt.view,
            key: attempt.key,
            timeout_seconds: attempt.timeout_seconds,
            now_ms: attempt.now_ms,
        };
        Connectors::call(self, attempt.bindings, &call, ticket, sink, result)
    }

    fn take(&mut self) -> Option<(Ticket, Answer)> {
        Connectors::take(self, clock::wall_ms())
    }

    fn acknowledged(&mut self, ticket: Ticket, result: Result<(), SendError>) {
        Connectors::acknowledged(self, ticket, result);
    }

    fn poll(&mut self, sink: &mut dyn Sink) {
        Connectors::poll(self, sink);
    }

    fn cancel(&mut self, ticket: Ticket) {
        Connectors::cancel(self, ticket);
    }

    fn waiting(&self) -> usize {
        Connectors::waiting(self)
    }
}
