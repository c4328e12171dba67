//! One process: started, given one call at a time, ended.
//!
//! Must not know how many there are. Invariant: when `run` returns, the process and all it has started are gone, and its
//! call is answered.

use super::api;
use super::counts::Counts;
use super::fleet::Fleet;
use super::function::Function;
use super::invocation::Invocation;
use super::output;
use super::usage;
use super::words;
use crate::task::Failure;
use rustix::process::{Pid, Signal, kill_process_group};
use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::process::ExitStatus;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long starting the handler may take at least; a call's own time limit, if that is longer.
const START_MIN: Duration = Duration::from_secs(10);

/// How long a process may take to end when it is told to.
const END_MAX: Duration = Duration::from_millis(500);

/// One process.
pub(super) struct Instance {
    pub(super) function: Rc<Function>,
    running: RefCell<Option<Running>>,
    /// The running call has changed.
    changed: Notify,
    retire: Notify,
    is_retired: Cell<bool>,
    is_idle: Cell<bool>,
    is_starting: Cell<bool>,
    /// Whether its handler has started.
    is_ready: Cell<bool>,
    /// Why the handler could not be started, as the process says.
    start_error: RefCell<Option<Failure>>,
}

/// The call that a process has.
struct Running {
    request_id: Rc<str>,
    until: Instant,
    invocation: Invocation,
}

/// How a process ended.
enum End {
    Exited(std::io::Result<ExitStatus>),
    TimedOut,
    OutOfMemory,
    Retired,
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
            retire: Notify::new(),
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
        self.retire.notify_one();
    }

    /// Returns the id of the call that it has, or an empty text.
    pub(super) fn request_id(&self) -> Rc<str> {
        let running = self.running.borrow();
        running
            .as_ref()
            .map_or_else(|| "".into(), |running| running.request_id.clone())
    }

    /// Gives it a call.
    pub(super) fn begin(&self, request_id: &str, timeout: Duration, invocation: Invocation) {
        *self.running.borrow_mut() = Some(Running {
            request_id: request_id.into(),
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
            .filter(|running| &*running.request_id == request_id)?;
        let over = running.take()?;
        self.changed.notify_one();
        Some(over.invocation)
    }

    /// Notes why the handler could not be started.
    pub(super) fn note_start_error(&self, failure: Failure) {
        *self.start_error.borrow_mut() = Some(failure);
    }

    /// Returns when it has taken too long: for its start, or for a call.
    async fn late(&self, start: Instant) {
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

/// A process and all that it has started; killed with this.
struct Group {
    child: Child,
    id: Option<Pid>,
}

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(id) = self.id {
            // It may be gone.
            let _ = kill_process_group(id, signal);
        }
    }

    /// Kills what is left of it.
    async fn kill(mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait().await;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Runs a process until it ends.
pub(super) async fn run(fleet: &Rc<Fleet>, instance: &Rc<Instance>) {
    let command = &fleet.command;
    let (listener, group) = match start(fleet, instance).await {
        Ok(started) => started,
        Err(error) => {
            let program = command.program();
            tracing::error!(
                function = &*instance.function.name,
                "the function's process cannot be started: {program}: {error}"
            );
            let failure = |id: &str| words::no_entrypoint(id, program, &error);
            return fleet.failed_start(&instance.function, failure);
        }
    };
    let end = live(fleet, instance, listener, group).await;
    let failure = |id: &str| match &end {
        End::Exited(Ok(status)) => words::exited(id, *status),
        End::TimedOut => words::timed_out(id, command.timeout),
        End::OutOfMemory => words::out_of_memory(id),
        End::Exited(Err(_)) | End::Retired => words::stopping(),
    };
    let count = match &end {
        End::Exited(_) => &fleet.counts.exited,
        End::TimedOut => &fleet.counts.timed_out,
        End::OutOfMemory => &fleet.counts.out_of_memory,
        End::Retired => return answer_running(instance, failure),
    };
    Counts::add(count);
    let was_starting = instance.starts_no_more();
    tracing::warn!(
        function = &*instance.function.name,
        "the function's process has ended: {}",
        match &end {
            End::Exited(Ok(status)) => status.to_string(),
            End::Exited(Err(error)) => error.to_string(),
            End::TimedOut if was_starting => "its handler did not start in time".to_owned(),
            End::TimedOut => "its call took longer than `timeout`".to_owned(),
            End::OutOfMemory => "it took more memory than `memory`".to_owned(),
            End::Retired => String::new(),
        }
    );
    answer_running(instance, failure);
    if was_starting {
        let told = instance.start_error.take();
        fleet.failed_start(&instance.function, |id| {
            told.clone().unwrap_or_else(|| failure(id))
        });
    }
}

/// Answers the call that an ended process has, if any.
fn answer_running(instance: &Instance, failure: impl Fn(&str) -> Failure) {
    let request_id = instance.request_id();
    if let Some(invocation) = instance.end(&request_id) {
        invocation.answer(Err(failure(&request_id)));
    }
}

async fn start(fleet: &Fleet, instance: &Rc<Instance>) -> std::io::Result<(TcpListener, Group)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?.to_string();
    let mut child = fleet.command.of(&instance.function.name, &address).spawn()?;
    if let Some(stdout) = child.stdout.take() {
        tokio::task::spawn_local(output::follow(instance.clone(), stdout, "stdout"));
    }
    if let Some(stderr) = child.stderr.take() {
        tokio::task::spawn_local(output::follow(instance.clone(), stderr, "stderr"));
    }
    let id = child.id().and_then(|id| Pid::from_raw(id as i32));
    Ok((listener, Group { child, id }))
}

/// Serves a process until it ends or has to; it is gone then.
async fn live(fleet: &Rc<Fleet>, instance: &Rc<Instance>, listener: TcpListener, mut group: Group) -> End {
    let command = &fleet.command;
    let start = Instant::now() + command.timeout.max(START_MIN);
    let process = group.child.id().unwrap_or_default();
    let mut server = pin!(api::serve(listener, fleet, instance));
    let end = tokio::select! {
        status = group.child.wait() => End::Exited(status),
        () = &mut server => End::Retired,
        () = instance.late(start) => End::TimedOut,
        () = usage::beyond(process, command.memory) => End::OutOfMemory,
        () = instance.retire.notified() => End::Retired,
    };
    if let End::Retired = end {
        // Served until it is gone: a runtime complains when it is not.
        group.signal(Signal::TERM);
        tokio::select! {
            _ = tokio::time::timeout(END_MAX, group.child.wait()) => {}
            () = &mut server => {}
        }
    }
    group.kill().await;
    end
}
