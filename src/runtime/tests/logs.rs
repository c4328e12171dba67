//! Which records are written, and that an event waits for them.

use super::super::workflow::Workflow;
use super::super::{MemoryLimits, Turn};
use super::{FAIL, PASS, Stage, TASK};
use crate::execution::machine::{LogSettings, MachineSettings};
use crate::execution::records::RECORDS_BYTES_MAX;
use crate::vm::Level;

fn with_log(level: Level, on_failure: Level) -> Workflow {
    Workflow {
        machine: MachineSettings {
            log: Some(LogSettings {
                level,
                on_failure,
                on_failure_bytes_max: 256 << 10,
                include_execution_data: false,
                block: true,
            }),
            ..MachineSettings::default()
        },
        ..Workflow::default()
    }
}

#[track_caller]
fn check(definition: &str, event: &str, level: Level, on_failure: Level, expected: &[&str]) {
    let mut stage = Stage::new(definition, with_log(level, on_failure));
    stage.give(event);
    stage.settle();
    if !stage.world.borrow().called.is_empty() {
        stage.answer_call(0, "not JSON");
    }
    let types: Vec<String> = stage
        .log()
        .iter()
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let arn = record["execution_arn"].as_str().expect("an ARN").to_owned();
            assert!(arn.contains(":express:workflow:orders-0-0:"), "{arn}");
            record["type"].as_str().expect("a type").to_owned()
        })
        .collect();
    assert_eq!(types, expected);
    assert_eq!(stage.commit(), Some(1));
}

#[test]
fn levels() {
    let all = [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ];
    check(PASS, "1", Level::All, Level::All, &all);
    check(PASS, "1", Level::Error, Level::All, &[]);
    check(
        FAIL,
        r#"{"error":"E"}"#,
        Level::Error,
        Level::Error,
        &["FailStateEntered", "ExecutionFailed"],
    );
    check(
        FAIL,
        r#"{"error":"E"}"#,
        Level::Error,
        Level::All,
        &["ExecutionStarted", "FailStateEntered", "ExecutionFailed"],
    );
    check(
        FAIL,
        r#"{"error":"E"}"#,
        Level::Off,
        Level::Fatal,
        &["ExecutionFailed"],
    );
    check(PASS, "not JSON", Level::Error, Level::Error, &["ExecutionFailed"]);
}

#[test]
fn a_parked_execution_is_written_once() {
    let all = [
        "ExecutionStarted",
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionFailed",
        "ExecutionFailed",
    ];
    check(TASK, "1", Level::All, Level::All, &all);
    check(TASK, "1", Level::Error, Level::All, &all);
    check(
        TASK,
        "1",
        Level::Error,
        Level::Error,
        &["LambdaFunctionFailed", "ExecutionFailed"],
    );
}

#[test]
fn an_event_waits_for_its_records() {
    let mut stage = Stage::new(FAIL, with_log(Level::Error, Level::Error));
    stage.world.borrow_mut().log_confirmed = 0;
    stage.give(r#"{"error":"E"}"#);
    stage.settle();
    stage.give(r#"{"error":"E"}"#);
    stage.settle();
    assert_eq!(stage.commit(), None);
    stage.world.borrow_mut().log_confirmed = 1;
    stage.settle();
    assert_eq!(stage.commit(), Some(1));
    stage.world.borrow_mut().log_confirmed = 2;
    stage.settle();
    assert_eq!(stage.commit(), Some(2));
}

#[test]
fn a_lossy_log_holds_nothing() {
    let mut workflow = with_log(Level::Error, Level::Error);
    if let Some(log) = &mut workflow.machine.log {
        log.block = false;
    }
    let mut stage = Stage::new(FAIL, workflow);
    stage.world.borrow_mut().log_confirmed = 0;
    stage.give(r#"{"error":"E"}"#);
    assert_eq!(stage.commit(), Some(1));
}

/// The memory of a shard that a log of so many bytes fills, which has not left the process.
const FULL: MemoryLimits = MemoryLimits {
    shard: 1 << 20,
    execution: 1 << 20,
};

#[test]
fn only_a_log_that_must_not_lose_anything_holds_sources_up() {
    for (block, expected) in [(true, None), (false, Some(1))] {
        let mut workflow = with_log(Level::Error, Level::Error);
        workflow.machine.log.as_mut().expect("a log").block = block;
        let mut stage = Stage::with_memory(PASS, workflow, FULL);
        stage.world.borrow_mut().log_bytes = FULL.shard;
        stage.give("1");
        stage.pass(2_000);
        assert_eq!(stage.commit(), expected, "block: {block}");
        let shown = stage.metric("stepstream_memory_bytes", &["kind=\"log\""]);
        assert_eq!(shown, FULL.shard as f64, "block: {block}");
    }
}

/// What an execution has done so far can be read while it waits.
#[test]
fn records_do_not_wait_for_the_end() {
    let mut stage = Stage::new(TASK, with_log(Level::All, Level::All));
    stage.give("1");
    let idle = stage.settle();
    assert_eq!(stage.log().len(), 0);
    assert!(
        matches!(idle, Turn::Idle(Some(at_ms)) if at_ms <= stage.now_ms + 1_000),
        "{idle:?}"
    );
    stage.pass(1_000);
    assert!(stage.log().len() >= 2, "{:?}", stage.log());
    assert_eq!(stage.commit(), None);
}

/// A definition with so many states that wait, then one that fails.
fn waits(count: usize) -> String {
    let wait = |at: usize| {
        format!(
            r#""{at}": {{"Type": "Wait", "Seconds": 1, "Next": "{}"}}"#,
            at + 1
        )
    };
    let mut states: Vec<String> = (0..count).map(wait).collect();
    states.push(format!(r#""{count}": {{"Type": "Fail", "Error": "E"}}"#));
    format!(r#"{{"StartAt": "0", "States": {{{}}}}}"#, states.join(","))
}

#[test]
fn the_story_of_a_failure_is_whole_whatever_its_input() {
    let numbers = vec!["1"; 30_000].join(",");
    let mut stage = Stage::new(&waits(60), with_log(Level::Error, Level::All));
    stage.give(&format!("[{numbers}]"));
    stage.settle();
    (0..60).for_each(|_| {
        stage.pass(1_000);
    });
    // Two of each Wait, two of the execution, one of Fail.
    assert_eq!(stage.log().len(), 2 * 60 + 2 + 1);
}

#[test]
fn what_a_story_takes_is_limited() {
    let value = r#""Type": "Pass", "Parameters": {"id.$": "States.UUID()"}"#;
    let pass = |at: usize| format!(r#""p{at}": {{{value}, "Next": "{at}"}}, "#);
    let mut definition = waits(60);
    for at in 1..60 {
        definition = definition.replace(&format!(r#""Next": "{at}""#), &format!(r#""Next": "p{at}""#));
        definition = definition.replacen(r#""States": {"#, &format!(r#""States": {{{}"#, pass(at)), 1);
    }
    let mut workflow = with_log(Level::Error, Level::All);
    workflow.machine.log.as_mut().expect("a log").on_failure_bytes_max = 100;
    let mut stage = Stage::new(&definition, workflow);
    stage.give("1");
    stage.settle();
    (0..60).for_each(|_| {
        stage.pass(1_000);
    });
    let log = stage.log();
    assert!((64..80).contains(&log.len()), "{}", log.len());
    assert!(log[0].contains("ExecutionStarted"), "the beginning stays");
    assert!(log.last().expect("the end").contains("ExecutionFailed"));
}

fn with_data(level: Level, on_failure: Level) -> Workflow {
    let mut workflow = with_log(level, on_failure);
    workflow
        .machine
        .log
        .as_mut()
        .expect("a log")
        .include_execution_data = true;
    workflow
}

/// Returns the ids and types of records.
fn ids(log: &[String]) -> Vec<(u64, String)> {
    let record = |line: &String| {
        let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let id = record["id"].as_str().expect("an id").parse().expect("a number");
        (id, record["type"].as_str().expect("a type").to_owned())
    };
    log.iter().map(record).collect()
}

/// Many events refer to one large text.
#[test]
fn the_records_of_one_end_are_limited() {
    const MAP: &str = r#"{"StartAt": "M", "States": {
        "M": {"Type": "Map", "ItemsPath": "$.list", "ItemSelector": {"x.$": "$.x"}, "ResultPath": null, "Next": "F",
            "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}},
        "F": {"Type": "Fail", "Error": "E"}}}"#;
    let mut stage = Stage::new(MAP, with_data(Level::Error, Level::All));
    let list = vec!["0"; 1_000].join(",");
    stage.give(&format!(r#"{{"list":[{list}],"x":"{}"}}"#, "x".repeat(140 << 10)));
    stage.settle();
    let log = stage.log();
    let bytes: usize = log.iter().map(|line| line.len() + 1).sum();
    let most = RECORDS_BYTES_MAX + 2 * (crate::log::encode::TEXT_BYTES_MAX + 1_000);
    assert!((RECORDS_BYTES_MAX..=most).contains(&bytes), "{bytes} of {most}");
    let ids = ids(&log);
    assert!(ids.windows(2).all(|pair| pair[0].0 < pair[1].0), "in order");
    assert_eq!(ids[0], (1, "ExecutionStarted".to_owned()));
    assert_eq!(ids.last().expect("the end").1, "ExecutionFailed");
}

/// A loop with a large value, every event of which is written: while the log is full it waits, so that what lies here is
/// bounded, and nothing is left out.
#[test]
fn a_loop_with_large_values_keeps_its_log_whole_and_bounded() {
    let mut stage = endless(Level::All);
    let bytes = |stage: &Stage| stage.metric("stepstream_memory_bytes", &["kind=\"log\""]);
    for round in 0..12 {
        stage.world.borrow_mut().log_is_full = round % 3 > 0;
        for _ in 0..4 {
            stage.now_ms += 10;
            let now = stage.now();
            stage.shard.turn(now);
        }
        // Four turns' records, and none while it is full.
        assert!(bytes(&stage) <= 4.0 * 6e6, "{round}: {}", bytes(&stage));
        if round % 3 == 1 {
            // The writer takes what there is.
            stage.now_ms += 2_000;
            let now = stage.now();
            stage.shard.turn(now);
        }
    }
    stage.world.borrow_mut().log_is_full = false;
    stage.now_ms += 300_000;
    stage.settle();
    stage.pass(2_000);
    let ids = ids(&stage.log());
    assert_eq!(ids.last().expect("the end").1, "ExecutionTimedOut");
    let all: Vec<u64> = (1..=ids.len() as u64).collect();
    let ids: Vec<u64> = ids.into_iter().map(|(id, _)| id).collect();
    assert!(ids.len() > 100, "{} records", ids.len());
    assert_eq!(ids, all, "none is left out");
}

/// Goes on until its time limit.
const LOOP: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "Next": "C"},
    "C": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "P"}], "Default": "S"},
    "S": {"Type": "Succeed"}}}"#;

fn endless(level: Level) -> Stage {
    let mut stage = Stage::new(LOOP, with_data(level, level));
    stage.give(&format!(r#"{{"x":"{}"}}"#, "x".repeat(200 << 10)));
    let now = stage.now();
    stage.shard.turn(now);
    stage
}

#[test]
fn what_a_turn_writes_is_limited() {
    let mut stage = endless(Level::All);
    let bytes = |stage: &Stage| stage.metric("stepstream_memory_bytes", &["kind=\"log\""]);
    let mut before = bytes(&stage);
    for _ in 0..5 {
        let now = stage.now();
        stage.shard.turn(now);
        let bytes = bytes(&stage);
        let grown = bytes - before;
        assert!(grown > 0.0 && grown <= 6e6, "{grown}");
        before = bytes;
    }
    stage.now_ms += 2_000;
    let now = stage.now();
    stage.shard.turn(now);
    let log = stage.log();
    let ids: Vec<u64> = ids(&log).into_iter().map(|(id, _)| id).collect();
    let all: Vec<u64> = (1..=ids.len() as u64).collect();
    assert_eq!(ids, all, "none is left out");
}

#[test]
fn a_full_log_holds_executions_up() {
    let mut stage = endless(Level::All);
    stage.world.borrow_mut().log_is_full = true;
    // What was appended is shipped.
    stage.pass(2_000);
    let written = stage.log().len();
    assert!(written > 0);
    for ms in [1_000, 10_000, 300_000, 10_000] {
        let turn = stage.pass(ms);
        assert!(matches!(turn, Turn::Idle(_)), "{turn:?}");
        assert_eq!(stage.log().len(), written, "it takes no more");
    }
    stage.world.borrow_mut().log_is_full = false;
    stage.pass(2_000);
    stage.pass(2_000);
    let log = stage.log();
    assert_eq!(ids(&log).last().expect("the end").1, "ExecutionTimedOut");
    assert_eq!(stage.commit(), Some(1));
}
