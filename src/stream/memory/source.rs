//! The source: blocks from a channel, or one block again and again.

use super::Block;
use crate::stream::offsets::{Commit, Restored};
use crate::stream::{Change, Checkpoint, CommitError, Committer, PartitionId, Record, Source, Wake};
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Creates a source that announces one partition, `PartitionId(0)`, and the end it is fed through. At most
/// `blocks_max` blocks wait in between.
pub fn source(topic: &str, number: i32, blocks_max: usize, wake: &Wake) -> (Feed, MemorySource) {
    let (sender, items) = bounded(blocks_max);
    let (spent, recycled) = bounded(blocks_max + 1);
    let ledger = Ledger::new(wake.clone());
    let mut source = MemorySource::new(Supply::Channel { items, spent }, ledger.clone());
    source.assign(topic, number);
    let feed = Feed {
        sender: Some(sender),
        recycled,
        wake: wake.clone(),
        ledger,
    };
    (feed, source)
}

/// The outer end of a source. Dropping it ends the source.
#[derive(Debug)]
pub struct Feed {
    sender: Option<Sender<Item>>,
    recycled: Receiver<Block>,
    wake: Wake,
    ledger: Ledger,
}

/// The source is gone; nobody takes events any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

#[derive(Debug)]
enum Item {
    Block(Block),
    Change(Change),
}

impl Feed {
    /// Returns an empty block, with the memory of one that was read if there is one.
    pub fn block(&self) -> Block {
        self.recycled.try_recv().unwrap_or_default()
    }

    /// Hands a block over; waits while the channel is full.
    ///
    /// # Errors
    /// When the source is gone.
    pub fn send(&self, block: Block) -> Result<(), Closed> {
        self.put(Item::Block(block))
    }

    /// Announces a change, such as a partition that is taken away. Blocks sent before come before it.
    ///
    /// # Errors
    /// When the source is gone.
    pub fn change(&self, change: Change) -> Result<(), Closed> {
        self.put(Item::Change(change))
    }

    fn put(&self, item: Item) -> Result<(), Closed> {
        let sender = self.sender.as_ref().ok_or(Closed)?;
        sender.send(item).map_err(|_| Closed)?;
        self.wake.wake();
        Ok(())
    }

    /// Returns where the source's commits go.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        // First the end, then the waking: the shard must find it.
        self.sender = None;
        self.wake.wake();
    }
}

/// A source of events in memory; see [`source()`] and [`MemorySource::repeat`].
#[derive(Debug)]
pub struct MemorySource {
    supply: Supply,
    block: Block,
    /// What the last fill took of the block.
    batch: Range<usize>,
    /// What is added to the block's offsets.
    shift: i64,
    changes: VecDeque<Change>,
    ledger: Ledger,
    has_ended: bool,
}

#[derive(Debug)]
enum Supply {
    Channel {
        items: Receiver<Item>,
        /// Blocks that were read; a full channel drops them.
        spent: Sender<Block>,
    },
    Repeat {
        /// Events still to come.
        left: u64,
    },
}

impl MemorySource {
    /// Creates a source that brings the events of a block again and again, `events` in all, each round
    /// with offsets that go on above the last. Announces the block's partition, then ends.
    ///
    /// # Panics
    /// When the block has no events.
    pub fn repeat(topic: &str, number: i32, block: Block, events: u64, wake: &Wake) -> MemorySource {
        assert!(!block.is_empty(), "nothing to repeat");
        let mut source = MemorySource::new(Supply::Repeat { left: events }, Ledger::new(wake.clone()));
        source.block = block;
        source.assign(topic, number);
        source
    }

    fn new(supply: Supply, ledger: Ledger) -> MemorySource {
        MemorySource {
            supply,
            block: Block::default(),
            batch: 0..0,
            shift: 0,
            changes: VecDeque::new(),
            ledger,
            has_ended: false,
        }
    }

    fn assign(&mut self, topic: &str, number: i32) {
        self.changes.push_back(Change::Assigned {
            partition: PartitionId(0),
            topic: topic.into(),
            number,
            restored: Restored::default(),
        });
    }

    /// Returns where the commits go.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn end(&mut self) {
        if !self.has_ended {
            self.has_ended = true;
            self.changes.push_back(Change::Ended);
        }
    }

    /// Makes a block with unread events the current one, if there is one before the next change.
    fn next_block(&mut self) {
        if self.batch.end < self.block.len() {
            return;
        }
        match &mut self.supply {
            Supply::Repeat { .. } => {
                let last = self.block.record(self.block.len() - 1, 0).offset;
                if self.batch.end > 0 {
                    self.shift += last + 1 - self.block.record(0, 0).offset;
                }
                self.batch = 0..0;
            }
            Supply::Channel { items, spent } => match items.try_recv() {
                Ok(Item::Block(block)) => {
                    let mut read = std::mem::replace(&mut self.block, block);
                    read.clear();
                    let _ = spent.try_send(read);
                    self.batch = 0..0;
                }
                Ok(Item::Change(change)) => self.changes.push_back(change),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => self.end(),
            },
        }
    }
}

impl Source for MemorySource {
    fn fill(&mut self, max: usize) -> usize {
        self.batch.start = self.batch.end;
        // Changes first: the records after one belong to the time after it.
        if !self.changes.is_empty() && matches!(self.supply, Supply::Channel { .. }) {
            return 0;
        }
        self.next_block();
        let mut end = self.batch.start.saturating_add(max).min(self.block.len());
        if let Supply::Repeat { left } = &mut self.supply {
            let count = (end - self.batch.start).min(usize::try_from(*left).unwrap_or(usize::MAX));
            end = self.batch.start + count;
            *left -= count as u64;
            if *left == 0 && count == 0 {
                self.end();
            }
        }
        self.batch.end = end;
        self.batch.len()
    }

    fn record(&self, at: usize) -> Record<'_> {
        assert!(
            at < self.batch.len(),
            "no record {at} in a batch of {}",
            self.batch.len()
        );
        self.block.record(self.batch.start + at, self.shift)
    }

    fn change(&mut self) -> Option<Change> {
        self.changes
            .pop_front()
            .or_else(|| self.ledger.lock().answers.pop_front())
    }
}

impl Committer for MemorySource {
    fn commit(&mut self, checkpoint: &Checkpoint, answered: bool) {
        let (partition, commit) = (checkpoint.partition, &checkpoint.commit);
        let mut ledger = self.ledger.lock();
        ledger.count += 1;
        let is_held = ledger.is_held && answered;
        if is_held {
            ledger.held.push_back((partition, commit.clone()));
            return;
        }
        ledger.commits.insert(partition, commit.clone());
        if answered {
            ledger.answers.push_back(Change::Committed {
                partition,
                offset: commit.offset,
                result: Ok(()),
            });
        }
    }

    fn release(&mut self, partition: PartitionId, last: Option<&Checkpoint>) {
        let mut ledger = self.ledger.lock();
        ledger.released.push(partition);
        if let Some(last) = last {
            ledger.commits.insert(partition, last.commit.clone());
        }
    }
}

/// What a broker would know of a source's commits; clones share it. For tests and for the end of a pipe.
#[derive(Clone, Debug)]
pub struct Ledger {
    entries: Arc<Mutex<Entries>>,
    wake: Wake,
}

#[derive(Debug, Default)]
struct Entries {
    commits: BTreeMap<PartitionId, Commit>,
    count: u64,
    released: Vec<PartitionId>,
    is_held: bool,
    held: VecDeque<(PartitionId, Commit)>,
    answers: VecDeque<Change>,
}

impl Ledger {
    fn new(wake: Wake) -> Ledger {
        Ledger {
            entries: Arc::default(),
            wake,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the last commit of a partition that stands.
    pub fn committed(&self, partition: PartitionId) -> Option<Commit> {
        self.lock().commits.get(&partition).cloned()
    }

    /// Returns how many commits were asked for.
    pub fn count(&self) -> u64 {
        self.lock().count
    }

    /// Returns the partitions that were given back, in order.
    pub fn released(&self) -> Vec<PartitionId> {
        self.lock().released.clone()
    }

    /// From now on, commits that want an answer wait for [`Ledger::answer`].
    pub fn hold(&self) {
        self.lock().is_held = true;
    }

    /// Answers the oldest commit that waits; with an error it does not stand. Returns its offset.
    pub fn answer(&self, result: Result<(), CommitError>) -> Option<i64> {
        let mut entries = self.lock();
        let (partition, commit) = entries.held.pop_front()?;
        let offset = commit.offset;
        if result.is_ok() {
            entries.commits.insert(partition, commit);
        }
        entries.answers.push_back(Change::Committed {
            partition,
            offset,
            result,
        });
        self.wake.wake();
        Some(offset)
    }
}
