//! The processes of one entry: how many there are, and who takes which call.
//!
//! Lives on one thread. A process asks for a call when it has time for one, so the next call goes to whoever is free.
//! Must not know what a process does. Invariants: there are no more processes than the entry allows; a call that
//! waits has a process that will take it, or one is started or freed for it, or is going to be at a set time.

use super::command::Command;
use super::counts::Counts;
use super::function::Function;
use super::instance::Instance;
use super::invocation::Invocation;
use crate::task::Failure;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

/// How long a process may wait for a call before it is ended.
const IDLE_MAX: Duration = Duration::from_secs(600);

/// The processes of one entry.
pub(super) struct Fleet {
    pub(super) command: Arc<Command>,
    pub(super) counts: Arc<Counts>,
    functions: RefCell<BTreeMap<Box<str>, Rc<Function>>>,
    instances: RefCell<Vec<Rc<Instance>>>,
    /// Where processes are started.
    starts: UnboundedSender<Rc<Instance>>,
    is_stopping: Cell<bool>,
    /// Tells that a process has ended.
    has_ended: Notify,
}

impl Fleet {
    /// Creates one without processes; whoever hears `starts` starts them, and tells when they have [`ended`](Fleet::ended).
    pub(super) fn new(
        command: Arc<Command>,
        counts: Arc<Counts>,
        starts: UnboundedSender<Rc<Instance>>,
    ) -> Fleet {
        Fleet {
            command,
            counts,
            functions: RefCell::default(),
            instances: RefCell::default(),
            starts,
            is_stopping: Cell::new(false),
            has_ended: Notify::new(),
        }
    }

    /// Takes a call in.
    pub(super) fn push(self: &Rc<Fleet>, invocation: Invocation) {
        let function = {
            let mut functions = self.functions.borrow_mut();
            match functions.get(&invocation.function) {
                Some(function) => function.clone(),
                None => {
                    let function = Rc::new(Function::new(&invocation.function));
                    functions.insert(invocation.function.clone(), function.clone());
                    function
                }
            }
        };
        function.push(invocation);
        self.scale();
    }

    /// Waits for the next call of a function, for a process that is free. `None`: the process is to end.
    pub(super) async fn next(self: &Rc<Fleet>, instance: &Instance) -> Option<Invocation> {
        let function = &instance.function;
        let _idle = instance.idle();
        // For what waits elsewhere, a process that is free may be one too many.
        self.scale();
        let until = tokio::time::Instant::now() + IDLE_MAX;
        loop {
            if self.is_stopping.get() || self.owes_place(function) {
                return None;
            }
            if let Some(invocation) = function.pop() {
                return Some(invocation);
            }
            tokio::select! {
                () = function.arrived.notified() => {}
                () = tokio::time::sleep_until(until) => return None,
            }
        }
    }

    /// Says whether a function without a process has waited longer than this one, and there is no place for another.
    fn owes_place(&self, function: &Function) -> bool {
        if self.instances.borrow().len() < self.command.instances {
            return false;
        }
        let now = Instant::now();
        let since = function.since().unwrap_or(now);
        let functions = self.functions.borrow();
        let mut others = functions
            .values()
            .filter(|other| other.alive.get() == 0 && other.is_short(now));
        others.any(|other| other.since().is_some_and(|other| other < since))
    }

    /// Starts processes for calls that wait, as many as may be; beyond that, ends one that nobody needs.
    fn scale(self: &Rc<Fleet>) {
        if self.is_stopping.get() {
            return;
        }
        while let Some(function) = self.neediest() {
            if self.instances.borrow().len() >= self.command.instances {
                self.free_place(&function);
                return;
            }
            self.start(function);
        }
    }

    /// Returns the function whose first call has waited longest, of those that are short of processes.
    fn neediest(&self) -> Option<Rc<Function>> {
        let (now, functions) = (Instant::now(), self.functions.borrow());
        let short = functions.values().filter(|function| function.is_short(now));
        short.min_by_key(|function| function.since()).cloned()
    }

    /// Ends a process that waits for calls of another function, unless one is ending already.
    fn free_place(&self, function: &Rc<Function>) {
        let instances = self.instances.borrow();
        if instances.iter().any(|instance| instance.is_retired()) {
            return;
        }
        let is_spare = |instance: &&Rc<Instance>| {
            let other = &instance.function;
            instance.is_idle() && !Rc::ptr_eq(other, function) && other.since().is_none()
        };
        if let Some(spare) = instances.iter().find(is_spare) {
            spare.retire();
        }
    }

    fn start(self: &Rc<Fleet>, function: Rc<Function>) {
        function.alive.set(function.alive.get() + 1);
        function.starting.set(function.starting.get() + 1);
        let instance = Rc::new(Instance::new(function.clone()));
        self.instances.borrow_mut().push(instance.clone());
        Counts::add(&self.counts.alive);
        Counts::add(&self.counts.started);
        // Whoever starts them lives as long as the fleet.
        let _ = self.starts.send(instance);
    }

    /// Hears that a process has ended.
    pub(super) fn ended(self: &Rc<Fleet>, instance: &Rc<Instance>) {
        let alive = &instance.function.alive;
        instance.gone();
        alive.set(alive.get() - 1);
        self.counts.alive.fetch_sub(1, Relaxed);
        self.instances
            .borrow_mut()
            .retain(|other| !Rc::ptr_eq(other, instance));
        self.forget_functions();
        self.has_ended.notify_one();
        self.scale();
    }

    fn forget_functions(&self) {
        self.functions
            .borrow_mut()
            .retain(|_, function| !function.is_over());
    }

    /// Hears that a process could not start the handler of a function. Unless others serve it, that answers a call; all
    /// calls that wait, when it was not the first in a row. The next start waits a little.
    pub(super) fn failed_start(self: &Rc<Fleet>, function: &Rc<Function>, failure: impl Fn(&str) -> Failure) {
        let (failures, wait) = function.note_failed_start(Instant::now());
        let answered_max = match (function.is_served(), failures) {
            (true, _) => 0,
            (false, 1) => 1,
            (false, _) => usize::MAX,
        };
        for invocation in std::iter::from_fn(|| function.pop()).take(answered_max) {
            let failure = failure(&invocation.request_id);
            invocation.answer(Err(failure));
        }
        let (fleet, function) = (self.clone(), function.clone());
        tokio::task::spawn_local(async move {
            tokio::time::sleep(wait).await;
            function.may_start();
            fleet.forget_functions();
            fleet.scale();
        });
    }

    /// Ends all processes, and returns when they have ended.
    pub(super) async fn stop(self: &Rc<Fleet>) {
        self.is_stopping.set(true);
        for instance in self.instances.borrow().iter() {
            instance.retire();
        }
        let functions: Vec<Rc<Function>> = self.functions.borrow().values().cloned().collect();
        for function in functions {
            while let Some(invocation) = function.pop() {
                invocation.answer(Err(super::words::stopping()));
            }
        }
        while !self.instances.borrow().is_empty() {
            self.has_ended.notified().await;
        }
    }
}
