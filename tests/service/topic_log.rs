//! Execution logs in a Kafka topic: kill -9 in the middle loses no record of a committed event.

use crate::broker::{Broker, Read, shared};
use crate::events::{committed, under_load};
use crate::service::{ECHO, Place, Service};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

const TOPIC: &str = "topic-log";
const RECORDS: &str = "topic-log-records";

#[test]
fn a_log_in_a_topic_has_all_of_what_is_committed() {
    let Some(broker) = shared() else { return };
    broker.create_topic(TOPIC, 2);
    broker.create_topic(RECORDS, 3);
    let place = Place::new(TOPIC);
    place.configure(
        broker,
        r#"
[[workflow]]
name = "told"
definition = "definition.json"
topics = ["topic-log"]
group = "topic-log"
instance_id = "one"
commit_interval = "50ms"
[workflow.log]
level = "ALL"
destination = "kafka"
overflow = "block"
kafka.topic = "topic-log-records"
"#,
    );
    place.write("definition.json", ECHO);
    let (count, ()) = under_load(broker, TOPIC, 0, || {
        let mut service = Service::start(&place);
        service.until("commits", |_| committed(broker, TOPIC, TOPIC, 2) > 300);
        service.kill();
        has_all_committed(broker, &told(&broker.read(RECORDS)));
    });
    Service::run_until_end(&place, &[]);
    assert_eq!(committed(broker, TOPIC, TOPIC, 2), count as i64);
    let records = broker.read(RECORDS);
    let has = told(&records);
    has_all_committed(broker, &has);
    reads_as_a_log(&place, &records, &has);
}

/// Returns the types of each execution's records, by ARN; each message is one record, and the ARN its key.
fn told(records: &[Read]) -> BTreeMap<&str, BTreeSet<String>> {
    let mut told: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut partitions = BTreeMap::new();
    for read in records {
        let text = read.value.as_deref().expect("a value");
        assert!(!text.contains('\n'), "{text}");
        let record: Value = serde_json::from_str(text).expect("one JSON document");
        let arn = read.key.as_deref().expect("a key");
        assert_eq!(record["execution_arn"], arn);
        let kind = record["type"].as_str().expect("a type");
        told.entry(arn).or_default().insert(kind.to_owned());
        let partition = *partitions.entry(arn).or_insert(read.partition);
        assert_eq!(partition, read.partition, "{arn} is in one partition");
    }
    told
}

/// Every committed event has an execution that is told from its beginning to its end.
#[track_caller]
fn has_all_committed(broker: &Broker, told: &BTreeMap<&str, BTreeSet<String>>) {
    let ends = ["ExecutionStarted", "ExecutionSucceeded"].map(str::to_owned);
    let whole = told
        .iter()
        .filter(|(_, kinds)| ends.iter().all(|end| kinds.contains(end)));
    let whole: BTreeSet<&str> = whole.filter_map(|(arn, _)| arn.split(':').nth(7)).collect();
    for (partition, committed) in broker.committed(TOPIC, TOPIC, 2).iter().enumerate() {
        for offset in 0..committed.as_ref().map_or(0, |(offset, _)| *offset) {
            let name = format!("{TOPIC}-{partition}-{offset}");
            assert!(
                whole.contains(&*name),
                "{name} is committed and not whole in the topic"
            );
        }
    }
}

/// `stepstream logs` finds the same executions in the messages' values, a line each.
fn reads_as_a_log(place: &Place, records: &[Read], told: &BTreeMap<&str, BTreeSet<String>>) {
    let lines = records.iter().filter_map(|read| read.value.as_deref());
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    place.write("records.ndjson", &text);
    let output = Command::new(env!("CARGO_BIN_EXE_stepstream"))
        .args(["logs", "records.ndjson", "--format", "json"])
        .current_dir(&place.0)
        .output()
        .expect("it runs");
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "",
        "every line is a record"
    );
    let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
    let rows = document["executions"].as_array().expect("a list").iter();
    let found: BTreeSet<_> = rows.filter_map(|row| row["execution_arn"].as_str()).collect();
    assert_eq!(found, told.keys().copied().collect());
}
