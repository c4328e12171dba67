//! Two workflows on the same shards, one of which writes to a topic that does not exist.

use crate::broker::{Broker, Event, shared};
use crate::events::{committed, nothing_lost};
use crate::service::{ECHO, Place, Service};

const EVENTS: usize = 600;

/// Produces events that together are several times as large as the producer's queue.
fn produce_large(broker: &Broker, topic: &str) {
    let pad = "x".repeat(10_000);
    let values: Vec<_> = (0..EVENTS)
        .map(|id| format!("{{\"id\":{id},\"pad\":\"{pad}\"}}"))
        .collect();
    let events = values.iter().zip([0, 1].into_iter().cycle());
    let events = events.map(|(value, partition)| Event {
        partition: Some(partition),
        value: Some(value.as_bytes()),
        ..Event::default()
    });
    broker.produce(topic, events);
}

#[test]
fn an_output_topic_that_does_not_exist_stops_its_own_workflow_only() {
    let Some(broker) = shared() else { return };
    for topic in ["sharing-stuck", "sharing-fine", "sharing-fine-out"] {
        broker.create_topic(topic, 2);
    }
    let place = Place::new("sharing");
    place.configure(
        broker,
        r#"
[kafka.producer]
"queue.buffering.max.kbytes" = 1024

[[workflow]]
name = "stuck"
definition = "definition.json"
topics = ["sharing-stuck"]
group = "sharing-stuck"
commit_interval = "100ms"
output.topic = "sharing-missing"
log.file.directory = "log"

[[workflow]]
name = "fine"
definition = "definition.json"
topics = ["sharing-fine"]
group = "sharing-fine"
commit_interval = "100ms"
output.topic = "sharing-fine-out"
log.file.directory = "log"
"#,
    );
    place.write("definition.json", ECHO);
    produce_large(broker, "sharing-stuck");
    let mut service = Service::start(&place);
    service.until("an output finds no room", |service| {
        service.metric("stepstream_queue_depth", &["unsent"]) > 0.0
    });
    produce_large(broker, "sharing-fine");
    service.until("the other workflow has committed all", |_| {
        committed(broker, "sharing-fine", "sharing-fine", 2) == EVENTS as i64
    });
    assert!(committed(broker, "sharing-stuck", "sharing-stuck", 2) <= 0);
    nothing_lost(&broker.read("sharing-fine-out"), 0..EVENTS);

    broker.create_topic("sharing-missing", 2);
    service.until("all committed", |_| {
        committed(broker, "sharing-stuck", "sharing-stuck", 2) == EVENTS as i64
    });
    nothing_lost(&broker.read("sharing-missing"), 0..EVENTS);
    service.stop();
}
