//! Lambda: functions, whatever runs them.
//!
//! Owns Lambda's words: names of functions ([`function`]), which of them a task calls (`bind`), what it gets
//! ([`payload`]), what `lambda:invoke` makes of its answer ([`envelope`], `response`). One [`Connector`](super::Connector),
//! `invoke`, speaks them, over whatever runs functions: closures in the process ([`functions`], [`demo`]), a server behind
//! a URL (`http`), or their own code in processes of this machine (`process`). What calls no function may be served so too: the parameters are the payload, and the answer is
//! the result. Must not know which function a configuration grants.

mod bind;
pub mod demo;
pub mod envelope;
pub mod function;
pub mod functions;
pub(super) mod http;
mod invocation;
pub(super) mod invoke;
mod limits;
pub mod payload;
pub(super) mod process;
mod response;
mod thrown;

pub(super) use bind::{Computed, Route, function_name, route};
pub use invocation::Invocation;
pub(super) use limits::CallLimits;

/// The names of Lambda's own errors, where a function does not answer as it should.
pub(super) const ERRORS: [&str; 9] = [
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.InvalidParameterValueException",
    "Lambda.InvalidRequestContentException",
    "Lambda.ResourceNotFoundException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
];
