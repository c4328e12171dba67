//! What a task calls: an action of a service, and what its answer means.
//!
//! Owns the way from a resource to an operation. Must not know connections. Invariant: an action that was found when the program
//! was loaded is found at every call.

use super::client::Meaning;
use super::counts::{Calls, Counts, Ended};
use crate::services::optimized;
use crate::services::protocol::{self, Headers, canonical_header};
use crate::services::{Operation, Service, ServiceError, Services, Style};
use crate::task::http::{BODY_BYTES_MAX, Response, Trouble};
use crate::task::{Answer, Failure};
use hyper::HeaderMap;
use std::sync::Arc;

/// What the ARNs of integrations begin with, behind their partition.
const STATES: &str = ":states:::";
/// What the action of an SDK's integration begins with.
const SDK: &str = "aws-sdk:";

/// An action of a service.
pub(super) struct Action {
    pub(super) service: Arc<Service>,
    action: Box<str>,
    pub(super) style: Style,
    calls: Arc<Calls>,
}

impl Action {
    /// Finds the action that the ARN of an integration names; nothing where AWS has none.
    pub(super) fn find(resource: &str) -> Option<Action> {
        let (_, rest) = resource.split_once(STATES)?;
        let (sdk, rest) = match rest.strip_prefix(SDK) {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (name, action) = rest.split_once(':')?;
        Action::of(name, action, sdk)
    }

    fn of(name: &str, action: &str, is_sdk: bool) -> Option<Action> {
        let (model, style) = match is_sdk {
            true => (name, Style::Sdk),
            false => {
                let optimized = optimized::find(name, action)?;
                (optimized.model, Style::Optimized(optimized))
            }
        };
        let service = Services::shipped().service(model).ok()??;
        service.operation(action)?;
        Some(Action {
            service,
            action: action.into(),
            style,
            calls: Arc::default(),
        })
    }

    /// Returns it with its calls counted there.
    pub(super) fn counted(self, counts: &Counts) -> Action {
        Action {
            calls: counts.of(self.service.resource_name(), &self.action),
            ..self
        }
    }

    /// Returns the operation.
    ///
    /// # Panics
    /// Never: it was looked for when the action was made.
    pub(super) fn operation(&self) -> &Operation {
        self.service.operation(&self.action).expect("it was found before")
    }

    fn client_error(&self, message: &str) -> Failure {
        failure(&ServiceError::client(&self.service, self.style, message))
    }
}

fn failure(error: &ServiceError) -> Failure {
    Failure::new(error.name(), error.cause())
}

/// What services call a call that is one too many.
const THROTTLED: [&str; 6] = [
    "Throttl",
    "TooManyRequests",
    "RequestLimitExceeded",
    "ProvisionedThroughputExceeded",
    "BandwidthLimitExceeded",
    "SlowDown",
];

/// Returns how a call ended.
fn ended(error: Option<&ServiceError>) -> Ended {
    let Some(reported) = error.map(|error| &error.reported) else {
        return Ended::Succeeded;
    };
    let code = reported.code.as_deref().unwrap_or_default();
    match reported.status {
        0 => Ended::Unanswered,
        429 => Ended::Throttled,
        _ if THROTTLED.iter().any(|word| code.contains(word)) => Ended::Throttled,
        _ => Ended::Failed,
    }
}

impl Meaning for Action {
    fn read(&self, response: Response) -> Answer {
        if response.body.len() > BODY_BYTES_MAX && response.status.is_success() {
            self.calls.add(Ended::Succeeded);
            // The machine says so, as AWS does.
            return Ok(response.body);
        }
        let headers = ResponseHeaders(&response.headers);
        let status = response.status.as_u16();
        let answer = protocol::response(
            &self.service,
            self.operation(),
            self.style,
            status,
            &headers,
            &response.body,
        );
        self.calls.add(ended(answer.as_ref().err()));
        answer.map_err(|error| failure(&error))
    }

    fn trouble(&self, trouble: Trouble) -> Failure {
        self.calls.add(Ended::Unanswered);
        match trouble {
            Trouble::Broken(what) | Trouble::Forbidden(what) => {
                self.client_error(&format!("Unable to execute HTTP request: {what}"))
            }
            Trouble::Late(timeout) => self.client_error(&format!(
                "Unable to execute HTTP request: Read timed out (no answer within {} ms)",
                timeout.as_millis()
            )),
            Trouble::Bug(message) => Failure::panicked(&message),
            Trouble::Full => self.client_error("Too many calls are waiting for a connection (tasks: queue)."),
        }
    }

    fn unsent(&self, reason: &str) -> Failure {
        self.calls.add(Ended::Unanswered);
        self.client_error(reason)
    }
}

/// The headers of a response, as the protocols read them.
pub(super) struct ResponseHeaders<'a>(pub(super) &'a HeaderMap);

impl Headers for ResponseHeaders<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a str)) {
        for (name, value) in self.0 {
            if let Ok(value) = value.to_str() {
                visit(canonical_header(name.as_str()), value);
            }
        }
    }
}
