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
    /// The running call has changed.
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

/// While it lives, a process counts as idle.
pub(super) struct Idle<'a>(&'a Instance);

impl Drop for Idle<'_> {
    fn drop(&mut self) {
        self.0.is_idle.set(false);
        let idle = &self.0.function.idle;
        idle.set(idle.get() - 1);
    }
}

impl Instance {
    pub(super) fn new(function: Rc<Function>) -> Instance {
        Instance {
            function,
            running: RefCell::default(),
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

    /// Notes that it is gone.
    pub(super) fn gone(&self) {
        self.starts_no_more();
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

    /// Ends it.
    pub(super) fn retire(&self) {
        self.is_retired.set(true);
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
        *self.running.borrow_mut() = Some(Running {
            until: Instant::now() + timeout,
            invocation,
        });
        self.changed.notify_one();
    }

    /// Takes the call of an id from it, which is over.
    pub(super) fn end(&self, request_id: &str) -> Option<Invocation> {
        let mut running = self.running.borrow_mut();
        running
            .as_ref()
            .filter(|running| &*running.invocation.request_id == request_id)?;
        let over = running.take()?;
        self.changed.notify_one();
        Some(over.invocation)
    }

    /// Notes why the handler could not be started.
    pub(super) fn note_start_error(&self, failure: Failure) {
        *self.start_error.borrow_mut() = Some(failure);
    }

    /// Returns when it has taken too long: for its start, or for a call.
    pub(super) async fn late(&self, start: Instant) {
        loop {
            let running = self.running.borrow().as_ref().map(|running| running.until);
            let until = running.or(self.is_starting.get().then_some(start));
            let Some(until) = until else {
                self.changed.notified().await;
                continue;
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = tokio::time::sleep_until(until) => {
                    let is_over = match &*self.running.borrow() {
                        Some(running) => running.until <= Instant::now(),
                        None => self.is_starting.get(),
                    };
                    if is_over {
                        return;
                    }
                }
            }
        }
    }
}
