//! `stepstream jsonata`: one expression, and lines of them.

use std::io::Write;
use std::process::Stdio;

use super::{Folder, command, run, shown};

#[test]
fn one_expression_has_an_answer_and_an_exit_code() {
    let folder = Folder::new();
    let input = folder.write("order.json", r#"{"items": [{"price": 2}, {"price": 3.5}]}"#);
    let check = |arguments: &[&str], code: i32, out: &str, error: &str| {
        let all: Vec<&str> = std::iter::once("jsonata")
            .chain(arguments.iter().copied())
            .collect();
        let (found, stdout, stderr) = run(&all);
        assert_eq!(found, code, "{arguments:?}: {stdout}{stderr}");
        assert_eq!(stdout, out, "{arguments:?}");
        assert!(stderr.contains(error), "{arguments:?}: {stderr}");
    };
    check(
        &["$sum($states.input.items.price)", "--input", &input],
        0,
        "5.5\n",
        "",
    );
    check(
        &["items[0]", "--input", &input, "--dialect", "plain"],
        0,
        "{\n  \"price\": 2\n}\n",
        "",
    );
    check(
        &[
            "$name & '!'",
            "--bindings",
            r#"{"name": "Ada"}"#,
            "--format",
            "json",
        ],
        0,
        "{\"result\":\"Ada!\"}\n",
        "",
    );
    check(&["{% 1 + 1 %}"], 0, "2\n", "");
    let twice = folder.write("twice.json", r#"{"d": {"x": 1, "x": 2}}"#);
    check(
        &["$string($states.input.d)", "--input", &twice],
        0,
        "\"{\\\"x\\\":2}\"\n",
        "",
    );
    check(
        &["$count($keys($states.input.d))", "--input", &twice],
        0,
        "1\n",
        "",
    );
    check(&["$error('a\nb')"], 1, "", "D3137: a\\nb");
    check(&["$nothing"], 0, "", "nothing (undefined)");
    check(
        &["items"],
        1,
        "",
        "Reference to 'items' at the top level is not supported.",
    );
    check(&["1 +"], 1, "", "Unexpected end of expression");
    check(
        &["1 + 'a'"],
        1,
        "",
        "error[T2002]: The right side of the \"+\" operator must evaluate to a number",
    );
    check(&["1", "--bindings", "[]"], 2, "", "not a JSON object");
    check(&["1", "--input", "missing.json"], 2, "", "missing.json");
    check(&[], 2, "", "required");
}

#[test]
fn lines_are_answered_in_order() {
    let mut child = command(&["jsonata", "--batch", "--dialect", "plain"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let lines = "{\"id\": 1, \"expr\": \"a.b\", \"input\": {\"a\": {\"b\": [1]}}}\n\n\
        {\"id\": \"x\", \"expr\": \"$sum(1, 2)\"}\n{\"id\": 3, \"expr\": \"$missing\"}\n{\"id\": 4, \"expr\": \"$sum\"}\nno\n\
        [1]\n{\"id\": 8, \"expr\": 1}\n{\"id\": 9}\n{\"id\": 10, \"expr\": \"1\", \"bindings\": []}\n\
        {\"id\": 11, \"expr\": \"1\", \"timelimit\": \"1\"}\n{\"id\": 12, \"expr\": \"1\", \"depth\": -1}\n\
        {\"id\": 13, \"expr\": \"1\", \"timelimit\": 1e300}\n";
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(lines.as_bytes()).expect("it reads");
    drop(input);
    let (code, out, error) = shown(&child.wait_with_output().expect("it ends"));
    let expected = [
        r#"{"id":1,"result":[1]}"#,
        r#"{"id":null,"error":{"code":"INVALID_QUESTION","message":"an empty line"}}"#,
        r#"{"id":"x","error":{"code":"T0410","message":"Argument 2 of function \"sum\" does not match function signature","position":5,"token":"sum","value":2,"index":2}}"#,
        r#"{"id":3,"undefined":true}"#,
        r#"{"id":4,"function":true}"#,
        r#"{"id":null,"error":{"code":"INVALID_QUESTION","message":"not JSON: Unrecognized token 'no': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false') at byte 0"}}"#,
        r#"{"id":null,"error":{"code":"INVALID_QUESTION","message":"not a JSON object"}}"#,
        r#"{"id":8,"error":{"code":"INVALID_QUESTION","message":"\"expr\" is not a string"}}"#,
        r#"{"id":9,"error":{"code":"INVALID_QUESTION","message":"\"expr\" is missing"}}"#,
        r#"{"id":10,"error":{"code":"INVALID_QUESTION","message":"\"bindings\" is not an object"}}"#,
        r#"{"id":11,"error":{"code":"INVALID_QUESTION","message":"\"timelimit\" is not a number from 0 on"}}"#,
        r#"{"id":12,"error":{"code":"INVALID_QUESTION","message":"\"depth\" is not a number from 0 on"}}"#,
        r#"{"id":13,"result":1}"#,
    ];
    assert_eq!(out.lines().collect::<Vec<_>>(), expected);
    assert_eq!(code, 2);
    assert!(error.contains("error: line 6: not JSON"), "{error}");
    assert_eq!(error.lines().count(), 8, "{error}");
}
