//! Times by upper bound: plain counts at the shard, shared sums at the process.
//!
//! The exporter keeps each sample of a histogram, 16 bytes with a clock reading, until someone drains
//! it; `record_many` is a loop over that. At a million executions a second this is a list of 16 MB
//! each second, so these counts are our own, and their text too.

use super::names::Metric;
use super::text::write_labels;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Upper bounds in microseconds: from what never leaves the machine to AWS's five minutes.
pub const BOUNDS_US: [u64; 20] = [
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
];

const BUCKETS: usize = BOUNDS_US.len() + 1;

/// What one shard has seen since its last flush.
#[derive(Debug, Default)]
pub(super) struct Local {
    counts: [u64; BUCKETS],
    sum_us: u64,
    is_dirty: bool,
}

impl Local {
    /// Counts a time. Most executions never wait, so the first bound is tried alone.
    #[inline]
    pub(super) fn observe(&mut self, us: u64) {
        let bucket = if us <= BOUNDS_US[0] {
            0
        } else {
            BOUNDS_US.partition_point(|bound| *bound < us)
        };
        self.counts[bucket] += 1;
        self.sum_us += us;
        self.is_dirty = true;
    }

    /// Adds what was seen to the shared counts and begins anew.
    pub(super) fn flush(&mut self, shared: &Shared) {
        if !self.is_dirty {
            return;
        }
        for (count, total) in self.counts.iter().zip(&shared.counts) {
            if *count > 0 {
                total.fetch_add(*count, Relaxed);
            }
        }
        shared.sum_us.fetch_add(self.sum_us, Relaxed);
        *self = Local::default();
    }
}

/// What all shards have seen: one series.
#[derive(Debug, Default)]
pub(super) struct Shared {
    counts: [AtomicU64; BUCKETS],
    sum_us: AtomicU64,
}

impl Shared {
    /// Writes the series in Prometheus' text format. The total is the sum of the counts that were
    /// read, so that a reader never sees more in a bucket than in all.
    pub(super) fn write(&self, out: &mut String, metric: &Metric, labels: &[(&str, &str)]) {
        let mut total = 0;
        for (at, count) in self.counts.iter().enumerate() {
            total += count.load(Relaxed);
            let _ = write!(out, "{}_bucket{{", metric.name);
            write_labels(out, labels);
            let _ = match BOUNDS_US.get(at) {
                Some(bound) => writeln!(out, ",le=\"{}\"}} {total}", *bound as f64 / 1e6),
                None => writeln!(out, ",le=\"+Inf\"}} {total}"),
            };
        }
        let seconds = self.sum_us.load(Relaxed) as f64 / 1e6;
        for (suffix, value) in [("sum", seconds), ("count", total as f64)] {
            let _ = write!(out, "{}_{suffix}{{", metric.name);
            write_labels(out, labels);
            let _ = writeln!(out, "}} {value}");
        }
    }
}
