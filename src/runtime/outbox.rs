//! Messages on their way, and what becomes of those that do not arrive.
//!
//! Owns what the sink has, and what it had no room for or did not deliver (`resend`): a result that is written to no topic
//! must not count as written. Of the sink's queue each lane has a share, and what finds no room there waits in the lane's
//! own line, so that a destination that takes nothing stops the workflows that write to it and no other. So it is with the
//! memory for what did not arrive, and with topics that may not exist (`trials`). Must not know workflows.
//! Invariant: each message counts in its settlement until it is acknowledged or given up, once.

use super::deliveries::{Account, Deliveries};
use super::settlements::{Settlement, SettlementId, Settlements};
use super::ticket::{Cost, Number, OnRefusal, Slip};
use crate::execution::account::Meter;
use crate::execution::steps::{Step, reach};
use crate::stream::share::{self, Shares};
use crate::stream::topics::Standing;
use crate::stream::{Message, Returned, SendError, Sink, Ticket, TopicId};
use rustc_hash::FxHashSet;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// How often a message that may be lost is sent again.
const REPLY_RETRIES_MAX: u32 = 8;

/// How much of the sink's queue is for what events leave behind; the rest is for tasks.
const OUTBOX_PART: (usize, usize) = (5, 8);

/// How much of the outbox's part of the queue messages of a lane may take to topics that events name and nothing has
/// reached yet, as a divisor, when those are more than a few: what is made up waits long for an answer.
const TRIAL: usize = 8;

/// What a lane has on its way to topics that may not exist.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trial {
    /// What its messages take of the sink.
    pub(super) cost: usize,
    /// To how many topics.
    pub(super) topics: usize,
}

/// A message that is to be sent again, until it is delivered.
pub(super) struct Retry {
    pub(super) settlement: SettlementId,
    pub(super) lane: u32,
    pub(super) message: Returned,
    /// Bytes of the message, as they are accounted for.
    pub(super) bytes: usize,
    pub(super) tries: u32,
    pub(super) on_refusal: OnRefusal,
}

/// What became of a message that was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undelivered {
    /// It is sent again later; whether it is the first to its topic that came back since one was delivered.
    Retried { is_news: bool },
    /// It was given up.
    GivenUp,
    /// Its lane is about to go, and what has not arrived is given up.
    Forsaken,
}

/// The messages of a shard that are on their way.
#[derive(Default)]
pub(super) struct Outbox {
    pub(super) settlements: Settlements,
    pub(super) retries: slab::Slab<Retry>,
    /// Bytes of all of them.
    pub(super) bytes: Meter,
    /// What each lane has of them: those included that wait for their time.
    pub(super) kept: Shares,
    /// What each lane has in the sink.
    pub(super) shares: Shares,
    /// What there was no room for: to be sent, in order, by lane.
    pub(super) unsent: Vec<VecDeque<u32>>,
    pub(super) unsent_count: usize,
    /// Which lane's line comes first when there is room.
    pub(super) first: usize,
    /// Whether the sink as a whole was full when it was last asked.
    pub(super) is_full: bool,
    /// To be sent again at a time, in the order they came back.
    pub(super) later: BinaryHeap<Reverse<(i64, u64, u32)>>,
    /// Messages that came back so far.
    pub(super) returned: u64,
    /// Settlements whose message was not even taken, and may be lost.
    pub(super) lost: Vec<SettlementId>,
    /// The lanes of messages at which our own code panicked, until they are told.
    pub(super) broken: Vec<u32>,
    /// The lanes of replies that were given up, until they are told.
    pub(super) unreplied: Vec<u32>,
    /// Lanes whose messages are sent no more.
    pub(super) forsaken: FxHashSet<u32>,
    /// By lane.
    pub(super) trials: Vec<Trial>,
    /// What messages of each may take of the sink to topics that may not exist, when those are many.
    pub(super) on_trial_max: usize,
    /// By the topics' ids.
    pub(super) accounts: Vec<Option<Account>>,
    pub(super) deliveries: Deliveries,
}

/// A message to send, in the sink's words.
pub(super) struct Outgoing<'a> {
    pub(super) message: Message<'a>,
    pub(super) on_refusal: OnRefusal,
}

impl Outbox {
    /// Creates a box for a sink with room for so much, which tells `deliveries` whether its messages arrive. It counts
    /// what it keeps in `bytes`; the lanes share `bytes_max` of them.
    pub(super) fn new(capacity: usize, deliveries: Deliveries, bytes: Meter, bytes_max: usize) -> Outbox {
        let part = capacity / OUTBOX_PART.1 * OUTBOX_PART.0;
        Outbox {
            bytes,
            kept: Shares::new(bytes_max, 0),
            shares: Shares::new(part, 0),
            on_trial_max: part / TRIAL,
            deliveries,
            ..Outbox::default()
        }
    }

    /// Sets how many lanes share the queue and the memory from now on.
    pub(super) fn set_lanes(&mut self, lanes: usize) {
        self.kept.set_users(lanes);
        self.shares.set_users(lanes);
    }

    /// Returns the handle of a topic to which messages will be sent.
    pub(super) fn topic(&mut self, sink: &mut dyn Sink, name: &str) -> TopicId {
        let id = self.open(sink, name, &self.deliveries.clone());
        if let Some(account) = self.account(id) {
            account.is_proven = true;
        }
        id
    }

    /// Returns the handle of a topic that an event names; whether its messages arrive is nobody's business.
    pub(super) fn foreign_topic(&mut self, sink: &mut dyn Sink, name: &str) -> TopicId {
        self.open(sink, name, &Deliveries::default())
    }

    fn open(&mut self, sink: &mut dyn Sink, name: &str, deliveries: &Deliveries) -> TopicId {
        let id = sink.topic(name);
        let index = id.0 as usize;
        if index >= self.accounts.len() {
            self.accounts.resize_with(index + 1, || None);
        }
        let account = &mut self.accounts[index];
        // The sink uses the places of closed topics anew.
        if account.as_ref().is_none_or(|known| known.topic() != name) {
            *account = Some(Account::open(deliveries, name));
        }
        id
    }

    /// Returns what is known of a topic that an event has named.
    pub(super) fn standing(&self, topic: TopicId) -> Standing {
        let account = self.accounts.get(topic.0 as usize).and_then(Option::as_ref);
        Standing {
            is_idle: account.is_none_or(Account::is_idle),
            is_proven: account.is_some_and(|account| account.is_proven),
        }
    }

    /// Closes a topic that is idle.
    pub(super) fn close_topic(&mut self, sink: &mut dyn Sink, topic: TopicId) {
        if sink.close(topic) {
            self.accounts[topic.0 as usize] = None;
        }
    }

    /// Returns the name of a message's topic.
    pub(super) fn topic_of(&self, ticket: Ticket) -> &str {
        let topic = Slip::unpack(ticket).map(|slip| slip.topic);
        let account = topic.and_then(|topic| self.accounts.get(topic.0 as usize));
        account.and_then(Option::as_ref).map_or("?", Account::topic)
    }

    pub(super) fn account(&mut self, topic: TopicId) -> Option<&mut Account> {
        self.accounts.get_mut(topic.0 as usize)?.as_mut()
    }

    /// Says whether an acknowledgement is for a message of this box.
    pub(super) fn owns(ticket: Ticket) -> bool {
        Slip::unpack(ticket).is_some()
    }

    /// Sends a message for a settlement.
    pub(super) fn send(
        &mut self,
        sink: &mut dyn Sink,
        id: SettlementId,
        outgoing: &Outgoing<'_>,
        now_ms: i64,
    ) {
        let Outgoing {
            ref message,
            on_refusal,
        } = *outgoing;
        reach(Step::Send);
        let lane = self.settlements.lane(id);
        let slip = Slip {
            number: Number::Settlement(id.0),
            topic: message.topic,
            cost: Cost::of(share::cost(message)),
            is_addressed: message.partition.is_some(),
            on_refusal,
        };
        let sent = match self.has_line(lane) || !self.shares.has_room(lane as usize, slip.cost.get()) {
            true => Err(SendError::Full),
            false => self.hand_over(lane, slip, |ticket| sink.send(message, ticket)),
        };
        let kept = sent
            .is_err()
            .then(|| self.keep(id, Returned::copy(message), on_refusal));
        // Counted when it is certain: a panic on the way here leaves nothing that is waited for.
        self.settlements.add(id);
        if let Some(account) = self.account(message.topic) {
            account.send(now_ms);
            if !account.is_proven {
                self.enter_trial(lane, message.topic, slip.cost.get());
            }
        }
        if let Some(place) = kept {
            self.after_send(place, sent, now_ms);
        }
    }

    /// Sends a message that has room in its lane's share.
    pub(super) fn hand_over(
        &mut self,
        lane: u32,
        slip: Slip,
        send: impl FnOnce(Ticket) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        let sent = send(slip.pack());
        match sent {
            Ok(()) => self.shares.take(lane as usize, slip.cost.get()),
            Err(SendError::Full) => self.is_full = true,
            Err(_) => {}
        }
        sent
    }

    /// Hears of a message that was delivered; returns the settlement if it is over.
    pub(super) fn delivered(&mut self, ticket: Ticket, now_ms: i64) -> Option<Settlement> {
        let slip = Slip::unpack(ticket)?;
        self.leaves_sink(slip);
        if let Some(account) = self.account(slip.topic).filter(|account| !account.is_proven) {
            let back = account.prove();
            self.end_trial(back);
        }
        self.done(slip, now_ms)
    }

    /// Notes that the sink has a message no more; returns the lane.
    fn leaves_sink(&mut self, slip: Slip) -> Option<u32> {
        let lane = match slip.number {
            Number::Settlement(number) => Some(self.settlements.lane(SettlementId(number))),
            Number::Retry(number) => self.retries.get(number as usize).map(|retry| retry.lane),
        }?;
        self.shares.give_back(lane as usize, slip.cost.get());
        Some(lane)
    }

    fn done(&mut self, slip: Slip, now_ms: i64) -> Option<Settlement> {
        match slip.number {
            Number::Settlement(number) => {
                if let Some(account) = self.account(slip.topic) {
                    account.done(false, now_ms);
                }
                let lane = self.settlements.lane(SettlementId(number));
                self.leave_trial(lane, slip.topic, slip.cost);
                self.settlements.done(SettlementId(number))
            }
            Number::Retry(number) => {
                let retry = self.close(number, now_ms)?;
                self.settlements.done(retry.settlement)
            }
        }
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
        let Some(slip) = Slip::unpack(ticket) else {
            return (Undelivered::Retried { is_news: false }, None);
        };
        let lane = self.leaves_sink(slip);
        if lane.is_some_and(|lane| self.forsaken.contains(&lane)) {
            return (Undelivered::Forsaken, self.done(slip, now_ms));
        }
        let retry = match slip.number {
            Number::Retry(number) => self.retries.get(number as usize),
            Number::Settlement(_) => None,
        };
        let tries = retry.map_or(0, |retry| retry.tries);
        let is_hopeless = error.is_refusal() || tries >= REPLY_RETRIES_MAX;
        if slip.on_refusal == OnRefusal::Dropped && is_hopeless {
            self.unreplied.extend(lane);
            return (Undelivered::GivenUp, self.done(slip, now_ms));
        }
        let place = match (slip.number, message) {
            (Number::Retry(number), _) => retry.map(|_| number),
            (Number::Settlement(number), Some(mut message)) => {
                // The partitioner chooses again: the topic may have been made anew, with fewer partitions.
                message.partition = message.partition.filter(|_| slip.is_addressed);
                Some(self.keep(SettlementId(number), message, slip.on_refusal))
            }
            (Number::Settlement(_), None) => None,
        };
        let mut is_news = false;
        match place {
            Some(place) if matches!(error, SendError::TooLarge(_)) && self.shrink(place) => self.wait(place),
            Some(place) => is_news = self.retry_later(place, error, now_ms),
            None => {}
        }
        (Undelivered::Retried { is_news }, None)
    }

    /// Hands out the lanes of replies that were given up.
    pub(super) fn unreplied(&mut self) -> impl Iterator<Item = u32> + '_ {
        self.unreplied.drain(..)
    }

    /// Hands out the lanes of messages at which our own code panicked.
    pub(super) fn broken(&mut self) -> impl Iterator<Item = u32> + '_ {
        self.broken.drain(..)
    }

    /// Says whether a lane must take no more events: there was no room for one of its messages, or too many wait for
    /// their next try.
    pub(super) fn is_stuck(&self, lane: u32) -> bool {
        self.has_line(lane) || self.is_over(lane)
    }

    /// Says whether the sink as a whole had no room: that stops all lanes, and comes only where the sink does not hold
    /// as much as it said.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }
}
