//! A history for reading: the states in order, with durations and data.

use super::ending::seconds;
use super::moment::Moment;
use super::scope::{Scopes, split};
use crate::printable;
use std::io::Write;

/// Longest data that is shown.
const DATA_CHARACTERS_MAX: usize = 400;

/// Tells the events of one execution, each once and in the order of their ids.
#[derive(Default)]
pub struct Story {
    scopes: Scopes,
    started_ms: Option<i64>,
    last_id: u32,
}

impl Story {
    /// Appends the lines of one event.
    pub fn tell(&mut self, moment: &Moment<'_>, out: &mut Vec<u8>) {
        self.gap(moment.id, out);
        let visit = self.scopes.add(moment);
        let known = visit.map(|visit| self.scopes.visit(visit));
        let started_ms = *self.started_ms.get_or_insert(moment.at_ms);
        let kind = moment.kind;
        let task = moment.resource.rsplit(":::").next().unwrap_or_default();
        // Where the log has gaps the state is not known, but the task or the type is.
        let unknown = if task.is_empty() { split(kind).0 } else { task };
        let state = moment.state.as_deref().or(known.map(|known| &*known.name));
        let state = printable::line(state.unwrap_or(unknown));
        let resource = printable::line(&moment.resource);
        let kind = &*printable::line(kind);
        let number = moment.number;
        let line = match kind {
            "ExecutionStarted" => "started".to_owned(),
            "ExecutionSucceeded"
            | "ExecutionFailed"
            | "ExecutionTimedOut"
            | "ExecutionAborted"
            | "TaskStarted"
            | "LambdaFunctionStarted"
            | "ParallelStateSucceeded"
            | "MapStateSucceeded" => return,
            "TaskScheduled" | "LambdaFunctionScheduled" => format!("  {state}: call {resource}"),
            "TaskSucceeded" | "LambdaFunctionSucceeded" => format!("  {state}: answer"),
            "TaskFailed" | "LambdaFunctionFailed" | "TaskTimedOut" | "LambdaFunctionTimedOut" => {
                format!("  {state}: task failed")
            }
            "EvaluationFailed" => format!("  {state}: evaluation failed"),
            "MapStateStarted" => format!("  {state}: {number} items"),
            "MapIterationStarted" => format!("  {state}: item {number}"),
            "MapIterationSucceeded" => format!("  {state}: item {number} done"),
            "MapIterationFailed" => format!("  {state}: item {number} failed"),
            "MapIterationAborted" => format!("  {state}: item {number} aborted"),
            _ if kind.ends_with("StateEntered") => {
                format!("> {state} ({})", kind.trim_end_matches("StateEntered"))
            }
            _ if kind.ends_with("StateExited") => {
                let lasted = known.map(|known| seconds(moment.at_ms - known.entered_ms));
                format!("< {state}, {}", lasted.as_deref().unwrap_or("?"))
            }
            _ => format!("  {state}: {}", last_word(kind)),
        };
        // Writing to a Vec cannot fail.
        let _ = writeln!(out, "{:>11}  {line}", seconds(moment.at_ms - started_ms));
        data(moment, out);
    }

    /// Says which events the log does not have: its level left them out, or there were too many.
    fn gap(&mut self, id: u32, out: &mut Vec<u8>) {
        let next = self.last_id + 1;
        if id > next {
            let _ = match id - next {
                1 => writeln!(out, "{:>13}(event {next} is not in the log)", ""),
                _ => writeln!(out, "{:>13}(events {next} to {} are not in the log)", "", id - 1),
            };
        }
        self.last_id = self.last_id.max(id);
    }
}

fn data(moment: &Moment<'_>, out: &mut Vec<u8>) {
    let kind = moment.kind;
    let label = match kind {
        "TaskScheduled" | "LambdaFunctionScheduled" => "with",
        _ if kind.ends_with("Entered") || kind.ends_with("Started") => "input",
        _ => "output",
    };
    let assigned = moment.assigned.as_ref().filter(|_| kind.ends_with("StateExited"));
    let parts = [
        (label, moment.data.as_ref()),
        ("error", moment.error.as_ref()),
        ("cause", moment.cause.as_ref()),
        ("assigns", assigned),
    ];
    for (label, text) in parts {
        if let Some(text) = text {
            let text = short(text);
            let _ = writeln!(out, "{:>15}{label:7} {}", "", printable::line(&text));
        }
    }
}

/// Returns `failed` of `MapStateFailed`.
fn last_word(name: &str) -> String {
    let at = name.rfind(char::is_uppercase).unwrap_or(0);
    name[at..].to_lowercase()
}

fn short(text: &str) -> String {
    match text.char_indices().nth(DATA_CHARACTERS_MAX) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], text.len()),
    }
}
