//! What one execution may do before others have their turn.

use super::super::Turn;
use super::{Stage, WAIT, with_dead_letter, with_output};
use crate::task::{Failure, Progress};
use std::cell::Cell;

/// Beyond any turn: a loop that has no end panics here, and the test fails in place of hanging.
const CALLS_MAX: usize = 100_000;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

fn count_call() {
    CALLS.set(CALLS.get() + 1);
    assert!(CALLS.get() < CALLS_MAX, "a turn without an end");
}

/// One turn ends, and the execution does at its time limit.
fn check(definition: &str, task: fn(&str) -> Progress) {
    CALLS.set(0);
    let mut stage = Stage::new(definition, with_dead_letter());
    stage.world.borrow_mut().task = Some(task);
    stage.give("{}");
    let now = stage.now();
    assert_eq!(stage.shard.turn(now), Turn::Busy);
    assert!(stage.values("dead").is_empty(), "it goes on");
    stage.pass(300_000);
    assert_eq!(stage.values("dead"), ["{}"]);
    let world = stage.world.borrow();
    let error = world.sent[0]
        .headers
        .iter()
        .find(|(name, _)| name == "stepstream-error");
    assert_eq!(error.map(|(_, value)| value.as_str()), Some("States.Timeout"));
}

#[test]
fn tasks_that_fail_at_once_in_a_loop() {
    let definition = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
        "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "T"}]}}}"#;
    check(definition, |_| {
        count_call();
        Progress::Failure(Failure::new("Lambda.TooManyRequestsException", "full"))
    });
}

#[test]
fn tasks_that_succeed_at_once_in_a_loop() {
    let definition = r#"{"StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "Next": "C"},
        "C": {"Type": "Choice", "Default": "T", "Choices": [
            {"Variable": "$.end", "IsPresent": true, "Next": "E"}]},
        "E": {"Type": "Succeed"}}}"#;
    check(definition, |_| {
        count_call();
        Progress::Success
    });
}

#[test]
fn waits_for_no_time_in_a_loop() {
    let definition = r#"{"StartAt": "W", "States": {
        "W": {"Type": "Wait", "Seconds": 0, "Next": "T"},
        "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "Next": "C"},
        "C": {"Type": "Choice", "Default": "W", "Choices": [
            {"Variable": "$.end", "IsPresent": true, "Next": "E"}]},
        "E": {"Type": "Succeed"}}}"#;
    check(definition, |_| {
        count_call();
        Progress::Success
    });
}

#[test]
fn nothing_is_left_of_a_wait_that_was_too_long() {
    let mut stage = Stage::new(WAIT, with_dead_letter());
    stage.give(r#"{"s": 31536000}"#);
    stage.settle();
    stage.pass(300_000);
    assert_eq!(stage.values("dead").len(), 1);
    assert_eq!(stage.commit(), Some(1));
    assert_eq!(stage.settle(), Turn::Idle(None));
}

/// A branch that fails leaves the timer of the other one behind.
#[test]
fn timers_that_nobody_waits_for_are_swept() {
    let definition = r#"{"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 240, "End": true}}},
        {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}}]}}}"#;
    let mut stage = Stage::new(definition, with_dead_letter());
    for _ in 0..20 {
        (0..500).for_each(|_| stage.give("{}"));
        stage.settle();
    }
    assert_eq!(stage.values("dead").len(), 10_000);
    let timers = stage.shard.timers();
    assert!(timers <= 1_024 + 500, "{timers}");
}

/// Work is counted and not measured: a turn ends after a named amount, whatever instruction is running.
#[test]
fn a_large_map_does_not_hold_up_a_small_event() {
    let definition = r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$.items", "End": true,
        "ItemSelector": {"text.$": "$.text"}, "ResultPath": null, "OutputPath": "$.name", "ItemProcessor": {
        "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true, "ResultPath": null, "OutputPath": null,
        "Parameters": {"t.$": "States.Format('{}{}', $.text, $.text)"}}}}}}}"#;
    let mut stage = Stage::new(definition, with_output());
    let (items, text) = (format!("[0{}]", ",0".repeat(399)), "x".repeat(100_000));
    stage.give(&format!(r#"{{"name":"large","items":{items},"text":"{text}"}}"#));
    stage.give(r#"{"name":"small","items":[0],"text":""}"#);
    let now = stage.now();
    let mut turns = 0;
    while stage.values("out").is_empty() {
        assert_eq!(stage.shard.turn(now), Turn::Busy);
        turns += 1;
    }
    assert!(turns <= 2, "{turns} turns");
    assert_eq!(stage.values("out"), [r#""small""#]);
    stage.settle();
    assert_eq!(stage.values("out"), [r#""small""#, r#""large""#]);
}

#[test]
fn many_large_events_share_a_turn() {
    let definition = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true,
        "Parameters": {"t.$": "States.Format('{}{}', $.text, $.text)"}, "OutputPath": null}}}"#;
    let mut stage = Stage::new(definition, with_output());
    let event = format!(r#"{{"text":"{}"}}"#, "x".repeat(100_000));
    (0..100).for_each(|_| stage.give(&event));
    let now = stage.now();
    assert_eq!(stage.shard.turn(now), Turn::Busy);
    let first = stage.values("out").len();
    assert!((10..40).contains(&first), "{first} events in one turn");
    stage.settle();
    assert_eq!(stage.values("out").len(), 100);
    assert_eq!(stage.commit(), Some(100));
}
