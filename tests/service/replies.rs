//! Sync mode: who is answered, where, and with what.

use crate::broker::{Event, shared};
use crate::events::{committed, header};
use crate::service::{Place, Service};
use std::collections::BTreeMap;

/// Fails with the error that the event names.
const FAILS: &str = r#"{"StartAt":"whether","States":{
    "whether":{"Type":"Choice","Choices":[{"Variable":"$.fail","IsPresent":true,"Next":"fail"}],"Default":"done"},
    "fail":{"Type":"Fail","ErrorPath":"$.fail","Cause":"as it was \"told\""},
    "done":{"Type":"Succeed"}}}"#;

#[test]
fn outputs_and_errors_are_replied_where_the_event_says() {
    let Some(broker) = shared() else { return };
    for topic in ["replies", "replies-default", "replies-asked"] {
        broker.create_topic(topic, 2);
    }
    let place = Place::new("replies");
    place.configure(
        broker,
        r#"
[[workflow]]
name = "replies"
definition = "definition.json"
mode = "sync"
topics = ["replies"]
group = "replies"
reply = { topic = "replies-default", allowed = ["replies-asked", "replies-nowhere"] }
log.file.directory = "log"
"#,
    );
    place.write("definition.json", FAILS);
    let asked: [(&str, Option<&[u8]>); 2] = [
        ("kafka_replyTopic", Some(b"replies-asked")),
        ("kafka_correlationId", Some(b"7")),
    ];
    let nowhere: [(&str, Option<&[u8]>); 1] = [("kafka_replyTopic", Some(b"replies-nowhere"))];
    let event = |key: &'static str, value: &'static str| Event {
        key: Some(key.as_bytes()),
        value: Some(value.as_bytes()),
        ..Event::default()
    };
    let events = [
        event("plain", r#"{"id":1}"#),
        Event {
            headers: &nowhere,
            ..event("nowhere", r#"{"id":2}"#)
        },
        Event {
            headers: &asked,
            ..event("asked", r#"{"id":3}"#)
        },
        Event {
            headers: &asked,
            ..event("fails", r#"{"fail":"OutOfStock"}"#)
        },
        Event {
            headers: &asked,
            ..event("poison", "{")
        },
    ];
    broker.produce("replies", events);
    // A reply that nobody can take is given up once the client is sure that there is no such topic, and the event
    // is over then.
    let sure = ("KAFKA__PRODUCER__TOPIC_METADATA_PROPAGATION_MAX_MS", "1000");
    Service::run_until_end(&place, &[sure]);
    assert_eq!(committed(broker, "replies", "replies", 2), 5);

    let default = broker.read("replies-default");
    assert_eq!(default.len(), 1);
    assert_eq!(default[0].value.as_deref(), Some(r#"{"id":1}"#));
    assert_eq!(header(&default[0], "kafka_correlationId"), None);
    assert_eq!(header(&default[0], "stepstream-status"), Some("SUCCEEDED"));

    let replies = broker.read("replies-asked");
    let by_key: BTreeMap<_, _> = replies
        .iter()
        .map(|reply| (reply.key.as_deref().expect("a key"), reply))
        .collect();
    assert_eq!((replies.len(), by_key.len()), (3, 3));
    for reply in &replies {
        assert_eq!(header(reply, "kafka_correlationId"), Some("7"));
        assert!(header(reply, "stepstream-execution").is_some_and(|name| name.starts_with("replies-")));
    }
    assert_eq!(by_key["asked"].value.as_deref(), Some(r#"{"id":3}"#));
    assert_eq!(header(by_key["asked"], "stepstream-status"), Some("SUCCEEDED"));
    let failed = r#"{"error":"OutOfStock","cause":"as it was \"told\""}"#;
    assert_eq!(by_key["fails"].value.as_deref(), Some(failed));
    assert_eq!(header(by_key["fails"], "stepstream-status"), Some("FAILED"));
    let poison = by_key["poison"].value.as_deref().expect("a value");
    let poison: serde_json::Value = serde_json::from_str(poison).expect("JSON");
    assert_eq!(poison["error"], "Stepstream.InvalidEvent");
    assert_eq!(header(by_key["poison"], "stepstream-status"), Some("FAILED"));
}
