//! The wish that a shard stops, told from any thread, and how long the rest of a stop may take.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How much longer than executions the messages and log records may take of those that were over in time, and the commit
/// that is under way.
pub(super) const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Asks a shard to stop; clones ask the same one.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Mutex<Option<Instant>>>);

impl Stop {
    /// Asks to stop; running executions may take until then.
    pub fn request(&self, until: Instant) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(known.map_or(until, |known| known.min(until)));
    }

    /// Returns until when running executions may take, if it was asked.
    pub fn requested(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
