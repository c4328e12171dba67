//! Which records are written, and that an event waits for them.

use super::super::workflow::{LogSettings, Workflow};
use super::{FAIL, PASS, Stage, TASK};
use crate::vm::Level;

fn with_log(level: Level, on_failure: Level) -> Workflow {
    Workflow {
        log: Some(LogSettings {
            level,
            on_failure,
            on_failure_bytes_max: 256 << 10,
            include_execution_data: false,
            block: true,
        }),
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
    if let Some(log) = &mut workflow.log {
        log.block = false;
    }
    let mut stage = Stage::new(FAIL, workflow);
    stage.world.borrow_mut().log_confirmed = 0;
    stage.give(r#"{"error":"E"}"#);
    assert_eq!(stage.commit(), Some(1));
}
