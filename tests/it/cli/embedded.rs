//! Definitions inside templates: every command finds them, and points into the template.

use super::{Folder, PASS, run, run_json};

/// A template with two state machines; the second has a slip.
const SAM: &str = "tests/data/embedded/sam.yaml";

#[test]
fn check_looks_at_all_or_at_the_one_that_is_named() {
    let (code, out, _) = run(&["check", SAM]);
    assert_eq!(code, 1, "{out}");
    for part in [
        "tests/data/embedded/sam.yaml#Quote: accepted",
        "tests/data/embedded/sam.yaml#Refund: refused, 1 error",
        "tests/data/embedded/sam.yaml:25:42",
        "\"Pay back\": {\"Type\": \"Pass\", \"Reslt\": \"${AWS::Region}\"",
        "did you mean",
    ] {
        assert!(out.contains(part), "{part} in\n{out}");
    }
    let (code, out, _) = run(&["check", &format!("{SAM}#Quote")]);
    assert_eq!(
        (code, &*out),
        (0, "tests/data/embedded/sam.yaml#Quote: accepted\n")
    );
    let (_, findings, _) = run_json(&["check", SAM]);
    assert_eq!(findings[0]["file"], SAM);
    assert_eq!(
        (&findings[0]["line"], &findings[0]["column"]),
        (&25.into(), &42.into())
    );
}

#[test]
fn other_commands_want_the_name_if_there_are_several() {
    let one = format!("{SAM}#Quote");
    let (code, _, err) = run(&["exec", SAM, "--input", "1"]);
    assert_eq!(code, 2);
    assert!(
        err.contains("contains 2 state machines") && err.contains("Quote, Refund"),
        "{err}"
    );
    let (code, _, err) = run(&["disasm", &format!("{SAM}#Qoute")]);
    assert_eq!(code, 2);
    assert!(
        err.contains("has no state machine Qoute; it has Quote, Refund"),
        "{err}"
    );
    let (code, out, _) = run(&["disasm", &one]);
    assert_eq!(code, 0);
    assert!(
        out.contains("arn:aws:lambda:us-east-1:111111111111:function:Price"),
        "{out}"
    );
    let arn = "arn:aws:lambda:eu-west-1:222222222222:function:price-7";
    let (_, out, _) = run(&["disasm", &one, "--set", &format!("Price.Arn={arn}")]);
    assert!(out.contains(arn), "{out}");
    let (code, out, _) = run(&["state", &one, "Ask", "--input", "1", "--result", "2"]);
    assert_eq!(code, 0, "{out}");
}

#[test]
fn cases_may_name_one_in_a_template() {
    let folder = Folder::new();
    folder.write("sam.yaml", &std::fs::read_to_string(SAM).expect("the template"));
    let cases = folder.write(
        "quote.cases.json",
        r#"{"definition": "sam.yaml#Quote", "cases": [{"name": "a price",
            "tasks": {"Ask": {"result": 5}}, "expect": {"status": "SUCCEEDED", "output": 5}}]}"#,
    );
    let (code, out, err) = run(&["test", &cases]);
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn where_tasks_are_really_called_nothing_is_invented() {
    let folder = Folder::new();
    folder.write("sam.yaml", &std::fs::read_to_string(SAM).expect("the template"));
    let config = |more: &str| {
        folder.write(
            "stepstream.toml",
            &format!(
                "[kafka]\nbrokers = \"localhost:9092\"\n[[workflow]]\nname = \"quote\"\ntopics = [\"a\"]\n\
                 definition = \"sam.yaml#Quote\"\n{more}[tasks]\n\"price\" = {{ http = \"http://localhost:1/\" }}\n"
            ),
        )
    };
    let (code, out, _) = run(&["check", "--config", &config("")]);
    assert_eq!(code, 1, "{out}");
    for part in [
        "The substitution ${Price.Arn} has no value",
        "sam.yaml:15:23",
        "[workflow.substitutions]",
    ] {
        assert!(out.contains(part), "{part} in\n{out}");
    }
    let set = "[workflow.substitutions]\n\"Price.Arn\" = \"arn:aws:lambda:us-east-1:111111111111:function:price\"\n";
    let (code, out, _) = run(&["check", "--config", &config(set)]);
    assert_eq!(code, 0, "{out}");
    let (code, _, err) = run(&["pipe", &format!("{}/sam.yaml#Quote", folder.path().display())]);
    assert_eq!(code, 2);
    assert!(
        err.contains("The substitution ${Price.Arn} has no value"),
        "{err}"
    );
}

#[test]
fn a_file_with_a_number_sign_in_its_name_is_found() {
    let folder = Folder::new();
    let file = folder.write("a#b.asl.json", PASS);
    let (code, out, err) = run(&["exec", &file, "--input", "1"]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, _, err) = run(&["exec", &format!("{file}#c"), "--input", "1"]);
    assert_eq!(code, 2);
    assert!(err.contains("is a definition itself; leave out #c"), "{err}");
}

#[test]
fn a_file_that_leaves_the_type_to_aws_is_noted() {
    let folder = Folder::new();
    let text = std::fs::read_to_string(SAM).expect("the template");
    let text = text.replace("      Type: EXPRESS\n", "");
    let file = folder.write("sam.yaml", &text);
    let check = |arguments: &[&str], is_noted: bool| {
        let (_, out, _) = run(arguments);
        assert_eq!(
            out.contains("AWS would create a STANDARD workflow"),
            is_noted,
            "{out}"
        );
    };
    let one = format!("{file}#Quote");
    check(&["check", &one], true);
    check(&["check", &one, "--type", "express"], false);
    check(&["check", &one, "--format", "json"], false);
    check(&["check", SAM], false);
}

/// A text stays readable, and the list for machines is whole.
#[test]
fn what_is_shown_of_many_findings_has_an_end() {
    let folder = Folder::new();
    let states: Vec<String> = (0..250)
        .map(|at| format!(r#""S{at}":{{"Type":"Pass","Next":"T{at}"}}"#))
        .collect();
    let text = format!(r#"{{"StartAt":"S0","States":{{{}}}}}"#, states.join(",\n"));
    let file = folder.write("many.asl.json", &text);
    let (code, out, _) = run(&["check", &file]);
    assert_eq!((code, out.matches("error[").count()), (1, 100), "{out}");
    let (_, findings, _) = run_json(&["check", &file]);
    let all = findings.as_array().map_or(0, Vec::len);
    assert!(
        all > 100 && out.contains(&format!("… and {} more in ", all - 100)),
        "{all}: {out}"
    );
}

#[test]
fn what_is_given_fills_in_what_aws_fills_in() {
    let folder = Folder::new();
    let definition = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Result":"${Word}","End":true}}}"#;
    let template = |more: &str| {
        format!(
            r#"{{"Parameters":{{"Word":{{"Type":"String","Default":"file"}}}},"Resources":{{"F":{{"Type":"AWS::StepFunctions::StateMachine","Properties":{{"StateMachineType":"EXPRESS",{more}}}}}}}}}"#
        )
    };
    let check = |name: &str, text: &str, expected: &str| {
        let file = folder.write(name, text);
        let (code, out, err) = run(&["exec", &file, "--input", "{}", "--set", "Word=given"]);
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.contains(expected), "{expected} in {out}");
    };
    check("plain.asl.json", definition, "\"given\"");
    let sub = format!(r#""DefinitionString":{{"Fn::Sub":{definition:?}}}"#);
    check("sub.json", &template(&sub), "\"given\"");
    let substituted =
        format!(r#""DefinitionString":{definition:?},"DefinitionSubstitutions":{{"Word":"file"}}"#);
    check("substituted.json", &template(&substituted), "\"given\"");
    let literal = format!(r#""DefinitionString":{definition:?}"#);
    check("literal.json", &template(&literal), "\"${Word}\"");
}

#[cfg(unix)]
#[test]
fn check_reads_a_pipe_once() {
    use std::io::Write as _;
    for text in [
        PASS.to_owned(),
        serde_json::json!({"type": "EXPRESS", "name": "n", "definition": PASS,
            "stateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:n"})
        .to_string(),
    ] {
        // As in `stepstream check <(aws stepfunctions describe-state-machine …)`.
        let mut command = super::command(&["check", "/dev/stdin"]);
        let piped = std::process::Stdio::piped;
        let mut child = command.stdin(piped()).stdout(piped()).spawn().expect("it runs");
        let mut input = child.stdin.take().expect("piped");
        input.write_all(text.as_bytes()).expect("it reads");
        drop(input);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "/dev/stdin: accepted\n");
    }
}

#[test]
fn another_encoding_is_named() {
    let folder = Folder::new();
    let file = folder.write("utf16.asl.json", "");
    let text = PASS.encode_utf16().flat_map(u16::to_le_bytes);
    let bytes: Vec<u8> = [0xFF, 0xFE].into_iter().chain(text).collect();
    std::fs::write(&file, bytes).expect("a file");
    let (code, _, err) = run(&["check", &file]);
    let expected = format!("error: {file} is not UTF-8 text: it looks like UTF-16; save it as UTF-8\n");
    assert_eq!((code, err), (2, expected));
}
