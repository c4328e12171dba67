//! Calls of web APIs: `http:invoke`, AWS's HTTP Task, and `apigateway:invoke`.
//!
//! An entry of `[tasks]` grants URLs (`endpoint`), and `[connections]` has what their owners ask for ([`connection`],
//! `token`). Parameters become a `draft` of a request (`invoke`, `gateway`; `value` and `encode` write their parts), `service`
//! checks where it leads, `exchange` signs and sends it, and `response` says what the answer is to the task. Must not know Lambda.
//! Invariants: what is called is what was granted, at the address that was looked at; redirects are answers, nobody follows
//! them; a request is sent once, and once more with a new token where the first was refused.
//!
//! | what happens | `http:invoke` | `apigateway:invoke` |
//! |---|---|---|
//! | a status that is no success | `States.Http.StatusCode.N` | `ApiGateway.N` |
//! | no connection, or an answer that is cut off | `States.Http.Socket` | `ApiGateway.SdkClientException` |
//! | no answer within `timeout` | `States.Http.Socket` | `ApiGateway.ClientExecutionTimeoutException` |
//! | as many calls wait as may | `States.Http.Socket` | `ApiGateway.TooManyRequestsException` |
//! | parameters of a wrong form, an answer that is no text | `States.Runtime` | `States.Runtime` |
//! | an answer above 256 KiB | `States.DataLimitExceeded` | `States.DataLimitExceeded` |
//! | a connection that does not exist, or gets no token | `Events.ConnectionResource.…` | |
//! | what is not granted | `States.Permissions` | `States.Permissions` |

mod config;
pub mod connection;
mod counts;
mod draft;
mod encode;
pub(super) mod endpoint;
mod exchange;
mod gateway;
mod invoke;
mod maker;
mod response;
mod service;
#[cfg(test)]
mod tests;
mod token;
mod value;

pub(super) use config::{WebConfig, WebKeys};
pub use counts::{Counts, Tokens};
pub(super) use maker::WebMaker;
pub(super) use service::{Connections, Service, gateway_place, place};

/// The names of the errors that calls of web APIs give themselves; those of statuses are the most usual ones.
pub(super) const ERRORS: [&str; 23] = [
    "ApiGateway.400",
    "ApiGateway.403",
    "ApiGateway.404",
    "ApiGateway.429",
    "ApiGateway.500",
    "ApiGateway.502",
    "ApiGateway.503",
    "ApiGateway.504",
    "ApiGateway.ClientExecutionTimeoutException",
    "ApiGateway.SdkClientException",
    "ApiGateway.TooManyRequestsException",
    "Events.ConnectionResource.InvalidConnectionState",
    "Events.ConnectionResource.ResourceNotFound",
    "States.Http.Socket",
    "States.Http.StatusCode.400",
    "States.Http.StatusCode.401",
    "States.Http.StatusCode.403",
    "States.Http.StatusCode.404",
    "States.Http.StatusCode.409",
    "States.Http.StatusCode.429",
    "States.Http.StatusCode.500",
    "States.Http.StatusCode.502",
    "States.Http.StatusCode.503",
];
