//! The check of one task against its workflow's `allow`.
//!
//! Owns when it is done: once, when the program is loaded, for a task whose parameters say all then; else at each call. Must
//! not know connectors.

use super::named::{Constants, Parameters, targets};
use super::rules::Allow;
use super::target::Target;
use crate::task::Failure;
use crate::task::asked::Asked;
use crate::task::lambda::function::{Function, Home};
use crate::value::{ValueRef, View};

/// What a task may reach.
#[derive(Clone, Debug)]
pub(in crate::task) enum Gate {
    /// All that serves it: it is granted, or the workflow has no `allow`.
    Open,
    /// Nothing.
    Shut(Box<Failure>),
    /// What its parameters name at the call.
    AtCall {
        /// Service and action, `service:action`.
        call: Box<str>,
    },
}

impl Gate {
    /// Checks a task as far as its program says what it calls.
    pub(in crate::task) fn of(task: Asked<'_>, allow: Option<&Allow>, home: &Home) -> Gate {
        let Some(allow) = allow else {
            return Gate::Open;
        };
        let (service, action) = task.integration().unwrap_or(("lambda", "invoke"));
        let targets = match task.integration() {
            None => Ok(vec![
                Function::parse(task.arn(), None, home)
                    .map_or(Target::Unknown, |function| Target::of_function(&function)),
            ]),
            Some(integration) => targets(integration, &Constants(task), home),
        };
        let call = format!("{service}:{action}");
        match targets.map(|targets| allow.check(&call, &targets)) {
            Ok(Ok(())) => Gate::Open,
            Ok(Err(failure)) => Gate::Shut(Box::new(failure)),
            Err(_) => Gate::AtCall { call: call.into() },
        }
    }

    /// Checks a call.
    ///
    /// # Errors
    /// AWS's failure for missing rights.
    pub(in crate::task) fn check(
        &self,
        allow: Option<&Allow>,
        view: View<'_>,
        parameters: ValueRef,
        home: &Home,
    ) -> Result<(), Failure> {
        let (call, allow) = match (self, allow) {
            (Gate::Open, _) | (_, None) => return Ok(()),
            (Gate::Shut(failure), _) => return Err((**failure).clone()),
            (Gate::AtCall { call }, Some(allow)) => (call, allow),
        };
        let parameters = Parameters::new(view, parameters);
        // At the call nothing is undecided.
        let found = match call.rsplit_once(':') {
            Some(parts) => targets(parts, &parameters, home).unwrap_or_else(|_| vec![Target::Unknown]),
            None => vec![Target::Unknown],
        };
        allow.check(call, &found)
    }
}
