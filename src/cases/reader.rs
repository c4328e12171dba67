//! Reading members of a tree, with a diagnostic for whatever is not as it should be.

use crate::asl::place::Place;
use crate::asl::syntax::{self, Lines, Member, Node, Span, Value};
use crate::asl::{Diagnostic, Format, Severity, Source, suggest};
use std::collections::BTreeMap;

/// The code of every diagnostic about a case file.
const CODE: &str = "CASE_FILE";

/// A case file that is being read.
pub(super) struct Reader<'a> {
    source: Source<'a>,
    lines: Lines<'a>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &Source<'a>) -> Reader<'a> {
        Reader {
            source: *source,
            lines: Lines::new(source.text),
            diagnostics: Vec::new(),
        }
    }

    /// Reads the text as a tree; `None` when it is not well-formed.
    pub(super) fn tree(&mut self) -> Option<Node> {
        let none = BTreeMap::new();
        let reading = match self.source.format {
            Format::Json => syntax::json::read(self.source.text, &none),
            Format::Yaml => syntax::yaml::read(self.source.text, &none),
        };
        for problem in reading.problems {
            self.error(&Place::ROOT, &problem.span, problem.message, problem.help);
        }
        for duplicate in reading.duplicates {
            let message = format!("\"{}\" is given twice", duplicate.key);
            self.error(&Place::ROOT, &duplicate.span, message, None);
        }
        if reading.root.is_none() && self.diagnostics.is_empty() {
            let help = "a case file begins with {\"definition\": …, \"cases\": […]}".to_owned();
            self.error(&Place::ROOT, &(0..0), "The file is empty", Some(help));
        }
        reading.root.filter(|_| self.diagnostics.is_empty())
    }

    pub(super) fn line(&self, span: &Span) -> usize {
        self.lines.position(span.start).0
    }

    pub(super) fn error(
        &mut self,
        place: &Place<'_>,
        span: &Span,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let (line, column) = self.lines.position(span.start);
        self.diagnostics.push(Diagnostic {
            code: CODE,
            severity: Severity::Error,
            message: message.into(),
            pointer: place.pointer(),
            location: None,
            line,
            column,
            span: span.clone(),
            help,
        });
    }

    /// Returns the members of an object; complains about one that is not known.
    pub(super) fn object<'n>(&mut self, place: &Place<'_>, node: &'n Node, known: &[&str]) -> &'n [Member] {
        let Some(members) = node.as_object() else {
            self.expected(place, node, "an object");
            return &[];
        };
        for member in members {
            if !known.contains(&member.key.as_str()) {
                let help = suggest::did_you_mean(&member.key, known.iter().copied())
                    .or_else(|| Some(format!("known here: {}", known.join(", "))));
                let message = format!("Unknown field \"{}\"", member.key);
                self.error(&place.key(&member.key), &member.key_span, message, help);
            }
        }
        members
    }

    /// Complains about a value of the wrong type.
    pub(super) fn expected(&mut self, place: &Place<'_>, node: &Node, what: &str) {
        let is = match &node.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.error(
            place,
            &node.span,
            format!("This must be {what}, but is {is}"),
            None,
        );
    }

    pub(super) fn text(&mut self, place: &Place<'_>, node: &Node) -> Option<String> {
        let text = node.as_text().map(str::to_owned);
        if text.is_none() {
            self.expected(place, node, "a text");
        }
        text
    }

    pub(super) fn boolean(&mut self, place: &Place<'_>, node: &Node) -> Option<bool> {
        if let Value::Bool(value) = node.value {
            return Some(value);
        }
        self.expected(place, node, "true or false");
        None
    }

    /// Reads a number of seconds, as milliseconds.
    pub(super) fn seconds(&mut self, place: &Place<'_>, node: &Node) -> Option<i64> {
        if let Value::Number(text) = &node.value
            && let Ok(seconds @ 0.0..=1e9) = text.parse::<f64>()
        {
            return Some((seconds * 1_000.0).round() as i64);
        }
        self.expected(place, node, "a number of seconds, 0 or more");
        None
    }

    pub(super) fn count(&mut self, place: &Place<'_>, node: &Node) -> Option<u64> {
        if let Value::Number(text) = &node.value
            && let Ok(count) = text.parse()
        {
            return Some(count);
        }
        self.expected(place, node, "a whole number");
        None
    }

    pub(super) fn time(&mut self, place: &Place<'_>, node: &Node) -> Option<i64> {
        let text = self.text(place, node)?;
        let time = crate::timestamp::parse(&text);
        if time.is_none() {
            let help = "write it as 2025-01-31T12:00:00Z".to_owned();
            self.error(place, &node.span, "This is not a time", Some(help));
        }
        i64::try_from(time? / 1_000_000).ok()
    }

    /// Says whether a part of the file has the escape of a surrogate without the other one, which is no character.
    pub(super) fn has_lone_surrogate(&self, span: &Span) -> bool {
        let text = self.source.text.get(span.clone()).unwrap_or_default();
        self.source.format == Format::Json && has_lone_surrogate(text)
    }

    /// Calls `each` for the items of a list.
    pub(super) fn list(
        &mut self,
        place: &Place<'_>,
        node: &Node,
        mut each: impl FnMut(&mut Self, &Place<'_>, &Node),
    ) {
        let Some(items) = node.as_array() else {
            return self.expected(place, node, "a list");
        };
        for (at, item) in items.iter().enumerate() {
            each(self, &place.index(at), item);
        }
    }

    /// Calls `each` for the members of an object with free names.
    pub(super) fn map(
        &mut self,
        place: &Place<'_>,
        node: &Node,
        mut each: impl FnMut(&mut Self, &Place<'_>, &str, &Node),
    ) {
        let Some(members) = node.as_object() else {
            return self.expected(place, node, "an object");
        };
        for member in members {
            each(self, &place.key(&member.key), &member.key, &member.value);
        }
    }

    /// Returns a part of the file as a text of its own in which everything keeps its place.
    pub(super) fn excerpt(&self, node: &Node) -> String {
        if self.source.format == Format::Yaml {
            return node.to_json();
        }
        let before = self.source.text[..node.span.start].bytes();
        let mut out: String = before
            .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
            .collect();
        out.push_str(&self.source.text[node.span.clone()]);
        out
    }
}

fn has_lone_surrogate(json: &str) -> bool {
    let (mut offset, mut low_wanted_at) = (0, None);
    while let Some(found) = json[offset..].find('\\') {
        let start = offset + found;
        let digits = json[start..].strip_prefix("\\u").and_then(|rest| rest.get(..4));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match (code, low_wanted_at) {
            (Some(0xDC00..0xE000), Some(wanted)) if wanted == start => low_wanted_at = None,
            (Some(0xDC00..0xE000), _) | (_, Some(_)) => return true,
            (Some(0xD800..0xDC00), None) => low_wanted_at = Some(start + 6),
            (_, None) => {}
        }
        // The character behind it may be a backslash too.
        let escaped = json[start + 1..].chars().next().map_or(0, char::len_utf8);
        offset = start + if code.is_some() { 6 } else { 1 + escaped };
    }
    low_wanted_at.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogates() {
        for (json, expected) in [
            (r#""a""#, false),
            (r#""\ud83d\ude00""#, false),
            (r#""\ud83d\ude00 \u00e9\ud83d\ude00""#, false),
            (r#""\\ud800""#, false),
            (r#""\ud800""#, true),
            (r#""\ud800x\udc00""#, true),
            (r#""\ud800\n""#, true),
            (r#""\udc00""#, true),
            (r#""\ud800\ud800""#, true),
            (r#""\uD83D\uDE00\uDE00""#, true),
        ] {
            assert_eq!(has_lone_surrogate(json), expected, "{json}");
        }
    }
}
