//! What a shard hears: acknowledgements, log records that are out, answers of tasks, changes of partitions.
//!
//! Each is passed on to whom it concerns: a settlement, an execution, a partition. Must not know what follows there.

use super::askers::ShardAskers;
use super::intake::Intake;
use super::lane::{Lane, Lanes};
use super::outbox::Outbox;
use super::partition::Partition;
use super::settlements::{Settlement, SettlementId};
use super::shard::Shard;
use super::workflow::Mode;
use crate::execution::journal::JournalEnd;
use crate::stream::offsets::Restored;
use crate::stream::{Change, PartitionId};
use crate::task::Report;

impl Shard {
    /// Hears what was delivered, written and answered; returns how much that was.
    pub(super) fn hear(&mut self) -> usize {
        let mut heard = self.hear_sink();
        heard += self.hear_journals();
        let Shard {
            executor,
            lanes,
            dispatch,
            ..
        } = self;
        let mut askers = ShardAskers { lanes, dispatch };
        // Answers that are left when the work is spent come in the next turn. Something was done, so the shard does not
        // sleep before.
        while !executor.work.is_spent()
            && let Some((ticket, report)) = executor.tasks.take(executor.now.wall_ms)
        {
            heard += 1;
            match report {
                Report::Heartbeat => executor.heartbeat(ticket),
                Report::Answer(answer) => executor.answered(&mut askers, ticket, &answer),
            }
        }
        executor.note_heard();
        heard
    }

    /// Hears what was delivered, and what was not.
    pub(super) fn hear_sink(&mut self) -> usize {
        let Shard {
            executor,
            lanes,
            dispatch,
            ..
        } = self;
        let mut heard = 0;
        while let Some((ticket, result)) = executor.sink.acknowledged() {
            heard += 1;
            if !Outbox::owns(ticket) {
                executor.tasks.acknowledged(ticket, result);
                continue;
            }
            let (outbox, now_ms) = (&mut dispatch.outbox, dispatch.now.ms);
            let settlement = match &result {
                Ok(()) => outbox.delivered(ticket, now_ms),
                Err(error) => {
                    let message = executor.sink.returned();
                    let (what, settlement) = outbox.undelivered(ticket, error, message, now_ms);
                    dispatch.tell(what, ticket, error);
                    settlement
                }
            };
            settled(lanes, settlement);
        }
        while let Some(settlement) = dispatch.outbox.lost() {
            heard += 1;
            settled(lanes, Some(settlement));
        }
        heard
    }

    /// Settles what waited for records that are out now.
    fn hear_journals(&mut self) -> usize {
        let mut heard = 0;
        for &index in &self.order {
            let journal = |lanes: &mut Lanes| {
                let journal = lanes[index].machine.journal.as_mut();
                journal.and_then(JournalEnd::confirmed)
            };
            while let Some(receipt) = journal(&mut self.lanes) {
                heard += 1;
                let id = SettlementId(receipt.0);
                settled(&mut self.lanes, self.dispatch.outbox.settlements.done(id));
            }
        }
        heard
    }

    /// Hears what has changed for the partitions of a lane.
    pub(super) fn hear_changes(&mut self, lane: usize) -> usize {
        let mut heard = 0;
        while let Some(change) = self.lanes[lane].source.change() {
            heard += 1;
            self.hear_change(lane, change);
        }
        heard
    }

    fn hear_change(&mut self, lane: usize, change: Change) {
        match change {
            Change::Assigned {
                partition,
                topic,
                number,
                restored,
            } => {
                let known = Partition::new(topic, number, &restored);
                self.lanes[lane].feed.partitions.insert(partition, known);
                self.name_cut_off(lane, partition, &restored);
                // Nothing of it begins when the shard stops or the lane goes, but what a crash cut off has the time to
                // be named.
                let leaves_at = self.lanes[lane].feed.leaves_at;
                if let Some(until) = [self.stops_at, leaves_at].into_iter().flatten().min() {
                    self.lanes[lane].revoke(partition, until);
                }
            }
            Change::Revoked { partition, until } => self.lanes[lane].revoke(partition, until),
            Change::Lost { partition } => self.lose(lane, partition),
            Change::Committed {
                partition,
                offset,
                result,
            } => self.intake(lane).committed(partition, offset, &result),
            Change::Passed { partition, offset } => {
                let feed = &mut self.lanes[lane].feed;
                if let Some(partition) = feed.partitions.get_mut(&partition) {
                    partition.pass(offset, feed.workflow.mode);
                }
            }
            Change::Ended => self.lanes[lane].feed.has_ended = true,
        }
    }

    /// Names the events of a partition that a crash has cut off, as its commit says.
    fn name_cut_off(&mut self, lane: usize, partition: PartitionId, restored: &Restored) {
        if self.lanes[lane].feed.workflow.mode != Mode::Sync {
            return;
        }
        let mut intake = self.intake(lane);
        for offset in restored.cut_off() {
            intake.cut_off(partition, offset);
        }
    }

    /// Returns what takes a lane's events in.
    fn intake(&mut self, lane: usize) -> Intake<'_> {
        let Lane { machine, feed, .. } = &mut self.lanes[lane];
        Intake {
            executor: &mut self.executor,
            dispatch: &mut self.dispatch,
            machine,
            feed,
        }
    }
}

/// Finishes the event of a settlement, if it is over.
pub(super) fn settled(lanes: &mut Lanes, settlement: Option<Settlement>) {
    if let Some(settlement) = settlement
        && let Some(lane) = lanes.get_mut(settlement.lane as usize)
    {
        lane.feed.settled(&settlement);
    }
}
