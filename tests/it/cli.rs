//! The command line as a user sees it: answers, exit codes.

mod aws;
mod convert;
mod demo;
mod embedded;
mod functions;
mod hostile;
mod jsonata;
mod logs;
mod mistakes;
mod mocks;
mod pipe;
mod recorded;
mod stop;
mod web;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of its own for each test.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("stepstream-cli-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Folder(path)
    }

    pub(super) fn path(&self) -> &std::path::Path {
        &self.0
    }

    pub(super) fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepstream"));
    command.args(arguments).stdin(Stdio::null()).env("NO_COLOR", "1");
    command
}

pub(super) fn run(arguments: &[&str]) -> (i32, String, String) {
    shown(&command(arguments).output().expect("the binary runs"))
}

fn shown(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Runs with `--format json`: stdout must be exactly one document.
pub(super) fn run_json(arguments: &[&str]) -> (i32, Value, String) {
    let (code, out, err) = run(&[arguments, &["--format", "json"]].concat());
    let document = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out:?} {err}"));
    (code, document, err)
}

const PASS: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"#;
const FAIL: &str =
    r#"{"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Oops", "Cause": "a \"b\""}}}"#;
const WAIT: &str = r#"{"StartAt": "W", "TimeoutSeconds": 5,
    "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}"#;
const TASK: &str = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
    "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f", "Payload.$": "$"},
    "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 3}]}}}"#;

#[test]
fn exec_echoes_the_output_and_says_how_it_ended() {
    let folder = Folder::new();
    let file = folder.write("pass.asl.json", PASS);
    let input = r#"{"big": 12345678901234567890, "n": 1.10}"#;
    let (code, out, _) = run(&["exec", &file, "--input", input, "--format", "json"]);
    assert_eq!(code, 0);
    assert_eq!(
        out,
        format!("{{\"status\":\"SUCCEEDED\",\"output\":{input},\"task_calls\":[],\"unused_answers\":0}}\n")
    );

    let file = folder.write("fail.asl.json", FAIL);
    let (code, document, _) = run_json(&["exec", &file, "--input", "{}"]);
    assert_eq!(code, 1);
    assert_eq!(
        document,
        json!({"status": "FAILED", "error": "Oops", "cause": "a \"b\"", "task_calls": [], "unused_answers": 0})
    );

    let file = folder.write("wait.asl.json", WAIT);
    let (code, document, _) = run_json(&["exec", &file, "--input", "{}", "--virtual-time"]);
    assert_eq!((code, &document["status"]), (1, &json!("TIMED_OUT")));
    assert!(
        document.get("error").is_none() && document.get("cause").is_none(),
        "{document}"
    );
}

#[test]
fn exec_prints_records() {
    let folder = Folder::new();
    let file = folder.write("my flow.asl.json", FAIL);
    let base = [
        "exec",
        &file,
        "--input",
        "{}",
        "--virtual-time",
        "--now",
        "2026-01-01T00:00:00Z",
    ];
    let names = [
        "--name",
        "run-1",
        "--region",
        "eu-west-1",
        "--account",
        "123456789012",
        "--events",
    ];
    let arguments = [base.as_slice(), &names].concat();
    let (_, document, _) = run_json(&arguments);
    let events = document["events"].as_array().expect("events");
    assert_eq!(events.len(), 3);
    let arn = events[0]["execution_arn"].as_str().expect("an ARN");
    assert!(
        arn.starts_with("arn:aws:states:eu-west-1:123456789012:express:my-flow:run-1:"),
        "{arn}"
    );
    let mut first = events[0].clone();
    first["execution_arn"] = Value::Null;
    assert_eq!(
        first,
        json!({"id": "1", "type": "ExecutionStarted", "details": {"input": "{}",
            "inputDetails": {"truncated": false}, "roleArn": "arn:aws:iam::123456789012:role/stepstream"},
            "previous_event_id": "0", "event_timestamp": "1767225600000", "execution_arn": null,
            "redrive_count": "0"})
    );
    let level = |level: &str| {
        let (_, document, _) = run_json(&[arguments.as_slice(), &["--level", level]].concat());
        let events = document["events"].as_array().expect("events").iter();
        events
            .map(|event| event["id"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(level("ERROR"), ["2", "3"]);
    assert_eq!(level("FATAL"), ["3"]);
    assert!(level("OFF").is_empty());
}

#[test]
fn exec_answers_tasks_from_the_script() {
    let folder = Folder::new();
    let file = folder.write("task.asl.json", TASK);
    let script = folder.write(
        "script.json",
        r#"[{"state": "T", "parameters": {"FunctionName": "g"}, "error": "Busy", "cause": null},
            {"state": "T", "parameters": {"Payload": 1.0, "FunctionName": "f"}, "result": {"a": 1}},
            {"state": "Other", "result": 1}]"#,
    );
    let arguments = [
        "exec",
        &file,
        "--input",
        "1",
        "--task-script",
        &script,
        "--virtual-time",
    ];
    let (code, document, err) = run_json(&arguments);
    assert_eq!(code, 0, "{err}");
    // The second answer is for these parameters, so it comes first.
    assert_eq!(
        (&document["output"], &document["unused_answers"]),
        (&json!({"a": 1}), &json!(2))
    );
    let call = json!({"state": "T", "resource": "arn:aws:states:::lambda:invoke",
        "parameters": {"FunctionName": "f", "Payload": 1}});
    assert_eq!(document["task_calls"], json!([call]));
    assert_eq!(err, "");

    let (code, document, err) = run_json(&["exec", &file, "--input", "2", "--task-script", &script]);
    assert_eq!(
        (code, &document["status"]),
        (0, &json!("SUCCEEDED")),
        "after a real retry"
    );
    assert!(
        err.contains("answer 1 of the script is for other parameters"),
        "{err}"
    );
}

#[test]
fn exec_without_an_answer_says_what_to_write() {
    let folder = Folder::new();
    let file = folder.write("task.asl.json", TASK);
    let (code, document, _) = run_json(&["exec", &file, "--input", "[1, 2]"]);
    assert_eq!(code, 2);
    let parameters = json!({"FunctionName": "f", "Payload": [1, 2]});
    assert_eq!(
        document,
        json!({"status": "NO_ANSWER", "state": "T", "parameters": parameters})
    );
    let (code, _, err) = run(&["exec", &file, "--input", "[1, 2]"]);
    assert_eq!(code, 2);
    assert!(
        err.contains(r#"{"state": "T", "parameters": {"FunctionName":"f","Payload":[1,2]}"#),
        "{err}"
    );
}

#[test]
fn exec_text_shows_the_states_in_order() {
    let folder = Folder::new();
    let file = folder.write("task.asl.json", TASK);
    let script = folder.write(
        "s.json",
        r#"[{"state": "T", "error": "Busy"}, {"state": "T", "result": 7}]"#,
    );
    let arguments = [
        "exec",
        &file,
        "--input",
        "1",
        "--task-script",
        &script,
        "--virtual-time",
    ];
    let (code, out, _) = run(&arguments);
    assert_eq!(code, 0);
    let lines: Vec<&str> = out.lines().map(str::trim).collect();
    for line in [
        "0.000 s  > T (Task)",
        "3.000 s  < T, 3.000 s",
        "SUCCEEDED after 3.000 s",
        "output  7",
    ] {
        assert!(lines.contains(&line), "{line} in {out}");
    }
}

#[test]
fn exec_takes_the_context_of_a_synchronous_run() {
    let folder = Folder::new();
    let context =
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": "$$.Execution", "End": true}}}"#;
    let file = folder.write("context.asl.json", context);
    let output =
        |more: &[&str]| run_json(&[&["exec", &file, "--input", "{}"], more].concat()).1["output"].clone();
    assert_eq!(output(&[])["RedriveCount"], json!(0));
    assert_eq!(output(&["--sync"]).get("RedriveCount"), None);
    assert_eq!(
        output(&["--now", "2026-01-01T00:00:00Z", "--virtual-time"])["StartTime"],
        "2026-01-01T00:00:00.000Z"
    );
}

#[test]
fn exec_reads_its_input_from_a_file_or_stdin() {
    let folder = Folder::new();
    let file = folder.write("pass.asl.json", PASS);
    let input = folder.write("input.json", "[1,\n2]");
    let (code, document, _) = run_json(&["exec", &file, "--input-file", &input]);
    assert_eq!((code, &document["output"]), (0, &json!([1, 2])));

    let mut child = command(&["exec", &file, "--input-file", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    child
        .stdin
        .take()
        .expect("stdin")
        .write_all(b"\"x\"")
        .expect("it reads");
    let (code, out, _) = shown(&child.wait_with_output().expect("it ends"));
    assert_eq!((code, out.contains("\"output\":\"x\"")), (0, true), "{out}");
}

#[test]
fn definitions_may_be_yaml_and_have_substitutions() {
    let folder = Folder::new();
    let yaml = "StartAt: A\nStates:\n  A:\n    Type: Pass\n    Result: ${Greeting}\n    End: true\n";
    let file = folder.write("hello.asl.yaml", yaml);
    let (code, document, err) = run_json(&["exec", &file, "--input", "{}", "--set", "Greeting=hello"]);
    assert_eq!((code, &document["output"]), (0, &json!("hello")), "{err}");
    let (code, document, _) = run_json(&["exec", &file, "--input", "{}"]);
    assert_eq!((code, &document["status"]), (2, &json!("NOT_RUN")));
    assert!(
        document["diagnostics"]
            .as_array()
            .is_some_and(|list| list[0]["line"] == 5),
        "{document}"
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_says_where_it_stood() {
    let folder = Folder::new();
    let file = folder.write("wait.asl.json", WAIT);
    let mut child = command(&["exec", &file, "--input", "{}"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
    let waits = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("> W (Wait)")));
    assert!(waits.is_some(), "it waits");
    let id = child.id().to_string();
    Command::new("kill")
        .args(["-INT", &id])
        .status()
        .expect("kill runs");
    let (code, _, err) = shown(&child.wait_with_output().expect("it ends"));
    assert_eq!((code, err.as_str()), (130, "interrupted in state 'W'\n"));
}
