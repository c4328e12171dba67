//! The parts of one shard, fitted together on the shard's thread.
//!
//! Owns the small adapters between modules that do not know each other: a log buffer as a shard's
//! journal, the registry's versions as a lane's.

use crate::log::write::Buffer;
use crate::metrics::ShardMetrics;
use crate::registry::{Current, Published};
use crate::runtime::{Deliveries, Journal, LaneParts, MemoryLimits, Parts, Stats, Version, Workflow};
use crate::stream::Wake;
use crate::stream::kafka::{self, KafkaSink, KafkaSource};
use crate::task::{Answers, Bindings, Tasks};
use std::sync::Arc;

/// What becomes a shard, on its way to the shard's thread.
pub(super) struct ShardPlan {
    pub(super) number: usize,
    pub(super) lanes: Vec<LanePlan>,
    pub(super) tasks: Arc<Tasks>,
    pub(super) kafka: kafka::Config,
    pub(super) producer: Arc<kafka::Health>,
    pub(super) metrics: ShardMetrics,
    pub(super) deliveries: Deliveries,
    /// Most executions that wait on the shard.
    pub(super) max_in_flight: usize,
    /// What the shard may take of memory.
    pub(super) memory: MemoryLimits,
    /// Differs from shard to shard and start to start.
    pub(super) seed: u64,
}

/// One workflow of a shard.
pub(super) struct LanePlan {
    pub(super) workflow: Arc<Workflow>,
    pub(super) current: Current<Bindings>,
    pub(super) source: KafkaSource,
    pub(super) journal: Option<Buffer>,
    pub(super) stats: Stats,
}

impl ShardPlan {
    /// Makes the shard's parts; on its thread.
    pub(super) fn build(self, wake: &Wake) -> Result<Parts, String> {
        let name = format!("shard-{}", self.number);
        let sink = KafkaSink::start(&self.kafka, &name, wake.clone(), &self.producer);
        let sink = sink.map_err(|error| error.to_string())?;
        let connectors = self.tasks.connect(Answers::new(wake.clone()), self.seed);
        Ok(Parts {
            lanes: self.lanes.into_iter().map(LanePlan::build).collect(),
            sink: Box::new(sink),
            tasks: Box::new(connectors),
            max_in_flight: self.max_in_flight,
            memory: self.memory,
            metrics: self.metrics,
            deliveries: self.deliveries,
        })
    }
}

impl LanePlan {
    fn build(self) -> LaneParts {
        let mut current = self.current;
        let first = version(current.published());
        LaneParts {
            workflow: self.workflow,
            version: first,
            renew: Some(Box::new(move || {
                current.refresh().then(|| version(current.published()))
            })),
            source: Box::new(self.source),
            journal: self.journal.map(|buffer| Box::new(buffer) as Box<dyn Journal>),
            stats: self.stats,
        }
    }
}

fn version(published: &Published<Bindings>) -> Version {
    Version {
        program: published.program.clone(),
        bindings: published.bindings.clone(),
        revision: published.revision.as_str().into(),
    }
}

impl Journal for Buffer {
    fn records(&mut self) -> &mut Vec<u8> {
        Buffer::records(self)
    }

    fn mark(&mut self) -> u64 {
        Buffer::mark(self)
    }

    fn ship(&mut self, force: bool) {
        Buffer::ship(self, force);
    }

    fn confirmed(&self) -> u64 {
        Buffer::confirmed(self)
    }

    fn bytes(&mut self) -> usize {
        Buffer::bytes_waiting(self)
    }

    fn is_full(&self) -> bool {
        Buffer::is_full(self)
    }
}
