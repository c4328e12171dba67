//! Reads from a run what became of the one state.

use super::{Pause, Status, Trial};
use crate::program::{Program, StateId, StateType};
use crate::value::ValueRef;
use crate::vm::{Decision, EventType, Run, Status as RunStatus};

/// Returns what a run that was started at a state shows.
pub(super) fn observe(
    run: &Run,
    program: &Program,
    state: StateId,
    given: &[(String, String)],
    pause: Pause,
) -> Trial {
    let view = run.view(program);
    let info = &program.states[state.at()];
    let mut trial = Trial {
        kind: Some(info.kind),
        wait_until_ms: pause.wait_until_ms,
        ..Trial::default()
    };
    for traced in run.traced().iter().filter(|traced| traced.state == state) {
        // Of the items of a Map the first says enough.
        if trial.stage(traced.stage).is_none() {
            trial.stages.push((traced.stage, view.to_json(traced.value)));
        }
    }
    for decision in run.decisions() {
        match *decision {
            Decision::Rule { rule, .. } => trial.rule = Some(rule),
            Decision::Retry {
                retrier, delay_ms, ..
            } => trial.retry = Some((retrier, delay_ms)),
            Decision::Catch { catcher, .. } => trial.catch = Some(catcher),
        }
    }
    let text = |value: ValueRef| {
        let text = (!value.is_none()).then(|| view.string(value))?;
        text.map(|text| text.decode().into_owned())
    };
    for event in run.events() {
        if event.kind == EventType::ExecutionStarted {
            trial.input = view.to_json(event.data);
        }
        if !event.error.is_none() || !event.cause.is_none() {
            (trial.error, trial.cause) = (text(event.error), text(event.cause));
        }
        if event.state == Some(state) && event.kind.name().ends_with("StateExited") {
            trial.output = Some(view.to_json(event.data));
        }
    }
    trial.next = run
        .next_state(program)
        .map(|next| program.state_name(next).to_owned());
    trial.variables = variables(run, program, given);
    let tasks = &program.tasks;
    let task = tasks.iter().find(|task| task.state == state);
    trial.resource = task
        .filter(|task| !task.resource.arn.is_empty())
        .map(|task| task.resource.arn.to_string());
    trial.status = status(run, &trial, pause);
    if info.kind == StateType::Fail {
        trial.output = None;
    }
    trial
}

fn status(run: &Run, trial: &Trial, pause: Pause) -> Status {
    match run.outcome().status {
        RunStatus::Failed | RunStatus::TimedOut => Status::Failed,
        _ if pause.needs_result => Status::NeedsResult,
        _ if pause.retries => Status::Retriable,
        _ if trial.catch.is_some() => Status::CaughtError,
        _ => Status::Succeeded,
    }
}

/// Returns the variables as the state leaves them: those given, and those it set.
fn variables(run: &Run, program: &Program, given: &[(String, String)]) -> Vec<(String, String)> {
    let view = run.view(program);
    let mut out = given.to_vec();
    for (name, value) in run.variables(program) {
        let value = view.to_json(value);
        match out.iter_mut().find(|known| known.0 == name) {
            Some(known) => known.1 = value,
            None => out.push((name.to_owned(), value)),
        }
    }
    out
}
