//! Where the `${Name}` of a definition's text stand, and what surrounds them.
//!
//! Owns what a place says about the value that fits there: an ARN, a number. Knows no templates. Invariant: a text is
//! gone through once, whatever stands in it.

use crate::asl::syntax::substitute::name_at;
use std::collections::BTreeMap;

/// What stands for a number that nobody says.
pub(super) const NUMBER: &str = "1";

/// Fields of a definition that take a number.
const NUMBERS: [&str; 11] = [
    "BackoffRate",
    "HeartbeatSeconds",
    "IntervalSeconds",
    "MaxAttempts",
    "MaxConcurrency",
    "MaxDelaySeconds",
    "NumericEquals",
    "Seconds",
    "TimeoutSeconds",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
];

/// Says whether a field of a definition takes a number: what somebody fills in there is one.
pub(super) fn takes_number(field: &str) -> bool {
    NUMBERS.contains(&field)
}

/// Returns the last word of something that is not a name, such as an address, to stand for it.
pub(super) fn last_word(text: &str) -> &str {
    let mut words = text.rsplit(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c));
    // A number at the end is a version.
    let is_name = |word: &&str| word.contains(|c: char| c.is_ascii_alphabetic());
    words.find(is_name).unwrap_or("value")
}

/// How a text uses a `${Name}`.
#[derive(Default)]
pub(super) struct Use {
    pub(super) count: usize,
    /// Where it stands first.
    pub(super) first: usize,
    /// One of them is the whole value of a member `Resource`.
    pub(super) is_resource: bool,
}

/// Returns the `${Name}` in a text.
pub(super) fn uses(text: &str) -> BTreeMap<&str, Use> {
    let mut uses: BTreeMap<&str, Use> = BTreeMap::new();
    for (at, _) in text.match_indices("${") {
        if let Some(name) = name_at(&text[at..]) {
            let found = uses.entry(name).or_insert_with(|| Use {
                first: at,
                ..Use::default()
            });
            found.count += 1;
            found.is_resource |= is_resource(&text[..at], &text[at + name.len() + "${}".len()..]);
        }
    }
    uses
}

/// Says whether what stands between two texts is the whole value of a member `Resource`.
pub(super) fn is_resource(before: &str, after: &str) -> bool {
    let quotes = ['"', '\''];
    let key = before.trim_end_matches(quotes).trim_end().strip_suffix(':');
    let is_its_value = key.is_some_and(|key| key.trim_end().trim_end_matches(quotes).ends_with("Resource"));
    is_its_value
        && after
            .chars()
            .next()
            .is_none_or(|next| quotes.contains(&next) || next.is_whitespace())
}

/// Says whether a text between two others is a whole value of JSON without its quotes, as a number of CDK is.
pub(super) fn is_bare(before: &str, text: &str, after: &str) -> bool {
    let is_json = text.starts_with(|c: char| c.is_ascii_digit() || "-{[\"".contains(c))
        || ["true", "false", "null"].contains(&text);
    let ends = |after: &str| after.trim_start().starts_with([',', '}', ']']);
    !is_json && before.trim_end().ends_with([':', '[']) && ends(after)
}

/// Whether a text of JSON is open, on a way through its source.
#[derive(Default)]
pub(super) struct Quotes {
    seen: usize,
    is_open: bool,
    is_escaped: bool,
}

impl Quotes {
    /// Says whether a text is open at the end of `before`, which begins as it did the last time.
    pub(super) fn are_open_after(&mut self, before: &str) -> bool {
        for byte in before.as_bytes().get(self.seen..).unwrap_or_default() {
            self.is_open = match byte {
                b'"' if !self.is_escaped => !self.is_open,
                // A text ends with its line.
                b'\n' => false,
                _ => self.is_open,
            };
            self.is_escaped = *byte == b'\\' && !self.is_escaped;
        }
        self.seen = before.len();
        self.is_open
    }
}
