//! `stepstream logs`: what a user sees of log files.

use super::{Folder, command, run, run_json};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

fn data(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/logs");
    root.join(name).display().to_string()
}

/// Name and status of each execution in the document.
fn statuses(document: &Value) -> Vec<(String, String)> {
    let rows = document["executions"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rows.map(|row| (text(&row["name"]), text(&row["status"])))
        .collect()
}

#[test]
fn a_folder_as_a_table() {
    let (code, out, err) = run(&["logs", &data("folder")]);
    let wanted = "\
STATUS      STARTED                      DURATION  STATES  EXECUTION                ERROR
SUCCEEDED   2026-01-01T00:00:00.000Z      0.200 s       3  orders-0-1
FAILED      2026-01-01T00:00:00.100Z      0.200 s       3  orders-0-2               OutOfStock: none of \"B\"
UNFINISHED  2026-01-01T00:00:01.000Z            -       1  orders-0-3 (run 1 of 2)
SUCCEEDED   2026-01-01T00:00:05.000Z      0.200 s       3  orders-0-3 (run 2 of 2)

4 executions: 2 SUCCEEDED, 1 FAILED, 1 UNFINISHED
";
    assert_eq!((code, out.as_str()), (0, wanted));
    assert!(
        err.starts_with("note: the last line of ") && err.contains("0001.ndjson.open is incomplete"),
        "{err}"
    );
}

#[test]
fn rows_as_a_document_and_by_status() {
    let (code, document, _) = run_json(&["logs", &data("folder"), "--status", "failed"]);
    assert_eq!(code, 0);
    assert_eq!(
        document,
        json!({"executions": [{
            "execution_arn": "arn:aws:states:us-east-1:111111111111:express:orders:orders-0-2:00000000-0000-4000-8000-000000000002",
            "state_machine": "orders", "name": "orders-0-2", "status": "FAILED", "started": "2026-01-01T00:00:00.100Z",
            "duration_ms": 200, "states": 3, "error": "OutOfStock", "cause": "none of \"B\"\nleft"}]})
    );
    let (code, document, _) = run_json(&["logs", &data("folder"), "--status", "TIMED_OUT"]);
    assert_eq!((code, document), (1, json!({"executions": []})));
}

#[test]
fn the_same_records_twice_change_nothing() {
    let (_, once, _) = run_json(&["logs", &data("folder")]);
    let (_, twice, _) = run_json(&[
        "logs",
        &data("folder"),
        &data("folder"),
        &data("cloudwatch.s3.txt"),
    ]);
    assert_eq!(once, twice);
    let (_, once, _) = run(&["logs", &data("folder"), "--execution", "orders-0-3"]);
    let (_, twice, _) = run(&[
        "logs",
        &data("folder"),
        &data("folder"),
        "--execution",
        "orders-0-3",
    ]);
    assert_eq!(once, twice);
}

#[test]
fn a_run_that_appears_twice_is_told_twice() {
    let (code, out, _) = run(&["logs", &data("folder"), "--execution", "orders-0-3"]);
    assert_eq!(code, 0);
    let titles: Vec<&str> = out.lines().filter(|line| line.starts_with("arn:")).collect();
    assert!(
        titles[0].ends_with("0003 (run 1 of 2)") && titles[1].ends_with("0004 (run 2 of 2)"),
        "{titles:?}"
    );
    assert!(
        out.contains("\nUNFINISHED\n") && out.contains("\nSUCCEEDED after 0.200 s\n"),
        "{out}"
    );
    let arn = titles[1].split(' ').next().expect("an ARN");
    let (_, document, _) = run_json(&["logs", &data("folder"), "--execution", arn]);
    let events = document["executions"][0]["events"].as_array().expect("records");
    let ids: Vec<&str> = events
        .iter()
        .map(|event| event["id"].as_str().unwrap_or(""))
        .collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]);
    assert_eq!(document["executions"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_runs_of_a_name_by_status() {
    let of = |status: &str| {
        let folder = data("folder");
        run(&["logs", &folder, "--execution", "orders-0-3", "--status", status])
    };
    let titles = |out: &str| {
        let titles = out.lines().filter(|line| line.starts_with("arn:"));
        titles.map(str::to_owned).collect::<Vec<_>>()
    };
    for (status, end) in [("unfinished", "0003"), ("succeeded", "0004")] {
        let (code, out, _) = of(status);
        let titles = titles(&out);
        assert!(
            code == 0 && titles.len() == 1 && titles[0].ends_with(end),
            "{out}"
        );
    }
    let (code, out, err) = of("failed");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.contains("execution 'orders-0-3' has no run that is FAILED"),
        "{err}"
    );
}

#[test]
fn following_the_runs_of_a_name_by_status() {
    let folder = data("folder");
    let follow = |arn: &str, status: &str| {
        let (code, out, _) = run(&[
            "logs",
            &folder,
            "--execution",
            arn,
            "--status",
            status,
            "--follow",
        ]);
        (code, out)
    };
    // An ARN names one run: with its end there is nothing more to come.
    let arn = |number: u32| {
        format!(
            "arn:aws:states:us-east-1:111111111111:express:orders:orders-0-{}:00000000-0000-4000-8000-{number:012}",
            number.min(3)
        )
    };
    let (_, told, _) = run(&["logs", &folder, "--execution", &arn(2)]);
    let (code, out) = follow(&arn(2), "failed");
    assert_eq!((code, out.trim_end()), (0, told.trim_end()));
    assert_eq!(follow(&arn(4), "failed"), (0, String::new()));
}

#[test]
fn level_error_has_gaps() {
    let (_, document, _) = run_json(&["logs", &data("error.ndjson")]);
    let pair = |name: &str, status: &str| (name.to_owned(), status.to_owned());
    assert_eq!(
        statuses(&document),
        [pair("orders-0-2", "FAILED"), pair("orders-0-9", "UNKNOWN")]
    );
    assert!(
        document["executions"][0].get("duration_ms").is_none(),
        "its start is not known"
    );
    let (_, out, _) = run(&["logs", &data("error.ndjson"), "--execution", "orders-0-9"]);
    let told = out.split_once('\n').expect("a title").1;
    assert_eq!(
        told,
        "             (events 1 to 4 are not in the log)
    0.000 s    lambda:invoke: task failed
               error   Broken
               cause   no answer

UNKNOWN
"
    );
}

#[test]
fn exports_of_cloudwatch_read_as_our_own() {
    let (_, own, _) = run_json(&["logs", &data("folder/orders-20260101T000000Z-0001.ndjson")]);
    let own = &own["executions"].as_array().expect("a list")[..2];
    let (_, told, _) = run(&["logs", &data("folder"), "--execution", "orders-0-2"]);
    for name in [
        "cloudwatch.filter-log-events.json",
        "cloudwatch.one-line.json",
        "cloudwatch.tail.txt",
        "cloudwatch.s3.txt",
    ] {
        let (_, document, _) = run_json(&["logs", &data(name)]);
        assert_eq!(document["executions"].as_array().expect("a list"), own, "{name}");
        let (_, out, _) = run(&["logs", &data(name), "--execution", "orders-0-2"]);
        assert_eq!(out, told, "{name}");
    }
}

#[test]
fn an_execution_looks_as_exec_shows_it() {
    let folder = Folder::new();
    let script = folder.write(
        "script.json",
        r#"[{"state": "Work", "error": "Busy", "cause": "try again", "delay_seconds": 1},
            {"state": "Work", "result": 1, "delay_seconds": 2}, {"state": "Work", "result": {"a": [2, "\u00e9\n"]}},
            {"state": "Work", "error": "Broken", "cause": "a \"b\"\n", "delay_seconds": 3},
            {"state": "Work", "result": 3, "delay_seconds": 20}]"#,
    );
    let definition = data("nested.asl.json");
    let input = r#"{"items": [[1, 2], [3, 4]]}"#;
    let base = [
        "exec",
        &definition,
        "--input",
        input,
        "--task-script",
        &script,
        "--virtual-time",
        "--name",
        "run",
    ];
    let (_, shown, _) = run(&base);
    let (_, document, _) = run_json(&[base.as_slice(), &["--events"]].concat());
    let events = document["events"].as_array().expect("records");
    // The file's order is not the order of ids: AWS promises none.
    let lines: Vec<String> = events.iter().rev().map(|event| format!("{event}\n")).collect();
    let file = folder.write("log.ndjson", &lines.concat());
    let (code, out, err) = run(&["logs", &file, "--execution", "run"]);
    let (title, told) = out.split_once('\n').expect("a title");
    assert!(
        code == 0 && title.contains(":express:nested:run:"),
        "{title} {err}"
    );
    assert_eq!(told, shown);
}

#[test]
fn what_is_not_there_is_said() {
    let (code, out, err) = run(&["logs", &data("folder"), "--execution", "nobody"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.contains("no records of execution 'nobody' were found"),
        "{err}"
    );
    let (code, out, _) = run(&["logs", &data("README.md")]);
    assert_eq!((code, out.as_str()), (1, "no executions\n"));
    let (code, document, err) = run_json(&["logs", &data("missing.ndjson")]);
    assert_eq!((code, &document["status"]), (2, &json!("NOT_RUN")));
    assert!(err.contains("missing.ndjson"), "{err}");
}

/// A child that is ended whatever the test comes to.
struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait().map(|_| ()));
    }
}

#[test]
fn following_waits_for_a_folder_and_goes_on_over_a_rotation() {
    let folder = Folder::new();
    let name = folder.0.join("log");
    let log = name.join("orders-20260101T000000Z-0001.ndjson.open");
    let closed = log.with_extension("");
    let text = |name: &str| std::fs::read_to_string(data(&format!("folder/{name}"))).expect("a log");
    let first = text("orders-20260101T000000Z-0001.ndjson");
    let second = text("orders-20260101T000001Z-0001.ndjson");
    let third = text("orders-20260101T000002Z-0001.ndjson.open");
    let mut child = command(&[
        "logs",
        &name.display().to_string(),
        "--follow",
        "--format",
        "json",
    ]);
    child.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Following(child.spawn().expect("the binary runs"));
    let mut notes = BufReader::new(child.0.stderr.take().expect("a pipe")).lines();
    let note = notes.next().expect("a line").expect("UTF-8");
    assert!(note.starts_with("note: waiting for "), "{note}");
    std::fs::create_dir(&name).expect("a folder");
    let mut lines = BufReader::new(child.0.stdout.take().expect("a pipe")).lines();
    let mut next = || {
        let line = lines.next().expect("a line").expect("UTF-8");
        let row: Value = serde_json::from_str(&line).expect("a document a line");
        (
            row["name"].as_str().unwrap_or("").to_owned(),
            row["status"].as_str().unwrap_or("").to_owned(),
        )
    };
    let append = |path: &Path, text: &str| {
        let mut file = std::fs::File::options()
            .append(true)
            .create(true)
            .open(path)
            .expect("a file");
        std::io::Write::write_all(&mut file, text.as_bytes()).expect("room");
    };
    // A line that comes in two parts.
    let half = first.find("ExecutionSucceeded").expect("an end");
    append(&log, &first[..half]);
    assert_eq!(next(), ("orders-0-2".to_owned(), "FAILED".to_owned()));
    append(&log, &first[half..]);
    assert_eq!(next(), ("orders-0-1".to_owned(), "SUCCEEDED".to_owned()));
    append(&log, &second);
    std::fs::rename(&log, closed).expect("rotation");
    append(&name.join("orders-20260101T000002Z-0001.ndjson.open"), &third);
    assert_eq!(next(), ("orders-0-3".to_owned(), "SUCCEEDED".to_owned()));
}
