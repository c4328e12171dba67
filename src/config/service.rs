//! `[service]`: the process.

use crate::units::{Period, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The process: threads, limits, addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// Number of worker threads; 0 means one for each core. Default `0`.
    pub shards: usize,
    /// Whether each shard is pinned to a core, of those that the process may use; which one is the first differs from
    /// start to start. Default `true`.
    pub pin: bool,
    /// Limit on parked executions in the whole process; beyond it, sources pause. Default `100000`.
    pub max_in_flight: usize,
    /// Limit on the process's memory, divided among the shards; when a shard runs short, its sources pause. Default:
    /// three quarters of the container's limit or, without one, of the machine's memory, but at most half of the
    /// process's own limit (`ulimit -v`).
    pub memory_max: Option<Size>,
    /// Limit on one execution's memory, at most an eighth of its shard's part; an execution that needs more fails
    /// with `States.DataLimitExceeded`. Default `"64MiB"`.
    pub execution_memory_max: Size,
    /// How long running executions may take to finish after the service is told to stop. Default `"30s"`.
    pub shutdown_timeout: Period,
    /// Address and port of `/metrics`, `/health/live` and `/health/ready`; `""` serves none of them. Default
    /// `"127.0.0.1:9464"`.
    pub listen: String,
    /// The AWS region in ARNs and in the context object. Default `"us-east-1"`.
    pub region: String,
    /// The AWS account in ARNs and in the context object, 12 digits. Default `"111111111111"`.
    pub account: String,
    /// Format of the service's own messages on stderr: `"text"` or `"json"`. Default `"text"`.
    pub diagnostics: Diagnostics,
    /// Serves the pages of `listen` over TLS (1.2 or 1.3) only.
    pub tls: Option<Tls>,
}

/// Certificate and key for TLS. The files are read at start-up: a renewed certificate needs a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// A PEM file with the certificate, followed by its chain; relative to the configuration file.
    pub certificate: PathBuf,
    /// A PEM file with the certificate's private key, without a password; relative to the configuration file.
    pub key: PathBuf,
}

/// How the service's own messages are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Diagnostics {
    /// For reading.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Service {
    fn default() -> Service {
        Service {
            shards: 0,
            pin: true,
            max_in_flight: 100_000,
            memory_max: None,
            execution_memory_max: Size(64 << 20),
            shutdown_timeout: Period(Duration::from_secs(30)),
            listen: "127.0.0.1:9464".to_owned(),
            region: "us-east-1".to_owned(),
            account: "111111111111".to_owned(),
            diagnostics: Diagnostics::Text,
            tls: None,
        }
    }
}

impl Service {
    /// Returns what the pseudo parameters of a template stand for.
    pub fn pseudo_parameters(&self) -> BTreeMap<String, String> {
        let named = |name: &str, value: &String| (format!("AWS::{name}"), value.clone());
        BTreeMap::from([named("Region", &self.region), named("AccountId", &self.account)])
    }
}
