//! Reads a source as shards do, on the test's thread.

use crate::broker::patience::Patience;
use crate::broker::{Broker, block_on};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use stepstream::stream::kafka::{Config, Control, KafkaSource, Property, SourceConfig, Start, Subscription};
use stepstream::stream::offsets::{Commit, Restored};
use stepstream::stream::{Change, Checkpoint, Committer as _, PartitionId, Source as _, Wake};

/// How long anything may take on a machine that does other work.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
const BATCH: usize = 500;

fn checkpoint(partition: PartitionId, commit: Commit) -> Checkpoint {
    Checkpoint {
        partition,
        commit,
        settled: 0,
    }
}

/// All shards of one process.
pub(crate) struct Reader {
    pub(crate) control: Control,
    sources: Vec<KafkaSource>,
    wake: Wake,
    /// What is assigned.
    pub(crate) partitions: BTreeMap<PartitionId, Held>,
    /// All that came.
    pub(crate) events: Vec<Came>,
    /// Answers to commits.
    pub(crate) committed: Vec<(i32, i64, bool)>,
    /// Numbers of the partitions that were assigned, with what was restored.
    pub(crate) assigned: Vec<(i32, Restored)>,
    pub(crate) revoked: Vec<i32>,
    pub(crate) lost: Vec<i32>,
    pub(crate) ended: usize,
    /// Whether revoked partitions are kept until [`Reader::release`].
    pub(crate) hold: bool,
}

/// An assigned partition.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) topic: String,
    pub(crate) topic_id: u64,
    pub(crate) shard: usize,
    pub(crate) number: i32,
    pub(crate) next: Option<i64>,
    pub(crate) revoked: bool,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Came {
    pub(crate) shard: usize,
    pub(crate) topic: String,
    pub(crate) number: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) headers: Vec<(String, Option<String>)>,
    pub(crate) timestamp_ms: i64,
}

/// The configuration of a client; members hear of a rebalance at their next heartbeat, so these are close.
pub(crate) fn config(broker: &Broker) -> Config {
    let mut config = Config {
        brokers: broker.address(),
        ..Config::default()
    };
    let heartbeat = ("heartbeat.interval.ms".to_owned(), Property::Integer(200));
    config.consumer.0.extend([heartbeat]);
    config
}

/// A source of one topic whose name is its group's, too.
pub(crate) fn source(topic: &str) -> SourceConfig {
    SourceConfig {
        name: topic.to_owned(),
        subscription: Subscription::Topics(vec![topic.to_owned()]),
        group: topic.to_owned(),
        instance_id: None,
        start: Start::Earliest,
        drain_timeout: Duration::from_secs(10),
        at_most_once: false,
        until_end: false,
    }
}

impl Held {
    /// Returns the metadata that a shard writes when nothing is left open: it names the topic.
    pub(crate) fn metadata(&self) -> String {
        let restored = Restored {
            offset: self.next,
            topic_id: self.topic_id,
            ..Restored::default()
        };
        restored.pin().expect("an offset").metadata
    }
}

impl Reader {
    pub(crate) fn start(config: &Config, source: SourceConfig, shards: usize) -> Reader {
        let wake = Wake::new();
        let wakes = vec![wake.clone(); shards];
        let (control, sources) = KafkaSource::start(config, source, &wakes).expect("a source");
        Reader {
            control,
            sources,
            wake,
            partitions: BTreeMap::new(),
            events: Vec::new(),
            committed: Vec::new(),
            assigned: Vec::new(),
            revoked: Vec::new(),
            lost: Vec::new(),
            ended: 0,
            hold: false,
        }
    }

    /// Does what is there to do; returns whether anything was.
    pub(crate) fn turn(&mut self) -> bool {
        let mut any = false;
        for shard in 0..self.sources.len() {
            let count = self.sources[shard].fill(BATCH);
            while let Some(change) = self.sources[shard].change() {
                any = true;
                self.handle(shard, change);
            }
            for at in 0..count {
                self.take(shard, at);
            }
            any |= count > 0;
        }
        any
    }

    fn take(&mut self, shard: usize, at: usize) {
        let record = self.sources[shard].record(at);
        let held = self
            .partitions
            .get_mut(&record.partition)
            .expect("an announced partition");
        assert!(
            !held.revoked && held.shard == shard,
            "event of a revoked partition"
        );
        assert!(
            held.next.is_none_or(|next| record.offset >= next),
            "order in {held:?}: {}",
            record.offset
        );
        held.next = Some(record.offset + 1);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        let mut headers = Vec::new();
        record.headers.each(&mut |name, value| {
            headers.push((name.to_owned(), value.map(text)));
        });
        self.events.push(Came {
            shard,
            topic: String::new(),
            number: held.number,
            offset: record.offset,
            key: record.key.map(text),
            value: record.value.map(text),
            headers,
            timestamp_ms: record.timestamp_ms,
        });
    }

    fn handle(&mut self, shard: usize, change: Change) {
        match change {
            Change::Assigned {
                partition,
                topic,
                number,
                restored,
            } => {
                let held = Held {
                    topic: topic.to_string(),
                    topic_id: restored.topic_id,
                    shard,
                    number,
                    next: restored.offset,
                    revoked: false,
                };
                self.partitions.insert(partition, held);
                self.assigned.push((number, restored));
            }
            Change::Revoked { partition, .. } => {
                let Some(held) = self.partitions.get_mut(&partition) else {
                    // Told again, when it was on its way back already.
                    return;
                };
                if !std::mem::replace(&mut held.revoked, true) {
                    self.revoked.push(held.number);
                }
                if !self.hold {
                    self.release(partition, "");
                }
            }
            Change::Lost { partition } => {
                self.lost
                    .push(self.partitions.remove(&partition).expect("known").number);
            }
            Change::Committed {
                partition,
                offset,
                result,
            } => {
                self.committed
                    .push((self.partitions[&partition].number, offset, result.is_ok()));
            }
            Change::Passed { .. } => {}
            Change::Ended => self.ended += 1,
        }
    }

    /// Releases a revoked partition with all that came as finished.
    pub(crate) fn release(&mut self, partition: PartitionId, metadata: &str) {
        let held = self.partitions.remove(&partition).expect("known");
        let last = held.next.map(|offset| Commit {
            offset,
            metadata: metadata.to_owned(),
        });
        let last = last.map(|commit| checkpoint(partition, commit));
        self.sources[held.shard].release(partition, last.as_ref());
    }

    /// Commits all that came as finished.
    pub(crate) fn commit(&mut self, metadata: &str, answered: bool) {
        self.commit_with(|_| metadata.to_owned(), answered);
    }

    /// Commits all that came as finished.
    pub(crate) fn commit_with(&mut self, metadata: impl Fn(&Held) -> String, answered: bool) {
        for (partition, held) in &self.partitions {
            if let Some(offset) = held.next {
                let commit = Commit {
                    offset,
                    metadata: metadata(held),
                };
                self.sources[held.shard].commit(&checkpoint(*partition, commit), answered);
            }
        }
    }

    /// Numbers of the partitions held.
    pub(crate) fn numbers(&self) -> Vec<i32> {
        let mut numbers: Vec<_> = self.partitions.values().map(|held| held.number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Values of all events, sorted.
    pub(crate) fn values(&self) -> Vec<String> {
        let mut values: Vec<_> = self
            .events
            .iter()
            .filter_map(|event| event.value.clone())
            .collect();
        values.sort_unstable();
        values
    }

    /// Turns until something is so.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, so: impl Fn(&Reader) -> bool) {
        until(what, &mut [self], |readers| so(readers[0]));
    }

    /// Leaves the group.
    pub(crate) fn stop(mut self) -> Reader {
        self.control.stop(Instant::now() + Duration::from_secs(10));
        self.until("left", |reader| reader.control.is_finished());
        self
    }

    /// Ends as a crash does, as far as the group can see.
    pub(crate) fn crash(self) {
        drop(self);
    }
}

/// Turns several processes until something is so.
#[track_caller]
pub(crate) fn until(what: &str, readers: &mut [&mut Reader], so: impl Fn(&[&mut Reader]) -> bool) {
    let mut patience = Patience::new(PATIENCE);
    while !so(readers) {
        assert!(
            !patience.is_over(),
            "in vain: {what}; {:?}",
            readers[0].control.health()
        );
        let mut any = false;
        for reader in &mut *readers {
            any |= reader.turn();
        }
        if !any && !so(readers) {
            let wake = readers[0].wake.clone();
            block_on(async {
                tokio::time::timeout(Duration::from_millis(20), wake.woken())
                    .await
                    .ok()
            });
        }
    }
}
