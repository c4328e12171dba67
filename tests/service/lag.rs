//! Lag gets to zero when all that can be read is: what scales by it (KEDA) stops a consumer only then.

use crate::broker::{Broker, shared};
use crate::events::{committed, produce};
use crate::service::{ECHO, PATIENCE, Place, Service};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

/// A place whose workflow has the name of its topic.
fn place(broker: &Broker, topic: &str, mode: &str) -> Place {
    let place = Place::new(topic);
    broker.create_topic(topic, 1);
    broker.create_topic(&format!("{topic}-out"), 1);
    place.configure(
        broker,
        &format!(
            "[[workflow]]\nname = \"{topic}\"\ndefinition = \"definition.json\"\ntopics = [\"{topic}\"]\n\
             group = \"{topic}\"\ncommit_interval = \"100ms\"\n{mode}\noutput.topic = \"{topic}-out\"\n\
             log.file.directory = \"log\"\n"
        ),
    );
    place.write("definition.json", ECHO);
    place
}

/// Waits until the partition is committed up to its end, and lags no more.
#[track_caller]
fn until_read(broker: &Broker, service: &mut Service, topic: &str, end: i64) {
    service.until("committed up to the end", |_| {
        committed(broker, topic, topic, 1) == end
    });
    service.until("no lag", |service| {
        let (_, metrics) = service.get("/metrics").unwrap_or_default();
        let name = "stepstream_consumer_lag{";
        let mut lags = metrics.lines().filter(|line| line.starts_with(name));
        lags.next().is_some_and(|line| line.ends_with(" 0"))
    });
}

/// Writes transactions of two events each, which take an offset more for their markers: committed ones, and one that is
/// aborted at the end.
fn write_transactions(broker: &Broker, topic: &str, count: usize) {
    let mut config = broker.client();
    config.set("transactional.id", topic);
    let producer: BaseProducer = config.create().expect("a producer");
    producer
        .init_transactions(PATIENCE)
        .expect("a transactional producer");
    for number in 0..=count {
        producer.begin_transaction().expect("a transaction");
        for _ in 0..2 {
            let record: BaseRecord<'_, str, str> = BaseRecord::to(topic).payload("{}");
            producer.send(record).expect("room");
        }
        producer.flush(PATIENCE).expect("delivered");
        match number == count {
            true => producer.abort_transaction(PATIENCE).expect("aborted"),
            false => producer.commit_transaction(PATIENCE).expect("committed"),
        }
    }
}

#[test]
fn markers_and_aborted_events_are_no_lag() {
    passes_transactions("lag-async", "");
}

#[test]
fn markers_and_aborted_events_are_no_lag_in_sync_mode() {
    passes_transactions("lag-sync", "mode = \"sync\"");
}

fn passes_transactions(topic: &str, mode: &str) {
    let Some(broker) = shared() else { return };
    let place = place(broker, topic, mode);
    write_transactions(broker, topic, 3);
    let mut service = Service::start(&place);
    until_read(broker, &mut service, topic, 12);
    // Also of what comes while it runs.
    write_transactions(broker, topic, 2);
    until_read(broker, &mut service, topic, 21);
    assert_eq!(service.metric("stepstream_executions_total", &[]), 10.0);
    service.stop();
    // A run to the end leaves none either.
    write_transactions(broker, topic, 1);
    Service::start_with(&place, &["--until-end"], &[]).ends_with(0, PATIENCE);
    assert_eq!(committed(broker, topic, topic, 1), 27);
}

#[test]
fn what_retention_has_deleted_is_no_lag() {
    let Some(broker) = shared() else { return };
    let topic = "lag-retention";
    let place = place(broker, topic, "");
    produce(broker, topic, 0..10);
    let mut service = Service::start(&place);
    until_read(broker, &mut service, topic, 10);
    service.stop();
    produce(broker, topic, 10..20);
    broker.delete_records(topic, 0, 20);
    let mut service = Service::start(&place);
    until_read(broker, &mut service, topic, 20);
    assert_eq!(service.metric("stepstream_executions_total", &[]), 0.0);
    service.stop();
}
