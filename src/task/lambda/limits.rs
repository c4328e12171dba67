//! The keys that all functions outside this process have.

use crate::task::config::keys;
use crate::units::Period;
use std::time::Duration;

/// Most calls of a shard that wait, unless the entry says otherwise.
const QUEUE: u32 = 10_000;
/// How long an answer may take, unless the entry says otherwise.
const TIMEOUT: Duration = Duration::from_secs(60);

keys! {
    /// The keys of functions outside this process.
    "http`, `runtime`, `endpoints` or `aws": pub(in crate::task) struct CallLimits {
        /// With `http`, `endpoints`, `aws` or `runtime`: limit on calls of each shard that wait for a connection or
        /// for a process; default 10000.
        queue: u32,
        /// With `http`, `endpoints` or `aws`: time limit for the response, from the request's first byte to the
        /// response's last. With `runtime`: time limit for a call, after which its process is killed. Default 60s. A
        /// task's own `TimeoutSeconds` also applies.
        timeout: Period,
    }
}

impl CallLimits {
    /// Returns how many calls of a shard may wait.
    pub(in crate::task) fn queue(&self) -> usize {
        self.queue.unwrap_or(QUEUE) as usize
    }

    /// Returns how long an answer may take.
    pub(in crate::task) fn timeout(&self) -> Duration {
        self.timeout.map_or(TIMEOUT, |timeout| timeout.0)
    }
}
