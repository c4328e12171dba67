//! What a shard is made of.

use super::account::MemoryLimits;
use super::deliveries::Deliveries;
use super::stats::Stats;
use super::workflow::{Version, Workflow};
use crate::metrics::ShardMetrics;
use crate::stream::{Sink, Source};
use crate::task::Caller;
use std::sync::Arc;

/// Where a workflow's log records go; [`crate::journal`], or a test's.
pub trait Journal {
    /// Returns where whole lines are appended.
    fn records(&mut self) -> &mut Vec<u8>;

    /// Returns the number that [`Journal::confirmed`] must reach before what was appended so far is out.
    fn mark(&mut self) -> u64;

    /// Hands over what was appended, if it is much or `force`.
    fn ship(&mut self, force: bool);

    /// Returns the number up to which everything is out.
    fn confirmed(&self) -> u64;

    /// Returns how many bytes of records have not left the process.
    fn bytes(&mut self) -> usize {
        self.records().len()
    }

    /// Says whether no more events may be taken until records have left.
    fn is_full(&self) -> bool;
}

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
    /// The workflows.
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
