//! Where the parts of an expression stand in the source of its definition.
//!
//! Knows positions as the language counts them, and tokens as far as their beginnings go. Must not know what is wrong.

use crate::asl::place::Place;
use crate::asl::syntax::spelling::Spelling;
use crate::asl::syntax::{Node, Span};
use crate::jsonata::Error;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;

use super::Spot;
use super::jsonata::{CLOSE, OPEN};

/// An expression, and where its parts stand in the source.
pub(super) struct Inside<'a> {
    node: &'a Node,
    place: &'a Place<'a>,
    /// The whole text, with `{%` and `%}`.
    whole: &'a str,
    /// What stands between them.
    pub(super) text: &'a str,
    source: &'a str,
    substitutions: &'a BTreeMap<String, String>,
    spelling: OnceCell<Option<Spelling>>,
    /// The byte of the text for each UTF-16 unit.
    units: OnceCell<Vec<usize>>,
}

impl<'a> Inside<'a> {
    /// `whole` is the text of a node at a place, `text` what stands between its delimiters.
    pub(super) fn new(
        node: &'a Node,
        place: &'a Place<'a>,
        whole: &'a str,
        text: &'a str,
        source: &'a str,
        substitutions: &'a BTreeMap<String, String>,
    ) -> Inside<'a> {
        Inside {
            node,
            place,
            whole,
            text,
            source,
            substitutions,
            spelling: OnceCell::new(),
            units: OnceCell::new(),
        }
    }

    /// Returns the byte before which so many UTF-16 units stand.
    fn byte(&self, position: u32) -> usize {
        let units = self.units.get_or_init(|| {
            let characters = self.text.char_indices();
            characters
                .flat_map(|(at, character)| std::iter::repeat_n(at, character.len_utf16()))
                .collect()
        });
        let at = units.get(position as usize);
        at.copied().unwrap_or(self.text.len())
    }

    /// Returns where a part of the expression stands in the source; the whole text where that cannot be told.
    fn source_span(&self, part: &Range<usize>) -> Span {
        let spelling = self
            .spelling
            .get_or_init(|| Spelling::new(self.whole, self.source, &self.node.span, self.substitutions));
        match spelling {
            Some(spelling) => spelling.span(&(part.start + OPEN.len()..part.end + OPEN.len())),
            None => self.node.span.clone(),
        }
    }

    /// We point at a part of an expression, AWS at the text.
    pub(super) fn spot(&self, part: &Range<usize>) -> Spot {
        Spot {
            span: self.source_span(part),
            ..Spot::at(self.place, &self.node.span)
        }
    }

    /// Returns the token that ends at a position; at the end of the text it is the delimiter behind it.
    pub(super) fn token(&self, position: u32) -> Range<usize> {
        let end = self.byte(position);
        if self.text[end..].trim_end().is_empty() && self.text[..end].trim_end().len() < end
            || self.text.trim().is_empty()
        {
            return self.text.len()..self.text.len() + CLOSE.len();
        }
        token_start(self.text, end)..end
    }

    /// Returns the token at which an error points.
    pub(super) fn fault(&self, error: &Error) -> Range<usize> {
        if let Some(start) = error.start() {
            return self.byte(start)..self.text.trim_end().len();
        }
        match error.code() {
            "S0203" | "S0207" => self.text.len()..self.text.len() + CLOSE.len(),
            _ => self.token(error.position().unwrap_or_default()),
        }
    }
}

/// Returns where the token begins that ends here.
fn token_start(text: &str, end: usize) -> usize {
    let before = &text[..end];
    let Some(last) = before.chars().next_back() else {
        return end;
    };
    let inner = &before[..end - last.len_utf8()];
    // Whatever is no blank and no operator is a part of a name.
    let is_part = |c: char| !c.is_whitespace() && !".[]{}(),@#;:?+-*/%|=<>^&!~\"'`".contains(c);
    match last {
        '`' => inner.rfind('`').unwrap_or(inner.len()),
        '"' | '\'' => string_start(inner, last).unwrap_or(inner.len()),
        c if is_part(c) => before.trim_end_matches(is_part).len(),
        _ if DOUBLE.iter().any(|operator| before.ends_with(operator)) => end - 2,
        _ => inner.len(),
    }
}

/// The operators of two characters.
const DOUBLE: [&str; 7] = ["..", ":=", "!=", ">=", "<=", "**", "~>"];

/// Returns where the string begins that ends behind this.
fn string_start(before: &str, quote: char) -> Option<usize> {
    let mut quotes = before.rmatch_indices(quote).map(|(at, _)| at);
    quotes.find(|at| {
        let backslashes = before[..*at].bytes().rev().take_while(|byte| *byte == b'\\');
        backslashes.count() % 2 == 0
    })
}
