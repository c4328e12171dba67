//! `[workflow.log]` of the configuration file.

use crate::units::{Period, Size};
use crate::vm::Level;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// What is logged of a workflow's executions, and where to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Which events are written of every execution, as AWS defines the levels: `"ALL"`, `"ERROR"`,
    /// `"FATAL"` or `"OFF"`. Default `"ERROR"`.
    pub level: LogLevel,
    /// Whether inputs, outputs, parameters and variables are written. Errors and causes always are, and a
    /// cause may quote data. Default `false`, as at AWS.
    pub include_execution_data: bool,
    /// At which level a failed or timed-out execution is written, from its first event on; what it would
    /// not have written otherwise is kept in memory until it ends. Default `"ALL"`.
    pub on_failure: LogLevel,
    /// Memory for what the events of one running execution hold beyond its input, kept in case it fails. Above it
    /// the events in the middle are left out; the first and the last 32 stay. The same happens to records that
    /// come to more than about 8 MiB at once. Default `"256KiB"`.
    pub on_failure_bytes_max: Size,
    /// Where records go: `"stdout"`, `"file"` or `"kafka"`. Default `"file"`.
    pub destination: Destination,
    /// What happens when the destination does not keep up: `"block"` waits and loses nothing, `"drop"`
    /// never waits and counts what is lost. Default `"block"`.
    pub overflow: Overflow,
    /// Log files, for `destination = "file"`.
    pub file: FileConfig,
    /// The topic, for `destination = "kafka"`.
    pub kafka: Option<KafkaConfig>,
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
    /// The folder, made if need be (mode 0750, its files 0640); relative to the working directory. Default `"log"`.
    pub directory: PathBuf,
    /// Size at which a file is closed and another begun. Default `"256MiB"`.
    pub rotate_size: Size,
    /// Time after which a file is closed, also when nothing is written. Default `"1h"`.
    pub rotate_after: Period,
    /// How long closed files are kept after their last record. Default `"7d"`.
    pub keep_for: Period,
    /// Size of all of the workflow's files together, beyond which the oldest go. Default `"10GiB"`.
    pub keep_size: Size,
    /// Whether an execution waits until its records are on the disk. Without it they survive a crash of
    /// the process, not of the machine. Default `false`.
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
    /// Its name. Each record is a message; its key is the execution's ARN.
    pub topic: String,
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
