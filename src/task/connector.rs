//! What stands behind a shard's calls: connectors, and what they are told and answer.
//!
//! Owns the trait. Must not know any connector. Invariants: a connector never blocks its thread; a call is answered
//! once, or nobody waits for its answer any more.

use super::answers::{Answer, Answers};
use super::bind::{Asked, Refusal};
use super::lambda::Invocation;
use crate::guard::PANIC;
use crate::random::Random;
use crate::stream::{SendError, Sink, Ticket};
use crate::value::{ValueRef, View};
use std::fmt::Display;

/// One call of a task.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The resource's ARN as the definition has it.
    pub resource: &'a str,
    /// What the call goes to.
    pub target: Target<'a>,
    /// The task's parameters.
    pub parameters: ValueRef,
    /// The task's credentials, or [`ValueRef::NONE`].
    pub credentials: ValueRef,
    /// Reads parameters and credentials.
    pub view: View<'a>,
    /// Stable across redelivery and Retry: execution name, state path and Map index (DESIGN 4). Written only for who
    /// wants it.
    pub key: &'a dyn Display,
    /// `TimeoutSeconds` of the task.
    pub timeout_seconds: Option<u32>,
    /// `HeartbeatSeconds` of the task; see [`Answers::heartbeat`].
    pub heartbeat_seconds: Option<u32>,
    /// Now, in milliseconds since 1970.
    pub now_ms: i64,
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
    /// [`Answers`] will bring the answer.
    Pending,
}

/// An error as a task reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The error's name, such as `Lambda.ServiceException`.
    pub error: Option<String>,
    /// Its cause.
    pub cause: Option<String>,
}

impl Failure {
    /// Creates a failure with a name and a cause.
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> Failure {
        Failure {
            error: Some(error.into()),
            cause: Some(cause.into()),
        }
    }

    /// Creates the failure of a call in which our own code panicked.
    #[cold]
    pub(crate) fn panicked(message: &str) -> Failure {
        tracing::error!(
            "a bug in stepstream ended a call, please report it: {}",
            message.escape_debug()
        );
        Failure::new(PANIC, format!("A bug in stepstream ended the call: {message}"))
    }
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

/// One entry of the configuration, checked: makes its connectors. Shards share it.
pub(super) trait Maker: Send + Sync {
    /// Makes the connector of a shard, on its thread and inside its `LocalSet`.
    fn make(&self, site: &mut Site) -> Box<dyn Connector>;

    /// Says whether its connectors serve a task that calls a resource which a pattern of the entry matches.
    ///
    /// # Errors
    /// What of the task they do not serve.
    fn serves(&self, _task: &Asked<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Says whether its connectors run Lambda functions.
    fn runs_functions(&self) -> bool {
        true
    }

    /// Says whether its connectors write to the shard's sink, which they share.
    fn writes(&self) -> bool {
        false
    }
}

/// What connectors are made with on a shard.
pub(super) struct Site {
    /// Where pending calls are answered.
    pub(super) answers: Answers,
    /// Where ids in answers come from.
    pub(super) random: Random,
    /// How many entries write to the sink.
    pub(super) writers: usize,
}
