//! The end of an execution that has an outcome: what it leaves behind, and when its event is complete.
//!
//! Must not know the messages' headers. Invariant: an event is completed when everything it leaves behind
//! is acknowledged, and at once when that is nothing.

use super::executor::Executor;
use super::flight::ExecutionState;
use super::history;
use super::lane::LaneState;
use super::messages::Failed;
use super::panics::{Step, reach};
use super::settlements::{Settlement, SettlementId};
use super::workflow::Loaded;
use crate::stream::{Record, TopicId};
use crate::vm::{Outcome, RECORD_BYTES_PER_WORK, Status};

/// What an execution that is over leaves besides its result.
struct Left {
    outcome: Outcome,
    /// Records that are not written yet, or not out.
    has_log: bool,
    /// An output, a dead letter or a reply.
    has_message: bool,
    /// Where it is replied to.
    reply: Option<TopicId>,
}

impl Executor {
    /// Ends an execution that has an outcome.
    pub(super) fn finish(
        &mut self,
        lane: &mut LaneState,
        version: &Loaded,
        record: &Record<'_>,
        mut state: ExecutionState,
    ) {
        let mut settlement = None;
        let ended = self.part(lane, &mut settlement, |executor, lane, settlement| {
            executor.conclude(lane, version, record, &mut state, settlement)
        });
        let status = match ended {
            Ok(status) => status,
            Err(message) => return self.panicked(lane, record, state, settlement, message),
        };
        lane.stats.metrics.counts.transitions += self.run.transitions();
        lane.stats.metrics.ended(status, self.lasted_us(&state));
        // A batch of executions may write megabytes: what is full goes while it is in the cache.
        if let Some(journal) = &mut lane.journal {
            journal.buffer.ship(false);
        }
        self.end(lane, record, state, settlement);
    }

    /// Writes and sends what an execution leaves; returns how it ended.
    fn conclude(
        &mut self,
        lane: &mut LaneState,
        version: &Loaded,
        record: &Record<'_>,
        state: &mut ExecutionState,
        settlement: &mut Option<SettlementId>,
    ) -> Status {
        let outcome = self.run.outcome();
        if !state.calls.is_empty() {
            self.forget_calls(lane, state, true);
        }
        let succeeded = outcome.status == Status::Succeeded;
        let has_log = state.has_records
            || lane
                .log()
                .is_some_and(|log| history::has_any(&self.run, log, succeeded));
        let topic = match succeeded {
            true => lane.topics.output,
            false => lane.topics.dead_letter,
        };
        let reply = self.reply_topic(lane, record);
        let has_message = topic.is_some() || reply.is_some();
        if has_log || has_message {
            let left = Left {
                outcome,
                has_log,
                has_message,
                reply,
            };
            self.leave(lane, version, record, state, &left, settlement);
        }
        outcome.status
    }

    pub(super) fn lasted_us(&self, state: &ExecutionState) -> u64 {
        (self.now.ms - state.started_ms).max(0) as u64 * 1_000
    }

    fn leave(
        &mut self,
        lane: &mut LaneState,
        version: &Loaded,
        record: &Record<'_>,
        state: &ExecutionState,
        left: &Left,
        settlement: &mut Option<SettlementId>,
    ) {
        let Some(partition) = lane.partitions.get(&record.partition) else {
            return;
        };
        let outcome = left.outcome;
        if left.has_log {
            self.name_and_arn(lane, partition, record.offset, state.uuid);
            self.log(
                lane,
                version,
                record,
                state,
                outcome.status == Status::Succeeded,
                settlement,
            );
        } else {
            self.name(partition, record.offset);
        }
        if !left.has_message {
            return;
        }
        if outcome.status == Status::Succeeded {
            reach(Step::Output);
            self.output.clear();
            let view = self.run.view(&version.program);
            match lane.workflow.dense_output {
                true => view.write_dense(outcome.output, &mut self.output),
                false => view.write(outcome.output, &mut self.output),
            }
            self.send_output(lane, record, settlement);
            // Apart: the output is sent, so the event did not fail, whatever becomes of its reply.
            let _ = self.attempt(lane, record, settlement, |executor, lane, settlement| {
                executor.reply(lane, record, left.reply, None, settlement);
            });
            return;
        }
        let view = self.run.view(&version.program);
        let text = |value: crate::value::ValueRef| {
            let text = if value.is_none() { None } else { view.string(value) };
            text.map(|text| text.decode().into_owned()).unwrap_or_default()
        };
        let (error, cause) = match outcome.status {
            Status::TimedOut => (crate::fault::TIMEOUT.to_owned(), String::new()),
            _ => (text(outcome.error), text(outcome.cause)),
        };
        let failed = Failed {
            status: if outcome.status == Status::TimedOut {
                "TIMED_OUT"
            } else {
                "FAILED"
            },
            error: &error,
            cause: &cause,
        };
        self.send_dead_letter(lane, record, &failed, settlement);
        // Apart: the letter is sent, so nothing else is to be said of the event when this breaks.
        let _ = self.attempt(lane, record, settlement, |executor, lane, settlement| {
            executor.reply(lane, record, left.reply, Some(&failed), settlement);
        });
    }

    /// Completes the event, unless something is still out.
    pub(super) fn end(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        mut state: ExecutionState,
        settlement: Option<SettlementId>,
    ) {
        if let Some(id) = state.id.take() {
            self.flights.release(id);
        }
        match settlement {
            Some(id) => self.end_settlement(lane, id),
            None => lane.complete(record.partition, record.offset),
        }
        self.leave_line(lane, &state);
    }

    /// Hears that nothing more is added to a settlement.
    pub(super) fn end_settlement(&mut self, lane: &mut LaneState, id: SettlementId) {
        if let Some(over) = self.outbox.settlements.done(id) {
            lane.settled(&over);
        }
    }

    pub(super) fn settlement(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        known: &mut Option<SettlementId>,
    ) -> SettlementId {
        *known.get_or_insert_with(|| {
            lane.settling += 1;
            self.outbox
                .settlements
                .open(lane.index, record.partition, record.offset, self.now.ms)
        })
    }

    /// Hears that a settlement is over.
    pub(super) fn settled(lanes: &mut [super::lane::Lane], settlement: Settlement) {
        lanes[settlement.lane as usize].state.settled(&settlement);
    }

    fn log(
        &mut self,
        lane: &mut LaneState,
        version: &Loaded,
        record: &Record<'_>,
        state: &ExecutionState,
        succeeded: bool,
        settlement: &mut Option<SettlementId>,
    ) {
        let Some(log) = lane.log() else { return };
        let encoder = lane.fixed.encoder(&lane.workflow, version, &self.arn, log);
        let Some(journal) = &mut lane.journal else { return };
        let bytes = history::write_all(&encoder, &self.run, journal, log, succeeded);
        if log.keeps_for_failure() {
            // What is written in any case was charged when it was kept.
            self.work.charge(bytes / RECORD_BYTES_PER_WORK);
        }
        if bytes > 0 || state.has_records {
            self.await_records(lane, record, settlement);
        }
    }

    /// Keeps the event open until the records written so far are out, where the log demands that.
    pub(super) fn await_records(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        settlement: &mut Option<SettlementId>,
    ) {
        if !lane.workflow.log.is_some_and(|log| log.block) {
            return;
        }
        if lane.journal.is_none() {
            return;
        }
        let id = self.settlement(lane, record, settlement);
        if let Some(journal) = &mut lane.journal {
            self.outbox.settlements.add(id);
            let mark = journal.buffer.mark();
            journal.waiting.push_back((mark, id));
        }
    }
}
