//! What one shard counts for one workflow.

use super::histogram::{Local, Shared};
use super::{
    ERROR_NAME_BYTES_MAX, ERRORS_MAX, EXPECTED_ERRORS_MAX, Metrics, OTHER, RESOURCES_MAX, Slot, cut, names,
};
use crate::printable;
use crate::vm::Status;
use ::metrics::Counter;
use rustc_hash::FxHashMap;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Plain numbers of a shard since its last flush; add to them freely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events taken from the source.
    pub events_consumed: u64,
    /// Executions started, and events that cannot become one.
    pub started: u64,
    /// States entered.
    pub transitions: u64,
    /// Sync events that a crash cut off.
    pub cut_off: u64,
    /// Panics on the way of an event.
    pub panics: u64,
    /// Replies that were asked for and not sent, or given up.
    pub unreplied: u64,
}

/// How a call of a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskOutcome {
    /// With a result.
    Succeeded,
    /// With an error.
    Failed,
    /// Not within its time.
    TimedOut,
    /// Not at all: its execution, or its branch, was over.
    Cancelled,
}

/// The words of [`TaskOutcome`], in its order.
const OUTCOMES: [&str; 4] = ["succeeded", "failed", "timed_out", "cancelled"];
/// The statuses that an execution ends with, as AWS spells them.
const STATUSES: [&str; 3] = ["SUCCEEDED", "FAILED", "TIMED_OUT"];

/// Names a task's series at one shard; see [`WorkflowMetrics::task`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskSeries(u32);

/// What all shards know of one workflow's series.
#[derive(Debug, Default)]
pub(super) struct Series {
    pub(super) duration: Shared,
    /// By resource; bounded by [`RESOURCES_MAX`].
    tasks: Mutex<Vec<(Box<str>, Arc<Shared>)>>,
    errors: Mutex<Errors>,
}

/// Errors of dead letters that have a label of their own.
#[derive(Debug, Default)]
struct Errors {
    /// Those that were expected; bounded by [`EXPECTED_ERRORS_MAX`].
    expected: HashSet<Box<str>>,
    /// Others, which events may have invented; bounded by [`ERRORS_MAX`].
    others: HashSet<Box<str>>,
}

impl Series {
    /// Returns the durations by resource, for writing.
    pub(super) fn tasks(&self) -> Vec<(Box<str>, Arc<Shared>)> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the label and the durations of a resource: its own while there is room.
    fn task(&self, resource: &str) -> (Box<str>, Arc<Shared>) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let label = if tasks.len() < RESOURCES_MAX {
            resource
        } else {
            OTHER
        };
        for wanted in [resource, label] {
            if let Some(known) = tasks.iter().find(|(name, _)| **name == *wanted) {
                return known.clone();
            }
        }
        tasks.push((label.into(), Arc::default()));
        tasks[tasks.len() - 1].clone()
    }

    /// Returns the label of an error: its own while there is room.
    fn error<'a>(&self, error: &'a str) -> &'a str {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        if errors.expected.contains(error) || errors.others.contains(error) {
            return error;
        }
        if errors.others.len() >= ERRORS_MAX {
            return OTHER;
        }
        errors.others.insert(error.into());
        error
    }

    /// Returns the errors that have a label of their own.
    fn errors(&self) -> HashSet<Box<str>> {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors.expected.union(&errors.others).cloned().collect()
    }

    /// Expects an error, while there is room.
    fn expect_error(&self, error: &str) {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        if errors.expected.len() < EXPECTED_ERRORS_MAX && !errors.expected.contains(error) {
            errors.expected.insert(error.into());
        }
    }
}

/// One shard's metrics of one workflow: counts in plain numbers, added to the process's by
/// [`flush`](WorkflowMetrics::flush), once per batch.
pub struct WorkflowMetrics {
    /// What was counted since the last flush.
    pub counts: Counts,
    /// How it is now, read by others at any time.
    pub now: Arc<Slot>,
    ended: [u64; STATUSES.len()],
    duration: Local,
    tasks: Vec<Task>,
    dead_letters: FxHashMap<Box<str>, Counter>,
    /// None while there may be room for another error.
    others: Option<Others>,
    handles: Handles,
    series: Arc<Series>,
    state_machine: Box<str>,
    metrics: Metrics,
}

/// Known once there is no room for another error: which have a label, and the counter of all that have none.
struct Others {
    labelled: HashSet<Box<str>>,
    counter: Counter,
}

/// The process's counters, resolved.
struct Handles {
    events_consumed: Counter,
    started: Counter,
    transitions: Counter,
    cut_off: Counter,
    panics: Counter,
    unreplied: Counter,
    ended: [Counter; STATUSES.len()],
}

struct Task {
    ended: [u64; OUTCOMES.len()],
    is_dirty: bool,
    duration: Local,
    handles: [Counter; OUTCOMES.len()],
    series: Arc<Shared>,
}

impl WorkflowMetrics {
    pub(super) fn new(metrics: &Metrics, state_machine: &str, series: Arc<Series>, now: Arc<Slot>) -> Self {
        let counter =
            |metric: &names::Metric| metrics.counter(metric, &[(names::STATE_MACHINE, state_machine)]);
        let handles = Handles {
            events_consumed: counter(&names::EVENTS_CONSUMED),
            started: counter(&names::EXECUTIONS_STARTED),
            transitions: counter(&names::TRANSITIONS),
            cut_off: counter(&names::CUT_OFF),
            panics: counter(&names::PANICS),
            unreplied: counter(&names::UNREPLIED),
            ended: STATUSES.map(|status| {
                let labels = [(names::STATE_MACHINE, state_machine), ("status", status)];
                metrics.counter(&names::EXECUTIONS, &labels)
            }),
        };
        WorkflowMetrics {
            counts: Counts::default(),
            now,
            ended: [0; STATUSES.len()],
            duration: Local::default(),
            tasks: Vec::new(),
            dead_letters: FxHashMap::default(),
            others: None,
            handles,
            series,
            state_machine: state_machine.into(),
            metrics: metrics.clone(),
        }
    }

    /// Counts an execution that ended, and how long it took; any other status counts as failed.
    #[inline]
    pub fn ended(&mut self, status: Status, duration_us: u64) {
        let at = match status {
            Status::Succeeded => 0,
            Status::TimedOut => 2,
            _ => 1,
        };
        self.ended[at] += 1;
        self.duration.observe(duration_us);
    }

    /// Counts an event that could not become an execution: as failed, and nothing took any time.
    pub fn refused(&mut self) {
        self.ended[1] += 1;
    }

    /// Returns the series of a resource's calls. Resolve at start, or when a program is taken up: it
    /// locks. Beyond [`RESOURCES_MAX`] resources of a workflow all others share one label.
    pub fn task(&mut self, resource: &str) -> TaskSeries {
        let (label, series) = self.series.task(resource);
        let known = self
            .tasks
            .iter()
            .position(|task| Arc::ptr_eq(&task.series, &series));
        let at = known.unwrap_or_else(|| {
            let handles = OUTCOMES.map(|outcome| {
                let labels = [
                    (names::STATE_MACHINE, &*self.state_machine),
                    ("resource", &*label),
                    ("outcome", outcome),
                ];
                self.metrics.counter(&names::TASK_ATTEMPTS, &labels)
            });
            self.tasks.push(Task {
                ended: [0; OUTCOMES.len()],
                is_dirty: false,
                duration: Local::default(),
                handles,
                series,
            });
            self.tasks.len() - 1
        });
        TaskSeries(at as u32)
    }

    /// Counts a call of a task that ended, and how long it took.
    #[inline]
    pub fn task_ended(&mut self, task: TaskSeries, outcome: TaskOutcome, duration_us: u64) {
        let task = &mut self.tasks[task.0 as usize];
        task.ended[outcome as usize] += 1;
        task.duration.observe(duration_us);
        task.is_dirty = true;
    }

    /// Expects an error: it has a label of its own in dead letters, whatever other names events invent. Of a
    /// workflow's errors the first [`EXPECTED_ERRORS_MAX`] are. Call when a program is taken up: it locks.
    pub fn expect_error(&mut self, error: &str) {
        let shown = printable::line(cut(error, ERROR_NAME_BYTES_MAX));
        self.series.expect_error(cut(&shown, ERROR_NAME_BYTES_MAX));
        // It has a label now, which the shard does not know.
        self.others = None;
    }

    /// Counts a dead letter. An error that this shard has not seen locks once; beyond [`ERRORS_MAX`]
    /// errors of a workflow that were not [expected](WorkflowMetrics::expect_error) all others share one label, and
    /// do not lock: events may invent one each.
    /// Errors whose names begin with the same [`ERROR_NAME_BYTES_MAX`] bytes count as one.
    pub fn dead_letter(&mut self, error: &str) {
        let error = cut(error, ERROR_NAME_BYTES_MAX);
        // The event may have chosen it, and people look at the page in a terminal.
        match self.known(error) {
            Some(counter) => counter.increment(1),
            None => self.resolve(error).increment(1),
        }
    }

    /// Returns the counter of an error that this shard can tell the label of.
    fn known(&self, error: &str) -> Option<&Counter> {
        self.dead_letters.get(error).or_else(|| {
            let others = self.others.as_ref()?;
            let shown = printable::line(error);
            let has_label = others.labelled.contains(cut(&shown, ERROR_NAME_BYTES_MAX));
            (!has_label).then_some(&others.counter)
        })
    }

    /// Finds the label of an error among those of all shards.
    #[cold]
    fn resolve(&mut self, error: &str) -> Counter {
        let shown = printable::line(error);
        let label = self.series.error(cut(&shown, ERROR_NAME_BYTES_MAX));
        let labels = [(names::STATE_MACHINE, &*self.state_machine), ("error", label)];
        let counter = self.metrics.counter(&names::DEAD_LETTERS, &labels);
        if label == OTHER && shown != OTHER {
            self.others = Some(Others {
                labelled: self.series.errors(),
                counter: counter.clone(),
            });
        } else if self.dead_letters.len() < EXPECTED_ERRORS_MAX + ERRORS_MAX {
            self.dead_letters.insert(error.into(), counter.clone());
        }
        counter
    }

    /// Adds what was counted to the process's metrics.
    pub fn flush(&mut self) {
        let counts = std::mem::take(&mut self.counts);
        let handles = &self.handles;
        for (count, counter) in [
            (counts.events_consumed, &handles.events_consumed),
            (counts.started, &handles.started),
            (counts.transitions, &handles.transitions),
            (counts.cut_off, &handles.cut_off),
            (counts.panics, &handles.panics),
            (counts.unreplied, &handles.unreplied),
        ] {
            add(counter, count);
        }
        for (count, counter) in self.ended.iter_mut().zip(&self.handles.ended) {
            add(counter, std::mem::take(count));
        }
        self.duration.flush(&self.series.duration);
        for task in self.tasks.iter_mut().filter(|task| task.is_dirty) {
            for (count, counter) in task.ended.iter_mut().zip(&task.handles) {
                add(counter, std::mem::take(count));
            }
            task.duration.flush(&task.series);
            task.is_dirty = false;
        }
    }
}

fn add(counter: &Counter, count: u64) {
    if count > 0 {
        counter.increment(count);
    }
}

#[test]
fn errors_beyond_the_bound_are_known_to_have_no_label() {
    let all = Metrics::new();
    let [mut metrics, mut other] = [all.workflow("w"), all.workflow("w")];
    let name = |number: usize| format!("E{number}");
    metrics.dead_letter(OTHER);
    (1..ERRORS_MAX).for_each(|number| other.dead_letter(&name(number)));
    let is_known = |metrics: &WorkflowMetrics, error: &str| metrics.known(error).is_some();
    assert!(!is_known(&metrics, "Invented"));
    metrics.dead_letter("Invented");
    assert!(is_known(&metrics, "Invented") && is_known(&metrics, "Another"));
    assert!(
        !is_known(&metrics, "E1"),
        "it has a label, which another shard has seen"
    );
    metrics.expect_error("Expected");
    metrics.dead_letter("Invented");
    assert!(!is_known(&metrics, "Expected"), "it has a label now");
    for error in ["Expected", "E1", "Invented", "Another"] {
        metrics.dead_letter(error);
    }
    let text = all.render(0);
    let line = |error: &str, count: usize| {
        let has =
            |line: &str| line.contains(&format!("error=\"{error}\"")) && line.ends_with(&format!(" {count}"));
        assert!(text.lines().any(has), "{error}: {text}");
    };
    line("Expected", 1);
    line("E1", 2);
    line(OTHER, 5);
}
