//! What a pipe takes of a configuration: `[tasks]`, `[service]`, `[kafka]`, and the workflow of the definition.
//!
//! Must not know how lines are read. Invariant: a file is understood here as it is by `run`, and what is wrong
//! with it is said as there.

use super::{DeadLetter, FAILURES, OUTPUTS, Stop};
use crate::cli::output::stderr;
use crate::cli::{identity, run, shard_count};
use crate::config::{self, Config, environment};
use crate::registry::address::Address;
use crate::runtime::{MachineSettings, OnEmpty, Ordering, Workflow};
use crate::task::Allow;
use std::path::Path;
use std::sync::Arc;

/// A configuration, and what it says of the definition that is run.
pub(super) struct Settings {
    pub(super) config: Config,
    workflow: Option<config::Workflow>,
}

impl Settings {
    /// Reads a file; without one nothing is configured.
    pub(super) fn read(path: Option<&Path>, definition: &Path) -> Result<Settings, Stop> {
        let mut config = match path {
            None => Config::default(),
            Some(path) => run::read_as(path, |text, folder| {
                Config::read_without_topics(text, folder, environment())
            })?,
        };
        let workflow = take(&mut config.workflow, definition);
        Ok(Settings { config, workflow })
    }

    /// Returns what `${Name}` stands for; what the command line says wins.
    pub(super) fn substitutions(&self, set: &[(String, String)]) -> Vec<(String, String)> {
        let configured = self.workflow.iter().flat_map(|one| one.substitutions.clone());
        configured.chain(set.iter().cloned()).collect()
    }

    /// Returns how many shards there are to be, given what the command line says.
    pub(super) fn shards(&self, wanted: Option<usize>) -> Result<usize, Stop> {
        let count = shard_count(wanted.unwrap_or(self.config.service.shards));
        match &self.workflow {
            Some(one) if one.ordering == Ordering::Partition => match wanted {
                Some(_) if count > 1 => Err(Stop::new(format!(
                    "error: workflow \"{}\" runs its events one after the other (ordering = \"partition\"): that is \
                     --shards 1",
                    one.name
                ))),
                _ => Ok(1),
            },
            _ => Ok(count),
        }
    }

    /// Returns what shards need to know.
    pub(super) fn workflow(&self, definition: &Path) -> Workflow {
        let own = Workflow {
            machine: MachineSettings {
                name: identity::machine_name(definition),
                region: self.config.service.region.clone(),
                account: self.config.service.account.clone(),
                log: None,
            },
            output: Some(OUTPUTS.to_owned()),
            dense_output: true,
            dead_letter: Some(DeadLetter {
                topic: FAILURES.to_owned(),
                ..DeadLetter::default()
            }),
            ..Workflow::default()
        };
        match &self.workflow {
            None => own,
            Some(one) => Workflow {
                machine: MachineSettings {
                    name: one.name.clone(),
                    ..own.machine
                },
                ordering: one.ordering,
                input: one.input,
                on_empty: one.on_empty,
                max_in_flight: one.max_in_flight,
                ..own
            },
        }
    }

    /// Returns what the workflow may reach, if it says so.
    pub(super) fn allow(&self) -> Result<Option<Arc<Allow>>, Stop> {
        let lines = self.workflow.as_ref().and_then(|one| one.allow.as_deref());
        let allow = lines.map(Allow::parse).transpose();
        // What is wrong with a line was said when the file was read.
        allow.map(|allow| allow.map(Arc::new)).map_err(|errors| {
            let texts: Vec<String> = errors
                .iter()
                .map(|error| format!("error: allow: {}", error.message))
                .collect();
            Stop::new(texts.join("\n"))
        })
    }

    /// Returns what becomes of blank lines.
    pub(super) fn on_empty(&self) -> OnEmpty {
        self.workflow.as_ref().map_or(OnEmpty::Skip, |one| one.on_empty)
    }
}

/// Takes the workflow whose definition is a file, if there is one.
fn take(workflows: &mut Vec<config::Workflow>, definition: &Path) -> Option<config::Workflow> {
    let wanted = Address::of(definition);
    let file = wanted.file.canonicalize().ok()?;
    workflows.retain(|one| {
        let address = Address::of(&one.definition);
        let is_same_file = address.file.canonicalize().is_ok_and(|path| path == file);
        // Without a name the only state machine of the file is meant.
        is_same_file && (address.name == wanted.name || address.name.is_none() || wanted.name.is_none())
    });
    if let [first, _, ..] = workflows.as_slice() {
        stderr(&format!(
            "warning: {} workflows have this definition; the settings of \"{}\", the first, apply",
            workflows.len(),
            first.name
        ));
    }
    workflows.drain(..).next()
}
