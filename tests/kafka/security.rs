//! TLS and SCRAM, and what a wrong password looks like.

use crate::broker::{Broker, Event, PASSWORD, USER, shared};
use crate::reader::{Reader, source};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stepstream::stream::kafka::{Config, Health, KafkaSink, Property, Secret};
use stepstream::stream::{Message, Sink as _, Ticket, Wake};

fn secure(broker: &Broker, password: &str) -> Config {
    let mut config = Config {
        brokers: broker.secure_address(),
        ..Config::default()
    };
    let properties = [
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.username", USER),
        ("ssl.ca.location", &broker.ca()),
    ];
    for (key, value) in properties {
        config
            .properties
            .0
            .insert(key.to_owned(), Property::Text(value.to_owned()));
    }
    let file = broker.file(
        &format!("password-{}", password.len()),
        &format!(
            "{password}
"
        ),
    );
    config
        .secrets
        .insert("sasl.password".to_owned(), Secret::File(file));
    config
}

#[test]
fn tls_and_scram_work() {
    let Some(broker) = shared() else { return };
    let topic = "security-right";
    broker.create_topic(topic, 1);
    broker.produce(
        topic,
        [Event {
            value: Some(b"1"),
            ..Event::default()
        }],
    );
    let mut reader = Reader::start(&secure(broker, PASSWORD), source(topic), 1);
    reader.until("it came", |reader| reader.events.len() == 1);
    assert!(reader.control.health().ready());
}

#[test]
fn a_wrong_password_is_told_within_seconds() {
    let Some(broker) = shared() else { return };
    let config = secure(broker, "wrong");
    let began = Instant::now();
    let mut reader = Reader::start(&config, source("security-wrong"), 1);
    reader.until("told", |reader| {
        reader.control.health().authentication().is_some()
    });
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let text = reader.control.health().authentication().unwrap_or_default();
    assert!(
        text.contains("uthentication failed") && !text.contains("wrong"),
        "{text}"
    );
    assert!(!reader.control.health().ready());

    let health = Arc::new(Health::default());
    let mut sink = KafkaSink::start(&config, "test", Wake::new(), &health).expect("a sink");
    let topic = sink.topic("security-wrong");
    let message = Message {
        topic,
        partition: None,
        key: None,
        value: Some(b"1"),
        headers: &[],
    };
    sink.send(&message, Ticket(1)).expect("taken");
    let began = Instant::now();
    while health.authentication().is_none() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{:?}",
            health.last_error()
        );
        assert_eq!(sink.acknowledged(), None);
        std::thread::sleep(Duration::from_millis(20));
    }
}
