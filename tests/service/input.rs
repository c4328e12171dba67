//! What an event becomes: its order, its form, and what is nothing.

use crate::broker::{Event, Read, shared};
use crate::events::{committed, counts, header, nothing_lost};
use crate::service::{ECHO, Place, SLOW, Service, slow};
use std::collections::BTreeMap;

#[test]
fn events_of_a_key_keep_their_order() {
    let Some(broker) = shared() else { return };
    broker.create_topic("input-order", 2);
    for topic in ["input-by-key", "input-by-partition"] {
        broker.create_topic(topic, 2);
    }
    let place = Place::new("input-order");
    let workflow = |ordering: &str| {
        format!(
            r#"
[[workflow]]
name = "by-{ordering}"
definition = "definition.json"
topics = ["input-order"]
ordering = "{ordering}"
output.topic = "input-by-{ordering}"
log.file.directory = "log"
"#
        )
    };
    place.configure(
        broker,
        &[workflow("key"), workflow("partition"), slow(5)].concat(),
    );
    place.write("definition.json", SLOW);
    // Of ten keys in turn.
    let events: Vec<_> = (0..500)
        .map(|id| (format!("key-{}", id % 10), format!("{{\"id\":{id}}}")))
        .collect();
    broker.produce(
        "input-order",
        events.iter().map(|(key, value)| Event {
            key: Some(key.as_bytes()),
            value: Some(value.as_bytes()),
            ..Event::default()
        }),
    );
    Service::run_until_end(&place, &[]);
    let id = |read: &Read| {
        counts(std::slice::from_ref(read))
            .into_keys()
            .next()
            .expect("a number")
    };
    for topic in ["input-by-key", "input-by-partition"] {
        let outputs = broker.read(topic);
        assert_eq!(nothing_lost(&outputs, 0..500), 0);
        let mut last = BTreeMap::new();
        for output in &outputs {
            if let Some(before) = last.insert(&output.key, id(output)) {
                assert!(
                    before < id(output),
                    "{topic}: {before} before {} of {:?}",
                    id(output),
                    output.key
                );
            }
        }
        assert_eq!(last.len(), 10);
    }
    // Of a partition, all are in order, as far as the outputs' own partitions show it.
    let mut last = BTreeMap::new();
    for output in broker.read("input-by-partition") {
        let name = header(&output, "stepstream-execution")
            .expect("a name")
            .to_owned();
        let mut parts = name.rsplit('-');
        let offset: i64 = parts
            .next()
            .and_then(|offset| offset.parse().ok())
            .expect("an offset");
        if let Some(before) = last.insert((output.partition, parts.next().map(str::to_owned)), offset) {
            assert!(before < offset, "{name} after {before}");
        }
    }
}

#[test]
fn empty_events_are_skipped_or_null_and_records_have_it_all() {
    let Some(broker) = shared() else { return };
    for topic in ["input-empty", "input-skip", "input-null", "input-record"] {
        broker.create_topic(topic, 1);
    }
    let place = Place::new("input-empty");
    let workflow = |name: &str, how: &str| {
        format!(
            r#"
[[workflow]]
name = "{name}"
definition = "definition.json"
topics = ["input-empty"]
{how}
output.topic = "input-{name}"
log.file.directory = "log"
"#
        )
    };
    let config = [
        workflow("skip", "on_empty = \"skip\""),
        workflow("null", "on_empty = \"null\""),
        workflow("record", "on_empty = \"null\"\ninput = \"record\""),
    ];
    place.configure(broker, &config.concat());
    place.write("definition.json", ECHO);
    let event = |key: &'static [u8], value| Event {
        key: Some(key),
        value,
        headers: &[("h", Some(b"v"))],
        timestamp_ms: Some(1_700_000_000_123),
        ..Event::default()
    };
    let events = [
        event(b"a", Some(&b"{\"x\":1}"[..])),
        event(b"b", None),
        event(b"c", Some(b"")),
        event(b"d", Some(b"2")),
    ];
    broker.produce("input-empty", events);
    Service::run_until_end(&place, &[]);
    for group in ["stepstream-skip", "stepstream-null", "stepstream-record"] {
        assert_eq!(committed(broker, group, "input-empty", 1), 4, "{group}");
    }
    let pairs = |topic: &str| {
        let pairs = broker
            .read(topic)
            .into_iter()
            .map(|read| (read.key.unwrap_or_default(), read.value.unwrap_or_default()));
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_unstable();
        pairs
    };
    let expected = |pairs: &[(&str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        pairs.collect::<Vec<_>>()
    };
    assert_eq!(pairs("input-skip"), expected(&[("a", "{\"x\":1}"), ("d", "2")]));
    assert_eq!(
        pairs("input-null"),
        expected(&[("a", "{\"x\":1}"), ("b", "null"), ("c", "null"), ("d", "2")])
    );
    let records = pairs("input-record");
    for ((key, record), (at, value)) in records
        .iter()
        .zip(["{\"x\":1}", "null", "null", "2"].iter().enumerate())
    {
        let record: serde_json::Value = serde_json::from_str(record).expect("JSON");
        assert_eq!(record["topic"], "input-empty");
        assert_eq!(
            (record["partition"].as_i64(), record["offset"].as_i64()),
            (Some(0), Some(at as i64))
        );
        assert_eq!(record["timestamp"].as_i64(), Some(1_700_000_000_123), "{record}");
        assert_eq!(record["key"], **key, "{record}");
        assert!(record["headers"].to_string().contains("\"h\""), "{record}");
        assert_eq!(record["value"].to_string(), **value);
    }
}
