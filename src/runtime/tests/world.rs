//! A source, a sink, tasks and a log whose every answer the test gives.

use super::super::workflow::Workflow;
use super::super::{Journal, LaneId, LaneParts, MemoryLimits, Now, Parts, Shard, Stats, Turn};
use crate::execution::machine::Version;
use crate::metrics::Metrics;
use crate::stream::offsets::{Commit, Restored};
use crate::stream::{
    Change, Checkpoint, CommitError, Committer, Headers, Message, PartitionId, Record, Returned, SendError,
    Sink, Source, Ticket, TopicId,
};
use crate::task::{Answer, Attempt, Caller, Progress, Report};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// When the tests' clock starts.
pub(super) const START_MS: i64 = 1_700_000_000_000;

pub(super) type Pairs = Vec<(String, Option<Vec<u8>>)>;

/// An event, as a test writes it.
#[derive(Clone, Default)]
pub(super) struct Given {
    pub(super) partition: u32,
    pub(super) offset: i64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: Pairs,
}

impl Headers for Given {
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {
        self.headers
            .iter()
            .for_each(|(name, value)| visit(name, value.as_deref()));
    }
}

/// A message that was sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) topic: String,
    pub(super) partition: Option<i32>,
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) ticket: Ticket,
}

impl Sent {
    /// Returns a header; of those of one name the last counts.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A task that was called and has not answered.
#[derive(Clone, Debug)]
pub(super) struct Called {
    pub(super) key: String,
    pub(super) parameters: String,
    pub(super) ticket: Ticket,
}

/// What the outside has seen and says.
#[derive(Default)]
pub(super) struct World {
    /// Events that the source has.
    pub(super) events: VecDeque<Given>,
    pub(super) changes: VecDeque<Change>,
    /// Commits asked for: partition, commit, whether an answer is wanted.
    pub(super) commits: Vec<(u32, Commit, bool)>,
    pub(super) released: Vec<(u32, Option<Commit>)>,
    /// How many events have left with commits.
    pub(super) settled: u64,
    topics: Vec<String>,
    /// Topics that were closed.
    pub(super) closed: Vec<TopicId>,
    pub(super) sent: Vec<Sent>,
    /// Whether messages are acknowledged without being asked.
    pub(super) holds_acks: bool,
    acks: VecDeque<(Ticket, Result<(), SendError>)>,
    /// What is sent and not answered.
    kept: HashMap<Ticket, Returned>,
    returned: Option<Returned>,
    /// How many messages the sink takes before it is full.
    pub(super) sink_room: Option<usize>,
    /// Why the sink takes no message, if it is so.
    pub(super) refusal: Option<SendError>,
    /// A topic that there is none of: the sink takes no message for it.
    pub(super) missing: Option<&'static str>,
    pub(super) called: Vec<Called>,
    pub(super) cancelled: Vec<Ticket>,
    reports: VecDeque<(Ticket, Report)>,
    pub(super) log: Vec<u8>,
    pub(super) log_mark: u64,
    pub(super) log_confirmed: u64,
    pub(super) log_is_full: bool,
    /// Bytes of records that were handed over and have not left.
    pub(super) log_bytes: usize,
    /// Whether commits are answered without being asked.
    pub(super) commits_at_once: bool,
    /// Where the log ended at each mark.
    pub(super) log_ends: Vec<usize>,
    /// What tasks answer at once.
    pub(super) task: Option<fn(&str) -> Progress>,
    /// What some tasks answer at once, as their parameters say.
    pub(super) quick: Option<fn(&str) -> Option<Progress>>,
    /// All calls, those included that were answered at once: key and parameters.
    pub(super) calls: Vec<(String, String)>,
}

impl World {
    /// Answers a message; nothing hears of it before the next turn.
    pub(super) fn push_ack(&mut self, ticket: Ticket, result: Result<(), SendError>) {
        self.acks.push_back((ticket, result));
    }

    /// Answers a call; nothing hears of it before the next turn.
    pub(super) fn push_answer(&mut self, ticket: Ticket, answer: Answer) {
        self.reports.push_back((ticket, Report::Answer(answer)));
    }
}

pub(super) type Shared = Rc<RefCell<World>>;

struct TestSource {
    world: Shared,
    batch: Vec<Given>,
}

impl Source for TestSource {
    fn fill(&mut self, max: usize) -> usize {
        let mut world = self.world.borrow_mut();
        let count = world.events.len().min(max);
        self.batch = world.events.drain(..count).collect();
        count
    }

    fn record(&self, at: usize) -> Record<'_> {
        let given = &self.batch[at];
        Record {
            partition: PartitionId(given.partition),
            offset: given.offset,
            timestamp_ms: START_MS,
            key: given.key.as_deref(),
            value: given.value.as_deref(),
            headers: given,
        }
    }

    fn change(&mut self) -> Option<Change> {
        self.world.borrow_mut().changes.pop_front()
    }
}

impl Committer for TestSource {
    fn commit(&mut self, checkpoint: &Checkpoint, answered: bool) {
        let (partition, commit) = (checkpoint.partition, &checkpoint.commit);
        let mut world = self.world.borrow_mut();
        world.settled += checkpoint.settled;
        world.commits.push((partition.0, commit.clone(), answered));
        if world.commits_at_once && answered {
            world.changes.push_back(Change::Committed {
                partition,
                offset: commit.offset,
                result: Ok(()),
            });
        }
    }

    fn release(&mut self, partition: PartitionId, last: Option<&Checkpoint>) {
        let mut world = self.world.borrow_mut();
        world.settled += last.map_or(0, |last| last.settled);
        let last = last.map(|last| last.commit.clone());
        world.released.push((partition.0, last));
    }
}

struct TestSink(Shared);

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Sink for TestSink {
    fn topic(&mut self, name: &str) -> TopicId {
        let topics = &mut self.0.borrow_mut().topics;
        let at = topics.iter().position(|known| known == name);
        TopicId(at.unwrap_or_else(|| {
            topics.push(name.to_owned());
            topics.len() - 1
        }) as u32)
    }

    fn close(&mut self, topic: TopicId) -> bool {
        self.0.borrow_mut().closed.push(topic);
        true
    }

    fn send(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<(), SendError> {
        let mut world = self.0.borrow_mut();
        if let Some(refusal) = &world.refusal {
            return Err(refusal.clone());
        }
        if world.missing == Some(&*world.topics[message.topic.0 as usize]) {
            return Err(SendError::Failed("there is no such topic".to_owned()));
        }
        if let Some(room) = &mut world.sink_room {
            *room = room.checked_sub(1).ok_or(SendError::Full)?;
        }
        let headers = message.headers.iter();
        let sent = Sent {
            topic: world.topics[message.topic.0 as usize].clone(),
            partition: message.partition,
            key: message.key.map(text),
            value: message.value.map(text),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), text(value.unwrap_or(b"-"))))
                .collect(),
            ticket,
        };
        world.sent.push(sent);
        world.kept.insert(ticket, Returned::copy(message));
        if !world.holds_acks {
            world.acks.push_back((ticket, Ok(())));
        }
        Ok(())
    }

    fn acknowledged(&mut self) -> Option<(Ticket, Result<(), SendError>)> {
        let mut world = self.0.borrow_mut();
        let (ticket, result) = world.acks.pop_front()?;
        world.returned = world.kept.remove(&ticket).filter(|_| result.is_err());
        Some((ticket, result))
    }

    fn returned(&mut self) -> Option<Returned> {
        self.0.borrow_mut().returned.take()
    }

    fn push(&mut self) {}
}

struct TestTasks(Shared);

impl Caller for TestTasks {
    fn call(
        &mut self,
        attempt: &Attempt<'_>,
        ticket: Ticket,
        _sink: &mut dyn Sink,
        result: &mut Vec<u8>,
    ) -> Progress {
        let parameters = attempt.request.view.to_json(attempt.request.parameters);
        let key = attempt.request.key.to_string();
        let (task, quick) = {
            let mut world = self.0.borrow_mut();
            world.calls.push((key.clone(), parameters.clone()));
            (world.task, world.quick)
        };
        let answer = task.map(|task| task(&parameters));
        let answer = answer.or_else(|| quick.and_then(|quick| quick(&parameters)));
        if let Some(answer) = answer {
            result.extend_from_slice(parameters.as_bytes());
            return answer;
        }
        self.0.borrow_mut().called.push(Called {
            key,
            parameters,
            ticket,
        });
        Progress::Pending
    }

    fn take(&mut self, _now_ms: i64) -> Option<(Ticket, Report)> {
        self.0.borrow_mut().reports.pop_front()
    }

    fn cancel(&mut self, ticket: Ticket) {
        self.0.borrow_mut().cancelled.push(ticket);
    }
}

struct TestJournal {
    world: Shared,
    pending: Vec<u8>,
}

impl Journal for TestJournal {
    fn records(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    fn mark(&mut self) -> u64 {
        self.world.borrow().log_mark + 1
    }

    fn ship(&mut self, force: bool) {
        if force && !self.pending.is_empty() {
            let mut world = self.world.borrow_mut();
            world.log.append(&mut self.pending);
            world.log_mark += 1;
            let end = world.log.len();
            world.log_ends.push(end);
        }
    }

    fn confirmed(&self) -> u64 {
        self.world.borrow().log_confirmed
    }

    fn bytes(&mut self) -> usize {
        self.pending.len() + self.world.borrow().log_bytes
    }

    fn is_full(&self) -> bool {
        self.world.borrow().log_is_full
    }
}

fn lane(world: &Shared, version: Version, workflow: Workflow, metrics: &Metrics, name: &str) -> LaneParts {
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
        let parts = Parts {
            lanes,
            sink: Box::new(TestSink(Rc::clone(&world))),
            tasks: Box::new(TestTasks(Rc::clone(&world))),
            max_in_flight: 1_000_000,
            memory,
            metrics: metrics.shard(),
            deliveries: crate::runtime::Deliveries::default(),
        };
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
