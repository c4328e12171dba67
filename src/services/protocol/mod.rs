//! Requests and answers, in the protocol of each service.
//!
//! Owns the way from a task's parameters to an HTTP request, and from an HTTP answer to a task's result or error.
//! Each protocol is a file; what they share is beside them. Must not know connections or signatures.
//!
//! Every walk follows the value and not the model, whose shapes may be circular, and stops at [`DEPTH_MAX`].

mod answer;
mod body;
mod case;
mod checksum;
mod failure;
mod headers;
mod json;
mod metadata;
mod output;
mod query;
mod read_xml;
mod received;
mod rest;
mod scalar;
#[cfg(test)]
mod tests;
mod write_xml;
mod xml;

pub use answer::response;
pub use case::canonical_header;
#[cfg(feature = "runtime")]
pub(crate) use failure::text_member;

use super::error::{ParameterProblem, Style};
use super::model::{Operation, Protocol, Service};
use super::optimized::Dress;
use crate::value::{Kind, ValueRef, View};
use std::fmt::Display;

/// How deep values may be nested that go to a service or come from one.
pub const DEPTH_MAX: usize = 200;

/// A request that has neither host nor signature yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The HTTP method.
    pub method: String,
    /// Path and query, percent-encoded.
    pub path: String,
    /// Headers of the protocol and of the parameters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// What goes before the host's name.
    pub host_prefix: Option<String>,
}

impl Draft {
    /// Returns a header that is already set.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Sets a header that the parameters have not set.
    fn default_header(&mut self, name: &str, value: &str) {
        if self.header(name).is_none() {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// What a request needs beside its parameters.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Whose integration it is.
    pub style: Style,
    /// The value of a token that makes the call idempotent, where the parameters give none. Written only where one is.
    pub idempotency_token: &'a dyn Display,
    /// The execution that calls.
    pub execution_arn: &'a str,
    /// Its state machine.
    pub state_machine_arn: &'a str,
}

/// The headers of an answer.
pub trait Headers {
    /// Returns a header's value; upper and lower case are the same.
    fn get(&self, name: &str) -> Option<&str>;
    /// Shows every header, with its name as the service wrote it.
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a str));
}

impl<T: AsRef<str>, U: AsRef<str>> Headers for Vec<(T, U)> {
    fn get(&self, name: &str) -> Option<&str> {
        let found = self
            .iter()
            .find(|(known, _)| known.as_ref().eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_ref())
    }

    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a str)) {
        for (name, value) in self {
            visit(name.as_ref(), value.as_ref());
        }
    }
}

/// What writes a request.
struct Writer<'a> {
    service: &'a Service,
    operation: &'a Operation,
    context: &'a Context<'a>,
    view: View<'a>,
}

/// Writes the request of an operation.
///
/// # Errors
/// When no request can be made of the parameters.
pub fn request(
    service: &Service,
    operation: &Operation,
    view: View<'_>,
    parameters: ValueRef,
    context: &Context<'_>,
) -> Result<Draft, ParameterProblem> {
    if !matches!(view.kind(parameters), Kind::Object | Kind::Null) {
        return Err(ParameterProblem::new("The Parameters are not an object".into()));
    }
    let writer = Writer {
        service,
        operation,
        context,
        view,
    };
    let mut draft = Draft {
        method: operation.method.to_string(),
        path: "/".into(),
        host_prefix: writer.host_prefix(parameters)?,
        ..Draft::default()
    };
    match service.protocol {
        Protocol::Json => writer.json(parameters, &mut draft)?,
        Protocol::Query | Protocol::Ec2 => writer.form(parameters, &mut draft)?,
        Protocol::RestJson | Protocol::RestXml => writer.rest(parameters, &mut draft)?,
        Protocol::Other => {
            let name = service.name();
            return Err(ParameterProblem::new(format!(
                "The protocol of {name} is not supported"
            )));
        }
    }
    checksum::add(operation, &mut draft);
    Ok(draft)
}

impl Writer<'_> {
    /// Says whether each entry gets the execution among its resources.
    fn is_events(&self) -> bool {
        let optimized = self.context.style.optimized();
        optimized.is_some_and(|optimized| optimized.dress == Dress::Events)
    }
}
