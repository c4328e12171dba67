//! What a shard needs to know of a workflow.
//!
//! A [`Workflow`] is what the configuration says and does not change while the service runs; a [`Version`]
//! is one compiled definition with what serves its tasks. Each shard holds one reference to a version; an
//! execution that waits holds the shard's own. Must not know where a configuration comes from.

use super::ordering::Ordering;
use super::refuse::{CUT_OFF, EVENT_TOO_LARGE, INVALID_EVENT};
use super::stats::Stats;
use crate::fault;
use crate::guard::PANIC;
use crate::log::Encoder;
use crate::metrics::TaskSeries;
use crate::program::{Pattern, Program};
use crate::task::{self, Bindings, bind::label};
use crate::vm::{EventCost, EventSet, Level};
use std::sync::Arc;
use std::time::Duration;

/// What is promised of each event.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// At least once: an offset is committed when everything below it is finished.
    #[default]
    Async,
    /// At most once: committed before it runs, then replied to.
    Sync,
}

/// What an execution's input is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Input {
    /// The event's value.
    #[default]
    Value,
    /// An object with topic, partition, offset, timestamp, key, headers and value.
    Record,
}

/// What becomes of an event without a value.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum OnEmpty {
    /// It is finished without an execution.
    #[default]
    Skip,
    /// It runs with `null`.
    Null,
}

/// One workflow, as the configuration has it.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Name of the state machine.
    pub name: String,
    /// What is promised.
    pub mode: Mode,
    /// In which order events run.
    pub ordering: Ordering,
    /// What the input is.
    pub input: Input,
    /// What becomes of events without a value.
    pub on_empty: OnEmpty,
    /// Executions that wait on a shard, and events that wait for their turn; beyond it the source pauses.
    pub max_in_flight: usize,
    /// How far the newest offset may be ahead of the oldest unfinished one.
    pub max_offset_span: i64,
    /// Sync: most events that are committed, and so at risk in a crash, at a time.
    pub sync_batch_max: usize,
    /// How often offsets are committed.
    pub commit_interval: Duration,
    /// Topic of outputs.
    pub output: Option<String>,
    /// Whether outputs are written dense, one line each; else a document that is handed on whole keeps its
    /// blanks, as at AWS.
    pub dense_output: bool,
    /// Where failed events go.
    pub dead_letter: Option<DeadLetter>,
    /// Sync: topic of replies to events that name none.
    pub reply: Option<String>,
    /// Which topics events may name for their replies, besides `reply`.
    pub reply_allowed: Vec<Pattern>,
    /// The execution log; `None` writes nothing.
    pub log: Option<LogSettings>,
    /// The region in ARNs.
    pub region: String,
    /// The account in ARNs.
    pub account: String,
}

/// Where failed events go, and which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetter {
    /// The topic.
    pub topic: String,
    /// Only failures with these error names; empty for all.
    pub errors: Vec<String>,
    /// But not these.
    pub except: Vec<String>,
}

/// What is written of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// The level of an execution that succeeds.
    pub level: Level,
    /// The level of an execution that fails; not below `level`.
    pub on_failure: Level,
    /// Most bytes of values that a running execution keeps in case it fails.
    pub on_failure_bytes_max: usize,
    /// Whether inputs, outputs and parameters are written.
    pub include_execution_data: bool,
    /// Whether an execution is finished only when its records are out.
    pub block: bool,
}

impl LogSettings {
    /// Says whether events are kept until the outcome is known, since a failure shows more than a success.
    pub(super) fn keeps_for_failure(self) -> bool {
        self.on_failure > self.level
    }

    /// Returns the events that executions keep, and what keeping them costs: nothing, where they may never be written.
    fn kept(self) -> EventSet {
        let cost = match (self.keeps_for_failure(), self.include_execution_data) {
            (true, _) => EventCost::Nothing,
            (false, false) => EventCost::Record,
            (false, true) => EventCost::RecordWithData,
        };
        EventSet::of(self.level.max(self.on_failure)).costing(cost)
    }
}

impl Default for Workflow {
    fn default() -> Workflow {
        Workflow {
            name: "workflow".to_owned(),
            mode: Mode::Async,
            ordering: Ordering::Unordered,
            input: Input::Value,
            on_empty: OnEmpty::Skip,
            max_in_flight: 10_000,
            max_offset_span: 100_000,
            sync_batch_max: 4_000,
            commit_interval: Duration::from_secs(1),
            output: None,
            dense_output: false,
            dead_letter: None,
            reply: None,
            reply_allowed: Vec::new(),
            log: None,
            region: "us-east-1".to_owned(),
            account: "111111111111".to_owned(),
        }
    }
}

impl DeadLetter {
    /// Says whether failures with this error go there.
    pub fn takes(&self, error: &str) -> bool {
        let names = |list: &[String]| list.iter().any(|name| name == error || name == crate::fault::ALL);
        (self.errors.is_empty() || names(&self.errors)) && !names(&self.except)
    }
}

/// One version of a workflow's definition on one shard.
pub struct Version {
    /// The compiled definition.
    pub program: Arc<Program>,
    /// What serves each task.
    pub bindings: Arc<Bindings>,
    /// Names the version.
    pub revision: Box<str>,
}

/// A version as a shard has taken it up.
pub(super) struct Loaded {
    pub(super) version: Version,
    /// Where each task's calls are counted, by [`crate::program::TaskId`].
    pub(super) series: Vec<TaskSeries>,
}

impl Loaded {
    pub(super) fn new(version: Version, stats: &mut Stats) -> Loaded {
        expect_errors(&version.program, stats);
        let tasks = version.program.tasks.iter();
        Loaded {
            series: tasks
                .map(|task| stats.metrics.task(&label(&version.program, task)))
                .collect(),
            version,
        }
    }
}

/// Lets errors have labels of their own whatever names data invents: AWS's, ours, those of connectors, and those that
/// the definition writes.
fn expect_errors(program: &Program, stats: &mut Stats) {
    let ours = [INVALID_EVENT, EVENT_TOO_LARGE, CUT_OFF, PANIC];
    for error in fault::RESERVED.into_iter().chain(ours).chain(task::errors()) {
        stats.metrics.expect_error(error);
    }
    program
        .error_names()
        .for_each(|error| stats.metrics.expect_error(&error));
}

impl std::ops::Deref for Loaded {
    type Target = Version;

    fn deref(&self) -> &Version {
        &self.version
    }
}

/// What the shard derives from a workflow once.
pub(super) struct Fixed {
    /// The events that executions keep.
    pub(super) kept: EventSet,
    pub(super) state_machine_arn: String,
    pub(super) role_arn: String,
    /// ARN of an execution up to its name.
    pub(super) arn_prefix: String,
}

impl Fixed {
    /// Returns what writes the records of an execution.
    pub(super) fn encoder<'a>(
        &'a self,
        workflow: &'a Workflow,
        version: &'a Loaded,
        execution_arn: &'a str,
        log: LogSettings,
    ) -> Encoder<'a> {
        Encoder {
            program: &version.program,
            execution_arn,
            role_arn: &self.role_arn,
            region: &workflow.region,
            include_execution_data: log.include_execution_data,
        }
    }

    pub(super) fn of(workflow: &Workflow) -> Fixed {
        let Workflow {
            region,
            account,
            name,
            ..
        } = workflow;
        let prefix = format!("arn:aws:states:{region}:{account}");
        Fixed {
            kept: workflow.log.map_or_else(EventSet::default, LogSettings::kept),
            state_machine_arn: format!("{prefix}:stateMachine:{name}"),
            role_arn: format!("arn:aws:iam::{account}:role/stepstream"),
            arn_prefix: format!("{prefix}:express:{name}:"),
        }
    }
}
