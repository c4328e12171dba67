//! `stepstream redrive`: what goes back, what stays, and that nothing goes back twice.

use crate::broker::{Broker, Event, Read, shared};
use serde_json::{Value, json};
use std::process::Command;

/// An event's headers.
type Headers<'a> = &'a [(&'a str, Option<&'a [u8]>)];

/// Runs the command, which lets letters go to any topic unless it is told where they may go; returns its exit code,
/// stdout and stderr.
fn redrive(broker: &Broker, arguments: &[&str]) -> (i32, String, String) {
    let is_told = arguments
        .iter()
        .any(|argument| ["--to", "--config"].contains(argument));
    let any: &[&str] = if is_told { &[] } else { &["--any-topic"] };
    run(&[&["--brokers", &broker.address()], any, arguments].concat())
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_stepstream"))
        .arg("redrive")
        .args(arguments)
        // The default configuration is not there.
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let code = output.status.code().unwrap_or(-1);
    (code, text(&output.stdout), text(&output.stderr))
}

/// Runs it with `--format json`: stdout must be exactly one document.
fn redrive_json(broker: &Broker, arguments: &[&str]) -> (i32, Value, String) {
    let (code, out, err) = redrive(broker, &[arguments, &["--format", "json"]].concat());
    let document = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out:?} {err}"));
    (code, document, err)
}

/// Produces a dead letter as the service writes it; `more` are headers besides.
fn letter(broker: &Broker, topic: &str, key: &str, error: &str, home: &str, more: Headers<'_>) {
    let ours: [(&str, Option<&[u8]>); 6] = [
        ("stepstream-error", Some(error.as_bytes())),
        ("stepstream-cause", Some(b"because")),
        ("stepstream-execution", Some(b"x-0-1")),
        ("stepstream-source-topic", Some(home.as_bytes())),
        ("stepstream-source-partition", Some(b"0")),
        ("stepstream-source-offset", Some(b"1")),
    ];
    let headers = [more, &ours].concat();
    let event = Event {
        key: Some(key.as_bytes()),
        value: Some(key.as_bytes()),
        headers: &headers,
        ..Event::default()
    };
    broker.produce(topic, [event]);
}

fn keys(events: &[Read]) -> Vec<&str> {
    let mut keys: Vec<&str> = events
        .iter()
        .map(|event| event.key.as_deref().unwrap_or(""))
        .collect();
    keys.sort_unstable();
    keys
}

#[test]
fn letters_go_back_once_and_the_rest_stays() {
    let Some(broker) = shared() else { return };
    broker.create_topic("redrive-dlq", 3);
    for topic in ["redrive-home", "redrive-home2", "redrive-other"] {
        broker.create_topic(topic, 2);
    }
    // The last is of the workflow whose output the event was.
    let trace: Headers<'_> = &[
        ("trace", Some(b"t1")),
        ("empty", None),
        ("stepstream-execution", Some(b"first-0-1")),
    ];
    for key in ["a1", "a2", "a3", "a4", "a5"] {
        letter(broker, "redrive-dlq", key, "Order.A", "redrive-home", trace);
    }
    letter(broker, "redrive-dlq", "b1", "Order.B", "redrive-home2", &[]);
    let second: Headers<'_> = &[("stepstream-redrive-rounds", Some(b"1"))];
    letter(broker, "redrive-dlq", "b2", "Order.B", "redrive-home2", second);
    let tired: Headers<'_> = &[("stepstream-redrive-rounds", Some(b"5"))];
    letter(broker, "redrive-dlq", "tired", "Order.B", "redrive-home2", tired);
    let stray = Event {
        key: Some(b"stray"),
        value: Some(b"no letter of ours"),
        ..Event::default()
    };
    broker.produce("redrive-dlq", [stray]);

    let (code, out, err) = redrive(broker, &["--from", "redrive-dlq", "--dry-run"]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    assert!(
        out.contains("would be put back: 5 to redrive-home, 2 to redrive-home2"),
        "{out}"
    );
    assert!(broker.read("redrive-home").is_empty());

    let only_a = ["--from", "redrive-dlq", "--error", "Order.A", "--limit", "2"];
    let (code, out, err) = redrive(broker, &only_a);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("put back: 2 to redrive-home"), "{out}");
    assert!(out.contains("--limit 2"), "{out}");
    assert_eq!(broker.read("redrive-home").len(), 2);

    let (code, out, err) = redrive(broker, &["--from", "redrive-dlq"]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    assert!(
        out.contains("put back: 3 to redrive-home, 2 to redrive-home2"),
        "{out}"
    );
    assert!(
        out.contains("1 stay: they were put back 5 times already"),
        "{out}"
    );
    assert!(out.contains("1 stay: they name no topic"), "{out}");
    let home = broker.read("redrive-home");
    assert_eq!(keys(&home), ["a1", "a2", "a3", "a4", "a5"]);
    let text = |text: &str| Some(text.to_owned());
    for event in &home {
        assert_eq!(event.value, event.key);
        let headers = [
            ("trace".to_owned(), text("t1")),
            ("empty".to_owned(), None),
            ("stepstream-execution".to_owned(), text("first-0-1")),
            ("stepstream-redrive-rounds".to_owned(), text("1")),
        ];
        assert_eq!(event.headers, headers);
    }
    let home2 = broker.read("redrive-home2");
    assert_eq!(keys(&home2), ["b1", "b2"]);
    let again = home2.iter().find(|event| event.key == text("b2")).expect("b2");
    assert_eq!(
        again.headers,
        [("stepstream-redrive-rounds".to_owned(), text("2"))]
    );

    // What stayed is offered again, what went is not.
    let (code, out, _) = redrive(broker, &["--from", "redrive-dlq"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("nothing put back"), "{out}");
    let rest = [
        "--from",
        "redrive-dlq",
        "--to",
        "redrive-other",
        "--max-rounds",
        "6",
    ];
    let (code, out, _) = redrive(broker, &rest);
    assert_eq!(code, 0, "{out}");
    assert_eq!(keys(&broker.read("redrive-other")), ["stray", "tired"]);
    letter(broker, "redrive-dlq", "late", "Order.A", "redrive-home", &[]);
    let (code, out, _) = redrive(broker, &["--from", "redrive-dlq"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("put back: 1 to redrive-home\n"), "{out}");
    assert_eq!(broker.read("redrive-home").len(), 6);
}

#[test]
fn a_letter_without_its_event_stays_and_says_where_the_event_is() {
    let Some(broker) = shared() else { return };
    broker.create_topic("redrive-cut", 1);
    broker.create_topic("redrive-cut-home", 1);
    letter(broker, "redrive-cut", "a", "Order.A", "redrive-cut-home", &[]);
    let headers: Headers<'_> = &[
        ("stepstream-error", Some(b"Stepstream.CutOff")),
        ("stepstream-source-topic", Some(b"redrive-cut-home")),
        ("stepstream-source-partition", Some(b"0")),
        ("stepstream-source-offset", Some(b"1234")),
    ];
    let cut_off = Event {
        key: None,
        value: None,
        headers,
        ..Event::default()
    };
    broker.produce("redrive-cut", [cut_off]);
    let too_large: Headers<'_> = &[
        ("stepstream-error", Some(b"Stepstream.EventTooLarge")),
        ("stepstream-source-topic", Some(b"redrive-cut-home")),
        ("stepstream-source-partition", Some(b"0")),
        ("stepstream-source-offset", Some(b"1235")),
        ("stepstream-value-bytes", Some(b"1048576")),
    ];
    let too_large = Event {
        headers: too_large,
        ..cut_off
    };
    broker.produce("redrive-cut", [too_large]);
    let (code, out, err) = redrive(broker, &["--from", "redrive-cut"]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    assert!(out.contains("put back: 1 to redrive-cut-home\n"), "{out}");
    assert!(out.contains("2 stay: they carry no event"), "{out}");
    assert!(out.contains("redrive-cut-home partition 0 offset 1234"), "{out}");
    assert_eq!(keys(&broker.read("redrive-cut-home")), ["a"]);
    let (code, document, _) = redrive_json(broker, &["--from", "redrive-cut"]);
    assert_eq!((code, &document["status"]), (1, &json!("SOME_STAYED")));
    assert_eq!(document["without_event"], 2, "{document}");
    let place = |offset| json!({"topic": "redrive-cut-home", "partition": 0, "offset": offset});
    assert_eq!(document["places"], json!([place(1234), place(1235)]));
}

#[test]
fn many_letters_go_back() {
    let Some(broker) = shared() else { return };
    broker.create_topic("redrive-many", 4);
    broker.create_topic("redrive-many-home", 4);
    let headers: Headers<'_> = &[
        ("stepstream-error", Some(b"E")),
        ("stepstream-source-topic", Some(b"redrive-many-home")),
    ];
    let keys: Vec<String> = (0..25_000).map(|number| number.to_string()).collect();
    let events = keys.iter().map(|key| Event {
        key: Some(key.as_bytes()),
        value: Some(b"{}"),
        headers,
        ..Event::default()
    });
    broker.produce("redrive-many", events);
    let (code, out, err) = redrive(broker, &["--from", "redrive-many"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("put back: 25,000 to redrive-many-home"), "{out}");
    let mut found: Vec<String> = broker
        .read("redrive-many-home")
        .into_iter()
        .filter_map(|event| event.key)
        .collect();
    found.sort_unstable();
    let mut expected = keys.clone();
    expected.sort_unstable();
    assert!(found == expected, "{} of {}", found.len(), expected.len());
    let (code, out, _) = redrive(broker, &["--from", "redrive-many"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("nothing put back"), "{out}");
}

#[test]
fn what_a_broker_refuses_stays() {
    let Some(broker) = shared() else { return };
    broker.create_topic("redrive-lost", 1);
    letter(broker, "redrive-lost", "k", "Order.A", "redrive-gone", &[]);
    let mut config = format!("[kafka]\nbrokers = '{}'\n", broker.address());
    config.push_str("[kafka.producer]\n'topic.metadata.propagation.max.ms' = 1000\n");
    config.push_str("[[workflow]]\nname = 'w'\ndefinition = 'w.asl.json'\ntopics = ['redrive-gone']\n");
    let config = broker.file("redrive.toml", &config);
    let (code, out, err) = redrive(broker, &["--from", "redrive-lost", "--config", &config]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("1 stay: they are not taken"), "{out}");
    broker.create_topic("redrive-gone", 1);
    let (code, out, err) = redrive(broker, &["--from", "redrive-lost", "--config", &config]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(keys(&broker.read("redrive-gone")), ["k"]);
}

#[test]
fn letters_go_only_to_topics_that_the_configuration_reads() {
    let Some(broker) = shared() else { return };
    for topic in [
        "redrive-safe",
        "redrive-safe-home",
        "redrive-safe-77",
        "redrive-victim",
    ] {
        broker.create_topic(topic, 1);
    }
    for home in ["redrive-safe-home", "redrive-safe-77", "redrive-victim"] {
        letter(broker, "redrive-safe", home, "E", home, &[]);
    }
    let mut config = format!("[kafka]\nbrokers = '{}'\n", broker.address());
    for (name, topics) in [
        ("listed", "topics = ['redrive-safe-home']"),
        ("matched", "topics_pattern = '^redrive-safe-[0-9]+$'"),
    ] {
        config.push_str(&format!(
            "[[workflow]]\nname = '{name}'\ndefinition = 'w.asl.json'\n{topics}\n"
        ));
    }
    let config = broker.file("redrive-safe.toml", &config);
    let arguments = ["--from", "redrive-safe", "--config", &config];
    let (code, out, err) = run(&arguments);
    assert_eq!(code, 1, "{out}{err}");
    assert!(
        out.contains("put back: 1 to redrive-safe-77, 1 to redrive-safe-home\n"),
        "{out}"
    );
    assert!(
        out.contains("1 stay: they name a topic to go back to that no workflow of the configuration reads"),
        "{out}"
    );
    assert!(broker.read("redrive-victim").is_empty());
    let (code, out, err) = run(&[&arguments[..], &["--any-topic"]].concat());
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(broker.read("redrive-victim").len(), 1);

    // Without a configuration nobody says where letters may go.
    let (code, _, err) = run(&["--from", "redrive-safe", "--brokers", &broker.address()]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("--any-topic"), "{err}");
}

#[test]
fn mistakes_are_told_at_once() {
    let Some(broker) = shared() else { return };
    broker.create_topic("redrive-mistakes", 1);
    let (code, _, err) = redrive(broker, &["--from", "redrive-no-such"]);
    assert_eq!(code, 2);
    assert!(err.contains("there is no topic 'redrive-no-such'"), "{err}");
    let same = ["--from", "redrive-mistakes", "--to", "redrive-mistakes"];
    let (code, _, err) = redrive(broker, &same);
    assert_eq!(code, 2);
    assert!(err.contains("--to is the topic that --from names"), "{err}");
}

#[test]
fn programs_read_what_became_of_the_letters() {
    let Some(broker) = shared() else { return };
    for topic in ["redrive-json", "redrive-json-home", "redrive-json-home2"] {
        broker.create_topic(topic, 2);
    }
    for key in ["a1", "a2", "a3"] {
        letter(broker, "redrive-json", key, "Order.A", "redrive-json-home", &[]);
    }
    letter(broker, "redrive-json", "b1", "Order.B", "redrive-json-home2", &[]);
    let tired: Headers<'_> = &[("stepstream-redrive-rounds", Some(b"5"))];
    letter(
        broker,
        "redrive-json",
        "b2",
        "Order.B",
        "redrive-json-home2",
        tired,
    );
    let stray = Event {
        key: Some(b"stray"),
        value: Some(b"no letter of ours"),
        ..Event::default()
    };
    broker.produce("redrive-json", [stray]);
    // Put back, not chosen, exhausted, homeless, refused.
    let counts = |of: Value, [back, others, tired, homeless, refused]: [u64; 5]| {
        let mut of = of;
        let counts = json!({"put_back": back, "not_chosen": others, "exhausted": tired, "without_event": 0,
            "homeless": homeless, "not_allowed": 0, "refused": refused});
        let more = counts.as_object().expect("an object").clone();
        of.as_object_mut().expect("an object").extend(more);
        of
    };
    let stray = "(no stepstream-error header)";
    let all = json!({"status": "SOME_STAYED", "from": "redrive-json", "dry_run": true, "limit_reached": false,
        "errors": [counts(json!({"error": stray}), [0, 0, 0, 1, 0]), counts(json!({"error": "Order.A"}), [3, 0, 0, 0, 0]),
            counts(json!({"error": "Order.B"}), [1, 0, 1, 0, 0])],
        "topics": [{"topic": "redrive-json-home", "put_back": 3}, {"topic": "redrive-json-home2", "put_back": 1}],
        "places": [], "truncated_commits": 0});
    let all = counts(all, [4, 0, 1, 1, 0]);
    let (code, document, err) = redrive_json(broker, &["--from", "redrive-json", "--dry-run"]);
    assert_eq!((code, &document, err.as_str()), (1, &all, ""));
    assert!(broker.read("redrive-json-home").is_empty());

    let some = ["--from", "redrive-json", "--error", "Order.A", "--limit", "2"];
    let (code, document, err) = redrive_json(broker, &some);
    assert_eq!((code, err.as_str()), (0, ""), "{document}");
    for (name, value) in [
        ("status", json!("DONE")),
        ("dry_run", json!(false)),
        ("put_back", json!(2)),
        ("limit_reached", json!(true)),
        ("topics", json!([{"topic": "redrive-json-home", "put_back": 2}])),
    ] {
        assert_eq!(document[name], value, "{name} in {document}");
    }

    let (code, document, err) = redrive_json(broker, &["--from", "redrive-no-such"]);
    assert_eq!((code, &document["status"]), (2, &json!("NOT_RUN")));
    let message = document["message"].as_str().expect("a message");
    assert!(
        message.contains("there is no topic 'redrive-no-such'"),
        "{message}"
    );
    assert!(err.contains(message), "{err}");
    let (code, document, _) = redrive_json(broker, &["--from", "redrive-json", "--limit", "many"]);
    assert_eq!((code, &document["status"]), (2, &json!("NOT_RUN")));
}
