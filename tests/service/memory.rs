//! Events that would take any memory, at default settings: the process keeps to what its container has, and goes on.
//!
//! What is measured is the most that was resident, code included. With `service.memory_max` at 300 MiB it comes to
//! 275 to 290 MiB; once in some runs to 325 MiB, when Kafka's client unpacks two answers at a time that grow a
//! thousandfold, which no account can foresee (deploy/README.md, Sizing). The quarter above `memory_max` is for that.

use crate::broker::{Broker, Event, shared};
use crate::events::{committed, header};
use crate::service::{Place, Service};

const MIB: u64 = 1 << 20;

/// What a container would have: the kernel ends the process that takes more.
const CONTAINER: u64 = 400 * MIB;

/// What is configured: what would be the default in that container.
const MEMORY_MAX: u64 = CONTAINER / 4 * 3;

/// How many events there are of a few bytes, each of which takes much more in the client's queues.
const TINY_EVENTS: usize = 100_000;

/// How many events each workflow has. Those that wait take twice 200 KiB each, 200 MiB together.
const EVENTS: usize = 500;

/// Waits with all of its input.
const WAITS: &str = r#"{"StartAt":"wait","States":{"wait":{"Type":"Wait","Seconds":1,"End":true}}}"#;

/// Makes 200 KiB of each item: 1.6 GiB in all.
const GROWS: &str = r#"{"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.list","ItemSelector":{"x.$":"$.x"},
    "ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","End":true,
    "Parameters":{"x.$":"States.Format('{}{}', $.x, $.x)"}}}},"ResultPath":null,"OutputPath":null,"End":true}}}"#;

/// Waits a little, one event after the other.
const HOT: &str = r#"{"StartAt":"slow","States":{"slow":
    {"Type":"Task","Resource":"arn:aws:lambda:us-east-1:111111111111:function:slow","End":true}}}"#;

/// Does nothing.
const TINY: &str = r#"{"StartAt":"tiny","States":{"tiny":{"Type":"Pass","End":true}}}"#;

const CONFIG: &str = r#"
[[workflow]]
name = "waits"
definition = "waits.json"
topics = ["memory-waits"]
dead_letter.topic = "memory-failed"
log.file.directory = "log"
[[workflow]]
name = "grows"
definition = "grows.json"
topics = ["memory-grows"]
dead_letter.topic = "memory-failed"
log.file.directory = "log"
[[workflow]]
name = "hot"
definition = "hot.json"
topics = ["memory-hot"]
ordering = "key"
dead_letter.topic = "memory-failed"
log.file.directory = "log"
[[workflow]]
name = "tiny"
definition = "tiny.json"
topics = ["memory-tiny"]
dead_letter.topic = "memory-failed"
log.file.directory = "log"
[tasks]
"arn:aws:lambda:*:*:function:slow" = { function = "delay", milliseconds = 5 }
"#;

fn fill(broker: &Broker) {
    let large = format!("[\"{}\"]", "x".repeat(200 << 10));
    let grows = format!(
        "{{\"list\":[{}0],\"x\":\"{}\"}}",
        "0,".repeat(7_999),
        "x".repeat(100 << 10)
    );
    let event = |key: Option<&'static str>, value| Event {
        key: key.map(str::as_bytes),
        value: Some(value),
        ..Event::default()
    };
    broker.produce_packed(
        "memory-waits",
        "lz4",
        (0..EVENTS).map(|_| event(None, large.as_bytes())),
    );
    broker.produce_packed(
        "memory-hot",
        "gzip",
        (0..EVENTS).map(|_| event(Some("hot"), large.as_bytes())),
    );
    // What is easy to pack comes to hundreds of times what is fetched.
    broker.produce_packed("memory-tiny", "lz4", (0..TINY_EVENTS).map(|_| event(None, b"1")));
    broker.produce("memory-grows", (0..20).map(|_| event(None, grows.as_bytes())));
}

#[test]
fn hostile_events_do_not_end_the_process() {
    let Some(broker) = shared() else { return };
    for topic in [
        "memory-waits",
        "memory-hot",
        "memory-grows",
        "memory-tiny",
        "memory-failed",
    ] {
        broker.create_topic(topic, 2);
    }
    fill(broker);
    let place = Place::new("memory");
    place.configure(broker, CONFIG);
    for (name, text) in [("waits", WAITS), ("grows", GROWS), ("hot", HOT), ("tiny", TINY)] {
        place.write(&format!("{name}.json"), text);
    }
    let limit = MEMORY_MAX.to_string();
    let mut service = Service::start_with(&place, &[], &[("SERVICE__MEMORY_MAX", &limit)]);
    let mut was_paused = false;
    for (name, count) in [
        ("waits", EVENTS),
        ("hot", EVENTS),
        ("grows", 20),
        ("tiny", TINY_EVENTS),
    ] {
        let (group, topic) = (format!("stepstream-{name}"), format!("memory-{name}"));
        service.until("committed", |service| {
            was_paused |= service.metric("stepstream_paused_partitions", &[]) > 0.0;
            committed(broker, &group, &topic, 2) == count as i64
        });
    }
    assert!(
        was_paused,
        "there was memory enough for all: the test is too small"
    );
    let succeeded = service.metric("stepstream_executions_total", &["SUCCEEDED"]);
    assert_eq!(succeeded, (2 * EVENTS + TINY_EVENTS) as f64);
    // What executions have taken is given back, and what is told is within what is told to be the limit.
    let [spent, max] =
        ["stepstream_memory_bytes", "stepstream_memory_max_bytes"].map(|name| service.metric(name, &[]));
    assert!(spent <= max / 4.0, "{spent} of {max}");
    let most = service.most_memory();
    service.stop();
    if let Some(most) = most {
        eprintln!("{} MiB at most", most / MIB);
        assert!(most < CONTAINER, "{} MiB at most", most / MIB);
    }
    let letters = broker.read("memory-failed");
    assert_eq!(letters.len(), 20);
    for letter in &letters {
        assert_eq!(
            header(letter, "stepstream-error"),
            Some("States.DataLimitExceeded")
        );
    }
}
