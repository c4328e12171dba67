//! What one execution may do before others have their turn.

use super::super::Turn;
use super::super::workflow::{Mode, Workflow};
use super::{PASS, Stage, TASK, WAIT, with_dead_letter, with_output};
use crate::execution::shares::{FULL_TURN_WORK, PART_WORK, TURN_WORK};
use crate::stream::{Change, PartitionId};
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

/// A recursion without an end fails its own execution, and takes a turn of its own; the others go on.
#[test]
fn expressions_without_an_end_hold_up_nobody() {
    let definition = r#"{"QueryLanguage": "JSONata", "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true,
        "Output": "{% ($f := function($n){ $states.input = $n ? $f($n) : $n }; $f('endless')) %}"}}}"#;
    let mut stage = Stage::new(definition, with_dead_letter());
    for _ in 0..3 {
        stage.give(r#""endless""#);
        stage.give(r#""other""#);
    }
    let now = stage.now();
    let mut dead = 0;
    for _ in 0..6 {
        stage.shard.turn(now);
        let more = stage.values("dead").len() - dead;
        assert!(more <= 1, "{more} in one turn");
        dead += more;
    }
    assert_eq!(dead, 3);
    stage.settle();
    assert_eq!(stage.values("out"), [r#""endless""#; 3]);
    assert_eq!(stage.commit(), Some(6));
}

/// An answer that came before its limit counts, also when the first turn after it has no work left for hearing it.
#[test]
fn an_answer_in_time_is_no_time_out_behind_an_expression_without_an_end() {
    let definition = r#"{"QueryLanguage": "JSONata", "StartAt": "T", "States": {
        "T": {"Type": "Task", "TimeoutSeconds": 5, "Next": "C",
            "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f"},
        "C": {"Type": "Choice", "Default": "E", "Choices": [
            {"Condition": "{% $states.input = 'endless' %}", "Next": "P"}]},
        "E": {"Type": "Pass", "End": true},
        "P": {"Type": "Pass", "End": true, "Output": "{% ($f := function($n){ $f($n + 1) }; $f(0)) %}"}}}"#;
    let mut stage = Stage::new(
        definition,
        Workflow {
            output: Some("out".to_owned()),
            ..with_dead_letter()
        },
    );
    (0..2).for_each(|_| stage.give("1"));
    stage.settle();
    let called = stage.world.borrow().called.clone();
    let answer = |stage: &Stage, index: usize, text: &str| {
        let ticket = called[index].ticket;
        stage.world.borrow_mut().push_answer(ticket, Ok(text.into()));
    };
    answer(&stage, 0, r#""endless""#);
    let now = stage.now();
    stage.shard.turn(now);
    assert_eq!(stage.values("dead").len(), 1);
    answer(&stage, 1, r#""in time""#);
    stage.now_ms += 5_000;
    stage.settle();
    assert_eq!(stage.values("dead").len(), 1);
    assert_eq!(stage.values("out"), [r#""in time""#]);
}

/// Answers, timers, next turns and events that each evaluate without an end at one moment: one in each turn, and all of them.
#[test]
fn expressions_without_an_end_come_one_in_each_turn() {
    let definition = r#"{"QueryLanguage": "JSONata", "StartAt": "C", "States": {
        "C": {"Type": "Choice", "Default": "P", "Choices": [
            {"Condition": "{% $states.input = 'wait' %}", "Next": "W"},
            {"Condition": "{% $states.input = 'task' %}", "Next": "T"}]},
        "W": {"Type": "Wait", "Seconds": 5, "Next": "P"},
        "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "Next": "P"},
        "P": {"Type": "Pass", "End": true, "Output": "{% ($f := function($n){ $f($n + 1) }; $f(0)) %}"}}}"#;
    const EACH: usize = 3;
    let mut stage = Stage::new(definition, with_dead_letter());
    (0..EACH).for_each(|_| stage.give(r#""wait""#));
    (0..EACH).for_each(|_| stage.give(r#""task""#));
    stage.settle();
    assert!(stage.values("dead").is_empty());
    stage.now_ms += 5_000;
    let called = stage.world.borrow().called.clone();
    for call in called {
        let mut world = stage.world.borrow_mut();
        world.push_answer(call.ticket, Ok(call.parameters.into_bytes()));
    }
    (0..EACH).for_each(|_| stage.give(r#""now""#));
    let (mut kinds, mut worked) = (Vec::new(), 0);
    // A turn that goes on where one was left off may find that nothing is left there.
    for turn in 1..=6 * EACH {
        let now = stage.now();
        if kinds.len() < 3 * EACH {
            assert_eq!(stage.shard.turn(now), Turn::Busy, "turn {turn}");
        }
        worked = worked.max(stage.shard.worked());
        let dead = stage.values("dead");
        assert!(dead.len() <= kinds.len() + 1, "one in each turn: {dead:?}");
        kinds = dead;
    }
    assert_eq!(kinds.len(), 3 * EACH);
    assert!(worked > FULL_TURN_WORK, "{worked} is no matter");
    // None waits for all others of another kind.
    for kind in [r#""wait""#, r#""task""#, r#""now""#] {
        assert!(kinds[..EACH + 1].iter().any(|seen| seen == kind), "{kinds:?}");
    }
    stage.settle();
    assert_eq!(stage.commit(), Some(3 * EACH as i64));
    assert_eq!(stage.shard.leftover(), None);
}

/// Most work of a turn: its own, what its parts may do beyond that, and of each the last thing that it does.
const WORK_MAX: u64 = TURN_WORK + 5 * PART_WORK + 5 * LAST_WORK_MAX;

/// Most work of one thing with an event of [`LARGE`] bytes: taken up, run, compacted and parked.
const LAST_WORK_MAX: u64 = 5 * LARGE as u64;

const LARGE: usize = 100_000;

/// Turns until there is nothing to do; none does too much. Returns how many there were, and their work.
fn settle_within(stage: &mut Stage) -> (usize, u64) {
    let mut sum = 0;
    for turns in 1..10_000 {
        let turn = stage.shard.turn(stage.now());
        let worked = stage.shard.worked();
        sum += worked;
        assert!(worked <= WORK_MAX, "turn {turns} has done {worked}");
        if turn != Turn::Busy {
            return (turns, sum);
        }
    }
    panic!("the shard is busy for ever");
}

fn give_large(stage: &mut Stage, count: usize, seconds: u32) {
    let event = format!(r#"{{"s":{seconds},"text":"{}"}}"#, "x".repeat(LARGE));
    (0..count).for_each(|_| stage.give(&event));
}

/// Large executions for which something comes at the same moment: all have it, in as many turns as it takes.
fn check_moment(definition: &str, seconds: u32, topic: &str, come: impl Fn(&mut Stage)) {
    let mut stage = Stage::new(definition, with_dead_letter());
    give_large(&mut stage, 300, seconds);
    settle_within(&mut stage);
    assert!(stage.values(topic).is_empty());
    come(&mut stage);
    let (turns, _) = settle_within(&mut stage);
    assert!(turns > 5, "{turns} turns");
    assert_eq!(stage.values(topic).len(), 300);
    assert_eq!(stage.commit(), Some(300));
    assert_eq!(stage.shard.leftover(), None);
}

#[test]
fn waits_that_end_at_one_moment_share_turns() {
    check_moment(WAIT, 5, "out", |stage| stage.now_ms += 5_000);
}

#[test]
fn executions_that_time_out_at_one_moment_share_turns() {
    check_moment(WAIT, 31_536_000, "dead", |stage| stage.now_ms += 300_000);
}

#[test]
fn answers_that_come_at_one_moment_share_turns() {
    check_moment(TASK, 0, "out", |stage| {
        let called = stage.world.borrow().called.clone();
        for call in called {
            let mut world = stage.world.borrow_mut();
            world.push_answer(call.ticket, Ok(call.parameters.into_bytes()));
        }
    });
}

#[test]
fn events_that_one_commit_lets_run_share_turns() {
    let workflow = Workflow {
        mode: Mode::Sync,
        sync_batch_max: 300,
        reply: Some("replies".to_owned()),
        ..Workflow::default()
    };
    let mut stage = Stage::new(PASS, workflow);
    stage.world.borrow_mut().commits_at_once = false;
    stage.give("0");
    settle_within(&mut stage);
    // While the first commit is not answered all others come.
    give_large(&mut stage, 300, 0);
    settle_within(&mut stage);
    for (offset, replies) in [(1, 1), (300, 300), (301, 301)] {
        let change = Change::Committed {
            partition: PartitionId(0),
            offset,
            result: Ok(()),
        };
        stage.world.borrow_mut().changes.push_back(change);
        let (turns, _) = settle_within(&mut stage);
        assert!(offset != 300 || turns > 5, "{turns} turns");
        assert_eq!(stage.values("replies").len(), replies);
    }
    assert_eq!(stage.commit(), Some(301));
    assert_eq!(stage.shard.leftover(), None);
}

/// New events have their part of each turn, whatever the others do.
#[test]
fn a_small_event_does_not_wait_for_all_that_is_due() {
    let mut stage = Stage::new(WAIT, with_dead_letter());
    give_large(&mut stage, 300, 5);
    stage.settle();
    stage.now_ms += 5_000;
    stage.give(r#"{"s":"no number"}"#);
    let now = stage.now();
    let turns = (1..100).find(|_| {
        stage.shard.turn(now);
        !stage.values("dead").is_empty()
    });
    assert!(turns.is_some_and(|turns| turns <= 2), "{turns:?} turns");
}
