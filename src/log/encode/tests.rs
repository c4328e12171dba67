//! Records as bytes.

use super::*;
use crate::asl;
use crate::compile::compile;
use crate::drive::{Reply, TaskCall, VirtualClock, drive};
use crate::program::Program;
use crate::vm::{EventSet, Identified, Identity, Level, Run};

fn identity() -> Identity<'static> {
    Identity {
        execution_arn: "arn:express",
        execution_name: "run",
        role_arn: "arn:role",
        state_machine_arn: "arn:machine",
        state_machine_name: "machine",
        sync: false,
        event: None,
        whole: None,
    }
}

fn program(definition: &str) -> Program {
    let source = asl::Source {
        name: "test",
        text: definition,
        format: asl::Format::Json,
    };
    let report = asl::check(&source, &asl::Options::default());
    compile(
        &report
            .machine
            .unwrap_or_else(|| panic!("{:?}", report.diagnostics)),
    )
}

/// Returns the records of a run, without the tail that all have.
fn records(definition: &str, input: &str, include: bool, answers: Vec<Reply>) -> Vec<String> {
    let program = program(definition);
    let with = Identified {
        identity: identity(),
        kept: EventSet::of(Level::All),
        decisions: false,
        now_ms: 0,
        seed: 1,
    };
    let mut run = Run::new();
    let mut answers = answers.into_iter();
    let mut host = |_: &TaskCall<'_>| answers.next();
    let mut clock = VirtualClock::new(1_720_023_981_000, None);
    drive(&mut run, &program, input.as_bytes(), &with, &mut clock, &mut host).expect("it starts");
    let encoder = Encoder {
        program: &program,
        execution_arn: "arn:express",
        role_arn: "arn:role",
        region: "REGION",
        include_execution_data: include,
    };
    let record = |event| {
        let mut out = Vec::new();
        encoder.write(run.view(&program), event, &mut out);
        let text = String::from_utf8(out).expect("UTF-8");
        let tail = r#","execution_arn":"arn:express","redrive_count":"0"}"#;
        let time = r#","event_timestamp":"1720023981000""#;
        let text = text.strip_suffix(tail).expect("the tail");
        text.strip_suffix(time).unwrap_or(text).to_owned()
    };
    run.events().iter().map(record).collect()
}

fn check(definition: &str, input: &str, include: bool, answers: Vec<Reply>, wanted: &[&str]) {
    let records = records(definition, input, include, answers);
    assert_eq!(records, wanted, "{records:#?}");
}

const TASK: &str = r#"{"StartAt": "S \"1\"", "States": {"S \"1\"": {"Type": "Task", "End": true,
    "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 5, "HeartbeatSeconds": 4,
    "Credentials": {"RoleArn": "arn:other"}, "Parameters": {"FunctionName": "f", "P.$": "$"}}}}"#;

#[test]
fn a_task_that_fails() {
    let failure = Reply::Failure {
        after_ms: 0,
        error: Some("Exception".into()),
        cause: Some("{\"a\": \"\n\"}".into()),
    };
    check(
        TASK,
        "{\"a\":\t\"b\\n\"}",
        true,
        vec![failure],
        &[
            r#"{"id":"1","type":"ExecutionStarted","details":{"input":"{\"a\":\t\"b\\n\"}","inputDetails":{"truncated":false},"roleArn":"arn:role"},"previous_event_id":"0""#,
            r#"{"id":"2","type":"TaskStateEntered","details":{"input":"{\"a\":\t\"b\\n\"}","inputDetails":{"truncated":false},"name":"S \"1\""},"previous_event_id":"0""#,
            r#"{"id":"3","type":"TaskScheduled","details":{"heartbeatInSeconds":4,"parameters":"{\"FunctionName\":\"f\",\"P\":{\"a\":\"b\\n\"}}","region":"REGION","resource":"invoke","resourceType":"lambda","taskCredentials":{"roleArn":"arn:other"},"timeoutInSeconds":5},"previous_event_id":"2""#,
            r#"{"id":"4","type":"TaskStarted","details":{"resource":"invoke","resourceType":"lambda"},"previous_event_id":"3""#,
            r#"{"id":"5","type":"TaskFailed","details":{"cause":"{\"a\": \"\n\"}","error":"Exception","resource":"invoke","resourceType":"lambda"},"previous_event_id":"4""#,
            r#"{"id":"6","type":"ExecutionFailed","details":{"cause":"{\"a\": \"\n\"}","error":"Exception"},"previous_event_id":"5""#,
        ],
    );
}

#[test]
fn without_execution_data() {
    let success = Reply::Success {
        after_ms: 0,
        result: b"{}".to_vec(),
    };
    check(
        TASK,
        "{}",
        false,
        vec![success],
        &[
            r#"{"id":"1","type":"ExecutionStarted","details":{"roleArn":"arn:role"},"previous_event_id":"0""#,
            r#"{"id":"2","type":"TaskStateEntered","details":{"name":"S \"1\""},"previous_event_id":"0""#,
            r#"{"id":"3","type":"TaskScheduled","details":{"heartbeatInSeconds":4,"region":"REGION","resource":"invoke","resourceType":"lambda","taskCredentials":{"roleArn":"arn:other"},"timeoutInSeconds":5},"previous_event_id":"2""#,
            r#"{"id":"4","type":"TaskStarted","details":{"resource":"invoke","resourceType":"lambda"},"previous_event_id":"3""#,
            r#"{"id":"5","type":"TaskSucceeded","details":{"resource":"invoke","resourceType":"lambda"},"previous_event_id":"4""#,
            r#"{"id":"6","type":"TaskStateExited","details":{"name":"S \"1\""},"previous_event_id":"5""#,
            r#"{"id":"7","type":"ExecutionSucceeded","details":{},"previous_event_id":"6""#,
        ],
    );
}

#[test]
fn a_missed_heartbeat_times_out() {
    let records = records(TASK, "{}", true, vec![Reply::Never]);
    assert_eq!(
        records[4],
        r#"{"id":"5","type":"TaskTimedOut","details":{"error":"States.Timeout","resource":"invoke","resourceType":"lambda"},"previous_event_id":"4","event_timestamp":"1720023985000""#
    );
}

#[test]
fn a_function_by_its_arn() {
    let definition = r#"{"StartAt": "F", "States": {"F": {"Type": "Task", "End": true,
        "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f"}}}"#;
    let success = Reply::Success {
        after_ms: 0,
        result: b"1.0".to_vec(),
    };
    let records = records(definition, "{}", true, vec![success]);
    assert_eq!(
        records[2..5],
        [
            r#"{"id":"3","type":"LambdaFunctionScheduled","details":{"input":"{}","inputDetails":{"truncated":false},"resource":"arn:aws:lambda:us-east-1:111111111111:function:f"},"previous_event_id":"2""#,
            r#"{"id":"4","type":"LambdaFunctionStarted","details":{},"previous_event_id":"3""#,
            r#"{"id":"5","type":"LambdaFunctionSucceeded","details":{"output":"1.0","outputDetails":{"truncated":false}},"previous_event_id":"4""#,
        ]
    );
}

#[test]
fn variables_are_texts_and_branches_keep_theirs() {
    let definition = r#"{"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}],
            "Assign": {"n": 42, "label": "text", "all.$": "$"}, "End": true}}}"#;
    let records = records(definition, "[1, 2]", true, Vec::new());
    assert_eq!(
        records[2..],
        [
            r#"{"id":"3","type":"ParallelStateStarted","details":{},"previous_event_id":"2""#,
            r#"{"id":"4","type":"PassStateEntered","details":{"input":"[1, 2]","inputDetails":{"truncated":false},"name":"A"},"previous_event_id":"3""#,
            r#"{"id":"5","type":"PassStateExited","details":{"name":"A","output":"[1, 2]","outputDetails":{"truncated":false}},"previous_event_id":"4""#,
            r#"{"id":"6","type":"ParallelStateSucceeded","details":{},"previous_event_id":"5""#,
            r#"{"id":"7","type":"ParallelStateExited","details":{"assignedVariables":{"n":"42","label":"\"text\"","all":"[[1,2]]"},"assignedVariablesDetails":{"truncated":false},"name":"P","output":"[[1,2]]","outputDetails":{"truncated":false}},"previous_event_id":"5""#,
            r#"{"id":"8","type":"ExecutionSucceeded","details":{"output":"[[1,2]]","outputDetails":{"truncated":false}},"previous_event_id":"7""#,
        ]
    );
}

#[test]
fn long_data_is_cut_between_characters() {
    let pass = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"#;
    // Quotes take two bytes in the record, so every offset of the cut occurs.
    for (unit, padding) in [
        ("\\\"", 0),
        ("\\\"", 1),
        ("\\\"", 2),
        ("é", 0),
        ("é", 1),
        ("😀", 1),
        ("😀", 2),
    ] {
        let count = (TEXT_BYTES_MAX + 100) / (unit.len() + unit.matches(['\\', '"']).count());
        let input = format!("\"{}{}\"", "x".repeat(padding), unit.repeat(count));
        for record in &records(pass, &input, true, Vec::new()) {
            let document: serde_json::Value = serde_json::from_str(&format!("{record}}}")).expect("JSON");
            let details = &document["details"];
            let field = if details["input"].is_string() {
                "input"
            } else {
                "output"
            };
            assert_eq!(details[format!("{field}Details")]["truncated"], true);
            let text = details[field].as_str().expect("a text");
            assert!(input.starts_with(text), "{unit}");
            let escaped = serde_json::to_string(text).expect("a text").len() - 2;
            assert!(
                (TEXT_BYTES_MAX - 4..=TEXT_BYTES_MAX).contains(&escaped),
                "{escaped}"
            );
        }
    }
}
