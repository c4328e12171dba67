//! The keys of a function behind a URL.

use crate::task::config::{Mistake, Secret, keys};
use std::collections::BTreeMap;

keys! {
    /// The keys of a function behind a URL.
    "http": pub(in crate::task) struct HttpConfig {
        /// A function's URL, such as `http://127.0.0.1:9001/2015-03-31/functions/{function}/invocations`;
        /// `{function}` in its path stands for the function's name.
        http: String,
        /// With `http` or `endpoints`: a PEM file of root certificates to trust instead of the operating system's.
        ca_file: String,
        /// With `http`: headers for each request; each value is a text, `{ env = "NAME" }` or `{ file = "PATH" }`.
        headers: BTreeMap<String, Secret>,
    }
}

impl HttpConfig {
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
