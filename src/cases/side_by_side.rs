//! One case over two programs that should do the same: where they do not.
//!
//! Both get the case's answers. What is compared is what an execution's user sees: how it ends, its output, and what its
//! tasks were given, in order. What the case expects is not looked at: that is for playing it.

use super::compare::{Extent, Rules};
use super::play::{Difference, World, execute, parse};
use super::{Case, expect};
use crate::asl::syntax::Node;
use crate::drive::{End, Host, Reply, TaskCall};
use crate::program::Program;
use crate::value::ValueRef;
use crate::vm::{Run, StartError};
use std::fmt::Write;

/// What an execution did.
struct Story {
    status: &'static str,
    output: Option<Node>,
    error: Option<String>,
    cause: Option<String>,
    calls: Vec<(String, Node)>,
}

/// Runs a case over two programs and returns where the second does something else than the first.
///
/// Failures that come of the query language itself count as equal if both fail with one, such as `States.Runtime` and
/// `States.QueryEvaluationError`; their causes have other words.
pub fn compare(case: &Case, first: &Program, second: &Program, input: &[u8]) -> Vec<Difference> {
    let (first, second) = (story(case, first, input), story(case, second, input));
    let mut out = Vec::new();
    if first.status != second.status {
        out.push(Difference::new(
            "status",
            Some(first.ending()),
            Some(second.ending()),
        ));
        return out;
    }
    let rules = Rules::default();
    match (&first.output, &second.output) {
        (Some(first), Some(second)) => out.extend(rules.differences("output", first, second, Extent::Whole)),
        (None, None) => {}
        (first, second) => {
            let text = |output: &Option<Node>| output.as_ref().map(Node::to_json);
            out.push(Difference::new("output", text(first), text(second)));
        }
    }
    if !(is_of_language(&first.error) && is_of_language(&second.error)) {
        for (what, first, second) in [
            ("error", &first.error, &second.error),
            ("cause", &first.cause, &second.cause),
        ] {
            if first != second {
                out.push(Difference::new(what, first.clone(), second.clone()));
            }
        }
    }
    compare_calls(&rules, &first.calls, &second.calls, &mut out);
    out
}

fn compare_calls(
    rules: &Rules,
    first: &[(String, Node)],
    second: &[(String, Node)],
    out: &mut Vec<Difference>,
) {
    let states = |calls: &[(String, Node)]| {
        let states: Vec<&str> = calls.iter().map(|(state, _)| state.as_str()).collect();
        states.join(" → ")
    };
    let (called, then) = (states(first), states(second));
    if called != then {
        return out.push(Difference::new("tasks called", Some(called), Some(then)));
    }
    for ((state, first), (_, second)) in first.iter().zip(second) {
        let what = format!("parameters of '{state}'");
        out.extend(rules.differences(&what, first, second, Extent::Whole));
    }
}

/// Says whether an error is one that the query language makes.
fn is_of_language(error: &Option<String>) -> bool {
    let errors = [
        "States.Runtime",
        "States.ReferencePathConflict",
        "States.QueryEvaluationError",
    ];
    error.as_deref().is_some_and(|error| errors.contains(&error))
}

impl Story {
    /// Words how it ended.
    fn ending(&self) -> String {
        let mut out = self.status.to_owned();
        for text in [&self.error, &self.cause].into_iter().flatten() {
            let _ = write!(out, ": {text}");
        }
        out
    }
}

fn story(case: &Case, program: &Program, input: &[u8]) -> Story {
    let rules = Rules::default();
    let mut recorder = Recorder {
        world: World::new(case, &rules, ""),
        calls: Vec::new(),
    };
    let mut run = Run::new();
    let (end, _) = execute(case, program, input, &mut run, &mut recorder);
    let mut story = ended(&run, program, end);
    story.calls = recorder.calls;
    story
}

fn ended(run: &Run, program: &Program, end: Result<End, StartError>) -> Story {
    let mut story = Story {
        status: "NOT_STARTED",
        output: None,
        error: None,
        cause: None,
        calls: Vec::new(),
    };
    match end {
        Err(error) => story.error = Some(error.to_string()),
        Ok(End::NoAnswer { state, .. }) => {
            story.status = "NO_ANSWER";
            story.error = Some(format!("no answer is left for '{}'", program.state_name(state)));
        }
        Ok(End::Interrupted(_)) => {}
        Ok(End::Over(outcome)) => {
            let view = run.view(program);
            let text = |value: ValueRef| {
                let text = (!value.is_none()).then(|| view.string(value)).flatten();
                text.map(|text| without_uuids(&text.decode()))
            };
            story.status = expect::status_name(outcome.status);
            story.output =
                (!outcome.output.is_none()).then(|| parse(&without_uuids(&view.to_json(outcome.output))));
            (story.error, story.cause) = (text(outcome.error), text(outcome.cause));
        }
    }
    story
}

/// Returns a text with the same UUID for every one of version 4: they are random.
fn without_uuids(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest
        .char_indices()
        .map(|(start, _)| start)
        .find(|&start| is_uuid(&rest[start..]))
    {
        out.push_str(&rest[..start]);
        out.push_str(SAME_UUID);
        rest = &rest[start + SAME_UUID.len()..];
    }
    out.push_str(rest);
    out
}

/// What stands for every UUID.
const SAME_UUID: &str = "00000000-0000-4000-8000-000000000000";

/// Says whether a text begins with a UUID of version 4.
fn is_uuid(text: &str) -> bool {
    let text = text.as_bytes();
    let pattern = SAME_UUID.bytes().enumerate();
    text.len() >= SAME_UUID.len()
        && pattern.into_iter().all(|(index, wanted)| match (index, wanted) {
            (_, b'-') => text[index] == b'-',
            (14, _) => text[index] == b'4',
            _ => text[index].is_ascii_hexdigit(),
        })
}

/// The world of a case, with a note of what it is asked.
struct Recorder<'a> {
    world: World<'a>,
    calls: Vec<(String, Node)>,
}

impl Host for Recorder<'_> {
    fn call(&mut self, call: &TaskCall<'_>) -> Option<Reply> {
        let given = parse(&without_uuids(&String::from_utf8_lossy(call.parameters)));
        self.calls.push((call.state.to_owned(), given));
        self.world.call(call)
    }

    fn observe(&mut self, run: &mut Run, _: &Program) {
        run.clear_events();
    }
}

#[test]
fn uuids_are_all_the_same() {
    for (text, same) in [
        ("", ""),
        ("a-b ü", "a-b ü"),
        (
            "\"x92edf19e-afae-45a9-adf1-9963365c95a8\", 1",
            "\"x00000000-0000-4000-8000-000000000000\", 1",
        ),
        (
            "92edf19e-afae-15a9-adf1-9963365c95a8",
            "92edf19e-afae-15a9-adf1-9963365c95a8",
        ),
    ] {
        assert_eq!(without_uuids(text), same);
    }
}
