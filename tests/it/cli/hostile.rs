//! Texts of an event or a definition that would act on a terminal, or pass for a line of ours: no command
//! prints them as they are.

use super::{Folder, run, run_json};
use serde_json::{Value, json};

/// Clears the screen, sets the window's title, colours, turns the direction, deletes, and begins a line.
const HOSTILE: &str = "x\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\u{2066}\u{7f}\u{2028}\r\nFORGED  line";

/// Says that nothing on either channel acts on a terminal, or begins a line that another has written.
fn check(arguments: &[&str]) -> (i32, String, String) {
    let (code, out, err) = run(arguments);
    for text in [&out, &err] {
        let hidden = |character: char| {
            character != '\n' && (character.is_control() || "\u{202e}\u{2066}\u{2028}".contains(character))
        };
        assert!(!text.contains(hidden), "{arguments:?}: {text:?}");
        assert!(
            !text.lines().any(|line| line.trim_start().starts_with("FORGED")),
            "{text}"
        );
    }
    (code, out, err)
}

fn definition(states: Value) -> String {
    json!({"StartAt": "A", "States": states}).to_string()
}

#[test]
fn exec_and_state() {
    let folder = Folder::new();
    let fail = definition(json!({"A": {"Type": "Pass", "Next": "F"},
        "F": {"Type": "Fail", "ErrorPath": "$.text", "CausePath": "$.text"}}));
    let task = definition(
        json!({"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
        "Parameters": {"FunctionName": "f", "Payload.$": "$"}, "Assign": {"v.$": "$"}}}),
    );
    let (fail, task) = (
        folder.write("fail.asl.json", &fail),
        folder.write("task.asl.json", &task),
    );
    let input = json!({"text": HOSTILE, HOSTILE: 1}).to_string();
    // As text and as a document: the value is the same.
    let (code, out, _) = check(&["exec", &fail, "--input", &input]);
    assert!(
        code == 1 && out.contains("  error   x\\u001b[2J\\u001b]0;owned\\u0007\\u009b31m\\u202e"),
        "{out}"
    );
    check(&["exec", &fail, "--input", &input, "--events"]);
    check(&["exec", &fail, "--input", &input, "--events", "--format", "json"]);
    let (_, document, _) = run_json(&["exec", &fail, "--input", &input]);
    assert_eq!(
        (&document["error"], &document["cause"]),
        (&json!(HOSTILE), &json!(HOSTILE))
    );
    for format in ["text", "json"] {
        assert_eq!(
            check(&["exec", &task, "--input", &input, "--format", format]).0,
            2
        );
        let script = json!([{"state": "B"}, {"state": HOSTILE, "parameters": HOSTILE, "error": HOSTILE, "cause": HOSTILE}]);
        let script = folder.write("script.json", &script.to_string());
        check(&[
            "exec",
            &task,
            "--input",
            &input,
            "--task-script",
            &script,
            "--format",
            format,
        ]);
        let script = json!([{"state": "A", "result": {HOSTILE: HOSTILE}}]).to_string();
        let script = folder.write("script.json", &script);
        assert_eq!(
            check(&[
                "exec",
                &task,
                "--input",
                &input,
                "--task-script",
                &script,
                "--format",
                format
            ])
            .0,
            0
        );
        for more in [
            vec!["--error", HOSTILE, "--cause", HOSTILE],
            vec!["--result", &input],
            vec![],
        ] {
            let arguments = [
                vec!["state", &task, "A", "--input", &input, "--format", format],
                more,
            ]
            .concat();
            check(&arguments);
        }
        check(&["state", &task, HOSTILE, "--input", &input, "--format", format]);
        // What is no JSON is shown with its place.
        let broken = format!("{{\"a\": {HOSTILE}");
        check(&["exec", &task, "--input", &broken, "--format", format]);
        check(&["state", &task, "A", "--input", &broken, "--format", format]);
    }
}

#[test]
fn names_of_a_definition() {
    let folder = Folder::new();
    let named = json!({"StartAt": HOSTILE, "Comment": HOSTILE, HOSTILE: 1, "States": {
        HOSTILE: {"Type": HOSTILE, "Next": HOSTILE, HOSTILE: HOSTILE, "Resource": HOSTILE}, "B": {"Type": "Succeed"}}});
    let raw = named.to_string();
    for (name, text) in [
        ("a.asl.json", raw.clone()),
        ("b.asl.yaml", raw.replace("\\u001b", "\u{1b}")),
    ] {
        let file = folder.write(name, &text);
        for format in ["text", "json"] {
            check(&["check", &file, "--format", format]);
            check(&["exec", &file, "--input", "{}", "--format", format]);
            check(&["state", &file, HOSTILE, "--input", "{}", "--format", format]);
        }
        check(&["disasm", &file]);
    }
    // One that is accepted.
    let name = "turned \u{2067} round";
    let accepted =
        json!({"StartAt": name, "States": {name: {"Type": "Pass", "Result": HOSTILE, "End": true}}});
    let file = folder.write("c.asl.json", &accepted.to_string());
    for command in [
        vec!["exec", &file, "--input", "{}"],
        vec!["disasm", &file],
        vec!["check", &file],
    ] {
        let (_, out, _) = check(&command);
        assert!(!out.contains('\u{2067}'), "{out}");
    }
}

#[test]
fn cases() {
    let folder = Folder::new();
    folder.write(
        "pass.asl.json",
        &definition(json!({"A": {"Type": "Pass", "End": true}})),
    );
    let cases = json!({"definition": "pass.asl.json", "cases": [
        {"name": HOSTILE, "input": {HOSTILE: HOSTILE}, "expect": {"output": {HOSTILE: "y"}}},
        {"name": format!("skipped {HOSTILE}"), "input": 1, "skip": HOSTILE, "expect": {"output": HOSTILE}},
        {"name": format!("fails {HOSTILE}"), "input": 1, "expect": {"status": "FAILED", "error": HOSTILE}}]});
    let file = folder.write("a.cases.json", &cases.to_string());
    let wrong = folder.write(
        "b.cases.json",
        &json!({"definition": HOSTILE, HOSTILE: HOSTILE}).to_string(),
    );
    for format in ["text", "json"] {
        assert_eq!(check(&["test", &file, "--coverage", "--format", format]).0, 1);
        check(&["test", &wrong, "--format", format]);
    }
}

#[test]
fn logs() {
    let folder = Folder::new();
    let record = |id: u32, kind: &str, details: Value| {
        let arn = format!("arn:aws:states:us-east-1:111111111111:express:m:{HOSTILE}:run");
        json!({"id": id.to_string(), "type": kind, "details": details, "previous_event_id": (id - 1).to_string(),
            "event_timestamp": "1767225600000", "execution_arn": arn, "redrive_count": "0"})
        .to_string()
    };
    let lines = [
        record(
            1,
            "ExecutionStarted",
            json!({"input": json!({HOSTILE: HOSTILE}).to_string()}),
        ),
        record(2, "TaskStateEntered", json!({"name": HOSTILE, "input": "{}"})),
        record(
            3,
            "TaskScheduled",
            json!({"resource": HOSTILE, "resourceType": HOSTILE, "parameters": HOSTILE}),
        ),
        record(4, HOSTILE, json!({"name": HOSTILE})),
        record(5, "TaskFailed", json!({"error": HOSTILE, "cause": HOSTILE})),
        record(
            6,
            "TaskStateExited",
            json!({"name": HOSTILE, "output": HOSTILE,
            "assignedVariables": {HOSTILE: HOSTILE}}),
        ),
        record(7, "ExecutionFailed", json!({"error": HOSTILE, "cause": HOSTILE})),
    ];
    let file = folder.write("log.ndjson", &format!("{}\n{HOSTILE}\n", lines.join("\n")));
    for format in ["text", "json"] {
        assert_eq!(check(&["logs", &file, "--format", format]).0, 0);
        assert_eq!(
            check(&["logs", &file, "--execution", "none", "--format", format]).0,
            1
        );
        let arn = format!("arn:aws:states:us-east-1:111111111111:express:m:{HOSTILE}:run");
        check(&["logs", &file, "--execution", &arn, "--format", format]);
    }
    let (_, document, _) = run_json(&["logs", &file]);
    assert_eq!(document["executions"][0]["cause"], HOSTILE);
}
