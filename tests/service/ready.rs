//! Readiness: what stands still is not ready, says where and what helps, and goes on by itself.

use crate::broker::{Broker, shared};
use crate::events::{committed, nothing_lost, produce};
use crate::service::{ECHO, PATIENCE, Place, Service};

const EVENTS: usize = 1_000;

/// A place whose workflow has the name of its topic and writes to another.
fn place(broker: &Broker, name: &str) -> (Place, String) {
    let (place, out) = (Place::new(name), format!("{name}-out"));
    place.configure(
        broker,
        &format!(
            "[[workflow]]\nname = \"{name}\"\ndefinition = \"definition.json\"\ntopics = [\"{name}\"]\n\
             group = \"{name}\"\ncommit_interval = \"100ms\"\noutput.topic = \"{out}\"\n\
             log.file.directory = \"log\"\n"
        ),
    );
    place.write("definition.json", ECHO);
    (place, out)
}

/// Waits until it is not ready and says so with some words.
#[track_caller]
fn until_not_ready(service: &mut Service, words: &[&str]) {
    service.until("not ready", |service| {
        let (status, body) = service.ready();
        status == 503 && words.iter().all(|word| body.contains(word))
    });
    // The diagnostics look a little less often.
    service.until_said(&format!("not ready: {}", words[0]));
}

/// Everything arrives, once, and the diagnostics had one word for all of it.
#[track_caller]
fn comes_through(broker: &Broker, mut service: Service, topic: &str) {
    service.until("all committed", |_| {
        committed(broker, topic, topic, 2) == EVENTS as i64
    });
    service.until_ready();
    assert_eq!(nothing_lost(&broker.read(&format!("{topic}-out")), 0..EVENTS), 0);
    let said = service.said();
    assert_eq!(said.matches("not ready: ").count(), 1, "{said}");
    assert!(said.lines().count() < 100, "{said}");
    service.stop();
}

#[test]
fn an_output_topic_that_does_not_exist_is_named_until_it_does() {
    let Some(broker) = shared() else { return };
    let topic = "ready-output";
    broker.create_topic(topic, 2);
    let (place, out) = place(broker, topic);
    // The client waits so long for a topic that may just have been created.
    let sure = ("KAFKA__PRODUCER__TOPIC_METADATA_PROPAGATION_MAX_MS", "1000");
    let mut service = Service::start_with(&place, &[], &[sure]);
    service.until_ready();
    produce(broker, topic, 0..EVENTS);
    until_not_ready(
        &mut service,
        &[
            "topic 'ready-output-out' has refused messages for",
            "create the topic",
        ],
    );
    assert_eq!(committed(broker, topic, topic, 2), 0);
    broker.create_topic(&out, 2);
    service.until_said("messages are delivered again");
    comes_through(broker, service, topic);
}

#[test]
fn an_output_topic_that_takes_no_message_of_the_size_is_named_until_it_does() {
    let Some(broker) = shared() else { return };
    let topic = "ready-size";
    broker.create_topic(topic, 2);
    let (place, out) = place(broker, topic);
    broker.create_topic(&out, 2);
    broker.set_topic(&out, "max.message.bytes", "60");
    let mut service = Service::start(&place);
    service.until_ready();
    produce(broker, topic, 0..EVENTS);
    until_not_ready(
        &mut service,
        &[
            "topic 'ready-size-out' has refused messages for",
            "raise the topic's max.message.bytes",
        ],
    );
    let errors = service.metric("stepstream_producer_errors_total", &[]);
    assert!(errors > 0.0, "the alert hears of it");
    // Each waits for its next try, or is with the producer once more.
    service.until("all are in the queues", |service| {
        service.metric("stepstream_queue_depth", &[]) == EVENTS as f64
    });
    broker.set_topic(&out, "max.message.bytes", "1000000");
    service.until_said("messages are delivered again");
    comes_through(broker, service, topic);
}

#[test]
fn an_input_topic_that_does_not_exist_is_named_until_it_does() {
    let Some(broker) = shared() else { return };
    let topic = "ready-input";
    let (place, out) = place(broker, topic);
    broker.create_topic(&out, 2);
    let mut service = Service::start(&place);
    until_not_ready(&mut service, &["topic 'ready-input' does not exist: create it"]);
    // A run to the end of it does not wait.
    let backfill = Service::start_with(&place, &["--until-end"], &[]);
    let said = backfill.ends_with(1, PATIENCE);
    let reason = "the end of the input cannot be reached: topic 'ready-input' does not exist";
    assert!(said.contains(reason), "{said}");
    assert!(!service.said().contains("exists now"));
    broker.create_topic(topic, 2);
    service.until_said("topic 'ready-input' exists now");
    produce(broker, topic, 0..EVENTS);
    comes_through(broker, service, topic);
}
