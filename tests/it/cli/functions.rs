//! Functions as processes, with AWS's own client for Python.

use super::pipe::feed;
use super::{Folder, command};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Where `.ci/run` puts AWS's client, as `tests/functions/requirements.txt` says.
fn python() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let python = target.join("functions/bin/python3");
    if python.exists() {
        return Some(python);
    }
    assert!(
        std::env::var_os("STEPSTREAM_REQUIRE_FUNCTIONS").is_none(),
        "{} is missing: python3 -m venv, then pip install -r tests/functions/requirements.txt",
        python.display()
    );
    eprintln!("SKIPPED: {} is missing", python.display());
    None
}

/// Runs events through a workflow of one task, `FunctionName` from the event, and returns what became of each, and what is
/// on stderr.
fn run_all(options: &str, handler: &str, events: &[Value]) -> Option<(Vec<Value>, String)> {
    let python = python()?;
    let folder = Folder::new();
    let definition = json!({"StartAt": "Call", "States": {"Call": {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true, "OutputPath": "$.Payload",
        "Parameters": {"FunctionName.$": "$.function", "Payload.$": "$"}}}});
    let handlers = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/functions");
    let config = format!(
        "[tasks]\n\"work-*\" = {{ runtime = ['{}', '-B', '-m', 'awslambdaric', '{handler}'], directory = '{handlers}', {options} }}\n",
        python.display()
    );
    let (definition, config) = (
        folder.write("call.asl.json", &definition.to_string()),
        folder.write("stepstream.toml", &config),
    );
    let failed = folder.path().join("failed.ndjson").display().to_string();
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    let arguments = [
        "pipe",
        &definition,
        "--config",
        &config,
        "--shards",
        "2",
        "--failed",
        &failed,
    ];
    let (_, stdout, stderr) = feed(&mut command(&arguments), &lines);
    let failed = std::fs::read_to_string(&failed).unwrap_or_default();
    let read = |text: &str| -> Vec<Value> {
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("JSON lines")
    };
    Some((read(&stdout).into_iter().chain(read(&failed)).collect(), stderr))
}

#[test]
fn real_handlers_answer_and_fail_as_at_aws() {
    let event = |what: &str| json!({"function": "work-a", "do": what});
    let large = json!({"function": "work-a", "do": "large", "bytes": 300_000});
    let events = [
        event("echo"),
        event("raise"),
        event("exit"),
        event("kill"),
        event("hang"),
        large,
        event("print"),
    ];
    let options = "instances = 2, timeout = '2s'";
    let Some((found, stderr)) = run_all(options, "handlers.work", &events) else {
        return;
    };
    let echo = &found[0];
    assert_eq!(echo["event"], events[0]);
    assert_eq!(
        echo["arn"],
        "arn:aws:lambda:us-east-1:111111111111:function:work-a"
    );
    assert_eq!(
        (&echo["function"], &echo["left"], &echo["key"]),
        (&json!("work-a"), &json!(true), &json!("stdin-0-1/Call"))
    );
    assert!(found[1].is_u64(), "the process that printed: {}", found[1]);
    let errors: Vec<(&str, &str)> = found[2..]
        .iter()
        .map(|failed| {
            (
                failed["error"].as_str().unwrap_or("?"),
                failed["cause"].as_str().unwrap_or("?"),
            )
        })
        .collect();
    let check = |error: &str, cause: &str| {
        assert!(
            errors
                .iter()
                .any(|(found, text)| *found == error && text.contains(cause)),
            "{error}, {cause}: {errors:#?}"
        );
    };
    assert_eq!(errors.len(), 5);
    check(
        "KeyError",
        r#"{"errorMessage":"'stock'","errorType":"KeyError","requestId":""#,
    );
    check("KeyError", r#"handlers.py\", line "#);
    // awslambdaric reports sys.exit, then ends with status 1.
    check("Runtime.ExitError", " Error: Runtime exited");
    check("Runtime.ExitError", "signal: killed");
    check("Sandbox.Timedout", " Error: Task timed out after 2.00 seconds");
    check("States.DataLimitExceeded", "");
    assert!(
        stderr.contains("first") && stderr.contains(r"second \u001b[31m"),
        "{stderr}"
    );
    assert!(
        stderr.contains("request_id=") && stderr.contains("work-a"),
        "{stderr}"
    );
}

#[test]
fn handlers_that_cannot_start_say_why() {
    let events: Vec<Value> = (0..50)
        .map(|number| json!({"function": "work-a", "do": "echo", "number": number}))
        .collect();
    for (handler, error, cause) in [
        (
            "nothing.work",
            "Runtime.ImportModuleError",
            "No module named 'nothing'",
        ),
        ("handlers.nothing", "Runtime.HandlerNotFound", "nothing"),
    ] {
        let Some((found, _)) = run_all("instances = 4", handler, &events) else {
            return;
        };
        assert_eq!(found.len(), events.len());
        for failed in found {
            assert_eq!(failed["error"], error);
            assert!(
                failed["cause"].as_str().is_some_and(|text| text.contains(cause)),
                "{failed}"
            );
        }
    }
}

#[test]
fn the_sample_runs() {
    let Some(python) = python() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let file = |name: &str| root.join(name).display().to_string();
    let text = std::fs::read_to_string(file("functions/stepstream.toml")).expect("the sample");
    let folder = Folder::new();
    let here = format!(
        "directory = '{}', runtime = ['{}', '-B'",
        file("functions"),
        python.display()
    );
    let config = folder.write("stepstream.toml", &text.replace("runtime = [\"python3\"", &here));
    let events =
        std::fs::read_to_string(file("workflows/order_fulfillment.events.ndjson")).expect("the events");
    let definition = file("workflows/order_fulfillment.asl.json");
    let (code, stdout, stderr) = feed(&mut command(&["pipe", &definition, "--config", &config]), &events);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(stdout.lines().count(), events.lines().count());
    for line in stdout.lines() {
        let order: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(order["fulfilment"]["order_status"], "COMPLETE");
    }
    let complete = stderr
        .lines()
        .filter(|line| line.contains("is complete (stdin-0-"));
    assert_eq!(complete.count(), events.lines().count(), "{stderr}");
}
