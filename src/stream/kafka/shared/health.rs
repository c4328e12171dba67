//! What metrics and readiness want to know of a client.
//!
//! Written by the client's own threads, read by whoever asks; nothing here is touched per event. Must not
//! know metric names. Invariant: what it says is at most about a second older than what the client knows.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The state of one client, or of the clients that share it.
#[derive(Debug)]
pub struct Health {
    began: Instant,
    joined: AtomicBool,
    // A connection failed; whether any broker answers is to be seen.
    suspect: AtomicBool,
    // Milliseconds after `began`, plus one; 0 is "not".
    down_since: AtomicU64,
    seen: AtomicU64,
    commit_failures: AtomicU64,
    // Of producers: messages that were not taken or not delivered, and those that are not answered yet.
    undelivered: AtomicU64,
    unanswered: AtomicU64,
    // Partitions that were left without an answer to their last commit.
    uncommitted: AtomicU64,
    authentication: Mutex<Option<String>>,
    // Why the group's coordinator does not take us, and what helps.
    group: Mutex<Option<String>>,
    fatal: Mutex<Option<String>>,
    error: Mutex<Option<(Instant, String)>>,
    partitions: Mutex<Vec<PartitionHealth>>,
    // Which assigned partitions are not read, and why.
    unplaced: Mutex<Option<String>>,
    // Whether the topics have been looked at.
    looked: AtomicBool,
    absent: Mutex<Vec<Absent>>,
}

/// A topic that is not there, and why.
pub(crate) type Absent = (Arc<str>, Absence);

/// Why a topic that is to be read is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It does not exist.
    Missing,
    /// We may not know of it.
    Forbidden,
}

impl Absence {
    /// Says what is wrong with a topic, and what helps.
    pub fn reason(self, topic: &str) -> String {
        match self {
            Absence::Missing => {
                format!("topic '{topic}' does not exist: create it (it is read as soon as it exists)")
            }
            Absence::Forbidden => {
                format!("topic '{topic}' may not be read: allow it to this client (ACLs: Read, Describe)")
            }
        }
    }
}

/// What is known of an assigned partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionHealth {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition's number.
    pub number: i32,
    /// The shard that reads it.
    pub shard: usize,
    /// The offset after the newest event that may be read.
    pub high: Option<i64>,
    /// The offset that is committed.
    pub committed: Option<i64>,
    /// The oldest offset that is still there.
    pub low: Option<i64>,
}

impl PartitionHealth {
    /// Returns how many offsets are between the newest event and the commit, or the oldest one that is still there if
    /// that is higher: what retention has deleted nobody can read any more.
    pub fn lag(&self) -> Option<i64> {
        Some((self.high? - self.committed.max(self.low)?).max(0))
    }
}

impl Default for Health {
    fn default() -> Health {
        Health {
            began: Instant::now(),
            joined: AtomicBool::new(false),
            suspect: AtomicBool::new(false),
            down_since: AtomicU64::new(0),
            seen: AtomicU64::new(0),
            commit_failures: AtomicU64::new(0),
            undelivered: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
            uncommitted: AtomicU64::new(0),
            authentication: Mutex::default(),
            group: Mutex::default(),
            fatal: Mutex::default(),
            error: Mutex::default(),
            partitions: Mutex::default(),
            unplaced: Mutex::default(),
            looked: AtomicBool::new(false),
            absent: Mutex::default(),
        }
    }
}

impl Health {
    /// Whether the group has assigned partitions (perhaps none), all topics are there, the brokers answer and
    /// accept us, as does the group.
    pub fn ready(&self) -> bool {
        self.joined.load(Relaxed)
            && self.looked.load(Relaxed)
            && locked(&self.absent).is_empty()
            && self.down_for().is_none()
            && self.authentication().is_none()
            && self.group_refusal().is_none()
            && self.not_placed().is_none()
            && self.fatal().is_none()
    }

    /// Returns how long no broker has been reachable.
    pub fn down_for(&self) -> Option<Duration> {
        let since = self.down_since.load(Relaxed).checked_sub(1)?;
        Some(self.began.elapsed().saturating_sub(Duration::from_millis(since)))
    }

    /// Returns what the brokers said when they refused our credentials, until they accept them.
    pub fn authentication(&self) -> Option<String> {
        locked(&self.authentication).clone()
    }

    /// Returns why the group's coordinator does not take us as a member, and what helps, until it does.
    pub fn group_refusal(&self) -> Option<String> {
        locked(&self.group).clone()
    }

    /// Returns which of the assigned partitions are not read yet, and why, if that is more than a moment's matter.
    pub fn not_placed(&self) -> Option<String> {
        locked(&self.unplaced).clone()
    }

    /// Returns why the client has given up for good: it was fenced by another with its instance id, say.
    pub fn fatal(&self) -> Option<String> {
        locked(&self.fatal).clone()
    }

    /// Returns the last error of the client, and when it came.
    pub fn last_error(&self) -> Option<(Instant, String)> {
        locked(&self.error).clone()
    }

    /// Returns the assigned partitions; empty for a producer.
    pub fn partitions(&self) -> Vec<PartitionHealth> {
        locked(&self.partitions).clone()
    }

    /// Returns the topics of the subscription that are not there.
    pub fn absent(&self) -> Vec<(Arc<str>, Absence)> {
        locked(&self.absent).clone()
    }

    /// Returns how long the control thread has not come round: it does so at least once a second.
    pub fn silent_for(&self) -> Duration {
        let seen = Duration::from_millis(self.seen.load(Relaxed));
        self.began.elapsed().saturating_sub(seen)
    }

    /// Returns how many commits of partitions have failed.
    pub fn commit_failures(&self) -> u64 {
        self.commit_failures.load(Relaxed)
    }

    /// Returns how many messages a producer did not take, other than for want of room, or did not deliver; one
    /// that is tried again counts each time.
    pub fn undelivered(&self) -> u64 {
        self.undelivered.load(Relaxed)
    }

    /// Returns how many messages were handed to a producer and are not answered.
    pub fn unanswered(&self) -> u64 {
        self.unanswered.load(Relaxed)
    }

    /// Returns how many partitions a consumer that has left its group had, of which the last commit was not answered
    /// in time.
    pub fn uncommitted(&self) -> u64 {
        self.uncommitted.load(Relaxed)
    }

    pub(crate) fn leaves_uncommitted(&self, partitions: usize) {
        self.uncommitted.store(partitions as u64, Relaxed);
    }

    pub(crate) fn not_delivered(&self) {
        self.undelivered.fetch_add(1, Relaxed);
    }

    /// Replaces what one producer has said of its messages that are not answered.
    pub(crate) fn waits(&self, before: usize, now: usize) {
        self.unanswered.fetch_add(now as u64, Relaxed);
        self.unanswered.fetch_sub(before as u64, Relaxed);
    }

    pub(crate) fn came_round(&self) {
        self.seen.store(self.now(), Relaxed);
    }

    pub(crate) fn joined(&self, joined: bool) {
        self.joined.store(joined, Relaxed);
    }

    pub(crate) fn commit_failed(&self) {
        self.commit_failures.fetch_add(1, Relaxed);
    }

    pub(crate) fn set_partitions(&self, partitions: Vec<PartitionHealth>) {
        *locked(&self.partitions) = partitions;
    }

    /// Notes which topics are not there, and whether that is known of all; returns whether one is there that was not,
    /// before.
    pub(crate) fn looked(&self, absent: Vec<Absent>, is_whole: bool) -> bool {
        let mut known = locked(&self.absent);
        let is_there = |topic: &Arc<str>| absent.iter().all(|(name, _)| name != topic);
        let any = known.iter().any(|(topic, _)| is_there(topic));
        *known = absent;
        self.looked.fetch_or(is_whole, Relaxed);
        any
    }

    pub(crate) fn failed(&self, text: &str) {
        *locked(&self.error) = Some((Instant::now(), text.to_owned()));
    }

    /// Notes that no broker answers; returns whether it is news.
    pub(crate) fn all_down(&self) -> bool {
        let now = self.now() + 1;
        self.down_since.compare_exchange(0, now, Relaxed, Relaxed).is_ok()
    }

    /// Notes that a connection failed.
    pub(crate) fn suspect(&self) {
        self.suspect.store(true, Relaxed);
    }

    pub(crate) fn ended_for_good(&self, text: &str) {
        *locked(&self.fatal) = Some(text.to_owned());
        self.failed(text);
    }

    /// Notes a refusal; returns whether it is news.
    pub(crate) fn refused(&self, text: &str) -> bool {
        locked(&self.authentication).replace(text.to_owned()).is_none()
    }

    /// Notes which assigned partitions are not read, and why; returns whether it is news.
    pub(crate) fn unplaced(&self, reason: Option<String>) -> bool {
        let mut known = locked(&self.unplaced);
        let is_news = *known != reason;
        *known = reason;
        is_news
    }

    /// Notes that the group's coordinator does not take us; returns whether it is news.
    pub(crate) fn refused_by_group(&self, why: &str) -> bool {
        locked(&self.group).replace(why.to_owned()).as_deref() != Some(why)
    }

    /// Notes that the group has taken us; returns whether it had refused before.
    pub(crate) fn taken_by_group(&self) -> bool {
        locked(&self.group).take().is_some()
    }

    /// Notes that a broker has answered.
    pub(crate) fn answered(&self) {
        self.suspect.store(false, Relaxed);
        self.down_since.store(0, Relaxed);
        locked(&self.authentication).take();
    }

    /// Whether a broker's answer would be news.
    pub(crate) fn in_doubt(&self) -> bool {
        self.suspect.load(Relaxed)
            || self.down_since.load(Relaxed) != 0
            || locked(&self.authentication).is_some()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Locks; what another thread left behind when it panicked is whole, since all writes are single.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_counts_from_what_is_still_there() {
        let lag = |low, committed, high| {
            let topic = Arc::from("orders");
            let (number, shard) = (0, 0);
            PartitionHealth {
                topic,
                number,
                shard,
                high,
                committed,
                low,
            }
            .lag()
        };
        assert_eq!(lag(None, None, Some(10)), None);
        assert_eq!(lag(Some(4), None, Some(10)), Some(6));
        assert_eq!(lag(None, Some(7), Some(10)), Some(3));
        assert_eq!(lag(Some(4), Some(7), Some(10)), Some(3));
        assert_eq!(lag(Some(9), Some(7), Some(10)), Some(1));
        assert_eq!(lag(Some(10), Some(7), Some(10)), Some(0));
        assert_eq!(lag(Some(12), Some(7), Some(10)), Some(0));
    }
}
