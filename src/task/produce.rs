//! `arn:aws:states:::kafka:produce`: writes a message to Kafka. Our one addition to AWS's list.
//!
//! Owns the integration's parameters and result. Must not know how messages travel: they go to the shard's
//! sink, with the call's ticket. Invariants: only granted topics are written to; a call that succeeded was
//! acknowledged.
//!
//! | parameter | |
//! |---|---|
//! | `Topic` | required |
//! | `Value` | required; a text is sent as its characters, null as a tombstone, anything else as dense JSON |
//! | `Key` | as `Value`; without it, or null, the message has none |
//! | `Headers` | an object: name to value, as `Value` |
//! | `Partition` | a number; else the partitioner chooses by the key |
//!
//! The result is `{"Topic": …}`, with `Partition` where one was given. Each message carries the call's stable
//! key in the header `stepstream-idempotency-key`.

use super::bind::not_granted;
use super::{Answers, Call, Connector, Failure, Progress};
use crate::program::Pattern;
use crate::stream::{Message, SendError, Sink, Ticket, TopicId};
use crate::value::{Key, Kind, ValueRef, View, escape_into};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::fmt::Display;
use std::io::Write;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// The header with the call's stable key.
pub const KEY_HEADER: &str = "stepstream-idempotency-key";

/// Most messages of a shard that wait for room in the sink.
const WAITING_MAX: usize = 1000;

/// Most topics of a shard that one entry of `[tasks]` writes to.
const TOPICS_MAX: usize = 1000;

pub(super) struct Produce {
    granted: Arc<[Pattern]>,
    answers: Answers,
    topics: FxHashMap<Rc<str>, TopicId>,
    /// What was handed over and not acknowledged: its topic and partition.
    sent: FxHashMap<Ticket, (Rc<str>, Option<i32>)>,
    /// What the sink had no room for.
    waiting: VecDeque<Waiting>,
    parts: Parts,
    names: Names,
}

/// A message that waits, with a copy of its bytes.
struct Waiting {
    ticket: Ticket,
    topic: TopicId,
    parts: Parts,
}

/// The parts of a message in one buffer.
#[derive(Clone, Default)]
struct Parts {
    bytes: Vec<u8>,
    partition: Option<i32>,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers: Vec<(Range<usize>, Option<Range<usize>>)>,
}

struct Names {
    topic: Key,
    partition: Key,
    key: Key,
    value: Key,
    headers: Key,
}

impl Produce {
    pub(super) fn new(granted: Arc<[Pattern]>, answers: Answers) -> Produce {
        Produce {
            granted,
            answers,
            topics: FxHashMap::default(),
            sent: FxHashMap::default(),
            waiting: VecDeque::new(),
            parts: Parts::default(),
            names: Names {
                topic: Key::new("Topic"),
                partition: Key::new("Partition"),
                key: Key::new("Key"),
                value: Key::new("Value"),
                headers: Key::new("Headers"),
            },
        }
    }

    fn send(&mut self, call: &Call<'_>, ticket: Ticket, sink: &mut dyn Sink) -> Result<(), Failure> {
        let (view, parameters) = (call.view, call.parameters);
        let topic = view.member(parameters, &self.names.topic);
        let Some(topic) = topic.and_then(|value| view.string(value)) else {
            return Err(invalid("Topic", "a text"));
        };
        let (name, id) = self.topic(&topic.decode(), sink)?;
        self.read(view, parameters, call.key)?;
        // Messages of a shard keep their order: none overtakes those that wait.
        if self.waiting.is_empty() {
            match send(&self.parts, id, ticket, sink) {
                Ok(()) => {
                    self.sent.insert(ticket, (name, self.parts.partition));
                    return Ok(());
                }
                Err(SendError::Full) => {}
                Err(error) => return Err(failure(error)),
            }
        }
        if self.waiting.len() >= WAITING_MAX {
            return Err(failure(SendError::Full));
        }
        self.sent.insert(ticket, (name, self.parts.partition));
        self.waiting.push_back(Waiting {
            ticket,
            topic: id,
            parts: self.parts.clone(),
        });
        Ok(())
    }

    fn topic(&mut self, name: &str, sink: &mut dyn Sink) -> Result<(Rc<str>, TopicId), Failure> {
        if let Some((name, &id)) = self.topics.get_key_value(name) {
            return Ok((name.clone(), id));
        }
        if !self.granted.iter().any(|pattern| pattern.matches(name)) {
            return Err(not_granted(&format!("to write to topic '{name}'")));
        }
        if self.topics.len() >= TOPICS_MAX {
            let cause = format!("more than {TOPICS_MAX} topics are written to");
            return Err(Failure::new("Kafka.KafkaException", cause));
        }
        let (name, id): (Rc<str>, TopicId) = (name.into(), sink.topic(name));
        self.topics.insert(name.clone(), id);
        Ok((name, id))
    }

    /// Reads the parameters into `parts`.
    fn read(&mut self, view: View<'_>, parameters: ValueRef, key: &dyn Display) -> Result<(), Failure> {
        let (names, parts) = (&self.names, &mut self.parts);
        parts.bytes.clear();
        parts.headers.clear();
        let Some(value) = view.member(parameters, &names.value) else {
            return Err(invalid("Value", "given"));
        };
        parts.value = parts.add(view, value);
        parts.key = view
            .member(parameters, &names.key)
            .and_then(|value| parts.add(view, value));
        parts.partition = match view.member(parameters, &names.partition) {
            None => None,
            Some(value) => {
                let number = view.number(value).and_then(|text| text.parse().ok());
                let partition = number.filter(|number| *number >= 0);
                Some(partition.ok_or_else(|| invalid("Partition", "a number from 0"))?)
            }
        };
        if let Some(headers) = view.member(parameters, &names.headers) {
            if view.kind(headers) != Kind::Object {
                return Err(invalid("Headers", "an object"));
            }
            for (name, value) in view.members(headers) {
                if let Some(name) = parts.add(view, name) {
                    let value = parts.add(view, value);
                    parts.headers.push((name, value));
                }
            }
        }
        let name = parts.add_bytes(KEY_HEADER.as_bytes());
        let start = parts.bytes.len();
        // Writing to memory does not fail.
        let _ = write!(parts.bytes, "{key}");
        parts.headers.push((name, Some(start..parts.bytes.len())));
        Ok(())
    }
}

impl Parts {
    /// Adds a value: a text as its characters, null as nothing, anything else as dense JSON.
    fn add(&mut self, view: View<'_>, value: ValueRef) -> Option<Range<usize>> {
        let start = self.bytes.len();
        match view.kind(value) {
            Kind::Null => return None,
            Kind::String => {
                let text = view.string(value)?.decode();
                self.bytes.extend_from_slice(text.as_bytes());
            }
            _ => view.write_dense(value, &mut self.bytes),
        }
        Some(start..self.bytes.len())
    }

    fn add_bytes(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }
}

fn send(parts: &Parts, topic: TopicId, ticket: Ticket, sink: &mut dyn Sink) -> Result<(), SendError> {
    let part = |range: &Option<Range<usize>>| Some(&parts.bytes[range.clone()?]);
    let text = |range: &Range<usize>| std::str::from_utf8(&parts.bytes[range.clone()]).unwrap_or_default();
    let headers: Vec<(&str, Option<&[u8]>)> = parts
        .headers
        .iter()
        .map(|(name, value)| (text(name), part(value)))
        .collect();
    let message = Message {
        topic,
        partition: parts.partition,
        key: part(&parts.key),
        value: part(&parts.value),
        headers: &headers,
    };
    sink.send(&message, ticket)
}

impl Connector for Produce {
    fn call(
        &mut self,
        call: &Call<'_>,
        ticket: Ticket,
        sink: &mut dyn Sink,
        _result: &mut Vec<u8>,
    ) -> Progress {
        match self.send(call, ticket, sink) {
            Ok(()) => Progress::Pending,
            Err(failure) => Progress::Failure(failure),
        }
    }

    /// A message that waits is not sent any more; one that was handed over may still be written.
    fn cancel(&mut self, ticket: Ticket) {
        self.sent.remove(&ticket);
        self.waiting.retain(|waiting| waiting.ticket != ticket);
    }

    fn acknowledged(&mut self, ticket: Ticket, result: Result<(), SendError>) {
        let Some((topic, partition)) = self.sent.remove(&ticket) else {
            return;
        };
        let answer = result.map_err(failure).map(|()| {
            let mut text = b"{\"Topic\":\"".to_vec();
            escape_into(&mut text, &topic);
            text.push(b'"');
            if let Some(partition) = partition {
                text.extend_from_slice(format!(",\"Partition\":{partition}").as_bytes());
            }
            text.push(b'}');
            text
        });
        self.answers.answer(ticket, answer);
    }

    fn poll(&mut self, sink: &mut dyn Sink) {
        while let Some(waiting) = self.waiting.front() {
            match send(&waiting.parts, waiting.topic, waiting.ticket, sink) {
                Ok(()) => {}
                Err(SendError::Full) => return,
                Err(error) => {
                    self.sent.remove(&waiting.ticket);
                    self.answers.answer(waiting.ticket, Err(failure(error)));
                }
            }
            self.waiting.pop_front();
        }
    }

    fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

fn invalid(parameter: &str, wanted: &str) -> Failure {
    let cause = format!("The parameter {parameter} must be {wanted}.");
    Failure::new("Kafka.InvalidParameterException", cause)
}

fn failure(error: SendError) -> Failure {
    match error {
        SendError::Full => Failure::new("Kafka.ThrottlingException", "The producer's queue is full."),
        SendError::Refused(text) | SendError::TooLarge(text) => Failure::new("Kafka.KafkaException", text),
        SendError::Failed(text) => Failure::new("Kafka.TimeoutException", text),
    }
}
