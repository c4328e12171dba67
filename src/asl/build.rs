//! From an accepted tree to the document model.
//!
//! Reads only what validation has let pass, so it says nothing about faults: whatever is not as expected,
//! or is for Standard workflows alone, makes the whole `None`. Resolves defaults (facts 4.3, 4.5).

mod choice;
mod task;
mod template;
#[cfg(test)]
mod tests;

use crate::asl::model::{
    DataPath, Fail, FailText, Flow, Map, Parallel, Pass, QueryLanguage, Setting, State, StateKind,
    StateMachine, Template, Transition, Wait, WaitUntil,
};
use crate::asl::paths;
use crate::asl::place::Place;
use crate::asl::syntax::{Node, Value};
use crate::asl::validate::is_distributed;
use crate::path::{Path, Root};

use template::Object;

/// Builds the model of a definition.
pub(super) fn machine(root: &Node) -> Option<StateMachine> {
    let timeout_seconds = match root.get("TimeoutSeconds") {
        Some(node) => Some(integer(node)?),
        None => None,
    };
    let language = language(root).unwrap_or_default();
    let flow = flow(root, &Place::ROOT, language)?;
    Some(StateMachine {
        comment: text(root, "Comment"),
        timeout_seconds,
        flow,
    })
}

/// Returns the query language that the machine or a state declares.
fn language(object: &Node) -> Option<QueryLanguage> {
    match object.get("QueryLanguage")?.as_text()? {
        "JSONata" => Some(QueryLanguage::Jsonata),
        _ => Some(QueryLanguage::JsonPath),
    }
}

/// Builds a flow; `machine` is the language of states that declare none, in whichever flow (facts 4.2).
fn flow(node: &Node, place: &Place<'_>, machine: QueryLanguage) -> Option<Flow> {
    let place = place.key("States");
    let members = node.get("States")?.as_object()?;
    let states: Option<Vec<State>> = members
        .iter()
        .map(|member| state(&member.key, &member.value, &place.key(&member.key), machine))
        .collect();
    Some(Flow {
        start_at: text(node, "StartAt")?,
        states: states?,
    })
}

fn state(name: &str, node: &Node, place: &Place<'_>, machine: QueryLanguage) -> Option<State> {
    let state = Object {
        node,
        language: language(node).unwrap_or(machine),
        place: Place::ROOT,
    };
    Some(State {
        name: name.to_owned(),
        comment: text(node, "Comment"),
        pointer: place.pointer(),
        query_language: state.language,
        input_path: data_path(node, "InputPath")?,
        output_path: data_path(node, "OutputPath")?,
        output: state.template("Output")?,
        assign: state.assign()?.unwrap_or_default(),
        kind: kind(state, place, machine)?,
    })
}

fn kind(state: Object<'_>, place: &Place<'_>, machine: QueryLanguage) -> Option<StateKind> {
    let node = state.node;
    Some(match node.get("Type")?.as_text()? {
        "Pass" => StateKind::Pass(Pass {
            result: node.get("Result").map(Node::to_json),
            parameters: state.template("Parameters")?,
            result_path: data_path(node, "ResultPath")?,
            transition: transition(node)?,
        }),
        "Task" => StateKind::Task(Box::new(task::task(state)?)),
        "Choice" => StateKind::Choice(choice::choice(state)?),
        "Wait" => StateKind::Wait(Wait {
            until: wait_until(state)?,
            transition: transition(node)?,
        }),
        "Succeed" => StateKind::Succeed,
        "Fail" => StateKind::Fail(Fail {
            error: fail_text(state, "Error")?,
            cause: fail_text(state, "Cause")?,
        }),
        "Parallel" => StateKind::Parallel(parallel(state, place, machine)?),
        "Map" => StateKind::Map(Box::new(map(state, place, machine)?)),
        _ => return None,
    })
}

fn wait_until(state: Object<'_>) -> Option<WaitUntil> {
    let node = state.node;
    if let Some(jsonata) = state.jsonata("Seconds") {
        return Some(WaitUntil::SecondsJsonata(jsonata));
    }
    if let Some(seconds) = node.get("Seconds") {
        return integer(seconds).map(WaitUntil::Seconds);
    }
    if let Some(jsonata) = state.jsonata("Timestamp") {
        return Some(WaitUntil::TimestampJsonata(jsonata));
    }
    if let Some(timestamp) = text(node, "Timestamp") {
        return Some(WaitUntil::Timestamp(timestamp));
    }
    if let Some(node) = node.get("SecondsPath") {
        return path(node).map(WaitUntil::SecondsPath);
    }
    path(node.get("TimestampPath")?).map(WaitUntil::TimestampPath)
}

fn fail_text(state: Object<'_>, name: &str) -> Option<Option<FailText>> {
    if let Some(jsonata) = state.jsonata(name) {
        return Some(Some(FailText::Jsonata(jsonata)));
    }
    if let Some(literal) = state.node.get(name) {
        return literal
            .as_text()
            .map(|text| Some(FailText::Literal(text.to_owned())));
    }
    match state.node.get(&format!("{name}Path")) {
        None => Some(None),
        Some(node) => paths::expression(node.as_text()?)
            .ok()
            .map(|expression| Some(FailText::Expression(expression))),
    }
}

/// Builds what the work of a Task or Parallel gets: `Parameters`, in JSONata `Arguments`.
fn arguments(state: Object<'_>) -> Option<Option<Template>> {
    state.template(match state.language {
        QueryLanguage::JsonPath => "Parameters",
        QueryLanguage::Jsonata => "Arguments",
    })
}

fn parallel(state: Object<'_>, place: &Place<'_>, machine: QueryLanguage) -> Option<Parallel> {
    let node = state.node;
    let list = place.key("Branches");
    let branches = node.get("Branches")?.as_array()?.iter().enumerate();
    let branches: Option<Vec<Flow>> = branches
        .map(|(index, branch)| flow(branch, &list.index(index), machine))
        .collect();
    Some(Parallel {
        branches: branches?,
        parameters: arguments(state)?,
        result_selector: state.template("ResultSelector")?,
        result_path: data_path(node, "ResultPath")?,
        retry: task::retriers(node)?,
        catch: task::catchers(state)?,
        transition: transition(node)?,
    })
}

fn map(state: Object<'_>, place: &Place<'_>, machine: QueryLanguage) -> Option<Map> {
    let node = state.node;
    let processor_field = if node.get("ItemProcessor").is_some() {
        "ItemProcessor"
    } else {
        "Iterator"
    };
    let processor = node.get(processor_field)?;
    if is_distributed(processor) {
        return None;
    }
    let item_selector_field = if node.get("Parameters").is_some() {
        "Parameters"
    } else {
        "ItemSelector"
    };
    Some(Map {
        items_path: data_path(node, "ItemsPath")?,
        items: state.template("Items")?,
        item_selector: state.template(item_selector_field)?,
        item_selector_field,
        processor: flow(processor, &place.key(processor_field), machine)?,
        max_concurrency: setting(state, "MaxConcurrency", integer)?,
        tolerated_failure_count: setting(state, "ToleratedFailureCount", integer)?,
        tolerated_failure_percentage: setting(state, "ToleratedFailurePercentage", decimal)?,
        result_selector: state.template("ResultSelector")?,
        result_path: data_path(node, "ResultPath")?,
        retry: task::retriers(node)?,
        catch: task::catchers(state)?,
        transition: transition(node)?,
    })
}

fn transition(node: &Node) -> Option<Transition> {
    match text(node, "Next") {
        Some(next) => Some(Transition::Next(next)),
        None => node.get("End").map(|_| Transition::End),
    }
}

/// Returns a path field with its default `$`.
fn data_path(node: &Node, name: &str) -> Option<DataPath> {
    let Some(node) = node.get(name) else {
        return Some(DataPath::Whole);
    };
    if node.value == Value::Null {
        return Some(DataPath::Null);
    }
    let path = path(node)?;
    let is_whole = path.root == Root::Input && path.steps.is_empty();
    Some(if is_whole {
        DataPath::Whole
    } else {
        DataPath::Path(path)
    })
}

/// Returns a field that is a literal or an expression, or its `...Path` form.
fn setting<T>(state: Object<'_>, name: &str, read: fn(&Node) -> Option<T>) -> Option<Option<Setting<T>>> {
    if let Some(jsonata) = state.jsonata(name) {
        return Some(Some(Setting::Jsonata(jsonata)));
    }
    if let Some(literal) = state.node.get(name) {
        return read(literal).map(|value| Some(Setting::Literal(value)));
    }
    match state.node.get(&format!("{name}Path")) {
        None => Some(None),
        Some(node) => path(node).map(|path| Some(Setting::Path(path))),
    }
}

fn path(node: &Node) -> Option<Path> {
    paths::path(node.as_text()?).ok()
}

fn text(node: &Node, name: &str) -> Option<String> {
    node.get(name)?.as_text().map(str::to_owned)
}

fn integer(node: &Node) -> Option<u32> {
    match &node.value {
        // By way of a signed number: `-0` is one.
        Value::Number(text) => u32::try_from(text.parse::<i64>().ok()?).ok(),
        _ => None,
    }
}

fn decimal(node: &Node) -> Option<f64> {
    match &node.value {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    }
}
