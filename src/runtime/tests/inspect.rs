//! What tests see of a shard from within.

use super::super::{LaneId, Shard};

impl Shard {
    /// Returns how many timers there are, those included that nobody waits for any more.
    pub(super) fn timers(&self) -> usize {
        self.executor.timers.len()
    }

    /// Returns how many bytes are kept of results that come at a time.
    pub(super) fn timed_bytes(&self) -> usize {
        self.executor.timers.bytes()
    }

    /// Returns the name of the first lane.
    pub(super) fn first_lane(&self) -> LaneId {
        self.lanes[self.order[0]].id
    }

    /// Makes the ids and seeds of executions follow from a seed.
    pub(super) fn reseed(&mut self, seed: u64) {
        self.executor.reseed(seed);
    }

    /// Returns how many executions wait, and how many were dropped with their partitions.
    pub(super) fn executions(&self) -> (usize, u64) {
        (self.executor.flights.len(), self.executor.abandoned)
    }

    /// Returns how much work the last turn has done.
    pub(super) fn worked(&self) -> u64 {
        self.executor.shares.worked()
    }

    /// Names what is not over yet, if anything is.
    pub(super) fn leftover(&self) -> Option<&'static str> {
        let (executor, outbox) = (&self.executor, &self.dispatch.outbox);
        let of_shard = [
            (executor.flights.len() > 0, "executions"),
            (!executor.ready.is_empty(), "turns of executions"),
            (outbox.unsent() > 0, "messages"),
            (outbox.settlements.open_count() > 0, "settlements"),
            (self.parked_bytes() > 0, "parked bytes"),
            (executor.account.held.get() > 0, "bytes of events that wait"),
            (executor.account.unsent.get() > 0, "bytes of messages"),
        ];
        let of_lanes = self.lanes.iter().flat_map(|(_, lane)| lane.leftovers());
        let mut all = of_shard.into_iter().chain(of_lanes);
        all.find_map(|(is_left, name)| is_left.then_some(name))
    }
}
