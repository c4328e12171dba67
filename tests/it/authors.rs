//! The commands for workflow authors as a user sees them: `test`, `state`, `bench`.

use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_stepstream"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn run_json(arguments: &[&str]) -> (i32, Value) {
    let (code, out, err) = run(&[arguments, &["--format", "json"]].concat());
    (
        code,
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}")),
    )
}

/// Writes a file of a test and returns its path.
fn write(name: &str, text: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("authors");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

const HELLO: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 1, "End": true}}}"#;

#[test]
fn all_samples_pass_and_are_accepted() {
    let (code, document) = run_json(&["test", "config/workflows", "--coverage"]);
    assert_eq!(
        (code, &document["failed"], &document["errors"]),
        (0, &0.into(), &Value::Array(vec![]))
    );
    assert!(document["passed"].as_u64() >= Some(25), "{document}");
    for entry in std::fs::read_dir("config/workflows")
        .expect("the samples")
        .flatten()
    {
        let path = entry.path().display().to_string();
        if path.ends_with(".asl.json") {
            let (code, document) = run_json(&["check", &path]);
            assert_eq!((code, document), (0, Value::Array(vec![])), "{path}");
        }
    }
}

#[test]
fn a_failed_case_shows_where_it_differs() {
    let text = format!(
        r#"{{"definition": {HELLO}, "cases": [
            {{"name": "right", "expect": {{"output": 1.0, "states": ["A"]}}}},
            {{"name": "wrong", "expect": {{"output": {{"a": 1}}}}}}]}}"#
    );
    let file = write("differs.cases.json", &text);
    let (code, out, _) = run(&["test", &file]);
    assert_eq!(code, 1, "{out}");
    assert!(
        out.contains("ok    right") && out.contains("FAIL  wrong (line 3)"),
        "{out}"
    );
    assert!(
        out.contains("output $\n          expected  {\"a\":1}\n          actual    1\n"),
        "{out}"
    );
    assert!(out.ends_with("1 passed, 1 failed\n"), "{out}");
    let (code, document) = run_json(&["test", &file, "--filter", "right"]);
    assert_eq!(
        (code, &document["passed"], &document["failed"]),
        (0, &1.into(), &0.into())
    );
}

#[test]
fn tasks_without_an_answer_and_answers_without_a_task_fail() {
    let definition = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
        "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f"}}}"#;
    let text = format!(
        r#"{{"definition": {definition}, "cases": [
            {{"name": "none", "input": {{"n": 5}}}},
            {{"name": "typo", "tasks": {{"T": {{"result": 1}}, "Tt": {{"result": 1}}}}}},
            {{"name": "given", "tasks": {{"T": {{"parameters": {{"n": 1}}, "result": 1}}}}}}]}}"#
    );
    let (code, out, _) = run(&["test", &write("answers.cases.json", &text)]);
    assert_eq!(code, 1);
    assert!(
        out.contains("call 1 with {\"n\":5}") && out.contains("default_tasks"),
        "{out}"
    );
    assert!(
        out.contains("the definition has no state 'Tt': did you mean \"T\"?"),
        "{out}"
    );
    assert!(out.contains("parameters of 'T' $.n"), "{out}");
}

#[test]
fn what_cannot_be_run_says_why() {
    let missing = write(
        "missing.cases.json",
        r#"{"definition": "no.asl.json", "cases": [{"name": "x"}]}"#,
    );
    let (code, out, _) = run(&["test", &missing]);
    assert!(
        code == 2 && out.contains("no.asl.json cannot be read") && out.contains("1 could not be run"),
        "{out}"
    );
    let refused = write(
        "refused.cases.json",
        "{\"definition\": {\"StartAt\": \"A\",\n\"States\": {\"A\": {\"Type\": \"Pas\"}}},\n\"cases\": [{\"name\": \"x\"}]}",
    );
    let (code, document) = run_json(&["test", &refused]);
    assert_eq!(
        (code, &document["errors"][0]["line"]),
        (2, &2.into()),
        "{document}"
    );
    let (code, out, _) = run(&[
        "test",
        &write("typo.cases.json", "{\"cases\": [],\n\"defintion\": \"x\"}"),
    ]);
    assert!(code == 2 && out.contains("did you mean \"definition\"?"), "{out}");
    let (code, out, _) = run(&["test", "src/cases"]);
    assert!(code == 2 && out.contains("contains no case files"), "{out}");
}

#[test]
fn a_state_is_tried_on_its_own() {
    let file = "config/workflows/order_fulfillment.asl.json";
    let input = r#"{"order_processing_request": {"item": {"item_no": "I", "num_of_items": 5}}}"#;
    let (code, document) = run_json(&["state", file, "check inventory", "--input", input]);
    assert_eq!((code, &document["status"]), (2, &"NO_ANSWER".into()));
    assert_eq!(document["parameters"]["Payload"]["item_no"], "I");
    let error = [
        "state",
        file,
        "check inventory",
        "--input",
        input,
        "--error",
        "Lambda.ServiceException",
    ];
    let (code, document) = run_json(&error);
    assert_eq!((code, &document["status"]), (0, &"RETRIABLE".into()));
    assert_eq!(
        document["inspectionData"]["errorDetails"]["retryBackoffIntervalSeconds"],
        3
    );
    let (code, document) = run_json(&["state", file, "is enough in stock", "--input", input]);
    assert_eq!((code, &document["error"]), (1, &"States.Runtime".into()));
    let (code, _, err) = run(&["state", file, "cancel ordr", "--input", "{}"]);
    assert!(code == 2 && err.contains("did you mean 'cancel order'?"), "{err}");
    let (code, _, err) = run(&["state", file, "cancel order"]);
    assert!(code == 2 && err.contains("--input"), "{err}");
}

#[test]
fn bench_prints_the_members_it_promises() {
    let (file, events) = (
        "config/workflows/order_fulfillment.asl.json",
        "config/workflows/order_fulfillment.events.ndjson",
    );
    let script = ["--task-script", "config/workflows/order_fulfillment.tasks.json"];
    let bench = ["bench", file, "--input-file", events, "--seconds", "0.05"];
    for level in ["OFF", "ALL"] {
        let arguments = [&bench[..], &script, &["--level", level]].concat();
        let (code, document) = run_json(&arguments);
        assert_eq!((code, &document["failed"]), (0, &0.into()), "{document}");
        assert_eq!(document["transitions_per_execution"], 6);
        for member in [
            "executions_per_second",
            "ns_per_execution",
            "spread_percent",
            "ns_index",
            "ns_run",
            "ns_write",
            "memory_bytes_per_execution",
        ] {
            assert!(document[member].is_number(), "{member}: {document}");
        }
    }
    let (code, _, err) = run(&bench);
    assert!(
        code == 2 && err.contains("no answer left for state 'check inventory'"),
        "{err}"
    );
    let broken = write("broken.ndjson", "{\"a\": 1}\n\n{\"a\":\n");
    let (code, _, err) = run(&[
        "bench",
        "config/workflows/hello_world.asl.json",
        "--input-file",
        &broken,
    ]);
    assert!(code == 2 && err.contains("line 3"), "{err}");
}
