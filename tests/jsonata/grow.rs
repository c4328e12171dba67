//! Expressions grown from the grammar, held against the reference. It runs when `STEPSTREAM_JSONATA_REFERENCE` says how
//! to start that: see tests/slow/README.md.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::ops::Range;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use stepstream::jsonata::batch::Batch;
use stepstream::jsonata::{Dialect, World};

use crate::grammar::{Chance, DOCUMENTS, Grow};
use crate::suite::same;

/// How many cases go to the reference at once.
const BLOCK: usize = 2_000;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

/// At most one case in so many may differ for a reason that is known: each reason hides more than it should.
const KNOWN_SHARE: u64 = 50;

/// The reference agrees once it leaves the data as they are.
const CHANGED: &str = "an object constructor over an empty array puts an element into it, in the data";

/// Only what two versions of the reference agree on is held against us.
const VERSIONS: &str = "the two versions of the reference disagree";

/// Returns the reason of a difference that is known.
fn known(expression: &str, expected: &Value, found: &Value) -> Option<&'static str> {
    let code = |answer: &Value| answer["error"]["code"].as_str().unwrap_or_default().to_owned();
    if code(expected) == "internal" || code(expected) == "undefined" {
        return Some("the reference breaks: an error of JavaScript, not of the language");
    }
    let message = expected["error"]["message"].as_str().unwrap_or_default();
    let told = found["error"]["message"].as_str().unwrap_or_default();
    let named = ["undefined", "\"f\"", "\"g\"", "\"h\""];
    if code(expected) == code(found)
        && named
            .iter()
            .any(|name| message.contains(&format!("of function {name}")))
        && nameless(message) == nameless(told)
    {
        return Some(
            "a function that is a value has the name, in the reference, by which it was called last, by whomever",
        );
    }
    // As a text, or as the name of a member.
    let (ordered, own) = (expected["result"].to_string(), found["result"].to_string());
    if sorted(&ordered) == sorted(&own) && own.contains(r#"{\""#) {
        return Some("names that are whole numbers come first where the reference writes an object as text");
    }
    if let (Some(expected), Some(found)) = (expected["result"].as_str(), found["result"].as_str())
        && same_but_for_digits(expected, found)
    {
        return Some("large whole numbers keep all their digits in a text since 2.1, as at AWS");
    }
    if expression.contains("|{") && lacks_elements(&expected["result"], &found["result"]) {
        return Some(
            "a member that a transform gives to an array is an element where its name is a whole number, in the reference",
        );
    }
    if expression.contains("%[]") && expression.contains("$@$") {
        return Some(
            "where `%[]` means a document that is an array, the reference has the sequence around it",
        );
    }
    // All else (arguments, operands, the parts of a block, keys) is evaluated one after the other in both.
    is_side_by_side(expression, expected, found).then_some(
        "elements are evaluated side by side: which of two errors comes first depends on how long each takes",
    )
}

/// Says whether two errors stand in different elements of one array, or members of one object.
fn is_side_by_side(expression: &str, expected: &Value, found: &Value) -> bool {
    let place = |answer: &Value| {
        let position = answer["error"]["position"]
            .as_u64()
            .filter(|position| *position > 0);
        position.map(|position| position as usize - 1)
    };
    let both_fail = expected.get("error").is_some() && found.get("error").is_some();
    let any_behind = |place: usize| {
        let mut lists = lists(expression).into_iter();
        lists.any(|(list, commas)| list.end > place && !commas.is_empty())
    };
    match (place(expected), place(found)) {
        (Some(left), Some(right)) if left != right => {
            let places = left.min(right)..left.max(right);
            lists(expression).iter().any(|(list, commas)| {
                let holds = list.contains(&places.start) && list.contains(&places.end);
                holds && commas.iter().any(|comma| places.contains(comma))
            })
        }
        // Both stand at a call within which they were raised.
        (Some(left), Some(_)) => any_behind(left),
        // What breaks has no place, nor has a call in the middle of `a ~> f ~> g`.
        _ => both_fail && any_behind(0),
    }
}

/// Returns where the arrays and objects of an expression stand, and their own commas, in UTF-16 units. Regular
/// expressions are not told apart from the rest: those that are grown hold brackets in pairs only.
fn lists(expression: &str) -> Vec<(Range<usize>, Vec<usize>)> {
    let (mut lists, mut open, mut is_text) = (Vec::new(), Vec::new(), false);
    for (at, unit) in expression.encode_utf16().enumerate() {
        match u8::try_from(unit).unwrap_or(b'?') {
            b'\'' => is_text = !is_text,
            _ if is_text => {}
            bracket @ (b'[' | b'{' | b'(') => open.push((bracket, at, Vec::new())),
            b',' => {
                if let Some((_, _, commas)) = open.last_mut() {
                    commas.push(at);
                }
            }
            b']' | b'}' | b')' => {
                if let Some((b'[' | b'{', start, commas)) = open.pop() {
                    lists.push((start..at, commas));
                }
            }
            _ => {}
        }
    }
    lists
}

#[test]
fn only_elements_of_one_list_are_side_by_side() {
    let answer = |position: usize| json!({"error": {"code": "T", "position": position}});
    let check = |expression: &str, left: usize, right: usize, expected: bool| {
        let (left, right) = (answer(left), answer(right));
        assert_eq!(
            is_side_by_side(expression, &left, &right),
            expected,
            "{expression}"
        );
    };
    check("[a(), b()]", 3, 8, true);
    check("{'p': a(), 'q': [b()]}", 8, 19, true);
    check("[a() + b()]", 3, 9, false);
    check("f(a(), b())", 4, 9, false);
    check("[a()] + [1, b()]", 3, 14, false);
    check("$map(c, function($x) { [a(), b()] })", 5, 5, true);
    check("[a('['), b()]", 3, 11, true);
    check("[1, 2] & $map(c, function($x) { a() })", 14, 14, false);
}

/// Leaves the name of a function out of a text.
fn nameless(text: &str) -> String {
    match text.split_once("of function ") {
        Some((before, after)) => {
            let rest = after.split_once(' ').map_or("", |(_, rest)| rest);
            format!("{before}of function {rest}")
        }
        None => text.to_owned(),
    }
}

/// Says whether two texts differ only in digits behind the first 15 of a number.
fn same_but_for_digits(expected: &str, found: &str) -> bool {
    let is_other = |character: char| !matches!(character, '0'..='9' | '.' | 'e' | '+' | '-');
    let (mut left, mut right) = (expected.split(is_other), found.split(is_other));
    let close = |left: &str, right: &str| {
        // Beside it may stand another number.
        left.len() >= 15 && left.get(..14) == right.get(..14) && left.len() <= right.len()
    };
    let mut pairs = left.by_ref().zip(right.by_ref());
    pairs.all(|(left, right)| left == right || close(left, right))
        && left.next().is_none()
        && right.next().is_none()
}

/// Says whether two values differ only in arrays that have more elements in the first one.
fn lacks_elements(more: &Value, less: &Value) -> bool {
    match (more, less) {
        (Value::Array(more), Value::Array(less)) => {
            less.len() <= more.len()
                && more
                    .iter()
                    .zip(less)
                    .all(|(more, less)| lacks_elements(more, less))
        }
        (Value::Object(more), Value::Object(less)) => {
            let same = |(name, value): (&String, &Value)| {
                less.get(name).is_some_and(|other| lacks_elements(value, other))
            };
            more.len() == less.len() && more.iter().all(same)
        }
        (more, less) => more == less,
    }
}

fn sorted(text: &str) -> Vec<char> {
    let mut characters: Vec<char> = text.chars().collect();
    characters.sort_unstable();
    characters
}

#[test]
fn grown_expressions_answer_as_the_reference() {
    let Ok(command) = std::env::var("STEPSTREAM_JSONATA_REFERENCE") else {
        println!("SKIPPED: STEPSTREAM_JSONATA_REFERENCE is not set");
        return;
    };
    let (cases, first) = (number("STEPSTREAM_CASES", 20_000), number("STEPSTREAM_SEED", 1));
    let (mut reference, mut input, mut output) = start(&command);
    // Asked only where they differ.
    let (mut second, mut second_input, mut second_output) = start(&format!("{command} --unchanged"));
    let mut newest = std::env::var("STEPSTREAM_JSONATA_NEWEST")
        .ok()
        .map(|command| start(&command));
    let (mut batch, mut wrong) = (Batch::default(), 0);
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    let mut seed = first;
    while seed < first + cases {
        let block: Vec<(u64, String, usize)> = (seed..(seed + BLOCK as u64).min(first + cases))
            .map(grown)
            .collect();
        seed += BLOCK as u64;
        let lines: Vec<String> = block
            .iter()
            .map(|(seed, text, document)| line(*seed, text, *document))
            .collect();
        let text = lines.join("\n") + "\n";
        let writer = std::thread::spawn(move || {
            input.write_all(text.as_bytes()).expect("the reference reads");
            input
        });
        for ((seed, expression, document), line) in block.iter().zip(&lines) {
            let expected = output.next().expect("an answer").expect("a line");
            let expected: Value = serde_json::from_str(&expected).expect("JSON");
            let mut out = Vec::new();
            let world = World {
                millis: 1_500_000_000_000,
                seed: 1,
            };
            batch
                .answer(line.as_bytes(), Dialect::Plain, world, &mut out)
                .expect("the line is JSON");
            let found: Value = serde_json::from_slice(&out).expect("JSON");
            if agree(&expected, &found) {
                continue;
            }
            if expression.contains('{') {
                writeln!(second_input, "{line}").expect("the reference reads");
                let unchanged = second_output.next().expect("an answer").expect("a line");
                if agree(&serde_json::from_str(&unchanged).expect("JSON"), &found) {
                    *reasons.entry(CHANGED).or_default() += 1;
                    continue;
                }
            }
            if let Some((_, input, output)) = &mut newest {
                writeln!(input, "{line}").expect("the newer reference reads");
                let other = output.next().expect("an answer").expect("a line");
                if !agree(&expected, &serde_json::from_str(&other).expect("JSON")) {
                    *reasons.entry(VERSIONS).or_default() += 1;
                    continue;
                }
            }
            if let Some(reason) = known(expression, &expected, &found) {
                *reasons.entry(reason).or_default() += 1;
                continue;
            }
            wrong += 1;
            if wrong <= 40 {
                println!("{seed} over {document}: {expression}\n    {found}\n    {expected}");
            }
        }
        input = writer.join().expect("the writer ends");
    }
    drop((input, second_input));
    let _ = (reference.wait(), second.wait());
    if let Some((mut process, input, _)) = newest {
        drop(input);
        let _ = process.wait();
    }
    let differ: u64 = reasons.values().sum();
    println!("{cases} cases, {differ} with a known difference: {reasons:#?}");
    assert_eq!(wrong, 0, "differences");
    assert!(
        differ <= cases / KNOWN_SHARE,
        "{differ} of {cases} differ for reasons that are known"
    );
}

/// Starts a process that answers lines.
fn start(command: &str) -> (Child, ChildStdin, Lines<BufReader<ChildStdout>>) {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the reference starts");
    let input = child.stdin.take().expect("a pipe");
    let output = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    (child, input, output)
}

fn grown(seed: u64) -> (u64, String, usize) {
    let mut chance = Chance::new(seed.wrapping_mul(0x1234_5678_9ABC_DEF1));
    let text = Grow::new(&mut chance).expression(1 + (seed % 4) as usize);
    (seed, text, (seed / 4) as usize % DOCUMENTS.len())
}

fn line(seed: u64, text: &str, document: usize) -> String {
    let input: Value = serde_json::from_str(DOCUMENTS[document]).expect("JSON");
    json!({"id": seed, "expr": text, "input": input}).to_string()
}

fn agree(expected: &Value, found: &Value) -> bool {
    for kind in ["undefined", "function"] {
        if expected.get(kind).is_some() || found.get(kind).is_some() {
            return expected.get(kind) == found.get(kind);
        }
    }
    match (expected.get("error"), found.get("error")) {
        (Some(expected), Some(found)) => {
            expected["code"] == found["code"] && expected["message"] == found["message"]
        }
        (None, None) => same(&expected["result"], &found["result"]),
        _ => false,
    }
}
