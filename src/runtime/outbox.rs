//! Messages on their way, and the events that are finished when these have arrived.
//!
//! Owns a copy of each message until it is acknowledged, so that one that was not delivered is sent again:
//! a result that is written to no topic must not count as written. Must not know workflows. Invariant: a
//! settlement is over when every message of it is acknowledged and its log records are out, once.

use super::event::{Event, Keep};
use crate::stream::{Headers, Message, PartitionId, Record, SendError, Sink, Ticket, TopicId};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Tells the tickets of messages from those of tasks.
const MARK: u64 = 1 << 63;

/// The first wait before a message is sent again, and the longest.
const RETRY_MS: (i64, i64) = (100, 10_000);

/// Memory that a place for a message keeps when it is free.
const PLACE_BYTES_MAX: usize = 4 << 10;

/// Names a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SettlementId(u32);

/// An event that is over but for what is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settlement {
    pub(super) lane: u32,
    pub(super) partition: PartitionId,
    pub(super) offset: i64,
    /// Messages and log records that are still out.
    left: u32,
    began_ms: i64,
    /// Whether it stands for an event that was cut off by a crash before.
    pub(super) cut_off: bool,
}

/// A message on its way.
struct Letter {
    settlement: SettlementId,
    topic: TopicId,
    to: Option<i32>,
    content: Event,
    retries: u32,
    /// Whether it is dropped when it is refused for good.
    may_be_lost: bool,
}

/// What became of a message that was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undelivered {
    /// It is sent again later.
    Retried,
    /// It was given up.
    GivenUp,
}

/// The messages of a shard that are on their way.
#[derive(Default)]
pub(super) struct Outbox {
    settlements: slab::Slab<Settlement>,
    letters: Vec<Letter>,
    free: Vec<u32>,
    /// The sink was full: to be sent, in order.
    unsent: VecDeque<u32>,
    /// To be sent again at a time.
    later: BinaryHeap<Reverse<(i64, u32)>>,
}

/// A message to send, in the sink's words, and how it ends.
pub(super) struct Outgoing<'a> {
    pub(super) message: Message<'a>,
    pub(super) may_be_lost: bool,
}

/// The headers of a message.
struct List<'a>(&'a [(&'a str, Option<&'a [u8]>)]);

impl Headers for List<'_> {
    fn at(&self, index: usize) -> Option<(&str, Option<&[u8]>)> {
        self.0.get(index).copied()
    }
}

impl Outbox {
    /// Says whether an acknowledgement is for a message of this box.
    pub(super) fn owns(ticket: Ticket) -> bool {
        ticket.0 & MARK != 0
    }

    /// Opens a settlement with nothing outstanding.
    pub(super) fn open(
        &mut self,
        lane: u32,
        partition: PartitionId,
        offset: i64,
        began_ms: i64,
    ) -> SettlementId {
        let settlement = Settlement {
            lane,
            partition,
            offset,
            left: 0,
            began_ms,
            cut_off: false,
        };
        SettlementId(self.settlements.insert(settlement) as u32)
    }

    /// Marks a settlement as that of an event that a crash has cut off.
    pub(super) fn mark_cut_off(&mut self, id: SettlementId) {
        self.settlements[id.0 as usize].cut_off = true;
    }

    /// Adds something that has to be done before the settlement is over.
    pub(super) fn add(&mut self, id: SettlementId) {
        self.settlements[id.0 as usize].left += 1;
    }

    /// Takes one off; returns the settlement when it was the last.
    pub(super) fn done(&mut self, id: SettlementId) -> Option<Settlement> {
        let settlement = self.settlements.get_mut(id.0 as usize)?;
        settlement.left -= 1;
        if settlement.left > 0 {
            return None;
        }
        Some(self.settlements.remove(id.0 as usize))
    }

    /// Sends a message for a settlement.
    pub(super) fn send(
        &mut self,
        sink: &mut dyn Sink,
        id: SettlementId,
        outgoing: &Outgoing<'_>,
        now_ms: i64,
    ) {
        self.add(id);
        let message = &outgoing.message;
        let place = self.place();
        let letter = &mut self.letters[place as usize];
        letter.settlement = id;
        letter.topic = message.topic;
        letter.to = message.partition;
        letter.retries = 0;
        letter.may_be_lost = outgoing.may_be_lost;
        let record = Record {
            partition: PartitionId(0),
            offset: 0,
            timestamp_ms: 0,
            key: message.key,
            value: message.value,
            headers: &List(message.headers),
        };
        letter.content.fill(&record, Keep::Whole);
        if !self.unsent.is_empty() {
            self.unsent.push_back(place);
            return;
        }
        let sent = sink.send(message, Ticket(MARK | u64::from(place)));
        self.after_send(place, sent, now_ms);
    }

    fn after_send(&mut self, place: u32, sent: Result<(), SendError>, now_ms: i64) {
        match sent {
            Ok(()) => {}
            Err(SendError::Full) => self.unsent.push_back(place),
            Err(SendError::Refused(_) | SendError::Failed(_)) => self.retry(place, now_ms),
        }
    }

    fn place(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.letters.push(Letter {
                settlement: SettlementId(0),
                topic: TopicId(0),
                to: None,
                content: Event::EMPTY,
                retries: 0,
                may_be_lost: false,
            });
            self.letters.len() as u32 - 1
        })
    }

    fn retry(&mut self, place: u32, now_ms: i64) {
        let letter = &mut self.letters[place as usize];
        let wait = (RETRY_MS.0 << letter.retries.min(16)).min(RETRY_MS.1);
        letter.retries += 1;
        self.later.push(Reverse((now_ms + wait, place)));
    }

    /// Hears of a message that was delivered; returns the settlement if it is over.
    pub(super) fn delivered(&mut self, ticket: Ticket) -> Option<Settlement> {
        let place = (ticket.0 & !MARK) as u32;
        let id = self.letters.get(place as usize)?.settlement;
        self.letters[place as usize].content.shrink(PLACE_BYTES_MAX);
        self.free.push(place);
        self.done(id)
    }

    /// Hears of a message that was not delivered: it is sent again, unless it is refused for good and may
    /// be lost.
    pub(super) fn undelivered(
        &mut self,
        ticket: Ticket,
        error: &SendError,
        now_ms: i64,
    ) -> (Undelivered, Option<Settlement>) {
        let place = (ticket.0 & !MARK) as u32;
        let Some(letter) = self.letters.get(place as usize) else {
            return (Undelivered::GivenUp, None);
        };
        if letter.may_be_lost && matches!(error, SendError::Refused(_)) {
            return (Undelivered::GivenUp, self.delivered(ticket));
        }
        self.retry(place, now_ms);
        (Undelivered::Retried, None)
    }

    /// Sends what waits for room or for its time; returns how many messages that was.
    pub(super) fn resend(&mut self, sink: &mut dyn Sink, now_ms: i64) -> usize {
        let mut sent_count = 0;
        while let Some(&Reverse((at_ms, place))) = self.later.peek() {
            if at_ms > now_ms {
                break;
            }
            self.later.pop();
            self.unsent.push_back(place);
        }
        while let Some(&place) = self.unsent.front() {
            let sent = self.letters[place as usize].send(sink, place);
            if sent == Err(SendError::Full) {
                break;
            }
            self.unsent.pop_front();
            self.after_send(place, sent, now_ms);
            sent_count += 1;
        }
        sent_count
    }

    /// Says whether the sink had no room for a message.
    pub(super) fn is_stuck(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Returns when something is to be sent again.
    pub(super) fn next_ms(&self) -> Option<i64> {
        self.later.peek().map(|Reverse((at_ms, _))| *at_ms)
    }

    /// Returns when the oldest event of a lane came here.
    pub(super) fn oldest_ms(&self, lane: u32) -> Option<i64> {
        let all = self.settlements.iter().map(|(_, settlement)| settlement);
        all.filter(|settlement| settlement.lane == lane)
            .map(|settlement| settlement.began_ms)
            .min()
    }

    /// Returns how many events wait here.
    pub(super) fn len(&self) -> usize {
        self.settlements.len()
    }
}

impl Letter {
    fn send(&self, sink: &mut dyn Sink, place: u32) -> Result<(), SendError> {
        let record = self.content.record();
        let mut headers = Vec::new();
        while let Some(header) = record.headers.at(headers.len()) {
            headers.push(header);
        }
        let message = Message {
            topic: self.topic,
            partition: self.to,
            key: record.key,
            value: record.value,
            headers: &headers,
        };
        sink.send(&message, Ticket(MARK | u64::from(place)))
    }
}
