//! Connects a program's tasks to what serves them, when the program is loaded.
//!
//! Owns the check that somebody serves every task, as far as that is known before it runs. Must not know
//! connectors themselves. Invariant: with [`Bindings`] at hand a task of a constant resource is not looked up
//! by name again.

use super::Failure;
use super::connector::Maker;
use super::lambda;
use super::table::{ConnectorIndex, Table};
use crate::fault;
use crate::program::{Program, TaskId, TaskInfo};
use crate::value::{ValueRef, View};

/// Where the service is at home: what names leave out that do not say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The region, such as `us-east-1`.
    pub region: String,
    /// The account's 12 digits.
    pub account: String,
}

/// Who serves the tasks of one program.
#[derive(Debug, Default)]
pub struct Bindings {
    tasks: Vec<Bound>,
}

/// Who serves one task.
#[derive(Debug)]
pub(super) struct Bound {
    /// The resource's ARN as written.
    pub(super) resource: Box<str>,
    pub(super) route: Route,
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

/// What the configuration offers.
#[derive(Clone, Copy)]
pub(super) struct Offer<'a> {
    pub(super) table: &'a Table,
    pub(super) home: &'a Home,
    pub(super) makers: &'a [Box<dyn Maker>],
}

/// What of a task is not served: the parameter that names it and its value, or the resource itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) Option<(&'static str, String)>);

/// A task, as far as its program tells of it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    program: &'a Program,
    info: &'a TaskInfo,
}

impl<'a> Asked<'a> {
    pub(super) fn new(program: &'a Program, info: &'a TaskInfo) -> Asked<'a> {
        Asked { program, info }
    }

    /// Returns the resource's ARN.
    pub(super) fn arn(self) -> &'a str {
        &self.info.resource.arn
    }

    /// Returns service and action of an integration; `None` for a raw function ARN.
    pub(super) fn integration(self) -> Option<(&'a str, &'a str)> {
        let (service, action) = self.info.resource.integration.as_ref()?;
        Some((service, action))
    }

    /// Returns a constant parameter that is a text.
    pub(super) fn constant(self, name: &str) -> Option<String> {
        let constants = &self.program.constants;
        let view = View::new(constants, constants);
        Some(view.string(self.parameter(name)??)?.decode().into_owned())
    }

    /// Says whether a parameter is there whose value is known at run time only.
    pub(super) fn is_computed(self, name: &str) -> bool {
        self.parameter(name) == Some(None)
    }

    /// Returns a parameter, and its value if that is constant; the last one of a name counts.
    fn parameter(self, name: &str) -> Option<Option<ValueRef>> {
        let mut members = self.info.parameters.iter().rev();
        let (_, value) = members.find(|(known, _)| &**known == name)?;
        Some(*value)
    }

    /// Says whether the state reads nothing of the result but these members.
    pub(super) fn reads_only(self, names: &[&str]) -> bool {
        let members = self.info.selected.as_ref();
        members.is_some_and(|members| members.iter().all(|name| names.contains(&&**name)))
    }
}

/// Connects all tasks. `data_is_seen`: the program's results are written to logs.
///
/// # Errors
/// Every task that nobody serves.
pub(super) fn bind(
    program: &Program,
    offer: Offer<'_>,
    data_is_seen: bool,
) -> Result<Bindings, Vec<Unserved>> {
    let (mut tasks, mut problems) = (Vec::new(), Vec::new());
    for info in &program.tasks {
        match route(Asked::new(program, info), offer, data_is_seen) {
            Ok(route) => tasks.push(Bound {
                resource: info.resource.arn.clone(),
                route,
            }),
            Err(Refusal(named)) => problems.push(Unserved {
                state: program.states[info.state.at()].name.to_string(),
                resource: info.resource.arn.to_string(),
                named,
            }),
        }
    }
    if problems.is_empty() {
        Ok(Bindings { tasks })
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

/// Returns the failure of a task that the configuration does not allow.
pub(super) fn not_granted(what: &str) -> Failure {
    Failure::new(
        fault::PERMISSIONS,
        format!("The configuration does not grant this state machine {what}."),
    )
}

/// Returns what a task calls, in a few words for metrics: the function that it names, else its resource.
pub fn label(program: &Program, info: &TaskInfo) -> String {
    let task = Asked::new(program, info);
    lambda::function_name(task).unwrap_or_else(|| task.arn().to_owned())
}
