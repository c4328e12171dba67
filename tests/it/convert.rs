//! `convert`: what it makes of a definition does the same.
//!
//! Grown expressions are evaluated in both languages: where they differ, the rewriting must have said so. What AWS
//! recorded of JSONPath machines is played over the rewritten ones.

mod corpus;
mod grow;
mod nested;

use grow::Grower;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use stepstream::asl::{self, Format, Options, Source};
use stepstream::compile::compile;
use stepstream::convert::{Converted, code, convert};
use stepstream::drive::{End, VirtualClock, drive};
use stepstream::jsonata::batch::Batch;
use stepstream::jsonata::{Dialect, World};
use stepstream::program::Program;
use stepstream::vm::{Identified, Run, Status};

/// Expressions that are grown of each kind.
const GROWN: u64 = 2_000;

fn source(text: &str) -> Source<'_> {
    Source {
        name: "grown.asl.json",
        text,
        format: Format::Json,
    }
}

fn program(text: &str) -> Option<Program> {
    let report = asl::check(&source(text), &Options::default());
    report.machine.map(|machine| compile(&machine))
}

/// Runs a machine without tasks; `None` when it fails.
fn output(program: &Program, input: &Value) -> Option<Value> {
    let (mut run, mut clock) = (Run::new(), VirtualClock::new(0, None));
    let mut tasks = |_: &stepstream::drive::TaskCall<'_>| None;
    let input = input.to_string();
    let end = drive(
        &mut run,
        program,
        input.as_bytes(),
        &Identified::default(),
        &mut clock,
        &mut tasks,
    );
    match end {
        Ok(End::Over(outcome)) if outcome.status == Status::Succeeded => {
            serde_json::from_str(&run.view(program).to_json(outcome.output)).ok()
        }
        _ => None,
    }
}

/// Evaluates an expression; `None` when it fails or gives nothing.
fn evaluated(expression: &str, input: &Value) -> Option<Value> {
    let line = json!({ "expr": expression, "states": { "input": input, "context": { "Execution": { "Name": "", "Input": input } } } });
    let mut out = Vec::new();
    let mut batch = Batch::default();
    batch
        .answer(
            line.to_string().as_bytes(),
            Dialect::States,
            World::default(),
            &mut out,
        )
        .expect("a line");
    let mut answer: Value = serde_json::from_slice(&out).expect("an answer");
    assert!(answer.get("refused").is_none(), "{expression}: {answer}");
    answer.get_mut("result").map(Value::take)
}

/// What both languages make of grown material.
#[derive(Default)]
struct Tally {
    equal: usize,
    both_fail: usize,
    kept: usize,
    /// What differs, by what was said of it.
    said: BTreeMap<String, usize>,
    /// A missing variable of a Choice fails in JSONPath alone, as does an index of what is no array.
    fails_in_path: usize,
    unsaid: Vec<String>,
}

impl Tally {
    fn note(
        &mut self,
        what: &str,
        expression: &str,
        input: &Value,
        converted: &Converted,
        answers: [Option<Value>; 2],
    ) {
        let [path, jsonata] = answers;
        let rules = super::compare::Rules {
            placeholders: Vec::new(),
            arns: Default::default(),
        };
        match (&path, &jsonata) {
            (None, None) => return self.both_fail += 1,
            (Some(path), Some(jsonata)) if rules.difference(path, jsonata).is_none() => {
                return self.equal += 1;
            }
            (None, Some(_)) => return self.fails_in_path += 1,
            _ => {}
        }
        let said: Vec<&str> = converted
            .diagnostics
            .iter()
            .map(|found| &*found.message)
            .collect();
        if said.is_empty() {
            self.unsaid.push(format!(
                "{what}\n  {expression}\n  {input}\n  JSONPath {path:?}\n  JSONata  {jsonata:?}"
            ));
        } else {
            let said: Vec<&str> = said
                .iter()
                .map(|text| text.split(':').next().unwrap_or(text))
                .collect();
            *self.said.entry(said.join(" | ")).or_default() += 1;
        }
    }

    fn end(self, what: &str) {
        println!(
            "{what}: {} equal, {} fail in both, {} in JSONPath alone, {} kept, {} differ as said, {} unsaid",
            self.equal,
            self.both_fail,
            self.fails_in_path,
            self.kept,
            self.said.values().sum::<usize>(),
            self.unsaid.len()
        );
        for (said, count) in &self.said {
            println!("  {count:6} {said}");
        }
        let shown = self.unsaid.iter().take(12).cloned().collect::<Vec<_>>();
        assert!(self.unsaid.is_empty(), "{}", shown.join("\n"));
        assert!(self.equal > GROWN as usize / 10, "hardly anything was compared");
    }
}

/// What both languages make of an expression of a template.
struct Pair {
    converted: Converted,
    expression: String,
    answers: [Option<Value>; 2],
}

/// Evaluates an expression of a template in both languages; `None` if it is refused, or kept.
fn pair(path: &str, input: &Value, tally: &mut Tally) -> Option<Pair> {
    let definition = json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "Parameters": { "x.$": path }, "End": true } } });
    let text = definition.to_string();
    let program = program(&text)?;
    let converted = convert(&source(&text), &Options::default()).expect("well-formed");
    if !converted.is_whole {
        assert!(converted.diagnostics.iter().any(|found| found.code == code::KEPT));
        tally.kept += 1;
        return None;
    }
    let rewritten: Value = serde_json::from_str(&converted.text).expect("JSON");
    let field = rewritten["States"]["A"]["Output"]["x"]
        .as_str()
        .expect("an expression");
    let inner = field
        .strip_prefix("{%")
        .and_then(|text| text.strip_suffix("%}"))
        .expect("marks")
        .trim();
    let answers = [
        output(&program, input).map(|mut output| output["x"].take()),
        evaluated(inner, input),
    ];
    Some(Pair {
        expression: inner.to_owned(),
        converted,
        answers,
    })
}

/// Compares an expression of a template in both languages.
fn compare_template(path: &str, input: &Value, tally: &mut Tally) {
    if let Some(pair) = pair(path, input, tally) {
        tally.note(path, &pair.expression, input, &pair.converted, pair.answers);
    }
}

#[test]
fn grown_paths() {
    let mut tally = Tally::default();
    for seed in 0..GROWN {
        let mut grower = Grower::new(seed);
        let (path, input) = (grower.path(), grower.input());
        compare_template(&path, &input, &mut tally);
    }
    tally.end("paths");
}

#[test]
fn grown_calls() {
    let mut tally = Tally::default();
    for seed in 0..GROWN {
        let mut grower = Grower::new(seed);
        let (call, input) = (grower.call(), grower.input());
        compare_template(&call, &input, &mut tally);
    }
    tally.end("calls");
}

#[test]
fn grown_rules() {
    let mut tally = Tally::default();
    for seed in 0..GROWN {
        let mut grower = Grower::new(seed);
        let (mut rule, input) = (grower.rule(2), grower.input());
        let what = rule.to_string();
        rule["Next"] = json!("T");
        let end = |value: bool| json!({ "Type": "Pass", "Result": value, "End": true });
        let choice = json!({ "Type": "Choice", "Choices": [rule], "Default": "F" });
        let text =
            json!({ "StartAt": "A", "States": { "A": choice, "T": end(true), "F": end(false) } }).to_string();
        let program = program(&text).unwrap_or_else(|| panic!("{what} is refused"));
        let converted = convert(&source(&text), &Options::default()).expect("well-formed");
        let rewritten: Value = serde_json::from_str(&converted.text).expect("JSON");
        let field = rewritten["States"]["A"]["Choices"][0]["Condition"]
            .as_str()
            .expect("an expression");
        let inner = field
            .strip_prefix("{%")
            .and_then(|text| text.strip_suffix("%}"))
            .expect("marks")
            .trim();
        tally.note(
            &what,
            inner,
            &input,
            &converted,
            [output(&program, &input), evaluated(inner, &input)],
        );
    }
    tally.end("rules");
}

/// The table of the page for authors: each row is what `convert` writes.
#[test]
fn the_page_for_authors_shows_what_is_written() {
    let page = include_str!("../../config/workflows/JSONATA.md");
    let section = page.split("## From JSONPath").nth(1).expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut count = 0;
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let (path, jsonata) = row.split_once(" | `").expect("two columns");
        let path = path.trim_start_matches(['|', ' ', '`']).trim_end_matches('`');
        let jsonata = jsonata.trim_end_matches(['|', ' ']).trim_start_matches('`');
        // A text with backquotes in it stands in two of them.
        let jsonata = jsonata.strip_suffix(" ``").or(jsonata.strip_suffix('`'));
        let jsonata = jsonata.expect("a code span");
        let state = match path.split(':').next() {
            Some("\"Variable\"") => {
                format!(r#"{{"Type": "Choice", "Choices": [{{{path}, "Next": "B"}}], "Default": "B"}}"#)
            }
            Some(field) if field.starts_with('"') => {
                format!(r#"{{"Type": "Task", "Resource": "r", {path}, "End": true}}"#)
            }
            _ => json!({ "Type": "Pass", "Parameters": { "x.$": path }, "End": true }).to_string(),
        };
        let text = format!(r#"{{"StartAt": "A", "States": {{"A": {state}}}}}"#);
        let converted = convert(&source(&text), &Options::default()).expect("well-formed");
        let expected = if path.starts_with('"') {
            jsonata.to_owned()
        } else {
            format!("{}", json!(format!("{{% {jsonata} %}}")))
        };
        assert!(
            converted.text.contains(&expected),
            "{row}\n{expected}\n{}",
            converted.text
        );
        count += 1;
    }
    assert!(count >= 20, "the table has lost its rows: {count}");
}
