//! Restarts of one process: what is finished does not run again.

use crate::broker::shared;
use crate::events::{committed, nothing_lost, produce, under_load};
use crate::service::{ECHO, Place, Service};
use std::time::Duration;

/// Some events wait.
const SOME_WAIT: &str = r#"{"StartAt":"whether","States":{
    "whether":{"Type":"Choice","Choices":[{"Variable":"$.wait","IsPresent":true,"Next":"wait"}],"Default":"done"},
    "wait":{"Type":"Wait","Seconds":250,"Next":"done"},
    "done":{"Type":"Succeed"}}}"#;

fn config(topic: &str) -> String {
    format!(
        r#"
[[workflow]]
name = "{topic}"
definition = "definition.json"
topics = ["{topic}"]
group = "{topic}"
instance_id = "one"
commit_interval = "100ms"
[workflow.output]
topic = "{topic}-out"
[workflow.log]
level = "OFF"
on_failure = "OFF"
"#
    )
}

#[test]
fn events_finished_above_an_unfinished_one_do_not_run_again() {
    let Some(broker) = shared() else { return };
    let topic = "restart-above";
    broker.create_topic(topic, 2);
    broker.create_topic("restart-above-out", 2);
    let place = Place::new(topic);
    place.configure(broker, &config(topic));
    place.write("definition.json", SOME_WAIT);
    // The first event of each partition waits for longer than any process lives.
    let slow = [0, 1].map(|id| format!(r#"{{"id":{id},"wait":true}}"#));
    let events = slow
        .iter()
        .zip(0..)
        .map(|(value, partition)| crate::broker::Event {
            partition: Some(partition),
            value: Some(value.as_bytes()),
            ..Default::default()
        });
    broker.produce(topic, events);
    produce(broker, topic, 2..1002);

    let (stop, no_time) = ("SERVICE__SHUTDOWN_TIMEOUT", "500ms");
    let mut service = Service::start_with(&place, &[], &[(stop, no_time)]);
    // Finished is what has its output acknowledged.
    service.until("all but two", |_| broker.read("restart-above-out").len() == 1000);
    service.stop();
    assert_eq!(committed(broker, topic, topic, 2), 0);

    // Killed, this time.
    let mut service = Service::start_with(&place, &[], &[(stop, no_time)]);
    service.until("both again", |service| {
        service.metric("stepstream_in_flight", &[]) == 2.0
    });
    produce(broker, topic, 1002..1502);
    service.until("the new ones", |_| broker.read("restart-above-out").len() == 1500);
    assert_eq!(service.metric("stepstream_executions_total", &[]), 500.0);
    // Some commit intervals.
    std::thread::sleep(Duration::from_millis(500));
    service.kill();

    place.write("definition.json", ECHO);
    Service::run_until_end(&place, &[]);
    assert_eq!(
        nothing_lost(&broker.read("restart-above-out"), 0..1502),
        0,
        "duplicates"
    );
    assert_eq!(committed(broker, topic, topic, 2), 1502);
}

#[test]
fn restarts_under_load_lose_nothing_and_repeat_nothing() {
    let Some(broker) = shared() else { return };
    let topic = "restart-load";
    broker.create_topic(topic, 4);
    broker.create_topic("restart-load-out", 4);
    let place = Place::new(topic);
    place.configure(broker, &config(topic));
    place.write("definition.json", ECHO);
    let (count, ()) = under_load(broker, topic, 0, || {
        for _ in 0..3 {
            let mut service = Service::start(&place);
            service.until("some", |service| {
                service.metric("stepstream_executions_total", &[]) > 300.0
            });
            service.stop();
        }
    });
    Service::run_until_end(&place, &[]);
    // Stopping finishes and commits what was begun: nothing is to be repeated.
    assert_eq!(
        nothing_lost(&broker.read("restart-load-out"), 0..count),
        0,
        "duplicates"
    );
    assert_eq!(committed(broker, topic, topic, 4), count as i64);
}
