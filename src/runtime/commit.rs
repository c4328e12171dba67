//! Commits after the executions: each interval, what the tracker calls safe.
//!
//! What leaves with a commit is a [`Checkpoint`]. Must not know who makes it stand.

use super::lane::Lane;
use super::partition::Partition;
use super::workflow::Mode;
use crate::stream::{Checkpoint, Committer, PartitionId};

impl Lane {
    /// Commits what is safe, if the time has come; says whether it had.
    pub(super) fn commit_if_due(&mut self, now_ms: i64) -> bool {
        let feed = &mut self.feed;
        if now_ms < feed.next_commit_ms {
            return false;
        }
        feed.next_commit_ms = now_ms + feed.workflow.commit_interval.as_millis() as i64;
        for (&id, partition) in &mut feed.partitions {
            partition.commit(id, &mut *self.source, feed.workflow.mode);
        }
        true
    }
}

impl Partition {
    /// Commits what has changed.
    fn commit(&mut self, id: PartitionId, committer: &mut dyn Committer, mode: Mode) {
        let commit = match mode {
            Mode::Async => self.tracker.commit(),
            Mode::Sync => self.commit_finished(),
        };
        if let Some(commit) = commit {
            let checkpoint = Checkpoint::take(id, commit, &mut self.tracker);
            committer.commit(&checkpoint, false);
        }
    }

    /// Returns what leaves with the last commit of a partition that is given back, if there is something to say.
    pub(super) fn last_checkpoint(&mut self, id: PartitionId, mode: Mode) -> Option<Checkpoint> {
        let commit = match mode {
            Mode::Async => self.tracker.commit(),
            Mode::Sync => {
                // A commit that is still under way stands at the same offset and was asked for earlier: it names events
                // that have finished since.
                self.precommit.commit = None;
                self.commit_finished()
            }
        };
        commit.map(|commit| Checkpoint::take(id, commit, &mut self.tracker))
    }

    /// Hears that all events below an offset have come: a commit may pass what is none (markers of transactions, say).
    pub(super) fn pass(&mut self, offset: i64, mode: Mode) {
        // What came while the partition goes was dropped.
        if self.until.is_some() || self.precommit.is_fenced {
            return;
        }
        match mode {
            Mode::Async => {
                self.tracker.pass(offset);
            }
            Mode::Sync => {
                self.precommit.passed = Some(offset);
                self.pass_ahead();
            }
        }
    }
}
