//! Reads JSON with positions, and goes on after a fault.
//!
//! Strict JSON is the only thing accepted; what people write instead (a trailing comma, a comment, a
//! missing comma, `]` for `}`, single quotes, bare keys, a missing quote or brace) is understood well
//! enough to say what was meant. Invariant: every loop either consumes a byte or returns.

use std::collections::BTreeMap;

use super::json_text::{self, TextEnd};
use super::{
    DEPTH_MAX, Member, Members, Node, PROBLEMS_MAX, Problem, ProblemKind, Reading, Span, Value, scalar,
    substitute,
};

/// Reads a text. `substitutions` fill in `${Name}` where a value stands without quotes.
pub(crate) fn read(text: &str, substitutions: &BTreeMap<String, String>) -> Reading {
    let start = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let mut reader = Reader {
        text,
        at: start,
        depth: 0,
        open: Vec::new(),
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
struct Open {
    closer: u8,
    at: usize,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    open: Vec<Open>,
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
        self.open.push(Open { closer, at: start });
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
            _ => {
                let message = format!("Expected ':' and a value after the key \"{key}\"");
                self.problem(ProblemKind::Broken, key_span.clone(), message, "");
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
                    "A key must stand in double quotes",
                    &help,
                );
                Some((key, start..self.at.max(start)))
            }
            _ => {
                let found = self.found();
                let length = self.text[start..].chars().next().map_or(0, char::len_utf8);
                let message = format!("Expected a key in double quotes, found {found}");
                self.problem(ProblemKind::Broken, start..start + length, message, "");
                self.skip_to_structure();
                None
            }
        }
    }

    /// Consumes the closer of the innermost array or object, also a wrong one. True at the end of it.
    fn closes(&mut self, closer: u8) -> bool {
        match self.peek() {
            None => {
                self.unclosed(closer);
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

    fn unclosed(&mut self, closer: u8) {
        let at = self.open.last().map_or(0, |open| open.at);
        if self.out.problems.len() >= PROBLEMS_MAX
            || self.out.problems.iter().any(|p| p.kind != ProblemKind::Slip)
        {
            return; // The end was reached because of what was said already.
        }
        let (line, column) = super::Lines::new(self.text).position(at);
        let opener = if closer == b'}' { '{' } else { '[' };
        let end = self.text.trim_end().len();
        let last = self.text[..end]
            .char_indices()
            .next_back()
            .map_or(0, |(offset, _)| offset);
        let message = format!("The '{opener}' of line {line}, column {column}, is never closed");
        let help = format!("add the missing '{}'", char::from(closer));
        self.problem(ProblemKind::Broken, last..end, message, &help);
    }

    fn wrong_closer(&mut self, closer: u8, found: u8) {
        let at = self.open.last().map_or(0, |open| open.at);
        let (line, column) = super::Lines::new(self.text).position(at);
        let (expected, found_char) = (char::from(closer), char::from(found));
        let opener = char::from(self.text.as_bytes().get(at).copied().unwrap_or(b'{'));
        let message = format!(
            "Expected '{expected}' to close the '{opener}' of line {line}, column {column}, found '{found_char}'"
        );
        let outer = self.open.iter().rev().skip(1).any(|open| open.closer == found);
        // The next closer tells: if it would fit here too, this one is a slip for ours.
        let rest = &self.text[self.at + 1..];
        let next = rest
            .trim_start_matches([' ', '\t', '\n', '\r', ','])
            .bytes()
            .next();
        let next_fits_outer = match self
            .open
            .len()
            .checked_sub(2)
            .and_then(|index| self.open.get(index))
        {
            Some(open) => next != Some(closer) || open.closer == closer,
            None => true,
        };
        if outer && !next_fits_outer {
            self.problem(
                ProblemKind::Broken,
                self.at..self.at + 1,
                message,
                &format!("write '{expected}'"),
            );
            self.at = (self.at + 1).min(self.text.len());
            return;
        }
        let one_up = self
            .open
            .len()
            .checked_sub(2)
            .and_then(|index| self.open.get(index));
        let fits_outer = one_up.is_some_and(|open| open.closer == found);
        let doubled = next == Some(found);
        let help = if fits_outer && !doubled {
            format!("add the missing '{expected}' before it")
        } else {
            format!("write '{expected}' instead")
        };
        let consume = !(fits_outer && !doubled);
        self.problem(ProblemKind::Broken, self.at..self.at + 1, message, &help);
        if consume {
            self.at = (self.at + 1).min(self.text.len());
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
            Some(b':') if closer == b'}' => {
                let message = "Expected ',' or '}', found a second ':'";
                self.problem(
                    ProblemKind::Broken,
                    self.at..self.at + 1,
                    message,
                    "a key has one value",
                );
                self.at = (self.at + 1).min(self.text.len());
                self.skip_blanks();
                self.value();
                true
            }
            Some(_) => {
                let last = self.text[..end_of_item]
                    .char_indices()
                    .next_back()
                    .map_or(0, |(offset, _)| offset);
                let found = self.found();
                let message = format!("Expected ',' or '{}', found {found}", char::from(closer));
                self.problem(
                    ProblemKind::Slip,
                    last..end_of_item,
                    message,
                    "a comma is missing here",
                );
                true
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
        let read = json_text::read(self.text, start);
        self.at = read.end;
        if self.text.as_bytes().get(start) == Some(&b'\'') {
            let message = "JSON texts stand in double quotes";
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

    /// Reads `${Name}` outside quotes.
    fn placeholder(&mut self) -> Option<Node> {
        let start = self.at;
        let rest = &self.text[start..];
        let Some(name) = substitute::name_at(rest) else {
            return self.word();
        };
        let span = start..start + name.len() + "${}".len();
        self.at = span.end;
        let Some(filling) = self.substitutions.get(name) else {
            let message = substitute::missing_message(name);
            self.problem(
                ProblemKind::Broken,
                span,
                message,
                &substitute::missing_help(name),
            );
            return None;
        };
        let inner = read(filling, &BTreeMap::new());
        match inner.root {
            Some(node) if inner.problems.is_empty() => Some(respan(node, &span)),
            _ => {
                let message = format!("The value of ${{{name}}} is not JSON: {filling}");
                self.problem(
                    ProblemKind::Broken,
                    span,
                    message,
                    "put the placeholder into double quotes",
                );
                None
            }
        }
    }

    /// Reads a number, `true`, `false`, `null`, or what stands in their place.
    fn word(&mut self) -> Option<Node> {
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest
            .find(|c: char| " \t\r\n,:{}[]\"'".contains(c))
            .unwrap_or(rest.len());
        if length == 0 {
            let found = self.found();
            let length = rest.chars().next().map_or(0, char::len_utf8);
            self.problem(
                ProblemKind::Broken,
                start..start + length,
                format!("Expected a value, found {found}"),
                "",
            );
            self.no_standstill(start);
            return None;
        }
        let (word, span) = (&rest[..length], start..start + length);
        self.at = span.end;
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            number if scalar::is_json_number(number) => Value::Number(number.to_owned()),
            other => return self.not_a_value(other, span),
        };
        Some(Node { span, value })
    }

    fn not_a_value(&mut self, word: &str, span: Span) -> Option<Node> {
        let lower = word.to_ascii_lowercase();
        let meant = match lower.as_str() {
            "true" | "yes" => Some(("true", Value::Bool(true))),
            "false" | "no" => Some(("false", Value::Bool(false))),
            "null" | "none" | "nil" | "undefined" => Some(("null", Value::Null)),
            _ => scalar::yaml_number(word).map(|number| ("", Value::Number(number))),
        };
        let shown: String = word.chars().take(WORD_CHARS_MAX).collect();
        let message = format!(
            "Unrecognized token '{shown}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
        );
        let help = match &meant {
            Some(("", Value::Number(number))) => format!("write the number as {number}"),
            Some((word, _)) => format!("write {word}"),
            None if self.open.is_empty() => String::new(),
            None => "a text must stand in double quotes".to_owned(),
        };
        self.problem(ProblemKind::Broken, span.clone(), message, &help);
        meant.map(|(_, value)| Node { span, value })
    }

    /// Goes on where an array or object may continue.
    fn skip_to_structure(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.find([',', '}', ']', '"', '\n']).unwrap_or(rest.len());
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
        let length = self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        let message = format!("The definition ended before this: found {found} after it");
        self.problem(
            ProblemKind::Broken,
            self.at..self.at + length,
            message,
            "a bracket is closed too early, or text is left over",
        );
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

/// The longest part of an unknown word that a message quotes.
const WORD_CHARS_MAX: usize = 60;

/// Gives every node of a filled-in value the place of its placeholder.
fn respan(mut node: Node, span: &Span) -> Node {
    node.span = span.clone();
    node.value = match node.value {
        Value::Array(items) => Value::Array(items.into_iter().map(|item| respan(item, span)).collect()),
        Value::Object(members) => {
            let respan_member = |member: Member| Member {
                key: member.key,
                key_span: span.clone(),
                value: respan(member.value, span),
            };
            Value::Object(members.into_iter().map(respan_member).collect())
        }
        other => other,
    };
    node
}
