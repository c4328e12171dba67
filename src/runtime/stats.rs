//! What a shard counts of one workflow.

use crate::metrics::WorkflowMetrics;

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
