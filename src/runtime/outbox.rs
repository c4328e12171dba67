//! Messages on their way, and what becomes of those that do not arrive.
//!
//! Owns what the sink had no room for or did not deliver, so that it is sent again: a result that is written
//! to no topic must not count as written. What is on its way the sink has. Must not know workflows.
//! Invariant: each message counts in its settlement until it is acknowledged or given up, once.

use super::account::Meter;
use super::deliveries::{Account, Deliveries};
use super::messages::shrink;
use super::settlements::{Settlement, SettlementId, Settlements};
use crate::stream::{Message, Returned, SendError, Sink, Ticket, TopicId};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Tells the tickets of messages from those of tasks.
const MARK: u64 = 1 << 63;

/// A ticket's number is that of a letter, else of a settlement.
const LETTER: u64 = 1 << 62;

/// The message's partition was asked for, not chosen by the partitioner.
const ADDRESSED: u64 = 1 << 61;

/// Where it is said what becomes of a message that is refused, see [`Refused`].
const REFUSED: (u32, u64) = (59, 3);

/// Where the topic stands in a ticket, above the number, and how many bits it has.
const TOPIC: (u32, u64) = (32, (1 << 27) - 1);

/// How often a message that may be lost is sent again.
const REPLY_RETRIES_MAX: u32 = 8;

/// The first wait before a message is sent again, and the longest.
const RETRY_MS: (i64, i64) = (100, 10_000);

/// What becomes of a message that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is sent until it is taken.
    Retried,
    /// So is it, but what is too large is made smaller: a dead letter.
    Shrunk,
    /// It is dropped: a reply.
    Dropped,
}

impl Refused {
    fn of(ticket: Ticket) -> Refused {
        match ticket.0 >> REFUSED.0 & REFUSED.1 {
            0 => Refused::Retried,
            1 => Refused::Shrunk,
            _ => Refused::Dropped,
        }
    }
}

/// A message that is to be sent again, until it is delivered.
struct Letter {
    settlement: SettlementId,
    message: Returned,
    /// Bytes of the message, as they are accounted for.
    bytes: usize,
    retries: u32,
    refused: Refused,
}

/// What became of a message that was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undelivered {
    /// It is sent again later; whether it is the first to its topic that came back since one was delivered.
    Retried { is_news: bool },
    /// It was given up.
    GivenUp,
}

/// The messages of a shard that are on their way.
#[derive(Default)]
pub(super) struct Outbox {
    pub(super) settlements: Settlements,
    letters: slab::Slab<Letter>,
    /// Bytes of all letters.
    bytes: Meter,
    /// The sink was full: to be sent, in order.
    unsent: VecDeque<u32>,
    /// To be sent again at a time, in the order they came back.
    later: BinaryHeap<Reverse<(i64, u64, u32)>>,
    /// Messages that came back so far.
    returned: u64,
    /// Settlements whose message was not even taken, and may be lost.
    lost: Vec<SettlementId>,
    /// By the topics' ids.
    accounts: Vec<Option<Account>>,
    deliveries: Deliveries,
}

/// A message to send, in the sink's words.
pub(super) struct Outgoing<'a> {
    pub(super) message: Message<'a>,
    pub(super) refused: Refused,
}

impl Outbox {
    /// Creates a box that tells `deliveries` whether its messages arrive, and counts what it keeps in `bytes`.
    pub(super) fn new(deliveries: Deliveries, bytes: Meter) -> Outbox {
        Outbox {
            bytes,
            deliveries,
            ..Outbox::default()
        }
    }

    /// Returns the handle of a topic to which messages will be sent.
    pub(super) fn topic(&mut self, sink: &mut dyn Sink, name: &str) -> TopicId {
        self.open(sink, name, &self.deliveries.clone())
    }

    /// Returns the handle of a topic that an event names; whether its messages arrive is nobody's business.
    pub(super) fn foreign_topic(&mut self, sink: &mut dyn Sink, name: &str) -> TopicId {
        self.open(sink, name, &Deliveries::default())
    }

    fn open(&mut self, sink: &mut dyn Sink, name: &str, deliveries: &Deliveries) -> TopicId {
        let id = sink.topic(name);
        let at = id.0 as usize;
        if at >= self.accounts.len() {
            self.accounts.resize_with(at + 1, || None);
        }
        self.accounts[at].get_or_insert_with(|| Account::open(deliveries, name));
        id
    }

    /// Returns the name of a message's topic.
    pub(super) fn topic_of(&self, ticket: Ticket) -> &str {
        let account = self.accounts.get(topic_of(ticket).0 as usize);
        account.and_then(Option::as_ref).map_or("?", Account::topic)
    }

    fn account(&mut self, topic: TopicId) -> Option<&mut Account> {
        self.accounts.get_mut(topic.0 as usize)?.as_mut()
    }

    /// Says whether an acknowledgement is for a message of this box.
    pub(super) fn owns(ticket: Ticket) -> bool {
        ticket.0 & MARK != 0
    }

    /// Sends a message for a settlement.
    pub(super) fn send(
        &mut self,
        sink: &mut dyn Sink,
        id: SettlementId,
        outgoing: &Outgoing<'_>,
        now_ms: i64,
    ) {
        self.settlements.add(id);
        let Outgoing { ref message, refused } = *outgoing;
        if let Some(account) = self.account(message.topic) {
            account.send(now_ms);
        }
        let sent = match self.unsent.is_empty() {
            true => {
                let addressed = if message.partition.is_some() { ADDRESSED } else { 0 };
                let ticket = ticket(addressed | (refused as u64) << REFUSED.0, message.topic, id.0);
                sink.send(message, ticket)
            }
            false => Err(SendError::Full),
        };
        if sent.is_err() {
            let place = self.keep(id, Returned::copy(message), refused);
            self.after_send(place, sent, now_ms);
        }
    }

    #[cold]
    fn keep(&mut self, settlement: SettlementId, message: Returned, refused: Refused) -> u32 {
        let bytes = size_of::<Letter>() + message.bytes();
        self.bytes.set(self.bytes.get() + bytes);
        let letter = Letter {
            settlement,
            message,
            bytes,
            retries: 0,
            refused,
        };
        self.letters.insert(letter) as u32
    }

    fn after_send(&mut self, place: u32, sent: Result<(), SendError>, now_ms: i64) {
        match sent {
            Ok(()) => {}
            Err(SendError::Full) => self.unsent.push_back(place),
            Err(error) if error.is_refusal() && self.letters[place as usize].refused == Refused::Dropped => {
                let letter = self.close(place, now_ms);
                tracing::error!("a reply is not taken and is dropped: {error}");
                self.lost.extend(letter.map(|letter| letter.settlement));
            }
            Err(SendError::TooLarge(_)) if self.shrink(place) => self.unsent.push_back(place),
            Err(error) => {
                self.retry(place, &error, now_ms);
            }
        }
    }

    /// Makes a message smaller that was too large, if it may be; says whether it is.
    fn shrink(&mut self, place: u32) -> bool {
        let letter = &mut self.letters[place as usize];
        if letter.refused != Refused::Shrunk || !shrink(&mut letter.message) {
            return false;
        }
        let bytes = size_of::<Letter>() + letter.message.bytes();
        self.bytes.set(self.bytes.get() - letter.bytes + bytes);
        letter.bytes = bytes;
        let topic = letter.message.topic.0 as usize;
        let topic = self.accounts.get(topic).and_then(Option::as_ref);
        tracing::warn!(
            topic = topic.map_or("?", Account::topic),
            "a dead letter is larger than the topic takes and goes without its value; raise max.message.bytes"
        );
        true
    }

    /// Says whether it is the first message to its topic that came back since one was delivered.
    fn retry(&mut self, place: u32, error: &SendError, now_ms: i64) -> bool {
        let letter = &mut self.letters[place as usize];
        let wait = (RETRY_MS.0 << letter.retries.min(16)).min(RETRY_MS.1);
        let (is_first, topic) = (letter.retries == 0, letter.message.topic);
        letter.retries += 1;
        self.returned += 1;
        self.later.push(Reverse((now_ms + wait, self.returned, place)));
        self.account(topic)
            .is_some_and(|account| account.failed(is_first, error, now_ms))
    }

    /// Takes a letter out: it is delivered, or given up.
    fn close(&mut self, place: u32, now_ms: i64) -> Option<Letter> {
        let letter = self.letters.try_remove(place as usize)?;
        self.bytes.set(self.bytes.get() - letter.bytes);
        if let Some(account) = self.account(letter.message.topic) {
            account.done(letter.retries > 0, now_ms);
        }
        Some(letter)
    }

    /// Returns the next settlement that is over since its message was not even taken, and may be lost.
    pub(super) fn lost(&mut self) -> Option<Settlement> {
        while let Some(id) = self.lost.pop() {
            let over = self.settlements.done(id);
            if over.is_some() {
                return over;
            }
        }
        None
    }

    /// Hears of a message that was delivered; returns the settlement if it is over.
    pub(super) fn delivered(&mut self, ticket: Ticket, now_ms: i64) -> Option<Settlement> {
        let number = ticket.0 as u32;
        if ticket.0 & LETTER == 0 {
            if let Some(account) = self.account(topic_of(ticket)) {
                account.done(false, now_ms);
            }
            return self.settlements.done(SettlementId(number));
        }
        let letter = self.close(number, now_ms)?;
        self.settlements.done(letter.settlement)
    }

    /// Hears of a message that was not delivered and came back: it is sent again, unless it is refused for
    /// good and may be lost.
    pub(super) fn undelivered(
        &mut self,
        ticket: Ticket,
        error: &SendError,
        message: Option<Returned>,
        now_ms: i64,
    ) -> (Undelivered, Option<Settlement>) {
        let number = ticket.0 as u32;
        let letter = self
            .letters
            .get(number as usize)
            .filter(|_| ticket.0 & LETTER != 0);
        let refused = letter.map_or(Refused::of(ticket), |letter| letter.refused);
        let retries = letter.map_or(0, |letter| letter.retries);
        let is_hopeless = error.is_refusal() || retries >= REPLY_RETRIES_MAX;
        if refused == Refused::Dropped && is_hopeless {
            return (Undelivered::GivenUp, self.delivered(ticket, now_ms));
        }
        let mut place = letter.map(|_| number);
        if let (None, Some(mut message)) = (place, message) {
            // The partitioner chooses again: the topic may have been made anew, with fewer partitions.
            message.partition = message.partition.filter(|_| ticket.0 & ADDRESSED != 0);
            place = Some(self.keep(SettlementId(number), message, refused));
        }
        let mut is_news = false;
        match place {
            Some(place) if matches!(error, SendError::TooLarge(_)) && self.shrink(place) => {
                self.unsent.push_back(place);
            }
            Some(place) => is_news = self.retry(place, error, now_ms),
            None => {}
        }
        (Undelivered::Retried { is_news }, None)
    }

    /// Sends what waits for room or for its time; returns how many messages that was.
    pub(super) fn resend(&mut self, sink: &mut dyn Sink, now_ms: i64) -> usize {
        let mut sent_count = 0;
        while let Some(&Reverse((at_ms, _, place))) = self.later.peek() {
            if at_ms > now_ms {
                break;
            }
            self.later.pop();
            self.unsent.push_back(place);
        }
        while let Some(&place) = self.unsent.front() {
            let message = &self.letters[place as usize].message;
            let sent = message.send(sink, ticket(LETTER, message.topic, place));
            if sent == Err(SendError::Full) {
                break;
            }
            self.unsent.pop_front();
            self.after_send(place, sent, now_ms);
            sent_count += 1;
        }
        sent_count
    }

    /// Returns how many messages the sink had no room for, or are to be sent again.
    pub(super) fn unsent(&self) -> usize {
        self.unsent.len() + self.later.len()
    }

    /// Says whether the sink had no room for a message.
    pub(super) fn is_stuck(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Returns when something is to be sent again.
    pub(super) fn next_ms(&self) -> Option<i64> {
        self.later.peek().map(|Reverse((at_ms, ..))| *at_ms)
    }
}

fn ticket(marks: u64, topic: TopicId, number: u32) -> Ticket {
    Ticket(MARK | marks | (u64::from(topic.0) & TOPIC.1) << TOPIC.0 | u64::from(number))
}

fn topic_of(ticket: Ticket) -> TopicId {
    TopicId((ticket.0 >> TOPIC.0 & TOPIC.1) as u32)
}
