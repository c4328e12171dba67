//! Lanes that come and go while a shard runs.
//!
//! What is divided among the lanes of a shard, memory and the sink's queue, is divided anew. How long a lane takes to go
//! `leaving` knows. Must not know why one comes or goes. Invariant: a lane goes when nothing of it is left on the shard; its number may be another's then, but a
//! [`LaneId`] never names another lane.

use super::lane::Lane;
use super::lane_id::LaneId;
use super::mailbox::{ORDERS_MAX, Order};
use super::parts::LaneParts;
use super::removed::Removed;
use super::shard::{Shard, count_losses};
use crate::guard::guarded;
use std::time::Instant;

impl Shard {
    /// Takes up a workflow; returns the name of its lane.
    pub fn add_lane(&mut self, parts: LaneParts) -> LaneId {
        let entry = self.lanes.vacant_entry();
        let index = entry.key();
        self.executor.account.add(index);
        let held = self.executor.account.held_of(index);
        let id = LaneId {
            shard: self.mailbox.shard(),
            index: index as u32,
            generation: self.generations,
        };
        self.generations = self.generations.wrapping_add(1);
        let (outbox, sink) = (&mut self.dispatch.outbox, &mut *self.executor.sink);
        let lane = entry.insert(Lane::new(id, parts, held, |name| outbox.topic(sink, name)));
        if let Some(until) = self.stops_at {
            lane.stop(until);
        }
        self.order.push(index);
        self.dispatch.outbox.set_lanes(self.order.len());
        id
    }

    /// Finds a lane, unless it is gone.
    pub(super) fn lane_mut(&mut self, id: LaneId) -> Option<&mut Lane> {
        let lane = self.lanes.get_mut(id.index as usize);
        lane.filter(|lane| lane.id == id)
    }

    /// Gives a workflow up: it takes no more events and gives all its partitions back, at the latest at a time. Its lane
    /// is there until what its events leave behind has arrived, or was given up. Nothing happens if it is gone.
    pub fn remove_lane(&mut self, lane: LaneId, until: Instant) {
        if let Some(lane) = self.lane_mut(lane) {
            let leaves_at = lane.feed.leaves_at.map_or(until, |known| known.min(until));
            lane.feed.leaves_at = Some(leaves_at);
            lane.stop(leaves_at);
        }
    }

    /// Follows the orders that have come; returns how many.
    pub(super) fn follow_orders(&mut self) -> usize {
        for followed in 0..ORDERS_MAX {
            match self.mailbox.order() {
                None => return followed,
                Some(Order::Publish { lane, version }) => self.publish(lane, version),
                Some(Order::Remove { lane, until, removed }) => self.remove_and_tell(lane, until, removed),
                Some(Order::Add { build, added }) => {
                    // A panic there must not end the workflows that are here.
                    let parts = guarded(build).and_then(|parts| parts);
                    let lane = parts.map(|parts| self.add_lane(parts));
                    if let Err(Ok(lane)) = added.send(lane) {
                        // Nobody could ever remove it.
                        self.remove_lane(lane, self.executor.now.instant);
                    }
                }
            }
        }
        ORDERS_MAX
    }

    /// Returns how many workflows the shard has.
    pub fn lanes(&self) -> usize {
        self.order.len()
    }

    /// Forgets a lane of which nothing is left.
    pub(super) fn drop_lane(&mut self, index: usize) {
        // Of what is told by number nothing may be left for the number's next owner.
        count_losses(&mut self.lanes, &mut self.dispatch.outbox);
        let mut lane = self.lanes.remove(index);
        if let Some(journal) = &mut lane.machine.journal {
            journal.buffer.ship(true);
        }
        lane.leaving.tell(Removed { given_up: 0 });
        lane.report();
        lane.report_oldest(&self.executor.flights, &self.dispatch.outbox);
        for topic in lane.feed.topics.open() {
            self.dispatch.outbox.close_topic(&mut *self.executor.sink, topic);
        }
        self.executor.account.remove(index);
        self.dispatch.outbox.forget(index as u32);
        self.order.retain(|known| *known != index);
        self.dispatch.outbox.set_lanes(self.order.len());
    }
}
