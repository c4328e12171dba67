//! How one process stands: it starts, waits for a call, has one, or is to end.
//!
//! Must not know how many there are, nor how it is talked to. Invariant: it has one call at a time.

use super::function::Function;
use super::invocation::Invocation;
use crate::task::Failure;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// One process.
pub(super) struct Instance {
    pub(super) function: Rc<Function>,
    running: RefCell<Option<Running>>,
    /// When it must have answered its call, or asked for the next; none while it waits for one.
    until: Cell<Option<Instant>>,
    /// That has changed.
    changed: Notify,
    pub(super) retired: Notify,
    is_retired: Cell<bool>,
    is_idle: Cell<bool>,
    is_starting: Cell<bool>,
    /// Whether its handler has started.
    is_ready: Cell<bool>,
    /// Why the handler could not be started, as the process says.
    pub(super) start_error: RefCell<Option<Failure>>,
}

/// The call that a process has.
struct Running {
    until: Instant,
    invocation: Invocation,
}

/// How long a process may take at least to ask for its next call.
const NEXT_MAX: Duration = Duration::from_secs(10);

/// While it lives, a process counts as idle.
pub(super) struct Idle<'a>(&'a Instance);

impl Drop for Idle<'_> {
    fn drop(&mut self) {
        self.0.idle_no_more();
        self.0.expect_until(Instant::now() + NEXT_MAX);
    }
}

impl Instance {
    /// Creates one that starts its handler until a time.
    pub(super) fn new(function: Rc<Function>, until: Instant) -> Instance {
        Instance {
            function,
            running: RefCell::default(),
            until: Cell::new(Some(until)),
            changed: Notify::new(),
            retired: Notify::new(),
            is_retired: Cell::new(false),
            is_idle: Cell::new(false),
            is_starting: Cell::new(true),
            is_ready: Cell::new(false),
            start_error: RefCell::default(),
        }
    }

    /// Counts it as idle.
    pub(super) fn idle(&self) -> Idle<'_> {
        if self.starts_no_more() {
            self.is_ready.set(true);
            self.function.note_ready();
        }
        self.is_idle.set(true);
        self.until.set(None);
        self.changed.notify_one();
        let idle = &self.function.idle;
        idle.set(idle.get() + 1);
        Idle(self)
    }

    /// Notes that it has started, or will not; says whether that is new.
    pub(super) fn starts_no_more(&self) -> bool {
        let was_starting = self.is_starting.replace(false);
        if was_starting {
            let starting = &self.function.starting;
            starting.set(starting.get() - 1);
        }
        was_starting
    }

    /// Notes that it does not wait for a call.
    fn idle_no_more(&self) {
        if self.is_idle.replace(false) {
            let idle = &self.function.idle;
            idle.set(idle.get() - 1);
        }
    }

    fn expect_until(&self, until: Instant) {
        self.until.set(Some(until));
        self.changed.notify_one();
    }

    /// Notes that it is gone.
    pub(super) fn gone(&self) {
        self.starts_no_more();
        self.idle_no_more();
        if self.is_ready.replace(false) {
            let ready = &self.function.ready;
            ready.set(ready.get() - 1);
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.is_idle.get()
    }

    pub(super) fn is_retired(&self) -> bool {
        self.is_retired.get()
    }

    /// Says whether it has a call.
    pub(super) fn is_running(&self) -> bool {
        self.running.borrow().is_some()
    }

    /// Ends it; it gets no call any more.
    pub(super) fn retire(&self) {
        self.is_retired.set(true);
        self.idle_no_more();
        self.retired.notify_one();
    }

    /// Returns the id of the call that it has, or an empty text.
    pub(super) fn request_id(&self) -> Arc<str> {
        let running = self.running.borrow();
        running
            .as_ref()
            .map_or_else(|| "".into(), |running| running.invocation.request_id.clone())
    }

    /// Gives it a call.
    pub(super) fn begin(&self, timeout: Duration, invocation: Invocation) {
        let until = Instant::now() + timeout;
        *self.running.borrow_mut() = Some(Running { until, invocation });
        self.expect_until(until);
    }

    /// Takes the call of an id from it, which is over. It may take the rest of this one's time to ask for the next, and
    /// [`NEXT_MAX`] at least.
    pub(super) fn end(&self, request_id: &str) -> Option<Invocation> {
        let mut running = self.running.borrow_mut();
        running
            .as_ref()
            .filter(|running| &*running.invocation.request_id == request_id)?;
        let over = running.take()?;
        self.expect_until(over.until.max(Instant::now() + NEXT_MAX));
        Some(over.invocation)
    }

    /// Notes why the handler could not be started.
    pub(super) fn note_start_error(&self, failure: Failure) {
        *self.start_error.borrow_mut() = Some(failure);
    }

    /// Returns when it has taken too long: for its start, for a call, or to ask for the next.
    pub(super) async fn late(&self) {
        loop {
            let changed = self.changed.notified();
            let Some(until) = self.until.get() else {
                changed.await;
                continue;
            };
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(until) => return,
            }
        }
    }
}
