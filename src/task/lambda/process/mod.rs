//! Functions as processes of this machine: their code runs unchanged, over AWS's Lambda Runtime API.
//!
//! [`Command`] is one entry of the configuration, checked. All its processes are one [`fleet`], which has a thread of its
//! own and serves all shards: what a shard calls goes there, and each answer comes back to the shard that called. `process` is one of
//! them, `instance` how it stands, `api` what it asks, `output` what it prints, `words` what AWS says when it does not
//! answer. Must not know tasks or envelopes. Invariants: a process has one call at a time; a call is answered
//! once; no process outlives the fleet.
//!
//! | what happens | error |
//! |---|---|
//! | the handler raises | its `errorType` |
//! | the process cannot start its handler | its `errorType`, or `Runtime.ExitError` |
//! | the process ends during a call, or takes more memory than `memory` | `Runtime.ExitError` |
//! | no answer within `timeout` | `Sandbox.Timedout`; the process is killed |
//! | the command cannot be run | `Runtime.InvalidEntrypoint` |
//! | an answer above 6 MB | `Function.ResponseSizeTooLarge` |
//! | an answer above 256 KiB | `States.DataLimitExceeded` |
//! | as many calls wait as may | `Lambda.TooManyRequestsException` |

mod api;
mod command;
mod config;
mod counts;
mod fleet;
mod function;
mod instance;
mod invocation;
mod output;
#[allow(clippy::module_inception, reason = "it is one process, the room has all")]
mod process;
mod runner;
mod thread;
mod usage;
mod words;

#[cfg(test)]
mod tests;

pub(in crate::task) use command::Command;
pub(in crate::task) use config::ProcessConfig;
pub(in crate::task) use counts::Counts;
pub(in crate::task) use runner::ProcessMaker;
