//! What an entry has asked of AWS: counts that all its shards share.
//!
//! Must not know metrics' names. Invariant: the actions that are counted one by one are bounded; more share one count.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// Most actions of an entry that have a count of their own.
const ACTIONS_MAX: usize = 200;
/// What all others are counted as.
const OTHER: &str = "other";

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Succeeded,
    /// The service reported an error.
    Failed,
    /// The service says that there are too many calls.
    Throttled,
    /// There was no answer, or nothing was sent.
    Unanswered,
}

/// The words of [`Ended`].
const WORDS: [&str; 4] = ["succeeded", "failed", "throttled", "unanswered"];

/// How the calls of one action ended.
#[derive(Debug, Default)]
pub(super) struct Calls([AtomicU64; 4]);

impl Calls {
    /// Counts a call.
    pub(super) fn add(&self, ended: Ended) {
        self.0[ended as usize].fetch_add(1, Relaxed);
    }
}

/// What an entry has asked.
#[derive(Debug, Default)]
pub struct Counts {
    calls: Mutex<Vec<(String, String, Arc<Calls>)>>,
    pub(super) fetched: AtomicU64,
    pub(super) denied: AtomicU64,
}

impl Counts {
    /// Returns the count of an action; shards ask once for each.
    pub(super) fn of(&self, service: &str, action: &str) -> Arc<Calls> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let names = if calls.len() < ACTIONS_MAX {
            (service, action)
        } else {
            (OTHER, OTHER)
        };
        for wanted in [(service, action), names] {
            let known = calls
                .iter()
                .find(|(service, action, _)| (&**service, &**action) == wanted);
            if let Some((_, _, known)) = known {
                return known.clone();
            }
        }
        calls.push((names.0.to_owned(), names.1.to_owned(), Arc::default()));
        calls[calls.len() - 1].2.clone()
    }

    /// Returns service, action, and how its calls ended, by word.
    pub fn calls(&self) -> Vec<(String, String, [(&'static str, u64); 4])> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |(service, action, calls): &(String, String, Arc<Calls>)| {
            let ended = [0, 1, 2, 3].map(|index: usize| (WORDS[index], calls.0[index].load(Relaxed)));
            (service.clone(), action.clone(), ended)
        };
        calls.iter().map(read).collect()
    }

    /// Returns how often credentials were fetched, and how often there were none.
    pub fn credentials(&self) -> [(&'static str, u64); 2] {
        [
            ("fetched", self.fetched.load(Relaxed)),
            ("denied", self.denied.load(Relaxed)),
        ]
    }
}

#[test]
fn actions_beyond_the_limit_share_a_count() {
    let counts = Counts::default();
    for index in 0..2 * ACTIONS_MAX {
        counts.of("s", &index.to_string()).add(Ended::Throttled);
    }
    counts.of("s", "0").add(Ended::Succeeded);
    let calls = counts.calls();
    assert_eq!(calls.len(), ACTIONS_MAX + 1);
    assert_eq!(
        calls[0].2,
        [
            ("succeeded", 1),
            ("failed", 0),
            ("throttled", 1),
            ("unanswered", 0)
        ]
    );
    assert_eq!(calls[ACTIONS_MAX].2[2], ("throttled", ACTIONS_MAX as u64));
}
