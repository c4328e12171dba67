//! Both readers: what they make of good texts, and how they explain bad ones.

use std::collections::BTreeMap;

use super::{DEPTH_MAX, Node, Problem, ProblemKind, Reading, json, yaml};

fn set(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn json(text: &str) -> Reading {
    json::read(text, &BTreeMap::new())
}

fn yaml(text: &str) -> Reading {
    yaml::read(text, &BTreeMap::new())
}

/// Checks that a text has one fault: what is underlined, what is said, and what is advised.
#[track_caller]
fn fault(text: &str, underlined: &str, message: &str, help: &str) {
    let reading = json(text);
    let [
        Problem {
            span,
            message: got,
            help: advice,
            ..
        },
    ] = reading.problems.as_slice()
    else {
        panic!("one problem wanted in {text}: {:?}", reading.problems);
    };
    assert_eq!(&text[span.clone()], underlined, "{text}");
    assert!(got.contains(message), "{got}");
    assert_eq!(advice.as_deref().unwrap_or_default(), help, "{text}");
}

#[test]
fn json_keeps_order_and_notation() {
    let text = " {\"b\": [1.0, -0, 1E2, 1e999], \"a\": {\"c\": \"\\u00e9\\ud83d\\ude00\\n\"}, \"d\": null}\n";
    let reading = json(text);
    assert_eq!(reading.problems, []);
    let root = reading.root.expect("a tree");
    assert_eq!(
        root.to_json(),
        "{\"b\":[1.0,-0,1E2,1e999],\"a\":{\"c\":\"é😀\\n\"},\"d\":null}"
    );
    let member = root.member("a").expect("a member");
    assert_eq!(
        (&text[member.key_span.clone()], &text[member.value.span.clone()]),
        ("\"a\"", "{\"c\": \"\\u00e9\\ud83d\\ude00\\n\"}")
    );
}

#[test]
fn a_key_given_twice_keeps_its_place_and_takes_the_later_value() {
    let reading = json(r#"{"a": 1, "b": 2, "a": 3}"#);
    assert_eq!(
        reading.root.map(|root| root.to_json()).as_deref(),
        Some(r#"{"a":3,"b":2}"#)
    );
    assert_eq!(reading.duplicates.len(), 1);
}

#[test]
fn common_mistakes() {
    fault(
        "{\"a\": 1,}",
        ",",
        "no comma before '}'",
        "remove the trailing comma",
    );
    fault(
        "[1, 2, ]",
        ",",
        "no comma before ']'",
        "remove the trailing comma",
    );
    fault("[1,, 2]", ",", "One comma too many", "remove it");
    fault(
        "{\"a\": 1} // b",
        "// b",
        "no comments",
        "remove it, or put the text into a `Comment` field",
    );
    fault(
        "{/* b */ \"a\": 1}",
        "/* b */",
        "no comments",
        "remove it, or put the text into a `Comment` field",
    );
    fault(
        "# b\n{}",
        "# b",
        "no comments",
        "remove it, or put the text into a `Comment` field",
    );
    fault(
        "{\"a\": 1 \"b\": 2}",
        "1",
        "Expected ',' or '}', found a text",
        "a comma is missing here",
    );
    fault(
        "{\"a\": [1, 2}",
        "}",
        "Expected ']' to close the '[' of line 1, column 7, found '}'",
        "add the missing ']' before it",
    );
    fault("{\"a\": {\"b\": 1]}", "]", "found ']'", "write '}' instead");
    fault(
        "{\"a\": [1, 2}\n, \"b\": 3}",
        "}",
        "found '}'",
        "write ']' instead",
    );
    fault("{'a': 1}", "'a'", "double quotes", "replace the single quotes");
    fault("{a: 1}", "a", "A key must be in double quotes", "write \"a\"");
    fault(
        "{\"a\": \"b,\n\"c\": 1}",
        "\"b",
        "closing quote of this text is missing",
        "add '\"' at its end",
    );
    fault(
        "{\"a: 1}",
        "\"a: 1",
        "closing quote of this text is missing",
        "add '\"' at its end",
    );
    fault(
        "{\"a: \"b\"}",
        "\"a: \"",
        "closing quote of this key is missing",
        "write \"a\":",
    );
    fault("{\"a\" 1}", "\"a\"", "Expected ':'", "");
    fault(
        "{\"a\" \"b\"}",
        "\"a\"",
        "Expected ':'",
        "a colon is missing here",
    );
    fault(
        "{\"a\"= 1}",
        "=",
        "Expected ':', found '='",
        "write a colon between a key and its value",
    );
    fault("{\"a\": True}", "True", "Unrecognized token 'True'", "write true");
    fault(
        "{\"a\": 007}",
        "007",
        "Unrecognized token '007'",
        "write the number as 7",
    );
    fault(
        "{\"a\": b}",
        "b",
        "Unrecognized token 'b'",
        "a text must be in double quotes",
    );
    fault(
        "{\"a\": \"\\d\"}",
        "\\d",
        "no escape",
        "write a backslash as \\\\",
    );
    fault(
        "{\"a\": 1}}",
        "}",
        "ended before this",
        "a bracket is closed too early, or text is left over",
    );
    fault(
        "{\"a\": ${N}}",
        "${N}",
        "substitution ${N} has no value",
        "give it with --set N=VALUE",
    );
}

#[test]
fn an_end_that_is_missing_is_sought_where_it_was_opened() {
    fault(
        "{\n  \"a\": {\n    \"b\": 1\n  }\n",
        "}",
        "The '{' of line 1, column 1, is never closed",
        "add the missing '}'",
    );
    let inner = "{\n  \"a\": {\n    \"b\": 1\n\n  \"c\": {\n    \"d\": 2\n  }\n}\n";
    fault(
        inner,
        "1",
        "The '{' of line 2, column 8, is never closed",
        "add the missing '}'",
    );
    let after_comma = "{\n  \"a\": {\n    \"b\": 1,\n  \"c\": {\n    \"d\": 2\n  }\n}\n";
    fault(
        after_comma,
        "{",
        "The '{' of line 2, column 8, is never closed",
        "add the missing '}'",
    );
    let array = "{\n  \"a\": [\n    1\n  \"b\": 2\n}\n";
    fault(
        array,
        "1",
        "The '[' of line 2, column 8, is never closed",
        "add the missing ']'",
    );
    let forgotten = "{\n  \"a\": {\n    \"b\": [\n      1\n  },\n  \"c\": 1\n}\n";
    fault(
        forgotten,
        "}",
        "Expected ']' to close the '[' of line 3",
        "add the missing ']' before it",
    );
}

#[test]
fn odd_indentation_alone_is_no_fault() {
    let text = "{\n\"a\": {\n\"b\": [\n1,\n2\n],\n\"c\": {}\n},\n      \"d\": 1\n}";
    assert_eq!(json(text).problems, []);
}

#[test]
fn a_slip_leaves_the_tree_whole() {
    let reading = json("{'a': [1,], b: 2, // c\n}");
    assert!(
        reading
            .problems
            .iter()
            .all(|problem| problem.kind == ProblemKind::Slip)
    );
    assert_eq!(
        reading.root.map(|root| root.to_json()).as_deref(),
        Some(r#"{"a":[1],"b":2}"#)
    );
}

#[test]
fn substitutions_fill_in_values_outside_quotes() {
    let reading = json::read(
        r#"{"a": ${N}, "b": [${L}]}"#,
        &set(&[("N", "7"), ("L", r#"{"x": [1]}"#)]),
    );
    assert_eq!(reading.problems, []);
    assert_eq!(
        reading.root.map(|root| root.to_json()).as_deref(),
        Some(r#"{"a":7,"b":[{"x":[1]}]}"#)
    );
    let reading = json::read(r#"{"a": ${N}}"#, &set(&[("N", "some text")]));
    assert_eq!(reading.problems.len(), 1);
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(json(&nested(DEPTH_MAX)).problems, []);
    for text in [
        nested(DEPTH_MAX + 1),
        "[".repeat(500_000),
        "{\"a\":".repeat(200_000),
    ] {
        let kinds: Vec<ProblemKind> = json(&text).problems.iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [ProblemKind::TooDeep]);
    }
    let kinds: Vec<ProblemKind> = yaml(&nested(DEPTH_MAX + 1))
        .problems
        .iter()
        .map(|p| p.kind)
        .collect();
    assert_eq!(kinds, [ProblemKind::TooDeep]);
}

fn yaml_json(text: &str) -> String {
    let reading = yaml(text);
    assert_eq!(reading.problems, [], "{text}");
    reading.root.as_ref().map_or_else(String::new, Node::to_json)
}

#[test]
fn yaml_resolves_with_the_core_schema() {
    let text =
        "a: 1\nb: 0x1F\nc: yes\nd: 'true'\ne: True\nf: ~\ng: 1.50\nh: +3\ni: .5\nj: 1e3\nk: 2016-01-01\nl:\n";
    let wanted = r#"{"a":1,"b":31,"c":"yes","d":"true","e":true,"f":null,"g":1.50,"h":3,"i":0.5,"j":1e3,"k":"2016-01-01","l":null}"#;
    assert_eq!(yaml_json(text), wanted);
    assert_eq!(
        yaml_json("- a: |\n    x\n    y\n- [1, {b: c}]\n"),
        r#"[{"a":"x\ny\n"},[1,{"b":"c"}]]"#
    );
    assert_eq!(yaml_json("1: a\ntrue: b\n"), r#"{"1":"a","true":"b"}"#);
    assert_eq!(yaml_json("a: !!str 1\n"), r#"{"a":"1"}"#);
}

#[test]
fn yaml_positions_are_those_of_the_text() {
    let text = "# é\nStates:\n  Größe:\n    Type: Pass\n";
    let root = yaml(text).root.expect("a tree");
    let state = root
        .get("States")
        .and_then(|states| states.member("Größe"))
        .expect("a state");
    let kind = state.value.get("Type").expect("a type");
    assert_eq!(
        (&text[state.key_span.clone()], &text[kind.span.clone()]),
        ("Größe", "Pass")
    );
}

#[test]
fn yaml_aliases_are_bounded() {
    assert_eq!(yaml_json("a: &x {b: 1}\nc: *x\n"), r#"{"a":{"b":1},"c":{"b":1}}"#);
    let mut bomb = String::from("a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(",");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let kinds: Vec<ProblemKind> = yaml(&bomb).problems.iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds, [ProblemKind::TooDeep]);
}

#[test]
fn yaml_faults_are_explained() {
    let fault = |text: &str| {
        let mut problems = yaml(text).problems;
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        let problem = problems.remove(0);
        format!(
            "{} | {} | {}",
            &text[problem.span],
            problem.message,
            problem.help.unwrap_or_default()
        )
    };
    let tag = fault("Resource: !Sub '${A}'\n");
    assert!(tag.contains("!Sub is a CloudFormation function"), "{tag}");
    assert!(fault("a:\n\tb: 1\n").contains("never with tabs"));
    assert!(fault("a: 1\n---\nb: 2\n").contains("second one"));
    assert!(fault("? [a]\n: b\n").contains("A key must be a text"));
    assert!(fault("a: .inf\n").contains("no number"));
}
