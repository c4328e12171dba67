//! Letters between a shard and its consumer's control thread.
//!
//! Owns the two sides' exchange: changes one way, commits and releases the other. Must not know
//! librdkafka. Invariant: it holds at most a few letters per partition, since a partition is not handed
//! out again before its shard has read everything about its last assignment, and of its commits only the
//! newest is kept.

use crate::stream::kafka::shared::health::locked;
use crate::stream::offsets::Commit;
use crate::stream::{Change, PartitionId, Wake};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// From the control thread to a shard.
#[derive(Debug)]
pub(super) enum Letter {
    /// Tell the shard; for [`Change::Assigned`] with how its events are known.
    Change(Change, Option<Route>),
    /// Answer when no event taken before this can be shown any more.
    Barrier,
}

/// How the events of a partition are recognized.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    /// The address of the topic's object.
    pub(super) topic: usize,
    /// The partition's number.
    pub(super) number: i32,
    /// Where it ends for us.
    pub(super) end: Option<i64>,
}

/// A commit that a shard wants.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) commit: Commit,
    pub(super) answered: bool,
}

/// What a shard has to say.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// The newest commit of each partition.
    pub(super) commits: BTreeMap<PartitionId, Wanted>,
    /// Partitions that it is done with.
    pub(super) released: Vec<PartitionId>,
    /// Partitions that have come to their end.
    pub(super) ended: Vec<PartitionId>,
    /// Partitions whose offsets went back: the topic was made anew, or lost its end.
    pub(super) went_back: Vec<(PartitionId, i64)>,
    /// Whether it has come to a barrier.
    pub(super) barrier: bool,
    /// Whether nobody reads letters any more.
    pub(super) gone: bool,
}

/// The mailbox of one shard.
pub(super) struct Port {
    wake: Wake,
    bell: Bell,
    letters: Mutex<VecDeque<Letter>>,
    // Spares the shard the lock when there is nothing, which is nearly always.
    any: AtomicBool,
    mail: Mutex<Mail>,
}

impl Port {
    pub(super) fn new(wake: Wake, bell: Bell) -> Port {
        let any = AtomicBool::new(false);
        Port {
            wake,
            bell,
            letters: Mutex::default(),
            any,
            mail: Mutex::default(),
        }
    }

    /// Posts a letter and wakes the shard.
    pub(super) fn post(&self, letter: Letter) {
        locked(&self.letters).push_back(letter);
        self.any.store(true, Ordering::Release);
        self.wake.wake();
    }

    /// Takes the next letter; on the shard.
    pub(super) fn letter(&self) -> Option<Letter> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut letters = locked(&self.letters);
        let letter = letters.pop_front();
        if letters.is_empty() {
            self.any.store(false, Ordering::Release);
        }
        letter
    }

    /// Writes to the control thread; on the shard.
    pub(super) fn write(&self, write: impl FnOnce(&mut Mail)) {
        write(&mut locked(&self.mail));
        self.bell.ring();
    }

    /// Takes what the shard wrote.
    pub(super) fn mail(&self) -> Mail {
        std::mem::take(&mut *locked(&self.mail))
    }
}

impl Mail {
    /// Notes a commit; the newest wins, and if any was to be answered the newest is.
    pub(super) fn commit(&mut self, partition: PartitionId, commit: &Commit, answered: bool) {
        let wanted = self.commits.entry(partition);
        let wanted = wanted.or_insert_with(|| Wanted {
            commit: Commit::default(),
            answered: false,
        });
        wanted.commit.clone_from(commit);
        wanted.answered |= answered;
    }
}

/// Rings at the control thread's door.
#[derive(Clone, Debug)]
pub(super) struct Bell(Sender<()>);

/// Where the bell is heard.
#[derive(Debug)]
pub(super) struct Door(Receiver<()>);

/// Creates a bell. One ring that was not heard yet is as good as many.
pub(super) fn bell() -> (Bell, Door) {
    let (sender, receiver) = bounded(1);
    (Bell(sender), Door(receiver))
}

impl Bell {
    pub(super) fn ring(&self) {
        let _ = self.0.try_send(());
    }
}

impl Door {
    /// Waits for a ring, at the longest until then.
    pub(super) fn wait(&self, until: Instant) {
        let timeout = until
            .saturating_duration_since(Instant::now())
            .max(Duration::from_millis(1));
        let _ = self.0.recv_timeout(timeout);
    }
}
