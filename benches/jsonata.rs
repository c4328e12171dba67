//! Prints how JSONata stands beside its rivals, expression by expression, all measured in turn: the median of many
//! short rounds each, so that a noisy machine disturbs all alike.
//!
//! `cargo bench --bench jsonata [NAME...] [engine]`: only expressions whose names contain one of these; `engine` leaves
//! the rivals out, for a profiler. Rivals are processes, named by `STEPSTREAM_JSONATA_RIVALS`: `NAME=COMMAND`, several
//! apart by `;`. `perf/run jsonata` sets it. The expressions and events are `expressions.json` and `orders.ndjson` of
//! the shared folder.

#[path = "../tests/it/shared.rs"]
#[allow(dead_code)]
mod shared;

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use stepstream::jsonata::{Code, Dialect, Limits, Outcome, Request, Scratch, World, compile, evaluate};
use stepstream::value::{Heap, View};

const ROUNDS: usize = 21;
/// Passes over all events that a round of ours makes; rivals make as many as fit in about the same time.
const PASSES: usize = 8;
/// Evaluations over one index, where evaluation alone is timed.
const REPEATS: usize = 16;

/// What is timed.
const MODES: [&str; 2] = ["text", "evaluate"];

fn main() {
    let arguments = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let (flags, names): (Vec<String>, Vec<String>) = arguments.partition(|arg| arg == "engine");
    let (Some(expressions), Some(events)) = (shared::folder("jsonata"), shared::folder("workloads")) else {
        return;
    };
    let expressions = std::fs::read(expressions.join("expressions.json")).expect("expressions");
    let events = events.join("orders.ndjson");
    let expressions: serde_json::Map<String, Value> = serde_json::from_slice(&expressions).expect("JSON");
    let mut rivals = if flags.is_empty() {
        rivals(&events)
    } else {
        Vec::new()
    };
    let text = std::fs::read_to_string(&events).expect("the orders are there");
    let events: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
    let mut table = Table::new(&rivals);
    for (name, text) in &expressions {
        if names.is_empty() || names.iter().any(|part| name.contains(part.as_str())) {
            let text = text.as_str().expect("an expression");
            table.line(name, &compare(text, &events, &mut rivals));
        }
    }
    table.end();
}

/// Our engine with one expression.
struct Engine {
    code: Code,
    constants: Heap,
    heap: Heap,
    scratch: Scratch,
}

impl Engine {
    fn new(text: &str) -> Engine {
        let mut code = compile(text, Dialect::Plain, &[]).expect("an expression");
        let mut constants = Heap::for_constants();
        code.link(&mut constants);
        Engine {
            code,
            constants,
            heap: Heap::new(),
            scratch: Scratch::default(),
        }
    }

    fn evaluate(&mut self, input: stepstream::value::ValueRef) -> Outcome {
        let request = Request {
            code: &self.code,
            input: Some(input),
            globals: &[],
            chains: &[],
            limits: Limits::STATES,
            world: World::default(),
        };
        let mut work = 0;
        let (heap, scratch) = (&mut self.heap, &mut self.scratch);
        evaluate(&request, heap, &self.constants, scratch, &mut work).expect("a value")
    }

    fn text_to_text(&mut self, event: &[u8], out: &mut Vec<u8>) {
        self.heap.clear();
        let input = self.heap.index(event).expect("JSON");
        if let Outcome::Value(value) = self.evaluate(input) {
            View::new(&self.heap, &self.constants).write(value, out);
        }
    }

    /// Nanoseconds an event.
    fn round(&mut self, mode: &str, events: &[&[u8]]) -> f64 {
        let (mut out, mut nanoseconds) = (Vec::with_capacity(1 << 16), 0);
        for _ in 0..PASSES {
            if mode == "text" {
                let start = Instant::now();
                for event in events {
                    out.clear();
                    self.text_to_text(event, &mut out);
                    black_box(&out);
                }
                nanoseconds += start.elapsed().as_nanos();
                continue;
            }
            for event in events {
                self.heap.clear();
                let input = self.heap.index(event).expect("JSON");
                let start = Instant::now();
                for _ in 0..REPEATS {
                    black_box(self.evaluate(input));
                }
                nanoseconds += start.elapsed().as_nanos() / REPEATS as u128;
            }
        }
        nanoseconds as f64 / (PASSES * events.len()) as f64
    }
}

/// A process that answers questions.
struct Rival {
    name: String,
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Rival {
    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.questions, "{question}").expect("the rival reads");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the rival answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{}: {error}: {line}", self.name))
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rivals(events: &Path) -> Vec<Rival> {
    let named = std::env::var("STEPSTREAM_JSONATA_RIVALS").unwrap_or_default();
    let start = |rival: &str| {
        let (name, command) = rival.split_once('=').expect("NAME=COMMAND");
        let mut words = command.split_whitespace();
        let mut child = Command::new(words.next().expect("a command"))
            .args(words)
            .arg(events)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        Rival {
            name: name.trim().to_owned(),
            questions: child.stdin.take().expect("piped"),
            answers: BufReader::new(child.stdout.take().expect("piped")),
            child,
        }
    };
    named
        .split(';')
        .filter(|rival| !rival.trim().is_empty())
        .map(start)
        .collect()
}

/// Returns the medians of each contender, ours first, for each mode.
fn compare(text: &str, events: &[&[u8]], rivals: &mut [Rival]) -> Vec<[f64; 2]> {
    let mut engine = Engine::new(text);
    let expected = outputs(&mut engine, events);
    for rival in rivals.iter_mut() {
        let answers = rival.ask(&json!({"expr": text, "mode": "outputs"}));
        assert!(
            same(&answers, &expected),
            "{}: {text}: {answers}\n{expected}",
            rival.name
        );
    }
    let mut medians = vec![[0.0; 2]; rivals.len() + 1];
    for (at, mode) in MODES.into_iter().enumerate() {
        let mut passes = vec![1; rivals.len()];
        let mut times = vec![Vec::with_capacity(ROUNDS); rivals.len() + 1];
        engine.round(mode, events);
        for _ in 0..ROUNDS {
            let ours = engine.round(mode, events);
            times[0].push(ours);
            for ((rival, passes), times) in rivals.iter_mut().zip(&mut passes).zip(&mut times[1..]) {
                let question = json!({"expr": text, "mode": mode, "passes": passes});
                let time = rival.ask(&question).as_f64().expect("a time");
                *passes = ((ours * PASSES as f64 * 4.0 / time) as usize).clamp(1, PASSES);
                times.push(time);
            }
        }
        for (medians, times) in medians.iter_mut().zip(&mut times) {
            medians[at] = median(times);
        }
    }
    medians
}

fn outputs(engine: &mut Engine, events: &[&[u8]]) -> Value {
    let read = |event: &&[u8]| {
        let mut out = Vec::new();
        engine.text_to_text(event, &mut out);
        match out.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&out).expect("JSON"),
        }
    };
    events.iter().map(read).collect()
}

/// Compares by value: numbers have several notations, and nothing is null here.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let found =
                |(key, value): (&String, &Value)| right.get(key).is_some_and(|other| same(value, other));
            left.len() == right.len() && left.iter().all(found)
        }
        _ => left == right,
    }
}

/// Prints a line for each expression, and the means.
struct Table {
    /// Sums of logarithms: of our times, then of the factors of rivals.
    sums: Vec<[f64; 2]>,
    lines: usize,
}

impl Table {
    fn new(rivals: &[Rival]) -> Table {
        print!("{:24}", "ns an event");
        for mode in MODES {
            print!(" | {mode:>9}");
            rivals.iter().for_each(|rival| print!(" {:>20}", rival.name));
        }
        println!();
        Table {
            sums: vec![[0.0; 2]; rivals.len() + 1],
            lines: 0,
        }
    }

    fn line(&mut self, name: &str, medians: &[[f64; 2]]) {
        print!("{name:24}");
        for mode in 0..MODES.len() {
            let ours = medians[0][mode];
            print!(" | {ours:9.0}");
            self.sums[0][mode] += ours.ln();
            for (sums, rival) in self.sums[1..].iter_mut().zip(&medians[1..]) {
                sums[mode] += (rival[mode] / ours).ln();
                print!(" {:10.0} = {:5.1} x", rival[mode], rival[mode] / ours);
            }
        }
        println!();
        self.lines += 1;
    }

    fn end(&self) {
        let mean = |sum: f64| (sum / self.lines.max(1) as f64).exp();
        print!("{:24}", "geometric mean");
        for mode in 0..MODES.len() {
            print!(" | {:9.0}", mean(self.sums[0][mode]));
            self.sums[1..]
                .iter()
                .for_each(|sums| print!(" {:>12} {:5.1} x", "", mean(sums[mode])));
        }
        println!();
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
