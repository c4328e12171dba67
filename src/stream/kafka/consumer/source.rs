//! The shard-side end of a consumer.
//!
//! Owns the batch that was taken last and knows which assignment each event came through. Must not know
//! the group. Invariant: an event is shown only while its partition is assigned to this shard, and only
//! once: what librdkafka fetched before a partition was given back is dropped here, see [`Letter::Barrier`].

use super::control;
use super::control::Control;
use super::mailbox::{Letter, Port};
use super::native::Batch;
use crate::stream::kafka::shared::health::Health;
use crate::stream::kafka::shared::native_event::Event;
use crate::stream::kafka::{Config, Error, SourceConfig};
use crate::stream::{Change, Checkpoint, Committer, PartitionId, Record, Source, Wake};
use rdkafka::types::RDKafkaErrorCode;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::Arc;

/// The events of one workflow for one shard.
pub struct KafkaSource {
    batch: Batch,
    // The assignment of each event of the batch.
    partitions: Vec<PartitionId>,
    port: Arc<Port>,
    health: Arc<Health>,
    routes: Routes,
    changes: VecDeque<Change>,
    // Whether the changes read by `fill` are yet to be taken.
    filled: bool,
    // Where partitions have come to, told once the events before that are taken.
    passed: Vec<(PartitionId, i64)>,
}

impl KafkaSource {
    /// Starts a consumer: its control thread, and one source per shard, whose waits `wakes` end.
    ///
    /// Does not wait for brokers: what is wrong with them is in [`Control::health`] and in the diagnostics.
    ///
    /// # Errors
    /// When the configuration is not usable.
    pub fn start(
        config: &Config,
        source: SourceConfig,
        wakes: &[Wake],
    ) -> Result<(Control, Vec<KafkaSource>), Error> {
        control::start(config, source, wakes)
    }

    pub(super) fn new(batch: Batch, port: Arc<Port>, health: Arc<Health>) -> KafkaSource {
        let (routes, changes) = (Routes::default(), VecDeque::new());
        KafkaSource {
            batch,
            partitions: Vec::new(),
            port,
            health,
            routes,
            changes,
            filled: false,
            passed: Vec::new(),
        }
    }

    /// Reads letters, up to and with a barrier; returns whether there was one.
    fn read_letters(&mut self) -> bool {
        while let Some(letter) = self.port.letter() {
            let Letter::Change(change, route) = letter else {
                return true;
            };
            match &change {
                Change::Assigned { partition, .. } => {
                    if let Some(route) = route {
                        self.routes
                            .add((route.topic, route.number), *partition, route.end);
                    }
                }
                Change::Revoked { partition, .. } | Change::Lost { partition } => {
                    self.routes.remove(*partition)
                }
                Change::Passed { partition, offset } => {
                    // What was taken just now may be before it, and is yet to be shown. Above the end nothing was.
                    let end = self.routes.end(*partition);
                    self.passed
                        .push((*partition, end.unwrap_or(i64::MAX).min(*offset)));
                    continue;
                }
                Change::Committed { .. } | Change::Ended => {}
            }
            self.changes.push_back(change);
        }
        false
    }

    /// Finds the assignment of each event taken and drops what is not to be shown.
    fn resolve(&mut self) {
        let KafkaSource {
            batch,
            partitions,
            port,
            health,
            routes,
            passed,
            ..
        } = self;
        partitions.clear();
        batch.retain(|event| {
            let Some(slot) = routes.find(event.topic(), event.number()) else {
                match event.error() {
                    None | Some(RDKafkaErrorCode::PartitionEOF) => {}
                    Some(code) => report(event, code, health),
                }
                return false;
            };
            let shown = match event.error() {
                None if event.offset() < slot.next => {
                    let partition = slot.partition;
                    routes.remove(partition);
                    let to = event.offset();
                    port.write(|mail| mail.went_back.push((partition, to)));
                    return false;
                }
                None => slot.end.is_none_or(|end| event.offset() < end),
                Some(RDKafkaErrorCode::PartitionEOF) => false,
                Some(code) => {
                    report(event, code, health);
                    return false;
                }
            };
            if shown {
                partitions.push(slot.partition);
                slot.next = event.offset() + 1;
            }
            // The end is where the next event would be: an event says that it was reached one before.
            let next = event.offset() + i64::from(shown);
            if !slot.ended && slot.end.is_some_and(|end| next >= end) {
                slot.ended = true;
                let partition = slot.partition;
                passed.extend(slot.end.map(|end| (partition, end)));
                port.write(|mail| mail.ended.push(partition));
            }
            shown
        });
    }
}

fn report(event: &Event, code: RDKafkaErrorCode, health: &Health) {
    let text = String::from_utf8_lossy(event.value().unwrap_or_default());
    tracing::warn!(partition = event.number(), "{code}: {text}");
    health.failed(&format!("{code}: {text}"));
}

impl KafkaSource {
    /// Tells where partitions have come to. Call it when no event taken before is still to be shown.
    fn tell_passed(&mut self) {
        let passed = self.passed.drain(..);
        let passed = passed.map(|(partition, offset)| Change::Passed { partition, offset });
        self.changes.extend(passed);
    }
}

impl Source for KafkaSource {
    fn fill(&mut self, max: usize) -> usize {
        self.tell_passed();
        loop {
            let taken = self.batch.take(max);
            // After taking: an assignment is posted before its first event can come.
            let barrier = self.read_letters();
            self.resolve();
            if barrier {
                self.port.write(|mail| mail.barrier = true);
            }
            if self.batch.len() > 0 || taken < max {
                if self.batch.len() == 0 {
                    self.tell_passed();
                }
                self.filled = true;
                return self.batch.len();
            }
        }
    }

    fn record(&self, at: usize) -> Record<'_> {
        let event = self.batch.at(at);
        Record {
            partition: self.partitions[at],
            offset: event.offset(),
            timestamp_ms: event.timestamp_ms(),
            key: event.key(),
            value: event.value(),
            headers: event,
        }
    }

    fn change(&mut self) -> Option<Change> {
        if self.changes.is_empty() && !std::mem::take(&mut self.filled) {
            self.tell_passed();
            // A shard that takes no events still hears of changes.
            while self.read_letters() {
                self.port.write(|mail| mail.barrier = true);
            }
        }
        self.changes.pop_front()
    }
}

impl Committer for KafkaSource {
    fn commit(&mut self, checkpoint: &Checkpoint, answered: bool) {
        let Checkpoint {
            partition, commit, ..
        } = checkpoint;
        self.port.write(|mail| mail.commit(*partition, commit, answered));
    }

    fn release(&mut self, partition: PartitionId, last: Option<&Checkpoint>) {
        self.port.write(|mail| {
            if let Some(last) = last {
                mail.commit(partition, &last.commit, false);
            }
            mail.released.push(partition);
        });
    }
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        self.port.write(|mail| mail.gone = true);
    }
}

/// The partitions whose events may be shown.
#[derive(Default)]
struct Routes {
    slots: Vec<Slot>,
    by_key: FxHashMap<(usize, i32), usize>,
    // Events of one partition come in a row.
    last: Option<((usize, i32), usize)>,
}

struct Slot {
    partition: PartitionId,
    key: (usize, i32),
    // The lowest offset that may come next.
    next: i64,
    end: Option<i64>,
    ended: bool,
}

impl Routes {
    fn add(&mut self, key: (usize, i32), partition: PartitionId, end: Option<i64>) {
        self.last = None;
        self.slots.push(Slot {
            partition,
            key,
            next: 0,
            end,
            ended: false,
        });
        self.by_key.insert(key, self.slots.len() - 1);
    }

    fn remove(&mut self, partition: PartitionId) {
        let Some(at) = self.slots.iter().position(|slot| slot.partition == partition) else {
            return;
        };
        self.last = None;
        self.by_key.remove(&self.slots[at].key);
        self.slots.swap_remove(at);
        if let Some(moved) = self.slots.get(at) {
            self.by_key.insert(moved.key, at);
        }
    }

    /// Returns where a partition ends for us.
    fn end(&self, partition: PartitionId) -> Option<i64> {
        self.slots.iter().find(|slot| slot.partition == partition)?.end
    }

    fn find(&mut self, topic: usize, number: i32) -> Option<&mut Slot> {
        let key = (topic, number);
        let at = match self.last {
            Some((last, at)) if last == key => at,
            _ => {
                let at = *self.by_key.get(&key)?;
                self.last = Some((key, at));
                at
            }
        };
        self.slots.get_mut(at)
    }
}
