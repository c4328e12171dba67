//! TLS with SCRAM, with tokens (OAUTHBEARER with OIDC) and with certificates of clients (mTLS), and what a wrong
//! password, a refused token and a missing certificate look like.

use crate::broker::patience::Patience;
use crate::broker::tokens::{CLIENT, CLIENT_SECRET, Endpoint, Tokens};
use crate::broker::{Broker, Event, KEY_PASSWORD, PASSWORD, USER, shared};
use crate::reader::{PATIENCE, Reader, source};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stepstream::stream::kafka::{Config, Health, KafkaSink, Property, Secret};
use stepstream::stream::{Message, Sink as _, Ticket, TopicId, Wake};

/// How soon a refusal is to be told.
const TOLD_WITHIN: Duration = Duration::from_secs(20);

/// Returns a configuration with a secret, which is read from a file.
fn config(broker: &Broker, address: String, properties: &[(&str, &str)], secret: (&str, &str)) -> Config {
    let mut config = Config {
        brokers: address,
        ..Config::default()
    };
    let ca = broker.ca();
    for (key, value) in properties.iter().chain(&[("ssl.ca.location", ca.as_str())]) {
        let property = Property::Text((*value).to_owned());
        config.properties.0.insert((*key).to_owned(), property);
    }
    let (key, value) = secret;
    let name = format!("{key}-{}", value.replace(' ', "-"));
    let file = Secret::File(broker.file(&name, &format!("{value}\n")));
    config.secrets.insert(key.to_owned(), file);
    config
}

fn scram(broker: &Broker, password: &str) -> Config {
    let properties = [
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.username", USER),
    ];
    let secret = ("sasl.password", password);
    config(broker, broker.secure_address(), &properties, secret)
}

fn oidc(broker: &Broker, endpoint: &Endpoint, secret: &str) -> Config {
    let properties = [
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", "OAUTHBEARER"),
        ("sasl.oauthbearer.method", "oidc"),
        ("sasl.oauthbearer.client.id", CLIENT),
        ("sasl.oauthbearer.token.endpoint.url", &endpoint.url()),
    ];
    let secret = ("sasl.oauthbearer.client.secret", secret);
    config(broker, broker.token_address(), &properties, secret)
}

fn mutual(broker: &Broker, name: &str) -> Config {
    let (certificate, key) = broker.client_certificate(name);
    let properties = [
        ("security.protocol", "SSL"),
        ("ssl.certificate.location", certificate.as_str()),
        ("ssl.key.location", key.as_str()),
    ];
    let secret = ("ssl.key.password", KEY_PASSWORD);
    config(broker, broker.mutual_address(), &properties, secret)
}

fn event(value: &[u8]) -> Event<'_> {
    Event {
        value: Some(value),
        ..Event::default()
    }
}

/// A producer and what is known of it.
struct Writer {
    sink: KafkaSink,
    topic: TopicId,
    health: Arc<Health>,
}

impl Writer {
    fn start(config: &Config, topic: &str) -> Writer {
        let health = Arc::new(Health::default());
        let mut sink = KafkaSink::start(config, "test", Wake::new(), &health).expect("a sink");
        let topic = sink.topic(topic);
        Writer { sink, topic, health }
    }

    fn send(&mut self, value: &[u8]) {
        let message = Message {
            topic: self.topic,
            partition: None,
            key: None,
            value: Some(value),
            headers: &[],
        };
        self.sink.send(&message, Ticket(1)).expect("taken");
        self.sink.push();
    }

    /// Sends a message and waits until it is acknowledged.
    fn deliver(&mut self, value: &[u8]) {
        self.send(value);
        let mut patience = Patience::new(PATIENCE);
        let answer = loop {
            if let Some(answer) = self.sink.acknowledged() {
                break answer;
            }
            assert!(!patience.is_over(), "{:?}", self.health);
            std::thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(answer, (Ticket(1), Ok(())));
    }
}

/// Reads what others wrote, and what our own producer writes.
fn work(broker: &Broker, config: &Config, topic: &str) {
    broker.create_topic(topic, 1);
    broker.produce(topic, [event(b"1")]);
    let mut reader = Reader::start(config, source(topic), 1);
    reader.until("it came", |reader| reader.events.len() == 1);
    assert!(reader.control.health().ready());
    Writer::start(config, topic).deliver(b"2");
    reader.until("ours came", |reader| reader.events.len() == 2);
    assert_eq!(reader.values(), ["1", "2"]);
}

/// Sees that consumer and producer say why they are refused, and that they are not ready; returns their words.
fn refused(config: &Config, topic: &str) -> String {
    let began = Instant::now();
    let mut reader = Reader::start(config, source(topic), 1);
    let health = Arc::clone(reader.control.health());
    reader.until("told", |_| health.authentication().is_some());
    assert!(began.elapsed() < TOLD_WITHIN, "{:?}", began.elapsed());
    assert!(!health.ready());

    let began = Instant::now();
    let mut writer = Writer::start(config, topic);
    writer.send(b"1");
    while writer.health.authentication().is_none() {
        assert!(began.elapsed() < TOLD_WITHIN, "{:?}", writer.health.last_error());
        assert_eq!(writer.sink.acknowledged(), None);
        std::thread::sleep(Duration::from_millis(20));
    }
    health.authentication().unwrap_or_default()
}

#[test]
fn tls_and_scram_work() {
    let Some(broker) = shared() else { return };
    work(broker, &scram(broker, PASSWORD), "security-scram");
}

#[test]
fn a_wrong_password_is_told_within_seconds() {
    let Some(broker) = shared() else { return };
    let text = refused(&scram(broker, "wrong"), "security-wrong");
    assert!(
        text.contains("uthentication failed") && !text.contains("wrong"),
        "{text}"
    );
}

#[test]
fn tokens_work() {
    let Some(broker) = shared() else { return };
    let endpoint = Endpoint::start(Tokens::Good);
    let config = oidc(broker, &endpoint, CLIENT_SECRET);
    work(broker, &config, "security-token");
}

#[test]
fn a_client_that_gets_no_token_says_so() {
    let Some(broker) = shared() else { return };
    let endpoint = Endpoint::start(Tokens::Good);
    let text = refused(&oidc(broker, &endpoint, "close sesame"), "security-no-token");
    assert!(
        text.contains("token") && text.contains("invalid_client"),
        "{text}"
    );
    assert!(!text.contains("sesame"), "{text}");
    assert!(endpoint.issued().is_empty());
}

#[test]
fn a_forged_token_is_refused() {
    let Some(broker) = shared() else { return };
    let endpoint = Endpoint::start(Tokens::Forged);
    let text = refused(&oidc(broker, &endpoint, CLIENT_SECRET), "security-forged");
    assert!(text.contains("invalid_token"), "{text}");
}

#[test]
fn certificates_of_clients_work() {
    let Some(broker) = shared() else { return };
    work(broker, &mutual(broker, "known"), "security-mutual");
}

#[test]
fn a_client_without_a_certificate_is_refused() {
    let Some(broker) = shared() else { return };
    let mut config = mutual(broker, "unknown");
    config.secrets.clear();
    for key in ["ssl.certificate.location", "ssl.key.location"] {
        config.properties.0.remove(key);
    }
    let text = refused(&config, "security-anonymous");
    assert!(text.contains("certificate"), "{text}");
}
