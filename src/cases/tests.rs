//! Reading case files: what is understood, and what is said about mistakes.

use super::*;
use crate::asl::{Format, Source};

fn source(text: &str) -> Source<'_> {
    Source {
        name: "x.cases.json",
        text,
        format: Format::Json,
    }
}

/// Checks the first diagnostic: line, a part of its message and of its help.
fn check_mistake(text: &str, line: usize, message: &str, help: &str) {
    let diagnostics = read(&source(text)).unwrap_err();
    let first = &diagnostics[0];
    assert_eq!(first.line, line, "{diagnostics:?}");
    assert!(first.message.contains(message), "{diagnostics:?}");
    assert!(
        first.help.as_deref().unwrap_or_default().contains(help),
        "{diagnostics:?}"
    );
}

#[test]
fn a_case_inherits_what_the_file_says() {
    let text = r#"{"definition": "a.asl.json", "input": {"x": 1}, "sync": true,
        "cases": [{"name": "one"}, {"name": "two", "input_file": "two.json", "sync": false}]}"#;
    let suite = read(&source(text)).unwrap();
    let [one, two] = &suite.cases[..] else {
        panic!("{suite:?}")
    };
    assert_eq!(one.definition, Definition::File("a.asl.json".to_owned()));
    assert_eq!(
        (&one.input, one.sync),
        (&Input::Here(r#"{"x":1}"#.to_owned()), true)
    );
    assert_eq!(
        (&two.input, two.sync),
        (&Input::File("two.json".to_owned()), false)
    );
}

#[test]
fn a_definition_in_the_file_keeps_its_lines() {
    let text = "{\"cases\": [{\"name\": \"a\",\n  \"definition\": {\"StartAt\": 1}}]}";
    let suite = read(&source(text)).unwrap();
    let Definition::Here(definition) = &suite.cases[0].definition else {
        panic!("{suite:?}")
    };
    assert_eq!(
        definition,
        &format!("{}\n{}{{\"StartAt\": 1}}", " ".repeat(24), " ".repeat(16))
    );
}

#[test]
fn yaml_is_as_good() {
    let text = "definition: a.asl.yaml\ncases:\n  - name: one\n    expect: {output: {n: 1}}\n";
    let yaml = Source {
        name: "x.cases.yaml",
        text,
        format: Format::Yaml,
    };
    assert_eq!(read(&yaml).unwrap().cases.len(), 1);
}

#[test]
fn mistakes_are_told_with_their_place() {
    check_mistake("", 1, "The file is empty", "cases");
    check_mistake(
        "{\"definition\": \"a\",\n \"case\": []}",
        2,
        "Unknown field \"case\"",
        "\"cases\"",
    );
    check_mistake("{\"definition\": \"a\"}", 1, "no \"cases\"", "add");
    check_mistake(
        "{\"StartAt\": \"a\", \"States\": {}}",
        1,
        "a definition",
        ".cases.json",
    );
    check_mistake(
        "{\"cases\": [\n{\"name\": \"x\"}]}",
        2,
        "no \"definition\"",
        "add",
    );
    let case = |body: &str| format!("{{\"definition\": \"a\",\n\"cases\": [\n{{\"name\": \"x\", {body}}}]}}");
    check_mistake(
        &case("\"expects\": {}"),
        3,
        "Unknown field \"expects\"",
        "\"expect\"",
    );
    check_mistake(
        &case("\"tasks\": {\"T\": [{\"reslt\": 1}]}"),
        3,
        "Unknown field",
        "\"result\"",
    );
    check_mistake(&case("\"tasks\": {\"T\": {}}"), 3, "either a result", "timed_out");
    check_mistake(&case("\"now\": \"today\""), 3, "not a time", "2025");
    check_mistake(&case("\"expect\": {\"status\": \"OK\"}"), 3, "\"SUCCEEDED\"", "");
    check_mistake(&case("\"input\": 1, \"input_file\": \"f\""), 3, "either", "");
    check_mistake(
        "{\"definition\": \"a\", \"cases\": [{\"name\": \"x\",}]}",
        1,
        "",
        "",
    );
}
