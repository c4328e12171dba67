//! Drives a run: what a single execution needs of the world, without a service around it.
//!
//! [`drive`] starts a run, hands its tasks to a [`Host`], keeps what is due and lets a
//! [`Clock`] pass the time: really, or by jumping to the next moment at which something happens. A
//! [`Script`] is a host's list of prepared answers. Used by the command line and by tests; must not
//! know files, arguments or printing. Invariant: answers due at the same moment arrive in the order
//! in which their tasks were scheduled.

mod clock;
mod queue;
mod script;
mod task;

pub use clock::{Clock, RealClock, VirtualClock};
pub use script::{Difference, Script, ScriptError, Taken};
pub use task::{Host, Reply, TaskCall};

use crate::program::{Program, StateId};
use crate::vm::{
    Answer, Identified, Outcome, RUN_SECONDS_MAX, Request, Run, StartError, Status, TaskRequest,
};
use queue::{Due, Queue};
use std::time::{Duration, Instant};

/// States to leave before the deadline is looked at again: about a millisecond.
const FUEL: u64 = 10_000;

/// How a driven execution ended.
#[derive(Clone, Debug)]
pub enum End {
    /// It is over: succeeded, failed or timed out.
    Over(Outcome),
    /// A task has no answer; the run stands where it is.
    NoAnswer {
        /// The Task state.
        state: StateId,
        /// What the task was given, as JSON text.
        parameters: Vec<u8>,
    },
    /// The clock was interrupted while this state waited.
    Interrupted(Option<StateId>),
}

/// Runs a program with an input, as JSON text, to its end.
///
/// The time of the start is the clock's; that of `with` is ignored.
///
/// # Errors
/// When the input is not JSON or too large; nothing runs then.
pub fn drive(
    run: &mut Run,
    program: &Program,
    input: &[u8],
    with: &Identified<'_>,
    clock: &mut dyn Clock,
    host: &mut dyn Host,
) -> Result<End, StartError> {
    let with = Identified {
        now_ms: clock.now_ms(),
        ..*with
    };
    run.start(program, input, &with)?;
    let mut driver = Driver {
        deadline_ms: run.deadline_ms(program),
        run,
        program,
        clock,
        host,
        queue: Queue::default(),
        requests: Vec::new(),
        parameters: Vec::new(),
        begun: Instant::now(),
    };
    let end = driver.run_to_end();
    host.observe(run, program);
    Ok(end)
}

struct Driver<'a> {
    run: &'a mut Run,
    program: &'a Program,
    clock: &'a mut dyn Clock,
    host: &'a mut dyn Host,
    queue: Queue,
    requests: Vec<Request>,
    parameters: Vec<u8>,
    deadline_ms: i64,
    begun: Instant,
}

impl Driver<'_> {
    fn run_to_end(&mut self) -> End {
        loop {
            let now_ms = self.clock.now_ms();
            let status = self.run.advance(self.program, now_ms, FUEL);
            self.requests.extend(self.run.requests());
            if let Some(end) = self.take_requests(now_ms) {
                return end;
            }
            self.host.observe(self.run, self.program);
            match status {
                Status::Running if self.clock.is_interrupted() => {
                    return End::Interrupted(self.run.next_state(self.program));
                }
                Status::Running if self.is_overdue(now_ms) => self.run.time_out(self.program, now_ms),
                Status::Running => continue,
                Status::Waiting => {
                    if let Some(end) = self.wait() {
                        return end;
                    }
                }
                Status::Succeeded | Status::Failed | Status::TimedOut => {}
            }
            let outcome = self.run.outcome();
            if outcome.status != Status::Running {
                return End::Over(outcome);
            }
        }
    }

    /// A jumping clock stands still while states run, so real time bounds a loop as well.
    fn is_overdue(&self, now_ms: i64) -> bool {
        now_ms >= self.deadline_ms || self.begun.elapsed() >= Duration::from_secs(u64::from(RUN_SECONDS_MAX))
    }

    /// Hands the tasks to the host and lines up what will be due.
    fn take_requests(&mut self, now_ms: i64) -> Option<End> {
        for at in 0..self.requests.len() {
            match self.requests[at] {
                Request::Timer(timer) => self.queue.push(timer.at_ms, timer.token, Due::Time),
                Request::Task(task) => {
                    if let Some(end) = self.call(&task, now_ms) {
                        return Some(end);
                    }
                }
            }
        }
        self.requests.clear();
        None
    }

    fn call(&mut self, task: &TaskRequest, now_ms: i64) -> Option<End> {
        let info = task.info(self.program);
        let view = self.run.view(self.program);
        self.parameters.clear();
        view.write(task.parameters, &mut self.parameters);
        let call = TaskCall {
            state: self.program.state_name(info.state),
            resource: &info.resource,
            parameters: &self.parameters,
            credentials: (!task.credentials.is_none()).then(|| view.to_json(task.credentials)),
            timeout_seconds: task.timeout_seconds,
            heartbeat_seconds: task.heartbeat_seconds,
            retry: task.retry,
        };
        match self.host.call(&call) {
            None => {
                return Some(End::NoAnswer {
                    state: info.state,
                    parameters: std::mem::take(&mut self.parameters),
                });
            }
            Some(Reply::Never) => {}
            Some(Reply::Success { after_ms, result }) => {
                let at_ms = now_ms.saturating_add(after_ms);
                self.queue.push(at_ms, task.token, Due::Success(result));
            }
            Some(Reply::Failure {
                after_ms,
                error,
                cause,
            }) => {
                let at_ms = now_ms.saturating_add(after_ms);
                self.queue.push(at_ms, task.token, Due::Failure { error, cause });
            }
        }
        // No host of ours sends heartbeats: the first one missed ends the task.
        let limit = [task.timeout_seconds, task.heartbeat_seconds]
            .into_iter()
            .flatten()
            .min();
        if let Some(seconds) = limit {
            self.queue
                .push(now_ms + i64::from(seconds) * 1_000, task.token, Due::TimedOut);
        }
        None
    }

    /// Lets the time pass until the next thing is due, or the deadline, and brings it to the run.
    fn wait(&mut self) -> Option<End> {
        while let Some(item) = self.queue.pop_before(self.deadline_ms) {
            if !self.run.awaits(item.token) {
                continue;
            }
            if !self.clock.wait_until(item.at_ms) {
                return Some(End::Interrupted(self.run.waiting_state()));
            }
            let answer = match &item.due {
                Due::Time => Answer::Time,
                Due::TimedOut => Answer::TimedOut,
                Due::Success(result) => Answer::Success(result),
                Due::Failure { error, cause } => Answer::Failure {
                    error: error.as_deref(),
                    cause: cause.as_deref(),
                },
            };
            let now_ms = self.clock.now_ms();
            if now_ms >= self.deadline_ms {
                break;
            }
            self.run.resume(self.program, item.token, answer, now_ms);
            return None;
        }
        if !self.clock.wait_until(self.deadline_ms) {
            return Some(End::Interrupted(self.run.waiting_state()));
        }
        self.run.time_out(self.program, self.deadline_ms);
        None
    }
}

#[cfg(test)]
mod tests;
