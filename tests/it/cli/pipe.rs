//! `stepstream pipe`.

use super::{Folder, command, shown};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{ClientConfig, Message as _, Offset, TopicPartitionList};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;
use stepstream::stream::kafka::Mock;

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
    feed(&mut command(&[&["pipe", &file], arguments].concat()), input)
}

/// Runs a command with an input.
pub(super) fn feed(command: &mut Command, input: &str) -> (i32, String, String) {
    let mut child = command
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
    let cause = failures[2]["cause"].as_str().expect("a text");
    assert!(cause.contains("more than 262144 bytes"), "{cause}");
    assert_eq!(failures[2]["input"].as_str().map(str::len), Some(4096), "cut");
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

/// Writes the input to the topic it names.
const PRODUCING: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Task", "End": true, "ResultPath": null,
    "Resource": "arn:aws:states:::kafka:produce", "TimeoutSeconds": 60,
    "Parameters": {"Topic.$": "$.topic", "Value.$": "$.n"}}}}"#;

/// Reads so many messages of a topic with one partition.
fn messages(brokers: &str, topic: &str, count: usize) -> Vec<String> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "reader");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let mut partitions = TopicPartitionList::new();
    let added = partitions.add_partition_offset(topic, 0, Offset::Beginning);
    added.expect("a partition");
    consumer.assign(&partitions).expect("it is assigned");
    let mut found = Vec::new();
    while found.len() < count {
        let message = consumer.poll(Duration::from_secs(60));
        let message = message.expect("one more message").expect("a message");
        found.push(String::from_utf8_lossy(message.payload().expect("a value")).into_owned());
    }
    found.sort_unstable();
    found
}

#[test]
fn what_tasks_produce_is_in_kafka_whatever_the_topic_is_called() {
    let mock = Mock::start().expect("a cluster");
    let topics = ["audit", "failures", "outputs"];
    for topic in topics {
        mock.create_topic(topic, 1).expect("a topic");
    }
    let folder = Folder::new();
    let file = folder.write("p.asl.json", PRODUCING);
    let config = folder.write(
        "c.toml",
        &format!(
            "[kafka]\nbrokers = \"{}\"\n[tasks]\n\"arn:aws:states:::kafka:produce\" = {{ kafka = [\"audit\", \
             \"failures\", \"outputs\"] }}\n",
            mock.brokers()
        ),
    );
    let line = |n: usize| format!("{{\"topic\":\"{}\",\"n\":{n}}}\n", topics[n % 3]);
    let good: String = (0..9).map(line).collect();
    let bad = "{\"topic\":\"others\",\"n\":9}\n";
    let mut pipe = command(&["pipe", &file, "--config", &config, "--shards", "2"]);
    let (code, out, err) = feed(&mut pipe, &format!("{good}{bad}"));
    assert_eq!((code, out), (1, good), "{err}");
    let failure: serde_json::Value = serde_json::from_str(&err).expect("one failure");
    assert_eq!(
        (&failure["error"], &failure["line"]),
        (&"States.Permissions".into(), &10.into())
    );
    for (at, topic) in topics.into_iter().enumerate() {
        let expected = [at, at + 3, at + 6].map(|n| n.to_string());
        assert_eq!(messages(&mock.brokers(), topic, 3), expected, "{topic}");
    }
}

#[test]
fn a_producer_that_cannot_be_is_told_at_start() {
    let folder = Folder::new();
    let file = folder.write("p.asl.json", PRODUCING);
    let text = "[kafka.secrets]\n\"sasl.password\" = { env = \"STEPSTREAM_TEST_NO_SUCH\" }\n[tasks]\n";
    let served = "\"arn:aws:states:::kafka:produce\" = { kafka = [\"a\"] }\n";
    let config = folder.write("c.toml", &format!("{text}{served}"));
    let (code, _, err) = super::run(&["pipe", &file, "--config", &config]);
    assert_eq!(code, 2, "{err}");
    assert!(
        err.contains("sasl.password") && err.contains("STEPSTREAM_TEST_NO_SUCH"),
        "{err}"
    );
    // Who writes nothing there needs no password.
    let (code, _, err) = pipe(&["--config", &config], "[1]\n");
    assert_eq!((code, err.as_str()), (0, ""));
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_told() {
    let full = || {
        std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("a device")
    };
    let folder = Folder::new();
    let file = folder.write("w.asl.json", DEFINITION);
    let input = folder.write("in.ndjson", "{\"n\":1}\n{\"bad\":2}\n");
    let run = |arguments: &[&str], full_stdout: bool| {
        let mut command = command(&[&["pipe", &file], arguments].concat());
        command.stdin(std::fs::File::open(&input).expect("the input"));
        if full_stdout {
            command.stdout(full());
        }
        shown(&command.output().expect("the binary runs"))
    };
    let failed = folder.path().join("failed").display().to_string();
    let (code, _, err) = run(&["--failed", &failed], true);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("cannot write to stdout: No space left"), "{err}");
    let (code, out, err) = run(&["--failed", "/dev/full"], false);
    assert_eq!((code, out.as_str()), (2, "{\"n\":1}\n"), "{err}");
    assert!(err.contains("cannot write to /dev/full: No space left"), "{err}");
}

#[test]
fn a_reader_that_has_gone_is_no_problem() {
    let folder = Folder::new();
    let file = folder.write("w.asl.json", DEFINITION);
    let input = folder.write("in.ndjson", &"{\"n\":1}\n".repeat(100_000));
    let mut child = command(&["pipe", &file])
        .stdin(std::fs::File::open(input).expect("the input"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    assert_eq!(shown(&child.wait_with_output().expect("it ends")).0, 0);
}

#[test]
fn the_configuration_is_understood_as_by_run() {
    let folder = Folder::new();
    let definition = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true, "Parameters":
        {"in.$": "$", "who": "${Who}", "name.$": "$$.StateMachine.Name"}}}}"#;
    let file = folder.write("p.asl.json", definition);
    let workflow = "[[workflow]]\nname = \"one\"\ndefinition = \"./p.asl.json\"\n";
    let with = |text: &str| folder.write("c.toml", text);
    let substitutions = "[workflow.substitutions]\nWho = \"file\"\n";
    let config = with(&format!(
        "{workflow}on_empty = \"null\"\n{substitutions}[[workflow]]\nname = \"two\"\ndefinition = \"q.asl.json\"\n"
    ));
    let run = |arguments: &[&str], variable: Option<(&str, &str)>, input: &str| {
        let mut command = command(&[&["pipe", &file, "--config", &config], arguments].concat());
        feed(command.envs(variable), input)
    };
    let shown = |input: &str, who: &str| format!("{{\"in\":{input},\"who\":\"{who}\",\"name\":\"one\"}}\n");
    // Blank lines are null, substitutions come from the file, the command line and the environment.
    let (code, out, err) = run(&[], None, "1\n \n3\n");
    // A path into null fails the execution.
    let expected = [shown("1", "file"), shown("3", "file")];
    assert_eq!((code, out), (1, expected.concat()));
    assert!(
        err.contains("null or empty input") && err.contains("\"input\":null"),
        "{err}"
    );
    let variable = ("STEPSTREAM__WORKFLOW__ONE__SUBSTITUTIONS__Who", "environment");
    assert_eq!(run(&[], Some(variable), "1\n").1, shown("1", "environment"));
    assert_eq!(
        run(&["--set", "Who=line"], Some(variable), "1\n").1,
        shown("1", "line")
    );
    let variable = ("STEPSTREAM__WORKFLOW__ONE__ON_EMPTY", "skip");
    assert_eq!(run(&[], Some(variable), "\n2\n").1, shown("2", "file"));
    let record =
        r#"{"topic":"stdin","partition":0,"offset":2,"timestamp":0,"key":null,"headers":{},"value":[7]}"#;
    let variable = ("STEPSTREAM__WORKFLOW__ONE__INPUT", "record");
    assert_eq!(
        run(&["--shards", "0"], Some(variable), "\n[7]\n")
            .1
            .lines()
            .nth(1),
        shown(record, "file").lines().next()
    );
    let (code, _, err) = run(&[], Some(("STEPSTREAM__SERVICE__SHARD", "1")), "1\n");
    assert_eq!(code, 2);
    assert!(
        err.contains("STEPSTREAM__SERVICE__SHARD") && err.contains("shards"),
        "{err}"
    );
    // Another definition is not the workflow's.
    let other = folder.write("o.asl.json", &definition.replace("${Who}", "nobody"));
    let (_, out, _) = feed(&mut command(&["pipe", &other, "--config", &config]), "1\n");
    assert_eq!(out, "{\"in\":1,\"who\":\"nobody\",\"name\":\"o\"}\n");
    // Mistakes are named with their places.
    let config = with("[service]\nshard = 2\n[task]\n");
    let (code, _, err) = feed(&mut command(&["pipe", &other, "--config", &config]), "");
    assert_eq!(code, 2);
    assert!(
        err.contains("c.toml:2:1: service.shard: there is no such key"),
        "{err}"
    );
    assert!(
        err.contains("c.toml:3:2: task: there is no such section"),
        "{err}"
    );
}

#[test]
fn shards_and_ordering_come_from_the_configuration() {
    let folder = Folder::new();
    let file = folder.write("w.asl.json", DEFINITION);
    let workflow = "[[workflow]]\nname = \"w\"\ndefinition = \"w.asl.json\"\nordering = \"partition\"\n";
    let config = folder.write("c.toml", &format!("[service]\nshards = 3\n{workflow}"));
    let run = |arguments: &[&str], input: &str| {
        let arguments = [&["pipe", &file, "--config", &config], arguments].concat();
        feed(&mut command(&arguments), input)
    };
    let input = "{\"wait\":1}\n{\"n\":2}\n{\"n\":3}\n";
    // Each waits for the one before, though it need not be written after it.
    let (code, out, err) = run(&["--unordered"], input);
    assert_eq!((code, out.as_str(), err.as_str()), (0, input, ""));
    let (code, _, err) = run(&["--shards", "2"], input);
    assert_eq!(code, 2);
    assert!(err.contains("\"w\"") && err.contains("--shards 1"), "{err}");
    // A blank line that runs and fails has an input too.
    let fails = folder.write(
        "f.asl.json",
        r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "No"}}}"#,
    );
    let text = "[[workflow]]\nname = \"f\"\ndefinition = \"f.asl.json\"\non_empty = \"null\"\n";
    let config = folder.write("f.toml", text);
    let (code, _, err) = feed(&mut command(&["pipe", &fails, "--config", &config]), "\n");
    let failure: serde_json::Value = serde_json::from_str(&err).expect("JSON");
    assert_eq!((code, &failure["input"]), (1, &serde_json::Value::Null));
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_line() {
    let (code, out, err) = pipe(&["--shards", "0"], "\u{FEFF}{\"n\":1}\r\n{\"n\":2}\n");
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (0, "{\"n\":1}\n{\"n\":2}\n", "")
    );
    // The longest line that is taken, and one byte more.
    for (length, expected) in [(262_142, 0), (262_143, 1)] {
        let (code, ..) = pipe(&[], &format!("\u{FEFF}\"{}\"\r\n", "x".repeat(length)));
        assert_eq!(code, expected, "{length}");
    }
    // It is none of the second's, and a line of blanks that is too long is not passed over.
    let (code, out, _) = pipe(&[], "1\n\u{FEFF}2\n");
    assert_eq!((code, out.as_str()), (1, "1\n"));
    let (code, ..) = pipe(&[], &format!("{}{{}}\n", " ".repeat(300_000)));
    assert_eq!(code, 1);
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
