//! A machine in which one state stands at the top level.

use crate::asl::model::{
    Flow, Resource, ResourceKind, State, StateKind, StateMachine, Task, Template, Transition,
};
use crate::program::StateType;

/// Returns a machine whose top level is the flow that has the state.
pub(super) fn machine_of(machine: &StateMachine, state: &str) -> Option<StateMachine> {
    Some(StateMachine {
        comment: None,
        timeout_seconds: machine.timeout_seconds,
        flow: flow_of(&machine.flow, state)?.clone(),
    })
}

fn flow_of<'a>(flow: &'a Flow, name: &str) -> Option<&'a Flow> {
    if flow.states.iter().any(|state| state.name == name) {
        return Some(flow);
    }
    inner(flow).find_map(|flow| flow_of(flow, name))
}

fn inner(flow: &Flow) -> impl Iterator<Item = &Flow> {
    flow.states.iter().flat_map(|state| match &state.kind {
        StateKind::Parallel(parallel) => parallel.branches.as_slice(),
        StateKind::Map(map) => std::slice::from_ref(&map.processor),
        _ => &[],
    })
}

/// Returns the names of all states, those of branches and processors too.
pub(super) fn names(flow: &Flow) -> Vec<String> {
    let own = flow.states.iter().map(|state| state.name.clone());
    own.chain(inner(flow).flat_map(names)).collect()
}

/// Returns the type of a state of the top level.
pub(super) fn kind_of(machine: &StateMachine, name: &str) -> Option<StateType> {
    let state = machine.flow.states.iter().find(|state| state.name == name)?;
    Some(match &state.kind {
        StateKind::Pass(_) => StateType::Pass,
        StateKind::Task(_) => StateType::Task,
        StateKind::Choice(_) => StateType::Choice,
        StateKind::Wait(_) => StateType::Wait,
        StateKind::Succeed => StateType::Succeed,
        StateKind::Fail(_) => StateType::Fail,
        StateKind::Parallel(_) => StateType::Parallel,
        StateKind::Map(_) => StateType::Map,
    })
}

/// Replaces a Parallel or Map by the Task that would bring its result.
pub(super) fn as_task(machine: &mut StateMachine, name: &str) {
    let found = machine.flow.states.iter_mut().find(|state| state.name == name);
    let Some(State { kind, .. }) = found else {
        return;
    };
    let task = match kind {
        StateKind::Parallel(parallel) => Task {
            result_selector: parallel.result_selector.take(),
            result_path: parallel.result_path.clone(),
            retry: std::mem::take(&mut parallel.retry),
            catch: std::mem::take(&mut parallel.catch),
            ..empty(parallel.parameters.take(), parallel.transition.clone())
        },
        StateKind::Map(map) => Task {
            result_selector: map.result_selector.take(),
            result_path: map.result_path.clone(),
            retry: std::mem::take(&mut map.retry),
            catch: std::mem::take(&mut map.catch),
            ..empty(None, map.transition.clone())
        },
        _ => return,
    };
    *kind = StateKind::Task(Box::new(task));
}

fn empty(parameters: Option<Template>, transition: Transition) -> Task {
    Task {
        resource: Resource {
            arn: String::new(),
            kind: ResourceKind::Function,
        },
        parameters,
        result_selector: None,
        result_path: crate::asl::model::DataPath::Whole,
        timeout: None,
        heartbeat: None,
        credentials: None,
        retry: Vec::new(),
        catch: Vec::new(),
        transition,
    }
}

/// Returns how many rules a Choice has, wherever it stands; 0 for other states.
pub(super) fn choice_rules(flow: &Flow, name: &str) -> usize {
    let flow = flow_of(flow, name);
    let state = flow.and_then(|flow| flow.states.iter().find(|state| state.name == name));
    match state.map(|state| &state.kind) {
        Some(StateKind::Choice(choice)) => choice.rules.len(),
        _ => 0,
    }
}
