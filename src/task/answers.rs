//! Reports on pending calls, on their way from the connectors of one shard to the shard.
//!
//! Owns their queue. Must not know who reports. Invariant: it has one answer and one heartbeat of a call at most.

use crate::guard::PANIC;
use crate::stream::{Ticket, Wake};
use rustc_hash::FxHashSet;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

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

/// The answer of a call that was pending: the result's JSON text, or a failure.
pub type Answer = Result<Vec<u8>, Failure>;

/// What a shard hears of a call that was pending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// Somebody works on it: `HeartbeatSeconds` begin anew.
    Heartbeat,
    /// It is over.
    Answer(Answer),
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
