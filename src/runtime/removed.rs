//! What whoever removes a workflow hears of its end.
//!
//! Must not know lanes. Invariant: each who asked is told once, or sees the channel close with the shard.

use super::call::Refused;
use tokio::sync::oneshot;

/// Most who wait for the end of one lane.
pub(super) const REPLIES_MAX: usize = 64;

/// How a workflow has left a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Events whose messages or log records had not arrived by then. They run again where their partition is next (async),
    /// or count as cut off (sync).
    pub given_up: usize,
}

/// Hears how a workflow has left.
pub(super) type RemovedReply = oneshot::Sender<Result<Removed, Refused>>;

/// The end of a lane.
#[derive(Default)]
pub(super) struct Leaving {
    /// Who wants to hear of it, at most [`REPLIES_MAX`].
    pub(super) replies: Vec<RemovedReply>,
    /// What was given up when its time was over.
    pub(super) over: Option<Removed>,
}

impl Leaving {
    /// Tells all who want to hear.
    pub(super) fn tell(&mut self, removed: Removed) {
        for reply in self.replies.drain(..) {
            // Who has gone away needs no answer.
            let _ = reply.send(Ok(removed));
        }
    }
}
