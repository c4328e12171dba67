//! What a shard counts of one workflow: the metrics' own counts, and what they need of the shard.

use super::flight::Flights;
use super::lane::LaneState;
use super::outbox::Outbox;
use super::workflow::Mode;
use crate::metrics::WorkflowMetrics;
use std::sync::atomic::Ordering::Relaxed;

/// One shard's counts of one workflow.
pub struct Stats {
    pub(super) metrics: WorkflowMetrics,
}

impl Stats {
    /// Creates the counts that are added to these metrics.
    pub fn new(metrics: WorkflowMetrics) -> Stats {
        Stats { metrics }
    }
}

impl LaneState {
    /// Adds what was counted to the process's metrics, and says how it stands now.
    pub(super) fn report(&mut self, is_paused: bool) {
        let unfinished = self.unfinished() as u64;
        let paused = if is_paused { self.partitions.len() } else { 0 };
        let metrics = &mut self.stats.metrics;
        metrics.now.in_flight.store(unfinished, Relaxed);
        metrics.now.parked.store(self.parked as u64, Relaxed);
        metrics.now.paused_partitions.store(paused as u64, Relaxed);
        metrics.flush();
    }

    /// Says when the oldest event in flight was taken.
    pub(super) fn report_oldest(&self, flights: &Flights, outbox: &Outbox) {
        let flying = flights.oldest_ms(self.index);
        let sent = outbox.settlements.oldest_ms(self.index);
        let held = match self.workflow.mode {
            Mode::Async => None,
            Mode::Sync => self
                .partitions
                .values()
                .filter_map(|partition| partition.precommit.asked_ms)
                .min(),
        };
        let oldest = [flying, sent, held].into_iter().flatten().min();
        self.stats
            .metrics
            .now
            .oldest_since_ms
            .store(oldest.unwrap_or(0), Relaxed);
    }
}
