//! A panic anywhere on an event's way ends that event, and no other.

use super::super::workflow::{Mode, Workflow};
use super::super::{Ordering, PANIC, Turn};
use super::{Stage, TASK, with_dead_letter};
use crate::execution::machine::{LogSettings, MachineSettings};
use crate::execution::steps::Step;
use crate::execution::tests::fault;
use crate::task::Failure;
use crate::vm::Level;
use std::collections::BTreeMap;

/// Ends by itself, after a time, by a task's answer, at its time limit, or with a failure, as the event says.
const WAYS: &str = r#"{"StartAt": "C", "TimeoutSeconds": 20, "States": {
    "C": {"Type": "Choice", "Default": "E", "Choices": [
        {"Variable": "$.way", "StringEquals": "fail", "Next": "F"},
        {"Variable": "$.way", "StringEquals": "wait", "Next": "W"},
        {"Variable": "$.way", "StringMatches": "task*", "Next": "T"}]},
    "F": {"Type": "Fail", "Error": "E", "Cause": "because"},
    "W": {"Type": "Wait", "Seconds": 5, "Next": "E"},
    "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "Next": "E"},
    "E": {"Type": "Succeed"}}}"#;

/// The events: key and value. The second task is never answered.
const EVENTS: [(&str, &str); 8] = [
    ("a", r#"{"n":0,"way":"none"}"#),
    ("a", r#"{"n":1,"way":"task"}"#),
    ("a", r#"{"n":2,"way":"wait"}"#),
    ("b", "no JSON"),
    ("b", r#"{"n":4,"way":"fail"}"#),
    ("c", r#"{"n":5,"way":"task-lost"}"#),
    ("c", r#"{"n":6,"way":"none"}"#),
    ("d", r#"{"n":7,"way":"wait"}"#),
];

/// All places; a new one is to be tried here.
pub(super) const STEPS: [Step; 14] = [
    Step::Hold,
    Step::Start,
    Step::Advance,
    Step::Resume,
    Step::TimeOut,
    Step::Park,
    Step::Unpark,
    Step::Record,
    Step::Refusal,
    Step::Cancel,
    Step::Output,
    Step::DeadLetter,
    Step::Reply,
    Step::Send,
];

fn workflow(mode: Mode) -> Workflow {
    Workflow {
        mode,
        ordering: Ordering::Key,
        reply: Some("replies".to_owned()),
        machine: MachineSettings {
            log: Some(LogSettings {
                level: Level::All,
                on_failure: Level::All,
                on_failure_bytes_max: 256 << 10,
                include_execution_data: true,
                block: true,
            }),
            ..MachineSettings::default()
        },
        ..with_dead_letter()
    }
}

/// What was sent for each event: the topic, and the error if there was one.
type Stories = BTreeMap<String, Vec<(String, Option<String>)>>;

/// What is left of a world in which all events came and had the time they need.
struct Left {
    stories: Stories,
    committed: i64,
    panics: f64,
    started: f64,
    ended: f64,
    log: Vec<String>,
    last: Turn,
}

fn play(mode: Mode) -> Left {
    let mut stage = Stage::new(WAYS, workflow(mode));
    stage.world.borrow_mut().log_confirmed = 0;
    for (key, value) in EVENTS {
        stage.give_to(0, Some(key), value, Vec::new());
    }
    let (mut answered, mut asked) = (0, 0);
    for _ in 0..30 {
        stage.pass(1_000);
        let commits = stage.world.borrow().commits.clone();
        for (_, commit, is_asked) in &commits[asked..] {
            if *is_asked {
                stage.committed(0, commit.offset, Ok(()));
            }
        }
        asked = commits.len();
        let called = stage.world.borrow().called.clone();
        for (at, call) in called.iter().enumerate().skip(answered) {
            if !call.parameters.contains("lost") {
                stage.answer_call(at, &call.parameters);
            }
        }
        answered = called.len();
        let mut world = stage.world.borrow_mut();
        world.log_confirmed = world.log_mark;
    }
    let last = stage.settle();
    let ended = ["SUCCEEDED", "FAILED", "TIMED_OUT"];
    let world = stage.world.borrow();
    Left {
        stories: stories(&world.sent),
        committed: world.commits.last().map_or(0, |(_, commit, _)| commit.offset),
        panics: stage.metric("stepstream_panics_total", &[]),
        started: stage.metric("stepstream_executions_started_total", &[]),
        ended: ended
            .map(|status| stage.metric("stepstream_executions_total", &[status]))
            .iter()
            .sum(),
        log: stage.log(),
        last,
    }
}

fn stories(sent: &[super::world::Sent]) -> Stories {
    let mut stories = Stories::new();
    for sent in sent {
        let header = |name: &str| {
            let found = sent.headers.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        let event = header("stepstream-execution").expect("each message names its event");
        let story = stories.entry(event).or_default();
        story.push((sent.topic.clone(), header("stepstream-error")));
    }
    stories
}

/// Strikes once at each passing of a place, each in a world of its own; returns how often that was.
fn strike(mode: Mode, step: Step) -> u32 {
    let whole = play(mode);
    assert_eq!(whole.stories.len(), EVENTS.len());
    for passes in 0..1_000 {
        fault::arm(step, passes);
        let left = play(mode);
        if fault::disarm() {
            return passes;
        }
        let name = format!("{mode:?} {step:?} {passes}");
        assert_eq!(left.panics, 1.0, "{name}");
        assert_eq!((left.started, left.ended), (8.0, 8.0), "{name}");
        assert_eq!(left.committed, 8, "{name}");
        assert_eq!(left.last, Turn::Idle(None), "{name}: something is waited for");
        for line in &left.log {
            let record = serde_json::from_str::<serde_json::Value>(line);
            assert!(record.is_ok(), "{name}: half a record: {line}");
        }
        let mut changed = left.stories.iter();
        let changed: Vec<_> = changed
            .by_ref()
            .filter(|(event, story)| whole.stories[*event] != **story)
            .collect();
        assert!(changed.len() <= 1, "{name}: {changed:?}");
        for (event, story) in &changed {
            let count = |topic: &str| story.iter().filter(|(known, _)| known == topic).count();
            assert!(count("out") + count("dead") == 1, "{name}: {story:?}");
            let is_told = story
                .iter()
                .any(|(topic, error)| topic == "dead" && error.as_deref() == Some(PANIC));
            // What cannot be replied is told in the log, and that is all.
            let mut without_reply = whole.stories[*event].clone();
            without_reply.retain(|(topic, _)| topic != "replies");
            let is_unanswered = matches!(step, Step::Reply | Step::Send) && **story == without_reply;
            assert!(is_told || is_unanswered, "{name}: {story:?}");
        }
        let is_only_told = matches!(step, Step::Refusal | Step::Cancel);
        assert!(changed.len() == 1 || is_only_told, "{name}: nothing was changed");
    }
    panic!("{step:?} is passed for ever");
}

#[test]
fn a_panic_in_sending_what_had_to_wait_ends_that_message() {
    let mut stage = Stage::new(super::PASS, super::with_output());
    stage.world.borrow_mut().sink_room = Some(0);
    (0..3).for_each(|at| stage.give(&at.to_string()));
    stage.settle();
    fault::arm(Step::Resend, 1);
    stage.world.borrow_mut().sink_room = None;
    stage.settle();
    assert_eq!(stage.values("out"), ["0", "2"]);
    assert_eq!(stage.metric("stepstream_panics_total", &[]), 1.0);
    assert_eq!(stage.commit(), Some(3));
    assert_eq!(stage.shard.leftover(), None);
}

#[test]
fn a_panic_at_any_place_ends_one_event() {
    for mode in [Mode::Async, Mode::Sync] {
        for step in STEPS {
            let struck = strike(mode, step);
            let is_possible = mode == Mode::Sync || step != Step::Reply;
            assert_eq!(struck > 0, is_possible, "{mode:?} {step:?}");
        }
    }
}

#[test]
fn a_panic_in_a_call_is_counted() {
    let mut stage = Stage::new(TASK, Workflow::default());
    stage.give("0");
    stage.settle();
    let ticket = stage.world.borrow().called[0].ticket;
    stage.answer(ticket, Err(Failure::panicked("a fault of the test")));
    stage.pass(2_000);
    assert_eq!(stage.metric("stepstream_panics_total", &[]), 1.0);
}
