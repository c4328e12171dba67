//! Reads JSON with positions, and goes on after a fault.
//!
//! Strict JSON is the only thing accepted; what people write instead (a trailing comma, a comment, a
//! missing comma, `]` for `}`, single quotes, bare keys, a missing quote or brace) is understood well
//! enough to say what was meant. Invariant: every loop either consumes a byte or returns.

mod brackets;
mod text;
mod word;

use std::collections::BTreeMap;

use crate::asl::syntax::{
    DEPTH_MAX, Lines, Member, Members, Node, PROBLEMS_MAX, Problem, ProblemKind, Reading, Span, Value,
};
use text::TextEnd;

/// Reads a text. `substitutions` fill in `${Name}` where a value stands without quotes.
pub(crate) fn read(text: &str, substitutions: &BTreeMap<String, String>) -> Reading {
    let start = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let mut reader = Reader {
        text,
        lines: Lines::new(text),
        last_line: Line {
            start: usize::MAX,
            first: usize::MAX,
        },
        at: start,
        depth: 0,
        open: Vec::new(),
        suspect: None,
        supplied: false,
        substitutions,
        out: Reading::default(),
    };
    reader.skip_blanks();
    if reader.at < text.len() {
        let root = reader.value();
        reader.out.root = root;
        reader.after_the_end();
    }
    reader.out
}

/// An array or object that is being read.
#[derive(Clone, Copy)]
struct Open {
    closer: u8,
    at: usize,
    line: Line,
}

/// A line: where it begins, and where its first character that is no blank stands.
#[derive(Clone, Copy)]
struct Line {
    start: usize,
    first: usize,
}

impl Line {
    fn indentation(self) -> usize {
        self.first - self.start
    }
}

struct Reader<'a> {
    text: &'a str,
    lines: Lines<'a>,
    last_line: Line,
    at: usize,
    depth: usize,
    open: Vec<Open>,
    /// What was the first to look unclosed by its indentation; named if an end turns out to be missing.
    suspect: Option<Open>,
    /// An end was just supplied, and the comma after it.
    supplied: bool,
    substitutions: &'a BTreeMap<String, String>,
    out: Reading,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn problem(&mut self, kind: ProblemKind, span: Span, message: impl Into<String>, help: &str) {
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.out.problems.push(Problem {
            kind,
            span,
            message: message.into(),
            help,
        });
        if self.out.problems.len() >= PROBLEMS_MAX {
            self.at = self.text.len();
        }
    }

    /// Reports a fault after which what follows cannot be understood, and stops reading.
    fn lost(&mut self, span: Span, message: impl Into<String>, help: &str) {
        self.problem(ProblemKind::Broken, span, message, help);
        self.at = self.text.len();
    }

    /// Skips blanks; comments too, with a problem each.
    fn skip_blanks(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            let rest = &self.text[self.at..];
            let length = if rest.starts_with("//") || rest.starts_with('#') {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else {
                return;
            };
            let span = self.at..self.at + length;
            self.at = span.end;
            let help = "remove it, or put the text into a `Comment` field";
            self.problem(ProblemKind::Slip, span, "JSON has no comments", help);
        }
    }

    fn value(&mut self) -> Option<Node> {
        let start = self.at;
        match self.peek()? {
            b'{' => self.nested(b'}', Self::object),
            b'[' => self.nested(b']', Self::array),
            b'"' | b'\'' => self.text_value(),
            b'$' if self.text[start..].starts_with("${") => self.placeholder(),
            _ => self.word(),
        }
    }

    /// Reads an array or object, one level deeper.
    fn nested(&mut self, closer: u8, read: fn(&mut Self) -> Value) -> Option<Node> {
        let start = self.at;
        if self.depth >= DEPTH_MAX {
            let message = format!("The definition is nested deeper than {DEPTH_MAX} levels");
            self.problem(ProblemKind::TooDeep, start..start + 1, message, "");
            self.at = self.text.len();
            return None;
        }
        self.at += 1;
        self.depth += 1;
        let line = self.line(start);
        self.open.push(Open {
            closer,
            at: start,
            line,
        });
        let value = read(self);
        self.open.pop();
        self.depth -= 1;
        Some(Node {
            span: start..self.at,
            value,
        })
    }

    fn object(&mut self) -> Value {
        let mut members = Members::default();
        loop {
            self.skip_blanks();
            if self.closes(b'}') {
                return members.into_value();
            }
            let before = self.at;
            if let Some(member) = self.object_member() {
                members.insert(member, &mut self.out.duplicates);
            }
            if !self.separator(b'}') {
                return members.into_value();
            }
            self.no_standstill(before);
        }
    }

    fn array(&mut self) -> Value {
        let mut items = Vec::new();
        loop {
            self.skip_blanks();
            if self.closes(b']') {
                return Value::Array(items);
            }
            let before = self.at;
            items.extend(self.value());
            if !self.separator(b']') {
                return Value::Array(items);
            }
            self.no_standstill(before);
        }
    }

    /// Steps over one character if nothing was consumed, so that every loop ends.
    fn no_standstill(&mut self, before: usize) {
        if self.at == before {
            self.at += self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        }
    }

    fn object_member(&mut self) -> Option<Member> {
        let (key, key_span) = self.key()?;
        self.skip_blanks();
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(b'=') => {
                let help = "write a colon between a key and its value";
                self.problem(
                    ProblemKind::Slip,
                    self.at..self.at + 1,
                    "Expected ':', found '='",
                    help,
                );
                self.at = (self.at + 1).min(self.text.len());
            }
            Some(b'"') => {
                let message = format!("Expected ':' after the key \"{key}\"");
                self.problem(
                    ProblemKind::Broken,
                    key_span.clone(),
                    message,
                    "a colon is missing here",
                );
            }
            _ => {
                self.no_colon(&key, key_span);
                return None;
            }
        }
        self.skip_blanks();
        if matches!(self.peek(), None | Some(b',' | b'}' | b']')) {
            if self.at < self.text.len() {
                let message = format!("The key \"{key}\" has no value");
                self.problem(ProblemKind::Broken, key_span.clone(), message, "");
            }
            return None;
        }
        self.value().map(|value| Member { key, key_span, value })
    }

    /// Explains a key without colon; most often its closing quote is missing.
    fn no_colon(&mut self, key: &str, key_span: Span) {
        if self
            .out
            .problems
            .last()
            .is_some_and(|problem| problem.span == key_span)
        {
            self.at = self.text.len(); // The quote is known to be missing.
            return;
        }
        match key.split_once(':') {
            Some((name, "" | " ")) => {
                let message = "The closing quote of this key is missing";
                self.lost(key_span, message, &format!("write \"{name}\":"));
            }
            _ => self.lost(
                key_span,
                format!("Expected ':' and a value after the key \"{key}\""),
                "",
            ),
        }
    }

    fn key(&mut self) -> Option<(String, Span)> {
        let start = self.at;
        match self.peek()? {
            b'"' | b'\'' => {
                let key = self.quoted();
                Some((key, start..self.at))
            }
            first if first.is_ascii_alphabetic() || first == b'_' => {
                let rest = &self.text[start..];
                let length = rest.find(|c: char| !(c.is_alphanumeric() || "_-.$".contains(c)));
                self.at += length.unwrap_or(rest.len());
                let key = self.text[start..self.at].to_owned();
                let help = format!("write \"{key}\"");
                self.problem(
                    ProblemKind::Slip,
                    start..self.at,
                    "A key must be in double quotes",
                    &help,
                );
                Some((key, start..self.at.max(start)))
            }
            _ => {
                let found = self.found();
                let message = format!("Expected a key in double quotes, found {found}");
                self.lost(self.here(), message, "");
                None
            }
        }
    }

    /// Consumes the closer of the innermost array or object, also a wrong one. True at the end of it.
    fn closes(&mut self, closer: u8) -> bool {
        match self.peek() {
            None => {
                self.unclosed();
                true
            }
            Some(found) if found == closer => {
                self.at += 1;
                true
            }
            Some(found @ (b'}' | b']')) => {
                self.wrong_closer(closer, found);
                true
            }
            Some(_) => false,
        }
    }

    /// Reads what stands between two items. False when the array or object ended.
    fn separator(&mut self, closer: u8) -> bool {
        let end_of_item = self.at;
        self.skip_blanks();
        match self.peek() {
            Some(b',') => {
                let comma = self.at;
                self.at += 1;
                self.skip_blanks();
                while self.peek() == Some(b',') {
                    self.problem(
                        ProblemKind::Slip,
                        self.at..self.at + 1,
                        "One comma too many",
                        "remove it",
                    );
                    self.at = (self.at + 1).min(self.text.len());
                    self.skip_blanks();
                }
                if matches!(self.peek(), Some(b'}' | b']')) {
                    let message = format!(
                        "JSON allows no comma before '{}'",
                        char::from(self.peek().unwrap_or(closer))
                    );
                    self.problem(
                        ProblemKind::Slip,
                        comma..comma + 1,
                        message,
                        "remove the trailing comma",
                    );
                } else if self.suspect.is_none() && self.looks_outside() {
                    self.suspect = self.open.last().copied();
                }
                true
            }
            None | Some(b'}' | b']') => !self.closes(closer),
            Some(b';') => {
                let help = "write a comma between items";
                self.problem(
                    ProblemKind::Slip,
                    self.at..self.at + 1,
                    "Expected ',', found ';'",
                    help,
                );
                self.at = (self.at + 1).min(self.text.len());
                true
            }
            Some(_) if std::mem::take(&mut self.supplied) => true,
            Some(b'"') if self.looks_outside() => {
                if let Some(open) = self.open.last().copied() {
                    let span = self.last_character(end_of_item);
                    self.never_closed(open, span);
                    self.supplied = true;
                }
                false
            }
            Some(first) if b"\"{[".contains(&first) || first.is_ascii_alphanumeric() => {
                let found = self.found();
                let message = format!("Expected ',' or '{}', found {found}", char::from(closer));
                let span = self.last_character(end_of_item);
                self.problem(ProblemKind::Slip, span, message, "a comma is missing here");
                true
            }
            Some(_) => {
                let message = format!("Expected ',' or '{}', found {}", char::from(closer), self.found());
                self.lost(self.here(), message, "");
                false
            }
        }
    }

    fn text_value(&mut self) -> Option<Node> {
        let start = self.at;
        let text = self.quoted();
        Some(Node {
            span: start..self.at,
            value: Value::Text(text),
        })
    }

    /// Reads a quoted text; the reader stands on its quote.
    fn quoted(&mut self) -> String {
        let start = self.at;
        let read = text::read(self.text, start);
        self.at = read.end;
        if self.text.as_bytes().get(start) == Some(&b'\'') {
            let message = "JSON texts are written in double quotes";
            self.problem(
                ProblemKind::Slip,
                start..read.end,
                message,
                "replace the single quotes",
            );
        }
        for (span, message, help) in read.problems {
            self.problem(ProblemKind::Broken, span, message, help);
        }
        if read.how == TextEnd::Missing {
            let message = "The closing quote of this text is missing";
            self.problem(
                ProblemKind::Broken,
                start..read.end,
                message,
                "add '\"' at its end",
            );
        }
        read.text
    }

    fn after_the_end(&mut self) {
        self.skip_blanks();
        if self.at >= self.text.len()
            || self
                .out
                .problems
                .iter()
                .any(|problem| problem.kind != ProblemKind::Slip)
        {
            return;
        }
        let found = self.found();
        let message = format!("The definition ended before this: found {found} after it");
        self.problem(
            ProblemKind::Broken,
            self.here(),
            message,
            "a bracket is closed too early, or text is left over",
        );
    }

    /// Returns the place of the character at the reader.
    fn here(&self) -> Span {
        let length = self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        self.at..self.at + length
    }

    /// Names what stands at the reader, for messages.
    fn found(&self) -> String {
        match self.text[self.at..].chars().next() {
            None => "the end of the text".to_owned(),
            Some('"' | '\'') => "a text".to_owned(),
            Some(other) => format!("'{}'", other.escape_default()),
        }
    }
}
