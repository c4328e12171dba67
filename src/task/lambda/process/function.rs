//! One function of a fleet: the calls that wait for it, and how many processes it has.

use super::invocation::Invocation;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The wait before a process is started again that could not start its handler, and the longest.
const RESTART: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// One function.
pub(super) struct Function {
    pub(super) name: Box<str>,
    /// Calls that wait for a process. Bounded by the shards, each of which has a limit.
    queue: RefCell<VecDeque<Invocation>>,
    /// Wakes one of the processes that wait for a call.
    pub(super) arrived: Notify,
    /// Its processes, those that start and wait among them.
    pub(super) alive: Cell<usize>,
    pub(super) starting: Cell<usize>,
    pub(super) idle: Cell<usize>,
    /// Those whose handlers have started.
    pub(super) ready: Cell<usize>,
    /// Starts in a row that failed.
    failures: Cell<u32>,
    not_before: Cell<Option<Instant>>,
}

impl Function {
    pub(super) fn new(name: &str) -> Function {
        Function {
            name: name.into(),
            queue: RefCell::default(),
            arrived: Notify::new(),
            alive: Cell::new(0),
            starting: Cell::new(0),
            idle: Cell::new(0),
            ready: Cell::new(0),
            failures: Cell::new(0),
            not_before: Cell::new(None),
        }
    }

    /// Adds a call.
    pub(super) fn push(&self, invocation: Invocation) {
        self.queue.borrow_mut().push_back(invocation);
        self.arrived.notify_one();
    }

    /// Takes the next call that somebody still waits for.
    pub(super) fn pop(&self) -> Option<Invocation> {
        self.drop_cancelled();
        let invocation = self.queue.borrow_mut().pop_front()?;
        invocation.leaves_queue();
        Some(invocation)
    }

    /// Returns since when the first call waits.
    pub(super) fn since(&self) -> Option<Instant> {
        self.drop_cancelled();
        self.queue.borrow().front().map(|invocation| invocation.since)
    }

    fn drop_cancelled(&self) {
        let mut queue = self.queue.borrow_mut();
        while let Some(first) = queue.front()
            && first.is_cancelled()
        {
            first.leaves_queue();
            queue.pop_front();
        }
    }

    /// Says whether it has more calls than processes that will take them.
    pub(super) fn is_short(&self, now: Instant) -> bool {
        self.queue.borrow().len() > self.idle.get() + self.starting.get()
            && self.not_before.get().is_none_or(|instant| instant <= now)
            && self.since().is_some()
    }

    /// Says whether nothing is left of it.
    pub(super) fn is_over(&self) -> bool {
        self.alive.get() == 0 && self.queue.borrow().is_empty() && self.not_before.get().is_none()
    }

    /// Notes that a process is ready: the handler can be started.
    pub(super) fn note_ready(&self) {
        self.ready.set(self.ready.get() + 1);
        self.failures.set(0);
        self.not_before.set(None);
    }

    /// Says whether it has a process whose handler has started.
    pub(super) fn is_served(&self) -> bool {
        self.ready.get() > 0
    }

    /// Notes that a process could not start its handler; returns how many in a row could not, and after what time the next
    /// one may try.
    pub(super) fn note_failed_start(&self, now: Instant) -> (u32, Duration) {
        let failures = self.failures.get().saturating_add(1);
        self.failures.set(failures);
        let wait = RESTART.1.min(RESTART.0 * 2_u32.pow(failures.min(16) - 1));
        self.not_before.set(Some(now + wait));
        (failures, wait)
    }

    /// Allows the next start.
    pub(super) fn may_start(&self) {
        self.not_before.set(None);
    }
}
