//! Connects a program's tasks to what serves them, when the program is loaded.
//!
//! Owns the check that somebody serves every task, as far as that is known before it runs. Must not know
//! connectors themselves. Invariant: with [`Bindings`] at hand a task of a constant resource is not looked up
//! by name again.

use super::allow::{Allow, Gate};
use super::asked::{Asked, Refusal};
use super::lambda;
use super::maker::Offer;
use super::table::ConnectorIndex;
use crate::program::{Program, TaskId, TaskInfo};
use std::sync::Arc;

/// Who serves the tasks of one program.
#[derive(Debug, Default)]
pub struct Bindings {
    tasks: Vec<Bound>,
    /// What the workflow may reach; all of that without.
    pub(super) allow: Option<Arc<Allow>>,
}

/// Who serves one task.
#[derive(Debug)]
pub(super) struct Bound {
    /// The resource's ARN as written.
    pub(super) resource: Box<str>,
    pub(super) route: Route,
    pub(super) gate: Gate,
}

/// The way to what serves a task.
#[derive(Debug)]
pub(super) enum Route {
    /// To what serves the resource.
    Resource(ConnectorIndex),
    /// To what serves a Lambda function.
    Function(lambda::Route),
}

/// A task that nobody serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unserved {
    /// Its state.
    pub state: String,
    /// Its resource.
    pub resource: String,
    /// The parameter that nobody serves, and its value: the FunctionName of `lambda:invoke`, or the Topic of
    /// `kafka:produce`.
    pub named: Option<(&'static str, String)>,
}

impl std::fmt::Display for Unserved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "state '{}': no entry of [tasks] serves {}",
            self.state, self.resource
        )?;
        match &self.named {
            Some((parameter, value)) => write!(f, " with {parameter} '{value}'"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Unserved {}

impl Bindings {
    pub(super) fn task(&self, task: TaskId) -> &Bound {
        &self.tasks[task.at()]
    }
}

/// Connects all tasks. `data_is_seen`: the program's results are written to logs. What `allow` does not grant is refused
/// when it is called.
///
/// # Errors
/// Every task that nobody serves.
pub(super) fn bind(
    program: &Program,
    offer: Offer<'_>,
    data_is_seen: bool,
    allow: Option<Arc<Allow>>,
) -> Result<Bindings, Vec<Unserved>> {
    let (mut tasks, mut problems) = (Vec::new(), Vec::new());
    for info in &program.tasks {
        let asked = Asked::new(program, info);
        match route(asked, offer, data_is_seen) {
            Ok(route) => tasks.push(Bound {
                resource: info.resource.arn.clone(),
                route,
                gate: Gate::of(asked, allow.as_deref(), offer.home),
            }),
            Err(Refusal(named)) => problems.push(Unserved {
                state: program.states[info.state.at()].name.to_string(),
                resource: info.resource.arn.to_string(),
                named,
            }),
        }
    }
    if problems.is_empty() {
        Ok(Bindings { tasks, allow })
    } else {
        Err(problems)
    }
}

/// Finds who serves a task.
fn route(task: Asked<'_>, offer: Offer<'_>, data_is_seen: bool) -> Result<Route, Refusal> {
    if let Some(route) = lambda::route(task, offer, data_is_seen) {
        return route.map(Route::Function);
    }
    let connector = offer.table.find(&[task.arn()]).ok_or(Refusal(None))?;
    offer.makers[connector.at()].serves(&task)?;
    Ok(Route::Resource(connector))
}

/// Returns what a task calls, in a few words for metrics: the function that it names, else its resource.
pub fn label(program: &Program, info: &TaskInfo) -> String {
    let task = Asked::new(program, info);
    lambda::function_name(task).unwrap_or_else(|| task.arn().to_owned())
}
