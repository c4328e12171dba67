//! `$match`, `$replace` and `$split` with a regular expression.

use super::{Regex, Scratch};
use crate::jsonata::Error;
use crate::jsonata::function::Text;
use crate::jsonata::function::string::{Groups, substitute};
use std::ops::Range;

/// The matches of a pattern in a text, one behind the other.
#[derive(Clone, Debug)]
pub struct Matches<'a> {
    regex: &'a Regex,
    text: &'a str,
    /// Where the next search begins; `None` before the first.
    next: Option<usize>,
}

impl<'a> Matches<'a> {
    /// Begins at the text's beginning.
    pub fn new(regex: &'a Regex, text: &'a str) -> Matches<'a> {
        Matches {
            regex,
            text,
            next: None,
        }
    }

    /// Goes on from a match that ended at `end`: what the reference's `next` of a match does.
    pub fn resume(regex: &'a Regex, text: &'a str, end: usize) -> Matches<'a> {
        Matches {
            regex,
            text,
            next: Some(end),
        }
    }

    /// Returns where the next match stands; its groups are in `scratch` until the next search.
    ///
    /// # Errors
    ///
    /// D1004 for an empty match that is not the first, and what [`Regex::find`] fails with.
    pub fn next(&mut self, scratch: &mut Scratch) -> Result<Option<Range<usize>>, Error> {
        if self.next.is_some_and(|from| from >= self.text.len()) {
            return Ok(None);
        }
        if !self.regex.find(self.text, self.next.unwrap_or(0), scratch)? {
            self.next = Some(self.text.len());
            return Ok(None);
        }
        let found = scratch.group(0).unwrap_or_default();
        if found.is_empty() && self.next.is_some() {
            return Err(Error::new("D1004"));
        }
        self.next = Some(found.end);
        Ok(Some(found))
    }
}

/// The groups of the match that stands in a scratch.
struct Captures<'a> {
    text: &'a str,
    scratch: &'a Scratch,
    groups: usize,
}

impl Groups for Captures<'_> {
    fn count(&self) -> usize {
        self.groups
    }

    fn get(&self, group: usize) -> Option<&str> {
        self.text.get(self.scratch.group(group + 1)?)
    }
}

/// Writes a text with the matches replaced, at most `limit` of them.
///
/// # Errors
///
/// D3011 for a negative limit, D1004 for an empty match, a bound.
pub fn replace_regex(
    text: &str,
    regex: &Regex,
    replacement: &str,
    limit: Option<f64>,
    scratch: &mut Scratch,
    out: &mut Text<'_>,
) -> Result<(), Error> {
    if limit.is_some_and(|limit| limit < 0.0) {
        return Err(Error::new("D3011"));
    }
    let mut matches = Matches::new(regex, text);
    let (mut end, mut count) = (0, 0.0);
    // The reference looks for one match more than it replaces, which may be an error.
    while let Some(found) = matches.next(scratch)? {
        if limit.is_some_and(|limit| count >= limit) {
            break;
        }
        out.push_str(&text[end..found.start])?;
        let groups = Captures {
            text,
            scratch,
            groups: regex.groups(),
        };
        substitute(replacement, &text[found.clone()], &groups, out)?;
        end = found.end;
        count += 1.0;
    }
    out.push_str(&text[end..])
}

/// The parts of a text between matches.
#[derive(Clone, Debug)]
pub struct RegexSplit<'a> {
    matches: Matches<'a>,
    text: &'a str,
    start: usize,
    /// The match that ends the next part.
    end: Option<Range<usize>>,
    limit: Option<f64>,
    count: f64,
    is_over: bool,
}

/// Splits a text at the matches of a pattern.
///
/// # Errors
///
/// D3020 for a negative limit, and what [`Regex::find`] fails with.
pub fn split_regex<'a>(
    text: &'a str,
    regex: &'a Regex,
    limit: Option<f64>,
    scratch: &mut Scratch,
) -> Result<RegexSplit<'a>, Error> {
    if limit.is_some_and(|limit| limit < 0.0) {
        return Err(Error::new("D3020"));
    }
    let mut matches = Matches::new(regex, text);
    let end = matches.next(scratch)?;
    Ok(RegexSplit {
        // Without a match the whole text is the answer, whatever the limit.
        limit: limit.filter(|_| end.is_some()),
        matches,
        text,
        start: 0,
        end,
        count: 0.0,
        is_over: false,
    })
}

impl<'a> RegexSplit<'a> {
    /// Returns the next part.
    ///
    /// # Errors
    ///
    /// D1004 for an empty match, a bound.
    pub fn next(&mut self, scratch: &mut Scratch) -> Result<Option<&'a str>, Error> {
        if self.is_over || self.limit.is_some_and(|limit| self.count >= limit) {
            return Ok(None);
        }
        self.count += 1.0;
        let Some(end) = self.end.take() else {
            self.is_over = true;
            return Ok(self.text.get(self.start..));
        };
        let part = self.text.get(self.start..end.start);
        self.start = end.end;
        self.end = self.matches.next(scratch)?;
        Ok(part)
    }
}
