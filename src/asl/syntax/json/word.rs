//! Values without brackets or quotes: numbers, `true`, `false`, `null`, `${Name}`, and what people
//! write in their place.

use std::collections::BTreeMap;

use super::{Reader, read};
use crate::asl::syntax::{Member, Node, ProblemKind, Span, Value, scalar, substitute};

impl Reader<'_> {
    /// Reads `${Name}` outside quotes.
    pub(super) fn placeholder(&mut self) -> Option<Node> {
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
    pub(super) fn word(&mut self) -> Option<Node> {
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest
            .find(|c: char| " \t\r\n,:{}[]\"'".contains(c))
            .unwrap_or(rest.len());
        if length == 0 {
            let found = self.found();
            self.lost(self.here(), format!("Expected a value, found {found}"), "");
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
            None => "a text must be in double quotes".to_owned(),
        };
        self.problem(ProblemKind::Broken, span.clone(), message, &help);
        meant.map(|(_, value)| Node { span, value })
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
