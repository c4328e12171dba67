//! What must hold between keys, beyond their types.
//!
//! Owns every rule that one struct alone cannot have. Invariant: all that is found is said.

use super::exposed::{exposed, exposed_connection};
use super::posix::beyond_posix;
use super::{Config, Events, Workflow};
use crate::asl::Severity;
use crate::execution::name::{NAME_CHARACTERS_MAX, may_stand_in_name};
use crate::log::write::{CloudWatchConfig, Destination};
use crate::runtime::Mode;
use crate::stream::kafka;
use crate::task::Allow;
use crate::units::{Period, Size};
use regex_lite::Regex;
use std::net::SocketAddr;
use std::time::Duration;

/// Most shards: more threads than any machine has cores.
const SHARDS_MAX: usize = 1_024;
/// Most events that a sync commit may put at risk: what its metadata can name.
const SYNC_BATCH_MAX: usize = 10_000;
/// Most parked executions: beyond it they would not fit into memory.
const IN_FLIGHT_MAX: usize = 100_000_000;
/// Least memory of the process: below, hardly an execution fits beside what the clients take.
const MEMORY_MIN: u64 = 64 << 20;
/// Most memory of the process.
const MEMORY_MAX: u64 = 1 << 44;
/// Least memory of an execution: the largest event, read, takes up to four.
const EXECUTION_MEMORY_MIN: u64 = 8 << 20;

/// Something that is wrong, at a path of keys; items of lists by number.
pub(super) struct Finding {
    pub(super) path: Vec<String>,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// It is about this value and no other key: true whatever else is wrong.
    pub(super) is_alone: bool,
}

/// Returns everything that is wrong with a configuration.
pub(super) fn validate(config: &Config, events: Events) -> Vec<Finding> {
    let mut checks = Checks {
        findings: Vec::new(),
        base: Vec::new(),
        events,
    };
    checks.service(config);
    checks.kafka(config);
    if config.workflow.is_empty() && events == Events::Kafka {
        checks.add(&["workflow"], "there is no [[workflow]]: nothing would run");
    }
    for (number, workflow) in config.workflow.iter().enumerate() {
        checks.base = vec!["workflow".to_owned(), number.to_string()];
        checks.workflow(workflow);
        checks.against_others(workflow, &config.workflow[..number]);
    }
    checks.base = vec!["aws".to_owned()];
    for (keys, problem) in config.aws.problems() {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        checks.add(&keys, problem);
    }
    checks.base.clear();
    for (name, connection) in &config.connections {
        if let Some((key, problem)) = connection.problem() {
            let path = ["connections", name].into_iter().chain(key).collect::<Vec<_>>();
            checks.add(&path, problem);
        }
        if let Some(warning) = exposed_connection(connection, &config.tasks.entries) {
            let finding = checks.add(&["connections", name], warning);
            finding.severity = Severity::Warning;
            finding.help = Some("write https://, or leave it to a proxy on this machine".to_owned());
        }
    }
    for (pattern, entry) in &config.tasks.entries {
        if let Some(problem) = entry.problem() {
            checks.add(&["tasks", pattern], problem);
        }
        if let Some(warning) = exposed(entry) {
            let finding = checks.add(&["tasks", pattern, "http"], warning);
            finding.severity = Severity::Warning;
            finding.help = Some("write https://, or leave it to a proxy on this machine".to_owned());
        }
    }
    checks.findings
}

struct Checks {
    findings: Vec<Finding>,
    /// Where the keys stand that are looked at.
    base: Vec<String>,
    events: Events,
}

impl Checks {
    fn add(&mut self, path: &[&str], message: impl Into<String>) -> &mut Finding {
        let keys = self
            .base
            .iter()
            .cloned()
            .chain(path.iter().map(|key| (*key).to_owned()));
        self.findings.push(Finding {
            path: keys.collect(),
            severity: Severity::Error,
            message: message.into(),
            help: None,
            is_alone: false,
        });
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }

    fn require(&mut self, holds: bool, path: &[&str], message: impl Into<String>) {
        if !holds {
            self.add(path, message);
        }
    }

    fn number(&mut self, value: usize, bounds: std::ops::RangeInclusive<usize>, path: &[&str]) {
        let (least, most) = (*bounds.start(), *bounds.end());
        if !bounds.contains(&value) {
            let message = format!("{value} is not from {least} to {most}");
            self.add(path, message).is_alone = true;
        }
    }

    fn period(&mut self, value: Period, least: Duration, most: Duration, path: &[&str]) {
        let message = format!(
            "\"{value}\" is not from \"{}\" to \"{}\"",
            Period(least),
            Period(most)
        );
        if !(least..=most).contains(&value.0) {
            self.add(path, message).is_alone = true;
        }
    }

    fn size(&mut self, value: Size, least: u64, most: u64, path: &[&str]) {
        let message = format!(
            "\"{value}\" is not from \"{}\" to \"{}\"",
            Size(least),
            Size(most)
        );
        if !(least..=most).contains(&value.0) {
            self.add(path, message).is_alone = true;
        }
    }

    fn service(&mut self, config: &Config) {
        let service = &config.service;
        self.number(service.shards, 0..=SHARDS_MAX, &["service", "shards"]);
        self.number(
            service.max_in_flight,
            1..=IN_FLIGHT_MAX,
            &["service", "max_in_flight"],
        );
        if let Some(size) = service.memory_max {
            self.size(size, MEMORY_MIN, MEMORY_MAX, &["service", "memory_max"]);
        }
        self.size(
            service.execution_memory_max,
            EXECUTION_MEMORY_MIN,
            crate::vm::MEMORY_BYTES_MAX as u64,
            &["service", "execution_memory_max"],
        );
        self.period(
            service.shutdown_timeout,
            Duration::ZERO,
            HOUR,
            &["service", "shutdown_timeout"],
        );
        if !service.listen.is_empty() && !is_address(&service.listen) {
            let message = format!("\"{}\" is not an address with a port", service.listen);
            let finding = self.add(&["service", "listen"], message);
            finding.help =
                Some("such as \"127.0.0.1:9464\" or \"0.0.0.0:9464\", or \"\" for none".to_owned());
        }
        if service.listen.is_empty() && service.tls.is_some() {
            let finding = self.add(&["service", "tls"], "nothing is served: service.listen is \"\"");
            finding.severity = Severity::Warning;
        }
        let is_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let region = &service.region;
        let holds = !region.is_empty() && region.chars().all(is_region);
        self.require(
            holds,
            &["service", "region"],
            format!("\"{region}\" is not a region, such as \"us-east-1\""),
        );
        let holds = service.account.len() == 12 && service.account.bytes().all(|b| b.is_ascii_digit());
        self.require(holds, &["service", "account"], "an account has 12 digits");
    }

    fn kafka(&mut self, config: &Config) {
        for (section, error) in config.kafka.problems() {
            self.property(section, &error);
        }
    }

    fn property(&mut self, section: &str, error: &kafka::Error) {
        let message = error.to_string();
        match error {
            kafka::Error::Owned { key, .. } | kafka::Error::Property { key, .. } if !section.is_empty() => {
                self.add(&["kafka", section, key], message).is_alone = true;
            }
            kafka::Error::Brokers(reason) => {
                self.add(&["kafka", "brokers"], *reason);
            }
            kafka::Error::Secret { .. } if self.events == Events::Elsewhere => {}
            // The machine that checks need not be the one that runs.
            kafka::Error::Secret { key, reason } => {
                let finding = self.add(&["kafka", "secrets", key], reason.clone());
                (finding.severity, finding.is_alone) = (Severity::Warning, true);
            }
            _ => {
                self.add(&["kafka"], message);
            }
        }
    }

    fn workflow(&mut self, workflow: &Workflow) {
        match name_problem(&workflow.name) {
            Some(problem) => {
                self.add(&["name"], problem);
            }
            None => self.require(
                !workflow.definition.as_os_str().is_empty(),
                &["definition"],
                "the key definition is missing",
            ),
        }
        self.topics(workflow);
        let empty = |text: &Option<String>| text.as_deref() == Some("");
        self.require(!empty(&workflow.group), &["group"], "the group's name is empty");
        self.require(
            !empty(&workflow.instance_id),
            &["instance_id"],
            "the instance's name is empty",
        );
        self.number(workflow.max_in_flight, 1..=IN_FLIGHT_MAX, &["max_in_flight"]);
        self.number(
            workflow.max_offset_span as usize,
            1..=u32::MAX as usize,
            &["max_offset_span"],
        );
        self.number(workflow.sync_batch_max, 1..=SYNC_BATCH_MAX, &["sync_batch_max"]);
        self.period(
            workflow.commit_interval,
            Duration::from_millis(10),
            HOUR,
            &["commit_interval"],
        );
        self.period(workflow.drain_timeout, Duration::ZERO, HOUR, &["drain_timeout"]);
        let is_async = workflow.mode == Mode::Async;
        if workflow.reply.is_some() && is_async {
            self.add(&["reply"], "only mode = \"sync\" replies").help =
                Some("outputs of mode = \"async\" go to [workflow.output]".to_owned());
        }
        self.outgoing(workflow);
        self.log(workflow);
        self.allow(workflow);
    }

    fn allow(&mut self, workflow: &Workflow) {
        let lines = workflow.allow.as_deref().unwrap_or_default();
        for error in Allow::parse(lines).err().into_iter().flatten() {
            self.add(&["allow", &error.index.to_string()], error.message);
        }
    }

    fn topics(&mut self, workflow: &Workflow) {
        match (&workflow.topics_pattern, workflow.topics.is_empty()) {
            (None, true) if self.events == Events::Elsewhere => {}
            (None, true) => {
                self.add(&[], "no input: set topics or topics_pattern");
            }
            (Some(_), false) => {
                self.add(&["topics_pattern"], "set topics or topics_pattern, not both");
            }
            (Some(pattern), true) => {
                self.require(
                    pattern.starts_with('^'),
                    &["topics_pattern"],
                    "a pattern must begin with ^",
                );
                if let Err(error) = Regex::new(pattern) {
                    self.add(&["topics_pattern"], format!("not a regular expression: {error}"));
                } else if let Some(part) = beyond_posix(pattern) {
                    let message = format!("'{part}' is not in POSIX's extended regular expressions");
                    self.add(&["topics_pattern"], message).help =
                        Some("librdkafka reads these: write [0-9] for \\d, ( for (?:".to_owned());
                }
            }
            (None, false) => {
                for (at, topic) in workflow.topics.iter().enumerate() {
                    let path = ["topics", &at.to_string()];
                    self.topic_name(topic, &path);
                    let is_first = !workflow.topics[..at].contains(topic);
                    self.require(is_first, &path, format!("topic \"{topic}\" is listed twice"));
                }
            }
        }
    }

    fn topic_name(&mut self, topic: &str, path: &[&str]) {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let holds = (1..=249).contains(&topic.len())
            && topic.chars().all(is_allowed)
            && topic != "."
            && topic != "..";
        if !holds {
            let finding = self.add(path, format!("\"{topic}\" is not a valid topic name"));
            finding.help = Some(match topic.starts_with('^') {
                true => "write patterns in topics_pattern".to_owned(),
                false => "1 to 249 letters, digits, '.', '_' and '-'".to_owned(),
            });
        }
    }

    /// Topics that are written to: an event must not come back as a new one.
    fn outgoing(&mut self, workflow: &Workflow) {
        let log = workflow
            .log
            .kafka
            .as_ref()
            .filter(|_| workflow.log.destination == Destination::Kafka);
        let outgoing = [
            (
                "output",
                "outputs",
                workflow.output.as_ref().map(|output| &output.topic),
            ),
            (
                "dead_letter",
                "failed events",
                workflow.dead_letter.as_ref().map(|letter| &letter.topic),
            ),
            (
                "reply",
                "replies",
                workflow.reply.as_ref().and_then(|reply| reply.topic.as_ref()),
            ),
            ("log", "log records", log.map(|log| &log.topic)),
        ];
        for (key, what, topic) in outgoing {
            let Some(topic) = topic else { continue };
            let path: &[&str] = if key == "log" {
                &["log", "kafka", "topic"]
            } else {
                &[key, "topic"]
            };
            self.topic_name(topic, path);
            if reads(workflow, topic) {
                let message =
                    format!("{what} would be read again: the workflow reads topic \"{topic}\" itself");
                self.add(path, message);
            }
        }
        if let Some(letter) = &workflow.dead_letter {
            for (key, names) in [("errors", &letter.errors), ("except", &letter.except)] {
                if let Some(at) = names.iter().position(String::is_empty) {
                    self.add(
                        &["dead_letter", key, &at.to_string()],
                        "the error's name is empty",
                    );
                }
            }
            let both = letter.errors.iter().find(|name| letter.except.contains(name));
            if let Some(name) = both {
                self.add(
                    &["dead_letter", "except"],
                    format!("\"{name}\" is in both errors and except"),
                );
            }
        }
    }

    fn log(&mut self, workflow: &Workflow) {
        let log = &workflow.log;
        let mebibyte = 1 << 20;
        self.size(
            log.on_failure_bytes_max,
            0,
            1 << 30,
            &["log", "on_failure_bytes_max"],
        );
        self.size(
            log.file.rotate_size,
            mebibyte,
            1 << 40,
            &["log", "file", "rotate_size"],
        );
        self.size(
            log.file.keep_size,
            mebibyte,
            1 << 50,
            &["log", "file", "keep_size"],
        );
        self.period(
            log.file.rotate_after,
            Duration::from_secs(1),
            30 * DAY,
            &["log", "file", "rotate_after"],
        );
        self.period(
            log.file.keep_for,
            Duration::from_secs(1),
            3_650 * DAY,
            &["log", "file", "keep_for"],
        );
        if log.destination == Destination::Kafka && log.kafka.is_none() {
            self.add(
                &["log", "destination"],
                "destination = \"kafka\" needs [workflow.log.kafka] with its topic",
            );
        }
        if log.destination == Destination::CloudWatch && log.cloudwatch.is_none() {
            self.add(
                &["log", "destination"],
                "destination = \"cloudwatch\" needs [workflow.log.cloudwatch] with its group",
            );
        }
        if let Some((key, problem)) = log.cloudwatch.as_ref().and_then(CloudWatchConfig::problem) {
            self.add(&["log", "cloudwatch", key], problem);
        }
    }

    fn against_others(&mut self, workflow: &Workflow, others: &[Workflow]) {
        if others
            .iter()
            .any(|other| other.name == workflow.name && !workflow.name.is_empty())
        {
            self.add(
                &["name"],
                format!("there are two workflows with the name \"{}\"", workflow.name),
            );
            return;
        }
        for other in others.iter().filter(|other| other.group() == workflow.group()) {
            let shared = share_topics(workflow, other);
            if let Some(topic) = shared {
                let message = format!(
                    "workflow \"{}\" is also in group \"{}\" and reads {topic}: each event would go to only \
                     one of \
                     the two",
                    other.name,
                    workflow.group()
                );
                let finding = self.add(&["group"], message);
                finding.help = Some("give each workflow a group of its own".to_owned());
            }
        }
    }
}

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

fn is_address(text: &str) -> bool {
    let is_named = || {
        text.strip_prefix("localhost:")
            .is_some_and(|port| port.parse::<u16>().is_ok())
    };
    text.parse::<SocketAddr>().is_ok() || is_named()
}

/// Returns what is wrong with the name of a state machine (AWS's rules).
fn name_problem(name: &str) -> Option<String> {
    let length = name.chars().count();
    if length == 0 {
        return Some("the key name is missing".to_owned());
    }
    if length > NAME_CHARACTERS_MAX {
        return Some(format!(
            "a name has at most {NAME_CHARACTERS_MAX} characters, this one has {length}"
        ));
    }
    let forbidden = name.chars().find(|&character| !may_stand_in_name(character))?;
    Some(format!("a name may not contain {forbidden:?}"))
}

/// Says whether a workflow reads a topic.
fn reads(workflow: &Workflow, topic: &str) -> bool {
    let pattern = workflow
        .topics_pattern
        .as_deref()
        .and_then(|pattern| Regex::new(pattern).ok());
    workflow.topics.iter().any(|own| own == topic) || pattern.is_some_and(|pattern| pattern.is_match(topic))
}

/// Returns what two workflows both read, in words.
fn share_topics(one: &Workflow, other: &Workflow) -> Option<String> {
    if let (Some(own), Some(others)) = (&one.topics_pattern, &other.topics_pattern) {
        return (own == others).then(|| "the same topics".to_owned());
    }
    let named = one.topics.iter().find(|topic| reads(other, topic));
    let named = named.or_else(|| other.topics.iter().find(|topic| reads(one, topic)));
    named.map(|topic| format!("topic \"{topic}\""))
}
