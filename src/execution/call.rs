//! The tasks of an execution: called, answered, timed out, forgotten.
//!
//! Must not know what serves a task. Invariant: a call is counted once: when it has answered, when its time is over, or
//! when nobody waits for it any more.

use super::asker::{Asker, Askers};
use super::call_key::CallKey;
use super::executor::Executor;
use super::machine::{Loaded, Machine};
use super::state::{ExecutionState, FlightId, Pending};
use super::steps::{Step, reach};
use crate::fault::DATA_LIMIT_EXCEEDED;
use crate::guard::PANIC;
use crate::metrics::TaskOutcome;
use crate::stream::Ticket;
use crate::task::{self, Attempt, Progress};
use crate::vm::{Answer, TaskRequest};

/// When executions that have reached their time limit, but whose log is full, are looked at again, in milliseconds.
const LOG_LOOK_MS: i64 = 100;

/// Why an answer is not taken in.
const NO_ROOM: &str =
    "The shard's memory is exhausted, and the answer cannot be kept until the log accepts records again.";

impl<K> Executor<K> {
    /// Calls a task; says whether it has answered.
    pub(crate) fn call<A: Asker<Kept = K>>(
        &mut self,
        machine: &mut Machine,
        version: &Loaded,
        asker: &A,
        state: &mut ExecutionState,
        id: FlightId,
        request: &TaskRequest,
    ) -> bool {
        if !self.run.awaits(request.token) {
            return false;
        }
        let program = &*version.program;
        let key = CallKey {
            asker,
            run: &self.run,
            program,
            token: request.token,
        };
        let attempt = Attempt {
            bindings: &version.bindings,
            task: request.task,
            request: task::Request {
                parameters: request.parameters,
                credentials: request.credentials,
                view: self.run.view(program),
                key: &key,
                machine: &machine.settings.name,
                retry: request.retry,
                execution: self.run.execution(),
                state_machine: self.run.state_machine(),
                timeout_seconds: request.timeout_seconds,
                heartbeat_seconds: request.heartbeat_seconds,
                now_ms: self.now.wall_ms,
            },
        };
        let ticket = id.ticket(state.call_count);
        state.call_count = state.call_count.wrapping_add(1);
        self.result.clear();
        let progress = self
            .tasks
            .call(&attempt, ticket, &mut *self.sink, &mut self.result);
        let milliseconds =
            |seconds: Option<u32>| seconds.map_or(i64::MAX, |seconds| i64::from(seconds) * 1_000);
        let pending = Pending {
            token: request.token,
            bytes: self.run.view(program).len(request.parameters),
            ticket,
            series: version.series[request.task.at()],
            began_ms: self.now.ms,
            timeout_at_ms: self.now.ms.saturating_add(milliseconds(request.timeout_seconds)),
            heartbeat_ms: milliseconds(request.heartbeat_seconds),
            alive_ms: self.now.ms,
        };
        let answer = match &progress {
            Progress::Pending => {
                state.calls.push(pending);
                return false;
            }
            Progress::SuccessAfter(after_ms) => {
                let at_ms = self.now.ms.saturating_add(*after_ms);
                // A result that comes too late is a time-out at the limit: that is known now.
                if at_ms >= pending.limit_ms().min(state.deadline_ms) {
                    state.calls.push(pending);
                } else {
                    machine.task_ended(&pending, TaskOutcome::Succeeded, at_ms);
                    let result = Some(self.result.as_slice().into());
                    state.timed_bytes += self.result.len();
                    self.timers.add(at_ms, id, request.token, result);
                }
                return false;
            }
            Progress::Success => Answer::Success(&self.result),
            Progress::Failure(failure) => failed(failure),
        };
        machine.task_ended(&pending, outcome(&answer), self.now.ms);
        let mut work = self.run.work();
        work.charge(pending.bytes + self.result.len());
        self.run.grant(work);
        self.run.resume(program, request.token, answer, self.now.wall_ms)
    }

    /// Brings the answer of a pending call.
    pub(crate) fn answered(
        &mut self,
        askers: &mut impl Askers<Kept = K>,
        ticket: Ticket,
        answer: &task::Answer,
    ) {
        let Some(id) = self.flights.of_ticket(ticket) else {
            return;
        };
        let Some(flight) = self.flights.get(id) else {
            return;
        };
        let Some(index) = flight.state.calls.iter().position(|call| call.ticket == ticket) else {
            return;
        };
        self.go_on(askers, id, |executor, machine, version, state| {
            let call = state.calls.swap_remove(index);
            if let Err(failure) = answer
                && failure.error.as_deref() == Some(PANIC)
            {
                // The connector has told of it already.
                machine.metrics.counts.panics += 1;
            }
            let answer = match answer {
                // The execution does not go on before the log has room, and would keep the answer until then.
                Ok(_) if machine.log_is_full() && executor.account.takes_no_answers() => Answer::Failure {
                    error: Some(DATA_LIMIT_EXCEEDED),
                    cause: Some(NO_ROOM),
                },
                Ok(result) => Answer::Success(result),
                Err(failure) => failed(failure),
            };
            machine.task_ended(&call, outcome(&answer), executor.now.ms);
            reach(Step::Resume);
            executor
                .run
                .resume(&version.program, call.token, answer, executor.now.wall_ms);
        });
        self.charge(answer.as_ref().map_or(0, Vec::len));
    }

    /// Lets the time begin anew within which a call is to send its next heartbeat.
    pub(crate) fn heartbeat(&mut self, ticket: Ticket) {
        let id = self.flights.of_ticket(ticket);
        let Some(flight) = id.and_then(|id| self.flights.get_mut(id)) else {
            return;
        };
        let mut calls = flight.state.calls.iter_mut();
        if let Some(call) = calls.find(|call| call.ticket == ticket) {
            call.beat(self.now.ms);
        }
    }

    /// Ends what has reached a time limit: the whole execution, or its tasks.
    pub(crate) fn overdue(&mut self, askers: &mut impl Askers<Kept = K>, id: FlightId) {
        if let Some(flight) = self.flights.get(id)
            && self.limits_ms() >= flight.state.deadline_ms
            && !self.may_end(askers.machine(flight.machine))
        {
            return self.flights.look_again(self.now.ms + LOG_LOOK_MS);
        }
        self.go_on(askers, id, |executor, machine, version, state| {
            let program = &version.program;
            let now_ms = executor.limits_ms();
            if now_ms >= state.deadline_ms {
                reach(Step::TimeOut);
                executor.run.time_out(program, executor.now.wall_ms);
                return;
            }
            let mut index = 0;
            while let Some(call) = state.calls.get(index) {
                if call.limit_ms() > now_ms {
                    index += 1;
                    continue;
                }
                let call = state.calls.swap_remove(index);
                executor.tasks.cancel(call.ticket);
                machine.task_ended(&call, TaskOutcome::TimedOut, executor.now.ms);
                reach(Step::Resume);
                executor
                    .run
                    .resume(program, call.token, Answer::TimedOut, executor.now.wall_ms);
            }
        });
    }

    /// Says whether there is room, and time, for the records of an execution's end.
    fn may_end(&self, machine: &Machine) -> bool {
        machine.log().is_none() || !machine.log_is_full() && !self.work.is_spent()
    }

    /// Forgets the calls that nobody waits for any more, or all of them.
    pub(crate) fn forget_calls(&mut self, machine: &mut Machine, state: &mut ExecutionState, all: bool) {
        reach(Step::Cancel);
        let (run, tasks, now_ms) = (&self.run, &mut self.tasks, self.now.ms);
        state.calls.retain(|call| {
            let is_awaited = !all && run.awaits(call.token);
            if !is_awaited {
                tasks.cancel(call.ticket);
                machine.task_ended(call, TaskOutcome::Cancelled, now_ms);
            }
            is_awaited
        });
    }
}

fn failed(failure: &task::Failure) -> Answer<'_> {
    Answer::Failure {
        error: failure.error.as_deref(),
        cause: failure.cause.as_deref(),
    }
}

fn outcome(answer: &Answer<'_>) -> TaskOutcome {
    match answer {
        Answer::Success(_) => TaskOutcome::Succeeded,
        _ => TaskOutcome::Failed,
    }
}
