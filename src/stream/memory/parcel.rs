//! Messages in one buffer, and the way back for their acknowledgements.

use crate::stream::{Message, Returned, SendError, Ticket, TopicId, Wake};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Messages of one shard, their bytes in one buffer: what a sink hands over at a time.
#[derive(Debug)]
pub struct Parcel {
    pub(super) shard: usize,
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    headers: Vec<(Range<usize>, Option<Range<usize>>)>,
    answers: Answers,
}

#[derive(Debug)]
struct Entry {
    ticket: Ticket,
    topic: TopicId,
    partition: Option<i32>,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers: Range<usize>,
}

/// One message of a [`Parcel`].
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    parcel: &'a Parcel,
    entry: &'a Entry,
}

impl Parcel {
    pub(super) fn new(shard: usize, answers: Answers) -> Parcel {
        Parcel {
            shard,
            bytes: Vec::new(),
            entries: Vec::new(),
            headers: Vec::new(),
            answers,
        }
    }

    pub(super) fn push(&mut self, message: &Message<'_>, ticket: Ticket) {
        let [key, value] = [message.key, message.value].map(|part| self.copy(part));
        let first = self.headers.len();
        for (name, value) in message.headers {
            let name = self.copy(Some(name.as_bytes())).unwrap_or_default();
            let value = self.copy(*value);
            self.headers.push((name, value));
        }
        self.entries.push(Entry {
            ticket,
            topic: message.topic,
            partition: message.partition,
            key,
            value,
            headers: first..self.headers.len(),
        });
    }

    fn copy(&mut self, part: Option<&[u8]>) -> Option<Range<usize>> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(part?);
        Some(start..self.bytes.len())
    }

    fn part(&self, range: &Option<Range<usize>>) -> Option<&[u8]> {
        range.clone().map(|range| &self.bytes[range])
    }

    /// Returns the shard it comes from: the number that [`Desk::sink`](super::Desk::sink) was given.
    pub fn shard(&self) -> usize {
        self.shard
    }

    /// Returns how many messages it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Says whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Iterates over the messages, in the order they were sent.
    pub fn letters(&self) -> impl Iterator<Item = Letter<'_>> {
        self.entries.iter().map(|entry| Letter { parcel: self, entry })
    }

    /// Answers one message; only where the sink does not do so itself. Each message once.
    pub fn acknowledge(&self, ticket: Ticket, result: Result<(), SendError>) {
        let letter = self.letters().find(|letter| letter.ticket() == ticket);
        let message = letter.filter(|_| result.is_err()).map(|letter| letter.returned());
        self.answers.push([(ticket, result, message)]);
    }

    /// Answers all its messages: they are delivered.
    pub fn acknowledge_all(&self) {
        self.answers
            .push(self.entries.iter().map(|entry| (entry.ticket, Ok(()), None)));
    }
}

impl<'a> Letter<'a> {
    /// Returns the shard's number for it.
    pub fn ticket(&self) -> Ticket {
        self.entry.ticket
    }

    /// Returns where it goes; [`Outbox::topic`](super::Outbox::topic) has the name.
    pub fn topic(&self) -> TopicId {
        self.entry.topic
    }

    /// Returns the partition it asks for.
    pub fn partition(&self) -> Option<i32> {
        self.entry.partition
    }

    /// Returns its key.
    pub fn key(&self) -> Option<&'a [u8]> {
        self.parcel.part(&self.entry.key)
    }

    /// Returns its value.
    pub fn value(&self) -> Option<&'a [u8]> {
        self.parcel.part(&self.entry.value)
    }

    /// Iterates over its headers, in order.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, Option<&'a [u8]>)> {
        let parcel = self.parcel;
        parcel.headers[self.entry.headers.clone()]
            .iter()
            .map(|(name, value)| {
                let name = std::str::from_utf8(&parcel.bytes[name.clone()]);
                (name.unwrap_or_default(), parcel.part(value))
            })
    }

    pub(super) fn returned(&self) -> Returned {
        let headers: Vec<_> = self.headers().collect();
        Returned::copy(&Message {
            topic: self.topic(),
            partition: self.partition(),
            key: self.key(),
            value: self.value(),
            headers: &headers,
        })
    }

    /// Returns the value of its last header with a name.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers().filter(|(known, _)| *known == name).last()?.1
    }
}

/// A message's answer, and the message itself if it was not delivered.
pub(super) type Answer = (Ticket, Result<(), SendError>, Option<Returned>);

/// The answers of one shard's messages; bounded by the messages that are not answered.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    queue: Arc<Mutex<VecDeque<Answer>>>,
    wake: Wake,
}

impl Answers {
    pub(super) fn new(wake: Wake) -> Answers {
        Answers {
            queue: Arc::default(),
            wake,
        }
    }

    pub(super) fn push(&self, answers: impl IntoIterator<Item = Answer>) {
        self.queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(answers);
        self.wake.wake();
    }

    /// Takes all that are there into an empty queue, whose memory is used for the next ones.
    pub(super) fn swap(&self, taken: &mut VecDeque<Answer>) {
        debug_assert!(taken.is_empty(), "answers would be mixed up");
        std::mem::swap(
            &mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner),
            taken,
        );
    }
}
