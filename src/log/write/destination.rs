//! What the places that logs go to have in common, and what a writer's thread is given for each machine.
//!
//! Must not know which places there are.

use super::Health;
use super::buffer::{Parcel, Return};
use crate::stream::{Sink, Wake};
use crossbeam_channel::{Receiver, Sender, TryRecvError};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Wait after a first failure; doubled until [`RETRY_MAX`].
pub(super) const RETRY_MIN: Duration = Duration::from_millis(100);

/// Longest wait between two tries.
pub(super) const RETRY_MAX: Duration = Duration::from_secs(5);

/// Makes the sink of all topics on the writer's own thread, and is asked again when it could not; the wake is that thread's.
pub type SinkFactory = Arc<dyn Fn(Wake) -> Result<Box<dyn Sink>, String> + Send + Sync>;

/// A place that takes buffers of whole lines.
pub(super) trait Output: Send {
    /// Names the place, for messages.
    fn place(&self) -> String;
    /// Writes a buffer whole; after an error the same buffer may be tried again.
    fn write(&mut self, bytes: &[u8], now_ms: i64) -> io::Result<()>;
    /// Makes what was written since the last call safe; after an error it must be written again.
    fn settle(&mut self) -> io::Result<()>;
    /// When [`Output::tick`] is to be called next, in milliseconds since 1970.
    fn due_ms(&self) -> i64;
    /// Does what is due.
    fn tick(&mut self, now_ms: i64) -> io::Result<()>;
    /// Ends.
    fn close(&mut self, now_ms: i64) -> io::Result<()>;
}

impl Drop for Inbox {
    /// A thread that is gone before it has told how a log ended has failed: the service must know.
    fn drop(&mut self) {
        if self.ended.is_some() {
            self.health.breaks("the thread of the log has ended");
        }
    }
}

/// What a writer's thread reads from and answers to, for one machine.
pub(super) struct Inbox {
    pub(super) parcels: Receiver<Parcel>,
    pub(super) returns: Vec<Return>,
    /// Disconnected when trying is to end.
    pub(super) stop: Receiver<()>,
    pub(super) health: Arc<Health>,
    pub(super) workflow: String,
    /// Told how it has ended, once.
    pub(super) ended: Option<Sender<Result<(), String>>>,
}

impl Inbox {
    /// Confirms a parcel, which has left the process.
    pub(super) fn confirm(&self, parcel: Parcel) {
        self.confirm_but(parcel, 0);
    }

    /// Confirms a parcel of which so many bytes were given up.
    pub(super) fn confirm_but(&self, parcel: Parcel, lost: usize) {
        self.health.wrote(parcel.bytes.len().saturating_sub(lost));
        self.returns[parcel.shard].confirm(parcel.number, parcel.bytes);
    }

    /// Says whether what fails is not to be tried again. Nobody sends on the channel; it ends.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.try_recv() == Err(TryRecvError::Disconnected)
    }

    /// Tells that the machine's log is over.
    pub(super) fn end(&mut self, result: Result<(), String>) {
        if let Some(ended) = self.ended.take() {
            // Nobody may be waiting for the end any more.
            let _ = ended.send(result);
        }
    }

    /// Says whether that was told.
    pub(super) fn is_over(&self) -> bool {
        self.ended.is_none()
    }

    /// Says that something does not work, with the time until the next try.
    pub(super) fn fails(&self, place: &str, error: &dyn std::fmt::Display) {
        let workflow = &self.workflow;
        self.health.fails(format!(
            "the log of workflow '{workflow}' cannot be written to {place}: {error}"
        ));
    }
}
