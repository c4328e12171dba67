//! Connects a program's tasks to what serves them, when the program is loaded.
//!
//! Owns the check that somebody serves every task, as far as that is known before it runs. Must not know
//! connectors themselves. Invariant: with [`Bindings`] at hand a task of a constant resource is not looked up
//! by name again.

use super::Failure;
use super::lambda::envelope::{Detail, Style};
use super::lambda::function::{Function, Home};
use super::table::{ConnectorIndex, Table};
use crate::fault;
use crate::program::{Pattern, Program, TaskId, TaskInfo};
use crate::value::{ValueRef, View};

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
    pub(super) style: Style,
    pub(super) target: Target,
}

#[derive(Debug)]
pub(super) enum Target {
    /// Known: the connector, and the function if it is one.
    Fixed(Served),
    /// The parameters say which function.
    Computed,
}

/// A connector, and which function it is to run if it is one.
#[derive(Clone, Debug)]
pub(super) struct Served {
    pub(super) connector: ConnectorIndex,
    pub(super) function: Option<Function>,
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

/// What binding asks of the configured connectors.
pub(super) struct Offer<'a> {
    pub(super) table: &'a Table,
    pub(super) home: &'a Home,
    /// The topics that a connector may write to, if it is one of Kafka.
    pub(super) topics: &'a dyn Fn(ConnectorIndex) -> Option<&'a [Pattern]>,
}

/// Connects all tasks. `data_is_seen`: the program's results are written to logs.
///
/// # Errors
/// Every task that nobody serves.
pub(super) fn bind(
    program: &Program,
    offer: &Offer<'_>,
    data_is_seen: bool,
) -> Result<Bindings, Vec<Unserved>> {
    let (mut tasks, mut problems) = (Vec::new(), Vec::new());
    for info in &program.tasks {
        match target(program, info, offer) {
            Ok(target) => tasks.push(Bound {
                resource: info.resource.arn.clone(),
                style: style(program, info, data_is_seen),
                target,
            }),
            Err(named) => problems.push(Unserved {
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

/// Finds who serves a task; the error says what it names, apart from its resource.
fn target(
    program: &Program,
    info: &TaskInfo,
    offer: &Offer<'_>,
) -> Result<Target, Option<(&'static str, String)>> {
    let arn = &*info.resource.arn;
    match integration(info) {
        None => {
            let function = Function::parse(arn, None, offer.home).ok_or(None)?;
            serve_function(function, offer).map_err(|_| None)
        }
        Some(("lambda", "invoke")) => {
            let Some(name) = constant(program, info, "FunctionName") else {
                return Ok(Target::Computed);
            };
            if parameter(info, "Qualifier") == Some(None) {
                return Ok(Target::Computed);
            }
            let qualifier = constant(program, info, "Qualifier");
            let named = || ("FunctionName", name.clone());
            let function =
                Function::parse(&name, qualifier.as_deref(), offer.home).ok_or_else(|| Some(named()))?;
            serve_function(function, offer).map_err(|_| Some(named()))
        }
        Some(kind) => {
            let connector = offer.table.resource(arn).ok_or(None)?;
            let topics = (offer.topics)(connector);
            if topics.is_some() && kind != ("kafka", "produce") {
                return Err(None); // A pattern such as `arn:aws:states:::*`: Kafka serves nothing else.
            }
            if let (Some(topics), Some(topic)) = (topics, constant(program, info, "Topic"))
                && !topics.iter().any(|pattern| pattern.matches(&topic))
            {
                return Err(Some(("Topic", topic)));
            }
            Ok(Target::Fixed(Served {
                connector,
                function: None,
            }))
        }
    }
}

fn serve_function(function: Function, offer: &Offer<'_>) -> Result<Target, Failure> {
    let connector = find(&function, offer)?;
    Ok(Target::Fixed(Served {
        connector,
        function: Some(function),
    }))
}

/// Finds who serves a function; the failure is AWS's for one that does not exist.
pub(super) fn find(function: &Function, offer: &Offer<'_>) -> Result<ConnectorIndex, Failure> {
    let found = offer.table.function(function);
    let found = found.filter(|connector| (offer.topics)(*connector).is_none());
    found.ok_or_else(|| {
        let arn = match &function.qualifier {
            Some(_) => function.qualified_arn(),
            None => format!("{}:$LATEST", function.arn),
        };
        missing(&arn)
    })
}

/// Returns AWS's failure for a function that does not exist (facts 7.3), without an id: nobody was asked.
fn missing(arn: &str) -> Failure {
    Failure::new(
        "Lambda.ResourceNotFoundException",
        format!(
            "Function not found: {arn} (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: null; Proxy: null)"
        ),
    )
}

/// Returns the failure of a task that the configuration does not allow.
pub(super) fn not_granted(what: &str) -> Failure {
    Failure::new(
        fault::PERMISSIONS,
        format!("The configuration does not grant this state machine {what}."),
    )
}

fn integration(info: &TaskInfo) -> Option<(&str, &str)> {
    let (kind, action) = info.resource.integration.as_ref()?;
    Some((kind, action))
}

/// Returns what a task calls, in a few words for metrics: the function that it names, else its resource.
pub fn label(program: &Program, info: &TaskInfo) -> String {
    let function = match integration(info) {
        Some(("lambda", "invoke")) => constant(program, info, "FunctionName"),
        _ => None,
    };
    function.unwrap_or_else(|| info.resource.arn.to_string())
}

/// Returns a constant parameter that is a text.
fn constant(program: &Program, info: &TaskInfo, name: &str) -> Option<String> {
    let view = View::new(&program.constants, &program.constants);
    Some(view.string(parameter(info, name)??)?.decode().into_owned())
}

/// Returns a parameter, and its value if that is constant; the last one of a name counts.
fn parameter(info: &TaskInfo, name: &str) -> Option<Option<ValueRef>> {
    let members = info.parameters.iter().rev();
    let (_, value) = members.into_iter().find(|(known, _)| &**known == name)?;
    Some(*value)
}

fn style(program: &Program, info: &TaskInfo, data_is_seen: bool) -> Style {
    if integration(info) != Some(("lambda", "invoke")) {
        return Style::Bare;
    }
    if constant(program, info, "InvocationType").as_deref() == Some("Event") {
        return Style::Accepted;
    }
    let reads_only = |names: &[&str]| {
        let members = info.selected.as_ref();
        members.is_some_and(|members| members.iter().all(|name| names.contains(&&**name)))
    };
    Style::Envelope(if data_is_seen {
        Detail::Full
    } else if reads_only(&["Payload"]) {
        Detail::Payload
    } else if reads_only(&["ExecutedVersion", "Payload", "StatusCode"]) {
        Detail::Short
    } else {
        Detail::Full
    })
}
