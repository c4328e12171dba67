//! Sync mode: commits before the executions.
//!
//! Events that were taken are held, a commit past them is asked for, and they run when it is acknowledged; meanwhile the
//! next ones are taken. At most `sync_batch_max` events of a lane are committed and unfinished at a time: so many a crash
//! may cut off. Invariant: an event runs only after a commit past it was acknowledged, and once.

use super::held::Held;
use super::intake::{Intake, copy};
use super::lane::{Feed, Lane};
use super::messages::Withheld;
use super::partition::{Partition, PreCommit};
use super::workflow::Mode;
use crate::stream::offsets::Commit;
use crate::stream::{Checkpoint, CommitError, Committer, PartitionId, Record};
use std::rc::Rc;

/// How long a commit without a clear answer waits before it is asked for again.
const AGAIN_MS: i64 = 100;

impl Lane {
    /// Asks for the commits that let held events run.
    pub(super) fn commit_ahead(&mut self, now_ms: i64) {
        if self.feed.workflow.mode != Mode::Sync {
            return;
        }
        let max = self.feed.workflow.sync_batch_max.max(1);
        let at_risk = |partition: &Partition| partition.tracker.unfinished();
        let mut room = max.saturating_sub(self.feed.partitions.values().map(at_risk).sum());
        for (&id, partition) in &mut self.feed.partitions {
            room -= partition.ask(id, &mut *self.source, room, now_ms);
        }
    }
}

impl Partition {
    /// Returns a commit that no longer calls finished events unfinished.
    pub(super) fn commit_finished(&mut self) -> Option<Commit> {
        let idle = self.precommit.commit.is_none() && self.precommit.naming == 0 && !self.precommit.is_fenced;
        let next = self
            .precommit
            .next
            .filter(|_| idle && self.tracker.has_changed())?;
        Some(self.tracker.commit_ahead(next))
    }

    /// Takes note of where the source has come to once no event before that is held.
    pub(super) fn pass_ahead(&mut self) {
        if self.precommit.held.is_empty()
            && let Some(offset) = self.precommit.passed.take()
            && self.tracker.pass(offset)
        {
            self.precommit.next = self.precommit.next.max(Some(offset));
        }
    }

    /// Begins up to `room` held events and asks for the commit past them; returns how many.
    fn ask(&mut self, id: PartitionId, committer: &mut dyn Committer, room: usize, now_ms: i64) -> usize {
        if self.precommit.is_fenced {
            return 0;
        }
        if let Some(checkpoint) = &self.precommit.commit {
            if self.precommit.again_ms.is_some_and(|at_ms| now_ms >= at_ms) {
                self.precommit.again_ms = None;
                committer.commit(checkpoint, true);
            }
            return 0;
        }
        if self.until.is_some() || self.precommit.naming > 0 {
            return 0;
        }
        let mut next = None;
        while self.precommit.asked.len() < room
            && let Some(event) = self.precommit.held.pop_front()
        {
            next = Some(event.offset + 1);
            if self.tracker.begin(event.offset) {
                self.precommit.asked.push_back(event);
            }
        }
        let Some(next) = next else { return 0 };
        self.precommit.next = Some(next);
        self.pass_ahead();
        let next = self.precommit.next.unwrap_or(next);
        let commit = self.tracker.commit_ahead(next);
        let checkpoint = Checkpoint::take(id, commit, &mut self.tracker);
        committer.commit(&checkpoint, true);
        self.precommit.asked_ms = Some(now_ms);
        self.precommit.commit = Some(checkpoint);
        self.precommit.asked.len()
    }
}

impl Feed {
    /// Holds an event until its commit.
    pub(super) fn hold(&mut self, record: &Record<'_>) {
        let Some(partition) = self.partitions.get_mut(&record.partition) else {
            return;
        };
        if partition.until.is_some() || partition.precommit.is_fenced {
            return;
        }
        let event = copy(record, &self.held).unwrap_or_else(|message| {
            // The commit has to pass it like any other; it ends then.
            partition.precommit.broken.push((record.offset, message));
            Held::copy(&Withheld::of(record).bare(record), &self.held)
        });
        partition.precommit.held.push_back(event);
    }
}

impl Intake<'_> {
    /// Hears what became of a commit: sync events run, are asked for again, or never run here.
    pub(super) fn committed(&mut self, id: PartitionId, offset: i64, result: &Result<(), CommitError>) {
        let Some(partition) = self.feed.partitions.get_mut(&id) else {
            return;
        };
        let precommit = &mut partition.precommit;
        let commit = precommit.commit.as_ref();
        if commit.is_none_or(|asked| asked.commit.offset != offset) {
            return;
        }
        match result {
            Ok(()) => {}
            Err(CommitError::Unknown(_)) => {
                // It may stand or not. The partition is still ours, so asking again settles it.
                precommit.again_ms = Some(self.executor.now.ms + AGAIN_MS);
                return;
            }
            Err(CommitError::NotOwner) => {
                *precommit = PreCommit {
                    is_fenced: true,
                    ..PreCommit::default()
                };
                return;
            }
        }
        precommit.commit = None;
        precommit.asked_ms = None;
        let events = std::mem::take(&mut precommit.asked);
        let version = Rc::clone(&self.machine.version);
        let last = events.iter().map(|event| event.offset).max();
        let broken = std::mem::take(&mut precommit.broken);
        for event in events {
            match broken.iter().find(|(offset, _)| *offset == event.offset) {
                None => self.take_held(&version, event),
                Some((_, message)) => self.never_began(&event.record(), message.clone()),
            }
        }
        if let Some(partition) = self.feed.partitions.get_mut(&id) {
            let is_held = |&(offset, _): &(i64, String)| last.is_none_or(|last| last < offset);
            partition.precommit.broken = broken.into_iter().filter(is_held).collect();
        }
    }
}
