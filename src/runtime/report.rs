//! How a lane stands, for the metrics.

use super::kept::Kept;
use super::lane::Lane;
use super::outbox::Outbox;
use super::workflow::Mode;
use crate::execution::flight::Flights;
use std::sync::atomic::Ordering::Relaxed;

impl Lane {
    /// Adds what was counted to the process's metrics, and says how it stands now.
    pub(super) fn report(&mut self) {
        let unfinished = self.feed.unfinished() as u64;
        let paused = match self.feed.is_paused {
            true => self.feed.partitions.len(),
            false => 0,
        };
        let metrics = &mut self.machine.metrics;
        metrics.now.in_flight.store(unfinished, Relaxed);
        metrics.now.parked.store(self.machine.parked as u64, Relaxed);
        metrics.now.paused_partitions.store(paused as u64, Relaxed);
        metrics.flush();
    }

    /// Says when the oldest event in flight was taken.
    pub(super) fn report_oldest(&self, flights: &Flights<Kept>, outbox: &Outbox) {
        let feed = &self.feed;
        let flying = flights.oldest_ms(feed.index);
        let sent = outbox.settlements.oldest_ms(feed.index);
        let held = match feed.workflow.mode {
            Mode::Async => None,
            Mode::Sync => {
                let partitions = feed.partitions.values();
                partitions
                    .filter_map(|partition| partition.precommit.asked_ms)
                    .min()
            }
        };
        let oldest = [flying, sent, held].into_iter().flatten().min();
        let oldest_since_ms = &self.machine.metrics.now.oldest_since_ms;
        oldest_since_ms.store(oldest.unwrap_or(0), Relaxed);
    }
}
