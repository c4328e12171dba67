//! A thread that waits for what sources and sinks bring.

use super::output::Stop;
use crate::stream::Wake;
use std::time::Duration;

/// Waits for wake-ups on the thread that has it.
pub(super) struct Waiter {
    runtime: tokio::runtime::Runtime,
    wake: Wake,
}

impl Waiter {
    pub(super) fn new() -> Result<Waiter, Stop> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        Ok(Waiter {
            runtime: runtime.map_err(|error| Stop::new(format!("error: cannot wait for events: {error}")))?,
            wake: Wake::new(),
        })
    }

    /// Returns what ends a wait.
    pub(super) fn wake(&self) -> Wake {
        self.wake.clone()
    }

    /// Waits until somebody wakes, at the longest so long.
    pub(super) fn wait(&self, longest: Duration) {
        let woken = async { tokio::time::timeout(longest, self.wake.woken()).await };
        let _ = self.runtime.block_on(woken);
    }
}
