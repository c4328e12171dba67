//! Every case evaluated and compared: values, codes, texts.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stepstream::jsonata::{
    Code, Dialect, Error, INVALID, Limits, Outcome, Request, Scratch, UNSUPPORTED, World, compile, evaluate,
    parse,
};
use stepstream::value::{Heap, View};

use crate::shared;

/// What an expression came to.
#[derive(Debug)]
enum Answer {
    Value(Value),
    Nothing,
    Function,
    Error(Error),
}

/// Evaluates one expression with a document and variables.
fn answer(
    text: &str,
    dialect: Dialect,
    input: Option<&Value>,
    bindings: &[(String, Value)],
    limits: Limits,
) -> Answer {
    let names: Vec<&str> = bindings.iter().map(|(name, _)| name.as_str()).collect();
    let mut code: Code = match compile(text, dialect, &names) {
        Ok(code) => code,
        Err(error) => return Answer::Error(error),
    };
    let (mut heap, mut constants, mut scratch) = (Heap::new(), Heap::for_constants(), Scratch::default());
    code.link(&mut constants);
    let mut index = |value: &Value| heap.index(value.to_string().as_bytes()).expect("JSON");
    let globals: Vec<_> = bindings.iter().map(|(_, value)| Some(index(value))).collect();
    let input = input.map(&mut index);
    let world = World {
        millis: 1_500_000_000_000,
        seed: 1,
    };
    let request = Request {
        code: &code,
        input,
        globals: &globals,
        chains: &[],
        limits,
        world,
    };
    let mut work = 0;
    match evaluate(&request, &mut heap, &constants, &mut scratch, &mut work) {
        Ok(Outcome::Value(value)) => {
            let text = View::new(&heap, &constants).to_json(value);
            Answer::Value(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}")))
        }
        Ok(Outcome::Nothing) => Answer::Nothing,
        Ok(Outcome::Function) => Answer::Function,
        Err(error) => Answer::Error(error),
    }
}

/// Compares values as JSON: numbers by value.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn same_unordered(a: &Value, b: &Value) -> bool {
    let (Value::Array(a), Value::Array(b)) = (a, b) else {
        return same(a, b);
    };
    let mut left: Vec<&Value> = b.iter().collect();
    a.len() == b.len()
        && a.iter().all(|a| match left.iter().position(|b| same(a, b)) {
            Some(at) => {
                left.remove(at);
                true
            }
            None => false,
        })
}

/// What is wrong with an answer: a value or a code, or only the text.
enum Wrong {
    Value(String),
    Text(String),
}

fn judge(case: &Value, answer: &Answer) -> Option<Wrong> {
    let value = |text: String| Some(Wrong::Value(text));
    let code = case["code"].as_str().or_else(|| case["error"]["code"].as_str());
    if let Some(code) = code {
        let Answer::Error(error) = answer else {
            return value(format!("{answer:?}, not {code}"));
        };
        let bound = matches!(code, "U1001" | "D2014");
        if error.code() != code && !(bound && error.is_bound().is_some()) {
            return value(format!("{error}, not {code}"));
        }
        let known = &case["error_2_0_6"];
        return match known["message"].as_str() {
            Some(text) if known["code"] == code && text != error.text() => {
                Some(Wrong::Text(format!("{}, not {text}", error.text())))
            }
            _ => None,
        };
    }
    if case["undefinedResult"] == json!(true) {
        return match answer {
            Answer::Nothing | Answer::Function => None,
            other => value(format!("{other:?}, not nothing")),
        };
    }
    let expected = case.get("result")?;
    let unordered = case["unordered"] == json!(true);
    match answer {
        Answer::Value(found) if same(found, expected) || unordered && same_unordered(found, expected) => None,
        Answer::Value(found) => value(format!("{found}, not {expected}")),
        Answer::Function if expected.is_null() => None,
        other => value(format!("{other:?}, not {expected}")),
    }
}

/// Cases whose answer differs, with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[test]
fn the_suite_answers_as_the_reference() {
    let Some(folder) = shared::folder("jsonata") else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("datasets.json")).expect("the data sets");
    let datasets: Value = serde_json::from_str(&text).expect("JSON");
    let only = std::env::var("STEPSTREAM_JSONATA_CASE").ok();
    let (mut all, mut wrong, mut texts) = (0, Vec::new(), Vec::new());
    let mut groups = BTreeMap::<String, (usize, usize)>::new();
    for (file, group) in shared::json_files(&folder.join("suite")) {
        for case in group["cases"].as_array().into_iter().flatten() {
            let id = case["id"].as_str().unwrap_or_default();
            let newer = case["only"].as_str().is_some_and(|version| version != "2.0.6");
            let skipped =
                case["not_on_aws"] == json!("eval") || EXCEPTIONS.iter().any(|(known, _)| *known == id);
            if newer || skipped || only.as_ref().is_some_and(|only| !id.contains(only.as_str())) {
                continue;
            }
            all += 1;
            let dataset = case["dataset"].as_str().map(|name| &datasets[name]);
            let input = case.get("data").or(dataset);
            let bindings: Vec<(String, Value)> = case["bindings"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            let mut limits = Limits::PLAIN;
            if let Some(depth) = case["depth"].as_u64() {
                limits.depth = depth as u32;
            }
            if case["timelimit"].as_u64().is_some() {
                limits.fuel = 20_000_000;
            }
            let expression = case["expr"].as_str().unwrap_or_default();
            let found = answer(expression, Dialect::Plain, input, &bindings, limits);
            let entry = groups.entry(file.clone()).or_default();
            entry.0 += 1;
            match judge(case, &found) {
                Some(Wrong::Value(text)) => {
                    entry.1 += 1;
                    wrong.push(format!("{id}: {expression}\n    {text}"));
                }
                Some(Wrong::Text(text)) => texts.push(format!("{id}: {expression}\n    {text}")),
                None => {}
            }
        }
    }
    for (file, (cases, failures)) in groups.iter().filter(|(_, (_, failures))| *failures > 0) {
        println!("{file}: {failures} of {cases}");
    }
    println!("{} texts:\n{}", texts.len(), texts.join("\n"));
    assert!(
        wrong.is_empty(),
        "{} of {all} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(texts.len() * 50 <= all, "{} texts of {all} cases", texts.len());
}

/// Returns what AWS says when a definition with this expression is created.
fn refusals(text: &str) -> Value {
    let refused = |code: &str, message: String| json!({"code": code, "message": message});
    match parse(text) {
        Err(error) => json!([refused(INVALID, error.text())]),
        Ok(expression) => {
            let references = expression.references();
            references
                .top
                .iter()
                .map(|reference| refused(UNSUPPORTED, reference.message()))
                .collect()
        }
    }
}

#[test]
fn the_dialect_answers_as_aws() {
    let Some(folder) = shared::folder("jsonata") else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("aws.json")).expect("the cases");
    let cases: Value = serde_json::from_str(&text).expect("JSON");
    let mut wrong = Vec::new();
    for case in cases["cases"].as_array().into_iter().flatten() {
        let mut bindings: Vec<(String, Value)> = Vec::new();
        for (name, value) in case["variables"].as_object().into_iter().flatten() {
            bindings.push((name.clone(), value.clone()));
        }
        let states = case
            .get("states")
            .cloned()
            .unwrap_or_else(|| json!({"input": {}}));
        bindings.push(("states".to_owned(), states));
        let expression = case["expr"].as_str().unwrap_or_default();
        let refused = refusals(expression);
        let expected = case.get("refused").cloned().unwrap_or_else(|| json!([]));
        if refused != expected {
            wrong.push(format!(
                "{}: {expression}\n    {refused}, not {expected}",
                case["id"]
            ));
        }
        if case.get("refused").is_some() || case.get("accepted").is_some() {
            continue;
        }
        let found = answer(expression, Dialect::States, None, &bindings, Limits::STATES);
        let mut problem =
            |text: String| wrong.push(format!("{}: {:.100}\n    {text:.200}", case["id"], expression));
        if let Some(tail) = case["tail"].as_str() {
            match &found {
                Answer::Error(error) if error.to_string() == tail => {}
                other => problem(format!("{other:?}, not {tail}")),
            }
            continue;
        }
        match (case["shape"].as_str(), &found) {
            (Some("internal"), Answer::Error(error)) if error.is_internal() => {}
            (Some("function"), Answer::Function) => {}
            (Some(shape), other) => problem(format!("{other:?}, not {shape}")),
            (None, found) => match judge(case, found) {
                Some(Wrong::Value(text) | Wrong::Text(text)) => problem(text),
                None => {}
            },
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
