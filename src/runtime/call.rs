//! What a caller asks a shard for, and what the caller hears: an execution that no event asks for.
//!
//! Must not know how executions run. Invariant: who asks is told one [`CallEnd`], or sees the channel close with the shard.

use super::lane_id::LaneId;
use crate::execution::name::is_name;
use crate::vm::PAYLOAD_BYTES_MAX;
use tokio::sync::oneshot;

/// The error of an execution that cannot begin, since its input is not JSON or too large; AWS's name for it.
pub const INVALID_INPUT: &str = "InvalidExecutionInput";

/// An execution that a caller asks for.
pub struct Call {
    /// Whose.
    pub lane: LaneId,
    /// The execution's name, which the caller has to choose: one that AWS allows.
    pub name: String,
    /// Its input, JSON, of [`PAYLOAD_BYTES_MAX`](crate::vm::PAYLOAD_BYTES_MAX) bytes at most.
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

impl Call {
    /// Looks whether any shard would begin it.
    ///
    /// # Errors
    /// When none would.
    pub(super) fn check(&self) -> Result<(), Refused> {
        if !is_name(&self.name) {
            return Err(Refused::InvalidName);
        }
        if self.input.len() > PAYLOAD_BYTES_MAX {
            return Err(Refused::InputTooLarge);
        }
        Ok(())
    }

    /// Returns how many bytes it takes while it waits.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Call>() + self.name.capacity() + self.input.capacity()
    }
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
    /// The name is not one that AWS allows.
    InvalidName,
    /// The input is larger than an execution's may be.
    InputTooLarge,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Refused::Busy => "the shard has no room for more now",
            Refused::Gone => "the shard does not have this workflow",
            Refused::Stopping => "the shard stops",
            Refused::InvalidName => {
                "a name has 1 to 80 characters, and none that AWS does not allow, such as blanks, colons and slashes"
            }
            Refused::InputTooLarge => "the input is larger than 262144 bytes",
        })
    }
}

impl std::error::Error for Refused {}
