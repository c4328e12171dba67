//! What a shard is made of.

use super::deliveries::Deliveries;
use super::stats::Stats;
use super::workflow::Workflow;
use crate::execution::account::MemoryLimits;
use crate::execution::journal::Journal;
use crate::execution::machine::Version;
use crate::metrics::ShardMetrics;
use crate::stream::{Sink, Source};
use crate::task::Caller;
use std::sync::Arc;

/// Returns a new version of a program, if there is one.
pub type Renew = Box<dyn FnMut() -> Option<Version>>;

/// One workflow's parts on a shard.
pub struct LaneParts {
    /// What the configuration says.
    pub workflow: Arc<Workflow>,
    /// The program, and what serves its tasks.
    pub version: Version,
    /// Says, once per turn, whether new executions run another version from now on.
    pub renew: Option<Renew>,
    /// Its events.
    pub source: Box<dyn Source>,
    /// Its log.
    pub journal: Option<Box<dyn Journal>>,
    /// Its counts.
    pub stats: Stats,
}

/// What a shard is made of. The parts live on the shard's thread.
pub struct Parts {
    /// The workflows that it begins with.
    pub lanes: Vec<LaneParts>,
    /// Where messages go.
    pub sink: Box<dyn Sink>,
    /// What runs tasks.
    pub tasks: Box<dyn Caller>,
    /// Most executions that wait on this shard, of all workflows.
    pub max_in_flight: usize,
    /// What it may take of memory.
    pub memory: MemoryLimits,
    /// Where it says how long its queues are.
    pub metrics: ShardMetrics,
    /// Where it tells whether its messages arrive.
    pub deliveries: Deliveries,
}
