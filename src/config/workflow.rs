//! `[[workflow]]`: what runs, where its events come from and go.

use crate::log::write;
use crate::runtime::{Input, Mode, OnEmpty, Ordering};
use crate::stream::kafka::Start;
use crate::units::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// One workflow.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["name", "definition"]))]
pub struct Workflow {
    /// Name of the state machine, used in metric labels, log file names and ARNs. AWS's rules apply: 1 to 80
    /// characters. Required.
    #[schemars(transform = without_default)]
    pub name: String,
    /// The definition's file, JSON or YAML by its extension, or `FILE#Name` for a state machine in a template;
    /// relative to the configuration file. Required.
    #[schemars(transform = without_default)]
    pub definition: PathBuf,
    /// `"async"` runs each event at least once; `"sync"` runs it at most once and replies. Default `"async"`.
    pub mode: Mode,
    /// The input topics. Set either this or `topics_pattern`.
    pub topics: Vec<String>,
    /// A regular expression (POSIX extended) that begins with `^` and matches the names of the input topics.
    pub topics_pattern: Option<String>,
    /// The consumer group. Default `stepstream-<name>`.
    pub group: Option<String>,
    /// `group.instance.id` for static membership; unique in the group. Default: none.
    pub instance_id: Option<String>,
    /// Where a group without committed offsets begins: `"earliest"`, `"latest"`, or a time (RFC 3339). Default
    /// `"earliest"`.
    #[schemars(default = "earliest")]
    pub start: Start,
    /// The execution's input: the event's `"value"`, or a `"record"` with topic, partition, offset, timestamp, key,
    /// headers and value. Default `"value"`.
    pub input: Input,
    /// How to treat a tombstone or empty value: `"skip"` it without a reply, or run it with the input `"null"`.
    /// Default `"skip"`.
    pub on_empty: OnEmpty,
    /// The order of events: `"unordered"`, or one after the other for each `"key"` or each `"partition"`. Default
    /// `"unordered"`.
    pub ordering: Ordering,
    /// Limit on parked executions on each shard; beyond it, the workflow's partitions on that shard pause. Default
    /// `10000`.
    pub max_in_flight: usize,
    /// How far, in offsets, the newest started event of a partition may be ahead of the oldest unfinished one; beyond
    /// it, the workflow's partitions on that shard pause. Default `100000`.
    pub max_offset_span: u32,
    /// Sync: limit on events that a shard has committed but not finished, and that a crash would therefore cut off.
    /// Default `4000`.
    pub sync_batch_max: usize,
    /// How often offsets are committed. Default `"1s"`.
    pub commit_interval: Period,
    /// How long a revoked partition may take to finish its executions; meanwhile the client reads nothing from its
    /// other partitions either. A process that stops returns all partitions together, within `shutdown_timeout`.
    /// Default `"10s"`.
    pub drain_timeout: Period,
    /// What the workflow may reach of what `[tasks]` serves, a line each: an action and its target, such as
    /// `"sqs:sendMessage arn:aws:sqs:*:*:orders-*"` or `"http https://api.example.com/*"`. Anything else is the error
    /// `States.Permissions`. Default: all that `[tasks]` serves.
    pub allow: Option<Vec<String>>,
    /// Values for `${Name}` in the definition and for the names that a template uses.
    pub substitutions: BTreeMap<String, String>,
    /// Where outputs go; without it, nowhere.
    pub output: Option<Topic>,
    /// Where failed events go; without it, nowhere.
    pub dead_letter: Option<DeadLetter>,
    /// Sync: where replies go.
    pub reply: Option<Reply>,
    /// The execution log.
    pub log: write::Config,
}

/// A key that is required has no default.
fn without_default(schema: &mut schemars::Schema) {
    schema.remove("default");
}

fn earliest() -> &'static str {
    "earliest"
}

impl Default for Workflow {
    fn default() -> Workflow {
        Workflow {
            name: String::new(),
            definition: PathBuf::new(),
            mode: Mode::Async,
            topics: Vec::new(),
            topics_pattern: None,
            group: None,
            instance_id: None,
            start: Start::Earliest,
            input: Input::Value,
            on_empty: OnEmpty::Skip,
            ordering: Ordering::Unordered,
            max_in_flight: 10_000,
            max_offset_span: 100_000,
            sync_batch_max: 4_000,
            commit_interval: Period(Duration::from_secs(1)),
            drain_timeout: Period(Duration::from_secs(10)),
            allow: None,
            substitutions: BTreeMap::new(),
            output: None,
            dead_letter: None,
            reply: None,
            log: write::Config::default(),
        }
    }
}

impl Workflow {
    /// Returns the consumer group, by default named after the workflow.
    pub fn group(&self) -> String {
        self.group
            .clone()
            .unwrap_or_else(|| format!("stepstream-{}", self.name))
    }
}

/// A topic to write to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// The topic's name. Outputs keep the event's key.
    pub topic: String,
}

/// Where failed events go, and which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadLetter {
    /// The topic's name. Dead letters keep the event's key, value and headers.
    pub topic: String,
    /// Send only failures with these error names, such as `"States.TaskFailed"`. Default: all.
    #[serde(default)]
    pub errors: Vec<String>,
    /// Do not send failures with these error names. Default: none.
    #[serde(default)]
    pub except: Vec<String>,
}

/// Where replies go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reply {
    /// The topic for events without a `kafka_replyTopic` header. Default: none; such events get no reply.
    pub topic: Option<String>,
    /// Other topics that the header may name; `*` stands for any characters. Anyone who sends events can write to
    /// these topics with this service's rights. Default `[]`: only `topic`.
    pub allowed: Vec<String>,
}
