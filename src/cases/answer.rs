//! What a task answers in a case.

use super::reader::Reader;
use crate::asl::place::Place;
use crate::asl::syntax::{Node, Value};
use crate::drive::Reply;
use std::ops::RangeInclusive;

/// One prepared answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The Task state it is for.
    pub state: String,
    /// What the task is answered.
    pub reply: Reply,
    /// What the task must be given, if that is checked.
    pub(super) parameters: Option<Node>,
    /// Which calls of the state it is for, counted from 0; else it is used once.
    pub(super) calls: Option<RangeInclusive<u64>>,
    /// Its line in the case file.
    pub line: usize,
}

const FIELDS: &[&str] = &[
    "comment",
    "result",
    "error",
    "cause",
    "timed_out",
    "delay_seconds",
    "parameters",
];

/// Reads one answer for a state.
pub(super) fn read(reader: &mut Reader<'_>, place: &Place<'_>, state: &str, node: &Node) -> Option<Answer> {
    let before = reader.diagnostics.len();
    reader.object(place, node, FIELDS);
    let after_ms = match node.get("delay_seconds") {
        Some(delay) => reader.seconds(&place.key("delay_seconds"), delay)?,
        None => 0,
    };
    let mut text = |name: &str| {
        let node = node.get(name).filter(|node| node.value != Value::Null)?;
        reader.text(&place.key(name), node)
    };
    let (error, cause) = (text("error"), text("cause"));
    let timed_out = node
        .get("timed_out")
        .is_some_and(|node| !matches!(node.value, Value::Null | Value::Bool(false)));
    let failed = node.get("error").is_some() || node.get("cause").is_some();
    let kinds = [node.get("result").is_some(), failed, timed_out];
    if kinds.iter().filter(|&&kind| kind).count() != 1 && reader.diagnostics.len() == before {
        let help = "write one of {\"result\": …}, {\"error\": …, \"cause\": …}, {\"timed_out\": true}";
        let message = "An answer is either a result, or an error, or a time-out";
        reader.error(place, &node.span, message, Some(help.to_owned()));
    }
    let reply = match node.get("result") {
        _ if timed_out => Reply::Never,
        Some(result) => Reply::Success {
            after_ms,
            result: result.to_json().into_bytes(),
        },
        None => Reply::Failure {
            after_ms,
            error,
            cause,
        },
    };
    Some(Answer {
        state: state.to_owned(),
        reply,
        parameters: node.get("parameters").cloned(),
        calls: None,
        line: reader.line(&node.span),
    })
}
