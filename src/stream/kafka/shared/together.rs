//! Whether librdkafka takes properties together.
//!
//! Each of two properties may be fine and both together not: `acks = 1` of an idempotent producer, a
//! `message.timeout.ms` below `linger.ms`. librdkafka compares them when a client is made, so one is made here. Must
//! not know sections of the file. Invariant: what is made here asks no broker, reads no file and learns no secret.

use rdkafka::ClientConfig;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;
use rdkafka::producer::BaseProducer;

/// Beginnings of the names of properties that have files read or somebody asked: they are left out.
const LEFT_OUT: [&str; 6] = [
    "bootstrap.servers",
    "security.",
    "ssl.",
    "sasl.",
    "https.",
    "enable.s",
];

/// Properties with two names.
const ALIASES: [(&str, &str); 5] = [
    ("acks", "request.required.acks"),
    ("linger.ms", "queue.buffering.max.ms"),
    ("max.in.flight", "max.in.flight.requests.per.connection"),
    ("message.timeout.ms", "delivery.timeout.ms"),
    ("retries", "message.send.max.retries"),
];

/// A kind of client.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Reads events.
    Consumer,
    /// Writes outputs.
    Producer,
}

/// Says, in librdkafka's words, why there can be no client with these properties.
pub(super) fn refusal(kind: Kind, client: &ClientConfig) -> Option<String> {
    let mut trial = ClientConfig::new();
    for (key, value) in client.config_map() {
        if !LEFT_OUT.iter().any(|beginning| key.starts_with(beginning)) {
            trial.set(key, value);
        }
    }
    let made = match kind {
        Kind::Consumer => trial.create::<BaseConsumer>().map(drop),
        Kind::Producer => trial.create::<BaseProducer>().map(drop),
    };
    match made {
        Err(KafkaError::ClientCreation(text)) => {
            Some(text.trim_start_matches("Client creation error: ").to_owned())
        }
        _ => None,
    }
}

/// Returns the first of these properties that librdkafka's words name.
pub(super) fn named<'a>(text: &str, mut keys: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let words = || text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    keys.find(|key| {
        let alias = ALIASES.iter().find(|(_, alias)| alias == key);
        let names = [Some(*key), alias.map(|(name, _)| *name)];
        words().any(|word| names.contains(&Some(word.trim_end_matches('.'))))
    })
}
