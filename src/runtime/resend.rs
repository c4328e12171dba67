//! Messages that the sink had no room for or did not deliver: kept, and sent again.
//!
//! What there was no room for waits in its lane's line; what came back waits for its time first. Must not know whose
//! messages they are. Invariant: a message that is kept is in one line, or waits for its time, or is in the sink.

use super::deliveries::Account;
use super::letter_headers::shrink;
use super::outbox::{Outbox, Retry};
use super::settlements::{Settlement, SettlementId};
use super::ticket::{Cost, Number, OnRefusal, Slip};
use crate::execution::steps::{Step, reach};
use crate::guard::guarded;
use crate::stream::{Returned, SendError, Sink};
use std::cmp::Reverse;
use std::collections::VecDeque;

/// The first wait before a message is sent again, and the longest.
const RETRY_MS: (i64, i64) = (100, 10_000);

impl Outbox {
    /// Lets a kept message wait for room.
    #[cold]
    pub(super) fn wait(&mut self, place: u32) {
        let lane = self.retries[place as usize].lane as usize;
        if lane >= self.unsent.len() {
            self.unsent.resize_with(lane + 1, VecDeque::new);
        }
        self.unsent[lane].push_back(place);
        self.unsent_count += 1;
    }

    #[cold]
    pub(super) fn keep(&mut self, settlement: SettlementId, message: Returned, on_refusal: OnRefusal) -> u32 {
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
            on_refusal,
        };
        self.retries.insert(retry) as u32
    }

    pub(super) fn after_send(&mut self, place: u32, sent: Result<(), SendError>, now_ms: i64) {
        match sent {
            Ok(()) => {}
            Err(SendError::Full) => self.wait(place),
            Err(error)
                if error.is_refusal() && self.retries[place as usize].on_refusal == OnRefusal::Dropped =>
            {
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
    pub(super) fn shrink(&mut self, place: u32) -> bool {
        let retry = &mut self.retries[place as usize];
        if retry.on_refusal != OnRefusal::Shrunk || !shrink(&mut retry.message) {
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
    pub(super) fn retry_later(&mut self, place: u32, error: &SendError, now_ms: i64) -> bool {
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
    pub(super) fn close(&mut self, place: u32, now_ms: i64) -> Option<Retry> {
        let retry = self.retries.try_remove(place as usize)?;
        self.bytes.set(self.bytes.get() - retry.bytes);
        self.kept.give_back(retry.lane as usize, retry.bytes);
        if let Some(account) = self.account(retry.message.topic) {
            account.done(retry.tries > 0, now_ms);
        }
        self.leave_trial(retry.lane, retry.message.topic, Cost::of(retry.message.cost()));
        Some(retry)
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
    pub(super) fn resend_of(&mut self, lane: usize, sink: &mut dyn Sink, now_ms: i64) -> usize {
        let mut sent_count = 0;
        while let Some(&place) = self.unsent[lane].front() {
            let retry = &self.retries[place as usize];
            let slip = Slip {
                number: Number::Retry(place),
                topic: retry.message.topic,
                cost: Cost::of(retry.message.cost()),
                is_addressed: retry.message.partition.is_some(),
                on_refusal: retry.on_refusal,
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
    pub(super) fn give_up(&mut self, lane: usize, place: u32, message: &str, now_ms: i64) {
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

    /// Says whether the messages of a lane that did not arrive take all that it may have of memory.
    pub(super) fn is_over(&self, lane: u32) -> bool {
        !self.kept.has_room(lane as usize, 1)
    }

    /// Says whether there was no room for a message of a lane.
    pub(super) fn has_line(&self, lane: u32) -> bool {
        self.unsent
            .get(lane as usize)
            .is_some_and(|waiting| !waiting.is_empty())
    }

    /// Returns when something is to be sent again.
    pub(super) fn next_ms(&self) -> Option<i64> {
        self.later.peek().map(|Reverse((at_ms, ..))| *at_ms)
    }

    /// Returns how many messages there was no room for, or are to be sent again.
    pub(super) fn unsent(&self) -> usize {
        self.unsent_count + self.later.len()
    }

    /// Says whether there was no room for a message of any lane.
    pub(super) fn is_waiting(&self) -> bool {
        self.unsent_count > 0
    }
}
