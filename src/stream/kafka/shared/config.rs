//! `[kafka]` of the configuration, and the clients' properties that follow from it.
//!
//! Owns the defaults of every client and the list of properties that a user may not set. Must not know
//! threads. Invariant: a secret's value is never in a `Debug` text, an error or a log line.

use super::brokers;
use super::buffers::Buffers;
use super::harmless::is_harmless;
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
mod tests {
    use super::super::buffers::{BROKERS_SUPPOSED, UNPACKED};
    use super::*;
    use rdkafka::consumer::BaseConsumer;

    fn config(text: &str) -> Config {
        toml::from_str(text).expect("a configuration")
    }

    #[test]
    fn defaults_give_way_to_the_user() {
        let config =
            config("consumer = { 'fetch.queue.backoff.ms' = 20 }\nproperties = { 'linger.ms' = 1.5 }");
        assert_eq!(config.check(), Ok(()));
        assert_eq!(
            config
                .consumer_properties()
                .unwrap()
                .get("fetch.queue.backoff.ms"),
            Some("20")
        );
        assert_eq!(config.producer("x").unwrap().get("linger.ms"), Some("1.5"));
        assert_eq!(config.linger(), None, "the user's is kept to the letter");
        assert_eq!(Config::default().linger(), Some(LINGER));
        assert_eq!(
            config.producer("x").unwrap().get("client.id"),
            Some("stepstream-x")
        );
    }

    #[test]
    fn buffers_are_bounded_by_memory_and_the_user() {
        let check = |text: &str, buffers: Buffers, consumer: [&str; 2], producer: [&str; 2]| {
            let mut config = config(text);
            config.buffers = buffers;
            assert_eq!(config.check(), Ok(()), "{text}");
            let client = config.consumer_properties().unwrap();
            let got = ["queued.max.messages.kbytes", "fetch.max.bytes"].map(|key| client.get(key).unwrap());
            assert_eq!(got, consumer, "{text}");
            let messages: u64 = client.get("queued.min.messages").unwrap().parse().unwrap();
            let client = config.producer("x").unwrap();
            let got = ["queue.buffering.max.kbytes", "message.max.bytes"].map(|key| client.get(key).unwrap());
            assert_eq!(got, producer, "{text}");
            let [queued, fetched, produced] =
                [consumer[0], consumer[1], producer[0]].map(|text| text.parse::<u64>().expect("a number"));
            assert_eq!(config.queued_bytes(), (queued << 10) + messages * 512, "{text}");
            let fetched = fetched * BROKERS_SUPPOSED * UNPACKED;
            assert_eq!(config.fetched_bytes(), fetched, "{text}");
            assert_eq!(config.produced_bytes(), produced << 10, "{text}");
        };
        let plenty = Buffers::default();
        check("", plenty, ["65536", "52428800"], ["65536", "10485760"]);
        check(
            "",
            Buffers::within(u64::MAX, u64::MAX),
            ["65536", "52428800"],
            ["65536", "10485760"],
        );
        // A message that is larger than the queue would wait for ever.
        let little = Buffers::within(8 << 20, 8 << 20);
        check("", little, ["4096", "1048576"], ["8192", "4194304"]);
        check("", Buffers::within(0, 0), ["256", "1048576"], ["4096", "2097152"]);
        let of_user = "consumer = { 'queued.max.messages.kbytes' = 1000 }
            producer = { 'queue.buffering.max.kbytes' = 2000, 'message.max.bytes' = 1000000 }";
        check(of_user, little, ["1000", "1048576"], ["2000", "1000000"]);
        assert_eq!(
            config("properties = { 'fetch.max.bytes' = 2000000 }").fetched_bytes(),
            2_000_000 * BROKERS_SUPPOSED * UNPACKED
        );
        // Either name of a property is the user's.
        let of_each = |text: &str| {
            let config = Config {
                buffers: little,
                ..config(text)
            };
            let client = config.consumer_properties().unwrap();
            ["fetch.message.max.bytes", "max.partition.fetch.bytes"]
                .map(|key| client.get(key).map(str::to_owned).unwrap_or_default())
        };
        assert_eq!(of_each(""), ["16384", ""]);
        assert_eq!(
            of_each("consumer = { 'max.partition.fetch.bytes' = 70000 }"),
            ["", "70000"]
        );
        // librdkafka refuses an answer that is smaller than a message.
        let large = Config {
            buffers: little,
            ..config("properties = { 'message.max.bytes' = 20000000 }")
        };
        assert_eq!(large.check(), Ok(()));
    }

    #[test]
    fn librdkafka_takes_what_is_fetched_at_a_time() {
        let check = |text: &str, fetched: &str| {
            let client = config(text).consumer_properties().expect("properties");
            assert_eq!(client.get("fetch.max.bytes"), Some(fetched), "{text}");
            // Only a client's creation compares properties.
            let client: Result<BaseConsumer, KafkaError> = client.create();
            assert!(client.is_ok(), "{text}: {:?}", client.err());
        };
        check("", "52428800");
        check("consumer = { 'fetch.max.bytes' = 200000000 }", "200000000");
        check("properties = { 'message.max.bytes' = 60000000 }", "60000000");
        check(
            "properties = { 'receive.message.max.bytes' = 2000000 }",
            "1999488",
        );
    }

    #[test]
    fn properties_of_ours_are_refused() {
        let error = config("properties = { 'enable.auto.commit' = true }")
            .check()
            .unwrap_err();
        let text = "kafka property \"enable.auto.commit\" cannot be set: offsets are committed when executions are \
                    finished";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn acknowledgements_cannot_be_done_without() {
        for key in ["acks", "request.required.acks"] {
            let off = format!("producer = {{ '{key}' = 0, 'enable.idempotence' = false }}");
            let error = config(&off).check().unwrap_err();
            assert!(matches!(error, Error::Owned { .. }), "{error}");
        }
        let least = "producer = { 'acks' = 1, 'enable.idempotence' = false }";
        assert_eq!(config(least).check(), Ok(()));
    }

    #[test]
    fn an_unknown_property_is_named() {
        let error = config("producer = { 'linger' = 1 }").check().unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("kafka property \"linger\": No such configuration property"),
            "{text}"
        );
    }

    #[test]
    fn properties_that_do_not_go_together_are_told_with_their_place() {
        let check = |text: &str, section: &str, expected: &str| {
            let problems = config(text).problems();
            let problems: Vec<_> = problems
                .iter()
                .map(|(section, error)| (*section, error.to_string()))
                .collect();
            assert_eq!(problems, [(section, expected.to_owned())], "{text}");
        };
        check(
            "producer = { 'acks' = 1 }",
            "producer",
            "kafka property \"acks\": `acks` must be set to `all` when `enable.idempotence` is true",
        );
        check(
            "properties = { 'max.in.flight.requests.per.connection' = 10 }",
            "properties",
            "kafka property \"max.in.flight.requests.per.connection\": `max.in.flight` must be set <= 5 when \
             `enable.idempotence` is true",
        );
        check(
            "producer = { 'message.timeout.ms' = 3 }",
            "producer",
            "kafka property \"message.timeout.ms\": `message.timeout.ms` must be greater than `linger.ms`",
        );
        check(
            "consumer = { 'session.timeout.ms' = 600000 }",
            "consumer",
            "kafka property \"session.timeout.ms\": `max.poll.interval.ms`must be >= `session.timeout.ms`",
        );
        check(
            "consumer = { 'partition.assignment.strategy' = 'fairest' }",
            "consumer",
            "kafka property \"partition.assignment.strategy\": not accepted (the value is not shown)",
        );
        check(
            "consumer = { 'partition.assignment.strategy' = 'org.apache.kafka.clients.consumer.RangeAssignor' }",
            "consumer",
            "kafka property \"partition.assignment.strategy\": librdkafka's names are cooperative-sticky, range and \
             roundrobin",
        );
        let without_secret = "producer = { 'acks' = 1 }
            secrets = { 'sasl.password' = { env = 'STEPSTREAM_NO_SUCH' } }";
        assert_eq!(
            config(without_secret).problems().len(),
            2,
            "the secret, and what does not depend on it"
        );
    }

    #[test]
    fn what_needs_brokers_files_or_secrets_is_no_contradiction() {
        for text in [
            "",
            "properties = { 'security.protocol' = 'SASL_SSL', 'sasl.mechanisms' = 'SCRAM-SHA-512', 'sasl.username' = 'x' }
             secrets = { 'sasl.password' = { env = 'PATH' } }",
            "properties = { 'security.protocol' = 'SSL', 'ssl.ca.location' = '/no/such/file' }",
            "properties = { 'security.protocol' = 'SASL_SSL', 'sasl.mechanisms' = 'OAUTHBEARER',
             'sasl.oauthbearer.method' = 'oidc' }",
            "consumer = { 'group.protocol' = 'consumer' }",
        ] {
            assert_eq!(config(text).contradictions(), [], "{text}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let mut config =
            config("properties = { 'sasl.password' = 'hunter2', 'socket.timeout.ms' = '61234' }");
        let text = format!("{config:?}");
        assert!(
            !text.contains("hunter2") && text.contains("[hidden]") && text.contains("61234"),
            "{text}"
        );
        config.secrets.insert(
            "ssl.key.password".to_owned(),
            Secret::Env("STEPSTREAM_NO_SUCH".to_owned()),
        );
        let text = config.check().unwrap_err().to_string();
        assert_eq!(
            text,
            "kafka.secrets \"ssl.key.password\": environment variable STEPSTREAM_NO_SUCH is not set"
        );
    }
}
