//! The messages that an event leaves behind: output, dead letter, reply.
//!
//! Owns their headers. Must not know how an execution ended otherwise. Invariant: each message is counted in
//! the event's settlement before it is sent.

use super::core::Core;
use super::headers::{self, Header};
use super::lane::LaneState;
use super::outbox::{Outgoing, Refused};
use super::panics::{Step, reach};
use super::settlements::SettlementId;
use super::workflow::Mode;
use crate::metrics::{ERROR_NAME_BYTES_MAX, cut};
use crate::stream::topics::{Room, is_topic_name};
use crate::stream::{Message, Record, Returned, TopicId};
use crate::value::escape_into;

/// Longest cause in a header, in bytes.
pub const CAUSE_BYTES_MAX: usize = 4 << 10;

/// After what time it is told again that a reply cannot go where an event says.
pub(super) const REFUSAL_TOLD_MS: i64 = 60_000;
/// Why a topic is not tried.
const TOO_MANY: &str = "replies are on their way to too many topics that nothing has reached yet";
/// How much of a name that an event gave is told, in bytes.
const NAME_SHOWN_MAX: usize = 249;

/// Names of the headers.
pub(super) const ERROR: &str = "stepstream-error";
const CAUSE: &str = "stepstream-cause";
const EXECUTION: &str = "stepstream-execution";
/// How long the value was that a dead letter has not, since with it no broker took it.
pub(super) const VALUE_BYTES: &str = "stepstream-value-bytes";
/// How many headers the event had, where a dead letter has none of them since they are too many.
pub(super) const HEADERS_LEFT_OUT: &str = "stepstream-headers-left-out";
pub(super) const SOURCE_TOPIC: &str = "stepstream-source-topic";
pub(super) const SOURCE_PARTITION: &str = "stepstream-source-partition";
pub(super) const SOURCE_OFFSET: &str = "stepstream-source-offset";
const STATUS: &str = "stepstream-status";
const CORRELATION_ID: &str = "kafka_correlationId";
const REPLY_TOPIC: &str = "kafka_replyTopic";
const REPLY_PARTITION: &str = "kafka_replyPartition";

/// How an event ended, in words.
pub(super) struct Failed<'a> {
    pub(super) status: &'static str,
    pub(super) error: &'a str,
    pub(super) cause: &'a str,
}

impl Core {
    /// Sends the output in the buffer, if there is a topic for it.
    pub(super) fn send_output(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        settlement: &mut Option<SettlementId>,
    ) {
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
            refused: Refused::Retried,
        };
        self.outbox.send(&mut *self.sink, id, &outgoing, self.now.ms);
    }

    /// Sends the event where failed ones go, if this failure goes there.
    pub(super) fn send_dead_letter(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        failed: &Failed<'_>,
        settlement: &mut Option<SettlementId>,
    ) {
        let (Some(topic), Some(settings)) = (lane.topics.dead_letter, &lane.workflow.dead_letter) else {
            return;
        };
        if !settings.takes(failed.error) || !lane.partitions.contains_key(&record.partition) {
            return;
        }
        let id = self.settlement(lane, record, settlement);
        reach(Step::DeadLetter);
        let Some(partition) = lane.partitions.get(&record.partition) else {
            return;
        };
        let (number, offset) = (partition.number.to_string(), record.offset.to_string());
        let mut headers: Vec<Header<'_>> = Vec::new();
        let left_out = headers::check(record.headers).err().map(headers::Refused::count);
        if left_out.is_none() {
            record
                .headers
                .each(&mut |name, value| headers.push((name, value)));
        }
        headers.extend([
            (ERROR, Some(cut(failed.error, ERROR_NAME_BYTES_MAX).as_bytes())),
            (CAUSE, Some(cut(failed.cause, CAUSE_BYTES_MAX).as_bytes())),
            (EXECUTION, Some(self.name.as_bytes())),
            (SOURCE_TOPIC, Some(partition.topic.as_bytes())),
            (SOURCE_PARTITION, Some(number.as_bytes())),
            (SOURCE_OFFSET, Some(offset.as_bytes())),
        ]);
        if let Some(count) = &left_out {
            headers.push((HEADERS_LEFT_OUT, Some(count.as_bytes())));
        }
        let message = Message {
            topic,
            partition: None,
            key: record.key,
            value: record.value,
            headers: &headers,
        };
        let outgoing = Outgoing {
            message,
            refused: Refused::Shrunk,
        };
        self.outbox.send(&mut *self.sink, id, &outgoing, self.now.ms);
        lane.stats.metrics.dead_letter(failed.error);
    }

    /// Replies to a synchronous event: with the output in the buffer, or with error and cause.
    pub(super) fn reply(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        topic: Option<TopicId>,
        failed: Option<&Failed<'_>>,
        settlement: &mut Option<SettlementId>,
    ) {
        let Some(topic) = topic else { return };
        let id = self.settlement(lane, record, settlement);
        reach(Step::Reply);
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
            refused: Refused::Dropped,
        };
        self.outbox.send(&mut *self.sink, id, &outgoing, self.now.ms);
    }

    /// Returns where a synchronous event is replied to, if anywhere.
    pub(super) fn reply_topic(&mut self, lane: &mut LaneState, record: &Record<'_>) -> Option<TopicId> {
        if lane.workflow.mode != Mode::Sync {
            return None;
        }
        let name = record.headers.last(REPLY_TOPIC).filter(|name| !name.is_empty());
        let configured = lane.workflow.reply.as_deref().map(str::as_bytes);
        let Some(name) = name.filter(|name| Some(*name) != configured) else {
            return lane.topics.reply;
        };
        let known = std::str::from_utf8(name).ok();
        let known = known.and_then(|name| lane.topics.replies.get(name));
        let topic = match known.map(|named| named.id) {
            Some(topic) => topic,
            None => self.new_reply_topic(lane, name)?,
        };
        if !self.outbox.may_try(lane.index, topic) {
            self.refuse_reply(lane, name, TOO_MANY);
            return None;
        }
        Some(topic)
    }

    /// Opens a topic that an event names, if that may be.
    #[cold]
    fn new_reply_topic(&mut self, lane: &mut LaneState, name: &[u8]) -> Option<TopicId> {
        let allowed = &lane.workflow.reply_allowed;
        let may_name =
            |name: &&str| is_topic_name(name) && allowed.iter().any(|pattern| pattern.matches(name));
        let Some(name) = std::str::from_utf8(name).ok().filter(may_name) else {
            self.refuse_reply(lane, name, "reply.allowed does not name it");
            return None;
        };
        match lane.topics.replies.make_room(|topic| self.outbox.standing(topic)) {
            Room::Free => {}
            Room::Instead(topic) => self.outbox.close_topic(&mut *self.sink, topic),
            Room::None => {
                self.refuse_reply(lane, name.as_bytes(), TOO_MANY);
                return None;
            }
        }
        // Whoever sends events names it: that nothing arrives there is no fault of the service.
        let topic = self.outbox.foreign_topic(&mut *self.sink, name);
        lane.topics.replies.insert(name.into(), topic);
        Some(topic)
    }

    /// Counts an event that gets no reply where it wants one, and says so now and then.
    fn refuse_reply(&self, lane: &mut LaneState, name: &[u8], why: &str) {
        lane.stats.metrics.counts.unreplied += 1;
        if self.now.ms < lane.topics.refusal_told_until_ms {
            return;
        }
        lane.topics.refusal_told_until_ms = self.now.ms + REFUSAL_TOLD_MS;
        tracing::warn!(
            workflow = lane.workflow.name,
            "an event gets no reply, because it asks for one to {:?}: {why}; similar messages are suppressed \
             for a \
             minute",
            String::from_utf8_lossy(&name[..name.len().min(NAME_SHOWN_MAX)])
        );
    }
}

/// Makes a dead letter smaller that its topic does not take, since an event that is poison must not hold up the others:
/// it loses its value, then what headers and key the event had. What is left says where the event is. Returns `false` when
/// nothing is left to lose.
pub(super) fn shrink(message: &mut Returned) -> bool {
    if let Some(value) = message.value.take() {
        let bytes = value.len().to_string().into_bytes();
        message.headers.push((VALUE_BYTES.to_owned(), Some(bytes.into())));
        return true;
    }
    let before = message.headers.len();
    let ours = OURS.iter().filter_map(|ours| {
        let index = message.headers.iter().rposition(|(name, _)| name == ours)?;
        Some(std::mem::take(&mut message.headers[index]))
    });
    message.headers = ours.collect();
    message.headers.len() < before || message.key.take().is_some()
}

/// The headers that a dead letter has behind those of its event, which may have some of the same names: the last one
/// of each is the letter's.
pub(super) const OURS: [&str; 8] = [
    ERROR,
    CAUSE,
    EXECUTION,
    VALUE_BYTES,
    HEADERS_LEFT_OUT,
    SOURCE_TOPIC,
    SOURCE_PARTITION,
    SOURCE_OFFSET,
];
