//! Connectors: what runs a workflow's tasks.
//!
//! [`Tasks`] is what the configuration says, checked: patterns of resources and functions, and what serves
//! each ([`config`], [`table`]). [`Tasks::bind`] connects a program to it when it is loaded and names what
//! nobody serves. [`Tasks::connect`] makes the connectors of one shard, [`Connectors`]: it takes a task's
//! parameters, finds out who serves it, hands over the payload ([`lambda::payload`]) and dresses the answer as AWS
//! does ([`lambda::envelope`]). Behind it stand [`Connector`]s: built-in functions and functions behind a URL ([`lambda`]),
//! and [`produce`], which writes to Kafka through the shard's sink.
//!
//! Must not know Kafka sources, shards or logs. Invariants: a call is answered once, or the machine's own
//! time limits end the task; a connector never blocks its thread; what no pattern matches is not reachable; an answer
//! at which our own code panics fails its call, and no other.
//!
//! # How a shard uses it
//!
//! [`Connectors`] is the shard's [`Caller`].
//!
//! 1. For each task that a run requests: [`Caller::call`] with a [`Ticket`] of the shard's own. `Success`
//!    and `SuccessAfter` have left the result in the buffer, `Failure` is an answer too.
//! 2. After `Pending`, [`Caller::take`] brings heartbeats and the answer; they wake the shard through its [`Wake`].
//! 3. Every acknowledgement of the sink whose ticket is a task's goes to [`Caller::acknowledged`].
//! 4. Once in a batch, before `Sink::push`: [`Caller::poll`].
//! 5. A call that nobody waits for any more (time-out, execution over): [`Caller::cancel`].

pub mod bind;
mod caller;
pub mod config;
mod connectors;
pub mod lambda;
pub mod produce;
pub mod table;

#[cfg(test)]
mod tests;

pub use bind::{Bindings, Unserved};
pub use caller::{Attempt, Caller, Report};
pub use config::Config;
pub use connectors::{Connectors, Tasks};
pub use lambda::functions::Functions;
pub use lambda::{demo, function};

use crate::guard::PANIC;
use crate::stream::{SendError, Sink, Ticket, Wake};
use crate::value::{ValueRef, View};
use lambda::function::Function;
use lambda::payload::Payload;
use rustc_hash::FxHashSet;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Display;
use std::rc::Rc;

/// One call of a task.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The resource's ARN as the definition has it.
    pub resource: &'a str,
    /// The function that is called, if it is one: a raw function ARN, or the FunctionName of `lambda:invoke`.
    pub function: Option<&'a Function>,
    /// What a function gets.
    pub payload: Payload<'a>,
    /// The task's parameters, for connectors that are no functions.
    pub parameters: ValueRef,
    /// Reads the parameters.
    pub view: View<'a>,
    /// `InvocationType` is `Event`: nobody waits for what the function makes of it.
    pub event: bool,
    /// Stable across redelivery and Retry: execution name, state path and Map index (DESIGN 4). Written only
    /// for who wants it.
    pub key: &'a dyn Display,
    /// `TimeoutSeconds` of the task.
    pub timeout_seconds: Option<u32>,
    /// Now, in milliseconds since 1970.
    pub now_ms: i64,
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

/// The names of errors that connectors give themselves, where a function or a broker does not answer as it should.
pub const ERRORS: [&str; 13] = [
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.InvalidParameterValueException",
    "Lambda.InvalidRequestContentException",
    "Lambda.ResourceNotFoundException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Kafka.InvalidParameterException",
    "Kafka.KafkaException",
    "Kafka.ThrottlingException",
    "Kafka.TimeoutException",
];

/// The answer of a call that was pending.
pub type Answer = Result<Vec<u8>, Failure>;

/// Runs tasks, on one shard.
pub trait Connector {
    /// Begins a call. The result, if it is there at once, is appended to `result`; what stands there
    /// already is not the connector's. A message for Kafka goes to `sink` with the call's own ticket.
    fn call(
        &mut self,
        call: &Call<'_>,
        ticket: Ticket,
        sink: &mut dyn Sink,
        result: &mut Vec<u8>,
    ) -> Progress;

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

/// Where pending calls of one shard are answered; clones share one queue.
#[derive(Clone, Debug)]
pub struct Answers {
    queue: Rc<RefCell<Queue>>,
    wake: Wake,
}

/// Reports on calls, in the order in which they came. Bounded by the calls that are pending: each is answered once,
/// and has one heartbeat here at most.
#[derive(Debug, Default)]
struct Queue {
    reports: VecDeque<(Ticket, Report)>,
    /// The calls whose heartbeats are among the reports.
    alive: FxHashSet<Ticket>,
}

impl Answers {
    /// Creates the queue of a shard, which `wake` wakes.
    pub fn new(wake: Wake) -> Answers {
        Answers {
            queue: Rc::default(),
            wake,
        }
    }

    /// Answers a call; called on the shard's own thread.
    pub fn answer(&self, ticket: Ticket, answer: Answer) {
        let report = Report::Answer(answer);
        self.queue.borrow_mut().reports.push_back((ticket, report));
        self.wake.wake();
    }

    /// Tells that somebody works on a call, whose `HeartbeatSeconds` so begin anew; called on the shard's own thread.
    pub fn heartbeat(&self, ticket: Ticket) {
        let queue = &mut *self.queue.borrow_mut();
        if queue.alive.insert(ticket) {
            queue.reports.push_back((ticket, Report::Heartbeat));
            self.wake.wake();
        }
    }

    /// Takes the next report, if any.
    pub fn take(&self) -> Option<(Ticket, Report)> {
        let queue = &mut *self.queue.borrow_mut();
        let (ticket, report) = queue.reports.pop_front()?;
        if report == Report::Heartbeat {
            queue.alive.remove(&ticket);
        }
        Some((ticket, report))
    }
}
