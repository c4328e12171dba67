//! Expressions grown from the grammar, held against the reference. It runs when `STEPSTREAM_JSONATA_REFERENCE` says how
//! to start that: see tests/slow/README.md.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use stepstream::jsonata::batch::Batch;
use stepstream::jsonata::{Dialect, World};

use crate::grammar::{Chance, DOCUMENTS, Grow};
use crate::suite::{same, same_unordered};

/// How many cases go to the reference at once.
const BLOCK: usize = 2_000;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

/// Says whether a difference is one that is known.
fn is_known(expression: &str, expected: &Value, found: &Value) -> bool {
    let code = |answer: &Value| answer["error"]["code"].as_str().unwrap_or_default().to_owned();
    // The reference breaks: an error of JavaScript, not of the language.
    if code(expected) == "internal" || code(expected) == "undefined" {
        return true;
    }
    // A function that `~>` applies has no name in the reference until a call has named it.
    let message = expected["error"]["message"].as_str().unwrap_or_default();
    if message.contains("of function undefined") && code(expected) == code(found) {
        return true;
    }
    // An object constructor over an empty array puts an element into it, in the data.
    if expected.to_string().contains("[null]") && expression.contains('{') {
        return true;
    }
    // Names that are whole numbers come first in the reference's objects; here all come as they were added.
    if found.get("result").is_some() && same_unordered(&expected["result"], &found["result"]) {
        return true;
    }
    // Its elements are evaluated side by side: which of two errors comes first depends on how long each takes.
    let both_fail = expected.get("error").is_some() && found.get("error").is_some();
    both_fail && (expression.contains('[') || expression.contains('{'))
}

#[test]
fn grown_expressions_answer_as_the_reference() {
    let Ok(command) = std::env::var("STEPSTREAM_JSONATA_REFERENCE") else {
        println!("SKIPPED: STEPSTREAM_JSONATA_REFERENCE is not set");
        return;
    };
    let (cases, first) = (number("STEPSTREAM_CASES", 20_000), number("STEPSTREAM_SEED", 1));
    let mut reference = Command::new("sh")
        .args(["-c", &command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the reference starts");
    let mut input = reference.stdin.take().expect("a pipe");
    let mut output = BufReader::new(reference.stdout.take().expect("a pipe")).lines();
    let (mut batch, mut wrong, mut known) = (Batch::default(), 0, 0);
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
            if is_known(expression, &expected, &found) {
                known += 1;
                continue;
            }
            wrong += 1;
            if wrong <= 40 {
                println!("{seed} over {document}: {expression}\n    {found}\n    {expected}");
            }
        }
        input = writer.join().expect("the writer ends");
    }
    drop(input);
    let _ = reference.wait();
    println!("{cases} cases, {known} with a known difference");
    assert_eq!(wrong, 0, "differences");
}

fn grown(seed: u64) -> (u64, String, usize) {
    let mut chance = Chance(seed.wrapping_mul(0x1234_5678_9ABC_DEF1));
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
