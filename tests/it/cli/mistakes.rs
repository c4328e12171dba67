//! What is wrong and how it is said: mistakes of the user, refused definitions, calls for help.

use super::{Folder, PASS, command, run, run_json, shown};
use serde_json::json;

#[test]
fn mistakes_get_an_answer_that_helps() {
    let folder = Folder::new();
    let pass = folder.write("pass.asl.json", PASS);
    let broken = folder.write(
        "broken.asl.json",
        "{\"StartAt\": \"A\",\n \"States\": {\"A\": {\"Type\": \"Success\"}}}",
    );
    let list = folder.write("list.json", "{}");
    let comma = folder.write("comma.json", "[{\"state\": \"A\", \"result\": 1},\n]");
    let empty = folder.write("empty.json", r#"[{"state": "A"}]"#);
    let missing = folder.0.join("nope.json").display().to_string();
    let folder_name = folder.0.display().to_string();
    let deep = "[".repeat(2_000);
    let cases: &[(&[&str], &[&str])] = &[
        (&["exec", &pass], &["no input", "--input '{}'"]),
        (
            &["exec", &missing, "--input", "{}"],
            &["nope.json", "no such file"],
        ),
        (&["exec", &folder_name, "--input", "{}"], &["directory"]),
        (
            &["exec", &broken, "--input", "{}"],
            &["Succeed", "broken.asl.json:2"],
        ),
        (
            &["exec", &pass, "--input", "{\"a\": 1,}"],
            &["the input is not JSON", "line 1, column 9"],
        ),
        (&["exec", &pass, "--input", ""], &["the input is not JSON"]),
        (&["exec", &pass, "--input", &deep], &["the input is not JSON"]),
        (&["exec", &pass, "--input-file", &missing], &["no such file"]),
        (
            &["exec", &pass, "--input", "1", "--input-file", &list],
            &["cannot be used with"],
        ),
        (
            &["exec", &pass, "--input", "1", "--task-script", &list],
            &["list.json", "a script is a list"],
        ),
        (
            &["exec", &pass, "--input", "1", "--task-script", &comma],
            &["comma.json:2", "line 2, column 1"],
        ),
        (
            &["exec", &pass, "--input", "1", "--task-script", &empty],
            &["answer 1", "result"],
        ),
        (
            &["exec", &pass, "--input", "1", "--name", "a b"],
            &["Invalid Name: 'a b'"],
        ),
        (
            &["exec", &pass, "--input", "1", "--now", "yesterday"],
            &["2026-01-31T12:00:00Z"],
        ),
        (&["exec", &pass, "--input", "1", "--account", "1"], &["12 digits"]),
        (&["exec", &pass, "--input", "1", "--set", "x"], &["Name=value"]),
        (&["exec", &pass, "--inptu", "1"], &["--input"]),
        (&["disasm", &missing], &["no such file"]),
        (&["disasm", &broken], &["Succeed"]),
        (&["exce"], &["exec"]),
    ];
    for (arguments, wanted) in cases {
        let (code, out, err) = run(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?} {err}");
        for text in *wanted {
            assert!(err.contains(text), "{arguments:?}: {text:?} is not in {err}");
        }
        if arguments[0] == "exec" {
            let (code, document, _) = run_json(arguments);
            assert_eq!(
                (code, &document["status"]),
                (2, &json!("NOT_RUN")),
                "{arguments:?}"
            );
            let message = document["message"].as_str().unwrap_or_default();
            assert!(message.contains(wanted[0]), "{arguments:?}: {message}");
        }
    }
}

#[test]
fn check_lists_every_problem() {
    let folder = Folder::new();
    let good = folder.write("good.asl.json", PASS);
    let bad = folder.write(
        "bad.asl.json",
        r#"{"StartAt": "B", "States": {"A": {"Type": "Pass", "End": true}}}"#,
    );
    let broken = folder.write("broken.asl.json", "{,}");
    let (code, document, _) = run_json(&["check", &good]);
    assert_eq!((code, document), (0, json!([])));
    let (code, document, _) = run_json(&["check", &good, &bad, &broken]);
    assert_eq!(code, 1);
    let entries = document.as_array().expect("a list");
    assert!(
        entries
            .iter()
            .all(|entry| entry["severity"] == "ERROR" || entry["severity"] == "WARNING")
    );
    let of = |file: &str| {
        entries
            .iter()
            .filter(|entry| entry["file"] == file)
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&bad)[0]["code"], "MISSING_TRANSITION_TARGET");
    assert_eq!(
        (&of(&bad)[0]["pointer"], &of(&bad)[0]["line"]),
        (&json!("/StartAt"), &json!(1))
    );
    assert_eq!(of(&broken)[0]["code"], "INVALID_JSON_DESCRIPTION");

    let (code, out, _) = run(&["check", &good, &bad]);
    assert_eq!(code, 1);
    assert!(
        out.contains("good.asl.json: accepted") && out.contains("bad.asl.json: refused"),
        "{out}"
    );

    let missing = folder.0.join("nope").display().to_string();
    let (code, document, err) = run_json(&["check", &bad, &missing]);
    assert_eq!(
        (code, document.as_array().map(Vec::len)),
        (2, Some(of(&bad).len() + 1)),
        "{err}"
    );
    let (code, document, _) = run_json(&["check"]);
    assert_eq!((code, document.as_array().map(Vec::len)), (2, Some(1)));
}

#[test]
fn help_is_no_mistake() {
    for arguments in [
        &["--help"][..],
        &["help", "exec"],
        &["exec", "--help"],
        &["--version"],
    ] {
        let (code, out, err) = run(arguments);
        assert_eq!((code, err.as_str()), (0, ""), "{arguments:?}");
        assert!(out.contains("stepstream") || out.contains("Usage"), "{out}");
    }
    // An example is there to be pasted.
    let (_, out, _) = run(&["state", "--help"]);
    assert!(out.contains(r#" --result '{"Payload": {"stock": 3}}'"#), "{out}");
}

#[test]
fn check_says_what_was_meant_and_what_it_can_check() {
    let folder = Folder::new();
    let bad = folder.write("bad.asl.json", &PASS.replace("Pass", "Pas"));
    let (code, found, _) = run_json(&["check", &bad]);
    assert_eq!((code, &found[0]["help"]), (1, &json!("did you mean \"Pass\"?")));
    let (code, _, err) = run(&["check"]);
    assert_eq!(code, 2);
    assert!(
        err.contains("stepstream check [OPTIONS] --config <FILE>"),
        "{err}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_printed_is_a_problem() {
    let folder = Folder::new();
    let pass = folder.write("pass.asl.json", PASS);
    let cases = folder.write(
        "pass.cases.json",
        r#"{"definition": "pass.asl.json", "cases": [{"name": "a", "input": 1, "expect": {"output": 1}}]}"#,
    );
    let full = || {
        let file = std::fs::File::options().write(true).open("/dev/full");
        file.expect("a device of Linux")
    };
    for arguments in [
        ["exec", &pass, "--input", "1"].as_slice(),
        &["check", &pass],
        &["test", &cases],
    ] {
        let (code, ..) = run(arguments);
        assert_eq!(code, 0, "{arguments:?}");
        let output = command(arguments)
            .stdout(full())
            .output()
            .expect("the binary runs");
        let (code, _, err) = shown(&output);
        assert_eq!(code, 2, "{arguments:?} {err}");
        assert_eq!(err.matches("error: cannot write to stdout: ").count(), 1, "{err}");
    }
}

#[test]
fn a_filter_that_fits_no_case_is_a_mistake() {
    let folder = Folder::new();
    folder.write("pass.asl.json", PASS);
    let cases = folder.write(
        "pass.cases.json",
        r#"{"definition": "pass.asl.json", "cases": [{"name": "echoes", "input": 1, "expect": {"output": 1}}]}"#,
    );
    assert_eq!(run(&["test", &cases, "--filter", "echo"]).0, 0);
    let (code, document, err) = run_json(&["test", &cases, "--filter", "ehco"]);
    assert_eq!((code, &document["status"]), (2, &json!("NOT_RUN")));
    assert!(err.contains("no case has 'ehco' in its name"), "{err}");
}

#[test]
fn a_level_that_is_none_is_refused() {
    let folder = Folder::new();
    let config = folder.write(
        "service.toml",
        "[service]\nlisten = \"\"\n[[workflow]]\nname = \"w\"\ntopics = [\"t\"]\ndefinition = \"none\"\n",
    );
    let with = |level: &str| {
        let output = command(&["run", "--config", &config])
            .env("STEPSTREAM_LOG", level)
            .output();
        let (code, _, err) = shown(&output.expect("the binary runs"));
        assert_eq!(code, 2, "{err}");
        err
    };
    for (wanted, reason) in [
        ("debgu", "did you mean \"debug\"?"),
        ("warn,noisy", "'noisy' is not a level"),
        ("librdkafka=lots", "STEPSTREAM_LOG"),
    ] {
        let err = with(wanted);
        assert!(
            err.contains("STEPSTREAM_LOG") && err.contains(reason),
            "{wanted}: {err}"
        );
        assert!(err.contains("off, error, warn, info, debug, trace"), "{err}");
    }
    for wanted in ["", "DEBUG", "warn, librdkafka=debug", "librdkafka=debug", "off"] {
        let err = with(wanted);
        assert!(!err.contains("STEPSTREAM_LOG"), "{wanted}: {err}");
    }
}

#[test]
fn redrive_asks_the_configuration_also_for_other_brokers() {
    let folder = Folder::new();
    let redrive = || {
        // Nobody is asked: a broker's address is refused first.
        let mut command = command(&["redrive", "--from", "failed", "--brokers", "http://kafka:9092"]);
        let output = command.current_dir(folder.path()).output().expect("it runs");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let err = redrive();
    assert!(err.contains("config/stepstream.toml is not there"), "{err}");
    std::fs::create_dir(folder.path().join("config")).expect("a folder");
    folder.write("config/pass.asl.json", PASS);
    let config = "[[workflow]]\nname = \"w\"\ndefinition = \"pass.asl.json\"\ntopics = [\"orders\"]\n";
    folder.write("config/stepstream.toml", config);
    assert_eq!(
        redrive(),
        "error: kafka.brokers: a broker's address is host:port, without a scheme\n"
    );
}
