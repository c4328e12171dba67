//! Replies to synchronous events: where they go, and what they say.
//!
//! Events name topics for their replies, so what is open of those is bounded. Must not know when an event is complete.
//! Invariant: an event whose reply cannot go where it wants one is counted, and gets none.

use super::dispatch::{Dispatch, REFUSAL_TOLD_MS};
use super::event_asker::EventAsker;
use super::headers::Header;
use super::letter_headers::EXECUTION;
use super::outbox::Outgoing;
use super::ticket::OnRefusal;
use super::workflow::Mode;
use crate::execution::asker::Failed;
use crate::execution::machine::Machine;
use crate::execution::steps::{Step, reach};
use crate::stream::topics::{Room, is_topic_name};
use crate::stream::{Message, Sink, TopicId};
use crate::value::escape_into;

/// Why a topic is not tried.
const TOO_MANY: &str = "replies are on their way to too many topics that nothing has reached yet";
/// How much of a name that an event gave is told, in bytes.
const NAME_SHOWN_MAX: usize = 249;

const STATUS: &str = "stepstream-status";
const CORRELATION_ID: &str = "kafka_correlationId";
const REPLY_TOPIC: &str = "kafka_replyTopic";
const REPLY_PARTITION: &str = "kafka_replyPartition";

impl EventAsker<'_> {
    /// Replies to a synchronous event that is replied to: with the output in the buffer, or with error and cause.
    pub(super) fn send_reply(&mut self, name: &str, sink: &mut dyn Sink, failed: Option<&Failed<'_>>) {
        let Some(topic) = self.reply else { return };
        let id = self.settlement();
        reach(Step::Reply);
        let Dispatch {
            outbox, output, now, ..
        } = &mut *self.dispatch;
        if let Some(failed) = failed {
            output.clear();
            output.extend_from_slice(b"{\"error\":\"");
            escape_into(output, failed.error);
            output.extend_from_slice(b"\",\"cause\":\"");
            escape_into(output, failed.cause);
            output.extend_from_slice(b"\"}");
        }
        let status = failed.map_or("SUCCEEDED", |failed| failed.status);
        let record = &self.record;
        let correlation = record.headers.last(CORRELATION_ID);
        let headers: [Header<'_>; 3] = [
            (STATUS, Some(status.as_bytes())),
            (EXECUTION, Some(name.as_bytes())),
            (CORRELATION_ID, correlation),
        ];
        let count = if correlation.is_some() { 3 } else { 2 };
        let to = record.headers.last(REPLY_PARTITION);
        let to = to.and_then(|bytes| bytes.try_into().ok()).map(i32::from_be_bytes);
        let message = Message {
            topic,
            partition: to.filter(|&number| number >= 0),
            key: record.key,
            value: Some(output),
            headers: &headers[..count],
        };
        // The run is over and will not run again: nothing is won by waiting for a topic that does not exist.
        let outgoing = Outgoing {
            message,
            on_refusal: OnRefusal::Dropped,
        };
        outbox.send(sink, id, &outgoing, now.ms);
    }

    /// Returns where a synchronous event is replied to, if anywhere.
    pub(super) fn reply_topic(&mut self, machine: &mut Machine, sink: &mut dyn Sink) -> Option<TopicId> {
        if self.feed.workflow.mode != Mode::Sync {
            return None;
        }
        let record = self.record;
        let name = record.headers.last(REPLY_TOPIC).filter(|name| !name.is_empty());
        let configured = self.feed.workflow.reply.as_deref().map(str::as_bytes);
        let Some(name) = name.filter(|name| Some(*name) != configured) else {
            return self.feed.topics.reply;
        };
        let known = std::str::from_utf8(name).ok();
        let known = known.and_then(|name| self.feed.topics.replies.get(name));
        let topic = match known.map(|named| named.id) {
            Some(topic) => topic,
            None => self.new_reply_topic(machine, name, sink)?,
        };
        if !self.dispatch.outbox.may_try(self.feed.index, topic) {
            self.refuse_reply(machine, name, TOO_MANY);
            return None;
        }
        Some(topic)
    }

    /// Opens a topic that an event names, if that may be.
    #[cold]
    fn new_reply_topic(
        &mut self,
        machine: &mut Machine,
        name: &[u8],
        sink: &mut dyn Sink,
    ) -> Option<TopicId> {
        let allowed = &self.feed.workflow.reply_allowed;
        let may_name =
            |name: &&str| is_topic_name(name) && allowed.iter().any(|pattern| pattern.matches(name));
        let Some(name) = std::str::from_utf8(name).ok().filter(may_name) else {
            self.refuse_reply(machine, name, "reply.allowed does not name it");
            return None;
        };
        let outbox = &mut self.dispatch.outbox;
        let replies = &mut self.feed.topics.replies;
        match replies.make_room(|topic| outbox.standing(topic)) {
            Room::Free => {}
            Room::Instead(topic) => outbox.close_topic(sink, topic),
            Room::None => {
                self.refuse_reply(machine, name.as_bytes(), TOO_MANY);
                return None;
            }
        }
        // Whoever sends events names it: that nothing arrives there is no fault of the service.
        let topic = outbox.foreign_topic(sink, name);
        replies.insert(name.into(), topic);
        Some(topic)
    }

    /// Counts an event that gets no reply where it wants one, and says so now and then.
    fn refuse_reply(&mut self, machine: &mut Machine, name: &[u8], why: &str) {
        machine.metrics.counts.unreplied += 1;
        let (topics, now_ms) = (&mut self.feed.topics, self.dispatch.now.ms);
        if now_ms < topics.refusal_told_until_ms {
            return;
        }
        topics.refusal_told_until_ms = now_ms + REFUSAL_TOLD_MS;
        tracing::warn!(
            workflow = machine.settings.name,
            "an event gets no reply, because it asks for one to {:?}: {why}; similar messages are suppressed for a minute",
            String::from_utf8_lossy(&name[..name.len().min(NAME_SHOWN_MAX)])
        );
    }
}
