//! Which function a task calls, and how its answer is to look.
//!
//! Owns the reading of `lambda:invoke`'s parameters, when a program is loaded and, where they are computed, at the call.
//! Must not know what runs functions. Invariant: a function that the configuration does not serve is AWS's failure for one
//! that does not exist.

use super::envelope::{Detail, Style};
use super::function::Function;
use crate::task::answers::Failure;
use crate::task::asked::{Asked, Refusal};
use crate::task::maker::Offer;
use crate::task::table::ConnectorIndex;
use crate::value::{Key, ValueRef, View};
use rustc_hash::FxHashMap;

/// Most functions whose names are computed at run time and remembered, on one shard.
const COMPUTED_MAX: usize = 1024;

/// The way to a task's function.
#[derive(Debug)]
pub(in crate::task) struct Route {
    pub(in crate::task) style: Style,
    /// The function; `None` where the parameters say at run time which one it is.
    pub(in crate::task) served: Option<Served>,
}

/// A function, and what serves it.
#[derive(Clone, Debug)]
pub(in crate::task) struct Served {
    pub(in crate::task) connector: ConnectorIndex,
    pub(in crate::task) function: Function,
}

/// Finds who serves the function that a task calls; `None` when it calls something else.
pub(in crate::task) fn route(
    task: Asked<'_>,
    offer: Offer<'_>,
    data_is_seen: bool,
) -> Option<Result<Route, Refusal>> {
    match task.integration() {
        None => Some(raw(task, offer).ok_or(Refusal(None))),
        Some(("lambda", "invoke")) => Some(invoked(task, offer).map(|served| Route {
            style: style(task, data_is_seen),
            served,
        })),
        Some(_) => None,
    }
}

/// Finds who serves the function that stands as the resource.
fn raw(task: Asked<'_>, offer: Offer<'_>) -> Option<Route> {
    let function = Function::parse(task.arn(), None, offer.home)?;
    Some(Route {
        style: Style::Bare,
        served: Some(serve(function, offer).ok()?),
    })
}

/// Finds who serves the function that the parameters of `lambda:invoke` name, if they are constant.
fn invoked(task: Asked<'_>, offer: Offer<'_>) -> Result<Option<Served>, Refusal> {
    let Some(name) = task.constant("FunctionName") else {
        return Ok(None);
    };
    if task.is_computed("Qualifier") {
        return Ok(None);
    }
    let qualifier = task.constant("Qualifier");
    let function = Function::parse(&name, qualifier.as_deref(), offer.home);
    let served = function.and_then(|function| serve(function, offer).ok());
    match served {
        Some(served) => Ok(Some(served)),
        None => Err(Refusal(Some(("FunctionName", name)))),
    }
}

/// Finds who serves a function.
///
/// # Errors
/// AWS's failure for a function that does not exist.
fn serve(function: Function, offer: Offer<'_>) -> Result<Served, Failure> {
    let qualified = function.qualified_arn();
    let connector = offer.table.find(&[&qualified, &function.arn]);
    match connector.filter(|connector| offer.makers[connector.at()].runs_functions()) {
        Some(connector) => Ok(Served { connector, function }),
        None => Err(missing(&function)),
    }
}

/// Returns AWS's failure for a function that does not exist (facts 7.3), without an id: nobody was asked.
fn missing(function: &Function) -> Failure {
    let qualifier = function.qualifier.as_deref().unwrap_or("$LATEST");
    let arn = &function.arn;
    Failure::new(
        "Lambda.ResourceNotFoundException",
        format!(
            "Function not found: {arn}:{qualifier} (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: null; Proxy: null)"
        ),
    )
}

/// Returns the function that `lambda:invoke` is told to call, if it is constant.
pub(in crate::task) fn function_name(task: Asked<'_>) -> Option<String> {
    match task.integration() {
        Some(("lambda", "invoke")) => task.constant("FunctionName"),
        _ => None,
    }
}

/// Returns how the answer of `lambda:invoke` is to look: what nobody sees is not made.
fn style(task: Asked<'_>, data_is_seen: bool) -> Style {
    if task.constant("InvocationType").as_deref() == Some("Event") {
        return Style::Accepted;
    }
    Style::Envelope(if data_is_seen {
        Detail::Full
    } else if task.reads_only(&["Payload"]) {
        Detail::Payload
    } else if task.reads_only(&["ExecutedVersion", "Payload", "StatusCode"]) {
        Detail::Short
    } else {
        Detail::Full
    })
}

/// Who serves the functions that were named at run time, on one shard.
pub(in crate::task) struct Computed {
    known: FxHashMap<Box<str>, Served>,
    /// What is looked up: the name and, behind a line feed, the qualifier.
    name: String,
    function_name: Key,
    qualifier: Key,
}

impl Computed {
    pub(in crate::task) fn new() -> Computed {
        Computed {
            known: FxHashMap::default(),
            name: String::new(),
            function_name: Key::new("FunctionName"),
            qualifier: Key::new("Qualifier"),
        }
    }

    /// Returns the function that the parameters name, and what serves it.
    pub(in crate::task) fn find(
        &mut self,
        view: View<'_>,
        parameters: ValueRef,
        offer: Offer<'_>,
    ) -> Result<&Served, Failure> {
        let text = |key: &Key| view.string(view.member(parameters, key)?);
        self.name.clear();
        match text(&self.function_name) {
            Some(name) => name.decode_into(&mut self.name),
            None => return Err(invalid("")),
        }
        let split = self.name.len();
        if let Some(qualifier) = text(&self.qualifier) {
            self.name.push('\n');
            qualifier.decode_into(&mut self.name);
        }
        if !self.known.contains_key(self.name.as_str()) {
            let (name, qualifier) = self.name.split_at(split);
            let function = Function::parse(name, qualifier.strip_prefix('\n'), offer.home);
            let served = serve(function.ok_or_else(|| invalid(name))?, offer)?;
            if self.known.len() >= COMPUTED_MAX {
                self.known.clear();
            }
            self.known.insert(self.name.as_str().into(), served);
        }
        Ok(&self.known[self.name.as_str()])
    }
}

fn invalid(name: &str) -> Failure {
    let cause = format!("The FunctionName '{name}' is not the name of a function.");
    Failure::new("Lambda.InvalidParameterValueException", cause)
}
