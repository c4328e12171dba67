//! A call of a function on its way to a process, and its answer's way back.

use crate::stream::Ticket;
use crate::task::{Answer, Failure};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;
use tokio::sync::mpsc::UnboundedSender;

/// A call of a function.
pub(super) struct Invocation {
    /// Names the call for the function.
    pub(super) request_id: Arc<str>,
    /// The function's name.
    pub(super) function: Box<str>,
    /// Its ARN, with the qualifier if there is one.
    pub(super) arn: Box<str>,
    /// What it is given, as JSON.
    pub(super) payload: Vec<u8>,
    /// What the client says of itself, as a header's value.
    pub(super) client_context: String,
    /// Since when it waits.
    pub(super) since: Instant,
    /// When that was, in milliseconds since 1970.
    pub(super) since_ms: i64,
    pub(super) caller: Caller,
}

/// The shard that called.
pub(super) struct Caller {
    pub(super) ticket: Ticket,
    /// Where the answer goes. Bounded by the shard's pending calls: each has one.
    pub(super) answers: UnboundedSender<(Ticket, Answer)>,
    /// Set when nobody waits for the answer any more.
    pub(super) is_cancelled: Arc<AtomicBool>,
    /// How many calls of the shard wait, this one among them.
    pub(super) waiting: Arc<AtomicUsize>,
}

impl Invocation {
    /// Says whether nobody waits for the answer any more.
    pub(super) fn is_cancelled(&self) -> bool {
        self.caller.is_cancelled.load(Relaxed)
    }

    /// Notes that it no longer waits: a process has it, or it is over.
    pub(super) fn leaves_queue(&self) {
        self.caller.waiting.fetch_sub(1, Relaxed);
    }

    /// Answers the call.
    pub(super) fn answer(self, answer: Result<Vec<u8>, Failure>) {
        // A shard that is gone waits for nothing.
        let _ = self.caller.answers.send((self.caller.ticket, answer));
    }
}
