//! Messages on their way, and what becomes of those that do not arrive.
//!
//! Owns what the sink had no room for or did not deliver, so that it is sent again: a result that is written
//! to no topic must not count as written. What is on its way the sink has; of its queue each lane has a share, and
//! what finds no room there waits in the lane's own line, so that a destination that takes nothing stops the
//! workflows that write to it and no other. So it is with the memory for what did not arrive. Must not know workflows.
//! Invariant: each message counts in its settlement until it is acknowledged or given up, once.

use super::deliveries::{Account, Deliveries, OnTrial};
use super::letter_headers::shrink;
use super::settlements::{Settlement, SettlementId, Settlements};
use super::ticket::{Cost, Number, Refused, Slip};
use crate::execution::account::Meter;
use crate::execution::steps::{Step, reach};
use crate::guard::guarded;
use crate::stream::share::{self, Shares};
use crate::stream::topics::Standing;
use crate::stream::{Message, Returned, SendError, Sink, Ticket, TopicId};
use rustc_hash::FxHashSet;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// How often a message that may be lost is sent again.
const REPLY_RETRIES_MAX: u32 = 8;

/// The first wait before a message is sent again, and the longest.
const RETRY_MS: (i64, i64) = (100, 10_000);

/// How much of the sink's queue is for what events leave behind; the rest is for tasks.
const OUTBOX_PART: (usize, usize) = (5, 8);

/// How much of the outbox's part of the queue messages of a lane may take to topics that events name and nothing has
/// reached yet, as a divisor, when there are more of those than [`TRIED_FEW`]: what is made up waits long for an answer.
const TRIAL: usize = 8;

/// To how many such topics the messages of a lane may be on their way like any others: whoever makes names up makes many,
/// and one that exists is one of a few until the first message has arrived.
const TRIED_FEW: usize = 16;

/// What a lane has on its way to topics that may not exist.
#[derive(Clone, Copy, Debug, Default)]
struct Trial {
    /// What its messages take of the sink.
    cost: usize,
    /// To how many topics.
    topics: usize,
}

/// A message that is to be sent again, until it is delivered.
struct Retry {
    settlement: SettlementId,
    lane: u32,
    message: Returned,
    /// Bytes of the message, as they are accounted for.
    bytes: usize,
    tries: u32,
    refused: Refused,
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
    retries: slab::Slab<Retry>,
    /// Bytes of all of them.
    bytes: Meter,
    /// What each lane has of them: those included that wait for their time.
    kept: Shares,
    /// What each lane has in the sink.
    shares: Shares,
    /// What there was no room for: to be sent, in order, by lane.
    unsent: Vec<VecDeque<u32>>,
    unsent_count: usize,
    /// Which lane's line comes first when there is room.
    first: usize,
    /// Whether the sink as a whole was full when it was last asked.
    is_full: bool,
    /// To be sent again at a time, in the order they came back.
    later: BinaryHeap<Reverse<(i64, u64, u32)>>,
    /// Messages that came back so far.
    returned: u64,
    /// Settlements whose message was not even taken, and may be lost.
    lost: Vec<SettlementId>,
    /// The lanes of messages at which our own code panicked, until they are told.
    broken: Vec<u32>,
    /// The lanes of replies that were given up, until they are told.
    unreplied: Vec<u32>,
    /// Lanes whose messages are sent no more.
    forsaken: FxHashSet<u32>,
    /// By lane.
    trials: Vec<Trial>,
    /// What messages of each may take of the sink to topics that may not exist, when those are many.
    on_trial_max: usize,
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

    /// Says whether a message of a lane may be sent to a topic that may not exist: those are few, or there is room.
    pub(super) fn may_try(&self, lane: u32, topic: TopicId) -> bool {
        let trial = self.trials.get(lane as usize).copied().unwrap_or_default();
        trial.topics <= TRIED_FEW || trial.cost < self.on_trial_max || self.standing(topic).is_proven
    }

    /// Notes a message of a lane that is on its way to a topic that may not exist.
    fn enter_trial(&mut self, lane: u32, topic: TopicId, cost: usize) {
        let is_new = self
            .account(topic)
            .is_some_and(|account| account.enter_trial(lane, cost));
        let index = lane as usize;
        if index >= self.trials.len() {
            self.trials.resize_with(index + 1, Trial::default);
        }
        self.trials[index].cost += cost;
        self.trials[index].topics += usize::from(is_new);
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

    fn account(&mut self, topic: TopicId) -> Option<&mut Account> {
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
        let Outgoing { ref message, refused } = *outgoing;
        reach(Step::Send);
        let lane = self.settlements.lane(id);
        let slip = Slip {
            number: Number::Settlement(id.0),
            topic: message.topic,
            cost: Cost::of(share::cost(message)),
            is_addressed: message.partition.is_some(),
            refused,
        };
        let sent = match self.has_line(lane) || !self.shares.has_room(lane as usize, slip.cost.get()) {
            true => Err(SendError::Full),
            false => self.hand_over(lane, slip, |ticket| sink.send(message, ticket)),
        };
        let kept = sent
            .is_err()
            .then(|| self.keep(id, Returned::copy(message), refused));
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
    fn hand_over(
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

    /// Lets a kept message wait for room.
    #[cold]
    fn wait(&mut self, place: u32) {
        let lane = self.retries[place as usize].lane as usize;
        if lane >= self.unsent.len() {
            self.unsent.resize_with(lane + 1, VecDeque::new);
        }
        self.unsent[lane].push_back(place);
        self.unsent_count += 1;
    }

    #[cold]
    fn keep(&mut self, settlement: SettlementId, message: Returned, refused: Refused) -> u32 {
        let bytes = size_of::<Retry>() + message.bytes();
        let lane = self.settlements.lane(settlement);
        self.bytes.set(self.bytes.get() + bytes);
        self.kept.take(lane as usize, bytes);
        let retry = Retry {
            settlement,
            lane,
            message,
            bytes,
            tries: 0,
            refused,
        };
        self.retries.insert(retry) as u32
    }

    fn after_send(&mut self, place: u32, sent: Result<(), SendError>, now_ms: i64) {
        match sent {
            Ok(()) => {}
            Err(SendError::Full) => self.wait(place),
            Err(error) if error.is_refusal() && self.retries[place as usize].refused == Refused::Dropped => {
                let retry = self.close(place, now_ms);
                tracing::error!("a reply is refused and dropped: {error}");
                self.unreplied.extend(retry.as_ref().map(|retry| retry.lane));
                self.lost.extend(retry.map(|retry| retry.settlement));
            }
            Err(SendError::TooLarge(_)) if self.shrink(place) => self.wait(place),
            Err(error) => {
                self.retry_later(place, &error, now_ms);
            }
        }
    }

    /// Makes a message smaller that was too large, if it may be; says whether it is.
    fn shrink(&mut self, place: u32) -> bool {
        let retry = &mut self.retries[place as usize];
        if retry.refused != Refused::Shrunk || !shrink(&mut retry.message) {
            return false;
        }
        let bytes = size_of::<Retry>() + retry.message.bytes();
        self.bytes.set(self.bytes.get() - retry.bytes + bytes);
        self.kept.give_back(retry.lane as usize, retry.bytes);
        self.kept.take(retry.lane as usize, bytes);
        retry.bytes = bytes;
        let topic = retry.message.topic.0 as usize;
        let topic = self.accounts.get(topic).and_then(Option::as_ref);
        tracing::warn!(
            topic = topic.map_or("?", Account::topic),
            "a dead letter is too large for the topic and is sent without its value; raise max.message.bytes"
        );
        true
    }

    /// Says whether it is the first message to its topic that came back since one was delivered.
    fn retry_later(&mut self, place: u32, error: &SendError, now_ms: i64) -> bool {
        let retry = &mut self.retries[place as usize];
        let wait = (RETRY_MS.0 << retry.tries.min(16)).min(RETRY_MS.1);
        let (is_first, topic) = (retry.tries == 0, retry.message.topic);
        retry.tries += 1;
        self.returned += 1;
        self.later.push(Reverse((now_ms + wait, self.returned, place)));
        self.account(topic)
            .is_some_and(|account| account.failed(is_first, error, now_ms))
    }

    /// Takes a kept message out: it is delivered, or given up.
    fn close(&mut self, place: u32, now_ms: i64) -> Option<Retry> {
        let retry = self.retries.try_remove(place as usize)?;
        self.bytes.set(self.bytes.get() - retry.bytes);
        self.kept.give_back(retry.lane as usize, retry.bytes);
        if let Some(account) = self.account(retry.message.topic) {
            account.done(retry.tries > 0, now_ms);
        }
        self.leave_trial(retry.lane, retry.message.topic, Cost::of(retry.message.cost()));
        Some(retry)
    }

    /// Notes that a message is on its way no more, for the room of those to topics that may not exist.
    fn leave_trial(&mut self, lane: u32, topic: TopicId, cost: Cost) {
        let back = match self.account(topic) {
            Some(account) if !account.on_trial.is_empty() => account.leave_trial(lane, cost.get()),
            _ => return,
        };
        self.end_trial(back);
    }

    /// Gives back what messages of lanes to one topic took of the room for those on trial.
    fn end_trial(&mut self, back: OnTrial) {
        for (lane, cost, is_last) in back {
            let trial = &mut self.trials[lane as usize];
            trial.cost -= cost;
            trial.topics -= usize::from(is_last);
        }
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
        if slip.refused == Refused::Dropped && is_hopeless {
            self.unreplied.extend(lane);
            return (Undelivered::GivenUp, self.done(slip, now_ms));
        }
        let place = match (slip.number, message) {
            (Number::Retry(number), _) => retry.map(|_| number),
            (Number::Settlement(number), Some(mut message)) => {
                // The partitioner chooses again: the topic may have been made anew, with fewer partitions.
                message.partition = message.partition.filter(|_| slip.is_addressed);
                Some(self.keep(SettlementId(number), message, slip.refused))
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

    /// Sends what waits for room or for its time; returns how many messages that was.
    pub(super) fn resend(&mut self, sink: &mut dyn Sink, now_ms: i64) -> usize {
        while let Some(&Reverse((at_ms, _, place))) = self.later.peek()
            && at_ms <= now_ms
        {
            self.later.pop();
            self.wait(place);
        }
        self.is_full = false;
        if self.unsent_count == 0 {
            return 0;
        }
        self.first = (self.first + 1) % self.unsent.len();
        let lanes = (self.first..self.unsent.len()).chain(0..self.first);
        lanes.map(|lane| self.resend_of(lane, sink, now_ms)).sum()
    }

    /// Sends what waits of one lane, as long as there is room.
    fn resend_of(&mut self, lane: usize, sink: &mut dyn Sink, now_ms: i64) -> usize {
        let mut sent_count = 0;
        while let Some(&place) = self.unsent[lane].front() {
            let retry = &self.retries[place as usize];
            let slip = Slip {
                number: Number::Retry(place),
                topic: retry.message.topic,
                cost: Cost::of(retry.message.cost()),
                is_addressed: retry.message.partition.is_some(),
                refused: retry.refused,
            };
            if !self.shares.has_room(lane, slip.cost.get()) {
                break;
            }
            let sent = guarded(|| {
                reach(Step::Resend);
                retry.message.send(sink, slip.pack())
            });
            let sent = match sent {
                Ok(sent) => self.hand_over(lane as u32, slip, |_| sent),
                Err(message) => {
                    self.give_up(lane, place, &message, now_ms);
                    continue;
                }
            };
            if sent == Err(SendError::Full) {
                break;
            }
            self.unsent[lane].pop_front();
            self.unsent_count -= 1;
            self.after_send(place, sent, now_ms);
            sent_count += 1;
        }
        sent_count
    }

    /// Gives up a message at whose sending our own code panicked: what else its event leaves goes on.
    #[cold]
    fn give_up(&mut self, lane: usize, place: u32, message: &str, now_ms: i64) {
        self.unsent[lane].pop_front();
        self.unsent_count -= 1;
        self.broken.push(lane as u32);
        let Some(retry) = self.close(place, now_ms) else {
            return;
        };
        let topic = self.accounts.get(retry.message.topic.0 as usize);
        let topic = topic.and_then(Option::as_ref).map_or("?", Account::topic);
        tracing::error!(
            topic,
            offset = self.settlements.offset(retry.settlement),
            "a bug in stepstream ended a message of an event, which is lost, please report it: {}",
            message.escape_debug()
        );
        self.lost.push(retry.settlement);
    }

    /// Sends no more messages of a lane that is about to go: neither those that wait nor those that come back.
    pub(super) fn forsake(&mut self, lane: u32) {
        self.forsaken.insert(lane);
    }

    /// Gives up what waits of a lane's messages; what the sink has of them is left.
    pub(super) fn give_up_all(&mut self, lane: u32, now_ms: i64) {
        if self.kept.used_by(lane as usize) == 0 {
            return;
        }
        let retries = &self.retries;
        let is_its = |place: u32| {
            retries
                .get(place as usize)
                .is_some_and(|retry| retry.lane == lane)
        };
        let mut places: Vec<u32> = self
            .later
            .iter()
            .map(|Reverse((_, _, place))| *place)
            .filter(|&place| is_its(place))
            .collect();
        self.later.retain(|Reverse((_, _, place))| !is_its(*place));
        if let Some(unsent) = self.unsent.get_mut(lane as usize) {
            self.unsent_count -= unsent.len();
            places.extend(unsent.drain(..));
        }
        for place in places {
            let retry = self.close(place, now_ms);
            self.lost.extend(retry.map(|retry| retry.settlement));
        }
    }

    /// Forgets a lane that is gone.
    pub(super) fn forget(&mut self, lane: u32) {
        self.forsaken.remove(&lane);
    }

    /// Hands out the lanes of replies that were given up.
    pub(super) fn unreplied(&mut self) -> impl Iterator<Item = u32> + '_ {
        self.unreplied.drain(..)
    }

    /// Hands out the lanes of messages at which our own code panicked.
    pub(super) fn broken(&mut self) -> impl Iterator<Item = u32> + '_ {
        self.broken.drain(..)
    }

    /// Returns how many messages there was no room for, or are to be sent again.
    pub(super) fn unsent(&self) -> usize {
        self.unsent_count + self.later.len()
    }

    /// Says whether a lane must take no more events: there was no room for one of its messages, or too many wait for
    /// their next try.
    pub(super) fn is_stuck(&self, lane: u32) -> bool {
        self.has_line(lane) || self.is_over(lane)
    }

    /// Says whether the messages of a lane that did not arrive take all that it may have of memory.
    pub(super) fn is_over(&self, lane: u32) -> bool {
        !self.kept.has_room(lane as usize, 1)
    }

    /// Says whether there was no room for a message of a lane.
    fn has_line(&self, lane: u32) -> bool {
        self.unsent
            .get(lane as usize)
            .is_some_and(|waiting| !waiting.is_empty())
    }

    /// Says whether the sink as a whole had no room: that stops all lanes, and comes only where the sink does not hold
    /// as much as it said.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Says whether there was no room for a message of any lane.
    pub(super) fn is_waiting(&self) -> bool {
        self.unsent_count > 0
    }

    /// Returns when something is to be sent again.
    pub(super) fn next_ms(&self) -> Option<i64> {
        self.later.peek().map(|Reverse((at_ms, ..))| *at_ms)
    }
}
