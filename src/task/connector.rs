//! What stands behind a shard's calls: connectors, and what they are told and answer.
//!
//! Owns the trait. Must not know any connector. Invariants: a connector never blocks its thread; a call is answered
//! once, or nobody waits for its answer any more.

use super::answers::{Answer, Failure};
use super::lambda::Invocation;
use crate::stream::{SendError, Sink, Ticket};
use crate::value::{ValueRef, View};
use std::fmt::Display;

/// What a call is made with, whoever serves it.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The task's parameters.
    pub parameters: ValueRef,
    /// The task's credentials, or [`ValueRef::NONE`].
    pub credentials: ValueRef,
    /// Reads parameters and credentials.
    pub view: View<'a>,
    /// Stable across redelivery and Retry: execution name, state path and Map index (DESIGN 4). Written only for who
    /// wants it.
    pub key: &'a dyn Display,
    /// The name of the state machine. Two that read one topic may have equal keys.
    pub machine: &'a str,
    /// 0 for the first attempt, then counted by Retry.
    pub retry: u32,
    /// `$$.Execution`, or [`ValueRef::NONE`] where the program has no use for it.
    pub execution: ValueRef,
    /// `$$.StateMachine`, likewise.
    pub state_machine: ValueRef,
    /// `TimeoutSeconds` of the task.
    pub timeout_seconds: Option<u32>,
    /// `HeartbeatSeconds` of the task; see [`Answers::heartbeat`](super::Answers::heartbeat).
    pub heartbeat_seconds: Option<u32>,
    /// Now, in milliseconds since 1970.
    pub now_ms: i64,
}

/// One call of a task.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The resource's ARN as the definition has it.
    pub resource: &'a str,
    /// What the call goes to.
    pub target: Target<'a>,
    /// What it is made with.
    pub request: Request<'a>,
}

/// What a call goes to: found when the program was bound or, where its parameters say it, now.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    /// What the resource's ARN names.
    Resource,
    /// A Lambda function.
    Function(Invocation<'a>),
}

/// How far a call is when it returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It succeeded: its result is in the buffer, as JSON text.
    Success,
    /// It succeeds so many milliseconds from now with what is in the buffer.
    SuccessAfter(i64),
    /// It failed.
    Failure(Failure),
    /// [`Answers`](super::Answers) will bring the answer.
    Pending,
}

/// Runs tasks, on one shard.
pub trait Connector {
    /// Begins a call. The result, if it is there at once, goes into `result`, which is empty, as the task's whole
    /// result. A message for Kafka goes to `sink` with the call's own ticket.
    fn call(
        &mut self,
        call: &Call<'_>,
        ticket: Ticket,
        sink: &mut dyn Sink,
        result: &mut Vec<u8>,
    ) -> Progress;

    /// Makes the task's answer of the one that came for a pending call: here a connector puts what it was answered
    /// into an envelope, adds an SDK's metadata, or refuses what is no JSON. The call is over then. As it came, unless
    /// the connector says otherwise.
    fn dress(&mut self, _ticket: Ticket, answer: Answer, _now_ms: i64) -> Answer {
        answer
    }

    /// Forgets a call that nobody waits for any more: it timed out, or its execution is over.
    fn cancel(&mut self, _ticket: Ticket) {}

    /// Hears what became of a message that it handed to the sink.
    fn acknowledged(&mut self, _ticket: Ticket, _result: Result<(), SendError>) {}

    /// Goes on with what waits for room in the sink; called once in a batch.
    fn poll(&mut self, _sink: &mut dyn Sink) {}

    /// Returns how many calls wait for a connection or for room, not yet under way.
    fn waiting(&self) -> usize {
        0
    }
}
