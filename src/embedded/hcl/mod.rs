//! Reads the literal part of HCL, Terraform's language: texts, heredocs, lists and objects.
//!
//! An object becomes JSON; a reference to something that Terraform manages gets a value of the form that the
//! real one has. Must not compute: a function, an operator or a `for` is told. Invariant: reading goes forward
//! only, and no deeper than [`DEPTH_MAX`].

mod defaults;
mod reference;
mod skip;

use super::evaluate::{Evaluator, mark, quoted};
use super::mapped::Mapped;
use crate::asl::syntax::{DEPTH_MAX, Span};
pub(super) use defaults::{Defaults, blocks};
use reference::reference_length;
use skip::{interpolation, skip_space};
pub(super) use skip::{skip, skip_blanks};

/// Fields of a definition that take a number. What Terraform puts there is one, whoever declares it where.
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

/// Reads expressions from an offset on.
pub(super) struct Reader<'e, 'a, 't> {
    evaluator: &'e mut Evaluator<'a>,
    text: &'t str,
    at: usize,
    depth: usize,
    is_lost: bool,
    /// The value that comes next belongs to a field that takes a number.
    wants_number: bool,
}

/// A plain value that something stands for.
struct Scalar {
    text: Mapped,
    /// JSON has it in quotes.
    is_text: bool,
}

impl<'e, 'a, 't> Reader<'e, 'a, 't> {
    /// Creates a reader of a text, which need not be the evaluator's file.
    pub(super) fn new(evaluator: &'e mut Evaluator<'a>, text: &'t str, at: usize) -> Reader<'e, 'a, 't> {
        Reader {
            evaluator,
            text,
            at,
            depth: 0,
            is_lost: false,
            wants_number: false,
        }
    }

    /// Returns where reading stands.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Says whether something was met that cannot be read.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Reports that something is computed, once.
    pub(super) fn computed(&mut self) {
        if std::mem::replace(&mut self.is_lost, true) {
            return;
        }
        let rest = &self.text[self.at..];
        let span = self.at..self.at + rest.lines().next().map_or(0, |line| line.trim_end().len());
        let help = "after 'terraform apply', check the answer of 'aws stepfunctions describe-state-machine'; or keep \
                    the definition in a file of its own, read with file(\"…\")";
        let message = "This part of Terraform's definition is computed, which only Terraform does";
        self.evaluator.fault(&span, message, help);
    }

    /// Reports that what begins at an offset is computed, if nothing was reported yet.
    pub(super) fn computed_at(&mut self, at: usize) {
        let end = std::mem::replace(&mut self.at, at);
        self.computed();
        self.at = end;
    }

    fn blanks(&mut self) {
        self.at = skip_space(self.text, self.at);
    }

    fn takes(&mut self, sign: char) -> bool {
        self.blanks();
        let found = self.text[self.at..].starts_with(sign);
        self.at += if found { sign.len_utf8() } else { 0 };
        found
    }

    /// Takes a function's name and its bracket.
    pub(super) fn takes_call(&mut self, function: &str) -> bool {
        let rest = self.text[self.at..].strip_prefix(function);
        let found = rest.is_some_and(|rest| rest.trim_start().starts_with('('));
        if found {
            self.at += function.len();
            self.takes('(');
        }
        found
    }

    /// Reads a quoted text or a heredoc; `None` when there is neither.
    pub(super) fn text(&mut self) -> Option<Mapped> {
        self.blanks();
        let rest = &self.text[self.at..];
        if rest.starts_with('"') {
            return Some(self.quoted_text());
        }
        rest.starts_with("<<").then(|| self.heredoc())
    }

    /// Reads the rest as a text with `${…}` in it.
    pub(super) fn rest_as_template(&mut self) -> Mapped {
        self.template(self.at..self.text.len(), false)
    }

    /// Takes `${` if the text is one interpolation.
    pub(super) fn takes_interpolation(&mut self) -> bool {
        let rest = self.text[self.at..].trim_end();
        let found = rest.starts_with("${") && interpolation(rest) == rest.len();
        if found {
            self.at += 2;
            self.blanks();
        }
        found
    }

    /// Reads the path of `file("…")`; it is relative to the module.
    pub(super) fn path(&mut self) -> Option<String> {
        self.blanks();
        let (path, _) = self.text[self.at..].strip_prefix('"')?.split_once('"')?;
        self.at += path.len() + 2;
        let path = path.strip_prefix("${path.module}/").unwrap_or(path);
        (!path.contains("${")).then(|| path.to_owned())
    }

    /// Reads the object that follows a path, if one does.
    pub(super) fn named_values(&mut self) -> Vec<(String, Mapped)> {
        let mut values = Vec::new();
        if !self.takes(',') || !self.takes('{') {
            return values;
        }
        while !self.is_lost && !self.takes('}') {
            let Some(name) = self.key() else { break };
            let start = self.at;
            let value = match self.text() {
                Some(text) => text,
                None => {
                    let mut json = Mapped::default();
                    self.value(&mut json);
                    unquoted(&json, start)
                }
            };
            values.push((name.text().to_owned(), value));
            self.takes(',');
        }
        values
    }

    /// Reads an expression, and appends it as JSON.
    pub(super) fn value(&mut self, out: &mut Mapped) {
        self.blanks();
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            self.evaluator.fault(
                &(self.at..self.at),
                format!("Nested deeper than {DEPTH_MAX} levels"),
                "",
            );
            self.is_lost = true;
        }
        if !self.is_lost {
            self.one_value(out);
            self.blanks_in_line();
            // What may follow a literal; an operator may not.
            let follows = self.text[self.at..].chars().next();
            if follows.is_some_and(|next| !",]})\n\r#/:=".contains(next)) {
                self.computed();
            }
        }
        self.depth -= 1;
    }

    fn one_value(&mut self, out: &mut Mapped) {
        let start = self.at;
        let Some(first) = self.text[start..].chars().next() else {
            return self.computed();
        };
        match first {
            '{' => self.object(out),
            '[' => self.array(out),
            '"' if self.is_one_interpolation() => {
                let length = interpolation(&self.text[start + 1..]);
                let value = self.interpolation(start + 1, length);
                self.at = start + length + 2;
                write_scalar(&value, &(start..self.at), out);
            }
            '"' | '<' => match self.text() {
                Some(text) => quoted(&text, &(start..self.at), out),
                None => self.computed(),
            },
            _ if first.is_ascii_digit() || first == '-' => {
                let length =
                    self.text[start..].find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
                self.at = length.map_or(self.text.len(), |length| start + length);
                out.copy(&self.text[start..self.at], start);
            }
            _ if first.is_ascii_alphabetic() => self.word(out),
            _ => self.computed(),
        }
    }

    fn word(&mut self, out: &mut Mapped) {
        let start = self.at;
        if self.takes_call("jsonencode") {
            let json = self.encoded(start);
            return quoted(&json, &(start..self.at), out);
        }
        let rest = &self.text[start..];
        let word = &rest[..reference_length(rest)];
        let span = start..start + word.len();
        match word {
            "true" | "false" | "null" => out.copy(word, start),
            _ if !word.contains('.') || rest[word.len()..].trim_start().starts_with('(') => {
                return self.computed();
            }
            _ => {
                let value = self.reference(word, &span);
                write_scalar(&value, &span, out);
            }
        }
        self.at = span.end;
    }

    fn array(&mut self, out: &mut Mapped) {
        mark("[", self.at, out);
        self.at += 1;
        let mut is_first = true;
        while !self.is_lost && !self.takes(']') {
            if !std::mem::take(&mut is_first) {
                mark(",", self.at, out);
            }
            self.value(out);
            if !self.takes(',') && !self.text[self.at..].starts_with(']') {
                self.computed();
            }
        }
        mark("]", self.at, out);
    }

    fn object(&mut self, out: &mut Mapped) {
        mark("{", self.at, out);
        self.at += 1;
        let mut is_first = true;
        while !self.is_lost && !self.takes('}') {
            if !std::mem::take(&mut is_first) {
                mark(",", self.at, out);
            }
            let start = self.at;
            let Some(key) = self.key() else { break };
            quoted(&key, &(start..start + key.len()), out);
            mark(":", self.at, out);
            self.wants_number = NUMBERS.iter().any(|field| key.text() == *field);
            self.value(out);
            self.wants_number = false;
            self.takes(',');
        }
        mark("}", self.at, out);
    }

    /// Reads a key and the sign after it.
    fn key(&mut self) -> Option<Mapped> {
        self.blanks();
        let start = self.at;
        let key = match self.text() {
            Some(text) => text,
            None => {
                let rest = &self.text[start..];
                let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
                let name = &rest[..length.unwrap_or(rest.len())];
                self.at += name.len();
                let mut key = Mapped::default();
                key.copy(name, start);
                key
            }
        };
        let is_pair = key.len() > 0 && key.text() != "for" && (self.takes('=') || self.takes(':'));
        if !is_pair {
            self.at = start;
            self.computed();
        }
        is_pair.then_some(key)
    }

    fn blanks_in_line(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    fn quoted_text(&mut self) -> Mapped {
        let start = self.at;
        let end = skip(self.text, start);
        self.at = end;
        let is_closed = end > start + 1 && self.text[..end].ends_with('"');
        self.template(start + 1..end - usize::from(is_closed), true)
    }

    fn heredoc(&mut self) -> Mapped {
        let start = self.at;
        let end = skip(self.text, start);
        self.at = end;
        let whole = &self.text[start..end];
        let is_indented = whole.starts_with("<<-");
        let Some(first) = whole.find('\n') else {
            self.computed();
            return Mapped::default();
        };
        // The last line is the word that ends it.
        let last = whole
            .trim_end()
            .rfind('\n')
            .map_or(first + 1, |newline| newline + 1);
        let body = start + first + 1..start + last.max(first + 1);
        let template = self.template(body, false);
        match is_indented {
            true => without_indentation(&template),
            false => template,
        }
    }

    /// Reads a text with `${…}` in it.
    fn template(&mut self, range: Span, has_escapes: bool) -> Mapped {
        let mut out = Mapped::default();
        let mut at = range.start;
        while at < range.end {
            let rest = &self.text[at..range.end];
            let first = rest.chars().next().unwrap_or(' ');
            if let Some(escaped) = ["$${", "%%{"].iter().find(|escaped| rest.starts_with(**escaped)) {
                out.stand_in(&escaped[1..], at..at + escaped.len());
                at += escaped.len();
            } else if rest.starts_with("${") {
                let length = interpolation(rest);
                let value = self.interpolation(at, length);
                out.append(&value.text);
                at += length;
            } else if rest.starts_with("%{") {
                self.at = at;
                self.computed();
                return out;
            } else if has_escapes && first == '\\' {
                let escaped = rest[1..].chars().next().unwrap_or('\\');
                let length = 1 + escaped.len_utf8();
                let decoded = match escaped {
                    'n' => "\n".to_owned(),
                    'r' => "\r".to_owned(),
                    't' => "\t".to_owned(),
                    other => other.to_string(),
                };
                out.stand_in(&decoded, at..at + length);
                at += length;
            } else {
                out.copy(&rest[..first.len_utf8()], at);
                at += first.len_utf8();
            }
        }
        self.evaluator.made(out, &range)
    }

    /// Says whether a quoted text is a `${…}` and nothing else: then it is what that stands for.
    fn is_one_interpolation(&self) -> bool {
        let inside = &self.text[self.at + 1..];
        inside.starts_with("${") && inside[interpolation(inside)..].starts_with('"')
    }

    /// Reads the `${…}` at an offset.
    fn interpolation(&mut self, at: usize, length: usize) -> Scalar {
        let inside = self.text[at + 2..at + length].trim_end_matches('}');
        let start = at + 2 + inside.len() - inside.trim_start_matches(['~', ' ', '\t']).len();
        let inside = inside.trim_matches(['~', ' ', '\t']);
        let end = std::mem::replace(&mut self.at, start);
        let value = match self.takes_call("jsonencode") {
            true => Scalar {
                text: self.encoded(start),
                is_text: true,
            },
            false => self.interpolated(inside, &(at..at + length)),
        };
        self.at = end;
        value
    }

    /// Reads the argument of `jsonencode`, and the bracket behind it.
    fn encoded(&mut self, start: usize) -> Mapped {
        let mut json = Mapped::default();
        self.value(&mut json);
        if !self.takes(')') {
            self.computed();
        }
        // Each level doubles the escapes of the one inside.
        let json = self.evaluator.made(json, &(start..self.at));
        self.is_lost |= self.evaluator.is_spent();
        json
    }

    fn interpolated(&mut self, inside: &str, span: &Span) -> Scalar {
        let is_reference = inside.contains('.')
            && inside.starts_with(|c: char| c.is_ascii_alphabetic())
            && inside
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_-.[]*\"".contains(c));
        if is_reference {
            return self.reference(inside, span);
        }
        if let Some(given) = self.evaluator.names.given(inside) {
            return Scalar {
                text: Mapped::standing_for(given, span.clone()),
                is_text: true,
            };
        }
        self.at = span.start;
        self.computed();
        Scalar {
            text: Mapped::default(),
            is_text: true,
        }
    }
}

/// Appends a value, in quotes if it is a text.
fn write_scalar(value: &Scalar, span: &Span, out: &mut Mapped) {
    match value.is_text {
        true => quoted(&value.text, span, out),
        false => out.append(&value.text),
    }
}

/// Returns the text of a JSON text that was just written.
fn unquoted(json: &Mapped, at: usize) -> Mapped {
    let text = json.text();
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inside) => {
            let mut out = Mapped::default();
            out.append_range(json, 1..1 + inside.len());
            out
        }
        None => Mapped::standing_for(text, at..at),
    }
}

/// Removes the indentation that all lines have, as `<<-` does.
fn without_indentation(text: &Mapped) -> Mapped {
    let indentation = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let lines = text.text().lines().filter(|line| !line.trim().is_empty());
    let common = lines.map(indentation).min().unwrap_or(0);
    let (mut out, mut at) = (Mapped::default(), 0);
    for line in text.text().split_inclusive('\n') {
        let cut = common.min(indentation(line));
        out.append_range(text, at + cut..at + line.len());
        at += line.len();
    }
    out
}
