//! The crate jsonata-core as a contender of benches/jsonata.rs: a question a line in, a number or the outputs out.
//! See perf/rivals/jsonata.js for the form of both.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use jsonata_core::Expression;
use jsonata_core::value::JValue;
use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

fn main() {
    let file = std::env::args().nth(1).expect("a file of events");
    let text = std::fs::read_to_string(file).expect("events");
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let read = |line: &&str| JValue::from_json_str(line).expect("JSON");
    let values: Vec<JValue> = lines.iter().map(read).collect();
    for question in std::io::stdin().lines() {
        let question: serde_json::Value = serde_json::from_str(&question.expect("a line")).expect("JSON");
        let expression = Expression::compile(question["expr"].as_str().expect("an expression")).expect("parsed");
        let run = |value: &JValue| expression.evaluate(value).expect("a value");
        let write = |value: JValue| value.to_json_string().expect("JSON");
        let passes = question["passes"].as_u64().unwrap_or(1);
        let start = Instant::now();
        let answer = match question["mode"].as_str() {
            Some("outputs") => {
                let outputs: Vec<String> = values.iter().map(|value| write(run(value))).collect();
                format!("[{}]", outputs.join(","))
            }
            mode => {
                for _ in 0..passes {
                    match mode {
                        Some("text") => lines.iter().for_each(|line| drop(black_box(write(run(&read(line)))))),
                        _ => values.iter().for_each(|value| drop(black_box(run(value)))),
                    }
                }
                let nanoseconds = start.elapsed().as_nanos() as f64;
                format!("{}", nanoseconds / (passes * lines.len() as u64) as f64)
            }
        };
        println!("{answer}");
        std::io::stdout().flush().expect("written");
    }
}
