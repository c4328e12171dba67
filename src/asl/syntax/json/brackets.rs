//! Arrays and objects that end wrongly or not at all.
//!
//! Owns the guess at what was meant, which goes by indentation: it is what people go by.

use super::{Line, Open, Reader};
use crate::asl::syntax::{ProblemKind, Span};

impl Reader<'_> {
    /// Reports an array or object without end, once: the innermost one, or the one whose indentation
    /// says so.
    pub(super) fn unclosed(&mut self) {
        if self
            .out
            .problems
            .iter()
            .any(|problem| problem.kind != ProblemKind::Slip)
        {
            return; // The end was reached because of what was said already.
        }
        let end = self.text.trim_end().len();
        match (self.suspect.take(), self.open.last().copied()) {
            (Some(open), _) => self.never_closed(open, open.at..open.at + 1),
            (None, Some(open)) => self.never_closed(open, self.last_character(end)),
            (None, None) => {}
        }
    }

    pub(super) fn never_closed(&mut self, open: Open, span: Span) {
        let (line, column) = self.lines.position(open.at);
        let opener = if open.closer == b'}' { '{' } else { '[' };
        let message = format!("The '{opener}' of line {line}, column {column}, is never closed");
        let help = format!("add the missing '{}'", char::from(open.closer));
        self.problem(ProblemKind::Broken, span, message, &help);
    }

    /// Returns the place of the character before an offset.
    pub(super) fn last_character(&self, end: usize) -> Span {
        let last = self.text[..end].char_indices().next_back();
        last.map_or(0, |(offset, _)| offset)..end
    }

    /// Says whether what stands here is indented as if the innermost array or object had ended: no deeper
    /// than the line that opened it.
    pub(super) fn looks_outside(&mut self) -> bool {
        let Some(open) = self.open.last().copied() else {
            return false;
        };
        let line = self.line(self.at);
        line.first == self.at
            && line.start != open.line.start
            && line.indentation() <= open.line.indentation()
    }

    /// Returns the line of an offset. Remembers the last one: texts of one line of 1 MiB exist.
    pub(super) fn line(&mut self, offset: usize) -> Line {
        let start = self.lines.start(offset);
        if self.last_line.start != start {
            let text = &self.text[start..];
            let blanks = text.len() - text.trim_start_matches([' ', '\t']).len();
            self.last_line = Line {
                start,
                first: start + blanks,
            };
        }
        self.last_line
    }

    pub(super) fn wrong_closer(&mut self, closer: u8, found: u8) {
        let at = self.open.last().map_or(0, |open| open.at);
        let (line, column) = self.lines.position(at);
        let (expected, shown) = (char::from(closer), char::from(found));
        let opener = if closer == b'}' { '{' } else { '[' };
        let message = format!(
            "Expected '{expected}' to close the '{opener}' of line {line}, column {column}, found '{shown}'"
        );
        let forgotten = self.closer_is_missing(found);
        let help = match forgotten {
            true => format!("add the missing '{expected}' before it"),
            false => format!("write '{expected}' instead"),
        };
        let here = self.at;
        self.problem(ProblemKind::Broken, here..here + 1, message, &help);
        if !forgotten {
            self.at = (self.at + 1).min(self.text.len());
        }
    }

    /// Says whether the closer that stands here is meant for the next outer array or object, ours being
    /// forgotten; else it was typed instead of ours. Indentation tells, or the closer that follows.
    fn closer_is_missing(&mut self, found: u8) -> bool {
        let line = self.line(self.at);
        let [before @ .., outer, inner] = self.open.as_slice() else {
            return false;
        };
        if outer.closer != found {
            return false;
        }
        let outer_indentation = outer.line.indentation();
        if line.first == self.at && outer_indentation != inner.line.indentation() {
            return line.indentation() == outer_indentation;
        }
        let rest = self.text[self.at + 1..].trim_start_matches([' ', '\t', '\n', '\r']);
        let next = rest.bytes().next();
        next != Some(found) && next == before.last().map(|open| open.closer)
    }
}
