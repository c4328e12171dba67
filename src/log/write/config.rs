//! `[workflow.log]` of the configuration file.

use crate::units::{Period, Size};
use crate::vm::Level;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// What to log about a workflow's executions, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The level at which every execution is logged, as AWS defines the levels: `"ALL"`, `"ERROR"`, `"FATAL"` or
    /// `"OFF"`. Default `"ERROR"`.
    pub level: LogLevel,
    /// Whether to log inputs, outputs, parameters and variables. Errors and causes are always logged, and a cause may
    /// quote data. Default `false`, as at AWS.
    pub include_execution_data: bool,
    /// The level at which a failed or timed-out execution is logged, from its first event on. Events that `level`
    /// leaves out stay in memory until the execution ends. Default `"ALL"`.
    pub on_failure: LogLevel,
    /// Limit on the memory for those events in each running execution, not counting its input. Above it, events in
    /// the middle are left out; the first and the last 32 stay. The same happens to records that exceed about 8 MiB
    /// at once. Default `"256KiB"`.
    pub on_failure_bytes_max: Size,
    /// Where records go: `"stdout"`, `"file"`, `"kafka"` or `"cloudwatch"`. Default `"file"`.
    pub destination: Destination,
    /// What to do when the destination cannot keep up: `"block"` waits and loses nothing; `"drop"` never waits, and
    /// counts the lost records. Default `"block"`.
    pub overflow: Overflow,
    /// Log files, for `destination = "file"`.
    pub file: FileConfig,
    /// The topic, for `destination = "kafka"`.
    pub kafka: Option<KafkaConfig>,
    /// The log group, for `destination = "cloudwatch"`.
    pub cloudwatch: Option<CloudWatchConfig>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            level: LogLevel::Error,
            include_execution_data: false,
            on_failure: LogLevel::All,
            on_failure_bytes_max: Size(256 << 10),
            destination: Destination::File,
            overflow: Overflow::Block,
            file: FileConfig::default(),
            kafka: None,
            cloudwatch: None,
        }
    }
}

/// A log level, as AWS writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LogLevel {
    /// Everything.
    All,
    /// What went wrong, also where it was caught.
    Error,
    /// Executions that did not succeed.
    Fatal,
    /// Nothing.
    Off,
}

impl LogLevel {
    /// Returns the machine's level.
    pub fn level(self) -> Level {
        match self {
            LogLevel::All => Level::All,
            LogLevel::Error => Level::Error,
            LogLevel::Fatal => Level::Fatal,
            LogLevel::Off => Level::Off,
        }
    }
}

/// Where records go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Destination {
    /// The standard output of the process.
    Stdout,
    /// Files in a folder.
    File,
    /// A Kafka topic.
    Kafka,
    /// A log group of CloudWatch Logs.
    CloudWatch,
}

/// What happens when a destination does not keep up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Overflow {
    /// An execution is finished when its records have left the process.
    Block,
    /// Records are dropped and counted.
    Drop,
}

/// Log files: `<workflow>-<UTC time>-<number>.ndjson`, with `.open` after it while they are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FileConfig {
    /// The folder, created if necessary (mode 0750, files 0640); relative to the working directory. Default `"log"`.
    pub directory: PathBuf,
    /// Size at which a file is closed and a new one started. Default `"256MiB"`.
    pub rotate_size: Size,
    /// Age at which a file is closed, even if nothing is written. Default `"1h"`.
    pub rotate_after: Period,
    /// How long closed files are kept after their last record. Default `"7d"`.
    pub keep_for: Period,
    /// Limit on the total size of the workflow's files; beyond it, the oldest are deleted. Default `"10GiB"`.
    pub keep_size: Size,
    /// Whether an execution waits until its records are on the disk. Otherwise they survive a crash of the process,
    /// but not of the machine. Default `false`.
    pub fsync: bool,
}

impl Default for FileConfig {
    fn default() -> FileConfig {
        let hours = |hours: u64| Period(Duration::from_secs(hours * 3_600));
        FileConfig {
            directory: PathBuf::from("log"),
            rotate_size: Size(256 << 20),
            rotate_after: hours(1),
            keep_for: hours(7 * 24),
            keep_size: Size(10 << 30),
            fsync: false,
        }
    }
}

impl FileConfig {
    pub(super) fn limits(&self) -> Limits {
        let millis = |period: Period| i64::try_from(period.0.as_millis()).unwrap_or(i64::MAX);
        Limits {
            rotate_bytes: self.rotate_size.0,
            rotate_after_ms: millis(self.rotate_after),
            keep_for_ms: millis(self.keep_for),
            keep_bytes: self.keep_size.0,
            fsync: self.fsync,
        }
    }
}

/// A topic for records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KafkaConfig {
    /// The topic's name. Each record is a message, with the execution's ARN as its key.
    pub topic: String,
}

/// A log group for records. Credentials and endpoint are those of `[aws]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloudWatchConfig {
    /// The log group's name, such as `"/aws/vendedlogs/states/orders"`. Each record is a log event.
    pub group: String,
    /// The group's region. Default: that of `[aws]`.
    pub region: Option<String>,
    /// What the names of log streams begin with: `<prefix>/<workflow>/<minute>/<number>`, one stream for each start of the
    /// process. Default `"states"`.
    #[serde(default = "states")]
    pub stream_prefix: String,
    /// Whether to create the group if there is none; otherwise the workflow waits until somebody does. Default `false`.
    #[serde(default)]
    pub create_group: bool,
}

fn states() -> String {
    "states".to_owned()
}

impl CloudWatchConfig {
    /// Says what AWS will not accept, with the key.
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        let is_of_group = |c: char| c.is_ascii_alphanumeric() || "_-/.#".contains(c);
        if self.group.is_empty() || self.group.len() > 512 || !self.group.chars().all(is_of_group) {
            return Some((
                "group",
                "a log group's name has 1 to 512 letters, digits and `_`, `-`, `/`, `.`, `#`",
            ));
        }
        let is_of_stream = |c: char| !c.is_control() && c != ':' && c != '*';
        if self.stream_prefix.is_empty()
            || self.stream_prefix.len() > 300
            || !self.stream_prefix.chars().all(is_of_stream)
        {
            return Some(("stream_prefix", "it has 1 to 300 characters, no `:` and no `*`"));
        }
        None
    }
}

/// When files are closed and removed; times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) rotate_bytes: u64,
    pub(super) rotate_after_ms: i64,
    pub(super) keep_for_ms: i64,
    pub(super) keep_bytes: u64,
    pub(super) fsync: bool,
}
