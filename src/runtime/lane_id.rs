//! The names of lanes and of the shards of a process.
//!
//! Must not know what a lane is. Invariant: a name is never given twice, and no other shard takes it for one of its own.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Names a lane for as long as the process lives: its shard, its number there, which another one has when it is gone, and
/// which of the number's owners it is. Only a shard gives one, and no other shard knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LaneId {
    pub(super) shard: ShardId,
    pub(super) index: u32,
    pub(super) generation: u32,
}

/// Tells the shards of a process apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ShardId(u64);

impl ShardId {
    /// Returns one that no shard has had.
    pub(super) fn next() -> ShardId {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        ShardId(NEXT.fetch_add(1, Relaxed))
    }
}
