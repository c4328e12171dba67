//! What a case expects.

use super::reader::Reader;
use crate::asl::place::Place;
use crate::asl::syntax::{Node, Value};
use crate::vm::Status;
use std::collections::BTreeMap;

/// What is expected of an execution; what is absent is not checked.
#[derive(Clone, Debug)]
pub struct Expect {
    /// How it ends.
    pub status: Status,
    /// Its output.
    pub(super) output: Option<Node>,
    /// Its error's name.
    pub(super) error: Expected,
    /// Its cause.
    pub(super) cause: Expected,
    /// Names of the states it enters, in order.
    pub(super) states: Option<Vec<String>>,
    /// Events of its history.
    pub(super) events: Events,
    /// How long it takes.
    pub(super) duration_ms: Option<i64>,
    /// How often each state's task is called.
    pub(super) task_calls: BTreeMap<String, u64>,
    /// How often tasks are called in all.
    pub(super) all_calls: Option<u64>,
    /// Texts in the expectations that stand for anything.
    pub(super) placeholders: Vec<String>,
    /// The run was recorded on AWS: a Standard execution's ARN may stand for ours.
    pub(super) recorded: bool,
    /// Nothing is expected but that it succeeds: how it ended is told.
    pub(super) is_open: bool,
}

/// A text that is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// Not checked.
    Any,
    /// There is none.
    None,
    /// This one.
    Text(String),
}

impl Expected {
    pub(super) fn as_option(&self) -> Option<String> {
        match self {
            Expected::Any | Expected::None => None,
            Expected::Text(text) => Some(text.clone()),
        }
    }
}

/// Events that are expected.
#[derive(Clone, Debug)]
pub(super) enum Events {
    /// Not checked.
    Any,
    /// These in this order, perhaps with others between them; members that are absent are not checked.
    Some(Vec<Node>),
    /// All of them, with all their members.
    All(Vec<Node>),
    /// All that have an id or are marked `any_order`, and perhaps others.
    Recorded(Vec<Node>),
}

impl Default for Expect {
    /// It succeeds.
    fn default() -> Expect {
        Expect {
            status: Status::Succeeded,
            output: None,
            error: Expected::Any,
            cause: Expected::Any,
            states: None,
            events: Events::Any,
            duration_ms: None,
            task_calls: BTreeMap::new(),
            all_calls: None,
            placeholders: Vec::new(),
            recorded: false,
            is_open: false,
        }
    }
}

impl Expect {
    /// Expects that it succeeds, whatever comes out: somebody looks at it.
    pub(super) fn open() -> Expect {
        Expect {
            is_open: true,
            ..Expect::default()
        }
    }

    /// Says whether nothing is expected but that it succeeds.
    pub fn is_open(&self) -> bool {
        self.is_open
    }
}

const FIELDS: &[&str] = &[
    "comment",
    "status",
    "output",
    "error",
    "cause",
    "states",
    "events",
    "duration_seconds",
    "task_calls",
];

const EVENT_FIELDS: &[&str] = &["comment", "type", "id", "prev", "details"];

/// Reads what a case expects.
pub(super) fn read(reader: &mut Reader<'_>, place: &Place<'_>, node: &Node) -> Expect {
    let mut expect = Expect::default();
    reader.object(place, node, FIELDS);
    let mut text = |name: &str| match node.get(name) {
        None => Expected::Any,
        Some(node) if node.value == Value::Null => Expected::None,
        Some(node) => reader
            .text(&place.key(name), node)
            .map_or(Expected::Any, Expected::Text),
    };
    (expect.error, expect.cause) = (text("error"), text("cause"));
    expect.output = node.get("output").cloned();
    let fails = [&expect.error, &expect.cause]
        .iter()
        .any(|text| matches!(text, Expected::Text(_)));
    expect.status = match node.get("status") {
        Some(node) => status(reader, &place.key("status"), node),
        None if fails => Status::Failed,
        None => Status::Succeeded,
    };
    if let Some(output) = &expect.output
        && expect.status != Status::Succeeded
    {
        let message = "Only an execution that succeeds has an output";
        reader.error(&place.key("output"), &output.span, message, None);
    }
    if let Some(node) = node.get("states") {
        let mut states = Vec::new();
        reader.list(&place.key("states"), node, |reader, place, node| {
            states.extend(reader.text(place, node));
        });
        expect.states = Some(states);
    }
    if let Some(node) = node.get("events") {
        let mut events = Vec::new();
        reader.list(&place.key("events"), node, |reader, place, node| {
            reader.object(place, node, EVENT_FIELDS);
            events.push(node.clone());
        });
        expect.events = Events::Some(events);
    }
    if let Some(node) = node.get("duration_seconds") {
        expect.duration_ms = reader.seconds(&place.key("duration_seconds"), node);
    }
    if let Some(node) = node.get("task_calls") {
        task_calls(reader, &place.key("task_calls"), node, &mut expect);
    }
    expect
}

fn task_calls(reader: &mut Reader<'_>, place: &Place<'_>, node: &Node, expect: &mut Expect) {
    if let Value::Number(_) = node.value {
        expect.all_calls = reader.count(place, node);
        return;
    }
    reader.map(place, node, |reader, place, state, node| {
        let count = reader.count(place, node).unwrap_or_default();
        expect.task_calls.insert(state.to_owned(), count);
    });
}

/// Reads a status; SUCCEEDED when it is none.
fn status(reader: &mut Reader<'_>, place: &Place<'_>, node: &Node) -> Status {
    let status = node.as_text().and_then(status_named);
    if status.is_none() {
        reader.expected(place, node, "\"SUCCEEDED\", \"FAILED\" or \"TIMED_OUT\"");
    }
    status.unwrap_or(Status::Succeeded)
}

/// Returns the status of that name.
pub(super) fn status_named(name: &str) -> Option<Status> {
    match name {
        "SUCCEEDED" => Some(Status::Succeeded),
        "FAILED" => Some(Status::Failed),
        "TIMED_OUT" => Some(Status::TimedOut),
        _ => None,
    }
}

/// Returns AWS's name of a status.
pub(super) fn status_name(status: Status) -> &'static str {
    match status {
        Status::Succeeded => "SUCCEEDED",
        Status::Failed => "FAILED",
        Status::TimedOut => "TIMED_OUT",
        Status::Running | Status::Waiting => "RUNNING",
    }
}
