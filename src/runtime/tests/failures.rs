//! Dead letters, poison, messages that are not delivered, panics.

use super::super::workflow::{DeadLetter, Workflow};
use super::super::{CAUSE_BYTES_MAX, EVENT_TOO_LARGE, HEADERS_BYTES_MAX, HEADERS_MAX, INVALID_EVENT, PANIC};
use super::{FAIL, PASS, Stage, TASK, with_dead_letter};
use crate::stream::SendError;
use crate::task::Failure;

fn header(stage: &Stage, at: usize, name: &str) -> Option<String> {
    let world = stage.world.borrow();
    let headers = &world.sent[at].headers;
    headers
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.clone())
}

#[test]
fn a_dead_letter_is_the_event_with_its_story() {
    let mut stage = Stage::new(FAIL, with_dead_letter());
    let headers = vec![
        ("trace".to_owned(), Some(b"7".to_vec())),
        (
            "stepstream-error".to_owned(),
            Some(b"of another workflow".to_vec()),
        ),
    ];
    stage.give_to(0, Some("k"), r#"{"error":"E"}"#, headers);
    stage.settle();
    let sent = stage.world.borrow().sent[0].clone();
    assert_eq!((sent.topic.as_str(), sent.key.as_deref()), ("dead", Some("k")));
    assert_eq!(sent.value.as_deref(), Some(r#"{"error":"E"}"#));
    let headers: Vec<_> = sent
        .headers
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        headers,
        [
            "trace=7",
            "stepstream-error=of another workflow",
            "stepstream-error=E",
            "stepstream-cause=because",
            "stepstream-execution=orders-0-0",
            "stepstream-source-topic=orders",
            "stepstream-source-partition=0",
            "stepstream-source-offset=0",
        ]
    );
    assert_eq!(stage.commit(), Some(1));
}

#[test]
fn a_parked_execution_keeps_its_event_for_the_dead_letter() {
    let mut stage = Stage::new(TASK, with_dead_letter());
    stage.give_to(0, Some("k"), r#"{ "a": 1 }"#, vec![("h".to_owned(), None)]);
    stage.settle();
    let ticket = stage.world.borrow().called[0].ticket;
    let failure = Failure {
        error: Some("Lambda.Unknown".to_owned()),
        cause: Some("x".repeat(CAUSE_BYTES_MAX + 1)),
    };
    stage.answer(ticket, Err(failure));
    let sent = stage.world.borrow().sent[0].clone();
    assert_eq!(
        (sent.value.as_deref(), sent.key.as_deref()),
        (Some(r#"{ "a": 1 }"#), Some("k"))
    );
    assert_eq!(sent.headers[0], ("h".to_owned(), "-".to_owned()));
    assert_eq!(
        header(&stage, 0, "stepstream-cause").map(|cause| cause.len()),
        Some(CAUSE_BYTES_MAX)
    );
}

#[test]
fn which_failures_are_dead_letters() {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    for (errors, except, expected) in [
        (list(&[]), list(&[]), vec!["A", "B"]),
        (list(&["A"]), list(&[]), vec!["A"]),
        (list(&[]), list(&["A"]), vec!["B"]),
        (list(&["States.ALL"]), list(&["B"]), vec!["A"]),
    ] {
        let letter = DeadLetter {
            topic: "dead".to_owned(),
            errors,
            except,
        };
        let mut stage = Stage::new(
            FAIL,
            Workflow {
                dead_letter: Some(letter),
                ..Workflow::default()
            },
        );
        stage.give(r#"{"error":"A"}"#);
        stage.give(r#"{"error":"B"}"#);
        stage.settle();
        let sent: Vec<_> = (0..stage.values("dead").len())
            .filter_map(|at| header(&stage, at, "stepstream-error"))
            .collect();
        assert_eq!(sent, expected);
        assert_eq!(stage.commit(), Some(2));
    }
}

#[test]
fn an_event_of_another_kind_is_told() {
    let cases = [
        (
            "\0\0\0\0\u{7}{}",
            ". It looks like a schema registry's frame (a zero byte, then schema id 7): a JSON Schema serializer wrote it.",
        ),
        (
            "Obj\u{1}",
            ". It looks like an Avro file: the value is not JSON but Avro.",
        ),
        ("{\0\"\0", ". It looks like UTF-16: JSON texts are UTF-8."),
        ("[NaN]", "The event's value is not JSON: Non-standard token 'NaN'"),
    ];
    for (value, end) in cases {
        let mut stage = Stage::new(PASS, with_dead_letter());
        stage.give(value);
        stage.settle();
        let cause = header(&stage, 0, "stepstream-cause").expect("a cause");
        assert!(cause.ends_with(end), "{cause}");
    }
}

#[test]
fn names_that_events_invent_do_not_take_the_labels_of_those_that_are_expected() {
    let definition = r#"{"StartAt": "Which", "States": {
        "Which": {"Type": "Choice", "Default": "Invented", "Choices":
            [{"Variable": "$.error", "StringEquals": "", "Next": "Written"}]},
        "Written": {"Type": "Fail", "Error": "Written", "Cause": "it says so"},
        "Invented": {"Type": "Fail", "ErrorPath": "$.error"}}}"#;
    let mut stage = Stage::new(definition, with_dead_letter());
    (0..500).for_each(|at| stage.give(&format!("{{\"error\":\"Invented{at}\"}}")));
    stage.give(r#"{"error":""}"#);
    stage.give(r#"{"error":"States.Timeout"}"#);
    stage.give("not JSON");
    stage.settle();
    for error in ["\"Written\"", "\"States.Timeout\"", INVALID_EVENT] {
        let count = stage.metric("stepstream_dead_letters_total", &[error]);
        assert_eq!(count, 1.0, "{error}");
    }
    let count = stage.metric("stepstream_dead_letters_total", &["\"other\""]);
    assert_eq!(count, 450.0);
}

#[test]
fn a_long_name_of_an_error_is_cut() {
    let mut stage = Stage::new(FAIL, with_dead_letter());
    stage.give(&format!("{{\"error\":\"{}\"}}", "é".repeat(50_000)));
    stage.settle();
    let sent = header(&stage, 0, "stepstream-error");
    assert_eq!(sent, Some("é".repeat(crate::metrics::ERROR_NAME_BYTES_MAX / 2)));
    assert_eq!(stage.commit(), Some(1));
}

#[test]
fn an_event_with_too_many_headers_is_poison() {
    let headers = |count: usize| -> Vec<_> {
        let names = (0..count).map(|index| format!("h{index}"));
        names.map(|name| (name, Some(b"v".to_vec()))).collect()
    };
    for definition in [PASS, TASK] {
        let mut stage = Stage::new(definition, with_dead_letter());
        stage.world.borrow_mut().task = Some(|_| crate::task::Progress::Success);
        stage.give_to(0, Some("k"), "1", headers(HEADERS_MAX));
        stage.give_to(0, Some("k"), "2", headers(HEADERS_MAX + 1));
        let long = vec![("h".to_owned(), Some(vec![b'x'; HEADERS_BYTES_MAX]))];
        stage.give_to(0, Some("k"), "3", long);
        stage.give_to(0, Some("k"), "not JSON", headers(HEADERS_MAX + 1));
        stage.settle();
        assert_eq!(stage.values("out"), ["1"]);
        assert_eq!(stage.values("dead"), ["2", "3", "not JSON"]);
        for (sent, count) in [(1, "1001"), (2, "1"), (3, "1001")] {
            let error = header(&stage, sent, "stepstream-error");
            assert_eq!(error.as_deref(), Some(EVENT_TOO_LARGE));
            let left_out = header(&stage, sent, "stepstream-headers-left-out");
            assert_eq!(left_out.as_deref(), Some(count));
            assert_eq!(stage.world.borrow().sent[sent].headers.len(), 7, "ours alone");
        }
        assert_eq!(stage.commit(), Some(4));
    }
}

#[test]
fn a_letter_loses_all_headers_of_its_event_also_those_that_are_named_as_ours() {
    let mut stage = Stage::new(FAIL, with_dead_letter());
    stage.world.borrow_mut().holds_acks = true;
    let theirs = vec![("stepstream-error".to_owned(), Some(b"theirs".to_vec())); 100];
    stage.give_to(0, None, r#"{"error":"E"}"#, theirs);
    stage.settle();
    for sent in 0..2 {
        let too_large = SendError::TooLarge("more than 10 bytes".to_owned());
        stage.acknowledge(sent, Err(too_large));
    }
    let errors: Vec<_> = stage.world.borrow().sent[2].headers.clone();
    let errors: Vec<_> = errors
        .iter()
        .filter(|(name, _)| name == "stepstream-error")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(errors, ["E"]);
}

#[test]
fn poison() {
    let mut stage = Stage::new(PASS, with_dead_letter());
    stage.give("not JSON");
    stage.give(&format!("\"{}\"", "x".repeat(262_143)));
    stage.give("3");
    stage.settle();
    assert_eq!(
        header(&stage, 0, "stepstream-error").as_deref(),
        Some(INVALID_EVENT)
    );
    assert_eq!(
        header(&stage, 1, "stepstream-error").as_deref(),
        Some(EVENT_TOO_LARGE)
    );
    assert_eq!(stage.values("dead")[0], "not JSON");
    assert_eq!(stage.values("out"), ["3"]);
    assert_eq!(stage.commit(), Some(3));
    assert_eq!(counted(&stage), [3.0, 1.0, 2.0, 1.0], "poison takes no time");
}

/// Executions started, succeeded, failed, and in the histogram of durations.
fn counted(stage: &Stage) -> [f64; 4] {
    let ended = |status: &str| stage.metric("stepstream_executions_total", &[status]);
    [
        stage.metric("stepstream_executions_started_total", &[]),
        ended("SUCCEEDED"),
        ended("FAILED"),
        stage.metric("stepstream_execution_duration_seconds_count", &[]),
    ]
}

#[test]
fn a_dead_letter_that_is_not_delivered_is_sent_again() {
    let mut stage = Stage::new(FAIL, with_dead_letter());
    stage.world.borrow_mut().holds_acks = true;
    stage.give_to(
        0,
        Some("k"),
        r#"{"error":"E"}"#,
        vec![("h".to_owned(), Some(b"v".to_vec()))],
    );
    stage.settle();
    for (round, error) in [
        SendError::Failed("time".to_owned()),
        SendError::Refused("too large".to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        stage.acknowledge(round, Err(error));
        let waits = stage.metric("stepstream_queue_depth", &["unsent"]);
        assert_eq!(waits, 1.0, "until its next try");
        assert_eq!(stage.commit(), None, "not skipped");
        let world = stage.world.borrow();
        assert_eq!(world.sent.len(), round + 2);
        let (first, again) = (&world.sent[0], &world.sent[round + 1]);
        assert_eq!(
            (&first.headers, &first.key, &first.value),
            (&again.headers, &again.key, &again.value)
        );
    }
    stage.acknowledge(2, Ok(()));
    assert_eq!(stage.commit(), Some(1));
}

#[test]
fn a_panic_ends_one_execution() {
    let mut stage = Stage::new(TASK, with_dead_letter());
    stage.world.borrow_mut().task = Some(|parameters| match parameters {
        "1" => panic!("a connector's bug"),
        _ => crate::task::Progress::Success,
    });
    (0..3).for_each(|at| stage.give(&at.to_string()));
    stage.settle();
    assert_eq!(stage.values("out"), ["0", "2"]);
    assert_eq!(stage.values("dead"), ["1"]);
    assert_eq!(header(&stage, 1, "stepstream-error").as_deref(), Some(PANIC));
    let cause = header(&stage, 1, "stepstream-cause").expect("a cause");
    assert!(cause.ends_with("a connector's bug"), "{cause}");
    assert_eq!(stage.commit(), Some(3));
    assert_eq!(counted(&stage), [3.0, 2.0, 1.0, 3.0]);
}

#[test]
fn a_full_sink_pauses_the_source() {
    let mut stage = Stage::new(PASS, super::with_output());
    stage.world.borrow_mut().sink_room = Some(2);
    (0..600).for_each(|at| stage.give(&at.to_string()));
    stage.settle();
    assert_eq!(stage.values("out").len(), 2);
    assert_eq!(stage.world.borrow().events.len(), 100, "one batch was taken");
    assert_eq!(stage.commit(), Some(2));
    let unsent = |stage: &Stage| stage.metric("stepstream_queue_depth", &["unsent"]);
    assert_eq!(unsent(&stage), 498.0, "what was taken and finds no room");
    stage.world.borrow_mut().sink_room = None;
    stage.settle();
    assert_eq!(unsent(&stage), 0.0);
    let expected: Vec<String> = (0..600).map(|at| at.to_string()).collect();
    assert_eq!(stage.values("out"), expected);
}

#[test]
fn a_dead_letter_that_is_too_large_goes_without_its_value() {
    let mut stage = Stage::new(FAIL, with_dead_letter());
    stage.world.borrow_mut().holds_acks = true;
    let headers = vec![("h".to_owned(), Some(b"v".to_vec()))];
    stage.give_to(0, Some("k"), r#"{"error":"E"}"#, headers);
    stage.settle();
    let too_large = || Err(SendError::TooLarge("more than 10 bytes".to_owned()));
    stage.acknowledge(0, too_large());
    {
        let world = stage.world.borrow();
        let smaller = &world.sent[1];
        assert_eq!((&smaller.key, &smaller.value), (&Some("k".to_owned()), &None));
        assert_eq!(smaller.headers[0], ("h".to_owned(), "v".to_owned()));
        let last = smaller.headers.last().expect("a header");
        assert_eq!(*last, ("stepstream-value-bytes".to_owned(), "13".to_owned()));
    }
    stage.acknowledge(1, too_large());
    assert_eq!(stage.world.borrow().sent[2].headers[0].0, "stepstream-error");
    stage.acknowledge(2, too_large());
    assert_eq!(stage.world.borrow().sent[3].key, None);
    // There is nothing left to lose: it waits for the topic to change.
    stage.acknowledge(3, too_large());
    stage.pass(10_000);
    assert_eq!(stage.world.borrow().sent.len(), 5);
    stage.acknowledge(4, Ok(()));
    assert_eq!(stage.commit(), Some(1));
}

#[test]
fn an_output_that_is_too_large_is_never_cut() {
    let mut stage = Stage::new(PASS, super::with_output());
    stage.world.borrow_mut().holds_acks = true;
    stage.give("1");
    stage.settle();
    stage.acknowledge(0, Err(SendError::TooLarge("more than 0 bytes".to_owned())));
    stage.pass(1_000);
    assert_eq!(stage.values("out"), ["1", "1"]);
}
