//! Compares histories and logs (the corpus's README, section 5).

use crate::compare::{Rules, short};
use serde_json::{Map, Value};

/// Members of details that hold JSON as text.
const TEXTS: [&str; 3] = ["input", "output", "parameters"];
/// Members that the corpus leaves out where they say that nothing was cut.
const CUTS: [&str; 3] = ["inputDetails", "outputDetails", "assignedVariablesDetails"];

/// Compares a history with the expected one.
pub(crate) fn difference(
    rules: &Rules,
    expected: &Value,
    records: &[Value],
    partial: bool,
) -> Option<String> {
    let actual: Vec<Value> = records.iter().map(normalize).collect();
    let expected = expected.as_array()?;
    if partial {
        return partial_difference(rules, expected, &actual);
    }
    for (at, wanted) in expected.iter().enumerate() {
        let Some(given) = actual.get(at) else {
            return Some(format!("event {} is missing: {}", at + 1, short(wanted)));
        };
        if let Some(difference) = event_difference(rules, wanted, given, true) {
            return Some(difference);
        }
    }
    let extra = actual.get(expected.len())?;
    Some(format!("event too many: {}", short(extra)))
}

/// Events with an id must have it; the others must be somewhere, each once.
fn partial_difference(rules: &Rules, expected: &[Value], actual: &[Value]) -> Option<String> {
    let mut left: Vec<&Value> = actual.iter().collect();
    for wanted in expected.iter().filter(|event| !event["id"].is_null()) {
        let Some(at) = left.iter().position(|given| given["id"] == wanted["id"]) else {
            return Some(format!("missing: {}", short(wanted)));
        };
        if let Some(difference) = event_difference(rules, wanted, left.remove(at), true) {
            return Some(difference);
        }
    }
    expected
        .iter()
        .filter(|event| event["id"].is_null())
        .find_map(|wanted| {
            let same = |given: &&Value| event_difference(rules, wanted, given, false).is_none();
            match left.iter().position(same) {
                Some(at) => {
                    left.remove(at);
                    None
                }
                None => Some(format!("nowhere: {}", short(wanted))),
            }
        })
}

fn event_difference(rules: &Rules, wanted: &Value, given: &Value, ids: bool) -> Option<String> {
    let same_ids = wanted["id"] == given["id"] && wanted["prev"] == given["prev"];
    if wanted["type"] != given["type"] || (ids && !same_ids) {
        return Some(format!("expected {}\n      got {}", short(wanted), short(given)));
    }
    let empty = Value::Object(Map::new());
    let of = |event: &'_ Value| event.get("details").unwrap_or(&empty).clone();
    let difference = details_difference(rules, &of(wanted), &of(given))?;
    Some(format!("event {} {}: {difference}", given["id"], given["type"]))
}

fn details_difference(rules: &Rules, wanted: &Value, given: &Value) -> Option<String> {
    let (mut wanted, mut given) = (wanted.clone(), given.clone());
    if let (Some(wanted), Some(given)) = (wanted.as_object_mut(), given.as_object_mut())
        && let (Some(Value::String(wanted_cause)), Some(Value::String(given_cause))) =
            (wanted.get("cause").cloned(), given.get("cause").cloned())
    {
        wanted.remove("cause");
        given.remove("cause");
        if let Some(difference) = rules.cause_difference(&wanted_cause, &given_cause) {
            return Some(difference);
        }
    }
    rules.difference(&wanted, &given)
}

/// Turns a log record into the form of an expected event.
fn normalize(record: &Value) -> Value {
    let number = |name: &str| record[name].as_str().and_then(|text| text.parse::<u64>().ok());
    let mut event = Map::new();
    event.insert("id".into(), number("id").into());
    event.insert("prev".into(), number("previous_event_id").into());
    event.insert("type".into(), record["type"].clone());
    event.insert("details".into(), details(&record["details"]));
    Value::Object(event)
}

/// Parses the JSON texts in details, and drops what the corpus leaves out.
fn details(details: &Value) -> Value {
    let mut out = Map::new();
    for (name, value) in details.as_object().into_iter().flatten() {
        let uncut = CUTS.contains(&name.as_str()) && value["truncated"] == false;
        if uncut || name == "roleArn" {
            continue;
        }
        let value = match value {
            Value::String(text) if TEXTS.contains(&name.as_str()) => parse(text),
            Value::Object(variables) if name == "assignedVariables" => {
                let pairs = variables.iter();
                pairs
                    .map(|(name, value)| (name.clone(), parse(value.as_str().unwrap_or_default())))
                    .collect()
            }
            other => other.clone(),
        };
        out.insert(name.clone(), value);
    }
    Value::Object(out)
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(format!("not JSON: {text}")))
}

/// Compares log records with the expected ones.
pub(crate) fn log_difference(rules: &Rules, expected: &Value, records: &[Value]) -> Option<String> {
    let expected = expected.as_array()?;
    if expected.len() != records.len() {
        return Some(format!(
            "expected {} records, got {}",
            expected.len(),
            records.len()
        ));
    }
    expected.iter().zip(records).find_map(|(wanted, record)| {
        let same = wanted["id"] == record["id"]
            && wanted["prev"] == record["previous_event_id"]
            && wanted["type"] == record["type"]
            && wanted["redrive_count"] == record["redrive_count"];
        if !same {
            return Some(format!("expected {}\n      got {}", short(wanted), short(record)));
        }
        let difference = details_difference(rules, &wanted["details"], &details(&record["details"]))?;
        Some(format!("record {}: {difference}", record["id"]))
    })
}

/// Compares the exact texts of data: `raw` where given, the input verbatim, all else dense. Of a text that
/// begins with a brace the recording has kept the value alone.
pub(crate) fn notation_difference(rules: &Rules, execution: &Value, records: &[Value]) -> Option<String> {
    if execution["events_partial"] == true {
        return None;
    }
    let expected = execution["expected_events"].as_array()?;
    expected.iter().zip(records).find_map(|(wanted, record)| {
        TEXTS.iter().find_map(|&name| {
            let value = wanted["details"].get(name)?;
            let text = match wanted["raw"].get(name).and_then(Value::as_str) {
                Some(raw) => raw.to_owned(),
                None if wanted["type"] == "ExecutionStarted" => execution["input_text"].as_str()?.to_owned(),
                None if value.is_object() => return None,
                // The order of keys is free.
                None => parse(record["details"][name].as_str().unwrap_or_default()).to_string(),
            };
            let given = record["details"][name].as_str().unwrap_or_default();
            let same = rules.texts_match(&text, given);
            (!same).then(|| {
                format!(
                    "event {} {name}: expected {text}\n      got {given}",
                    record["id"]
                )
            })
        })
    })
}
