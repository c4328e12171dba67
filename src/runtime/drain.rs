//! The end of a partition on this shard, and of the shard.
//!
//! A revoked partition takes nothing any more; when its executions are over, or its time is, it is given back with its
//! last commit. Executions end with their time. What others leave that were over before has [`LAST_ANSWERS`] more to
//! arrive, else the last commit would call them unfinished. Events that wait for their turn in a line are forgotten at once
//! in async mode, where their next owner runs them; in sync mode they are committed already, so they run here while there
//! is time. A lost partition is forgotten at once. Stopping is revoking everything. Invariant: an event that was abandoned
//! is not committed (async), or is named as unfinished in the last commit (sync).

use super::askers::ShardAskers;
use super::lane::{Feed, Lane};
use super::partition::{GivenUp, Partition};
use super::shard::Shard;
use super::stop::LAST_ANSWERS;
use super::workflow::Mode;
use crate::stream::PartitionId;
use std::time::Instant;

impl Lane {
    /// Begins to give a partition back.
    pub(super) fn revoke(&mut self, id: PartitionId, until: Instant) {
        let feed = &mut self.feed;
        let Some(partition) = feed.partitions.get_mut(&id) else {
            // Announced and gone again before it came here: nothing to wait for.
            self.source.release(id, None);
            return;
        };
        partition.until = Some(partition.until.map_or(until, |known| known.min(until)));
        partition.precommit.held.clear();
        match feed.workflow.mode {
            Mode::Async => feed.forget_waiting(id),
            // A commit past them stands: nobody else would run them.
            Mode::Sync => {}
        }
    }

    /// Stops taking events: gives all partitions back.
    pub(super) fn stop(&mut self, until: Instant) {
        self.feed.stops_at = Some(self.feed.stops_at.map_or(until, |known| known.min(until)));
        let all: Vec<PartitionId> = self.feed.partitions.keys().copied().collect();
        for id in all {
            self.revoke(id, until);
        }
    }
}

impl Feed {
    /// Returns the partitions that are meant.
    fn partitions_that(&self, is_meant: impl Fn(&Partition) -> bool) -> Vec<PartitionId> {
        let all = self.partitions.iter();
        let meant = all.filter(|(_, partition)| is_meant(partition));
        meant.map(|(&id, _)| id).collect()
    }

    /// Forgets the events of a partition that wait for their turn; they were not begun.
    fn forget_waiting(&mut self, id: PartitionId) {
        self.lines.forget(id);
        for _ in 0..self.turns.len() {
            let Some((line, event)) = self.turns.pop_front() else {
                break;
            };
            if event.partition != id {
                self.turns.push_back((line, event));
                continue;
            }
            // Its line is held for it: whoever shares the line has the next turn.
            if let Some(next) = line.and_then(|line| self.lines.end(line)) {
                self.turns.push_back((line, next));
            }
        }
        if let Some(partition) = self.partitions.get_mut(&id) {
            partition.waiting = 0;
        }
    }

    /// Says what a partition that is given back leaves unfinished, if anything.
    fn tell_given_up(&self, partition: &Partition) {
        let waiting = partition.given_up.unwrap_or_default().waiting;
        if partition.running == 0 && waiting == 0 && partition.is_over() {
            return;
        }
        tracing::warn!(
            workflow = self.workflow.machine.name,
            topic = %partition.topic,
            number = partition.number,
            executions = partition.running,
            waiting,
            "a partition is returned before its executions have ended: {}",
            match self.workflow.mode {
                Mode::Async => "they run again at its next owner",
                Mode::Sync => "they count as cut off",
            }
        );
    }
}

impl Partition {
    /// Says whether nothing of it is on its way any more: events that are given up do not count.
    fn is_over(&self) -> bool {
        let given_up = self.given_up.unwrap_or_default().executions;
        self.running == given_up
            && self.waiting == 0
            && self.precommit.events() == 0
            && self.precommit.naming == 0
            && self.precommit.commit.is_none()
    }

    /// Returns when there is something to do about its end, if it has one.
    pub(super) fn next_release(&self) -> Option<Instant> {
        let until = self.until?;
        Some(match self.given_up {
            None => until,
            Some(_) => until + LAST_ANSWERS,
        })
    }
}

impl Shard {
    /// Gives back the revoked partitions of a lane that are over, or whose time is.
    pub(super) fn release(&mut self, lane: usize) {
        let now = self.executor.now.instant;
        let is_late = |partition: &Partition| partition.next_release().is_some_and(|at| now >= at);
        let is_over_time = |partition: &Partition| partition.given_up.is_none() && is_late(partition);
        for id in self.lanes[lane].feed.partitions_that(is_over_time) {
            self.give_up(lane, id);
        }
        let is_due =
            |partition: &Partition| partition.until.is_some() && (partition.is_over() || is_late(partition));
        let Lane { source, feed, .. } = &mut self.lanes[lane];
        for id in feed.partitions_that(is_due) {
            if let Some(mut partition) = feed.partitions.remove(&id) {
                let last = partition.last_checkpoint(id, feed.workflow.mode);
                source.release(id, last.as_ref());
                feed.tell_given_up(&partition);
            }
        }
    }

    /// Gives up what of a partition is not over in its time. What is over has a little longer to be heard of: an answer
    /// that is on its way, and the commit that says so.
    fn give_up(&mut self, lane: usize, id: PartitionId) {
        let feed = &mut self.lanes[lane].feed;
        let waiting = feed.partitions.get(&id).map_or(0, |partition| partition.waiting);
        // First, since an execution that is abandoned must not hand its line on.
        feed.forget_waiting(id);
        let executions = self.abandon_partition(lane, id);
        if let Some(partition) = self.lanes[lane].feed.partitions.get_mut(&id) {
            // Begun, but not run: the last commit names them.
            let waiting = waiting + partition.precommit.asked.len();
            partition.given_up = Some(GivenUp { executions, waiting });
            partition.precommit.asked.clear();
            partition.precommit.held.clear();
        }
    }

    /// Forgets a partition that belongs to somebody else already.
    pub(super) fn lose(&mut self, lane: usize, id: PartitionId) {
        self.lanes[lane].feed.forget_waiting(id);
        self.abandon_partition(lane, id);
        self.lanes[lane].feed.partitions.remove(&id);
    }

    /// Drops the executions of a partition; returns how many there were.
    fn abandon_partition(&mut self, lane: usize, id: PartitionId) -> usize {
        // All executions that wait are looked at, so not for a partition of which none can be among them.
        let partition = self.lanes[lane].feed.partitions.get(&id);
        if partition.is_none_or(|partition| partition.running == 0) {
            return 0;
        }
        let flights = self
            .executor
            .flights
            .find(|flight| flight.machine as usize == lane && flight.kept.is_of(id));
        let mut askers = ShardAskers {
            lanes: &mut self.lanes,
            dispatch: &mut self.dispatch,
        };
        let count = flights.len();
        for flight in flights {
            self.executor.abandon(&mut askers, flight);
        }
        count
    }
}
