//! A shard in a world of its own, and the time.

use super::super::workflow::Workflow;
use super::super::{LaneId, LaneParts, MemoryLimits, Now, Parts, Shard, Stats, Turn};
pub(super) use super::outside::{Given, Pairs, Sent, Shared};
use super::outside::{TestJournal, TestSink, TestSource, TestTasks, text};
use crate::execution::machine::Version;
use crate::metrics::Metrics;
use crate::stream::offsets::Restored;
use crate::stream::{Change, CommitError, PartitionId, SendError, Ticket};
use crate::task::{Answer, Report};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// When the tests' clock starts.
pub(super) const START_MS: i64 = 1_700_000_000_000;

/// Returns what a lane in a world is made of.
pub(super) fn lane(
    world: &Shared,
    version: Version,
    workflow: Workflow,
    metrics: &Metrics,
    name: &str,
) -> LaneParts {
    world.borrow_mut().log_confirmed = u64::MAX;
    LaneParts {
        workflow: Arc::new(workflow),
        version,
        source: Box::new(TestSource {
            world: Rc::clone(world),
            batch: Vec::new(),
        }),
        journal: Some(Box::new(TestJournal {
            world: Rc::clone(world),
            pending: Vec::new(),
        })),
        renew: None,
        stats: Stats::new(metrics.workflow(name)),
    }
}

/// Returns what a shard in a world is made of.
pub(super) fn parts(world: &Shared, lanes: Vec<LaneParts>, memory: MemoryLimits, metrics: &Metrics) -> Parts {
    Parts {
        lanes,
        sink: Box::new(TestSink(Rc::clone(world))),
        tasks: Box::new(TestTasks(Rc::clone(world))),
        max_in_flight: 1_000_000,
        memory,
        metrics: metrics.shard(),
        deliveries: crate::runtime::Deliveries::default(),
    }
}

/// A shard with one workflow in a world of its own, and perhaps another one beside it.
pub(super) struct Stage {
    pub(super) shard: Shard,
    pub(super) world: Shared,
    /// What the source and the log of the workflow beside have; all else is in `world`.
    pub(super) beside: Shared,
    metrics: Metrics,
    pub(super) now_ms: i64,
    /// How far the wall clock is off.
    pub(super) wall_off_ms: i64,
    instant: Instant,
    next_offset: Vec<i64>,
}

pub(super) fn version(definition: &str) -> Version {
    let source = crate::asl::Source {
        name: "test.asl.json",
        text: definition,
        format: crate::asl::Format::Json,
    };
    let report = crate::asl::check(&source, &crate::asl::Options::default());
    let machine = report
        .machine
        .unwrap_or_else(|| panic!("{:?}", report.diagnostics));
    Version {
        program: Arc::new(crate::compile::compile(&machine)),
        bindings: Arc::default(),
        revision: "1".into(),
    }
}

impl Stage {
    /// Creates a shard for a definition, with partition 0 of the topic `orders`.
    pub(super) fn new(definition: &str, workflow: Workflow) -> Stage {
        let mut stage = Stage::without_partitions(definition, workflow);
        stage.assign(0, Restored::default());
        stage
    }

    pub(super) fn without_partitions(definition: &str, workflow: Workflow) -> Stage {
        Stage::of(version(definition), workflow)
    }

    pub(super) fn of(version: Version, workflow: Workflow) -> Stage {
        Stage::within(version, workflow, MemoryLimits::default())
    }

    /// Creates a shard with so much memory, with partition 0 of the topic `orders`.
    pub(super) fn with_memory(definition: &str, workflow: Workflow, memory: MemoryLimits) -> Stage {
        let mut stage = Stage::within(version(definition), workflow, memory);
        stage.assign(0, Restored::default());
        stage
    }

    /// Creates a shard with so much memory.
    pub(super) fn within(version: Version, workflow: Workflow, memory: MemoryLimits) -> Stage {
        Stage::with_beside(version, workflow, memory, None)
    }

    /// Creates a shard with so much memory, and perhaps a second workflow.
    pub(super) fn with_beside(
        version: Version,
        workflow: Workflow,
        memory: MemoryLimits,
        other: Option<(Version, Workflow)>,
    ) -> Stage {
        let (world, beside) = (Shared::default(), Shared::default());
        let instant = Instant::now();
        let metrics = Metrics::new();
        let mut lanes = vec![lane(&world, version, workflow, &metrics, "workflow")];
        if let Some((version, workflow)) = other {
            lanes.push(lane(&beside, version, workflow, &metrics, "beside"));
        }
        let parts = parts(&world, lanes, memory, &metrics);
        let now = Now {
            ms: START_MS,
            wall_ms: START_MS,
            instant,
        };
        Stage {
            shard: Shard::new(parts, now),
            world,
            beside,
            metrics,
            now_ms: START_MS,
            wall_off_ms: 0,
            instant,
            next_offset: vec![0; 8],
        }
    }

    /// Adds a workflow, in the world beside; returns its name.
    pub(super) fn add_beside(&mut self, definition: &str, workflow: Workflow) -> LaneId {
        let parts = lane(
            &self.beside,
            version(definition),
            workflow,
            &self.metrics,
            "beside",
        );
        self.shard.add_lane(parts)
    }

    pub(super) fn assign(&mut self, partition: u32, restored: Restored) {
        self.next_offset[partition as usize] = restored.offset.unwrap_or(0);
        self.world.borrow_mut().changes.push_back(Change::Assigned {
            partition: PartitionId(partition),
            topic: "orders".into(),
            number: partition as i32,
            restored,
        });
    }

    /// Adds an event to partition 0.
    pub(super) fn give(&mut self, value: &str) {
        self.give_to(0, None, value, Vec::new());
    }

    pub(super) fn give_to(&mut self, partition: u32, key: Option<&str>, value: &str, headers: Pairs) {
        let offset = self.next_offset[partition as usize];
        self.next_offset[partition as usize] += 1;
        self.world.borrow_mut().events.push_back(Given {
            partition,
            offset,
            key: key.map(|key| key.as_bytes().to_vec()),
            value: Some(value.as_bytes().to_vec()),
            headers,
        });
    }

    pub(super) fn now(&self) -> Now {
        Now {
            ms: self.now_ms,
            wall_ms: self.now_ms + self.wall_off_ms,
            instant: self.instant + Duration::from_millis((self.now_ms - START_MS) as u64),
        }
    }

    /// Turns until there is nothing to do at this time; says when there is.
    pub(super) fn settle(&mut self) -> Turn {
        for _ in 0..10_000 {
            let turn = self.shard.turn(self.now());
            if turn != Turn::Busy {
                return turn;
            }
        }
        panic!("the shard is busy for ever");
    }

    /// Lets time pass, then settles.
    pub(super) fn pass(&mut self, ms: i64) -> Turn {
        self.now_ms += ms;
        self.settle()
    }

    pub(super) fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.world.borrow_mut().push_answer(ticket, answer);
        self.settle();
    }

    /// Lets a call send a heartbeat.
    pub(super) fn heartbeat(&mut self, at: usize) {
        let ticket = self.world.borrow().called[at].ticket;
        let report = (ticket, Report::Heartbeat);
        self.world.borrow_mut().reports.push_back(report);
        self.settle();
    }

    /// Answers the call that was made so many calls ago.
    pub(super) fn answer_call(&mut self, at: usize, result: &str) {
        let ticket = self.world.borrow().called[at].ticket;
        self.answer(ticket, Ok(result.as_bytes().to_vec()));
    }

    pub(super) fn acknowledge(&mut self, at: usize, result: Result<(), SendError>) {
        let ticket = self.world.borrow().sent[at].ticket;
        self.world.borrow_mut().acks.push_back((ticket, result));
        self.settle();
    }

    pub(super) fn committed(&mut self, partition: u32, offset: i64, result: Result<(), CommitError>) {
        self.change(Change::Committed {
            partition: PartitionId(partition),
            offset,
            result,
        });
    }

    pub(super) fn change(&mut self, change: Change) {
        self.world.borrow_mut().changes.push_back(change);
        self.settle();
    }

    /// Revokes a partition; its executions may take so long.
    pub(super) fn revoke(&mut self, partition: u32, ms: u64) {
        let until = self.now().instant + Duration::from_millis(ms);
        self.change(Change::Revoked {
            partition: PartitionId(partition),
            until,
        });
    }

    /// Returns the values of what was sent to a topic.
    pub(super) fn values(&self, topic: &str) -> Vec<String> {
        let world = self.world.borrow();
        let sent = world.sent.iter().filter(|sent| sent.topic == topic);
        sent.map(|sent| sent.value.clone().unwrap_or_else(|| "(none)".to_owned()))
            .collect()
    }

    /// Returns the offset of the last commit, after the interval has passed.
    pub(super) fn commit(&mut self) -> Option<i64> {
        self.pass(1_000);
        self.world
            .borrow()
            .commits
            .last()
            .map(|(_, commit, _)| commit.offset)
    }

    /// Returns the value of the metric's line that has each of the texts, 0 when there is none.
    pub(super) fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let text = self.metrics.render(self.now_ms);
        let is_meant = |line: &&str| {
            let rest = line.strip_prefix(name).unwrap_or_default();
            rest.starts_with(['{', ' ']) && labels.iter().all(|label| rest.contains(label))
        };
        let value = text
            .lines()
            .find(is_meant)
            .and_then(|line| line.rsplit(' ').next());
        value.map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// Returns the sums of counters over their labels.
    pub(super) fn sums<const N: usize>(&self, names: [&str; N]) -> [u64; N] {
        let text = self.metrics.render(self.now_ms);
        names.map(|name| {
            let rests = text.lines().filter_map(|line| line.strip_prefix(name));
            let rests = rests.filter(|rest| rest.starts_with(['{', ' ']));
            let values = rests.filter_map(|rest| rest.rsplit(' ').next()?.parse::<u64>().ok());
            values.sum()
        })
    }

    pub(super) fn log(&self) -> Vec<String> {
        let world = self.world.borrow();
        text(&world.log).lines().map(str::to_owned).collect()
    }
}
