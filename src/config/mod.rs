//! The configuration file: sections of the modules, put together, read and checked.
//!
//! Owns the file's form ([`Config`]), how it is read (`read`: the text, the environment's overrides, every
//! mistake with its place) and what must hold between its keys (`validate`). Each section belongs to the
//! module it configures. Must not start anything. Invariant: what is wrong is a list with places, not the
//! first thing found, and a [`Config`] that was read without errors has passed every check here.

mod dollar;
mod environment;
mod exposed;
mod inputs;
mod keys;
mod mask;
mod posix;
mod problem;
mod read;
mod service;
mod shape;
mod stray;
#[cfg(test)]
mod tests;
mod tree;
mod validate;
mod variable;
mod workflow;

pub use environment::environment;
pub use inputs::Inputs;
pub use mask::without_secrets;
pub use problem::{Problem, Reading};
pub use service::{Diagnostics, Service, Tls};
pub use variable::PREFIX as ENVIRONMENT_PREFIX;
pub use workflow::{DeadLetter, Reply, Topic, Workflow};

use crate::stream::kafka;
use crate::task;
use crate::task::web::connection::Connection;
use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The configuration of a service: `stepstream.toml`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "stepstream.toml")]
pub struct Config {
    /// The process: threads, limits, addresses.
    pub service: Service,
    /// Brokers and client properties.
    pub kafka: kafka::Config,
    /// The workflows, `[[workflow]]` for each: what they run, where their events come from and go.
    pub workflow: Vec<Workflow>,
    /// What runs tasks.
    pub tasks: task::Config,
    /// How tasks reach AWS.
    pub aws: task::aws::Settings,
    /// What web APIs ask their callers for, by the name in a task's `ConnectionArn`
    /// (`arn:aws:events:REGION:ACCOUNT:connection/NAME/ID`): EventBridge's connections on AWS.
    pub connections: BTreeMap<String, Connection>,
}

/// Where events come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Events {
    /// From the topics of the workflows.
    Kafka,
    /// The file need not say.
    Elsewhere,
}

impl Config {
    /// Returns the service's own region and account.
    pub fn home(&self) -> task::Home {
        task::Home {
            region: self.service.region.clone(),
            account: self.service.account.clone(),
        }
    }

    /// Reads a configuration from its text. Relative paths of definitions, and of files for TLS, are taken from `folder`;
    /// `environment` has the variables that may override keys.
    pub fn read(
        text: &str,
        folder: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Reading {
        Config::read_for(Events::Kafka, text, folder, environment)
    }

    /// Reads a configuration as [`Config::read`] does, for something that has its events from elsewhere: there
    /// need be no workflow, nor topics, and secrets are not looked for.
    pub fn read_without_topics(
        text: &str,
        folder: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Reading {
        Config::read_for(Events::Elsewhere, text, folder, environment)
    }

    fn read_for(
        events: Events,
        text: &str,
        folder: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Reading {
        let mut reading = read::read(text, environment, events);
        if let Some(config) = &mut reading.config {
            for workflow in &mut config.workflow {
                workflow.definition = folder.join(&workflow.definition);
            }
            if let Some(tls) = &mut config.service.tls {
                tls.certificate = folder.join(&tls.certificate);
                tls.key = folder.join(&tls.key);
            }
            config.tasks.aws = config.aws.clone();
            config.tasks.locate(folder);
            config.tasks.connections.clone_from(&config.connections);
        }
        reading
    }

    /// Returns the JSON Schema of the file.
    pub fn schema() -> Schema {
        SchemaSettings::draft07()
            .into_generator()
            .into_root_schema_for::<Config>()
    }
}
