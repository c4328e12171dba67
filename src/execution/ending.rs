//! The end of an execution: its records are written, who asked is told.
//!
//! Must not know what an ending means to who asked. Invariant: whatever breaks on the way, the execution ends here, and
//! who asked hears that it is over; what cannot be written is left out.

use super::asker::{Asker, Ended, Ending, Failed};
use super::executor::Executor;
use super::machine::{Loaded, Machine};
use super::records;
use super::state::ExecutionState;
use crate::fault::TIMEOUT;
use crate::guard::PANIC;
use crate::vm::{Outcome, RECORD_BYTES_PER_WORK, Status};

/// Why an execution is over before it has an outcome.
pub(crate) enum Broken<'a, R> {
    /// It cannot begin.
    Refused(&'a R),
    /// Our own code panicked.
    Panicked(String),
}

impl<K> Executor<K> {
    /// Ends an execution that has an outcome.
    pub(crate) fn finish<A: Asker<Kept = K>>(
        &mut self,
        machine: &mut Machine,
        version: &Loaded,
        asker: &mut A,
        mut state: ExecutionState,
    ) {
        let ended = self.part(machine, asker, |executor, machine, asker| {
            executor.conclude(machine, version, asker, &mut state)
        });
        let status = match ended {
            Ok(status) => status,
            Err(message) => return self.panicked(machine, asker, state, message),
        };
        machine.metrics.counts.transitions += self.run.transitions();
        machine.metrics.ended(status, self.lasted_us(&state));
        // A batch of executions may write megabytes: what is full goes while it is in the cache.
        if let Some(journal) = &mut machine.journal {
            journal.buffer.ship(false);
        }
        self.end(asker, &state);
    }

    /// Writes the records of an execution and tells who asked; returns how it ended.
    fn conclude<A: Asker<Kept = K>>(
        &mut self,
        machine: &mut Machine,
        version: &Loaded,
        asker: &mut A,
        state: &mut ExecutionState,
    ) -> Status {
        let outcome = self.run.outcome();
        if !state.calls.is_empty() {
            self.forget_calls(machine, state, true);
        }
        let succeeded = outcome.status == Status::Succeeded;
        let has_log = state.has_records
            || machine
                .log()
                .is_some_and(|log| records::has_any(&self.run, log, succeeded));
        let is_expected = asker.expects(machine, succeeded, &mut *self.sink);
        if has_log {
            self.write_name_and_arn(machine, asker, state.uuid);
            self.log(machine, version, asker, state, succeeded);
        } else if is_expected {
            self.write_name(asker);
        }
        if is_expected {
            self.tell(machine, version, asker, &outcome);
        }
        outcome.status
    }

    /// Tells who asked how the execution has ended.
    fn tell<A: Asker<Kept = K>>(
        &mut self,
        machine: &mut Machine,
        version: &Loaded,
        asker: &mut A,
        outcome: &Outcome,
    ) {
        let view = self.run.view(&version.program);
        let text = |value: crate::value::ValueRef| {
            let text = if value.is_none() { None } else { view.string(value) };
            text.map(|text| text.decode().into_owned()).unwrap_or_default()
        };
        let (error, cause);
        let ended = match outcome.status {
            Status::Succeeded => Ended::Succeeded {
                view,
                output: outcome.output,
            },
            Status::TimedOut => Ended::Failed(Failed {
                status: "TIMED_OUT",
                error: TIMEOUT,
                cause: "",
            }),
            _ => {
                (error, cause) = (text(outcome.error), text(outcome.cause));
                Ended::Failed(Failed {
                    status: "FAILED",
                    error: &error,
                    cause: &cause,
                })
            }
        };
        let ending = Ending {
            name: &self.name,
            sink: &mut *self.sink,
            ended,
        };
        asker.ended(machine, ending);
    }

    /// Ends an execution that cannot begin.
    #[cold]
    pub(crate) fn refuse<A: Asker<Kept = K>>(
        &mut self,
        machine: &mut Machine,
        asker: &mut A,
        state: ExecutionState,
        refusal: &A::Refusal,
    ) {
        self.end_as_failed(machine, asker, state, &Broken::Refused(refusal));
    }

    /// Ends an execution that could not even be begun, since its input could not be kept until its turn.
    #[cold]
    pub(crate) fn never_began<A: Asker<Kept = K>>(
        &mut self,
        machine: &mut Machine,
        asker: &mut A,
        message: String,
    ) {
        machine.metrics.counts.started += 1;
        self.panicked(machine, asker, ExecutionState::new(self.now.ms), message);
    }

    /// Ends an execution that has no outcome.
    #[cold]
    pub(crate) fn end_as_failed<A: Asker<Kept = K>>(
        &mut self,
        machine: &mut Machine,
        asker: &mut A,
        mut state: ExecutionState,
        broken: &Broken<'_, A::Refusal>,
    ) {
        match broken {
            Broken::Refused(_) => machine.metrics.refused(),
            Broken::Panicked(_) => machine.metrics.ended(Status::Failed, self.lasted_us(&state)),
        }
        // Each part breaks for itself: a panic is told, and the rest goes on.
        self.attempt(machine, asker, |executor, machine, _| {
            executor.forget_calls(machine, &mut state, true);
        });
        let (mut error, mut cause) = (PANIC, String::new());
        self.attempt(machine, asker, |_, _, asker| match broken {
            Broken::Refused(refusal) => (error, cause) = asker.explain(refusal),
            Broken::Panicked(message) => {
                cause = format!("A bug in stepstream ended the execution: {message}");
            }
        });
        let failed = Failed {
            status: "FAILED",
            error,
            cause: &cause,
        };
        self.log_failure(machine, asker, &failed, state.uuid);
        asker.refused(machine, &self.name, &mut *self.sink, &failed);
        self.end(asker, &state);
    }

    /// Writes an execution into the log that has no outcome, or of which nothing else is known.
    #[cold]
    pub(crate) fn log_failure<A: Asker<Kept = K>>(
        &mut self,
        machine: &mut Machine,
        asker: &mut A,
        failed: &Failed<'_>,
        uuid: u128,
    ) {
        self.arn.clear();
        self.attempt(machine, asker, |executor, machine, asker| {
            executor.write_name_and_arn(machine, asker, uuid);
        });
        self.attempt(machine, asker, |executor, machine, asker| {
            if machine.log().is_none() {
                return;
            }
            let Some(journal) = &mut machine.journal else {
                return;
            };
            let (arn, now_ms) = (&executor.arn, executor.now.wall_ms);
            records::write_refusal(journal.buffer.records(), failed.error, failed.cause, arn, now_ms);
            await_records(machine, asker);
        });
    }

    /// Gives back what the execution has of the table; nothing more comes of it.
    fn end(&mut self, asker: &mut impl Asker<Kept = K>, state: &ExecutionState) {
        if let Some(id) = state.id {
            self.flights.release(id);
        }
        asker.over();
    }

    /// Writes the records that are not written yet.
    fn log<A: Asker<Kept = K>>(
        &mut self,
        machine: &mut Machine,
        version: &Loaded,
        asker: &mut A,
        state: &ExecutionState,
        succeeded: bool,
    ) {
        let Some(log) = machine.log() else { return };
        let encoder = machine.fixed.encoder(&machine.settings, version, &self.arn, log);
        let Some(journal) = &mut machine.journal else {
            return;
        };
        let bytes = records::write_all(&encoder, &self.run, journal, log, succeeded);
        if log.keeps_for_failure() {
            // What is written in any case was charged when it was kept.
            self.work.charge(bytes / RECORD_BYTES_PER_WORK);
        }
        if bytes > 0 || state.has_records {
            await_records(machine, asker);
        }
    }
}

/// Keeps what who asked has open until the records written so far are out, where the log demands that.
fn await_records(machine: &mut Machine, asker: &mut impl Asker) {
    if machine.settings.log.is_some_and(|log| log.block)
        && let Some(journal) = &mut machine.journal
        && let Some(receipt) = asker.receipt()
    {
        journal.wait(receipt);
    }
}
