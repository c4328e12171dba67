//! What a service is made of: the configuration, checked and with its defaults filled in.
//!
//! [`Plan::new`] makes one of a configuration file; a library's user may write one. Must not know the
//! file's syntax.

use crate::config::{self, Config};
use crate::log::write::{self, Overflow};
use crate::program::Pattern;
use crate::registry::files::File;
use crate::runtime::{self, Mode, Workflow};
use crate::stream::kafka;
use crate::task;
use std::time::Duration;

/// A service.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Worker threads; 0 is one per core.
    pub shards: usize,
    /// Whether each shard is pinned to a core.
    pub pin: bool,
    /// Parked executions of the whole process.
    pub max_in_flight: usize,
    /// Memory of the process, in bytes; `None` is what the system lets it have, with some to spare.
    pub memory_max: Option<u64>,
    /// Memory of one execution, in bytes.
    pub execution_memory_max: u64,
    /// How long running executions may take to finish when the service stops.
    pub shutdown_timeout: Duration,
    /// Where metrics and health are served; empty for nowhere.
    pub listen: String,
    /// The certificate and key they are served with; `None` serves them without TLS.
    pub tls: Option<config::Tls>,
    /// The region in ARNs.
    pub region: String,
    /// The account in ARNs.
    pub account: String,
    /// Brokers and client properties.
    pub kafka: kafka::Config,
    /// The workflows.
    pub workflows: Vec<WorkflowPlan>,
    /// What runs tasks.
    pub tasks: task::Config,
    /// The functions in the process.
    pub functions: task::Functions,
}

/// One workflow of a service.
#[derive(Clone, Debug)]
pub struct WorkflowPlan {
    /// What shards need to know.
    pub workflow: Workflow,
    /// Its definition.
    pub definition: File,
    /// What it reads.
    pub source: kafka::SourceConfig,
    /// Its log.
    pub log: write::Config,
    /// What it may reach of what serves tasks, a line each; all of that without.
    pub allow: Option<Vec<String>>,
}

impl Plan {
    /// Makes a plan of a configuration. `until_end` reads up to the ends of the topics as they are at
    /// start, then stops.
    pub fn new(config: Config, functions: task::Functions, until_end: bool) -> Plan {
        let Config {
            service,
            kafka,
            workflow,
            tasks,
            // `tasks` has it.
            aws: _,
            // `tasks` has them.
            connections: _,
        } = config;
        let workflows = workflow.into_iter();
        let workflows = workflows.map(|one| WorkflowPlan::new(one, &service, until_end));
        Plan {
            workflows: workflows.collect(),
            shards: service.shards,
            pin: service.pin,
            max_in_flight: service.max_in_flight,
            memory_max: service.memory_max.map(|size| size.0),
            execution_memory_max: service.execution_memory_max.0,
            shutdown_timeout: service.shutdown_timeout.0,
            listen: service.listen,
            tls: service.tls,
            region: service.region,
            account: service.account,
            kafka,
            tasks,
            functions,
        }
    }
}

impl Plan {
    /// Returns the service's own region and account.
    pub(super) fn home(&self) -> task::Home {
        task::Home {
            region: self.region.clone(),
            account: self.account.clone(),
        }
    }
}

impl WorkflowPlan {
    fn new(config: config::Workflow, service: &config::Service, until_end: bool) -> WorkflowPlan {
        let group = config.group();
        let subscription = match config.topics_pattern {
            Some(pattern) => kafka::Subscription::Pattern(pattern),
            None => kafka::Subscription::Topics(config.topics),
        };
        let dead_letter = config.dead_letter.map(|letter| runtime::DeadLetter {
            topic: letter.topic,
            errors: letter.errors,
            except: letter.except,
        });
        let reply = config.reply.unwrap_or_default();
        let log = &config.log;
        let (level, on_failure) = (log.level.level(), log.on_failure.level());
        let log_settings = runtime::LogSettings {
            level,
            // A failed execution is written at least as fully as one that succeeds.
            on_failure: on_failure.max(level),
            on_failure_bytes_max: log.on_failure_bytes_max.0 as usize,
            include_execution_data: log.include_execution_data,
            block: log.overflow == Overflow::Block,
        };
        WorkflowPlan {
            workflow: Workflow {
                machine: runtime::MachineSettings {
                    name: config.name.clone(),
                    region: service.region.clone(),
                    account: service.account.clone(),
                    log: Some(log_settings),
                },
                mode: config.mode,
                ordering: config.ordering,
                input: config.input,
                on_empty: config.on_empty,
                max_in_flight: config.max_in_flight,
                max_offset_span: i64::from(config.max_offset_span),
                sync_batch_max: config.sync_batch_max,
                commit_interval: config.commit_interval.0,
                output: config.output.map(|output| output.topic),
                dense_output: false,
                dead_letter,
                reply_allowed: reply.allowed.iter().map(|name| Pattern::parse(name)).collect(),
                reply: reply.topic,
            },
            definition: File {
                state_machine: config.name.clone(),
                path: config.definition,
                substitutions: config.substitutions,
                pseudo_parameters: service.pseudo_parameters(),
            },
            source: kafka::SourceConfig {
                name: config.name,
                subscription,
                group,
                instance_id: config.instance_id,
                start: config.start,
                drain_timeout: config.drain_timeout.0,
                at_most_once: config.mode == Mode::Sync,
                until_end,
            },
            log: config.log,
            allow: config.allow,
        }
    }
}
