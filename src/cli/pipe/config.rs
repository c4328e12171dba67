//! The parts of a configuration file that matter without Kafka.

use crate::cli::definition::cannot_read;
use crate::cli::output::Stop;
use crate::task;
use serde::Deserialize;
use std::path::Path;

/// What a pipe reads of a configuration; the rest is for `run`.
#[derive(Default, Deserialize)]
pub(super) struct Config {
    /// What serves tasks.
    #[serde(default)]
    pub(super) tasks: task::Config,
    /// Where executions are.
    #[serde(default)]
    pub(super) service: Service,
}

/// Region and account in ARNs.
#[derive(Deserialize)]
#[serde(default)]
pub(super) struct Service {
    pub(super) region: String,
    pub(super) account: String,
}

impl Default for Service {
    fn default() -> Service {
        Service {
            region: "us-east-1".to_owned(),
            account: "111111111111".to_owned(),
        }
    }
}

impl Config {
    /// Reads a file; without one nothing is configured.
    pub(super) fn read(path: Option<&Path>) -> Result<Config, Stop> {
        let Some(path) = path else {
            return Ok(Config::default());
        };
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| cannot_read(&name, &error))?;
        toml::from_str(&text).map_err(|error| Stop::new(format!("error: {name}: {error}")))
    }
}
