//! What the demo runs on: a folder, brokers, topics, and the plan of a service as a library's user makes it.

use super::super::identity::random;
use super::super::output::{Stop, grouped};
use super::super::run::built_in;
use super::super::shard_count;
use crate::log::write;
use crate::registry::files::File;
use crate::runtime::{DeadLetter, LogSettings, MachineSettings, Workflow};
use crate::server::{Plan, WorkflowPlan};
use crate::stream::kafka::{self, Mock, Property, SourceConfig, Start, Subscription, admin};
use crate::task::{self, config::Entry};
use crate::units::Size;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The sample of the README.
const DEFINITION: &str = include_str!("../../../config/workflows/order_fulfillment.asl.json");
const DEFINITION_FILE: &str = "order_fulfillment.asl.json";
const NAME: &str = "order-fulfillment";
const PARTITIONS: i32 = 8;
/// How much of the log is kept, and in which parts: the failed orders of half a million take 700 MB.
const LOG_FILES: Size = Size(256 << 20);
const LOG_FILE: Size = Size(32 << 20);
/// How long the brokers inside hold back a fetch that finds nothing.
const FETCH_WAIT_MS: i64 = 5;
const REGION: &str = "us-east-1";
const ACCOUNT: &str = "111111111111";
/// The functions that the workflow calls, and what serves them.
const FUNCTIONS: [(&str, &str); 4] = [
    ("check-inventory", "demo.check_inventory"),
    ("update-inventory", "demo.update_inventory"),
    ("complete-order", "demo.mark_order_complete"),
    ("cancel-order", "demo.cancel_order"),
];

/// What the demo runs on.
pub(super) struct Setup {
    pub(super) kafka: kafka::Config,
    pub(super) orders: String,
    pub(super) fulfilled: String,
    pub(super) failed: String,
    /// Of the demo's own reader.
    pub(super) reader_group: String,
    group: String,
    folder: PathBuf,
    shards: usize,
    /// The brokers, if they are inside.
    mock: Option<Mock>,
}

impl Setup {
    /// Makes the folder, the brokers and the topics.
    pub(super) fn new(brokers: Option<&str>, shards: usize) -> Result<Setup, Stop> {
        let id = format!("{:08x}", random() as u32);
        let folder = std::env::temp_dir().join(format!("stepstream-demo-{id}"));
        write(&folder, DEFINITION_FILE, DEFINITION)
            .map_err(|error| Stop::new(format!("error: cannot write to {}: {error}", folder.display())))?;
        let mock = match brokers {
            Some(_) => None,
            None => Some(Mock::start().map_err(stop)?),
        };
        let address = mock.as_ref().map(Mock::brokers);
        let mut kafka = kafka::Config {
            brokers: address.or(brokers.map(str::to_owned)).unwrap_or_default(),
            is_mock: mock.is_some(),
            ..kafka::Config::default()
        };
        // Somebody watches: an order is rather on its way at once than in good company.
        let linger = ("linger.ms".to_owned(), Property::Integer(1));
        kafka.producer.0.extend([linger]);
        if mock.is_some() {
            // A real broker answers a waiting fetch when there is something; the brokers inside let the
            // time pass: with the default of 500 ms a run has 8,000 orders/s at 500 ms each.
            let wait = ("fetch.wait.max.ms".to_owned(), Property::Integer(FETCH_WAIT_MS));
            kafka.consumer.0.extend([wait]);
        }
        let prefix = match mock {
            Some(_) => String::new(),
            None => format!("stepstream-demo-{id}-"),
        };
        let setup = Setup {
            kafka,
            orders: format!("{prefix}orders"),
            fulfilled: format!("{prefix}orders-fulfilled"),
            failed: format!("{prefix}orders-failed"),
            reader_group: format!("stepstream-demo-{id}-reader"),
            group: format!("stepstream-demo-{id}"),
            folder,
            shards: shard_count(shards),
            mock,
        };
        setup.create_topics()?;
        Ok(setup)
    }

    fn create_topics(&self) -> Result<(), Stop> {
        let names = [&self.orders, &self.fulfilled, &self.failed].map(String::as_str);
        match &self.mock {
            Some(mock) => {
                let mut names = names.iter();
                names.try_for_each(|name| mock.create_topic(name, PARTITIONS))
            }
            None => admin::create_topics(&self.kafka, &names, PARTITIONS),
        }
        .map_err(stop)
    }

    pub(super) fn shards(&self) -> usize {
        self.shards
    }

    /// Where the execution log is.
    pub(super) fn log_folder(&self) -> PathBuf {
        self.folder.join("log")
    }

    pub(super) fn definition(&self) -> PathBuf {
        self.folder.join(DEFINITION_FILE)
    }

    /// Returns the topics if they outlive the demo.
    pub(super) fn kept_topics(&self) -> Option<[&str; 3]> {
        let names = [&self.orders, &self.fulfilled, &self.failed];
        self.mock.is_none().then_some(names.map(String::as_str))
    }

    /// Writes a file beside the others; returns where, if that went well.
    pub(super) fn keep(&self, name: &str, text: &str) -> Option<PathBuf> {
        write(&self.folder, name, text).ok()
    }

    /// Says what will happen.
    pub(super) fn introduction(&self, events: u32, metrics: &str) -> String {
        let events = grouped(f64::from(events));
        let place = match self.mock {
            Some(_) => "brokers inside this process",
            None => "the brokers",
        };
        let (shards, plural) = (self.shards, if self.shards == 1 { "" } else { "s" });
        format!(
            "{events} orders through {place} ({}), workflow {NAME}, {shards} shard{plural}\n\
             metrics while it runs: {metrics}\n\n",
            self.kafka.brokers
        )
    }

    /// Returns the service: what `stepstream run` makes of a configuration file.
    pub(super) fn plan(&self) -> Plan {
        Plan {
            shards: self.shards,
            pin: true,
            max_in_flight: 100_000,
            memory_max: None,
            execution_memory_max: 64 << 20,
            shutdown_timeout: Duration::from_secs(10),
            listen: "127.0.0.1:0".to_owned(),
            tls: None,
            region: REGION.to_owned(),
            account: ACCOUNT.to_owned(),
            kafka: self.kafka.clone(),
            workflows: vec![self.workflow()],
            tasks: tasks(),
            functions: built_in(),
        }
    }

    fn workflow(&self) -> WorkflowPlan {
        let mut log = write::Config {
            // The orders are made up: their story may be told with all that is in them.
            include_execution_data: true,
            ..write::Config::default()
        };
        log.file.directory = self.log_folder();
        (log.file.rotate_size, log.file.keep_size) = (LOG_FILE, LOG_FILES);
        WorkflowPlan {
            workflow: Workflow {
                machine: MachineSettings {
                    name: NAME.to_owned(),
                    region: REGION.to_owned(),
                    account: ACCOUNT.to_owned(),
                    log: Some(LogSettings {
                        level: log.level.level(),
                        on_failure: log.on_failure.level(),
                        on_failure_bytes_max: log.on_failure_bytes_max.0 as usize,
                        include_execution_data: log.include_execution_data,
                        block: true,
                    }),
                },
                output: Some(self.fulfilled.clone()),
                dead_letter: Some(DeadLetter {
                    topic: self.failed.clone(),
                    ..DeadLetter::default()
                }),
                ..Workflow::default()
            },
            definition: File {
                state_machine: NAME.to_owned(),
                path: self.definition(),
                substitutions: BTreeMap::new(),
                pseudo_parameters: BTreeMap::new(),
            },
            source: source(NAME, &[&self.orders], &self.group),
            log,
            allow: None,
        }
    }

    /// Returns what the demo reads the results with.
    pub(super) fn reader(&self) -> SourceConfig {
        source(
            "demo-reader",
            &[&self.fulfilled, &self.failed],
            &self.reader_group,
        )
    }
}

fn stop(error: kafka::Error) -> Stop {
    Stop::new(format!("error: {error}"))
}

fn source(name: &str, topics: &[&str], group: &str) -> SourceConfig {
    SourceConfig {
        name: name.to_owned(),
        subscription: Subscription::Topics(topics.iter().map(|&topic| topic.to_owned()).collect()),
        group: group.to_owned(),
        instance_id: None,
        start: Start::Earliest,
        drain_timeout: Duration::from_secs(5),
        at_most_once: false,
        until_end: false,
    }
}

fn tasks() -> task::Config {
    let entries = FUNCTIONS.map(|(name, function)| {
        let pattern = format!("arn:aws:lambda:*:*:function:{name}");
        (pattern, Entry::of_function(function))
    });
    task::Config {
        entries: entries.into(),
        ..task::Config::default()
    }
}

fn write(folder: &Path, name: &str, text: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(name);
    std::fs::write(&path, text)?;
    Ok(path)
}
