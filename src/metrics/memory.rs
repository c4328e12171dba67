//! What the memory of each shard is spent on: written by the shard once a turn, read when the text is asked for.

use super::names;
use super::text::{write_header, write_line};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How many kinds there are.
const KINDS: usize = 5;

/// Bytes of memory by what they are spent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// The execution that runs, and memory that is kept for the next ones.
    pub running: usize,
    /// Executions that wait.
    pub parked: usize,
    /// Events that wait for their turn, or for a commit.
    pub held: usize,
    /// Messages that wait for room, or for their next try.
    pub unsent: usize,
    /// Log records on their way.
    pub logs: usize,
}

impl MemoryUse {
    fn by_kind(&self) -> [(&'static str, usize); KINDS] {
        [
            ("running", self.running),
            ("parked", self.parked),
            ("held", self.held),
            ("unsent", self.unsent),
            ("log", self.logs),
        ]
    }
}

/// A shard's memory, now.
#[derive(Debug, Default)]
pub struct Memory {
    kinds: [AtomicU64; KINDS],
    max: AtomicU64,
    queued: AtomicU64,
}

impl Memory {
    /// Says how much the shard may take, and what is set aside for its clients beside that.
    pub fn limit(&self, max: usize, queued: usize) {
        self.max.store(max as u64, Relaxed);
        self.queued.store(queued as u64, Relaxed);
    }

    /// Says what is spent now.
    pub fn report(&self, spent: &MemoryUse) {
        for (place, (_, bytes)) in self.kinds.iter().zip(spent.by_kind()) {
            place.store(bytes as u64, Relaxed);
        }
    }

    fn executions(&self) -> u64 {
        let [running, parked, ..] = &self.kinds;
        running.load(Relaxed) + parked.load(Relaxed)
    }
}

/// Writes the memory of all shards.
pub(super) fn write(out: &mut String, shards: &[Arc<Memory>]) {
    write_header(out, &names::RUN_MEMORY);
    let executions: u64 = shards.iter().map(|shard| shard.executions()).sum();
    write_line(out, &names::RUN_MEMORY, &[], executions as f64);
    let numbered = || {
        shards
            .iter()
            .enumerate()
            .map(|(index, shard)| (index.to_string(), shard))
    };
    write_header(out, &names::MEMORY);
    for (number, shard) in numbered() {
        for (place, (kind, _)) in shard.kinds.iter().zip(MemoryUse::default().by_kind()) {
            let labels = [("shard", &*number), ("kind", kind)];
            write_line(out, &names::MEMORY, &labels, place.load(Relaxed) as f64);
        }
    }
    write_header(out, &names::MEMORY_QUEUED);
    for (number, shard) in numbered() {
        let queued = shard.queued.load(Relaxed) as f64;
        write_line(out, &names::MEMORY_QUEUED, &[("shard", &*number)], queued);
    }
    write_header(out, &names::MEMORY_MAX);
    for (number, shard) in numbered() {
        let max = shard.max.load(Relaxed) as f64;
        write_line(out, &names::MEMORY_MAX, &[("shard", &*number)], max);
    }
}
