//! Events that cannot run, and executions that fail: where they go, and that the rest goes on.

use crate::broker::{Event, Read, shared};
use crate::events::{committed, header, nothing_lost};
use crate::service::{Place, Service};
use std::collections::BTreeMap;

/// Fails with the error that the event names.
const FAILS: &str = r#"{"StartAt":"whether","States":{
    "whether":{"Type":"Choice","Choices":[{"Variable":"$.fail","IsPresent":true,"Next":"fail"}],"Default":"done"},
    "fail":{"Type":"Fail","ErrorPath":"$.fail","Cause":"as it was told"},
    "done":{"Type":"Succeed"}}}"#;

/// One topic, three groups: all failures, some, and all but some.
const CONFIG: &str = r#"
[[workflow]]
name = "all"
definition = "definition.json"
topics = ["poison"]
commit_interval = "50ms"
output.topic = "poison-out"
dead_letter.topic = "poison-all"
log.file.directory = "log"
[[workflow]]
name = "some"
definition = "definition.json"
topics = ["poison"]
commit_interval = "50ms"
dead_letter = { topic = "poison-some", errors = ["Business"] }
log.level = "OFF"
log.on_failure = "OFF"
[[workflow]]
name = "rest"
definition = "definition.json"
topics = ["poison"]
commit_interval = "50ms"
dead_letter = { topic = "poison-rest", except = ["Business"] }
log.level = "OFF"
log.on_failure = "OFF"
"#;

#[test]
fn poison_and_failures_go_to_their_dead_letter_topics_and_consuming_goes_on() {
    let Some(broker) = shared() else { return };
    for topic in ["poison", "poison-out", "poison-all", "poison-some", "poison-rest"] {
        broker.create_topic(topic, 2);
    }
    // Larger than librdkafka's own limit, and so large that with a dead letter's headers the broker refuses it.
    let [large, largest] = [1_020_000, 1_048_300].map(|bytes| format!("\"{}\"", "x".repeat(bytes)));
    let bad = [
        ("not json", "{\"id\":", "Stepstream.InvalidEvent"),
        ("two values", "{} {}", "Stepstream.InvalidEvent"),
        ("large", &*large, "Stepstream.EventTooLarge"),
        ("business", r#"{"fail":"Business"}"#, "Business"),
        ("other", r#"{"fail":"Other"}"#, "Other"),
        ("largest", &*largest, "Stepstream.EventTooLarge"),
    ];
    let good: Vec<_> = (0..300).map(|id| format!("{{\"id\":{id}}}")).collect();
    let headers: [(&str, Option<&[u8]>); 3] =
        [("trace", Some(b"1-2")), ("empty", None), ("trace", Some(b"3"))];
    let bad_events = bad.iter().map(|(key, value, _)| Event {
        partition: Some(1),
        key: Some(key.as_bytes()),
        value: Some(value.as_bytes()),
        headers: &headers,
        ..Event::default()
    });
    let good_events = |part: &'static str| {
        let _ = part;
        good.iter().map(|value| Event {
            partition: Some(1),
            value: Some(value.as_bytes()),
            ..Event::default()
        })
    };
    // In the middle of good ones.
    broker.produce("poison", good_events("before").take(150));
    broker.produce("poison", bad_events);
    broker.produce("poison", good_events("after").skip(150));

    let place = Place::new("poison");
    place.configure(broker, CONFIG);
    place.write("definition.json", FAILS);
    let mut service = Service::start(&place);
    for name in ["all", "some", "rest"] {
        let group = format!("stepstream-{name}");
        service.until("committed", |_| committed(broker, &group, "poison", 2) == 306);
    }
    assert_eq!(service.metric("stepstream_dead_letters_total", &["\"all\""]), 6.0);
    assert_eq!(
        service.metric(
            "stepstream_dead_letters_total",
            &["Stepstream.InvalidEvent", "\"all\""]
        ),
        2.0
    );
    assert_eq!(
        service.metric("stepstream_executions_total", &["FAILED", "\"some\""]),
        6.0
    );
    service.stop();

    assert_eq!(nothing_lost(&broker.read("poison-out"), 0..300), 0);
    let letters = broker.read("poison-all");
    let by_key: BTreeMap<_, _> = letters
        .iter()
        .map(|letter| (letter.key.as_deref().expect("a key"), letter))
        .collect();
    assert_eq!((letters.len(), by_key.len()), (6, 6));
    for (at, (key, value, error)) in bad.iter().enumerate() {
        let letter = by_key[key];
        if *key == "largest" {
            let bytes = value.len().to_string();
            assert_eq!(header(letter, "stepstream-value-bytes"), Some(&*bytes));
            assert_eq!(letter.value, None);
        } else {
            assert_eq!(letter.value.as_deref(), Some(*value));
        }
        let intact = [("trace", Some("1-2")), ("empty", None), ("trace", Some("3"))];
        let intact =
            intact.map(|(name, value): (&str, Option<&str>)| (name.to_owned(), value.map(str::to_owned)));
        assert_eq!(letter.headers[..3], intact);
        assert_eq!(header(letter, "stepstream-error"), Some(*error));
        assert!(
            header(letter, "stepstream-cause").is_some_and(|cause| !cause.is_empty()),
            "{key}"
        );
        let offset = (150 + at).to_string();
        assert_eq!(header(letter, "stepstream-source-topic"), Some("poison"));
        assert_eq!(header(letter, "stepstream-source-partition"), Some("1"));
        assert_eq!(header(letter, "stepstream-source-offset"), Some(&*offset));
        assert_eq!(
            header(letter, "stepstream-execution"),
            Some(&*format!("poison-1-{offset}"))
        );
    }
    let errors = |letters: Vec<Read>| {
        let errors = letters
            .iter()
            .map(|letter| header(letter, "stepstream-error").expect("an error").to_owned());
        errors.collect::<Vec<_>>()
    };
    assert_eq!(errors(broker.read("poison-some")), ["Business"]);
    let rest = [bad[0].2, bad[1].2, bad[2].2, bad[4].2, bad[5].2];
    let mut found = errors(broker.read("poison-rest"));
    found.sort_unstable();
    let mut rest = rest.map(str::to_owned);
    rest.sort_unstable();
    assert_eq!(found, rest);
    // The log names them too.
    let log = place.log("log");
    for offset in 150..156 {
        let types = &log[&format!("poison-1-{offset}")];
        assert_eq!(types.last().map(String::as_str), Some("ExecutionFailed"));
    }
}
