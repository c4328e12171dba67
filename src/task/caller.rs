//! What a shard calls its tasks with.
//!
//! Owns what the two sides hand each other: an [`Attempt`] one way, a [`Report`] the other. [`Connectors`] is the
//! [`Caller`] of the service; tests of shards have their own. Must not know what serves a task. Invariant: a ticket
//! that was answered or cancelled is not answered again.
//!
//! [`Connectors`]: super::Connectors

use super::answers::Report;
use super::bind::Bindings;
use super::connector::{Progress, Request};
use crate::program::TaskId;
use crate::stream::{SendError, Sink, Ticket};

/// One attempt at a task, as a run requests it.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// What serves the tasks of the program.
    pub bindings: &'a Bindings,
    /// Which task of the program.
    pub task: TaskId,
    /// What the call is made with.
    pub request: Request<'a>,
}

/// Calls the tasks of one shard.
pub trait Caller {
    /// Begins a call. `result` is empty; after [`Progress::Success`] and [`Progress::SuccessAfter`] it has what the
    /// task answers. After [`Progress::Pending`], [`Caller::take`] brings that. `ticket` is the shard's own, not
    /// pending already; a message to Kafka goes to `sink` under it.
    fn call(
        &mut self,
        attempt: &Attempt<'_>,
        ticket: Ticket,
        sink: &mut dyn Sink,
        result: &mut Vec<u8>,
    ) -> Progress;

    /// Takes the next report on a call that was pending, if any; `now_ms` is now, in milliseconds since 1970.
    fn take(&mut self, now_ms: i64) -> Option<(Ticket, Report)>;

    /// Tells what became of a message that a task has sent.
    fn acknowledged(&mut self, _ticket: Ticket, _result: Result<(), SendError>) {}

    /// Goes on with messages for which the sink had no room; call it once in a batch.
    fn poll(&mut self, _sink: &mut dyn Sink) {}

    /// Forgets a call that nobody waits for any more; one that is not pending is forgotten already.
    fn cancel(&mut self, _ticket: Ticket) {}

    /// Returns how many calls wait at their connector, not yet under way.
    fn waiting(&self) -> usize {
        0
    }
}
