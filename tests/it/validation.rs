//! Validation against the definitions whose verdict is known.
//!
//! Groups: published workflows, single cases with the service's answer, and the definitions that the
//! service has run. Exceptions, with their reasons, are in `tests/data/validation_exceptions.json`.

use serde_json::Value;
use std::path::PathBuf;
use stepstream::asl::{self, Diagnostic, Format, MachineType, Options, Report, Severity, Source, code};

use crate::shared;

const EXCEPTIONS: &str = include_str!("../data/validation_exceptions.json");

fn check(text: &str, machine_type: MachineType) -> Report {
    let source = Source {
        name: "definition.asl.json",
        text,
        format: Format::Json,
    };
    asl::check(
        &source,
        &Options {
            machine_type,
            ..Options::default()
        },
    )
}

/// Checks what may be an object, or a text that is not JSON.
fn check_value(definition: &Value, machine_type: MachineType) -> Report {
    match definition {
        Value::String(text) => check(text, machine_type),
        other => check(&serde_json::to_string_pretty(other).expect("JSON"), machine_type),
    }
}

fn definition(case: &Value) -> Option<&Value> {
    case.get("definition").or_else(|| case.get("definition_text"))
}

fn errors(report: &Report) -> Vec<&Diagnostic> {
    report.errors().collect()
}

/// Says whether a fault at `pointer` is pointed at: there, below it, or the state that contains it.
fn points_at(error: &Diagnostic, pointer: &str) -> bool {
    let state = match pointer.rfind("/States/") {
        Some(at) => {
            let name = at + "/States/".len();
            &pointer[..pointer[name..].find('/').map_or(pointer.len(), |end| name + end)]
        }
        None => "",
    };
    error.pointer.starts_with(pointer)
        || error.pointer == state
        || state.is_empty()
        || pointer.starts_with(&error.pointer) && error.pointer.len() >= state.len()
}

/// Counts passes; lists failures.
#[derive(Default)]
struct Score {
    passed: usize,
    failures: Vec<String>,
}

impl Score {
    fn add(&mut self, id: &str, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(why) => self.failures.push(format!("{id}: {why}")),
        }
    }

    /// Prints the percentage and fails below the wanted one.
    fn finish(self, name: &str, wanted: f64) {
        let total = self.passed + self.failures.len();
        let percent = 100.0 * self.passed as f64 / total.max(1) as f64;
        println!("{name}: {} of {total} ({percent:.1} %)", self.passed);
        for failure in &self.failures {
            println!("  {failure}");
        }
        assert!(
            percent >= wanted,
            "{name}: {percent:.1} % passed, {wanted} % wanted"
        );
    }
}

fn list(errors: &[&Diagnostic]) -> String {
    let line = |error: &&Diagnostic| {
        format!(
            "{} {} at {:?} ({})",
            error.code, error.message, error.location, error.pointer
        )
    };
    errors.iter().map(line).collect::<Vec<_>>().join("; ")
}

#[test]
fn real_world() {
    let Some(folder) = shared::folder("validation/real_world") else {
        return;
    };
    let mut score = Score::default();
    let files = shared::json_files(&folder);
    let index = files
        .iter()
        .find(|(name, _)| name == "index.json")
        .expect("an index");
    for entry in index.1.as_array().expect("a list") {
        let file = entry["file"].as_str().expect("a file name");
        let text = std::fs::read_to_string(folder.join(file)).expect("a definition");
        let report = check(&text, MachineType::Express);
        let standard = check(&text, MachineType::Standard);
        let wanted: Vec<&str> = entry["express_problems"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        score.add(
            file,
            real_world_outcome(&report, &standard, &wanted, entry["express_ok"] == true),
        );
    }
    score.finish("real_world", 100.0);
}

/// Published workflows run: what we warn of beyond AWS is not in them.
#[test]
fn no_false_alarms() {
    let mut checked = 0;
    for folder in ["validation/real_world", "workloads"] {
        let Some(folder) = shared::folder(folder) else {
            continue;
        };
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if !path.to_string_lossy().ends_with(".asl.json") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a definition");
            let report = check(&text, MachineType::Standard);
            let ours = report
                .diagnostics
                .iter()
                .filter(|found| OUR_WARNINGS.contains(&found.code))
                .collect::<Vec<_>>();
            assert!(ours.is_empty(), "{}: {}", path.display(), list(&ours));
            checked += 1;
        }
    }
    println!("{checked} definitions");
}

const OUR_WARNINGS: [&str; 5] = [
    code::NOT_EVALUATED,
    code::UNKNOWN_STATES_FIELD,
    code::UNKNOWN_VARIABLE,
    code::UNKNOWN_FUNCTION,
    code::DEEP_EXPRESSION,
];

fn real_world_outcome(report: &Report, standard: &Report, wanted: &[&str], ok: bool) -> Result<(), String> {
    let found = errors(report);
    if !errors(standard).is_empty() {
        return Err(format!("refused as Standard: {}", list(&errors(standard))));
    }
    if ok != found.is_empty() {
        return Err(format!("express_ok is {ok}: {}", list(&found)));
    }
    let texts: Vec<String> = found
        .iter()
        .map(|error| {
            format!(
                "{} at {}",
                error.message.trim_end(),
                error.location.as_deref().unwrap_or("")
            )
        })
        .collect();
    let missing: Vec<&&str> = wanted
        .iter()
        .filter(|problem| !texts.iter().any(|text| text == **problem))
        .collect();
    if !missing.is_empty() || texts.len() != wanted.len() {
        return Err(format!("wanted {wanted:?}, found {texts:?}"));
    }
    if ok != report.machine.is_some() {
        return Err(format!(
            "accepted but model is {}",
            if ok { "missing" } else { "there" }
        ));
    }
    Ok(())
}

#[test]
fn cases() {
    let Some(folder) = shared::folder("validation/cases") else {
        return;
    };
    let (mut sure, mut unsure, mut words) = (Score::default(), Score::default(), Score::default());
    let exceptions: Value = serde_json::from_str(EXCEPTIONS).expect("JSON");
    for (_, case) in shared::json_files(&folder) {
        let id = case["id"].as_str().expect("an id");
        if let Some(reason) = exceptions.get(id) {
            println!("exception: {id}: {reason}");
            continue;
        }
        let Some(definition) = definition(&case) else {
            continue;
        };
        if case["strict_only"] == true {
            continue;
        }
        let own = if case["type"] == "EXPRESS" {
            MachineType::Express
        } else {
            MachineType::Standard
        };
        let outcome = verdict(&case, "valid", check_value(definition, own)).and_then(|()| {
            verdict(
                &case,
                "express_valid",
                check_value(definition, MachineType::Express),
            )
        });
        let score = if case["aws_basis"] == "none" {
            &mut unsure
        } else {
            &mut sure
        };
        score.add(id, outcome);
        if case.get("aws_diagnostics").is_some() || case.get("aws_message").is_some() {
            words.add(id, same_words(&case, &check_value(definition, own)));
        }
    }
    unsure.finish("cases without an answer", 98.0);
    words.finish("cases word for word", 98.0);
    sure.finish("cases with an answer", 98.0);
}

fn verdict(case: &Value, field: &str, report: Report) -> Result<(), String> {
    let found = errors(&report);
    let valid = case[field] == true;
    if valid != found.is_empty() {
        return Err(format!("{field} is {valid}: {}", list(&found)));
    }
    if valid && field == "express_valid" && report.machine.is_none() {
        return Err("accepted, but the model is missing".to_owned());
    }
    match case["pointer"].as_str() {
        Some(pointer)
            if !valid && case["valid"] == false && !found.iter().any(|error| points_at(error, pointer)) =>
        {
            Err(format!("{pointer} wanted, found {}", list(&found)))
        }
        _ => Ok(()),
    }
}

/// Compares with the service's own diagnostics, or its message.
fn same_words(case: &Value, report: &Report) -> Result<(), String> {
    let found = errors(report);
    if let Some(wanted) = case["aws_diagnostics"].as_array() {
        let guessed_location = case["note"] == "the location was not published";
        let same = wanted.len() == found.len()
            && wanted.iter().zip(&found).all(|(wanted, found)| {
                wanted["code"] == found.code
                    && wanted["message"] == found.aws_text()
                    && (guessed_location || wanted["location"].as_str() == found.location.as_deref())
            });
        if !same {
            return Err(format!("wanted {wanted:?}, found {}", list(&found)));
        }
    }
    let Some(wanted) = case["aws_message"].as_str() else {
        return Ok(());
    };
    let message = report.aws_message().unwrap_or_default();
    let first = found.first().map_or("", |error| error.message.as_str());
    if wanted == message || wanted == first {
        Ok(())
    } else {
        Err(format!("wanted {wanted}, found {message}"))
    }
}

#[test]
fn conformance() {
    let Some(folder) = shared::folder("conformance/cases") else {
        return;
    };
    let mut groups: Vec<_> = std::fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    groups.retain(|path| path.is_dir());
    groups.sort();
    conforms("conformance", &groups, 98.0);
}

/// A second set of recordings, made by others: the cases that we once failed.
#[test]
fn reported() {
    if let Some(folder) = shared::folder("reports/recorded") {
        conforms("reports", &[folder], 100.0);
    }
}

/// Compares with the answers to the requests of the cases, and accepts the definitions that ran.
fn conforms(name: &str, groups: &[PathBuf], wanted: f64) {
    let (mut ran, mut asked) = (Score::default(), Score::default());
    for group in groups {
        for (name, case) in shared::json_files(group) {
            let executions = case["executions"].as_array().into_iter().flatten();
            let runs = executions.clone().next().is_some();
            for definition in executions
                .filter_map(definition)
                .chain(definition(&case).filter(|_| runs))
            {
                ran.add(&name, accepted(definition, case["express_ok"] == true));
            }
            for call in case["api_calls"].as_array().into_iter().flatten() {
                if let Some(outcome) = api_outcome(call) {
                    asked.add(&name, outcome);
                }
            }
        }
    }
    asked.finish(&format!("{name}, API answers"), wanted);
    ran.finish(&format!("{name}, definitions that ran"), 100.0);
}

fn accepted(definition: &Value, express_ok: bool) -> Result<(), String> {
    let standard = check_value(definition, MachineType::Standard);
    if !errors(&standard).is_empty() {
        return Err(list(&errors(&standard)));
    }
    let express = check_value(definition, MachineType::Express);
    if express_ok && !errors(&express).is_empty() {
        return Err(format!("as Express: {}", list(&errors(&express))));
    }
    if express_ok && express.machine.is_none() {
        return Err("accepted, but the model is missing".to_owned());
    }
    Ok(())
}

/// Compares with the answer to a request that validates a whole definition.
fn api_outcome(call: &Value) -> Option<Result<(), String>> {
    let request = &call["request"];
    let definition = request.get("definition")?;
    let machine_type = if request["type"] == "EXPRESS" {
        MachineType::Express
    } else {
        MachineType::Standard
    };
    let report = check_value(definition, machine_type);
    let found = errors(&report);
    match call["operation"].as_str()? {
        "ValidateStateMachineDefinition" => {
            let wanted = call["expected"]["diagnostics"].as_array()?;
            let same = wanted.len() == found.len()
                && wanted.iter().zip(&found).all(|(wanted, found)| {
                    // One set of recordings holds neither codes nor places.
                    let placed = wanted.get("code").is_none()
                        || wanted["code"] == found.code
                            && wanted["location"].as_str() == found.location.as_deref();
                    placed
                        && wanted["message"] == found.aws_text()
                        && wanted["severity"] == Severity::Error.as_str()
                });
            Some(if same {
                Ok(())
            } else {
                Err(format!("wanted {wanted:?}, found {}", list(&found)))
            })
        }
        "CreateStateMachine" | "UpdateStateMachine" => {
            let error = &call["expected_error"];
            if error["code"] == "InvalidDefinition" {
                let (wanted, message) = (
                    error["message"].as_str()?,
                    report.aws_message().unwrap_or_default(),
                );
                return Some(if wanted == message {
                    Ok(())
                } else {
                    Err(format!("wanted {wanted}, found {message}"))
                });
            }
            let accepted = call.get("expected").is_some();
            accepted.then(|| {
                if found.is_empty() {
                    Ok(())
                } else {
                    Err(list(&found))
                }
            })
        }
        _ => None,
    }
}
