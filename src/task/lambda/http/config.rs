//! The keys of a function behind a URL.

use crate::task::config::{Mistake, Secret, keys};
use crate::task::http::Limits;
use crate::task::lambda::CallLimits;
use crate::units::Period;
use std::collections::BTreeMap;
use std::time::Duration;

/// Most connections of a shard, unless the entry says otherwise.
const CONNECTIONS: u16 = 64;
/// How long connecting may take, unless the entry says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

keys! {
    /// The keys of a function behind a URL.
    "http": pub(in crate::task) struct HttpConfig {
        /// A function's URL, such as `http://127.0.0.1:9001/2015-03-31/functions/{function}/invocations`;
        /// `{function}` in its path stands for the function's name.
        http: String,
        /// With `http`: limit on connections of each shard; default 64.
        connections: u16,
        /// With `http`: time limit for connecting, such as "250ms"; default 5s.
        connect_timeout: Period,
        /// With `http`: a PEM file of root certificates to trust instead of the operating system's.
        ca_file: String,
        /// With `http`: headers for each request; each value is a text, `{ env = "NAME" }` or `{ file = "PATH" }`.
        headers: BTreeMap<String, Secret>,
    }
}

impl HttpConfig {
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

    /// Returns the limits of a shard's connections.
    pub(super) fn limits(&self, limits: &CallLimits) -> Limits {
        Limits {
            connections: usize::from(self.connections.unwrap_or(CONNECTIONS)),
            queue: limits.queue(),
            connect_timeout: self.connect_timeout.map_or(CONNECT_TIMEOUT, |period| period.0),
            timeout: limits.timeout(),
        }
    }

    /// Takes out the headers whose texts cannot be read on this machine, and says why.
    pub(in crate::task) fn take_unreadable(&mut self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        if let Some(headers) = &mut self.headers {
            headers.retain(|name, secret| match secret.read() {
                Ok(_) => true,
                Err(error) => {
                    mistakes.push(Mistake::of_key("headers", format!("{name}: {error}")));
                    false
                }
            });
        }
        mistakes
    }
}
