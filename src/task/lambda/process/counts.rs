//! What the processes of an entry have done, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What the processes of an entry have done; written by their thread, read by anybody.
#[derive(Debug, Default)]
pub struct Counts {
    /// Processes that live now.
    pub(super) alive: AtomicU64,
    pub(super) started: AtomicU64,
    pub(super) exited: AtomicU64,
    pub(super) timed_out: AtomicU64,
    pub(super) out_of_memory: AtomicU64,
}

impl Counts {
    /// Returns how many processes live.
    pub fn alive(&self) -> u64 {
        self.alive.load(Relaxed)
    }

    /// Returns how many processes were started.
    pub fn started(&self) -> u64 {
        self.started.load(Relaxed)
    }

    /// Returns how many processes ended that were not to end, by reason.
    pub fn failed(&self) -> [(&'static str, u64); 3] {
        [
            ("exited", &self.exited),
            ("timed_out", &self.timed_out),
            ("out_of_memory", &self.out_of_memory),
        ]
        .map(|(reason, count)| (reason, count.load(Relaxed)))
    }

    pub(super) fn add(count: &AtomicU64) {
        count.fetch_add(1, Relaxed);
    }
}
