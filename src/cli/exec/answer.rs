//! How a run ended, as a document and as text.

use super::host::CommandHost;
use crate::cli::output::Json;
use crate::drive::End;
use crate::log::read::Ending;
use crate::printable;
use crate::program::Program;
use crate::value::ValueRef;
use crate::vm::{Outcome, Run, Status};

/// Returns the JSON document of a run.
pub(super) fn json(run: &Run, program: &Program, host: &CommandHost<'_>, end: &End) -> Vec<u8> {
    let mut json = Json::object();
    match end {
        End::NoAnswer { state, parameters } => {
            json.string("status", "NO_ANSWER");
            json.string("state", program.state_name(*state));
            json.raw("parameters", parameters);
            return json.finish();
        }
        End::Interrupted(state) => {
            json.string("status", "INTERRUPTED");
            if let Some(state) = state {
                json.string("state", program.state_name(*state));
            }
        }
        End::Over(outcome) => outcome_json(&mut json, run, program, outcome),
    }
    if let Some(records) = &host.records {
        json.raw("events", &[b"[", records.as_slice(), b"]"].concat());
    }
    json.list("task_calls", &host.calls, |json, call| {
        json.string("state", &call.state);
        json.string("resource", &call.resource);
        json.raw("parameters", &call.parameters);
    });
    json.number("unused_answers", host.script.unused());
    json.finish()
}

fn outcome_json(json: &mut Json, run: &Run, program: &Program, outcome: &Outcome) {
    let view = run.view(program);
    json.string("status", status_name(outcome.status));
    if !outcome.output.is_none() {
        let mut output = Vec::new();
        view.write(outcome.output, &mut output);
        json.raw("output", &output);
    }
    for (name, value) in [("error", outcome.error), ("cause", outcome.cause)] {
        if let Some(text) = (!value.is_none()).then(|| view.text(value)).flatten() {
            json.raw(name, text);
        }
    }
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Succeeded => "SUCCEEDED",
        Status::Failed => "FAILED",
        Status::TimedOut => "TIMED_OUT",
        Status::Running | Status::Waiting => "RUNNING",
    }
}

/// Returns how a run ended, for reading.
pub(super) fn text(run: &Run, program: &Program, outcome: &Outcome, lasted_ms: i64) -> String {
    let view = run.view(program);
    let output = |value: ValueRef| {
        let mut output = Vec::new();
        view.write(value, &mut output);
        String::from_utf8_lossy(&output).into_owned()
    };
    let decoded = |value: ValueRef| {
        let text = (!value.is_none()).then(|| view.string(value)).flatten();
        text.map(|text| text.decode().into_owned())
    };
    let ending = Ending {
        output: (!outcome.output.is_none()).then(|| output(outcome.output)),
        error: decoded(outcome.error),
        cause: decoded(outcome.cause),
    };
    ending.text(status_name(outcome.status), Some(lasted_ms))
}

/// Says what to write into the script for a task that has no answer.
pub(super) fn no_answer_text(state: &str, parameters: &[u8]) -> String {
    let mut name = Vec::new();
    crate::value::escape_into(&mut name, state);
    let name = String::from_utf8_lossy(&name);
    let parameters = String::from_utf8_lossy(parameters);
    let state = printable::line(state);
    format!(
        "error: the task of state '{state}' has no answer (left). Write one into the list of the task script \
         (--task-script FILE):\n  \
         {{\"state\": \"{name}\", \"parameters\": {parameters}, \"result\": {{}}}}\n\
         with its result, or let it fail:\n  \
         {{\"state\": \"{name}\", \"error\": \"States.TaskFailed\", \"cause\": \"why\"}}"
    )
}
