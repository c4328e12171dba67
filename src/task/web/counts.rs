//! What the connections of a process have done.
//!
//! Must not know metrics. Invariant: there is one entry for each connection of the configuration.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts, by connection; all shards share them.
#[derive(Debug, Default)]
pub struct Counts {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    connection: Box<str>,
    given: AtomicU64,
    refused: AtomicU64,
}

/// How often tokens of a connection were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens<'a> {
    /// Its name.
    pub connection: &'a str,
    /// How many there were.
    pub given: u64,
    /// How often there was none.
    pub refused: u64,
}

impl Counts {
    /// Creates the counts of the connections that have tokens.
    pub(super) fn new<'a>(connections: impl Iterator<Item = &'a str>) -> Counts {
        let entry = |connection: &str| Entry {
            connection: connection.into(),
            given: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        };
        Counts {
            entries: connections.map(entry).collect(),
        }
    }

    /// Counts a request for a token.
    pub(super) fn asked(&self, connection: &str, is_given: bool) {
        let mut entries = self.entries.iter();
        if let Some(entry) = entries.find(|entry| &*entry.connection == connection) {
            let counter = if is_given { &entry.given } else { &entry.refused };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns the counts.
    pub fn tokens(&self) -> impl Iterator<Item = Tokens<'_>> {
        self.entries.iter().map(|entry| Tokens {
            connection: &entry.connection,
            given: entry.given.load(Ordering::Relaxed),
            refused: entry.refused.load(Ordering::Relaxed),
        })
    }
}
