//! A run for reading: the states in order, with durations and data.

use super::answer::seconds;
use crate::program::{Program, StateId, TaskInfo};
use crate::value::{ValueRef, View};
use crate::vm::{Event, EventType};
use std::io::Write;

/// Longest data that is shown; all of it is in `--format json`.
const DATA_CHARACTERS_MAX: usize = 400;

/// Tells the events of a run.
#[derive(Default)]
pub(super) struct Story {
    /// One for each event so far, by id: durations are found along the chain of causes.
    trail: Vec<Step>,
}

#[derive(Clone, Copy)]
struct Step {
    previous: u32,
    at_ms: i64,
    /// The state, when the event enters it.
    entered: Option<StateId>,
}

impl Story {
    /// Appends the lines of one event.
    pub(super) fn tell(&mut self, view: View<'_>, program: &Program, event: &Event, out: &mut Vec<u8>) {
        let name = event.kind.name();
        let entered = name.ends_with("StateEntered");
        self.trail.push(Step {
            previous: event.previous,
            at_ms: event.at_ms,
            entered: event.state.filter(|_| entered),
        });
        let started_ms = self.trail.first().map_or(event.at_ms, |first| first.at_ms);
        let state = event.state.map_or("", |state| program.state_name(state));
        let task = program.tasks.iter().find(|task| Some(task.state) == event.state);
        let line = match event.kind {
            EventType::ExecutionStarted => "started".to_owned(),
            EventType::ExecutionSucceeded
            | EventType::ExecutionFailed
            | EventType::ExecutionTimedOut
            | EventType::TaskStarted
            | EventType::LambdaFunctionStarted
            | EventType::ParallelStateSucceeded
            | EventType::MapStateSucceeded => return,
            EventType::TaskScheduled | EventType::LambdaFunctionScheduled => {
                format!("  {state}: call {}", task.map_or("", called))
            }
            EventType::TaskSucceeded | EventType::LambdaFunctionSucceeded => format!("  {state}: answer"),
            EventType::TaskFailed
            | EventType::LambdaFunctionFailed
            | EventType::TaskTimedOut
            | EventType::LambdaFunctionTimedOut => format!("  {state}: task failed"),
            EventType::MapStateStarted => format!("  {state}: {} items", event.number),
            EventType::MapIterationStarted => format!("  {state}: item {}", event.number),
            EventType::MapIterationSucceeded => format!("  {state}: item {} done", event.number),
            EventType::MapIterationFailed => format!("  {state}: item {} failed", event.number),
            EventType::MapIterationAborted => format!("  {state}: item {} aborted", event.number),
            _ if entered => format!("> {state} ({})", name.trim_end_matches("StateEntered")),
            _ if name.ends_with("StateExited") => format!("< {state}, {}", self.duration(event)),
            _ => format!("  {state}: {}", last_word(name)),
        };
        // Writing to a Vec cannot fail.
        let _ = writeln!(out, "{:>11}  {line}", seconds(event.at_ms - started_ms));
        self.data(view, event, out);
    }

    fn data(&self, view: View<'_>, event: &Event, out: &mut Vec<u8>) {
        let name = event.kind.name();
        let label = match event.kind {
            EventType::TaskScheduled | EventType::LambdaFunctionScheduled => "with",
            _ if name.ends_with("Entered") || name.ends_with("Started") => "input",
            _ => "output",
        };
        let mut line = |label: &str, value: ValueRef| {
            if !value.is_none() {
                let text = view
                    .string(value)
                    .filter(|_| label == "error" || label == "cause");
                let text = text.map_or_else(|| view.to_json(value), |text| text.decode().into_owned());
                let _ = writeln!(out, "{:>15}{label:7} {}", "", short(&text));
            }
        };
        line(label, event.data);
        line("error", event.error);
        line("cause", event.cause);
        if name.ends_with("StateExited") {
            line("assigns", event.extra);
        }
    }

    /// Returns how long a state took: from the entered event that its exit goes back to.
    fn duration(&self, exit: &Event) -> String {
        let mut at = exit.previous;
        while let Some(step) = (at as usize).checked_sub(1).and_then(|at| self.trail.get(at)) {
            if step.entered == exit.state {
                return seconds(exit.at_ms - step.at_ms);
            }
            at = step.previous;
        }
        "?".to_owned()
    }
}

fn called(task: &TaskInfo) -> &str {
    &task.resource.arn
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
