//! What a shard needs to know of a workflow: a state machine, and the topics that it is fed from and writes to.
//!
//! A [`Workflow`] is what the configuration says and does not change while the service runs. What its executions need
//! is the machine's. Must not know where a configuration comes from.

use super::ordering::Ordering;
use crate::execution::machine::MachineSettings;
use crate::program::Pattern;
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
    /// The state machine that events run.
    pub machine: MachineSettings,
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

impl Default for Workflow {
    fn default() -> Workflow {
        Workflow {
            machine: MachineSettings::default(),
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
