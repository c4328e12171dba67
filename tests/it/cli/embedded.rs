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
        err.contains("holds 2 state machines") && err.contains("Quote, Refund"),
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
