//! A broker that goes away and comes back.

use crate::broker::{Broker, shared};
use crate::reader::{PATIENCE, Reader, config, source};
use crate::source::fill;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;
use stepstream::stream::kafka::{Health, KafkaSink};
use stepstream::stream::{Message, Sink as _, Ticket, Wake};

#[test]
fn a_killed_broker_costs_no_event_and_no_commit() {
    // The shared one tells whether there can be a broker at all; this test needs one to itself.
    let Some(_) = shared() else { return };
    let broker = Broker::start().expect("a broker");
    let topic = "outage";
    broker.create_topic(topic, 2);
    let mut values = fill(&broker, topic, 0, 500);
    let mut reader = Reader::start(&config(&broker), source(topic), 2);
    reader.until("all came", |reader| reader.events.len() >= 500);
    assert!(reader.control.health().ready());

    let (wake, health) = (Wake::new(), Arc::new(Health::default()));
    let mut sink = KafkaSink::start(&config(&broker), "test", wake, &health).expect("a sink");
    let output = sink.topic(topic);
    broker.kill();
    reader.until("noticed", |reader| reader.control.health().down_for().is_some());
    assert!(!reader.control.health().ready());
    // Asked for while nobody can answer.
    reader.commit("through the outage", true);
    for ticket in 0..100 {
        let value = format!("{:06}", 1000 + ticket);
        let message = Message {
            topic: output,
            partition: None,
            key: None,
            value: Some(value.as_bytes()),
            headers: &[],
        };
        sink.send(&message, Ticket(ticket)).expect("taken");
        values.push(value);
    }
    for _ in 0..20 {
        reader.turn();
    }
    assert_eq!(reader.committed, []);

    broker.resume().expect("back");
    reader.until("committed", |reader| reader.committed.len() == 2);
    assert!(
        reader.committed.iter().all(|(_, _, stands)| *stands),
        "{:?}",
        reader.committed
    );
    let (began, mut acknowledged) = (Instant::now(), BTreeSet::new());
    while acknowledged.len() < 100 {
        assert!(began.elapsed() < PATIENCE, "{} acknowledged", acknowledged.len());
        reader.turn();
        while let Some((ticket, result)) = sink.acknowledged() {
            assert_eq!(result, Ok(()));
            assert!(acknowledged.insert(ticket.0), "answered twice");
        }
    }
    values.extend(fill(&broker, topic, 2000, 100));
    reader.until("the new ones came", |reader| reader.events.len() >= 700);
    values.sort_unstable();
    assert_eq!(reader.values(), values);
    reader.until("well again", |reader| reader.control.health().ready());
    let committed = broker.committed(topic, topic, 2);
    let committed: Vec<_> = committed.into_iter().flatten().collect();
    assert_eq!(committed.iter().map(|(offset, _)| offset).sum::<i64>(), 500);
    assert!(
        committed
            .iter()
            .all(|(_, metadata)| metadata == "through the outage")
    );
}

#[test]
fn a_source_that_starts_before_its_broker_waits_for_it() {
    let Some(_) = shared() else { return };
    let broker = Broker::start().expect("a broker");
    broker.create_topic("early", 1);
    let values = fill(&broker, "early", 0, 10);
    broker.stop();
    let mut reader = Reader::start(&config(&broker), source("early"), 1);
    reader.until("told", |reader| reader.control.health().down_for().is_some());
    broker.resume().expect("back");
    reader.until("all came", |reader| reader.values() == values);
    reader.until("ready", |reader| reader.control.health().ready());
}
