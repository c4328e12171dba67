//! Evening out: partitions that a rebalance has left unevenly on the shards move to others.
//!
//! A cooperative rebalance takes partitions without asking which shard reads them: a shard may be left with none,
//! and its core with nothing to do. Must not know events. Invariants: a partition moves as if it went to another
//! member and came back, drained and committed; all of a round's go at once, and a rebalance has one round.

use super::worker::{Step, Worker};
use crate::stream::PartitionId;
use rdkafka::consumer::{Consumer as _, RebalanceProtocol};
use std::time::{Duration, Instant};

/// How long after the last rebalance partitions move: others often follow, when members are replaced in turn.
const CALM: Duration = Duration::from_secs(5);
/// How long executions may take that a partition waits for before it moves: longer than they can last, since
/// nobody else wants it.
const PATIENCE: Duration = Duration::from_secs(600);

impl Worker {
    /// Notes that the group has changed what is ours.
    pub(super) fn rebalanced(&mut self) {
        self.even_at = Some(Instant::now() + CALM);
    }

    /// Begins to move partitions if the last rebalance left them unevenly on the shards; says whether it does.
    pub(super) fn even_out(&mut self) -> bool {
        let now = Instant::now();
        if self.even_at.is_none_or(|at| now < at) {
            return false;
        }
        self.even_at = None;
        // The eager protocol hands out all anew each time; a run to the end has ends that must not move.
        let cooperative = matches!(self.consumer.rebalance_protocol(), RebalanceProtocol::Cooperative);
        let is_gone = self.shards.iter().any(|shard| shard.gone);
        if !cooperative || is_gone || self.config.until_end {
            return false;
        }
        let ids = self.assignment.uneven(self.shards.len());
        let name = |id: &PartitionId| Some(self.assignment.get(*id)?.name.clone());
        let names: Vec<_> = ids.iter().filter_map(name).collect();
        if ids.is_empty() {
            return false;
        }
        tracing::info!(
            workflow = self.config.name,
            ?names,
            "a rebalance left more partitions on some shards: these move to others"
        );
        let until = now + PATIENCE;
        self.ask_back(&ids, until);
        self.step = Step::Revoking {
            names,
            ids,
            until,
            again: true,
        };
        true
    }

    /// Returns until when partitions that move may take: no longer than revoked ones once the group waits.
    pub(super) fn hurry(&self, ids: &[PartitionId], until: Instant) -> Instant {
        let sooner = Instant::now() + self.config.drain_timeout;
        if self.happened.is_empty() || until <= sooner {
            return until;
        }
        self.ask_back(ids, sooner);
        sooner
    }
}
