//! What a program's tasks reach, in words for people.
//!
//! Must not know how calls are made. Invariant: what is said here is what the bindings do.

use super::allow::{Constants, Gate, Target, targets};
use super::asked::Asked;
use super::bind::{Bindings, Route};
use super::lambda::function::{Function, Home};
use crate::program::{Program, TaskId};

/// What one task reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Its state.
    pub state: String,
    /// Its resource.
    pub resource: String,
    /// Service and action, as a line of `allow` has them.
    pub action: String,
    /// What the action is done to; `None` where that is known at the call only, empty where it names nothing we know.
    pub targets: Option<Vec<String>>,
    /// The number of the entry that serves it; `None` where that is known at the call only.
    pub(super) entry: Option<usize>,
    /// Why its workflow may not call it, if so.
    pub refusal: Option<String>,
}

/// Returns what the tasks of a program reach, in its order.
pub(super) fn reached(program: &Program, bindings: &Bindings, home: &Home) -> Vec<Reached> {
    let tasks = program.tasks.iter().enumerate();
    let tasks = tasks.map(|(number, info)| {
        let (asked, bound) = (Asked::new(program, info), bindings.task(TaskId(number as u32)));
        let (service, action) = asked.integration().unwrap_or(("lambda", "invoke"));
        let found = match asked.integration() {
            None => {
                let function = Function::parse(asked.arn(), None, home);
                Ok(function.iter().map(Target::of_function).collect())
            }
            Some(integration) => targets(integration, &Constants(asked), home),
        };
        let shown = |found: Vec<Target>| {
            let shown = found.iter().filter_map(Target::shown);
            shown.map(|text| text.into_owned()).collect()
        };
        Reached {
            state: program.states[info.state.at()].name.to_string(),
            resource: asked.arn().to_owned(),
            action: format!("{service}:{action}"),
            targets: found.ok().map(shown),
            entry: match &bound.route {
                Route::Resource(index) => Some(index.at()),
                Route::Function(route) => route.served.as_ref().map(|served| served.connector.at()),
            },
            refusal: match &bound.gate {
                Gate::Shut(failure) => failure.cause.clone(),
                Gate::Open | Gate::AtCall { .. } => None,
            },
        }
    });
    tasks.collect()
}
