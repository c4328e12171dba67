//! What a caller asks a shard for, and what the caller hears: an execution that no event asks for.
//!
//! Must not know how executions run. Invariant: who asks is told one [`CallEnd`], or sees the channel close with the shard.

use super::lane::LaneId;
use tokio::sync::oneshot;

/// The error of an execution that cannot begin, since its input is not JSON or too large; AWS's name for it.
pub const INVALID_INPUT: &str = "InvalidExecutionInput";

/// An execution that a caller asks for.
pub struct Call {
    /// Whose.
    pub lane: LaneId,
    /// The execution's name, which the caller has to choose.
    pub name: String,
    /// Its input, JSON.
    pub input: Vec<u8>,
    /// Where its end is told. Whoever has no use for that drops the other end; the execution runs all the same.
    pub reply: oneshot::Sender<CallEnd>,
}

/// What comes of a [`Call`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// The execution has ended with an output, JSON.
    Succeeded {
        /// The output.
        output: String,
    },
    /// The execution has failed, or could not begin.
    Failed {
        /// `FAILED` or `TIMED_OUT`.
        status: &'static str,
        /// Its name.
        error: String,
        /// What happened, in words.
        cause: String,
    },
    /// The shard or the workflow has stopped before the execution was over.
    Stopped,
    /// The execution was not begun.
    Refused(Refused),
}

/// Why a shard does not take an order or a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It has no room for more now.
    Busy,
    /// It has no such workflow, or not any more.
    Gone,
    /// It stops.
    Stopping,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Refused::Busy => "the shard has no room for more now",
            Refused::Gone => "the shard does not have this workflow",
            Refused::Stopping => "the shard stops",
        })
    }
}

impl std::error::Error for Refused {}
