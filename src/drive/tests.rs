//! Drives with closures and scripts.

use super::*;
use crate::asl;
use crate::compile::compile;
use crate::vm::{EventSet, Identity};

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

/// Drives a definition with a script, returns how it ended and how many milliseconds it took.
fn play(definition: &str, script: &str) -> (String, i64) {
    let mut script = Script::parse(script.as_bytes()).expect("a script");
    let mut calls = Vec::new();
    let mut host = |call: &TaskCall<'_>| {
        calls.push(call.state.to_owned());
        script.take(call).map(|taken| taken.reply)
    };
    let program = program(definition);
    let identity = Identity {
        execution_arn: "",
        execution_name: "",
        role_arn: "",
        state_machine_arn: "",
        state_machine_name: "",
        sync: false,
        event: None,
        whole: None,
    };
    let with = Identified {
        identity,
        kept: EventSet::default(),
        decisions: false,
        now_ms: 0,
        seed: 1,
    };
    let mut run = Run::new();
    let mut clock = VirtualClock::new(0, None);
    let end = drive(&mut run, &program, b"{}", &with, &mut clock, &mut host).expect("it starts");
    let view = run.view(&program);
    let shown = match end {
        End::Over(outcome) if outcome.status == Status::Succeeded => view.to_json(outcome.output),
        End::Over(outcome) if outcome.error.is_none() => format!("{:?}", outcome.status),
        End::Over(outcome) => format!("{:?} {}", outcome.status, view.to_json(outcome.error)),
        End::NoAnswer { state, parameters } => {
            format!(
                "no answer: {} {}",
                program.state_name(state),
                String::from_utf8_lossy(&parameters)
            )
        }
        End::Interrupted(_) => "interrupted".to_owned(),
    };
    (shown, clock.now_ms())
}

fn check(definition: &str, script: &str, wanted: &str, took_ms: i64) {
    assert_eq!(play(definition, script), (wanted.to_owned(), took_ms), "{script}");
}

fn task(more: &str) -> String {
    format!(
        r#"{{"StartAt": "T", "States": {{"T": {{"Type": "Task", "End": true,
            "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f"{more}}}}}}}"#
    )
}

#[test]
fn tasks_answer_in_their_own_time() {
    check(
        &task(""),
        r#"[{"state": "T", "result": {"a": 1.50}, "delay_seconds": 2.5}]"#,
        r#"{"a":1.50}"#,
        2_500,
    );
    check(&task(""), r#"[{"state": "T", "error": "E"}]"#, r#"Failed "E""#, 0);
    check(&task(""), r#"[{"state": "T", "cause": "c"}]"#, "Failed", 0);
    check(&task(""), "[]", "no answer: T {}", 0);
    check(
        &task(""),
        r#"[{"state": "U", "result": 1}]"#,
        "no answer: T {}",
        0,
    );
}

#[test]
fn retries_wait() {
    let retry = task(
        r#", "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 2}]"#,
    );
    let fails = r#"{"state": "T", "error": "E"}"#;
    check(
        &retry,
        &format!(r#"[{fails}, {fails}, {{"state": "T", "result": 1}}]"#),
        "1",
        9_000,
    );
    check(
        &retry,
        &format!("[{fails}, {fails}, {fails}]"),
        r#"Failed "E""#,
        9_000,
    );
}

#[test]
fn time_outs_end_tasks() {
    let never = r#"[{"state": "T", "timed_out": true}]"#;
    let late = r#"[{"state": "T", "result": 1, "delay_seconds": 7}]"#;
    check(
        &task(r#", "TimeoutSeconds": 5"#),
        never,
        r#"Failed "States.Timeout""#,
        5_000,
    );
    check(
        &task(r#", "TimeoutSeconds": 5"#),
        late,
        r#"Failed "States.Timeout""#,
        5_000,
    );
    check(&task(r#", "TimeoutSeconds": 9"#), late, "1", 7_000);
    check(
        &task(r#", "TimeoutSeconds": 9, "HeartbeatSeconds": 4"#),
        late,
        r#"Failed "States.Timeout""#,
        4_000,
    );
    check(&task(""), never, "TimedOut", 300_000);
}

#[test]
fn the_deadline_ends_waits() {
    let wait = |seconds: u32, machine: &str| {
        format!(
            r#"{{"StartAt": "W", {machine} "States": {{"W": {{"Type": "Wait", "Seconds": {seconds}, "End": true}}}}}}"#
        )
    };
    check(&wait(299, ""), "[]", "{}", 299_000);
    check(&wait(300, ""), "[]", "TimedOut", 300_000);
    check(&wait(10, r#""TimeoutSeconds": 10,"#), "[]", "TimedOut", 10_000);
    check(
        &wait(500, r#""TimeoutSeconds": 1000,"#),
        "[]",
        "TimedOut",
        300_000,
    );
}

#[test]
fn a_loop_of_waits_is_bounded() {
    let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1, "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "C"}], "Default": "A"},
        "C": {"Type": "Succeed"}}}"#;
    check(definition, "[]", "TimedOut", 300_000);
}

#[test]
fn answers_due_together_arrive_as_scheduled() {
    let branch = |name: &str| {
        format!(
            r#"{{"StartAt": "{name}", "States": {{"{name}": {{"Type": "Task",
                "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "End": true}}}}}}"#
        )
    };
    let definition = format!(
        r#"{{"StartAt": "P", "States": {{"P": {{"Type": "Parallel", "End": true,
            "Branches": [{}, {}, {}]}}}}}}"#,
        branch("A"),
        branch("B"),
        branch("C")
    );
    let answer = |state: &str, seconds: u32, what: &str| {
        format!(r#"{{"state": "{state}", "delay_seconds": {seconds}, {what}}}"#)
    };
    // The one that arrives first decides the error.
    let script = |a: u32, b: u32, c: u32| {
        let answers = [
            answer("C", c, r#""error": "C""#),
            answer("A", a, r#""result": 1"#),
            answer("B", b, r#""error": "B""#),
        ];
        format!("[{}]", answers.join(","))
    };
    check(&definition, &script(1, 1, 1), r#"Failed "B""#, 1_000);
    check(&definition, &script(1, 2, 1), r#"Failed "C""#, 1_000);
}

#[test]
fn a_script_prefers_equal_parameters() {
    let text = r#"[{"state": "S", "parameters": {"a": 1, "b": "\u0041"}, "result": 1},
        {"state": "S", "parameters": {"b": 2}, "result": 2}, {"state": "S", "result": 3}]"#;
    let mut script = Script::parse(text.as_bytes()).expect("a script");
    let resource = crate::program::Resource {
        arn: "".into(),
        integration: None,
    };
    let mut take = |parameters: &str| {
        let call = TaskCall {
            state: "S",
            resource: &resource,
            parameters: parameters.as_bytes(),
            credentials: None,
            timeout_seconds: None,
            heartbeat_seconds: None,
            retry: 0,
        };
        let taken = script.take(&call)?;
        let Reply::Success { result, .. } = taken.reply else {
            return None;
        };
        Some((String::from_utf8(result).ok()?, taken.difference.is_some()))
    };
    assert_eq!(take(r#"{"b": 2.0}"#), Some(("2".into(), false)));
    assert_eq!(take(r#"{"c": 3}"#), Some(("3".into(), false)));
    assert_eq!(take(r#"{"c": 3}"#), Some(("1".into(), true)));
    assert_eq!(take("{}"), None);
}

#[test]
fn scripts_are_refused_with_the_place() {
    let check = |text: &str, wanted: &str| {
        let error = Script::parse(text.as_bytes()).err().expect("refused");
        assert!(error.message.contains(wanted), "{text}: {}", error.message);
    };
    check("{}", "a script is a list");
    check("[1]", "answer 1 of the script names no \"state\"");
    check(
        r#"[{"state": "A", "result": 1}, {"state": 7}]"#,
        "answer 2 of the script has a \"state\" that is not a string",
    );
    check(r#"[{"state": "A"}]"#, "has none of");
    check(
        r#"[{"state": "A", "error": 1}]"#,
        "\"error\" that is not a string",
    );
    check(
        r#"[{"state": "A", "result": 1, "delay_seconds": "1"}]"#,
        "delay_seconds",
    );
    assert_eq!(
        Script::parse(b"[1,]").err().and_then(|error| error.offset),
        Some(3)
    );
}
