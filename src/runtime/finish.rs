//! What an execution leaves behind: output, dead letter, reply, log records.
//!
//! Owns the headers of these messages. Invariant: an event is completed when everything it leaves behind
//! is acknowledged, and at once when that is nothing.

use super::core::{Core, Poison};
use super::event::Event;
use super::flight::Trip;
use super::history;
use super::lane::{LaneState, REPLY_TOPICS_MAX};
use super::outbox::Outgoing;
use super::settlements::{Settlement, SettlementId};
use super::workflow::{Loaded, Mode};
use crate::stream::{Message, PartitionId, Record, TopicId};
use crate::value::escape_into;
use crate::vm::{Outcome, Status};

/// The event's value is not JSON.
pub const INVALID_EVENT: &str = "Stepstream.InvalidEvent";
/// The event's value is larger than an execution's input may be.
pub const EVENT_TOO_LARGE: &str = "Stepstream.EventTooLarge";
/// Running the event made our own code panic: a bug of ours.
pub const PANIC: &str = "Stepstream.Panic";
/// Sync: the event was committed, and a crash came before its execution ended. It is not run again.
pub const CUT_OFF: &str = "Stepstream.CutOff";

/// Longest cause in a header, in bytes.
pub const CAUSE_BYTES_MAX: usize = 4 << 10;

/// Names of the headers.
pub(super) const ERROR: &str = "stepstream-error";
const CAUSE: &str = "stepstream-cause";
const EXECUTION: &str = "stepstream-execution";
pub(super) const SOURCE_TOPIC: &str = "stepstream-source-topic";
const SOURCE_PARTITION: &str = "stepstream-source-partition";
const SOURCE_OFFSET: &str = "stepstream-source-offset";
const STATUS: &str = "stepstream-status";
const CORRELATION_ID: &str = "kafka_correlationId";
const REPLY_TOPIC: &str = "kafka_replyTopic";
const REPLY_PARTITION: &str = "kafka_replyPartition";

type Header<'a> = (&'a str, Option<&'a [u8]>);

/// How an event ended, in words.
struct Failed<'a> {
    status: &'static str,
    error: &'a str,
    cause: &'a str,
}

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
        let lasted_ms = (self.now.ms - trip.started_ms).max(0);
        lane.stats.metrics.ended(outcome.status, lasted_ms as u64 * 1_000);
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
        lane.stats.metrics.ended(Status::Failed, 0);
        self.forget_calls(lane, &mut trip, true);
        if let Some(id) = trip.id {
            self.flights.release(id);
        }
        let cause = match poison {
            Poison::Invalid(message) => format!("The event's value is not JSON: {message}"),
            Poison::TooLarge(bytes) => format!(
                "The event's value has {bytes} bytes; an execution takes at most {}.",
                crate::vm::PAYLOAD_BYTES_MAX
            ),
            Poison::Panicked(message) => format!("A bug in stepstream ended the execution: {message}"),
        };
        let error = match poison {
            Poison::Invalid(_) => INVALID_EVENT,
            Poison::TooLarge(_) => EVENT_TOO_LARGE,
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

    fn settlement(
        &mut self,
        lane: &LaneState,
        record: &Record<'_>,
        known: &mut Option<SettlementId>,
    ) -> SettlementId {
        *known.get_or_insert_with(|| {
            self.outbox
                .settlements
                .open(lane.index, record.partition, record.offset, self.now.ms)
        })
    }

    /// Hears that a settlement is over.
    pub(super) fn settled(lanes: &mut [super::lane::Lane], settlement: Settlement) {
        let lane = &mut lanes[settlement.lane as usize].state;
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
        history::write_refusal(out, failed.error, failed.cause, &self.arn, self.now.ms);
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
        let id = self.settlement(lane, record, settlement);
        if let Some(journal) = &mut lane.journal {
            self.outbox.settlements.add(id);
            let mark = journal.buffer.mark();
            journal.waiting.push_back((mark, id));
        }
    }

    fn send_output(&mut self, lane: &LaneState, record: &Record<'_>, settlement: &mut Option<SettlementId>) {
        let Some(topic) = lane.topics.output else { return };
        let id = self.settlement(lane, record, settlement);
        let message = Message {
            topic,
            partition: None,
            key: record.key,
            value: Some(&self.output),
            headers: &[(EXECUTION, Some(self.name.as_bytes()))],
        };
        let outgoing = Outgoing {
            message,
            may_be_lost: false,
        };
        self.outbox.send(&mut *self.sink, id, &outgoing, self.now.ms);
    }

    fn send_dead_letter(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        failed: &Failed<'_>,
        settlement: &mut Option<SettlementId>,
    ) {
        let (Some(topic), Some(settings)) = (lane.topics.dead_letter, &lane.workflow.dead_letter) else {
            return;
        };
        if !settings.takes(failed.error) {
            return;
        }
        lane.stats.metrics.dead_letter(failed.error);
        let id = self.settlement(lane, record, settlement);
        let Some(partition) = lane.partitions.get(&record.partition) else {
            return;
        };
        let (number, offset) = (partition.number.to_string(), record.offset.to_string());
        let mut headers: Vec<Header<'_>> = Vec::new();
        let mut at = 0;
        while let Some(header) = record.headers.at(at) {
            at += 1;
            // An event that was put back carries the story of its last round.
            if !OURS.contains(&header.0) {
                headers.push(header);
            }
        }
        headers.extend([
            (ERROR, Some(failed.error.as_bytes())),
            (CAUSE, Some(cut(failed.cause).as_bytes())),
            (EXECUTION, Some(self.name.as_bytes())),
            (SOURCE_TOPIC, Some(partition.topic.as_bytes())),
            (SOURCE_PARTITION, Some(number.as_bytes())),
            (SOURCE_OFFSET, Some(offset.as_bytes())),
        ]);
        let message = Message {
            topic,
            partition: None,
            key: record.key,
            value: record.value,
            headers: &headers,
        };
        let outgoing = Outgoing {
            message,
            may_be_lost: false,
        };
        self.outbox.send(&mut *self.sink, id, &outgoing, self.now.ms);
    }

    /// Replies to a synchronous event: with the output in the buffer, or with error and cause.
    fn reply(
        &mut self,
        lane: &LaneState,
        record: &Record<'_>,
        topic: Option<TopicId>,
        failed: Option<&Failed<'_>>,
        settlement: &mut Option<SettlementId>,
    ) {
        let Some(topic) = topic else { return };
        let id = self.settlement(lane, record, settlement);
        if let Some(failed) = failed {
            self.output.clear();
            self.output.extend_from_slice(b"{\"error\":\"");
            escape_into(&mut self.output, failed.error);
            self.output.extend_from_slice(b"\",\"cause\":\"");
            escape_into(&mut self.output, failed.cause);
            self.output.extend_from_slice(b"\"}");
        }
        let status = failed.map_or("SUCCEEDED", |failed| failed.status);
        let correlation = record.headers.last(CORRELATION_ID);
        let headers: [Header<'_>; 3] = [
            (STATUS, Some(status.as_bytes())),
            (EXECUTION, Some(self.name.as_bytes())),
            (CORRELATION_ID, correlation),
        ];
        let count = if correlation.is_some() { 3 } else { 2 };
        let to = record.headers.last(REPLY_PARTITION);
        let to = to.and_then(|bytes| bytes.try_into().ok()).map(i32::from_be_bytes);
        let message = Message {
            topic,
            partition: to.filter(|&number| number >= 0),
            key: record.key,
            value: Some(&self.output),
            headers: &headers[..count],
        };
        // The run is over and will not run again: nothing is won by waiting for a topic that does not exist.
        let outgoing = Outgoing {
            message,
            may_be_lost: true,
        };
        self.outbox.send(&mut *self.sink, id, &outgoing, self.now.ms);
    }

    /// Returns where a synchronous event is replied to, if anywhere.
    fn reply_topic(&mut self, lane: &mut LaneState, record: &Record<'_>) -> Option<TopicId> {
        if lane.workflow.mode != Mode::Sync {
            return None;
        }
        let Some(name) = record.headers.last(REPLY_TOPIC) else {
            return lane.topics.reply;
        };
        if let Some(&known) = lane.topics.replies.get(name) {
            return Some(known);
        }
        let text = std::str::from_utf8(name).ok()?;
        if lane.topics.replies.len() >= REPLY_TOPICS_MAX {
            return None;
        }
        let topic = self.outbox.topic(&mut *self.sink, text);
        lane.topics.replies.insert(name.into(), topic);
        Some(topic)
    }

    /// Runs the events whose turn in their line has come.
    pub(super) fn take_turns(&mut self, lane: &mut LaneState) -> usize {
        let mut taken = 0;
        let version = std::rc::Rc::clone(&lane.version);
        while let Some((line, event)) = lane.turns.pop_front() {
            taken += 1;
            self.turn_of(lane, &version, line, &event);
        }
        taken
    }

    fn turn_of(
        &mut self,
        lane: &mut LaneState,
        version: &std::rc::Rc<Loaded>,
        line: super::ordering::LineId,
        event: &Event,
    ) {
        self.execute(lane, version, &event.record(), Some(line), true);
    }
}

/// The headers that a dead letter sets anew.
pub(super) const OURS: [&str; 6] = [
    ERROR,
    CAUSE,
    EXECUTION,
    SOURCE_TOPIC,
    SOURCE_PARTITION,
    SOURCE_OFFSET,
];

/// Cuts a cause for a header, between characters.
fn cut(cause: &str) -> &str {
    let mut end = cause.len().min(CAUSE_BYTES_MAX);
    while !cause.is_char_boundary(end) {
        end -= 1;
    }
    &cause[..end]
}

#[test]
fn a_cause_is_cut_between_characters() {
    let cause = format!("{}é", "x".repeat(CAUSE_BYTES_MAX - 1));
    assert_eq!(cut(&cause).len(), CAUSE_BYTES_MAX - 1);
    assert_eq!(cut("é"), "é");
}
