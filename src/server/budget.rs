//! What the memory of the process is shared out to.
//!
//! What the process takes beside all that is counted is kept free. Of the rest each shard has the same part, and what its
//! clients may hold is set aside from it, as is what its logs may hold that drop records; what is left is its account.
//! Owns that arithmetic. Must not know where the memory's size comes from. Invariant: the parts of all shards, and what the
//! clients may hold, do not come to more than there is, unless the user has given the clients so much that a quarter
//! would not be left.

use super::Plan;
use super::memory::{Memory, Origin};
use crate::log::write::{self, Destination, Overflow};
use crate::runtime::MemoryLimits;
use crate::stream::kafka::{self, Buffers};
use crate::units::Size;

/// What the process takes in any case: code, threads, connections, definitions, and what clients take beside their queues.
/// With 40 MiB a process of 256 MiB stood at 287 under events that mean harm.
const PROCESS_BYTES: u64 = 72 << 20;
/// What is kept free of the memory for the allocator, which has pages in use that are not full, as a divisor.
const SLACK: u64 = 8;
/// What is shared out at least, as a divisor.
const SHARED_OUT: u64 = 2;
/// What of a shard's memory is left to its account at least, as a divisor.
const LEFT: u64 = 4;
/// What one execution may take of its shard's part, as a divisor.
const EXECUTION: u64 = 8;
/// What executions take beside the account, in times of what one may hold: the buffers of the one that runs while they
/// grow, what is live, twice, while they are compacted, and the one that grows though there is no memory.
const MOVED: u64 = 3;
/// What the log of one workflow on one shard may hold when it drops records rather than wait: what is on its way, and the
/// buffer that is filled.
const LOSSY_LOG_BYTES: u64 = (write::WAITING_BYTES_MAX + write::BUFFER_BYTES) as u64;
/// Memory that an execution has in any case: enough to read the largest event.
const EXECUTION_BYTES_MIN: u64 = 8 << 20;

/// The memory of a service, shared out.
#[derive(Debug)]
pub(super) struct Budget {
    memory: Memory,
    /// Clients with the buffers that they may have.
    pub(super) kafka: kafka::Config,
    /// What each shard may take.
    pub(super) limits: MemoryLimits,
    /// What is set aside for a shard's clients and lossy logs.
    pub(super) clients: usize,
    /// Whether the user's buffers leave less than they should.
    is_tight: bool,
}

impl Budget {
    /// Shares memory out to a plan's shards.
    pub(super) fn new(plan: &Plan, shards: usize) -> Budget {
        let memory = Memory::new(plan.memory_max);
        let workflows = plan.workflows.len().max(1) as u64;
        let is_producer = |log: &write::Config| log.destination == Destination::Kafka;
        let is_lossy = |log: &write::Config| log.overflow == Overflow::Drop;
        // One for all logs.
        let logs = usize::from(plan.workflows.iter().any(|one| is_producer(&one.log)));
        let clients = Clients {
            shards: shards.max(1) as u64,
            workflows,
            producers: (shards.max(1) + logs) as u64,
            lossy_logs: plan.workflows.iter().filter(|one| is_lossy(&one.log)).count() as u64,
        };
        Budget::of(memory, &clients, plan.execution_memory_max, plan.kafka.clone())
    }

    fn of(memory: Memory, clients: &Clients, execution_max: u64, mut kafka: kafka::Config) -> Budget {
        let bytes = shared_out(memory.bytes);
        let part = bytes / clients.shards;
        let queued = part / 4 / clients.workflows;
        let produced = bytes / 8 / clients.producers;
        kafka.buffers = Buffers::within(queued, produced);
        let queues = clients.workflows * kafka.queued_bytes();
        let fetched = clients.workflows * kafka.fetched_bytes() / clients.shards;
        let produced = clients.producers * kafka.produced_bytes() / clients.shards;
        let of_clients = queues + fetched + produced + clients.lossy_logs * LOSSY_LOG_BYTES;
        let left = part.saturating_sub(of_clients);
        let least = part / LEFT;
        let shard = left.max(least);
        Budget {
            memory,
            kafka,
            limits: limits(shard, execution_max),
            clients: of_clients as usize,
            is_tight: left < least,
        }
    }

    /// Says what there is and where it goes.
    pub(super) fn announce(&self) {
        let memory_max = Size(self.memory.bytes);
        let limits = [self.limits.shard, self.limits.execution].map(|bytes| Size(bytes as u64));
        let origin = match self.memory.origin {
            Origin::Configured => "service.memory_max",
            Origin::Cgroup => "three quarters of the container's limit",
            Origin::Process => "half of the process's own limit (ulimit)",
            Origin::Machine => "three quarters of the machine's memory",
            Origin::Unknown => "a guess: the system does not report its memory",
        };
        tracing::info!(
            bytes = %memory_max,
            shard = %limits[0],
            execution = %limits[1],
            "memory: {origin}"
        );
        if self.is_tight {
            tracing::warn!(
                "the clients' queues, and logs with overflow = \"drop\", may take more than three quarters of the memory \
                 ({memory_max}): lower queued.max.messages.kbytes, fetch.max.bytes or queue.buffering.max.kbytes in \
                 [kafka], use fewer shards or workflows, or raise service.memory_max"
            );
        }
    }
}

/// Returns what of the process's memory is shared out.
fn shared_out(bytes: u64) -> u64 {
    let beside = PROCESS_BYTES + bytes / SLACK;
    bytes.saturating_sub(beside).max(bytes / SHARED_OUT)
}

/// Shares memory out to shards that read and write without clients. Half is for what they read and write.
pub(crate) fn without_clients(memory_max: Option<u64>, execution_max: u64, shards: usize) -> MemoryLimits {
    let shard = Memory::new(memory_max).bytes / 2 / shards.max(1) as u64;
    limits(shard, execution_max)
}

/// Returns what a shard's account and one execution may come to, given what is left of its part.
fn limits(shard: u64, execution_max: u64) -> MemoryLimits {
    let execution = execution_max.min(shard / EXECUTION).max(EXECUTION_BYTES_MIN);
    let account = shard.saturating_sub(MOVED * execution).max(shard / 2);
    MemoryLimits {
        shard: account as usize,
        execution: execution as usize,
    }
}

/// How many clients there are in the process.
struct Clients {
    shards: u64,
    workflows: u64,
    producers: u64,
    /// Workflows whose logs drop records rather than wait.
    lossy_logs: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// Checks what a shard and an execution may take, in MiB, and that it all fits.
    fn check(memory: u64, shards: u64, workflows: u64, properties: &str, expected: (u64, u64, bool)) {
        let memory = Memory {
            bytes: memory * MIB,
            origin: Origin::Configured,
        };
        let clients = Clients {
            shards,
            workflows,
            producers: shards,
            lossy_logs: 0,
        };
        let kafka: kafka::Config = toml::from_str(properties).expect("a configuration");
        let budget = Budget::of(memory, &clients, 64 * MIB, kafka);
        assert_eq!(budget.kafka.check(), Ok(()));
        let limits = budget.limits;
        let [shard, execution] = [limits.shard, limits.execution].map(|bytes| bytes as u64);
        assert_eq!((shard / MIB, execution / MIB, budget.is_tight), expected);
        let (queued, fetched) = (budget.kafka.queued_bytes(), budget.kafka.fetched_bytes());
        let clients = workflows * (shards * queued + fetched) + shards * budget.kafka.produced_bytes();
        let is_within = shards * shard + clients <= memory.bytes;
        assert!(is_within || budget.is_tight, "{shard} {clients}");
    }

    #[test]
    fn memory_is_shared_out() {
        check(16_384, 2, 1, "", (6_502, 64, false));
        // A container of 1 GiB.
        check(768, 2, 1, "", (111, 22, false));
        check(768, 8, 4, "", (20, 8, false));
        check(96, 2, 1, "", (4, 8, false));
        check(64, 1, 1, "", (4, 8, false));
        let large = "properties = { 'queued.max.messages.kbytes' = 1048576 }";
        check(768, 2, 1, large, (46, 9, true));
        check(64, 64, 100, "", (0, 8, true));
    }

    #[test]
    fn what_lossy_logs_may_hold_is_set_aside() {
        let shard = |lossy_logs| {
            let memory = Memory {
                bytes: 1_024 * MIB,
                origin: Origin::Configured,
            };
            let clients = Clients {
                shards: 2,
                workflows: 8,
                producers: 2,
                lossy_logs,
            };
            Budget::of(memory, &clients, 16 * MIB, kafka::Config::default())
                .limits
                .shard as u64
        };
        assert_eq!(shard(0) - shard(8), 8 * LOSSY_LOG_BYTES);
    }
}
