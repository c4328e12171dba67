//! What the service counts, and its text for Prometheus.
//!
//! [`Metrics`] belongs to a process (the library installs no recorder: it is handed around). A shard
//! counts in plain numbers ([`WorkflowMetrics`]) and adds them to the process's counters once per batch;
//! how things stand now is in atomics ([`Slot`]) and callbacks that are read when somebody asks for the
//! text. Must not know shards, sources or HTTP. Invariants: [`names`] alone spells a metric's name; no
//! label is formatted while events are processed; every set of label values is bounded.

mod aws;
mod connections;
mod histogram;
mod memory;
pub mod names;
mod processes;
#[cfg(test)]
mod tests;
mod text;
mod workflow;

pub use ::metrics::Counter;
pub use aws::{AwsCalls, AwsCounts};
pub use connections::TokenRequests;
pub use histogram::BOUNDS_US;
pub use memory::{Memory, MemoryUse};
pub use processes::Processes;
pub use workflow::{Counts, TaskOutcome, TaskSeries, WorkflowMetrics};

use ::metrics::{Key, Label, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use names::{Kind, Metric};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use text::{write_header, write_line};

/// How many resources of a workflow have a label of their own; more share [`OTHER`].
pub const RESOURCES_MAX: usize = 200;
/// How many errors of a workflow's dead letters have a label of their own that nobody expected: data may choose their
/// names. More share [`OTHER`].
pub const ERRORS_MAX: usize = 50;
/// How many errors of a workflow are [expected](WorkflowMetrics::expect_error), so that each has a label of its own
/// whatever names data invents.
pub const EXPECTED_ERRORS_MAX: usize = 200;
/// Longest name of an error in a label or a header, in bytes: events may choose the name, and a longer one is cut.
pub const ERROR_NAME_BYTES_MAX: usize = 256;
/// How many partitions of a workflow have a lag of their own; the lags of more are added up under
/// [`OTHER`].
pub const LAG_SERIES_MAX: usize = 2_000;
/// The label of everything beyond a limit.
pub const OTHER: &str = "other";

/// Returns the start of a text that has at most so many bytes, cut between characters.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The metrics of a process; clones are the same metrics.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    recorder: PrometheusRecorder,
    board: Mutex<Board>,
}

/// What is read when the text is asked for.
#[derive(Default)]
struct Board {
    workflows: BTreeMap<Box<str>, Workflow>,
    memory: Vec<Arc<Memory>>,
    queues: Vec<(&'static str, Depth)>,
    undelivered: Vec<Undelivered>,
    /// By the pattern of their entry.
    processes: Vec<(Box<str>, processes::ReadProcesses)>,
    /// By the connection's name.
    connections: Vec<(Box<str>, connections::ReadTokens)>,
    /// By the pattern of their entry.
    aws: Vec<(Box<str>, aws::ReadAws)>,
}

/// Says how many entries a queue has.
type Depth = Box<dyn Fn() -> usize + Send + Sync>;

/// Says how many messages producers did not deliver.
type Undelivered = Box<dyn Fn() -> u64 + Send + Sync>;

#[derive(Default)]
struct Workflow {
    series: Arc<workflow::Series>,
    slots: Vec<Arc<Slot>>,
    lags: Vec<Lags>,
    logs: Vec<Logs>,
}

/// How one shard stands with one workflow now; written by the shard, read by anybody.
#[derive(Debug, Default)]
pub struct Slot {
    /// Events taken and not finished.
    pub in_flight: AtomicU64,
    /// Executions that wait for a task or a time.
    pub parked: AtomicU64,
    /// Partitions that are not read because a limit is reached.
    pub paused_partitions: AtomicU64,
    /// When the oldest event in flight was taken, in milliseconds since 1970; 0 when there is none.
    /// A time and not an age, so that it grows also when the shard hangs.
    pub oldest_since_ms: AtomicI64,
}

/// How long a shard's queues are now; written by the shard once per batch, read by anybody. The default
/// is nobody's.
#[derive(Debug, Default)]
pub struct ShardMetrics {
    /// Messages that wait for room in the producer, or for their next try.
    pub unsent: Arc<AtomicU64>,
    /// Calls of tasks that wait at a connector, not yet under way.
    pub calls: Arc<AtomicU64>,
    /// Executions that wait for memory.
    pub thirsty: Arc<AtomicU64>,
    /// What its memory is spent on.
    pub memory: Arc<Memory>,
}

/// One partition's lag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition's number.
    pub partition: i32,
    /// High watermark minus committed offset, or minus the oldest one that is still there if that is higher.
    pub events: u64,
}

/// Says how the partitions lag that this process reads.
type Lags = Box<dyn Fn() -> Vec<Lag> + Send + Sync>;

/// What a log writer has done since it began, and has yet to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Logged {
    /// Bytes that have left the process.
    pub bytes: u64,
    /// Records that were dropped.
    pub dropped: u64,
    /// Bytes handed to the writer and not written yet: how it is now.
    pub waiting: u64,
}

/// Says what a log writer has done.
type Logs = Box<dyn Fn() -> Logged + Send + Sync>;

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Metrics {
    /// Creates the metrics of a process, all described, none counted.
    pub fn new() -> Metrics {
        let recorder = PrometheusBuilder::new().build_recorder();
        let counters = names::ALL.iter().filter(|metric| metric.kind == Kind::Counter);
        for metric in counters {
            recorder.describe_counter(metric.name.into(), None, metric.help.into());
        }
        Metrics(Arc::new(Inner {
            recorder,
            board: Mutex::default(),
        }))
    }

    /// Returns a shard's metrics of a workflow. Each call is another shard.
    pub fn workflow(&self, state_machine: &str) -> WorkflowMetrics {
        let (series, slot) = {
            let mut board = self.board();
            let known = board.workflows.entry(state_machine.into()).or_default();
            let slot = Arc::new(Slot::default());
            known.slots.push(slot.clone());
            (known.series.clone(), slot)
        };
        WorkflowMetrics::new(self, state_machine, series, slot)
    }

    /// Adds a reader of a workflow's partitions; it is asked when the text is asked for.
    pub fn lags(&self, state_machine: &str, lags: impl Fn() -> Vec<Lag> + Send + Sync + 'static) {
        let mut board = self.board();
        let workflow = board.workflows.entry(state_machine.into()).or_default();
        workflow.lags.push(Box::new(lags));
    }

    /// Adds a log writer of a workflow; it is asked when the text is asked for.
    pub fn logs(&self, state_machine: &str, logs: impl Fn() -> Logged + Send + Sync + 'static) {
        let mut board = self.board();
        let workflow = board.workflows.entry(state_machine.into()).or_default();
        workflow.logs.push(Box::new(logs));
    }

    /// Returns the lengths of a shard's queues. Each call is another shard.
    pub fn shard(&self) -> ShardMetrics {
        let shard = ShardMetrics::default();
        self.board().memory.push(shard.memory.clone());
        let queues = [
            ("unsent", &shard.unsent),
            ("calls", &shard.calls),
            ("memory", &shard.thirsty),
        ];
        for (name, length) in queues {
            let length = length.clone();
            self.queue(name, move || length.load(Relaxed) as usize);
        }
        shard
    }

    /// Adds producers; they are asked how many messages they did not deliver when the text is asked for.
    pub fn undelivered(&self, count: impl Fn() -> u64 + Send + Sync + 'static) {
        self.board().undelivered.push(Box::new(count));
    }

    /// Adds a queue; those of one name are added up. `depth` is asked when the text is asked for.
    pub fn queue(&self, name: &'static str, depth: impl Fn() -> usize + Send + Sync + 'static) {
        self.board().queues.push((name, Box::new(depth)));
    }

    /// Adds the processes of functions that an entry of `[tasks]` has; they are asked when the text is asked for.
    pub fn processes(&self, pattern: &str, read: impl Fn() -> Processes + Send + Sync + 'static) {
        self.board().processes.push((pattern.into(), Box::new(read)));
    }

    /// Adds what an entry of `[tasks]` asks of AWS; it is asked when the text is asked for.
    pub fn aws(&self, pattern: &str, read: impl Fn() -> AwsCounts + Send + Sync + 'static) {
        self.board().aws.push((pattern.into(), Box::new(read)));
    }

    /// Adds the tokens of a connection; they are asked about when the text is asked for.
    pub fn tokens(&self, connection: &str, read: impl Fn() -> TokenRequests + Send + Sync + 'static) {
        self.board().connections.push((connection.into(), Box::new(read)));
    }

    /// Counts a definition that was read again: `published`, `refused`, `unreadable` or `unchanged`.
    pub fn reloaded(&self, state_machine: &str, outcome: &'static str) {
        let labels = [(names::STATE_MACHINE, state_machine), ("outcome", outcome)];
        self.counter(&names::RELOADS, &labels).increment(1);
    }

    /// Returns how old the oldest unfinished event of a workflow is; 0 when there is none.
    pub fn oldest_unfinished_ms(&self, state_machine: &str, now_ms: i64) -> i64 {
        let board = self.board();
        let workflow = board.workflows.get(state_machine);
        workflow.map_or(0, |workflow| workflow.oldest_ms(now_ms))
    }

    /// Writes all metrics in Prometheus' text format; `now_ms` is the time since 1970.
    pub fn render(&self, now_ms: i64) -> String {
        // The exporter writes the counters; what is asked for now, and histograms, are written here.
        let mut text = self.0.recorder.handle().render();
        self.board().write(&mut text, now_ms);
        text
    }

    fn counter(&self, metric: &Metric, labels: &[(&'static str, &str)]) -> Counter {
        self.0.recorder.register_counter(&key(metric, labels), &METADATA)
    }

    fn board(&self) -> std::sync::MutexGuard<'_, Board> {
        self.0.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board {
    fn write(&self, out: &mut String, now_ms: i64) {
        write_header(out, &names::BUILD_INFO);
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        write_line(out, &names::BUILD_INFO, &version, 1.0);
        memory::write(out, &self.memory);
        self.write_queues(out);
        processes::write(out, &self.processes);
        connections::write(out, &self.connections);
        aws::write(out, &self.aws);
        write_header(out, &names::PRODUCER_ERRORS);
        let undelivered = self.undelivered.iter().map(|count| count()).sum::<u64>();
        write_line(out, &names::PRODUCER_ERRORS, &[], undelivered as f64);
        if self.workflows.is_empty() {
            return;
        }
        for (metric, of) in SLOT_GAUGES {
            self.write_workflows(out, metric, |workflow| workflow.sum(*of) as f64);
        }
        self.write_workflows(out, &names::OLDEST_UNFINISHED, |workflow| {
            workflow.oldest_ms(now_ms) as f64 / 1e3
        });
        self.write_logs(out);
        self.write_lags(out);
        self.write_histograms(out);
    }

    fn write_workflows(&self, out: &mut String, metric: &Metric, value: impl Fn(&Workflow) -> f64) {
        write_header(out, metric);
        for (name, workflow) in &self.workflows {
            write_line(out, metric, &[(names::STATE_MACHINE, name)], value(workflow));
        }
    }

    fn write_queues(&self, out: &mut String) {
        let mut depths = BTreeMap::<&str, usize>::new();
        for (name, depth) in &self.queues {
            *depths.entry(name).or_default() += depth();
        }
        write_header(out, &names::QUEUE_DEPTH);
        for (name, depth) in depths {
            write_line(out, &names::QUEUE_DEPTH, &[("queue", name)], depth as f64);
        }
    }

    fn write_logs(&self, out: &mut String) {
        let metrics: [(&Metric, OfLogged); 3] = [
            (&names::LOG_BYTES, |logged| logged.bytes),
            (&names::LOG_DROPPED, |logged| logged.dropped),
            (&names::LOG_QUEUE, |logged| logged.waiting),
        ];
        for (metric, of) in metrics {
            self.write_workflows(out, metric, |workflow| {
                workflow.logs.iter().map(|logs| of(logs())).sum::<u64>() as f64
            });
        }
    }

    fn write_lags(&self, out: &mut String) {
        write_header(out, &names::CONSUMER_LAG);
        for (name, workflow) in &self.workflows {
            let mut line = |topic: &str, partition: &str, lag: u64| {
                let labels = [
                    (names::STATE_MACHINE, &**name),
                    ("topic", topic),
                    ("partition", partition),
                ];
                write_line(out, &names::CONSUMER_LAG, &labels, lag as f64);
            };
            let mut others = None;
            let lags = workflow.lags.iter().flat_map(|lags| lags());
            for (at, lag) in lags.enumerate() {
                if at < LAG_SERIES_MAX {
                    line(&lag.topic, &lag.partition.to_string(), lag.events);
                } else {
                    *others.get_or_insert(0) += lag.events;
                }
            }
            if let Some(others) = others {
                line(OTHER, OTHER, others);
            }
        }
    }

    fn write_histograms(&self, out: &mut String) {
        write_header(out, &names::EXECUTION_DURATION);
        for (name, workflow) in &self.workflows {
            let labels = [(names::STATE_MACHINE, &**name)];
            let duration = &workflow.series.duration;
            duration.write(out, &names::EXECUTION_DURATION, &labels);
        }
        write_header(out, &names::TASK_DURATION);
        for (name, workflow) in &self.workflows {
            for (resource, duration) in workflow.series.tasks() {
                let labels = [(names::STATE_MACHINE, &**name), ("resource", &*resource)];
                duration.write(out, &names::TASK_DURATION, &labels);
            }
        }
    }
}

/// The gauges of a workflow that are sums of what its shards say.
const SLOT_GAUGES: &[(&Metric, OfSlot)] = &[
    (&names::IN_FLIGHT, |slot| &slot.in_flight),
    (&names::PARKED, |slot| &slot.parked),
    (&names::PAUSED_PARTITIONS, |slot| &slot.paused_partitions),
];

type OfLogged = fn(Logged) -> u64;
type OfSlot = fn(&Slot) -> &AtomicU64;

impl Workflow {
    fn sum(&self, of: OfSlot) -> u64 {
        self.slots.iter().map(|slot| of(slot).load(Relaxed)).sum()
    }

    fn oldest_ms(&self, now_ms: i64) -> i64 {
        let since = self.slots.iter().map(|slot| slot.oldest_since_ms.load(Relaxed));
        let oldest = since.filter(|since| *since > 0).min();
        oldest.map_or(0, |since| (now_ms - since).max(0))
    }
}

const METADATA: Metadata<'static> = Metadata::new(module_path!(), ::metrics::Level::INFO, None);

fn key(metric: &Metric, labels: &[(&'static str, &str)]) -> Key {
    debug_assert!(
        labels.iter().map(|(name, _)| name).eq(metric.labels),
        "{} has other labels than {labels:?}",
        metric.name
    );
    let labels: Vec<Label> = labels
        .iter()
        .map(|(name, value)| Label::new(*name, (*value).to_owned()))
        .collect();
    Key::from_parts(metric.name, labels)
}
