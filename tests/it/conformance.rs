//! What AWS recorded, played back: every execution of the corpus that an Express workflow can have.
//!
//! Level 1 compares status, output, error and cause; level 4 the whole history. The corpus's README says
//! how. A history that cannot be the same is listed with the reason in
//! `tests/data/conformance_exceptions.json`.

mod case;
mod events;
mod play;
mod trials;

use crate::shared;
use case::Case;
use serde_json::Value;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Check {
    /// Status, output, error and cause: level 1.
    Result,
    /// The same without events.
    Quiet,
    /// What the tasks were given, and that there were as many.
    Tasks,
    /// Events with details, ids and previous ids: level 4.
    History,
    /// Log records at the level of the case.
    Log,
    /// Exact texts in the history.
    Notation,
    /// One state on its own.
    Trial,
}

/// What was compared, the execution, and the first difference.
type Failure = (Check, String, String);

#[derive(Default)]
struct Summary {
    /// How many passed, of how many, for each check.
    counts: BTreeMap<Check, (usize, usize)>,
    failures: Vec<Failure>,
}

impl Summary {
    fn note(&mut self, check: Check, name: &str, outcome: Option<String>) {
        let count = self.counts.entry(check).or_default();
        count.1 += 1;
        match outcome {
            None => count.0 += 1,
            Some(difference) => self.failures.push((check, name.to_owned(), difference)),
        }
    }
}

#[test]
fn recorded_executions() {
    if let Some(root) = shared::folder("conformance/cases") {
        play_all(case::load(&root));
    }
}

/// A second set of recordings, made by others: the cases that we once failed.
#[test]
fn reported_executions() {
    if let Some(root) = shared::folder("reports/recorded") {
        play_all(case::load_group(&root, &root));
    }
}

fn play_all(cases: Vec<Case>) {
    let mut summary = Summary::default();
    for case in cases {
        for at in 0..case.executions().len() {
            if case.is_ours(at) {
                play_one(&case, at, &mut summary);
            }
        }
        for (at, call) in case.calls().iter().enumerate() {
            if let Some(outcome) = trials::difference(&case, call) {
                summary.note(Check::Trial, &format!("{}#{at}", case.file), outcome.err());
            }
        }
        if case.is_ours(0) && case.value["expected_log_events"].is_array() {
            let outcome = play::whole_log(&case);
            summary.note(Check::Log, &case.file, outcome);
        }
    }
    report(&summary);
    let exceptions = exceptions();
    let excepted = |failure: &&Failure| failure.0 != Check::Result && exceptions.contains_key(&failure.1);
    let unexpected = summary
        .failures
        .iter()
        .filter(|failure| !excepted(failure))
        .count();
    assert_eq!(unexpected, 0, "executions differ from what AWS recorded");
}

fn play_one(case: &Case, at: usize, summary: &mut Summary) {
    let name = format!("{}#{at}", case.file);
    let played = catch_unwind(AssertUnwindSafe(|| play::play(case, at)));
    let played = match played {
        Ok(Ok(played)) => played,
        Ok(Err(problem)) => return summary.note(Check::Result, &name, Some(problem)),
        Err(_) => return summary.note(Check::Result, &name, Some("panic".to_owned())),
    };
    summary.note(Check::Result, &name, played.result_difference());
    summary.note(Check::Quiet, &name, played.quiet_difference());
    summary.note(Check::Tasks, &name, played.tasks_difference());
    if case.executions()[at]["expected_events"].is_array() {
        summary.note(Check::History, &name, played.history_difference());
        summary.note(Check::Notation, &name, played.notation_difference());
    }
    if let Some(difference) = played.log_difference() {
        summary.note(Check::Log, &name, difference);
    }
}

fn report(summary: &Summary) {
    for (check, name, difference) in &summary.failures {
        println!("{check:?} {name}\n    {difference}");
    }
    for (check, (passed, total)) in &summary.counts {
        println!("{check:?}: {passed} of {total}");
    }
}

fn exceptions() -> BTreeMap<String, Value> {
    let text = include_str!("../data/conformance_exceptions.json");
    serde_json::from_str(text).expect("the exceptions are a JSON object: case to reason")
}
