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
    DataPath, Fail, FailText, Flow, Map, OrPath, Parallel, Pass, QueryLanguage, State, StateKind,
    StateMachine, Transition, Wait, WaitUntil,
};
use crate::asl::paths;
use crate::asl::place::Place;
use crate::asl::syntax::{Node, Value};
use crate::asl::validate::is_distributed;
use crate::path::{Path, Root};

use template::{assign, template};

/// Builds the model of a definition.
pub(super) fn machine(root: &Node) -> Option<StateMachine> {
    let timeout_seconds = match root.get("TimeoutSeconds") {
        Some(node) => Some(integer(node)?),
        None => None,
    };
    let flow = flow(root, &Place::ROOT)?;
    Some(StateMachine {
        comment: text(root, "Comment"),
        timeout_seconds,
        flow,
    })
}

fn flow(node: &Node, place: &Place<'_>) -> Option<Flow> {
    let place = place.key("States");
    let members = node.get("States")?.as_object()?;
    let states: Option<Vec<State>> = members
        .iter()
        .map(|member| state(&member.key, &member.value, &place.key(&member.key)))
        .collect();
    Some(Flow {
        start_at: text(node, "StartAt")?,
        states: states?,
    })
}

fn state(name: &str, node: &Node, place: &Place<'_>) -> Option<State> {
    Some(State {
        name: name.to_owned(),
        comment: text(node, "Comment"),
        pointer: place.pointer(),
        query_language: QueryLanguage::JsonPath,
        input_path: data_path(node, "InputPath")?,
        output_path: data_path(node, "OutputPath")?,
        assign: assign(node)?.unwrap_or_default(),
        kind: kind(node, place)?,
    })
}

fn kind(node: &Node, place: &Place<'_>) -> Option<StateKind> {
    Some(match node.get("Type")?.as_text()? {
        "Pass" => StateKind::Pass(Pass {
            result: node.get("Result").map(Node::to_json),
            parameters: template(node, "Parameters")?,
            result_path: data_path(node, "ResultPath")?,
            transition: transition(node)?,
        }),
        "Task" => StateKind::Task(Box::new(task::task(node)?)),
        "Choice" => StateKind::Choice(choice::choice(node)?),
        "Wait" => StateKind::Wait(Wait {
            until: wait_until(node)?,
            transition: transition(node)?,
        }),
        "Succeed" => StateKind::Succeed,
        "Fail" => StateKind::Fail(Fail {
            error: fail_text(node, "Error")?,
            cause: fail_text(node, "Cause")?,
        }),
        "Parallel" => StateKind::Parallel(parallel(node, place)?),
        "Map" => StateKind::Map(Box::new(map(node, place)?)),
        _ => return None,
    })
}

fn wait_until(node: &Node) -> Option<WaitUntil> {
    if let Some(seconds) = node.get("Seconds") {
        return integer(seconds).map(WaitUntil::Seconds);
    }
    if let Some(timestamp) = text(node, "Timestamp") {
        return Some(WaitUntil::Timestamp(timestamp));
    }
    if let Some(node) = node.get("SecondsPath") {
        return path(node).map(WaitUntil::SecondsPath);
    }
    path(node.get("TimestampPath")?).map(WaitUntil::TimestampPath)
}

fn fail_text(node: &Node, name: &str) -> Option<Option<FailText>> {
    if let Some(literal) = node.get(name) {
        return literal
            .as_text()
            .map(|text| Some(FailText::Literal(text.to_owned())));
    }
    match node.get(&format!("{name}Path")) {
        None => Some(None),
        Some(node) => paths::expression(node.as_text()?)
            .ok()
            .map(|expression| Some(FailText::Expression(expression))),
    }
}

fn parallel(node: &Node, place: &Place<'_>) -> Option<Parallel> {
    let list = place.key("Branches");
    let branches = node.get("Branches")?.as_array()?.iter().enumerate();
    let branches: Option<Vec<Flow>> = branches
        .map(|(index, branch)| flow(branch, &list.index(index)))
        .collect();
    Some(Parallel {
        branches: branches?,
        parameters: template(node, "Parameters")?,
        result_selector: template(node, "ResultSelector")?,
        result_path: data_path(node, "ResultPath")?,
        retry: task::retriers(node)?,
        catch: task::catchers(node)?,
        transition: transition(node)?,
    })
}

fn map(node: &Node, place: &Place<'_>) -> Option<Map> {
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
        item_selector: template(node, item_selector_field)?,
        item_selector_field,
        processor: flow(processor, &place.key(processor_field))?,
        max_concurrency: or_path(node, "MaxConcurrency", integer)?,
        tolerated_failure_count: or_path(node, "ToleratedFailureCount", integer)?,
        tolerated_failure_percentage: or_path(node, "ToleratedFailurePercentage", decimal)?,
        result_selector: template(node, "ResultSelector")?,
        result_path: data_path(node, "ResultPath")?,
        retry: task::retriers(node)?,
        catch: task::catchers(node)?,
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

/// Returns a literal field or its `...Path` form.
fn or_path<T>(node: &Node, name: &str, read: fn(&Node) -> Option<T>) -> Option<Option<OrPath<T>>> {
    if let Some(literal) = node.get(name) {
        return read(literal).map(|value| Some(OrPath::Literal(value)));
    }
    match node.get(&format!("{name}Path")) {
        None => Some(None),
        Some(node) => path(node).map(|path| Some(OrPath::Path(path))),
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
