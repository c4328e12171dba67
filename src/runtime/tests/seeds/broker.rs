//! The broker's side: what the partitions hold, who has them, and what is committed.
//!
//! Must not know the shard. Invariant: a commit counts only while its partition belongs to who asks for it.

use super::super::world::Given;
use crate::stream::offsets::{Commit, Restored};

/// Stands for the topic's id.
const TOPIC_ID: u64 = 7;

/// One partition.
#[derive(Default)]
pub(super) struct Log {
    /// Its events, by rising offsets.
    pub(super) events: Vec<Given>,
    /// One above the newest offset.
    pub(super) end: i64,
    pub(super) committed: Option<Commit>,
    /// The assignment that has it.
    pub(super) owner: Option<u32>,
    /// How many of the events were handed to that.
    pub(super) handed: usize,
}

impl Log {
    /// Appends an event; offsets may be left out.
    pub(super) fn append(&mut self, event: Given, gap: i64) -> i64 {
        let offset = self.end + gap;
        self.events.push(Given { offset, ..event });
        self.end = offset + 1;
        offset
    }

    /// Gives the partition to an assignment; returns where it goes on.
    pub(super) fn assign(&mut self, id: u32) -> Restored {
        self.owner = Some(id);
        let restored = self.restored();
        let begin = restored.offset.unwrap_or(0);
        self.handed = self.events.iter().filter(|event| event.offset < begin).count();
        restored
    }

    /// Takes a commit; says whether it counts.
    pub(super) fn commit(&mut self, id: u32, commit: &Commit) -> bool {
        let is_owner = self.owner == Some(id);
        if is_owner {
            self.committed = Some(commit.clone());
        }
        is_owner
    }

    /// Returns what is committed, as it is read back.
    pub(super) fn restored(&self) -> Restored {
        match &self.committed {
            Some(commit) => restored(commit),
            None => Restored {
                topic_id: TOPIC_ID,
                ..Restored::default()
            },
        }
    }
}

/// Returns a commit as it is read back.
pub(super) fn restored(commit: &Commit) -> Restored {
    Restored {
        offset: Some(commit.offset),
        metadata: commit.metadata.clone(),
        topic_id: TOPIC_ID,
    }
}
