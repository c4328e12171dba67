//! The end of a partition on this shard, and of the shard.
//!
//! A revoked partition takes nothing any more; when its executions are over, or its time is, it is given
//! back with its last commit. Events that wait for their turn in a line are forgotten at once in async mode,
//! where their next owner runs them; in sync mode they are committed already, so they run here while there is
//! time. A lost one is forgotten at once. Stopping is revoking everything. Invariant:
//! what was abandoned is not committed (async), or named as unfinished in the last commit (sync).

use super::core::Core;
use super::lane::{Lane, LaneState, Partition};
use super::workflow::Mode;
use crate::stream::PartitionId;
use std::time::Instant;

impl Lane {
    /// Begins to give a partition back.
    pub(super) fn revoke(&mut self, id: PartitionId, until: Instant) {
        let state = &mut self.state;
        let Some(partition) = state.partitions.get_mut(&id) else {
            // Announced and gone again before it came here: nothing to wait for.
            self.source.release(id, None);
            return;
        };
        partition.until = Some(partition.until.map_or(until, |known| known.min(until)));
        partition.ahead.held.clear();
        match state.workflow.mode {
            Mode::Async => state.forget_waiting(id),
            // A commit past them stands: nobody else would run them.
            Mode::Sync => {}
        }
    }

    /// Stops taking events: gives all partitions back.
    pub(super) fn stop(&mut self, until: Instant) {
        let all: Vec<PartitionId> = self.state.partitions.keys().copied().collect();
        for id in all {
            self.revoke(id, until);
        }
    }
}

impl LaneState {
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
}

impl Partition {
    /// Says whether nothing of it is on its way any more.
    fn is_over(&self) -> bool {
        self.running == 0 && self.waiting == 0 && self.ahead.events() == 0 && self.ahead.naming == 0
    }
}

impl Core {
    /// Gives back the revoked partitions that are over, or whose time is.
    pub(super) fn release(&mut self, lanes: &mut [Lane], lane: usize) {
        let state = &lanes[lane].state;
        let due = |partition: &Partition| {
            let until = partition.until;
            until.is_some_and(|until| partition.is_over() || self.now.instant >= until)
        };
        let all = state.partitions.iter();
        let ids: Vec<PartitionId> = all.filter(|(_, one)| due(one)).map(|(&id, _)| id).collect();
        for id in ids {
            let waiting = lanes[lane].state.partitions.get(&id).map_or(0, |one| one.waiting);
            // First: an execution that is abandoned must not hand its line on.
            lanes[lane].state.forget_waiting(id);
            self.abandon_partition(lanes, lane, id);
            let Lane { source, state } = &mut lanes[lane];
            let Some(mut partition) = state.partitions.remove(&id) else {
                continue;
            };
            if waiting > 0 || !partition.is_over() {
                tracing::warn!(
                    workflow = state.workflow.name,
                    topic = %partition.topic,
                    number = partition.number,
                    executions = partition.running,
                    waiting,
                    "a partition is given back before its executions are over: {}",
                    match state.workflow.mode {
                        Mode::Async => "they run again where it goes",
                        Mode::Sync => "they count as cut off",
                    }
                );
            }
            let last = match state.workflow.mode {
                Mode::Async => partition.tracker.commit(),
                Mode::Sync => partition.commit_finished(),
            };
            source.release(id, last.as_ref());
        }
    }

    /// Forgets a partition that belongs to somebody else already.
    pub(super) fn lose(&mut self, lanes: &mut [Lane], lane: usize, id: PartitionId) {
        lanes[lane].state.forget_waiting(id);
        self.abandon_partition(lanes, lane, id);
        lanes[lane].state.partitions.remove(&id);
    }

    fn abandon_partition(&mut self, lanes: &mut [Lane], lane: usize, id: PartitionId) {
        // All that wait are looked at, so not for a partition of which none can be among them.
        let partition = lanes[lane].state.partitions.get(&id);
        if partition.is_none_or(|partition| partition.running == 0) {
            return;
        }
        let is_its =
            |flight: &super::flight::Flight| flight.lane as usize == lane && flight.event.partition == id;
        for flight in self.flights.find(is_its) {
            self.abandon(lanes, flight);
        }
    }
}
