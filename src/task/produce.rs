//! `arn:aws:states:::kafka:produce`: writes a message to Kafka. Our one addition to AWS's list.
//!
//! Owns the integration's parameters and result. Must not know how messages travel: they go to the shard's
//! sink, with the call's ticket. Invariants: only granted topics are written to; a call that succeeded was
//! acknowledged; a topic that takes nothing does not hold up the messages for others.
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

use super::asked::{Asked, Refusal};
use super::config::keys;
use super::maker::{Maker, Site};
use super::{Answers, Call, Connector, Failure, Progress};
use crate::fault;
use crate::guard::guarded;
use crate::program::Pattern;
use crate::stream::share::{MESSAGE_OVERHEAD, Shares};
use crate::stream::topics::{NamedTopics, Room, Standing, is_topic_name};
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

/// Most messages of a shard that wait for room in the sink; each topic has a share of them.
const WAITING_MAX: usize = 1000;

/// How much of the sink's queue is for all entries of `[tasks]` together.
const TASKS_PART: (usize, usize) = (3, 8);

/// Most topics of a shard that one entry of `[tasks]` has open at a time; beyond it the one that was not used for longest
/// is closed.
const TOPICS_MAX: usize = 1000;

keys! {
    /// The keys of what writes to Kafka.
    "kafka": pub struct ProduceConfig {
        /// The topics that `arn:aws:states:::kafka:produce` may write to; `*` stands for any text.
        kafka: Vec<String>,
    }
}

/// The names of the errors of messages.
pub(super) const ERRORS: [&str; 4] = [
    "Kafka.InvalidParameterException",
    "Kafka.KafkaException",
    "Kafka.ThrottlingException",
    "Kafka.TimeoutException",
];

/// An entry that grants topics.
pub(super) struct ProduceMaker(Arc<[Pattern]>);

impl ProduceMaker {
    pub(super) fn new(config: &ProduceConfig) -> ProduceMaker {
        let topics = config.kafka.iter().flatten();
        ProduceMaker(topics.map(|topic| Pattern::parse(topic)).collect())
    }
}

impl Maker for ProduceMaker {
    fn make(&self, site: &mut Site) -> Box<dyn Connector> {
        Box::new(Produce::new(self.0.clone(), site.answers.clone(), site.writers))
    }

    fn serves(&self, task: &Asked<'_>) -> Result<(), Refusal> {
        if task.integration() != Some(("kafka", "produce")) {
            return Err(Refusal(None)); // A pattern such as `arn:aws:states:::*`: Kafka serves nothing else.
        }
        match task.constant("Topic") {
            Some(topic) if !self.0.iter().any(|pattern| pattern.matches(&topic)) => {
                Err(Refusal(Some(("Topic", topic))))
            }
            _ => Ok(()),
        }
    }

    fn runs_functions(&self) -> bool {
        false
    }

    fn writes(&self) -> bool {
        true
    }
}

struct Produce {
    granted: Arc<[Pattern]>,
    answers: Answers,
    topics: NamedTopics,
    /// What was handed over and not acknowledged.
    sent: FxHashMap<Ticket, Sent>,
    /// What there was no room for.
    waiting: VecDeque<Waiting>,
    /// How many entries of `[tasks]` write to Kafka.
    entries: usize,
    /// What the topics have in the sink, and of what waits; by their ids.
    shares: Option<Shares>,
    waiting_shares: Shares,
    parts: Parts,
    names: Names,
}

/// A message that waits, with a copy of its bytes.
struct Waiting {
    ticket: Ticket,
    name: Rc<str>,
    topic: TopicId,
    parts: Parts,
}

/// A message that the sink has.
struct Sent {
    name: Rc<str>,
    topic: TopicId,
    partition: Option<i32>,
    /// What it takes of the sink's queue, also when nobody waits for it any more.
    cost: usize,
    is_cancelled: bool,
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
    /// Creates a connector that is one of so many `entries`.
    fn new(granted: Arc<[Pattern]>, answers: Answers, entries: usize) -> Produce {
        Produce {
            entries,
            shares: None,
            waiting_shares: Shares::new(WAITING_MAX, TOPICS_MAX),
            granted,
            answers,
            // Whether a topic exists, the failure of its call says.
            topics: NamedTopics::new(TOPICS_MAX, TOPICS_MAX),
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
        let (view, parameters) = (call.request.view, call.request.parameters);
        let topic = view.member(parameters, &self.names.topic);
        let Some(topic) = topic.and_then(|value| view.string(value)) else {
            return Err(invalid("Topic", "a text"));
        };
        let (name, id) = self.topic(&topic.decode(), sink)?;
        self.read(view, parameters, call.request.key)?;
        // Messages of a shard to one topic keep their order: none overtakes those that wait.
        if self.waiting_shares.used_by(id.0 as usize) == 0 {
            let parts = std::mem::take(&mut self.parts);
            let sent = self.hand_over(&parts, &name, id, ticket, sink);
            self.parts = parts;
            match sent {
                Ok(()) => return Ok(()),
                Err(SendError::Full) => {}
                Err(error) => return Err(failure(error)),
            }
        }
        if self.waiting.len() >= WAITING_MAX || !self.waiting_shares.has_room(id.0 as usize, 1) {
            return Err(failure(SendError::Full));
        }
        self.waiting_shares.take(id.0 as usize, 1);
        self.waiting.push_back(Waiting {
            ticket,
            name,
            topic: id,
            parts: self.parts.clone(),
        });
        Ok(())
    }

    /// Sends a message, if its topic's share has room.
    fn hand_over(
        &mut self,
        parts: &Parts,
        name: &Rc<str>,
        topic: TopicId,
        ticket: Ticket,
        sink: &mut dyn Sink,
    ) -> Result<(), SendError> {
        let entries = self.entries;
        let shares = self.shares.get_or_insert_with(|| {
            let capacity = sink.capacity() / TASKS_PART.1 * TASKS_PART.0 / entries;
            Shares::new(capacity, TOPICS_MAX)
        });
        let cost = parts.cost();
        if !shares.has_room(topic.0 as usize, cost) {
            return Err(SendError::Full);
        }
        send(parts, topic, ticket, sink)?;
        shares.take(topic.0 as usize, cost);
        let sent = Sent {
            name: name.clone(),
            topic,
            partition: parts.partition,
            cost,
            is_cancelled: false,
        };
        self.sent.insert(ticket, sent);
        Ok(())
    }

    fn topic(&mut self, name: &str, sink: &mut dyn Sink) -> Result<(Rc<str>, TopicId), Failure> {
        if let Some(known) = self.topics.get(name) {
            return Ok((Rc::clone(&known.name), known.id));
        }
        if !self.granted.iter().any(|pattern| pattern.matches(name)) {
            return Err(not_granted(name));
        }
        let refused = |cause: String| Failure::new("Kafka.KafkaException", cause);
        if !is_topic_name(name) {
            return Err(refused(format!("'{name}' cannot be the name of a topic")));
        }
        let in_sink = |id: TopicId| {
            self.shares
                .as_ref()
                .map_or(0, |shares| shares.used_by(id.0 as usize))
        };
        let waits = |id: TopicId| self.waiting_shares.used_by(id.0 as usize);
        let standing = |id| Standing {
            is_idle: in_sink(id) + waits(id) == 0,
            is_proven: true,
        };
        match self.topics.make_room(standing) {
            Room::Free => {}
            Room::Instead(id) => _ = sink.close(id),
            Room::None => {
                let cause = format!("messages are on their way to {TOPICS_MAX} other topics");
                return Err(refused(cause));
            }
        }
        let (name, id): (Rc<str>, TopicId) = (name.into(), sink.topic(name));
        self.topics.insert(Rc::clone(&name), id);
        Ok((name, id))
    }

    fn forget_waiting(&mut self, ticket: Ticket) {
        let shares = &mut self.waiting_shares;
        self.waiting.retain(|waiting| {
            let is_forgotten = waiting.ticket == ticket;
            if is_forgotten {
                shares.give_back(waiting.topic.0 as usize, 1);
            }
            !is_forgotten
        });
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

    /// Returns what the message takes of the sink's queue.
    fn cost(&self) -> usize {
        self.bytes.len() + MESSAGE_OVERHEAD
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
        match self.sent.get_mut(&ticket) {
            Some(sent) => sent.is_cancelled = true,
            None => self.forget_waiting(ticket),
        }
    }

    fn acknowledged(&mut self, ticket: Ticket, result: Result<(), SendError>) {
        let Some(sent) = self.sent.remove(&ticket) else {
            return;
        };
        if let Some(shares) = &mut self.shares {
            shares.give_back(sent.topic.0 as usize, sent.cost);
        }
        if sent.is_cancelled {
            return;
        }
        let answer = result.map_err(failure).map(|()| {
            let mut text = b"{\"Topic\":\"".to_vec();
            escape_into(&mut text, &sent.name);
            text.push(b'"');
            if let Some(partition) = sent.partition {
                text.extend_from_slice(format!(",\"Partition\":{partition}").as_bytes());
            }
            text.push(b'}');
            text
        });
        self.answers.answer(ticket, answer);
    }

    fn poll(&mut self, sink: &mut dyn Sink) {
        // Topics without room; what waits for them stays, and what waits behind it for others does not.
        let mut full: Vec<TopicId> = Vec::new();
        for _ in 0..self.waiting.len() {
            let Some(waiting) = self.waiting.pop_front() else {
                return;
            };
            let Waiting { ticket, topic, .. } = waiting;
            let sent = guarded(|| match full.contains(&topic) {
                true => Err(SendError::Full),
                false => self.hand_over(&waiting.parts, &waiting.name, topic, ticket, sink),
            });
            // A message at which our own code panics is the end of its call, and of nothing else.
            let sent = match sent {
                Ok(sent) => sent.map_err(Some),
                Err(message) => {
                    self.answers.answer(ticket, Err(Failure::panicked(&message)));
                    Err(None)
                }
            };
            match sent {
                Err(Some(SendError::Full)) => {
                    if !full.contains(&topic) {
                        full.push(topic);
                    }
                    self.waiting.push_back(waiting);
                    continue;
                }
                Err(Some(error)) => self.answers.answer(ticket, Err(failure(error))),
                Ok(()) | Err(None) => {}
            }
            self.waiting_shares.give_back(topic.0 as usize, 1);
        }
    }

    fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

/// Returns the failure of a topic that the configuration does not allow.
fn not_granted(topic: &str) -> Failure {
    Failure::new(
        fault::PERMISSIONS,
        format!("The configuration does not grant this state machine to write to topic '{topic}'."),
    )
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
