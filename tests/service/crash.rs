//! kill -9 in the middle: async loses nothing, sync starts nothing twice.
//!
//! Static membership: the next process takes over at once, without waiting for the session's end.

use crate::broker::{Broker, Event, Read, shared};
use crate::events::{committed, counts, header, nothing_lost, under_load};
use crate::service::{ECHO, Place, Service};
use std::collections::BTreeSet;

const KILLS: usize = 3;

#[test]
fn async_loses_nothing_and_no_log_record_of_a_committed_event() {
    let Some(broker) = shared() else { return };
    let topic = "crash-async";
    broker.create_topic(topic, 4);
    broker.create_topic("crash-async-out", 4);
    let place = Place::new(topic);
    place.configure(
        broker,
        r#"
[[workflow]]
name = "crash"
definition = "definition.json"
topics = ["crash-async"]
group = "crash-async"
instance_id = "one"
commit_interval = "50ms"
[workflow.output]
topic = "crash-async-out"
[workflow.log]
level = "ALL"
[workflow.log.file]
directory = "log"
"#,
    );
    place.write("definition.json", ECHO);
    let (count, at_risk) = under_load(broker, topic, 0, || {
        let mut at_risk = 0;
        for _ in 0..KILLS {
            let mut service = Service::start(&place);
            let before = committed(broker, topic, topic, 4);
            service.until("commits", |_| committed(broker, topic, topic, 4) > before + 300);
            service.kill();
            has_log_of_committed(broker, topic, &place);
            // What was done and not committed runs again.
            let done = counts(&broker.read("crash-async-out")).len();
            at_risk += done.saturating_sub(committed(broker, topic, topic, 4) as usize);
        }
        at_risk
    });
    Service::run_until_end(&place, &[]);
    assert_eq!(committed(broker, topic, topic, 4), count as i64);
    has_log_of_committed(broker, topic, &place);
    let again = nothing_lost(&broker.read("crash-async-out"), 0..count);
    // What was done in the commit interval before a kill, and its commit's way: how much that is depends on what had
    // gathered while the process was away.
    println!("{again} of {count} ran again, {at_risk} were at risk");
    assert!(again <= at_risk, "{again} ran again, {at_risk} were at risk");
}

/// Every committed event's execution is in the log, with its beginning and its end.
#[track_caller]
fn has_log_of_committed(broker: &Broker, topic: &str, place: &Place) {
    let committed = broker.committed(topic, topic, 4);
    let log = place.log("log");
    for (partition, (offset, _)) in committed
        .iter()
        .enumerate()
        .filter_map(|(at, one)| Some((at, one.as_ref()?)))
    {
        for offset in 0..*offset {
            let name = format!("{topic}-{partition}-{offset}");
            let types = log
                .get(&name)
                .unwrap_or_else(|| panic!("{name} is committed and not in the log"));
            let has = |kind: &str| types.iter().any(|known| known == kind);
            assert!(
                has("ExecutionStarted") && has("ExecutionSucceeded"),
                "{name}: {types:?}"
            );
        }
    }
}

/// Tells a topic that it began, takes its time, ends.
const WITNESSED: &str = r#"{"StartAt":"begin","States":{
    "begin":{"Type":"Task","Resource":"arn:aws:states:::kafka:produce","ResultPath":null,
        "Parameters":{"Topic":"crash-sync-began","Value.$":"$"},"Next":"wait"},
    "wait":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:111111111111:function:slow","End":true}}}"#;

#[test]
fn sync_starts_nothing_twice_and_names_what_was_cut_off() {
    let Some(broker) = shared() else { return };
    let topic = "crash-sync";
    for topic in [
        topic,
        "crash-sync-began",
        "crash-sync-replies",
        "crash-sync-failed",
    ] {
        broker.create_topic(topic, 3);
    }
    let place = Place::new(topic);
    place.configure(
        broker,
        r#"
[[workflow]]
name = "crash"
definition = "definition.json"
mode = "sync"
topics = ["crash-sync"]
group = "crash-sync"
instance_id = "one"
sync_batch_max = 50
commit_interval = "50ms"
reply.allowed = ["crash-sync-replies"]
[workflow.dead_letter]
topic = "crash-sync-failed"
[workflow.log.file]
directory = "log"
[tasks]
"arn:aws:states:::kafka:produce" = { kafka = ["crash-sync-began"] }
"arn:aws:lambda:*:*:function:slow" = { function = "delay", milliseconds = 50 }
"#,
    );
    place.write("definition.json", WITNESSED);
    let events: Vec<_> = (0..2000)
        .map(|id| (format!("correlation {id}"), format!("{{\"id\":{id}}}")))
        .collect();
    let headers: Vec<_> = events
        .iter()
        .map(|(correlation, _)| {
            [
                ("kafka_replyTopic", Some("crash-sync-replies".as_bytes())),
                ("kafka_correlationId", Some(correlation.as_bytes())),
                ("kafka_replyPartition", Some(&[0, 0, 0, 1][..])),
            ]
        })
        .collect();
    broker.produce(
        topic,
        events.iter().zip(&headers).map(|((_, value), headers)| Event {
            value: Some(value.as_bytes()),
            headers,
            ..Event::default()
        }),
    );

    for kill in 1..=KILLS {
        let mut service = Service::start(&place);
        service.until("replies", |service| {
            service.metric("stepstream_executions_total", &["SUCCEEDED"]) > 150.0
        });
        service.kill();
        let replies = broker.read("crash-sync-replies").len();
        assert!(replies < 2000, "kill {kill} came too late");
    }
    let mut service = Service::start(&place);
    service.until("all committed", |_| committed(broker, topic, topic, 3) == 2000);
    service.until("all over", |service| {
        service.metric("stepstream_in_flight", &[]) == 0.0
    });
    let named = service.metric("stepstream_cut_off_total", &[]);
    service.stop();

    let (began, replies) = (broker.read("crash-sync-began"), broker.read("crash-sync-replies"));
    let began = counts(&began);
    let twice: Vec<_> = began.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "began twice: {twice:?}");
    for reply in &replies {
        assert_eq!(reply.partition, 1);
        assert_eq!(header(reply, "stepstream-status"), Some("SUCCEEDED"));
        let id = counts(std::slice::from_ref(reply))
            .into_keys()
            .next()
            .expect("a number");
        assert_eq!(
            header(reply, "kafka_correlationId"),
            Some(&*format!("correlation {id}"))
        );
    }
    let replied = counts(&replies);
    assert!(replied.values().all(|count| *count == 1), "replied twice");

    // Whoever was not replied to is named; by its place, since that is all that a start knows.
    let ids = broker.read(topic);
    let id_at = |partition: &str, offset: &str| {
        let at =
            |event: &&Read| event.partition.to_string() == partition && event.offset.to_string() == offset;
        let event = ids.iter().find(at).expect("an event");
        counts(std::slice::from_ref(event))
            .into_keys()
            .next()
            .expect("a number")
    };
    let letters = broker.read("crash-sync-failed");
    let cut_off: BTreeSet<_> = letters
        .iter()
        .map(|letter| {
            assert_eq!(header(letter, "stepstream-error"), Some("Stepstream.CutOff"));
            let place = |name| header(letter, name).expect("a place");
            id_at(
                place("stepstream-source-partition"),
                place("stepstream-source-offset"),
            )
        })
        .collect();
    let lost: Vec<_> = (0..2000)
        .filter(|id| !replied.contains_key(id) && !cut_off.contains(id))
        .collect();
    assert!(lost.is_empty(), "neither replied to nor named: {lost:?}");
    // A shard has at most `sync_batch_max` events at risk. Named are those that were not known to be over when
    // their partition was last committed.
    let cut = cut_off.iter().filter(|id| !replied.contains_key(id)).count();
    assert!(cut <= KILLS * 2 * 50, "{cut} were cut off");
    assert!(cut_off.len() <= KILLS * 3 * 50, "{} were named", cut_off.len());
    assert!(!cut_off.is_empty() && named > 0.0, "nothing was cut off");
    let log = place.log("log");
    let named = log
        .values()
        .filter(|types| types.iter().any(|kind| kind == "ExecutionFailed"))
        .count();
    assert!(
        named >= cut_off.len(),
        "{named} in the log, {} cut off",
        cut_off.len()
    );
}
