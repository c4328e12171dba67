//! Sections, secrets and slips of the configuration.

use super::super::buffers::{BROKERS_SUPPOSED, UNPACKED};
use super::*;
use rdkafka::consumer::BaseConsumer;

fn config(text: &str) -> Config {
    toml::from_str(text).expect("a configuration")
}

#[test]
fn defaults_give_way_to_the_user() {
    let config = config("consumer = { 'fetch.queue.backoff.ms' = 20 }\nproperties = { 'linger.ms' = 1.5 }");
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

#[cfg(feature = "kafka-tls")]
#[test]
fn brokers_of_amazon_msk_take_tokens() {
    let of_all = config("properties = { 'sasl.mechanisms' = 'AWS_MSK_IAM' }");
    assert_eq!(of_all.problems(), []);
    assert!(of_all.wants_tokens());
    let producer = of_all.producer("p").expect("properties");
    assert_eq!(producer.get("sasl.mechanisms"), Some("OAUTHBEARER"));
    assert_eq!(producer.get("security.protocol"), Some("SASL_SSL"));
    let of_one = config("consumer = { 'sasl.mechanism' = 'AWS_MSK_IAM' }");
    assert!(of_one.wants_tokens() && !of_one.uses_iam(&of_one.producer));
    assert!(!config("properties = { 'sasl.mechanisms' = 'OAUTHBEARER' }").wants_tokens());
    let plain = "properties = { 'sasl.mechanisms' = 'AWS_MSK_IAM', 'security.protocol' = 'sasl_plaintext' }";
    let problems = config(plain).problems();
    let text = problems
        .first()
        .map(|(_, error)| error.to_string())
        .expect("a problem");
    assert!(text.contains("AWS_MSK_IAM needs SASL_SSL"), "{text}");
}

#[test]
fn secrets_are_not_shown() {
    let mut config = config("properties = { 'sasl.password' = 'hunter2', 'socket.timeout.ms' = '61234' }");
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
