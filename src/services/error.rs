//! What went wrong with a call, in the words that Step Functions finds for it.
//!
//! Owns names and causes of errors in the two styles that AWS has: integrations `aws-sdk:*` speak version 2 of the
//! Java SDK, optimized ones version 1. Must not know how an answer is written.

use super::model::Service;
use super::names;
use super::optimized::Optimized;

/// Whose names a result has and an error speaks.
#[derive(Clone, Copy, Debug)]
pub enum Style {
    /// Of `aws-sdk:*`.
    Sdk,
    /// Of an optimized integration.
    Optimized(&'static Optimized),
}

impl Style {
    /// Returns the optimized integration, if it is one.
    pub fn optimized(self) -> Option<&'static Optimized> {
        match self {
            Style::Sdk => None,
            Style::Optimized(optimized) => Some(optimized),
        }
    }
}

/// Parameters of which no request can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterProblem {
    pub(super) problems: Vec<String>,
}

impl ParameterProblem {
    pub(super) fn invalid(field: &str) -> ParameterProblem {
        ParameterProblem::new(format!("The value of the field '{field}' has an invalid format"))
    }

    pub(super) fn unsupported(field: &str) -> ParameterProblem {
        ParameterProblem::new(format!("The field '{field}' is not supported by Step Functions"))
    }

    pub(super) fn missing(field: &str) -> ParameterProblem {
        ParameterProblem::new(format!("The field '{field}' is required but was missing"))
    }

    /// Returns the cause that AWS gives, for parameters that are shown so; AWS puts the state's name before it.
    pub fn cause(&self, parameters: &str) -> String {
        format!("The Parameters '{parameters}' could not be used to start the Task: {self}")
    }

    pub(super) fn new(problem: String) -> ParameterProblem {
        ParameterProblem {
            problems: vec![problem],
        }
    }
}

/// The list as AWS shows it behind `could not be used to start the Task: `.
impl std::fmt::Display for ParameterProblem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "[{}]", self.problems.join(", "))
    }
}

impl std::error::Error for ParameterProblem {}

/// What an answer says about its error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// The HTTP status.
    pub status: u16,
    /// The code, without a namespace.
    pub code: Option<String>,
    /// The code that the service had while its protocol was `query`, if it still tells it.
    pub query_code: Option<String>,
    /// The message.
    pub message: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// S3's second id.
    pub extended_request_id: Option<String>,
}

/// A call that failed, with the error that the task gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    name: String,
    cause: String,
    /// What the service said; a client's error has none.
    pub reported: Box<Reported>,
}

impl ServiceError {
    /// An error whose name and cause are given by the answer itself.
    pub(super) fn given(name: String, cause: String, status: u16) -> ServiceError {
        let reported = Reported {
            status,
            ..Reported::default()
        };
        ServiceError {
            name,
            cause,
            reported: Box::new(reported),
        }
    }

    /// An error that the service reported.
    pub(super) fn reported(service: &Service, style: Style, reported: Reported) -> ServiceError {
        let code = reported.code.as_deref().unwrap_or_default();
        let shape = service.error_shape(code);
        let message = reported.message.as_deref().unwrap_or("null");
        let (status, request_id) = (reported.status, or_null(reported.request_id.as_deref()));
        let (name, cause) = match style {
            Style::Sdk => {
                let name = match shape {
                    Some(shape) => names::error(shape),
                    None => format!("{}Exception", service.name()),
                };
                let extended = match &reported.extended_request_id {
                    Some(id) => format!(", Extended Request ID: {id}"),
                    None => String::new(),
                };
                let cause = format!(
                    "{message} (Service: {}, Status Code: {status}, Request ID: {request_id}{extended}) (SDK Attempt Count: 1)",
                    service.name()
                );
                (format!("{}.{name}", service.name()), cause)
            }
            Style::Optimized(optimized) => {
                let name = match shape {
                    Some(shape) if shape.ends_with("Exception") => shape.to_owned(),
                    Some(shape) => format!("{shape}Exception"),
                    None => optimized.exception.to_owned(),
                };
                let cause = format!(
                    "{message} (Service: {}; Status Code: {status}; Error Code: {}; Request ID: {request_id}; Proxy: null)",
                    optimized.client,
                    or_null(reported.query_code.as_deref().or(reported.code.as_deref())),
                );
                (format!("{}.{name}", optimized.prefix), cause)
            }
        };
        ServiceError {
            name,
            cause,
            reported: Box::new(reported),
        }
    }

    /// No answer at all, or one that nobody can read: the error of the SDK itself.
    pub fn client(service: &Service, style: Style, message: &str) -> ServiceError {
        let prefix = style
            .optimized()
            .map_or(service.name(), |optimized| optimized.prefix);
        ServiceError {
            name: format!("{prefix}.SdkClientException"),
            cause: message.to_owned(),
            reported: Box::default(),
        }
    }

    /// Returns the error's name, for `ErrorEquals`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the cause.
    pub fn cause(&self) -> &str {
        &self.cause
    }
}

fn or_null(text: Option<&str>) -> &str {
    text.unwrap_or("null")
}

impl Service {
    /// Returns the names of its errors in integrations `aws-sdk:*`, without the service's.
    pub fn errors(&self) -> impl Iterator<Item = String> + '_ {
        self.errors.iter().map(|&id| names::error(&self.shape(id).name))
    }

    /// Returns the shape of the error that has this code.
    fn error_shape(&self, code: &str) -> Option<&str> {
        let shapes = || self.errors.iter().map(|&id| self.shape(id));
        let by_code = shapes().find(|shape| shape.error_code.as_deref() == Some(code));
        let found = by_code.or_else(|| shapes().find(|shape| &*shape.name == code));
        found.map(|shape| &*shape.name)
    }
}
