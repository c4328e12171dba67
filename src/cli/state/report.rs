//! How a try is told.

use crate::cli::output::Json;
use crate::printable;
use crate::program::{NumberField, Stage, StateType};
use crate::test_state::{Status, Trial};
use std::fmt::Write;

/// The stages in the order of the data flow: AWS's name, and a heading.
const STAGES: [(Stage, &str, &str); 17] = [
    (Stage::AfterInputPath, "afterInputPath", "after InputPath"),
    (Stage::AfterItemsPath, "afterItemsPath", "after ItemsPath"),
    (Stage::AfterItems, "afterItems", "after Items"),
    (
        Stage::AfterItemSelector,
        "afterItemSelector",
        "after ItemSelector",
    ),
    (
        Stage::Number(NumberField::MaxConcurrency),
        "maxConcurrency",
        "MaxConcurrency",
    ),
    (
        Stage::Number(NumberField::ToleratedFailureCount),
        "toleratedFailureCount",
        "ToleratedFailureCount",
    ),
    (
        Stage::Number(NumberField::ToleratedFailurePercentage),
        "toleratedFailurePercentage",
        "ToleratedFailurePercentage",
    ),
    (Stage::Credentials, "credentials", "Credentials"),
    (Stage::AfterParameters, "afterParameters", "after Parameters"),
    (Stage::AfterArguments, "afterArguments", "after Arguments"),
    (
        Stage::Number(NumberField::TimeoutSeconds),
        "timeoutSeconds",
        "TimeoutSeconds",
    ),
    (
        Stage::Number(NumberField::HeartbeatSeconds),
        "heartbeatSeconds",
        "HeartbeatSeconds",
    ),
    (Stage::Number(NumberField::Seconds), "seconds", "Seconds"),
    (Stage::Timestamp, "timestamp", "Timestamp"),
    (Stage::Result, "result", "result"),
    (
        Stage::AfterResultSelector,
        "afterResultSelector",
        "after ResultSelector",
    ),
    (Stage::AfterResultPath, "afterResultPath", "after ResultPath"),
];

/// The most rules of a Choice that have a line each.
const RULES_MAX: usize = 20;

/// Returns the try as one JSON document, in TestState's names.
pub(super) fn json(trial: &Trial, state: &str) -> Vec<u8> {
    let mut json = Json::object();
    json.string("status", trial.status.name());
    json.string("state", state);
    let texts = [
        ("error", &trial.error),
        ("cause", &trial.cause),
        ("nextState", &trial.next),
    ];
    if let Some(output) = &trial.output {
        json.raw("output", output.as_bytes());
    }
    for (name, text) in texts {
        if let Some(text) = text {
            json.string(name, text);
        }
    }
    let parameters = trial.stage(Stage::AfterParameters);
    let parameters = parameters.or_else(|| trial.stage(Stage::AfterArguments));
    if let (Status::NeedsResult, Some(parameters)) = (trial.status, parameters) {
        json.raw("parameters", parameters.as_bytes());
    }
    json.raw("inspectionData", inspection(trial).trim_ascii_end());
    json.finish()
}

fn inspection(trial: &Trial) -> Vec<u8> {
    let mut json = Json::object();
    json.raw("input", trial.input.as_bytes());
    for (stage, name, _) in STAGES {
        if let Some(value) = trial.stage(stage) {
            json.raw(name, value.as_bytes());
        }
    }
    let mut variables = Json::object();
    for (name, value) in &trial.variables {
        variables.raw(name, value.as_bytes());
    }
    json.raw("variables", variables.finish().trim_ascii_end());
    match trial.rule {
        Some(u32::MAX) => json.string("matchedRule", "Default"),
        Some(rule) => json.number("matchedRule", rule as usize),
        None => {}
    }
    let mut details = Json::object();
    if let Some((retrier, delay_ms)) = trial.retry {
        details.number("retryIndex", retrier as usize);
        details.raw("retryBackoffIntervalSeconds", seconds(delay_ms).as_bytes());
    }
    if let Some(catcher) = trial.catch {
        details.number("catchIndex", catcher as usize);
    }
    if trial.retry.is_some() || trial.catch.is_some() {
        json.raw("errorDetails", details.finish().trim_ascii_end());
    }
    json.finish()
}

/// Returns milliseconds as seconds, without a needless fraction.
fn seconds(ms: i64) -> String {
    (ms as f64 / 1_000.0).to_string()
}

/// Returns the try for reading.
pub(super) fn text(trial: &Trial, state: &str, rules: usize) -> String {
    let mut out = String::new();
    let kind = trial.kind.map_or(String::new(), |kind| format!("{kind:?} "));
    let _ = writeln!(out, "{kind}'{}'", printable::line(state));
    if let Some(resource) = &trial.resource {
        let _ = writeln!(out, "  {:20}  {}", "resource", printable::line(resource));
    }
    let _ = writeln!(out, "  {:20}  {}", "input", trial.input);
    let mut last = trial.input.as_str();
    for (stage, _, heading) in STAGES {
        if let Some(value) = trial.stage(stage) {
            if is_beside(stage) {
                if !is_default(stage, value) {
                    let _ = writeln!(out, "  {heading:20}  {value}");
                }
                continue;
            }
            // A stage that the state has no field for changes nothing: only what changes is worth a line.
            if value != last || stage == Stage::Result {
                let _ = writeln!(out, "  {heading:20}  {value}");
            }
            last = value;
        }
    }
    if let Some(output) = &trial.output {
        let _ = writeln!(out, "  {:20}  {output}", "output");
    }
    for (name, value) in &trial.variables {
        let _ = writeln!(out, "  {:20}  {value}", format!("${name}"));
    }
    write_rules(trial, rules, &mut out);
    match trial.rule {
        Some(u32::MAX) => {
            let _ = writeln!(out, "  {:20}  Default, none of {rules} rules matched", "choice");
        }
        Some(rule) => {
            let _ = writeln!(out, "  {:20}  rule {} of {rules} matched", "choice", rule + 1);
        }
        None => {}
    }
    if let Some((retrier, delay_ms)) = trial.retry {
        let _ = writeln!(
            out,
            "  {:20}  retrier {}, after {} s",
            "retry",
            retrier + 1,
            seconds(delay_ms)
        );
    }
    if let Some(catcher) = trial.catch {
        let _ = writeln!(out, "  {:20}  catcher {}", "catch", catcher + 1);
    }
    write_end(trial, &mut out);
    out
}

/// Writes what each rule of a Choice came to: those before the one that matched did not.
fn write_rules(trial: &Trial, rules: usize, out: &mut String) {
    let Some(matched) = trial.rule else { return };
    let unmatched = rules.min(matched as usize);
    for rule in 1..=unmatched.min(RULES_MAX) {
        let _ = writeln!(out, "  {:20}  false", format!("rule {rule}"));
    }
    if unmatched > RULES_MAX {
        let _ = writeln!(out, "  {:20}  false", format!("rules to {unmatched}"));
    }
    if unmatched < rules {
        let _ = writeln!(out, "  {:20}  true", format!("rule {}", unmatched + 1));
    }
}

/// Says whether a stage is a field of its own, beside the flow of the state's data.
fn is_beside(stage: Stage) -> bool {
    matches!(stage, Stage::Number(_) | Stage::Timestamp | Stage::Credentials)
}

/// Says whether a field's value is the one that it has where the definition has no such field.
fn is_default(stage: Stage, value: &str) -> bool {
    stage == Stage::Number(NumberField::MaxConcurrency) && value == "0"
}

fn write_end(trial: &Trial, out: &mut String) {
    if let Some(at_ms) = trial.wait_until_ms {
        let at = crate::timestamp::format(at_ms);
        let _ = writeln!(out, "  {:20}  {}", "waits until", String::from_utf8_lossy(&at));
    }
    for (name, text) in [("error", &trial.error), ("cause", &trial.cause)] {
        if let Some(text) = text {
            let _ = writeln!(out, "  {name:20}  {}", printable::line(text));
        }
    }
    let _ = match (&trial.next, trial.status) {
        (Some(next), status) => writeln!(out, "{}, next is '{}'", status.name(), printable::line(next)),
        (None, Status::Succeeded) => writeln!(out, "SUCCEEDED, and ends here"),
        (None, status) => writeln!(out, "{}", status.name()),
    };
}

/// Says what to give so that the try can go on.
pub(super) fn missing_result(trial: &Trial) -> String {
    let what = match trial.kind {
        Some(StateType::Parallel) => "the branches' results, a list: --result '[…]'",
        Some(StateType::Map) => "the items' results, a list: --result '[…]'",
        _ => "the task's answer: --result '{…}'",
    };
    format!("to continue, give {what}, or --error NAME [--cause TEXT]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_told_as_far_as_they_were_asked() {
        let told = |rule: Option<u32>, rules: usize| {
            let mut out = String::new();
            let trial = Trial {
                rule,
                ..Trial::default()
            };
            write_rules(&trial, rules, &mut out);
            let lines = out
                .lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
            lines.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(told(None, 2), "");
        assert_eq!(told(Some(0), 2), "rule 1 true");
        assert_eq!(told(Some(1), 3), "rule 1 false, rule 2 true");
        assert_eq!(told(Some(u32::MAX), 2), "rule 1 false, rule 2 false");
        assert!(told(Some(u32::MAX), 1_000).ends_with("rule 20 false, rules to 1000 false"));
    }
}
