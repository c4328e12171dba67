//! How many events a shard takes of each lane in a turn, and that they begin.
//!
//! Owns what keeps a lane from taking more: limits, memory, a full log, messages that find no room. Must not know what
//! becomes of an event.

use super::intake::{BATCH_EVENTS_MAX, Intake};
use super::lane::Lane;
use super::shard::Shard;
use std::rc::Rc;

/// What the smallest event counts for, in bytes, when it is reckoned how many there is memory for.
const EVENT_BYTES_MIN: usize = 1 << 10;

impl Shard {
    /// Runs the events whose turn has come.
    pub(super) fn take_turns(&mut self) -> usize {
        let Shard {
            executor,
            lanes,
            dispatch,
            ..
        } = self;
        let sharers = lanes.len();
        let mut done = 0;
        for (_, Lane { machine, feed, .. }) in lanes {
            executor.begin_part(sharers);
            let mut intake = Intake {
                executor,
                dispatch,
                machine,
                feed,
            };
            done += intake.take_turns();
        }
        done
    }

    /// Takes events of a lane, as far as there is room, and runs them.
    pub(super) fn take_events(&mut self, lane: usize) -> usize {
        self.executor.begin_part(self.lanes.len());
        let room = self.room(lane).min(BATCH_EVENTS_MAX);
        let feed = &mut self.lanes[lane].feed;
        feed.is_paused = room == 0 && !feed.has_ended;
        feed.new_calls = 0;
        let count = if room > 0 && !self.executor.work.is_spent() {
            self.lanes[lane].source.fill(room)
        } else {
            0
        };
        let changes = self.hear_changes(lane);
        let Shard {
            executor,
            lanes,
            dispatch,
            ..
        } = self;
        lanes[lane].take_up();
        let Lane {
            source,
            machine,
            feed,
            ..
        } = &mut lanes[lane];
        machine.metrics.counts.events_consumed += count as u64;
        let version = Rc::clone(&machine.version);
        let mut intake = Intake {
            executor,
            dispatch,
            machine,
            feed,
        };
        let mut largest = 0;
        for event in 0..count {
            let record = source.record(event);
            let waiting = intake.executor.account.waiting();
            intake.take_event(&version, &record);
            // Without headers, which are not read for this: where they are copied, the account knows them.
            let bytes = [record.key, record.value].map(|part| part.map_or(0, <[u8]>::len));
            let taken = intake.executor.account.waiting().saturating_sub(waiting);
            largest = largest.max(bytes[0] + bytes[1]).max(taken);
        }
        if count > 0 {
            feed.event_bytes = largest.max(feed.event_bytes / 2).max(EVENT_BYTES_MIN);
        }
        lanes[lane].commit_ahead(executor.now.ms);
        count + changes
    }

    /// Returns how many events a lane may take now.
    pub(super) fn room(&mut self, lane: usize) -> usize {
        let Shard {
            executor,
            lanes,
            dispatch,
            ..
        } = self;
        let total = self.total.room(executor.flights.len());
        let Lane { machine, feed, .. } = &mut lanes[lane];
        let has_no_room = dispatch.outbox.is_stuck(feed.index) || dispatch.outbox.is_full();
        let is_going = self.is_stopping || feed.leaves_at.is_some();
        if is_going || feed.has_ended || has_no_room || machine.log_is_full() {
            return 0;
        }
        feed.room(machine.parked)
            .min(total)
            .min(executor.account.room(machine.index, feed.event_bytes))
    }
}
