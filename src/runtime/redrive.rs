//! Dead letters put back: from their topic to the one they came from, for another try.
//!
//! Owns the way from the one topic to the other: what is read, under way, done and committed. Which letters go,
//! and what their copies are, `letter` knows; what became of them is counted in a [`Summary`]. Which are done is
//! kept as for executions: an offset is complete when the copy is acknowledged, and what is finished above the
//! first unfinished one stands in the commit's metadata, so letters that were not chosen or could not go stay
//! for another time. Must not know Kafka or the clock. Invariant: a letter is committed only after its copy was
//! acknowledged.

mod letter;
mod summary;

pub use letter::{Homes, Options, ROUNDS};
pub use summary::{Counts, ERRORS_MAX, NO_ERROR, OTHER, PLACES_MAX, Place, Summary, TOPICS_MAX};

use super::letter_headers::ERROR;
use crate::stream::offsets::Tracker;
use crate::stream::{Change, Checkpoint, CommitError, PartitionId, SendError, Sink, Source, Ticket, TopicId};
use letter::Fate;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Most copies that are under way.
const PENDING_MAX: usize = 10_000;
/// Most letters that are taken at a time.
const BATCH: usize = 500;
/// How often what is done is committed.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);

/// A redrive that runs; somebody calls [`Redrive::turn`] until it [is over](Redrive::is_over).
pub struct Redrive<S, K> {
    options: Options,
    source: S,
    sink: K,
    partitions: FxHashMap<PartitionId, Partition>,
    topics: BTreeMap<Box<str>, TopicId>,
    pending: FxHashMap<Ticket, Sent>,
    next_ticket: u64,
    /// Copies that are acknowledged or under way.
    chosen: u64,
    /// What was taken, and how far it is done.
    batch: std::ops::Range<usize>,
    /// Whether the first of them is begun already.
    has_begun: bool,
    has_ended: bool,
    is_stopping: bool,
    next_commit: Option<Instant>,
    summary: Summary,
    headers: Vec<u8>,
}

struct Partition {
    tracker: Tracker,
    pending: usize,
    /// Set when it is taken away: it is given back then at the latest.
    until: Option<Instant>,
    is_committing: bool,
}

/// A copy under way.
struct Sent {
    partition: PartitionId,
    offset: i64,
    error: Box<str>,
    topic: Box<str>,
}

impl<S: Source, K: Sink> Redrive<S, K> {
    /// Creates one that reads `source` to its end.
    pub fn new(options: Options, source: S, sink: K) -> Redrive<S, K> {
        Redrive {
            options,
            source,
            sink,
            partitions: FxHashMap::default(),
            topics: BTreeMap::new(),
            pending: FxHashMap::default(),
            next_ticket: 0,
            chosen: 0,
            batch: 0..0,
            has_begun: false,
            has_ended: false,
            is_stopping: false,
            next_commit: None,
            summary: Summary::default(),
            headers: Vec::new(),
        }
    }

    /// Takes no more letters; what is under way is finished.
    pub fn stop(&mut self) {
        self.is_stopping = true;
    }

    /// Says whether everything is done, acknowledged and committed, or cannot be.
    pub fn is_over(&self) -> bool {
        let is_settled = |one: &Partition| !one.is_committing && !one.tracker.has_changed();
        let is_read = self.is_stopping || (self.has_ended && self.batch.is_empty());
        self.summary.failure.is_some()
            || is_read
                && self.pending.is_empty()
                && (self.options.is_dry || self.partitions.values().all(is_settled))
    }

    /// Returns what has become of the letters so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Does what is there to do, without waiting; returns whether anything was.
    pub fn turn(&mut self, now: Instant) -> bool {
        let mut any = self.take_answers();
        if self.batch.is_empty() && !self.is_stopping && self.pending.len() < PENDING_MAX {
            self.batch = 0..self.source.fill(BATCH);
        }
        while let Some(change) = self.source.change() {
            any = true;
            self.take_change(change);
        }
        while !self.batch.is_empty() && !self.is_stopping && self.put_back(self.batch.start) {
            any = true;
            self.batch.start += 1;
            self.has_begun = false;
        }
        self.sink.push();
        self.give_back(now);
        self.commit(now);
        any
    }

    /// Handles one letter of the batch; `false` when the sink has no room for it yet.
    fn put_back(&mut self, at: usize) -> bool {
        let record = self.source.record(at);
        let partition = self.partitions.get_mut(&record.partition);
        let Some(partition) = partition.filter(|one| one.until.is_none()) else {
            return true;
        };
        if self.chosen >= self.options.limit {
            self.summary.is_limited = true;
            self.is_stopping = true;
            return true;
        }
        // Once, also when the sink has had no room: an offset that does not rise is another topic's.
        if !std::mem::replace(&mut self.has_begun, true) && !partition.tracker.begin(record.offset) {
            return true;
        }
        let error = record.headers.last(ERROR).map(String::from_utf8_lossy);
        let error = error.as_deref().unwrap_or(NO_ERROR);
        let (topic, round) = match self.options.fate(&record, error) {
            Fate::Goes(topic, round) => (topic, round),
            Fate::Stays(count) => {
                *count(self.summary.of(error)) += 1;
                return true;
            }
            Fate::IsNoEvent(place) => {
                self.summary.has_no_event(error, place);
                return true;
            }
        };
        if self.options.is_dry {
            self.chosen += 1;
            self.summary.of(error).put_back += 1;
            self.summary.went_to(&topic);
            return true;
        }
        let id = match self.topics.get(&topic) {
            Some(id) => *id,
            None if self.topics.len() >= TOPICS_MAX => {
                self.summary.of(error).homeless += 1;
                return true;
            }
            None => *self
                .topics
                .entry(topic.clone())
                .or_insert(self.sink.topic(&topic)),
        };
        if self.pending.len() >= PENDING_MAX {
            return false;
        }
        let ticket = Ticket(self.next_ticket);
        let sent = letter::send(&mut self.sink, id, &record, round, &mut self.headers, ticket);
        match sent {
            Ok(()) => {
                self.next_ticket += 1;
                self.chosen += 1;
                partition.pending += 1;
                let sent = Sent {
                    partition: record.partition,
                    offset: record.offset,
                    error: error.into(),
                    topic,
                };
                self.pending.insert(ticket, sent);
            }
            Err(SendError::Full) => return false,
            Err(SendError::Refused(text) | SendError::TooLarge(text)) => {
                self.summary.of(error).refused += 1;
                self.summary.refusal.get_or_insert(text);
            }
            Err(SendError::Failed(text)) => self.summary.failure = Some(text),
        }
        true
    }

    fn take_answers(&mut self) -> bool {
        let mut any = false;
        while let Some((ticket, result)) = self.sink.acknowledged() {
            any = true;
            let Some(sent) = self.pending.remove(&ticket) else {
                continue;
            };
            let partition = self.partitions.get_mut(&sent.partition);
            let counts = self.summary.of(&sent.error);
            match result {
                Ok(()) => {
                    counts.put_back += 1;
                    self.summary.went_to(&sent.topic);
                    if let Some(partition) = partition {
                        partition.pending -= 1;
                        partition.tracker.complete(sent.offset);
                    }
                    continue;
                }
                Err(SendError::Refused(text) | SendError::TooLarge(text)) => {
                    counts.refused += 1;
                    self.summary.refusal.get_or_insert(text);
                    self.chosen -= 1;
                }
                Err(SendError::Full) => {
                    self.summary.failure = Some("the producer's queue is full".to_owned())
                }
                Err(SendError::Failed(text)) => self.summary.failure = Some(text),
            }
            if let Some(partition) = partition {
                partition.pending -= 1;
            }
        }
        any
    }

    fn take_change(&mut self, change: Change) {
        match change {
            Change::Assigned {
                partition, restored, ..
            } => {
                let new = Partition {
                    tracker: Tracker::new(&restored),
                    pending: 0,
                    until: None,
                    is_committing: false,
                };
                self.partitions.insert(partition, new);
            }
            Change::Revoked { partition, until } => {
                if let Some(partition) = self.partitions.get_mut(&partition) {
                    partition.until = Some(partition.until.map_or(until, |known| known.min(until)));
                }
            }
            Change::Lost { partition } => {
                self.partitions.remove(&partition);
            }
            Change::Committed {
                partition, result, ..
            } => {
                if let Some(partition) = self.partitions.get_mut(&partition) {
                    partition.is_committing = false;
                    if let Err(CommitError::Unknown(_)) = result {
                        partition.tracker.commit_again();
                    }
                }
            }
            // Its commits are about the letters that it sent.
            Change::Passed { .. } => {}
            Change::Ended => self.has_ended = true,
        }
    }

    /// Gives revoked partitions back when their copies are acknowledged, or their time is over.
    fn give_back(&mut self, now: Instant) {
        let (source, summary) = (&mut self.source, &mut self.summary);
        let is_dry = self.options.is_dry;
        self.partitions.retain(|id, partition| {
            let is_due = partition
                .until
                .is_some_and(|until| partition.pending == 0 || now >= until);
            if is_due {
                let tracker = &mut partition.tracker;
                let last = tracker.commit().filter(|_| !is_dry);
                let last = last.map(|commit| Checkpoint::take(*id, commit, tracker));
                summary.truncated += partition.tracker.truncated();
                source.release(*id, last.as_ref());
            }
            !is_due
        });
    }

    fn commit(&mut self, now: Instant) {
        let is_at_end = self.pending.is_empty() && (self.has_ended || self.is_stopping);
        if self.options.is_dry || (self.next_commit.is_some_and(|next| now < next) && !is_at_end) {
            return;
        }
        self.next_commit = Some(now + COMMIT_INTERVAL);
        for (id, partition) in &mut self.partitions {
            if partition.is_committing || partition.until.is_some() {
                continue;
            }
            if let Some(commit) = partition.tracker.commit() {
                partition.is_committing = true;
                let checkpoint = Checkpoint::take(*id, commit, &mut partition.tracker);
                self.source.commit(&checkpoint, true);
            }
        }
    }
}
