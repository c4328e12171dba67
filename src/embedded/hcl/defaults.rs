//! What the variables and locals of a file of Terraform stand for when nobody says.
//!
//! Owns which values are plain enough to be known: a text, a number, a switch. Invariant: a file is read once for
//! all of them, and a value whose type nobody says is of the type that it is written as.

use super::super::lookup::Lookup;
use super::skip_space;
use crate::asl::syntax::scalar::is_json_number;
use crate::asl::syntax::{Node, Value};
use std::collections::HashMap;

/// What stands for a number that nobody says.
pub(super) const SAMPLE_NUMBER: &str = "1";

/// The known values of a file: `var.pause`, `local.table`.
#[derive(Default)]
pub(in crate::embedded) struct Defaults {
    values: HashMap<String, Plain>,
}

/// A plain value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::embedded) struct Plain {
    pub(in crate::embedded) text: String,
    /// JSON has it in quotes.
    pub(in crate::embedded) is_text: bool,
    /// Only its type is known.
    pub(in crate::embedded) is_invented: bool,
}

impl Defaults {
    pub(super) fn get(&self, reference: &str) -> Option<&Plain> {
        self.values.get(reference)
    }

    /// Takes a variable's type and default, where they stand in a text.
    pub(in crate::embedded) fn add_variable(
        &mut self,
        text: &str,
        name: &str,
        kind: Option<usize>,
        default: Option<usize>,
    ) {
        let kind = kind.map_or("", |at| word(&text[at..]));
        self.add("var", name, typed(kind, default.and_then(|at| literal(text, at))));
    }

    /// Takes a local value.
    pub(in crate::embedded) fn add_local(&mut self, text: &str, name: &str, at: usize) {
        self.add("local", name, literal(text, at));
    }

    /// Takes those of a file in JSON.
    pub(in crate::embedded) fn of_json(root: &Node, lookup: &Lookup) -> Defaults {
        let mut defaults = Defaults::default();
        for section in blocks(lookup.get(root, "variable")) {
            for variable in section.as_object().unwrap_or_default() {
                for block in blocks(Some(&variable.value)) {
                    let kind = block.get("type").and_then(Node::as_text).unwrap_or_default();
                    let kind = word(kind.trim_start_matches("${"));
                    let value = typed(kind, block.get("default").and_then(plain));
                    defaults.add("var", &variable.key, value);
                }
            }
        }
        for section in blocks(lookup.get(root, "locals")) {
            for local in section.as_object().unwrap_or_default() {
                defaults.add("local", &local.key, plain(&local.value));
            }
        }
        defaults
    }

    fn add(&mut self, source: &str, name: &str, value: Option<Plain>) {
        if let Some(value) = value {
            self.values.insert(format!("{source}.{name}"), value);
        }
    }
}

/// Returns the blocks of a member in JSON: one, or a list of them.
pub(in crate::embedded) fn blocks(node: Option<&Node>) -> &[Node] {
    match node {
        Some(node) => node.as_array().unwrap_or(std::slice::from_ref(node)),
        None => &[],
    }
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    &text[..end.unwrap_or(text.len())]
}

/// Reads a literal; `None` when it is none, or has something to fill in.
fn literal(text: &str, at: usize) -> Option<Plain> {
    let rest = &text[skip_space(text, at)..];
    if let Some(inside) = rest.strip_prefix('"') {
        let inside = &inside[..inside.find(['"', '\n', '\\', '$', '%'])?];
        let is_whole = rest[1 + inside.len()..].starts_with('"');
        return is_whole.then(|| known(inside, true));
    }
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-._".contains(c)));
    let (literal, after) = rest.split_at(end.unwrap_or(rest.len()));
    let follows = after.trim_start_matches([' ', '\t', '\r']);
    let is_whole = follows.is_empty() || follows.starts_with(['\n', '}', '#']) || follows.starts_with("//");
    let is_plain = is_json_number(literal) || ["true", "false"].contains(&literal);
    (is_whole && is_plain).then(|| known(literal, false))
}

fn plain(node: &Node) -> Option<Plain> {
    match &node.value {
        Value::Text(text) if !text.contains(['$', '%']) => Some(known(text, true)),
        Value::Number(text) => Some(known(text, false)),
        Value::Bool(value) => Some(known(&value.to_string(), false)),
        _ => None,
    }
}

fn known(text: &str, is_text: bool) -> Plain {
    Plain {
        text: text.to_owned(),
        is_text,
        is_invented: false,
    }
}

/// Returns a default as Terraform converts it to the type that a variable has.
fn typed(kind: &str, default: Option<Plain>) -> Option<Plain> {
    let sample = match kind {
        "number" => SAMPLE_NUMBER,
        "bool" => "true",
        "string" => return default.map(|default| known(&default.text, true)),
        _ => return default,
    };
    Some(match default {
        Some(default) => known(&default.text, false),
        None => Plain {
            is_invented: true,
            ..known(sample, false)
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_have_a_type() {
        let check = |kind: &str, default: &str, expected: Option<(&str, bool)>| {
            let text = format!("{kind} {default}\n");
            let mut defaults = Defaults::default();
            let at = (!default.is_empty()).then(|| kind.len() + 1);
            defaults.add_variable(&text, "v", Some(0), at);
            let found = defaults.get("var.v").map(|plain| (&*plain.text, plain.is_text));
            assert_eq!(found, expected, "{text}");
        };
        check("", "\"3\"", Some(("3", true)));
        check("", "3 # three", Some(("3", false)));
        check("", "-0.5", Some(("-0.5", false)));
        check("", "true", Some(("true", false)));
        check("number", "\"3\"", Some(("3", false)));
        check("string", "3", Some(("3", true)));
        check("number", "", Some(("1", false)));
        check("bool", "", Some(("true", false)));
        check("", "3 + 4", None);
        check("", "\"${var.x}\"", None);
        check("", "[]", None);
    }
}
