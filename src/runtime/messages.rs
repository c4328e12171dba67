//! The messages that an event leaves behind: its output, or its dead letter.
//!
//! Must not know when an event is complete. Invariant: each message is counted in the event's settlement before it is
//! sent.

use super::dispatch::Dispatch;
use super::event_asker::EventAsker;
use super::headers::{self, Header};
use super::letter_headers::{
    CAUSE, ERROR, EXECUTION, HEADERS_LEFT_OUT, SOURCE_OFFSET, SOURCE_PARTITION, SOURCE_TOPIC, VALUE_BYTES,
};
use super::outbox::Outgoing;
use super::ticket::OnRefusal;
use crate::execution::asker::Failed;
use crate::execution::machine::Machine;
use crate::execution::steps::{Step, reach};
use crate::guard::PANIC;
use crate::metrics::{ERROR_NAME_BYTES_MAX, cut};
use crate::stream::{Headers, Message, Record, Sink};

/// Longest cause in a header, in bytes.
pub const CAUSE_BYTES_MAX: usize = 4 << 10;

/// Stands in for the headers of an event that is named without its data, which a panic came from.
pub(super) struct Withheld {
    /// How long the value was, in digits; none if there was none.
    value_bytes: Option<String>,
}

impl Withheld {
    pub(super) fn of(record: &Record<'_>) -> Withheld {
        Withheld {
            value_bytes: record.value.map(|value| value.len().to_string()),
        }
    }

    /// Returns what of the event is no data.
    pub(super) fn bare<'a>(&'a self, record: &Record<'_>) -> Record<'a> {
        Record {
            key: None,
            value: None,
            headers: self,
            ..*record
        }
    }
}

impl Headers for Withheld {
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {
        if let Some(bytes) = &self.value_bytes {
            visit(VALUE_BYTES, Some(bytes.as_bytes()));
        }
    }
}

impl EventAsker<'_> {
    /// Sends the output in the buffer, if there is a topic for it.
    pub(super) fn send_output(&mut self, name: &str, sink: &mut dyn Sink) {
        let Some(topic) = self.feed.topics.output else {
            return;
        };
        let id = self.settlement();
        let Dispatch {
            outbox, output, now, ..
        } = &mut *self.dispatch;
        let message = Message {
            topic,
            partition: None,
            key: self.record.key,
            value: Some(output),
            headers: &[(EXECUTION, Some(name.as_bytes()))],
        };
        let outgoing = Outgoing {
            message,
            on_refusal: OnRefusal::Retried,
        };
        outbox.send(sink, id, &outgoing, now.ms);
    }

    /// Sends the event where failed ones go, if this failure goes there; `record` is what is sent of it.
    pub(super) fn send_dead_letter(
        &mut self,
        machine: &mut Machine,
        record: &Record<'_>,
        name: &str,
        sink: &mut dyn Sink,
        failed: &Failed<'_>,
    ) {
        let (Some(topic), Some(settings)) = (self.feed.topics.dead_letter, &self.feed.workflow.dead_letter)
        else {
            return;
        };
        if !settings.takes(failed.error) || !self.feed.partitions.contains_key(&record.partition) {
            return;
        }
        let id = self.settlement();
        reach(Step::DeadLetter);
        let Some(partition) = self.feed.partitions.get(&record.partition) else {
            return;
        };
        let (number, offset) = (partition.number.to_string(), record.offset.to_string());
        let mut headers: Vec<Header<'_>> = Vec::new();
        let left_out = headers::check(record.headers)
            .err()
            .map(headers::BadHeaders::count);
        if left_out.is_none() {
            record
                .headers
                .each(&mut |name, value| headers.push((name, value)));
        }
        headers.extend([
            (ERROR, Some(cut(failed.error, ERROR_NAME_BYTES_MAX).as_bytes())),
            (CAUSE, Some(cut(failed.cause, CAUSE_BYTES_MAX).as_bytes())),
            (EXECUTION, Some(name.as_bytes())),
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
            on_refusal: OnRefusal::Shrunk,
        };
        let Dispatch { outbox, now, .. } = &mut *self.dispatch;
        outbox.send(sink, id, &outgoing, now.ms);
        machine.metrics.dead_letter(failed.error);
    }

    /// Sends a failed event where failed ones go; without its data, if a panic keeps that from being sent.
    pub(super) fn bury(
        &mut self,
        machine: &mut Machine,
        name: &str,
        sink: &mut dyn Sink,
        failed: &Failed<'_>,
    ) {
        let record = self.record;
        let sent = self.attempt(machine, |asker, machine| {
            asker.send_dead_letter(machine, &record, name, sink, failed);
        });
        let Err(message) = sent else { return };
        let headers = Withheld::of(&record);
        let bare = headers.bare(&record);
        let cause = format!(
            "A bug in stepstream kept the event out of this letter: {message}. Before, {}: {}",
            failed.error, failed.cause
        );
        let failed = Failed {
            status: failed.status,
            error: PANIC,
            cause: &cause,
        };
        // A second panic has been told too, and nothing is left to try.
        let _ = self.attempt(machine, |asker, machine| {
            asker.send_dead_letter(machine, &bare, name, sink, &failed);
        });
    }
}
