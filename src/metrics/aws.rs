//! Calls to AWS, as text.

use super::names;
use super::text::{write_header, write_line};

/// What has become of the calls of one action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsCalls {
    /// The service's name in resources.
    pub service: String,
    /// The action.
    pub action: String,
    /// How many calls ended so, by outcome.
    pub ended: [(&'static str, u64); 4],
}

/// What an entry of `[tasks]` has asked of AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsCounts {
    /// By action.
    pub calls: Vec<AwsCalls>,
    /// Credentials that were fetched, and that were not to be had.
    pub credentials: [(&'static str, u64); 2],
}

/// Says what an entry has asked of AWS.
pub(super) type ReadAws = Box<dyn Fn() -> AwsCounts + Send + Sync>;

/// Writes what all entries have asked, by their patterns; nothing if there are none.
pub(super) fn write(out: &mut String, entries: &[(Box<str>, ReadAws)]) {
    if entries.is_empty() {
        return;
    }
    let now: Vec<(&str, AwsCounts)> = entries
        .iter()
        .map(|(pattern, read)| (&**pattern, read()))
        .collect();
    write_header(out, &names::AWS_CALLS);
    for (pattern, counts) in &now {
        for calls in &counts.calls {
            for (outcome, count) in calls.ended {
                let labels = [
                    ("pattern", *pattern),
                    ("service", &calls.service),
                    ("action", &calls.action),
                    ("outcome", outcome),
                ];
                write_line(out, &names::AWS_CALLS, &labels, count as f64);
            }
        }
    }
    write_header(out, &names::AWS_CREDENTIALS);
    for (pattern, counts) in &now {
        for (outcome, count) in counts.credentials {
            let labels = [("pattern", *pattern), ("outcome", outcome)];
            write_line(out, &names::AWS_CREDENTIALS, &labels, count as f64);
        }
    }
}
