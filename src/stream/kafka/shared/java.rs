//! What to write in the place of properties and values that Java's clients have and librdkafka does not.
//!
//! Owns the table. Must not know which properties there are: it is asked about what librdkafka has refused.

/// No setting is needed for these.
const NEEDLESS: &str = "nothing is needed in its place; delete the line";
const NOT_NEEDED: [&str; 32] = [
    "key.deserializer",
    "value.deserializer",
    "key.serializer",
    "value.serializer",
    "key.deserializer.class",
    "value.deserializer.class",
    "max.poll.records",
    "default.api.timeout.ms",
    "max.block.ms",
    "exclude.internal.topics",
    "auto.include.jmx.reporter",
    "metric.reporters",
    "metrics.num.samples",
    "metrics.recording.level",
    "metrics.sample.window.ms",
    "interceptor.classes",
    "config.providers",
    "security.providers",
    "internal.leave.group.on.close",
    "socket.connection.setup.timeout.max.ms",
    "partitioner.ignore.keys",
    "partitioner.adaptive.partitioning.enable",
    "partitioner.availability.timeout.ms",
    "sasl.client.callback.handler.class",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "sasl.login.refresh.window.factor",
    "ssl.protocol",
    "ssl.provider",
    "ssl.secure.random.implementation",
    "ssl.trustmanager.algorithm",
    "ssl.keymanager.algorithm",
];

const COUNTERPARTS: [(&str, &str); 23] = [
    (
        "sasl.jaas.config",
        "write sasl.username, and sasl.password in [kafka.secrets]",
    ),
    ("ssl.truststore.location", "use ssl.ca.location, with a PEM file"),
    (
        "ssl.truststore.password",
        "a PEM file in ssl.ca.location has no password; delete the line",
    ),
    (
        "ssl.truststore.type",
        "ssl.ca.location takes a PEM file; delete the line",
    ),
    ("ssl.truststore.certificates", "use ssl.ca.pem or ssl.ca.location"),
    (
        "ssl.keystore.type",
        "ssl.keystore.location takes a PKCS#12 file, ssl.certificate.location and ssl.key.location take PEM files; \
         delete the line",
    ),
    (
        "ssl.keystore.key",
        "use ssl.key.pem in [kafka.secrets], or ssl.key.location",
    ),
    (
        "ssl.keystore.certificate.chain",
        "use ssl.certificate.pem or ssl.certificate.location",
    ),
    (
        "ssl.enabled.protocols",
        "OpenSSL chooses the protocol; delete the line",
    ),
    ("fetch.max.wait.ms", "use fetch.wait.max.ms"),
    ("max.request.size", "use message.max.bytes"),
    ("buffer.memory", "use queue.buffering.max.kbytes"),
    ("partitioner.class", "use partitioner"),
    ("receive.buffer.bytes", "use socket.receive.buffer.bytes"),
    ("send.buffer.bytes", "use socket.send.buffer.bytes"),
    ("zookeeper.connect", "clients ask brokers: use kafka.brokers"),
    (
        "schema.registry.url",
        "events are JSON texts, and no schema registry is asked",
    ),
    (
        "value.converter",
        "events are JSON texts, which nothing converts; delete the line",
    ),
    (
        "key.converter",
        "keys are bytes, which nothing converts; delete the line",
    ),
    (
        "spring.json.trusted.packages",
        "events are JSON texts; delete the line",
    ),
    (
        "specific.avro.reader",
        "events are JSON texts, and Avro is not read",
    ),
    (
        "basic.auth.user.info",
        "events are JSON texts, and no schema registry is asked",
    ),
    (
        "basic.auth.credentials.source",
        "events are JSON texts, and no schema registry is asked",
    ),
];

/// Returns what to do instead of setting a property of Java's clients.
pub(crate) fn instead(key: &str) -> Option<&'static str> {
    let counterpart = COUNTERPARTS.iter().find(|(name, _)| *name == key);
    let needless = || NOT_NEEDED.contains(&key).then_some(NEEDLESS);
    counterpart.map(|(_, instead)| *instead).or_else(needless)
}

/// Says what to write in the place of a value that Java's clients have and librdkafka does not.
pub(super) fn value_instead(key: &str, value: &str) -> Option<&'static str> {
    match key {
        "partition.assignment.strategy" if value.contains("Assignor") => {
            Some("librdkafka's names are cooperative-sticky, range and roundrobin")
        }
        "ssl.endpoint.identification.algorithm" if value.trim().is_empty() => {
            Some("librdkafka has \"none\" for no check of the brokers' names")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::kafka::shared::properties::refusal;

    #[test]
    fn librdkafka_has_none_of_them() {
        let counterparts = COUNTERPARTS.iter().map(|(key, _)| *key);
        for key in counterparts.chain(NOT_NEEDED) {
            let told = refusal(key, "1", false);
            let expected = format!("No such configuration property: {}", instead(key).unwrap());
            assert_eq!(told, Some(expected), "{key}");
        }
    }

    #[test]
    fn librdkafka_has_what_is_to_be_used() {
        for (key, instead) in COUNTERPARTS {
            let words = instead.split([' ', ',', ';']);
            let names = words.filter(|word| word.contains('.') && !word.contains("kafka."));
            for name in names {
                let told = refusal(name, "1", true).unwrap_or_default();
                assert!(!told.contains("No such"), "{name} instead of {key}");
            }
        }
    }
}
