//! The keys of everything that has connections.

use super::Limits;
use crate::task::config::{Mistake, keys};
use crate::units::Period;
use std::time::Duration;

/// Most connections of a shard, unless the entry says otherwise.
const CONNECTIONS: u16 = 64;
/// How long connecting may take, unless the entry says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

keys! {
    /// The keys of everything that has connections.
    "http`, `endpoints` or `aws": pub(in crate::task) struct ConnectionConfig {
        /// With `http`, `endpoints` or `aws`: limit on connections of each shard to a host; default 64.
        connections: u16,
        /// With `http`, `endpoints` or `aws`: time limit for connecting, such as "250ms"; default 5s.
        connect_timeout: Period,
    }
}

impl ConnectionConfig {
    /// Checks what can be checked without the world.
    ///
    /// # Errors
    /// The first mistake.
    pub(in crate::task) fn check(&self) -> Result<(), Mistake> {
        match self.connections {
            Some(0) => Err(Mistake::of_key("connections", "at least 1")),
            _ => Ok(()),
        }
    }

    /// Returns the limits of a shard's connections, on so many waiting requests that may take so long.
    pub(in crate::task) fn limits(&self, queue: usize, timeout: Duration) -> Limits {
        Limits {
            connections: usize::from(self.connections.unwrap_or(CONNECTIONS)),
            queue,
            connect_timeout: self.connect_timeout.map_or(CONNECT_TIMEOUT, |period| period.0),
            timeout,
        }
    }
}
