//! What stands in one another: every intrinsic call in every other, and wildcards over what they are meant for.
//!
//! Here the two languages must agree where they can, whatever was said: a warning excuses no expression that always fails.

use super::{Tally, compare_template, pair};
use serde_json::{Value, json};

/// Calls that succeed: of which kind their value is, the name, and the arguments.
const CALLS: [(Kind, &str, &[&str]); 16] = [
    (Kind::Text, "Format", &["'n={}, {}'", "$.text", "2"]),
    (Kind::List, "Array", &["1", "'a'", "$.flag"]),
    (Kind::List, "ArrayPartition", &["$.list", "2"]),
    (Kind::Scalar, "ArrayContains", &["$.list", "3"]),
    (Kind::List, "ArrayRange", &["1", "9", "2"]),
    (Kind::Unknown, "ArrayGetItem", &["$.list", "1"]),
    (Kind::Scalar, "ArrayLength", &["$.list"]),
    (Kind::List, "ArrayUnique", &["$.list"]),
    (Kind::Text, "Base64Encode", &["$.text"]),
    (Kind::Text, "Base64Decode", &["'YWJj'"]),
    (Kind::Text, "Hash", &["$.text", "'SHA-256'"]),
    (Kind::Object, "JsonMerge", &["$.object", "$.other", "false"]),
    (Kind::Unknown, "StringToJson", &["'[1, 2]'"]),
    (Kind::Text, "JsonToString", &["$.object"]),
    (Kind::Scalar, "MathAdd", &["$.number", "-1"]),
    (Kind::List, "StringSplit", &["$.text", "','"]),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Text,
    /// A number or boolean.
    Scalar,
    List,
    Object,
    /// Nothing says which.
    Unknown,
}

/// Says whether a call with an argument of this kind at a position gives another value in JSONata, of which the author
/// is told.
fn is_another(name: &str, position: usize, kind: Kind) -> bool {
    match (name, position) {
        ("Format", _) => !matches!(kind, Kind::Text | Kind::Scalar),
        ("Hash", _) => kind != Kind::Text,
        ("JsonToString", _) => matches!(kind, Kind::Text | Kind::Unknown),
        ("ArrayContains", 1) => matches!(kind, Kind::Text | Kind::Unknown),
        ("Array", _) => kind == Kind::Unknown,
        // Their order, what is no Base64, and each character of a delimiter that is no constant.
        ("ArrayUnique" | "Base64Decode", _) | ("StringSplit", 1) => true,
        _ => false,
    }
}

#[test]
fn every_call_in_every_other() {
    let input = json!({
        "text": "a,b", "flag": true, "number": 4, "list": [1, 2, 3], "object": { "a": 1 }, "other": { "b": "c" }
    });
    let (mut tally, mut differing) = (Tally::default(), Vec::new());
    let inner: Vec<(Kind, String, bool)> = CALLS
        .iter()
        .map(|(kind, name, arguments)| (*kind, call(name, arguments, None), true))
        .collect();
    // Each with whether the two languages agree on it.
    let within = |inner: &[(Kind, String, bool)]| {
        let mut nested = Vec::new();
        for (kind, name, arguments) in CALLS {
            for position in 0..arguments.len() {
                nested.extend(inner.iter().map(|(inner_kind, inner, agrees)| {
                    let agrees = *agrees && !is_another(name, position, *inner_kind);
                    (kind, call(name, arguments, Some((position, inner))), agrees)
                }));
            }
        }
        nested
    };
    let middle: Vec<_> = within(&inner);
    for (_, path, agrees) in middle.iter().chain(&within(&middle)) {
        match agrees {
            true => compare(path, &input, &mut tally, &mut differing),
            false => compare_template(path, &input, &mut tally),
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    tally.end("nested calls");
}

/// Writes a call, with another one as one of its arguments.
fn call(name: &str, arguments: &[&str], inner: Option<(usize, &String)>) -> String {
    let mut arguments = arguments.to_vec();
    if let Some((position, inner)) = inner {
        arguments[position] = inner;
    }
    format!("States.{name}({})", arguments.join(", "))
}

fn compare(path: &str, input: &Value, tally: &mut Tally, differing: &mut Vec<String>) {
    let Some(pair) = pair(path, input, tally) else {
        return;
    };
    match &pair.answers {
        [Some(path), Some(jsonata)] if path == jsonata => tally.equal += 1,
        [None, _] => {}
        [in_path, in_jsonata] => differing.push(format!(
            "{path}\n  {}\n  {in_path:?}\n  {in_jsonata:?}",
            pair.expression
        )),
    }
}

#[test]
fn wildcards_over_objects_and_arrays() {
    let (mut tally, mut differing) = (Tally::default(), Vec::new());
    let inputs = [
        json!({ "b": { "x": 1, "y": "t" } }),
        json!({ "b": { "x": { "c": 1 }, "y": { "c": 2 }, "z": { "d": 3 } } }),
        json!({ "b": { "x": { "c": 1 } } }),
        json!({ "b": {} }),
        json!({ "b": { "x": null } }),
        json!({ "b": [] }),
        json!({ "b": [1] }),
        json!({ "b": [[1], [2, 3]] }),
        json!({ "b": [1, "t", null] }),
        json!({ "b": [{ "c": 1 }, { "c": 2 }] }),
        json!({ "b": [{ "c": 1 }] }),
        json!({ "b": "text" }),
        json!({ "b": 5 }),
    ];
    for input in &inputs {
        for path in [
            "$.b.*",
            "$.b.*.c",
            "$.b.*[?(@.c > 1)].c",
            "States.ArrayLength($.b.*)",
        ] {
            compare(path, input, &mut tally, &mut differing);
        }
        if input["b"].is_object() {
            compare("$.*.c", input, &mut tally, &mut differing);
        }
        if input["b"].is_array() {
            for path in ["$.b[*]", "$.b[*].c", "$.b[:].c"] {
                compare(path, input, &mut tally, &mut differing);
            }
        }
    }
    println!("{} equal", tally.equal);
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
