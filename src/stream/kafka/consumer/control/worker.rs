//! What the control thread of a consumer has: its shards, its partitions, the step that it is at, and its times.
//!
//! Must not know what the thread does with it.

use super::finding::Finding;
use crate::stream::kafka::consumer::assignment::Assignment;
use crate::stream::kafka::consumer::commits::Commits;
use crate::stream::kafka::consumer::mailbox::{Bell, Door, Letter, Port};
use crate::stream::kafka::consumer::native::ShardQueue;
use crate::stream::kafka::shared::client::{Consumer, Happened, TopicPartition};
use crate::stream::kafka::shared::health::Health;
use crate::stream::kafka::shared::native_topics::{Description, Topics};
use crate::stream::kafka::shared::subscription::SourceConfig;
use crate::stream::{Change, PartitionId};
use rdkafka::consumer::Consumer as _;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ffi::CString;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How often the thread comes round when nothing happens.
pub(super) const ROUND: Duration = Duration::from_millis(500);
/// How much longer than the drain time giving up what still runs and the last commits may take.
pub(super) const COMMIT_GRACE: Duration = Duration::from_secs(5);
/// How much longer than asked for the last commits may take of a consumer that leaves.
pub(super) const LAST_COMMIT: Duration = Duration::from_secs(3);
/// How much longer than asked for closing may take.
pub(super) const CLOSE_GRACE: Duration = Duration::from_secs(4);
/// How much longer than closing the last questions to the brokers may take.
pub(super) const JOIN_GRACE: Duration = Duration::from_secs(1);
/// How much longer than asked for leaving the group may take in all, whatever the brokers do.
pub(super) const LEAVE_GRACE: Duration = CLOSE_GRACE.saturating_add(JOIN_GRACE);
/// How often what is known of partitions is written down.
pub(super) const REPORT: Duration = Duration::from_secs(1);
/// How often the ends of partitions are asked for, since a shard that stands still fetches no news.
pub(super) const ENDS: Duration = Duration::from_secs(10);
/// How often topics are looked at: whether they are still the same under their names.
pub(super) const TOPICS: Duration = Duration::from_secs(1);
/// How often a broker is tried after a connection failed.
pub(super) const PROBE: Duration = Duration::from_secs(2);
pub(super) const PROBE_TIMEOUT: Duration = Duration::from_millis(500);

/// The thread's side of a shard.
pub(super) struct Shard {
    pub(super) port: Arc<Port>,
    pub(super) queue: Arc<ShardQueue>,
    /// Whether it has not yet answered the last barrier.
    pub(super) barrier: bool,
    pub(super) gone: bool,
}

impl Shard {
    pub(super) fn new(port: Arc<Port>, queue: Arc<ShardQueue>) -> Shard {
        Shard {
            port,
            queue,
            barrier: false,
            gone: false,
        }
    }

    pub(super) fn tell(&self, change: Change) {
        self.port.post(Letter::Change(change, None));
    }
}

/// What the thread is about.
pub(super) enum Step {
    Idle,
    /// Partitions are ours once the shards are ready and their positions known.
    Assigning {
        names: Vec<TopicPartition>,
        /// Until then the first are waited for, to be handed out together; set once they are asked for.
        together: Option<Instant>,
        /// Whether we gave them back ourselves, to read them anew.
        again: bool,
    },
    /// Partitions are given back once the shards have let go.
    Revoking {
        names: Vec<TopicPartition>,
        ids: Vec<PartitionId>,
        until: Instant,
        /// Whether they are to be assigned anew.
        again: bool,
    },
    /// The consumer closes once the shards have let go of all partitions.
    Leaving {
        until: Instant,
        owes_answer: bool,
    },
}

impl Step {
    /// Whether librdkafka waits for the answer to a rebalance.
    pub(super) fn owes_answer(&self) -> bool {
        match self {
            Step::Idle => false,
            Step::Assigning { again, .. } | Step::Revoking { again, .. } => !again,
            Step::Leaving { owes_answer, .. } => *owes_answer,
        }
    }
}

/// What is known of a partition that is assigned anew.
#[derive(Clone, Copy)]
pub(super) struct Before {
    /// The id of its topic, as it was.
    pub(super) topic_id: u64,
    /// Where its offsets went back to, if they did.
    pub(super) cut: Option<i64>,
}

pub(super) struct Worker {
    pub(super) config: SourceConfig,
    pub(super) shards: Vec<Shard>,
    pub(super) assignment: Assignment,
    pub(super) commits: Commits,
    pub(super) step: Step,
    // Rebalances that are not begun.
    pub(super) happened: VecDeque<Happened>,
    pub(super) stop: Arc<Mutex<Option<Instant>>>,
    /// When the order to stop was heard.
    pub(super) stop_heard: Option<Instant>,
    /// When closing has taken too long; set once nothing is left to be committed.
    pub(super) closing: Option<Instant>,
    /// Whether librdkafka has been told to close the consumer.
    pub(super) is_closing: bool,
    pub(super) joined: bool,
    pub(super) ended: bool,
    /// Assigned partitions whose offsets went back, until it is their turn to be assigned anew.
    pub(super) went_back: BTreeMap<PartitionId, Option<i64>>,
    /// When is looked whether a rebalance left partitions unevenly on the shards.
    pub(super) even_at: Option<Instant>,
    pub(super) report_at: Instant,
    pub(super) ends_at: Instant,
    /// When is seen, at the earliest, whether all was read.
    pub(super) end_at: Instant,
    pub(super) topics_at: Instant,
    pub(super) topics: Topics,
    pub(super) finding: Finding,
    /// Topics of which was told that they are not there.
    pub(super) absent_told: BTreeSet<Arc<str>>,
    /// The topics as they were when one of their partitions came to us for the first time.
    pub(super) first_seen: HashMap<Arc<str>, Description>,
    /// The topics' ids of partitions that are assigned anew, as they were.
    pub(super) before: HashMap<TopicPartition, Before>,
    pub(super) probe_at: Instant,
    /// Where the cluster is found.
    pub(super) brokers: CString,
    pub(super) health: Arc<Health>,
    pub(super) consumer: Arc<Consumer>,
    /// Rings at the door.
    pub(super) bell: Bell,
    pub(super) door: Door,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // However the thread ends: closing must not wait for answers that nobody gives.
        self.consumer.context().abandon();
        self.close();
        self.health.joined(false);
        self.lose(&self.assignment.ids());
    }
}

/// Returns the topics of partitions, each once.
pub(super) fn topics_of<'a>(names: impl Iterator<Item = &'a TopicPartition>) -> BTreeSet<Arc<str>> {
    names.map(|(topic, _)| Arc::clone(topic)).collect()
}
