//! The end of a lane that is removed: heard by who asked for it, and bounded.
//!
//! What its events leave behind has [`FAREWELL`] longer than its executions to arrive, then it is given up. Must not know
//! why a lane goes. Invariants: whoever asks hears once, at the latest then, or sees the channel close with the shard; a
//! lane is there as long as the sink has a message of it, so that no answer reaches the next one of its number.

use super::call::Refused;
use super::hear::settled;
use super::lane::Lane;
use super::lane_id::LaneId;
use super::removed::{REPLIES_MAX, Removed, RemovedReply};
use super::settlements::SettlementId;
use super::shard::Shard;
use super::workflow::Mode;
use std::time::{Duration, Instant};

/// How much longer than its executions what they leave behind may take to arrive when a workflow is removed.
pub const FAREWELL: Duration = Duration::from_secs(10);

impl Lane {
    /// Says whether nothing is left of a lane that is to go: no partition, nothing that runs, nothing on its way, no
    /// record that must not be dropped.
    pub(super) fn has_left(&mut self) -> bool {
        let owes_records = self.leaving.over.is_none() && self.machine.owes_records();
        let (feed, journal) = (&self.feed, self.machine.journal.as_ref());
        feed.leaves_at.is_some()
            && feed.partitions.is_empty()
            && feed.unfinished() == 0
            && feed.settling == 0
            && self.machine.parked == 0
            && journal.is_none_or(|journal| !journal.is_awaited())
            && !owes_records
    }

    /// Returns when what has not arrived of a lane that is to go is given up, if that is still to come.
    pub(super) fn farewell_until(&self) -> Option<Instant> {
        let leaves_at = self.feed.leaves_at.filter(|_| self.leaving.over.is_none());
        leaves_at.map(|at| at + FAREWELL)
    }
}

impl Shard {
    /// Removes a lane and tells when it has left, or at once that there is none.
    pub(super) fn remove_and_tell(&mut self, id: LaneId, until: Instant, reply: RemovedReply) {
        self.remove_lane(id, until);
        let answer = match self.lane_mut(id).map(|lane| &mut lane.leaving) {
            None => Err(Refused::Gone),
            Some(leaving) => match leaving.over {
                Some(removed) => Ok(removed),
                None if leaving.replies.len() == REPLIES_MAX => Err(Refused::Busy),
                None => return leaving.replies.push(reply),
            },
        };
        // Who has gone away needs no answer.
        let _ = reply.send(answer);
    }

    /// Gives up what has not arrived of a lane that is to go, when its time is over.
    pub(super) fn end_farewell(&mut self, index: usize) {
        let now = self.executor.now;
        let lane = &mut self.lanes[index];
        if lane.farewell_until().is_some_and(|until| now.instant >= until) {
            let removed = Removed {
                given_up: lane.feed.settling,
            };
            lane.leaving.over = Some(removed);
            lane.leaving.tell(removed);
            lane.tell_given_up(removed);
            self.dispatch.outbox.forsake(index as u32);
        }
        if self.lanes[index].leaving.over.is_none() {
            return;
        }
        // Also what has come since, of an event that a crash had cut off.
        self.dispatch.outbox.give_up_all(index as u32, now.ms);
        let journal = self.lanes[index].machine.journal.as_mut();
        let receipts = journal.map(|journal| journal.give_up()).unwrap_or_default();
        for receipt in receipts {
            let over = self.dispatch.outbox.settlements.done(SettlementId(receipt.0));
            settled(&mut self.lanes, over);
        }
        self.hear_sink();
    }
}

impl Lane {
    fn tell_given_up(&self, removed: Removed) {
        if removed.given_up == 0 {
            return;
        }
        tracing::warn!(
            workflow = self.machine.settings.name,
            events = removed.given_up,
            "a workflow is removed before what its events leave behind has arrived: {}",
            match self.feed.workflow.mode {
                Mode::Async => "they run again at the next owner of their partitions",
                Mode::Sync => "they count as cut off",
            }
        );
    }
}
