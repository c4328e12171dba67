//! `[kafka]` of the configuration, and the clients' properties that follow from it.
//!
//! Owns the defaults of every client and the list of properties that a user may not set. Must not know
//! threads. Invariant: a secret's value is never in a `Debug` text, an error or a log line.

use super::brokers;
use super::buffers::Buffers;
use super::harmless::is_harmless;
use super::iam::{self, Tokens};
use super::properties::refusal;
use super::subscription::SourceConfig;
use super::together::{self, Kind};
use crate::secret;
use crate::stream::kafka::Error;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Brokers and client properties: `[kafka]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Bootstrap brokers: `host:port`, separated by commas. Default: `localhost:9092`.
    pub brokers: String,
    /// librdkafka properties for every client. Default: none.
    pub properties: Properties,
    /// librdkafka properties for consumers; they override `properties`. Default: none.
    pub consumer: Properties,
    /// librdkafka properties for producers; they override `properties`. Default: none. Unless you set `linger.ms`,
    /// messages wait for others for up to 10 ms while there are few, and for up to 30 ms under load.
    pub producer: Properties,
    /// Properties whose values must not be in the file; they override all others. Default: none.
    pub secrets: BTreeMap<String, Secret>,
    /// What clients may hold, where the properties do not say.
    #[serde(skip)]
    #[schemars(skip)]
    pub buffers: Buffers,
    /// Where tokens for `sasl.mechanisms = "AWS_MSK_IAM"` come from; see [`Config::wants_tokens`]. Not a key of the file.
    #[serde(skip)]
    #[schemars(skip)]
    pub tokens: Option<Tokens>,
    /// Whether the brokers are those of this process ([`Mock`](super::mock::Mock)), which leave questions about topics
    /// without an answer. Not a key of the file.
    #[serde(skip)]
    pub is_mock: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            brokers: "localhost:9092".to_owned(),
            properties: Properties::default(),
            consumer: Properties::default(),
            producer: Properties::default(),
            secrets: BTreeMap::new(),
            buffers: Buffers::default(),
            tokens: None,
            is_mock: false,
        }
    }
}

/// librdkafka properties by name, such as `"security.protocol" = "SASL_SSL"`.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Properties(pub BTreeMap<String, Property>);

/// The value of a property.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Property {
    /// `true` or `false`.
    Switch(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Number(f64),
    /// Anything else.
    Text(String),
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Property::Switch(value) => value.fmt(f),
            Property::Integer(value) => value.fmt(f),
            Property::Number(value) => value.fmt(f),
            Property::Text(value) => value.fmt(f),
        }
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(key, value): (&String, &Property)| match is_harmless(key, &value.to_string()) {
            true => (key.clone(), value.to_string()),
            false => (key.clone(), "[hidden]".to_owned()),
        };
        f.debug_map().entries(self.0.iter().map(shown)).finish()
    }
}

/// Where a secret comes from: `{ env = "NAME" }` or `{ file = "/path" }`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Secret {
    /// The environment variable of that name.
    Env(String),
    /// The content of a file, without line ends at its end.
    File(String),
}

impl Secret {
    fn read(&self, key: &str) -> Result<String, Error> {
        let read = match self {
            Secret::Env(name) => secret::from_variable(name),
            Secret::File(path) => secret::from_file(path),
        };
        let read = read.map_err(|reason| Error::Secret {
            key: key.to_owned(),
            reason,
        })?;
        Ok(read.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// What every client gets unless the user says otherwise. Measured on Apache Kafka 4.1, two cores.
const COMMON: [(&str, &str); 1] = [
    // A broker that restarts is back sooner than the default of 10 s lets us notice.
    ("reconnect.backoff.max.ms", "2000"),
];

const CONSUMER: [(&str, &str); 7] = [
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("isolation.level", "read_committed"),
    // Once the local queue is full the client stops fetching for this long; with the default of one
    // second an end-to-end run has 128,000 events/s instead of 935,000.
    ("fetch.queue.backoff.ms", "5"),
    // A client has one fetch under way at each broker. One that asks only for partitions without news waits
    // this long, and so do all others, whose queues may have run dry: with the default of half a second
    // such stalls halve what is consumed.
    ("fetch.wait.max.ms", "10"),
    ("allow.auto.create.topics", "false"),
    // New partitions and topics are seen after this long.
    ("topic.metadata.refresh.interval.ms", "30000"),
    ("socket.nagle.disable", "true"),
];

const PRODUCER: [(&str, &str); 6] = [
    ("enable.idempotence", "true"),
    ("acks", "all"),
    // Under load; see `LINGER` for when there is little. With 10 ms the broker has half as much work again and the
    // whole takes an eighth longer; with 50 ms what is on its way leaves the caches.
    (LINGER_KEY, "30"),
    // As Java's clients do it, so that topics stay co-partitioned.
    ("partitioner", "murmur2_random"),
    // The topic says what is too large: librdkafka's own limit is below that of brokers and of Java's clients.
    ("message.max.bytes", "10485760"),
    ("socket.nagle.disable", "true"),
];

const LINGER_KEY: &str = "linger.ms";
/// How long messages wait for others while they are few, unless the user sets `linger.ms`.
const LINGER: Duration = Duration::from_millis(10);

/// What a user may not set, and what to do instead.
const OWNED: [(&str, &str); 13] = [
    ("bootstrap.servers", "use kafka.brokers"),
    ("metadata.broker.list", "use kafka.brokers"),
    ("group.id", "use the workflow's group"),
    ("group.instance.id", "use the workflow's instance_id"),
    ("auto.offset.reset", "use the workflow's start"),
    (
        "enable.auto.commit",
        "offsets are committed when executions are finished",
    ),
    (
        "auto.commit.enable",
        "offsets are committed when executions are finished",
    ),
    (
        "enable.auto.offset.store",
        "offsets are committed when executions are finished",
    ),
    ("enable.partition.eof", "use run --until-end"),
    ("transactional.id", "outputs are not written in transactions"),
    ("log.queue", "librdkafka's messages go to the diagnostics"),
    ("plugin.library.paths", "plugins are not loaded"),
    ("interceptors", "plugins are not loaded"),
];

/// What is said instead of librdkafka's words when they repeat a value that may be a secret.
const NOT_SHOWN: &str = "not accepted (the value is not shown)";

/// How many brokers must have what was written.
const ACKNOWLEDGEMENTS: [&str; 2] = ["acks", "request.required.acks"];

/// `max.poll.interval.ms` when nobody sets it.
const POLL_INTERVAL_MS: u64 = 300_000;

impl Config {
    /// Checks what [`Config::problems`] does.
    ///
    /// # Errors
    /// The first problem.
    pub fn check(&self) -> Result<(), Error> {
        let first = self.problems().into_iter().next();
        first.map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Checks all properties of both kinds of clients, and that the secrets can be read. Returns every problem, with
    /// the section below `[kafka]` that it is in; "" for `[kafka]` itself.
    pub fn problems(&self) -> Vec<(&'static str, Error)> {
        let mut problems = Vec::new();
        let brokers = brokers::refusal(&self.brokers);
        problems.extend(brokers.map(|reason| ("", Error::Brokers(reason))));
        let sections = [
            ("properties", &self.properties),
            ("consumer", &self.consumer),
            ("producer", &self.producer),
        ];
        for (section, properties) in sections {
            for (key, value) in &properties.0 {
                let value = value.to_string();
                let problem = checked(section, key, &value, is_harmless(key, &value));
                problems.extend(problem.err().map(|error| (section, error)));
            }
        }
        for (key, secret) in &self.secrets {
            let read = owned(key).and_then(|key| secret.read(key));
            let problem = read.and_then(|value| checked("secrets", key, &value, false));
            problems.extend(problem.err().map(|error| ("secrets", error)));
        }
        if problems.is_empty() {
            let clients = [self.consumer_properties(), self.producer_properties("check")];
            let problem = clients
                .into_iter()
                .find_map(|client| client.and_then(|client| self.native(&client)).err());
            problems.extend(problem.map(|error| ("", error)));
        }
        // The machine that checks need not have the secrets.
        if problems
            .iter()
            .all(|(_, error)| matches!(error, Error::Secret { .. }))
        {
            problems.extend(self.contradictions());
        }
        problems
    }

    /// Says whether any client has `sasl.mechanisms = "AWS_MSK_IAM"`: then [`Config::tokens`] is needed.
    pub fn wants_tokens(&self) -> bool {
        [&self.consumer, &self.producer]
            .into_iter()
            .any(|kind| self.uses_iam(kind))
    }

    /// Returns where consumers get their tokens, if their brokers want those of AWS.
    pub(crate) fn consumer_tokens(&self) -> Option<Tokens> {
        self.tokens.clone().filter(|_| self.uses_iam(&self.consumer))
    }

    /// Returns where producers get their tokens, if their brokers want those of AWS.
    pub(crate) fn producer_tokens(&self) -> Option<Tokens> {
        self.tokens.clone().filter(|_| self.uses_iam(&self.producer))
    }

    fn uses_iam(&self, kind: &Properties) -> bool {
        let mut client = ClientConfig::new();
        for (key, value) in self.properties.0.iter().chain(&kind.0) {
            client.set(key, value.to_string());
        }
        iam::is_wanted(&client)
    }

    /// Returns what librdkafka says against the properties of each kind of client together.
    fn contradictions(&self) -> Vec<(&'static str, Error)> {
        let open = Config {
            secrets: BTreeMap::new(),
            ..self.clone()
        };
        let kinds = [
            (
                Kind::Consumer,
                open.consumer_properties(),
                ("consumer", &self.consumer),
            ),
            (
                Kind::Producer,
                open.producer_properties("check"),
                ("producer", &self.producer),
            ),
        ];
        let contradiction =
            |(kind, client, own): (Kind, Result<ClientConfig, Error>, (&'static str, &Properties))| {
                let text = together::refusal(kind, &client.ok()?)?;
                let sections = [own, ("properties", &self.properties)];
                let culprit = sections.iter().find_map(|(section, properties)| {
                    let key = together::named(&text, properties.0.keys().map(String::as_str))?;
                    Some((*section, key.to_owned(), properties.0[key].to_string()))
                });
                Some(match culprit {
                    Some((section, key, value)) => {
                        let is_shown = is_harmless(&key, &value) || !text.contains(&value);
                        let reason = if is_shown { text } else { NOT_SHOWN.to_owned() };
                        (section, Error::Property { key, reason })
                    }
                    None => ("", Error::Client(text)),
                })
            };
        kinds.into_iter().filter_map(contradiction).collect()
    }

    /// Returns the properties of a workflow's consumer.
    pub(crate) fn consumer(&self, source: &SourceConfig) -> Result<ClientConfig, Error> {
        let mut client = self.consumer_properties()?;
        client.set("client.id", client_id(&client, &source.name));
        client.set("group.id", &source.group);
        if let Some(instance) = &source.instance_id {
            client.set("group.instance.id", instance);
        }
        client.set("enable.auto.commit", "false");
        client.set("enable.auto.offset.store", "false");
        // An offset that the log no longer or not yet has: its events are gone, or the topic was made anew,
        // or it lost its end. In the last two cases the shard sees offsets go back, shows none of them, and the
        // control thread finds out where reading goes on: see `positions`.
        client.set("auto.offset.reset", "earliest");
        // Only where it is needed: librdkafka 2.12.1 takes the message that says so for an event when batches are
        // taken, and goes on one offset too far after its next pause, as in a rebalance.
        client.set(
            "enable.partition.eof",
            if source.until_end { "true" } else { "false" },
        );
        let interval = client
            .get("max.poll.interval.ms")
            .and_then(|text| text.parse().ok());
        let interval = Duration::from_millis(interval.unwrap_or(POLL_INTERVAL_MS));
        if source.drain_timeout >= interval {
            return Err(Error::Source(format!(
                "drain_timeout ({:?}) must be below max.poll.interval.ms ({interval:?})",
                source.drain_timeout
            )));
        }
        self.native(&client)?;
        Ok(client)
    }

    /// Returns the properties of a producer.
    pub(crate) fn producer(&self, name: &str) -> Result<ClientConfig, Error> {
        let client = self.producer_properties(name)?;
        self.native(&client)?;
        Ok(client)
    }

    /// Returns how long messages wait for others while they are few, if that is another time than under load.
    pub(crate) fn linger(&self) -> Option<Duration> {
        let of_user = |properties: &Properties| properties.0.contains_key(LINGER_KEY);
        (!of_user(&self.properties) && !of_user(&self.producer)).then_some(LINGER)
    }

    fn consumer_properties(&self) -> Result<ClientConfig, Error> {
        let buffers = self.buffers;
        let mut client = self.properties(&CONSUMER, |client| buffers.set_consumer(client), &self.consumer)?;
        Buffers::fit(&mut client, |key| {
            self.properties.0.contains_key(key) || self.consumer.0.contains_key(key)
        });
        if client
            .get("group.protocol")
            .is_some_and(|protocol| protocol.eq_ignore_ascii_case("consumer"))
        {
            // With KIP-848 the broker assigns; librdkafka refuses the property then.
            if !self.consumer.0.contains_key("partition.assignment.strategy") {
                client.remove("partition.assignment.strategy");
            }
        }
        Ok(client)
    }

    fn producer_properties(&self, name: &str) -> Result<ClientConfig, Error> {
        let buffers = self.buffers;
        let mut client = self.properties(&PRODUCER, |client| buffers.set_producer(client), &self.producer)?;
        client.set("client.id", client_id(&client, name));
        for key in ACKNOWLEDGEMENTS {
            acknowledged(key, client.get(key).unwrap_or("all"))?;
        }
        Ok(client)
    }

    fn properties(
        &self,
        defaults: &[(&str, &str)],
        set_buffers: impl FnOnce(&mut ClientConfig),
        kind: &Properties,
    ) -> Result<ClientConfig, Error> {
        let mut client = ClientConfig::new();
        // rdkafka asks the crate `log`, which nobody listens to here; `tracing` filters.
        client.set_log_level(RDKafkaLogLevel::Debug);
        client.set("bootstrap.servers", &self.brokers);
        for (key, value) in COMMON.iter().chain(defaults) {
            client.set(*key, *value);
        }
        set_buffers(&mut client);
        for (key, value) in self.properties.0.iter().chain(&kind.0) {
            client.set(owned(key)?, value.to_string());
        }
        for (key, secret) in &self.secrets {
            client.set(owned(key)?, secret.read(key)?);
        }
        if iam::is_wanted(&client) {
            iam::translate(&mut client)?;
        }
        Ok(client)
    }

    /// Lets librdkafka check names and values. What came from `secrets` is one, whatever its name.
    fn native(&self, client: &ClientConfig) -> Result<(), Error> {
        match client.create_native_config() {
            Ok(_) => Ok(()),
            Err(KafkaError::ClientConfig(_, text, key, _)) => {
                let is_shown = client.get(&key).is_some_and(|value| is_harmless(&key, value));
                let reason = match is_shown && !self.secrets.contains_key(&key) {
                    true => text,
                    false => NOT_SHOWN.to_owned(),
                };
                Err(Error::Property { key, reason })
            }
            Err(other) => Err(Error::Client(other.to_string())),
        }
    }
}

fn client_id(client: &ClientConfig, name: &str) -> String {
    let prefix = client.get("client.id").unwrap_or("stepstream");
    format!("{prefix}-{name}")
}

/// Refuses a property that is not the user's to set.
fn owned(key: &str) -> Result<&str, Error> {
    match OWNED.iter().find(|(owned, _)| *owned == key) {
        Some((_, instead)) => Err(Error::Owned {
            key: key.to_owned(),
            instead,
        }),
        None => Ok(key),
    }
}

/// Refuses a property of a section that is ours to set, or that librdkafka does not take as it is written.
fn checked(section: &str, key: &str, value: &str, is_shown: bool) -> Result<(), Error> {
    let key = owned(key)?;
    if section != "consumer" {
        acknowledged(key, value)?;
    }
    match refusal(key, value, is_shown) {
        Some(reason) => Err(Error::Property {
            key: key.to_owned(),
            reason,
        }),
        None => Ok(()),
    }
}

/// Refuses producers that do not wait for brokers.
fn acknowledged(key: &str, value: &str) -> Result<(), Error> {
    let is_none = value.trim().parse::<f64>().is_ok_and(|acks| acks == 0.0);
    match ACKNOWLEDGEMENTS.contains(&key) && is_none {
        true => Err(Error::Owned {
            key: key.to_owned(),
            instead: "offsets are committed after brokers have acknowledged the outputs; 1 is the minimum",
        }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
