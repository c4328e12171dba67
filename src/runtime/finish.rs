//! The end of an execution, however it comes: what it leaves behind, and when its event is complete.
//!
//! Must not know the messages' headers. Invariant: an event is completed when everything it leaves behind
//! is acknowledged, and at once when that is nothing.

use super::core::{Core, Poison};
use super::flight::Trip;
use super::history;
use super::lane::LaneState;
use super::messages::Failed;
use super::settlements::{Settlement, SettlementId};
use super::workflow::Loaded;
use crate::stream::{PartitionId, Record, TopicId};
use crate::value::{lookalike, without_switch};
use crate::vm::{Outcome, Status};

/// The event's value is not JSON.
pub const INVALID_EVENT: &str = "Stepstream.InvalidEvent";
/// The event's value is larger than an execution's input may be, or its headers are too many.
pub const EVENT_TOO_LARGE: &str = "Stepstream.EventTooLarge";
/// Running the event made our own code panic: a bug of ours.
pub const PANIC: &str = "Stepstream.Panic";
/// Sync: the event was committed, and a crash came before its execution ended. It is not run again.
pub const CUT_OFF: &str = "Stepstream.CutOff";

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

impl Core {
    /// Ends an execution that has an outcome.
    pub(super) fn finish(
        &mut self,
        lane: &mut LaneState,
        version: &Loaded,
        record: &Record<'_>,
        mut trip: Trip,
    ) {
        let outcome = self.run.outcome();
        lane.stats.metrics.counts.transitions += self.run.transitions();
        lane.stats.metrics.ended(outcome.status, self.lasted_us(&trip));
        if !trip.calls.is_empty() {
            self.forget_calls(lane, &mut trip, true);
        }
        if let Some(id) = trip.id {
            self.flights.release(id);
        }
        let succeeded = outcome.status == Status::Succeeded;
        let has_log = trip.has_records
            || lane
                .log()
                .is_some_and(|log| history::has_any(&self.run, log, succeeded));
        let topic = match succeeded {
            true => lane.topics.output,
            false => lane.topics.dead_letter,
        };
        let reply = self.reply_topic(lane, record);
        let mut settlement = None;
        if has_log || topic.is_some() || reply.is_some() {
            let left = Left {
                outcome,
                has_log,
                has_message: topic.is_some() || reply.is_some(),
                reply,
            };
            self.leave(lane, version, record, &trip, &left, &mut settlement);
        }
        self.end(lane, record, &trip, settlement);
    }

    fn lasted_us(&self, trip: &Trip) -> u64 {
        (self.now.ms - trip.started_ms).max(0) as u64 * 1_000
    }

    fn leave(
        &mut self,
        lane: &mut LaneState,
        version: &Loaded,
        record: &Record<'_>,
        trip: &Trip,
        left: &Left,
        settlement: &mut Option<SettlementId>,
    ) {
        let Some(partition) = lane.partitions.get(&record.partition) else {
            return;
        };
        let outcome = left.outcome;
        if left.has_log {
            self.name_and_arn(lane, partition, record.offset, trip.uuid);
            self.log(
                lane,
                version,
                record,
                trip,
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
            self.output.clear();
            let view = self.run.view(&version.program);
            match lane.workflow.dense_output {
                true => view.write_dense(outcome.output, &mut self.output),
                false => view.write(outcome.output, &mut self.output),
            }
            self.send_output(lane, record, settlement);
            self.reply(lane, record, left.reply, None, settlement);
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
        self.reply(lane, record, left.reply, Some(&failed), settlement);
    }

    /// Ends an event that could not become an execution, or whose execution broke.
    #[cold]
    pub(super) fn refuse(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        mut trip: Trip,
        poison: &Poison,
    ) {
        match poison {
            Poison::Invalid(_) | Poison::TooLarge(_) | Poison::Headers(_) => lane.stats.metrics.refused(),
            Poison::Panicked(_) => lane.stats.metrics.ended(Status::Failed, self.lasted_us(&trip)),
        }
        self.forget_calls(lane, &mut trip, true);
        if let Some(id) = trip.id {
            self.flights.release(id);
        }
        let cause = match poison {
            Poison::Invalid(message) => not_json(message, record.value.unwrap_or_default()),
            Poison::TooLarge(bytes) => format!(
                "The event's value has {bytes} bytes; an execution takes at most {}.",
                crate::vm::PAYLOAD_BYTES_MAX
            ),
            Poison::Headers(refused) => refused.cause(),
            Poison::Panicked(message) => format!("A bug in stepstream ended the execution: {message}"),
        };
        let error = match poison {
            Poison::Invalid(_) => INVALID_EVENT,
            Poison::TooLarge(_) | Poison::Headers(_) => EVENT_TOO_LARGE,
            Poison::Panicked(_) => PANIC,
        };
        let failed = Failed {
            status: "FAILED",
            error,
            cause: &cause,
        };
        let mut settlement = None;
        if let Some(partition) = lane.partitions.get(&record.partition) {
            self.name_and_arn(lane, partition, record.offset, trip.uuid);
            self.log_refusal(lane, record, &failed, &mut settlement);
            self.send_dead_letter(lane, record, &failed, &mut settlement);
            let reply = self.reply_topic(lane, record);
            self.reply(lane, record, reply, Some(&failed), &mut settlement);
        }
        self.end(lane, record, &trip, settlement);
    }

    /// Names an event that was committed before it ran and whose execution a crash has cut off. Of the
    /// event itself nothing is known but where it stood.
    #[cold]
    pub(super) fn cut_off(&mut self, lane: &mut LaneState, id: PartitionId, offset: i64) {
        lane.stats.metrics.counts.cut_off += 1;
        let record = Record {
            partition: id,
            offset,
            timestamp_ms: 0,
            key: None,
            value: None,
            headers: &(),
        };
        let failed = Failed {
            status: "FAILED",
            error: CUT_OFF,
            cause: "The event's offset was committed, then the process ended before the execution did. It may have run in part; it is not run again.",
        };
        let mut settlement = None;
        if let Some(partition) = lane.partitions.get_mut(&id) {
            // Once it is named a commit forgets it: nobody names it again.
            partition.tracker.commit_again();
        }
        if let Some(partition) = lane.partitions.get(&id) {
            self.name_and_arn(lane, partition, offset, 0);
            self.log_refusal(lane, &record, &failed, &mut settlement);
            self.send_dead_letter(lane, &record, &failed, &mut settlement);
        }
        if let Some(settlement) = settlement {
            self.outbox.settlements.mark_cut_off(settlement);
            if let Some(partition) = lane.partitions.get_mut(&id) {
                partition.ahead.naming += 1;
            }
        }
    }

    /// Completes the event, unless something is still out.
    fn end(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        trip: &Trip,
        settlement: Option<SettlementId>,
    ) {
        if settlement.is_none() {
            lane.complete(record.partition, record.offset);
        }
        self.leave_line(lane, trip);
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
        let lane = &mut lanes[settlement.lane as usize].state;
        lane.settling -= 1;
        if !settlement.cut_off {
            lane.complete(settlement.partition, settlement.offset);
        } else if let Some(partition) = lane.partitions.get_mut(&settlement.partition) {
            partition.ahead.naming -= 1;
        }
    }

    fn log(
        &mut self,
        lane: &mut LaneState,
        version: &Loaded,
        record: &Record<'_>,
        trip: &Trip,
        succeeded: bool,
        settlement: &mut Option<SettlementId>,
    ) {
        let Some(log) = lane.log() else { return };
        let encoder = lane.fixed.encoder(&lane.workflow, version, &self.arn, log);
        let Some(journal) = &mut lane.journal else { return };
        let any = history::write_all(&encoder, &self.run, journal, log, succeeded);
        if any || trip.has_records {
            self.await_records(lane, record, settlement);
        }
        // A batch of executions may write megabytes: what is full goes while it is in the cache.
        if let Some(journal) = &mut lane.journal {
            journal.buffer.ship(false);
        }
    }

    fn log_refusal(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        failed: &Failed<'_>,
        settlement: &mut Option<SettlementId>,
    ) {
        if lane.log().is_none() {
            return;
        }
        let Some(journal) = &mut lane.journal else { return };
        let out = journal.buffer.records();
        history::write_refusal(out, failed.error, failed.cause, &self.arn, self.now.wall_ms);
        self.await_records(lane, record, settlement);
    }

    /// Keeps the event open until the records written so far are out, where the log demands that.
    fn await_records(
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

/// Says why an event's value is not JSON, and what it looks like instead.
#[cold]
fn not_json(message: &str, value: &[u8]) -> String {
    let message = without_switch(message);
    match lookalike(value) {
        Some(kind) => format!("The event's value is not JSON: {message}. It looks like {kind}."),
        None => format!("The event's value is not JSON: {message}"),
    }
}
