//! The format of the conformance corpus: executions that were recorded on AWS.

use super::expect::{self, Events, Expect, Expected};
use super::reader::Reader;
use super::{Answer, Case, Definition, Input, NOW_MS, Suite};
use crate::asl::place::Place;
use crate::asl::syntax::{Node, Value};
use crate::drive::Reply;
use crate::vm::Status;
use std::collections::BTreeMap;

/// Reads a recorded case. Its fields are the recorder's, so unknown ones are no mistake.
pub(super) fn suite(reader: &mut Reader<'_>, root: &Node) -> Suite {
    let mut suite = Suite::default();
    let Some(executions) = root.get("executions") else {
        return suite;
    };
    let place = Place::ROOT.key("executions");
    reader.list(&place, executions, |reader, place, execution| {
        suite.cases.extend(case(reader, place, root, execution));
    });
    suite
}

fn case(reader: &mut Reader<'_>, place: &Place<'_>, root: &Node, execution: &Node) -> Option<Case> {
    let text = |name: &str| execution.get(name).and_then(Node::as_text);
    let definition = [execution, root].iter().find_map(|node| node.get("definition"));
    let definition = match (definition, root.get("definition_text").and_then(Node::as_text)) {
        (Some(node), _) => Definition::Here(reader.excerpt(node)),
        (None, Some(text)) => Definition::Here(text.to_owned()),
        (None, None) => {
            reader.error(
                place,
                &execution.span,
                "The execution has no \"definition\"",
                None,
            );
            return None;
        }
    };
    let now_ms = root
        .get("clock")
        .and_then(|node| reader.time(&Place::ROOT.key("clock"), node));
    let input = match (text("input_text"), execution.get("input")) {
        (Some(text), _) => text.to_owned(),
        (None, Some(node)) => node.to_json(),
        (None, None) => "{}".to_owned(),
    };
    Some(Case {
        name: text("name").unwrap_or("execution").to_owned(),
        line: reader.line(&execution.span),
        definition,
        substitutions: BTreeMap::new(),
        input: Input::Here(input),
        sync: execution.get("expected_sync_response").is_some(),
        now_ms: now_ms.unwrap_or(NOW_MS),
        answers: answers(reader, execution),
        defaults: BTreeMap::new(),
        expect: expectations(root, execution),
        skip: skip(root, execution),
    })
}

/// Says why an execution cannot be played, if so.
fn skip(root: &Node, execution: &Node) -> Option<String> {
    let status = execution
        .get("expected_status")
        .and_then(Node::as_text)
        .unwrap_or_default();
    let reason = if root
        .get("express_ok")
        .is_some_and(|node| node.value == Value::Bool(false))
    {
        "not for Express workflows"
    } else if expect::status_named(status).is_none() {
        "its end was not recorded"
    } else if execution.get("task_script").and_then(Node::as_array).is_none() {
        "its task answers were not recorded"
    } else {
        return None;
    };
    Some(reason.to_owned())
}

fn answers(reader: &Reader<'_>, execution: &Node) -> Vec<Answer> {
    let script = execution
        .get("task_script")
        .and_then(Node::as_array)
        .unwrap_or_default();
    let text = |node: &Node, name: &str| node.get(name).and_then(Node::as_text).map(str::to_owned);
    let answer = |node: &Node| Answer {
        state: text(node, "state").unwrap_or_default(),
        reply: match node.get("result") {
            _ if never(node) => Reply::Never,
            Some(result) => Reply::Success {
                after_ms: 0,
                result: result.to_json().into_bytes(),
            },
            None => Reply::Failure {
                after_ms: 0,
                error: text(node, "error"),
                cause: text(node, "cause"),
            },
        },
        parameters: node.get("parameters").cloned(),
        calls: None,
        line: reader.line(&node.span),
    };
    script.iter().map(answer).collect()
}

/// The corpus says which error ended the task instead of `true`.
fn never(answer: &Node) -> bool {
    let timed_out = answer.get("timed_out");
    timed_out.is_some_and(|node| !matches!(node.value, Value::Null | Value::Bool(false)))
}

fn expectations(root: &Node, execution: &Node) -> Expect {
    let text = |name: &str| execution.get(name).and_then(Node::as_text);
    let expected = |name: &str| text(name).map_or(Expected::None, |text| Expected::Text(text.to_owned()));
    let status = text("expected_status").and_then(expect::status_named);
    let events = execution
        .get("expected_events")
        .and_then(Node::as_array)
        .map(<[Node]>::to_vec);
    let partial = execution
        .get("events_partial")
        .is_some_and(|node| node.value == Value::Bool(true));
    let placeholders = root
        .get("placeholders")
        .and_then(Node::as_array)
        .unwrap_or_default();
    Expect {
        status: status.unwrap_or(Status::Succeeded),
        output: execution.get("expected_output").cloned(),
        error: expected("expected_error"),
        cause: expected("expected_cause"),
        events: match events {
            None => Events::Any,
            Some(events) if partial => Events::Recorded(events),
            Some(events) => Events::All(events),
        },
        placeholders: placeholders
            .iter()
            .filter_map(Node::as_text)
            .map(str::to_owned)
            .collect(),
        recorded: true,
        ..Expect::default()
    }
}
