//! One process: started, served, ended.
//!
//! Must not know how many there are. Invariant: when [`run`] returns, the process and all it has started are gone, and its
//! call is answered.

use super::api;
use super::counts::Counts;
use super::fleet::Fleet;
use super::instance::Instance;
use super::output;
use super::usage;
use super::words;
use crate::task::Failure;
use rustix::process::{Pid, Signal, kill_process_group};
use std::pin::pin;
use std::process::ExitStatus;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::time::Instant;

/// How long starting the handler may take at least; a call's own time limit, if that is longer.
const START_MIN: Duration = Duration::from_secs(10);

/// How long a process may take to end when it is told to.
const END_MAX: Duration = Duration::from_millis(500);

/// How a process ended.
enum End {
    Exited(std::io::Result<ExitStatus>),
    TimedOut,
    OutOfMemory,
    Retired,
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
    if let Some(invocation) = instance.end(&instance.request_id()) {
        let failure = failure(&invocation.request_id);
        invocation.answer(Err(failure));
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
        () = instance.retired.notified() => End::Retired,
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
