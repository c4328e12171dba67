//! Regular expressions of an expression, compiled with it.

use std::ops::Range;

use super::Error;
use super::function::regex::{Flags, Matches, Regex, Scratch};

/// A regular expression, compiled.
#[derive(Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    pub(super) fn new(source: &str, flags: &str) -> Result<Pattern, Error> {
        let flags = Flags {
            ignore_case: flags.contains('i'),
            multiline: flags.contains('m'),
        };
        Regex::new(source, flags).map(Pattern).map_err(|error| {
            Error::internal(&format!(
                "Invalid regular expression: /{source}/g: {}",
                error.reason
            ))
        })
    }

    /// Returns how many groups it has.
    pub(super) fn groups(&self) -> usize {
        self.0.groups()
    }

    /// Finds the first match, or the next one behind `from`.
    pub(super) fn find(
        &self,
        text: &str,
        from: Option<usize>,
        scratch: &mut Scratch,
    ) -> Result<Option<Range<usize>>, Error> {
        let mut matches = match from {
            Some(end) => Matches::resume(&self.0, text, end),
            None => Matches::new(&self.0, text),
        };
        matches.next(scratch)
    }
}
