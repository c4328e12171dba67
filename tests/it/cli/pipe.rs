//! `stepstream pipe`.

use super::{Folder, command, shown};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

/// Fails if the input has `bad`, waits if it has `wait`, else hands its input on.
const DEFINITION: &str = r#"{"StartAt": "C", "States": {
    "C": {"Type": "Choice", "Choices": [
        {"Variable": "$.bad", "IsPresent": true, "Next": "F"},
        {"Variable": "$.wait", "IsPresent": true, "Next": "W"}], "Default": "E"},
    "F": {"Type": "Fail", "Error": "Bad", "Cause": "so \"bad\""},
    "W": {"Type": "Wait", "Seconds": 1, "Next": "E"},
    "E": {"Type": "Succeed"}}}"#;

fn pipe(arguments: &[&str], input: &str) -> (i32, String, String) {
    let folder = Folder::new();
    let file = folder.write("w.asl.json", DEFINITION);
    let mut child = command(&[&["pipe", &file], arguments].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writing = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writing.join().expect("no panic").expect("all is read");
    shown(&output)
}

#[test]
fn outputs_are_dense_and_in_order() {
    let input: String = (0..20_000)
        .map(|at| format!("{{ \"n\": {at}, \"s\": \"a b\" }}\n"))
        .collect();
    let expected: String = (0..20_000)
        .map(|at| format!("{{\"n\":{at},\"s\":\"a b\"}}\n"))
        .collect();
    for shards in ["1", "3"] {
        let (code, out, err) = pipe(&["--shards", shards], &input);
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out == expected, "{shards} shards");
    }
}

#[test]
fn one_that_waits_holds_back_those_behind_unless_unordered() {
    let input = "{\"wait\":1}\n{\"n\":2}\n{\"n\":3}";
    let (_, out, _) = pipe(&["--shards", "1"], input);
    assert_eq!(out, "{\"wait\":1}\n{\"n\":2}\n{\"n\":3}\n");
    let (_, out, _) = pipe(&["--unordered", "--shards", "1"], input);
    assert_eq!(out, "{\"n\":2}\n{\"n\":3}\n{\"wait\":1}\n");
}

#[test]
fn failures_have_their_own_place() {
    let input = format!(
        "{{\"n\":1}}\n\n  \r\n{{\"bad\": 4}}\nnope\r\n\"{}\"\n{{\"n\":7}}\n",
        "x".repeat(300_000)
    );
    let (code, out, err) = pipe(&[], &input);
    assert_eq!((code, out.as_str()), (1, "{\"n\":1}\n{\"n\":7}\n"));
    let failures: Vec<serde_json::Value> = err
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let told: Vec<_> = failures
        .iter()
        .map(|one| (one["line"].as_u64(), one["error"].as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Some(4), Some("Bad")),
            (Some(5), Some("Stepstream.InvalidEvent")),
            (Some(6), Some("Stepstream.EventTooLarge"))
        ]
    );
    assert_eq!(
        (&failures[0]["input"]["bad"], &failures[0]["cause"]),
        (&4.into(), &"so \"bad\"".into())
    );
    assert_eq!(failures[1]["input"], "nope");
    let folder = Folder::new();
    let file = folder.write("failed.ndjson", "");
    let (code, _, rest) = pipe(&["--failed", &file], &input);
    assert_eq!((code, rest.as_str()), (1, ""));
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), err);
}

#[test]
fn tasks_are_served_by_the_configuration() {
    let folder = Folder::new();
    let definition = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
        "Resource": "arn:aws:states:::lambda:invoke", "OutputPath": "$.Payload",
        "Parameters": {"FunctionName": "slow", "Payload.$": "$"}}}}"#;
    let file = folder.write("t.asl.json", definition);
    let (code, _, err) = super::run(&["pipe", &file]);
    assert_eq!(code, 2);
    assert!(err.contains("'slow'") && err.contains("--config"), "{err}");
    let config = folder.write(
        "c.toml",
        "[tasks]\nslow = { function = \"delay\", milliseconds = 20 }\n",
    );
    let mut child = command(&["pipe", &file, "--config", &config])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"[1]\n[2]\n").expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(shown(&output).1, "[1]\n[2]\n");
}

#[cfg(unix)]
#[test]
fn an_interrupt_finishes_what_was_read() {
    let folder = Folder::new();
    let file = folder.write("w.asl.json", DEFINITION);
    let mut child = command(&["pipe", &file])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"{\"n\":1}\n{\"wait\":2}\n").expect("it reads");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    out.read_line(&mut line).expect("an output before the input ends");
    assert_eq!(line, "{\"n\":1}\n");
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.expect("kill runs").success());
    let mut rest = String::new();
    out.read_to_string(&mut rest)
        .expect("it ends while its input is open");
    assert_eq!(rest, "{\"wait\":2}\n");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    drop(stdin);
}
