//! One state on its own: recorded calls of TestState.
//!
//! Compared are status, output, error, cause, next state, and of the inspection data the stages of the data flow; what
//! the service says of its own checks of a mock, and of settings that are the API's, is not.

use super::case::Case;
use crate::compare::Rules;
use serde_json::{Map, Value, json};
use stepstream::asl;
use stepstream::program::{NumberField, Stage};
use stepstream::test_state::{Mock, Status, Subject, Trial, test_state};

/// What AWS calls a state that is tried without a machine.
const NAME: &str = "StateName";

/// The stages by the names that the API gives them.
const STAGES: [(&str, Stage); 11] = [
    ("afterInputPath", Stage::AfterInputPath),
    ("afterParameters", Stage::AfterParameters),
    ("afterArguments", Stage::AfterArguments),
    ("result", Stage::Result),
    ("afterResultSelector", Stage::AfterResultSelector),
    ("afterResultPath", Stage::AfterResultPath),
    ("afterItemsPath", Stage::AfterItemsPath),
    ("afterItemSelector", Stage::AfterItemSelector),
    ("maxConcurrency", Stage::Number(NumberField::MaxConcurrency)),
    (
        "toleratedFailureCount",
        Stage::Number(NumberField::ToleratedFailureCount),
    ),
    (
        "toleratedFailurePercentage",
        Stage::Number(NumberField::ToleratedFailurePercentage),
    ),
];

/// Plays a call and compares; `None` where the library has nothing to compare with.
pub(crate) fn difference(case: &Case, call: &Value) -> Option<Result<(), String>> {
    let request = &call["request"];
    let is_ours = call["operation"] == "TestState"
        && call["expected"].is_object()
        && request.get("stateConfiguration").is_none();
    if !is_ours {
        return None;
    }
    let (name, machine) = machine(request)?;
    let input = request["input"].as_str().unwrap_or("{}");
    let mock = &request["mock"];
    let subject = Subject {
        state: &name,
        input,
        context: request["context"].as_str(),
        variables: request["variables"].as_str(),
        mock: match (mock["result"].as_str(), &mock["errorOutput"]) {
            (Some(result), _) => Some(Mock::Result(result)),
            (None, Value::Object(error)) => Some(Mock::Error {
                error: error["error"].as_str().unwrap_or_default(),
                cause: error.get("cause").and_then(Value::as_str),
            }),
            _ => None,
        },
        now_ms: 0,
    };
    let trial = match test_state(&machine, &subject) {
        Ok(trial) => trial,
        Err(problem) => return Some(Err(problem.to_string())),
    };
    if trial.status == Status::NeedsResult && subject.mock.is_none() {
        return None; // AWS called what is not here.
    }
    let rules = Rules {
        placeholders: case.placeholders(),
        arns: Default::default(),
    };
    Some(compare(&rules, &call["expected"], &trial))
}

/// Returns the name of the state, and the machine; one that is given alone gets what it leads to.
fn machine(request: &Value) -> Option<(String, asl::model::StateMachine)> {
    let definition = &request["definition"];
    let (name, whole) = match definition.get("States") {
        Some(_) => (request["stateName"].as_str()?.to_owned(), definition.clone()),
        None => (NAME.to_owned(), around(definition)),
    };
    let text = whole.to_string();
    let source = asl::Source {
        name: "definition",
        text: &text,
        format: asl::Format::Json,
    };
    Some((name, asl::check(&source, &asl::Options::default()).machine?))
}

fn around(state: &Value) -> Value {
    let mut states = Map::new();
    states.insert(NAME.to_owned(), state.clone());
    let lists = ["Catch", "Choices"]
        .iter()
        .flat_map(|list| state[list].as_array());
    let inner = lists.flatten().map(|entry| &entry["Next"]);
    let next = inner.chain([&state["Next"], &state["Default"]]);
    for name in next.filter_map(Value::as_str) {
        states.insert(name.to_owned(), json!({"Type": "Succeed"}));
    }
    json!({"StartAt": NAME, "States": states})
}

fn compare(rules: &Rules, expected: &Value, trial: &Trial) -> Result<(), String> {
    let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    let status = Value::from(trial.status.name());
    let mut pairs = vec![
        ("status", status),
        ("error", text(&trial.error)),
        ("cause", text(&trial.cause)),
        ("nextState", text(&trial.next)),
    ];
    if expected.get("output").is_some() {
        pairs.push(("output", trial.output.as_deref().map_or(Value::Null, parsed)));
    }
    let inspection = &expected["inspectionData"];
    let stages = STAGES.iter().filter(|(name, _)| inspection.get(name).is_some());
    let stages = stages.map(|&(name, stage)| (name, trial.stage(stage).map_or(Value::Null, parsed)));
    for (name, given) in pairs {
        member(rules, name, &expected[name], &given)?;
    }
    for (name, given) in stages {
        member(rules, name, &inspection[name], &given)?;
    }
    Ok(())
}

fn member(rules: &Rules, name: &str, expected: &Value, given: &Value) -> Result<(), String> {
    // JSON texts that begin with a brace are given as values, others as texts.
    let value = match expected.as_str() {
        Some(text) if !given.is_string() => serde_json::from_str(text).ok(),
        _ => None,
    };
    match rules.difference(value.as_ref().unwrap_or(expected), given) {
        None => Ok(()),
        Some(difference) => Err(format!("{name} {difference}")),
    }
}
