//! Whether messages reach their topics: since when something waits for a topic and nothing is delivered to it.
//!
//! Written by the shards at each message, without a lock; read by whoever asks whether the service is stuck.
//! Must not know Kafka. Invariant: a topic stands still from the first message that waits, or from the last
//! one that was delivered while others wait, or from the first one that came back and was not delivered since.

use crate::stream::SendError;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long nothing may be delivered to a topic for which something waits.
pub const STUCK_AFTER: Duration = Duration::from_secs(30);
/// How long if the brokers do not take a message for good: there is little to wait for but a hand.
pub const REFUSED_AFTER: Duration = Duration::from_secs(5);

/// What is known of all topics that shards write to; clones are the same.
///
/// Bounded: a topic of a shard is here once while it is open; those are the configured ones.
#[derive(Clone, Debug, Default)]
pub struct Deliveries(Arc<Mutex<Vec<Arc<Delivery>>>>);

/// A topic to which nothing is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standstill {
    /// The topic.
    pub topic: Box<str>,
    /// For how long.
    pub lasts: Duration,
    /// Why the last message was not delivered, if one came back.
    pub error: Option<SendError>,
}

/// What is known of one topic on one shard.
#[derive(Debug)]
struct Delivery {
    topic: Box<str>,
    // In milliseconds since 1970; 0 is "not".
    still_ms: AtomicI64,
    returned_ms: AtomicI64,
    /// Messages that are not answered, or are to be sent again.
    waiting: AtomicU32,
    error: Mutex<Option<SendError>>,
}

impl Deliveries {
    /// Returns the topics that stand still for longer than [`STUCK_AFTER`], or [`REFUSED_AFTER`]; at a time in
    /// milliseconds since 1970. Each once, by name.
    pub fn standstills(&self, now_ms: i64) -> Vec<Standstill> {
        let mut found: BTreeMap<Box<str>, Standstill> = BTreeMap::new();
        for delivery in self.all().iter() {
            let Some(standstill) = delivery.standstill(now_ms) else {
                continue;
            };
            let known = found
                .entry(delivery.topic.clone())
                .or_insert_with(|| standstill.clone());
            known.lasts = known.lasts.max(standstill.lasts);
            known.error = known.error.take().or(standstill.error);
        }
        found.into_values().collect()
    }

    /// Returns how many messages are not delivered, of each topic that has some.
    pub fn waiting(&self) -> BTreeMap<Box<str>, u64> {
        let mut found = BTreeMap::new();
        for delivery in self.all().iter() {
            match delivery.waiting.load(Relaxed) {
                0 => {}
                waiting => *found.entry(delivery.topic.clone()).or_default() += u64::from(waiting),
            }
        }
        found
    }

    fn add(&self, topic: &str) -> Arc<Delivery> {
        let delivery = Arc::new(Delivery {
            topic: topic.into(),
            still_ms: AtomicI64::new(0),
            returned_ms: AtomicI64::new(0),
            waiting: AtomicU32::new(0),
            error: Mutex::default(),
        });
        let mut all = self.all();
        // Nobody sends to topics any more that only this list knows.
        all.retain(|known| Arc::strong_count(known) > 1);
        all.push(Arc::clone(&delivery));
        drop(all);
        delivery
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Delivery>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Delivery {
    fn standstill(&self, now_ms: i64) -> Option<Standstill> {
        let times = [&self.still_ms, &self.returned_ms].map(|time| time.load(Relaxed));
        let since_ms = times.into_iter().filter(|&time| time > 0).min()?;
        let lasts = Duration::from_millis(u64::try_from(now_ms - since_ms).unwrap_or(0));
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let bound = match &error {
            Some(error) if error.is_refusal() => REFUSED_AFTER,
            _ => STUCK_AFTER,
        };
        (lasts >= bound).then(|| Standstill {
            topic: self.topic.clone(),
            lasts,
            error,
        })
    }
}

/// What is given back of the room for messages on trial: the lane, how much, and whether that was its last.
pub(super) type OnTrial = Vec<(u32, usize, bool)>;

/// A shard's account of one topic.
pub(super) struct Account {
    shared: Arc<Delivery>,
    /// Messages that are not answered, or are to be sent again.
    waiting: u32,
    /// Those of them that came back.
    returned: u32,
    has_error: bool,
    /// Whether a message has arrived: the topic exists.
    pub(super) is_proven: bool,
    /// What its messages take of the room for those to topics that may not exist, by the lanes that have any.
    pub(super) on_trial: Vec<(u32, usize)>,
}

impl Account {
    pub(super) fn open(deliveries: &Deliveries, topic: &str) -> Account {
        Account {
            shared: deliveries.add(topic),
            waiting: 0,
            returned: 0,
            has_error: false,
            is_proven: false,
            on_trial: Vec::new(),
        }
    }

    pub(super) fn topic(&self) -> &str {
        &self.shared.topic
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting == 0
    }

    /// Notes a message that is on its way.
    pub(super) fn send(&mut self, now_ms: i64) {
        if self.waiting == 0 {
            self.shared.still_ms.store(now_ms, Relaxed);
        }
        self.waiting += 1;
        self.shared.waiting.store(self.waiting, Relaxed);
    }

    /// Notes a message that was delivered, or is given up.
    pub(super) fn done(&mut self, had_returned: bool, now_ms: i64) {
        self.waiting = self.waiting.saturating_sub(1);
        self.shared.waiting.store(self.waiting, Relaxed);
        let still_ms = if self.waiting > 0 { now_ms } else { 0 };
        self.shared.still_ms.store(still_ms, Relaxed);
        if had_returned {
            self.returned = self.returned.saturating_sub(1);
        }
        if self.has_error && self.returned == 0 {
            self.forget();
        }
    }

    /// Notes a message of a lane on trial; says whether it is the lane's first.
    pub(super) fn enter_trial(&mut self, lane: u32, cost: usize) -> bool {
        match self.on_trial.iter_mut().find(|(known, _)| *known == lane) {
            Some((_, costs)) => {
                *costs += cost;
                false
            }
            None => {
                self.on_trial.push((lane, cost));
                true
            }
        }
    }

    /// Notes that a message has arrived; returns what the topic's messages have taken of the room for those on trial.
    pub(super) fn prove(&mut self) -> OnTrial {
        self.is_proven = true;
        self.end_trial()
    }

    /// Notes that a message of a lane is on its way no more; returns what that gives back of the room for those on trial.
    pub(super) fn leave_trial(&mut self, lane: u32, cost: usize) -> OnTrial {
        if self.is_idle() {
            return self.end_trial();
        }
        let Some(index) = self.on_trial.iter().position(|(known, _)| *known == lane) else {
            return OnTrial::new();
        };
        let back = cost.min(self.on_trial[index].1);
        self.on_trial[index].1 -= back;
        let is_last = self.on_trial[index].1 == 0;
        if is_last {
            self.on_trial.swap_remove(index);
        }
        vec![(lane, back, is_last)]
    }

    fn end_trial(&mut self) -> OnTrial {
        let all = self.on_trial.drain(..);
        all.map(|(lane, cost)| (lane, cost, true)).collect()
    }

    #[cold]
    fn forget(&mut self) {
        self.has_error = false;
        self.shared.returned_ms.store(0, Relaxed);
        self.error().take();
    }

    /// Notes a message that was not delivered; `is_first` if it did not come back before. Returns whether that
    /// is news: nothing has come back and not been delivered before.
    pub(super) fn failed(&mut self, is_first: bool, error: &SendError, now_ms: i64) -> bool {
        if is_first {
            self.returned += 1;
        }
        let is_news = !std::mem::replace(&mut self.has_error, true);
        if is_news {
            self.shared.returned_ms.store(now_ms, Relaxed);
        }
        *self.error() = Some(error.clone());
        is_news
    }

    fn error(&self) -> std::sync::MutexGuard<'_, Option<SendError>> {
        self.shared.error.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STUCK_MS: i64 = STUCK_AFTER.as_millis() as i64;
    const REFUSED_MS: i64 = REFUSED_AFTER.as_millis() as i64;
    const START_MS: i64 = 1_000;

    fn topics(deliveries: &Deliveries, now_ms: i64) -> Vec<String> {
        let found = deliveries.standstills(now_ms).into_iter();
        found.map(|one| one.topic.into_string()).collect()
    }

    #[test]
    fn a_topic_stands_still_while_something_waits_and_nothing_arrives() {
        let deliveries = Deliveries::default();
        let mut account = Account::open(&deliveries, "out");
        account.send(START_MS);
        account.send(START_MS + 10);
        assert!(topics(&deliveries, START_MS + STUCK_MS - 1).is_empty());
        assert_eq!(topics(&deliveries, START_MS + STUCK_MS), ["out"]);
        // One arrives: the other has its time again.
        account.done(false, START_MS + STUCK_MS);
        assert!(topics(&deliveries, START_MS + 2 * STUCK_MS - 1).is_empty());
        assert_eq!(topics(&deliveries, START_MS + 2 * STUCK_MS), ["out"]);
        account.done(false, START_MS + 2 * STUCK_MS);
        assert!(topics(&deliveries, i64::MAX).is_empty());
    }

    #[test]
    fn what_is_refused_for_good_is_told_sooner_and_though_others_arrive() {
        let deliveries = Deliveries::default();
        let mut account = Account::open(&deliveries, "out");
        let (first, refused) = (true, SendError::Refused("too large".to_owned()));
        account.send(START_MS);
        assert!(account.failed(first, &refused, START_MS));
        assert!(!account.failed(!first, &refused, START_MS + 100));
        account.send(START_MS);
        account.done(false, START_MS + REFUSED_MS - 1);
        assert!(topics(&deliveries, START_MS + REFUSED_MS - 1).is_empty());
        let found = deliveries.standstills(START_MS + REFUSED_MS);
        assert_eq!(found[0].error, Some(refused.clone()));
        assert_eq!(found[0].lasts, REFUSED_AFTER);
        account.done(true, START_MS + REFUSED_MS);
        assert!(topics(&deliveries, i64::MAX).is_empty());
        account.send(START_MS);
        assert!(account.failed(first, &refused, START_MS), "news again");
    }

    #[test]
    fn a_topic_of_several_shards_is_named_once() {
        let deliveries = Deliveries::default();
        let accounts = ["b", "a", "b"].map(|topic| Account::open(&deliveries, topic));
        for (at, mut account) in accounts.into_iter().enumerate() {
            account.send(START_MS + at as i64);
        }
        assert_eq!(topics(&deliveries, START_MS + 2 * STUCK_MS), ["a", "b"]);
        let lasts = deliveries.standstills(START_MS + 2 * STUCK_MS)[1].lasts;
        assert_eq!(lasts, 2 * STUCK_AFTER);
    }
}
