//! The text of a definition as a tree with positions.
//!
//! Owns the tree, its limits, and the two readers (`json` and `yaml`) that make it. Knows nothing of
//! states: what a key means is validation's business, which cannot tell from which format a tree came.
//! Invariant: every span lies in the source text, at character boundaries, and no tree is deeper than
//! [`DEPTH_MAX`], so whoever walks it may recurse.

pub(crate) mod json;
mod lines;
pub(crate) mod scalar;
pub(crate) mod spelling;
pub(crate) mod substitute;
#[cfg(test)]
mod tests;
pub(crate) mod yaml;

pub(crate) use lines::{LineIndex, Lines};

use std::collections::HashMap;
use std::ops::Range;

/// The longest definition that is read, in bytes (facts 1.2: 1 MB).
pub(crate) const DEFINITION_BYTES_MAX: usize = 1_048_576;

/// The deepest nesting of arrays and objects that is read; beyond it a definition is
/// `TOO_DEEPLY_NESTED` (facts 4.4). Small enough for a recursive walk on a thread's stack.
pub(crate) const DEPTH_MAX: usize = 200;

/// The number of syntax problems after which reading gives up: more are noise.
pub(crate) const PROBLEMS_MAX: usize = 20;

/// A byte range of the source text.
pub(crate) type Span = Range<usize>;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// The value's own text.
    pub(crate) span: Span,
    /// The value.
    pub(crate) value: Value,
}

/// A JSON value; a number keeps its notation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// One member of an object; keys are unique, in the order of the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

/// What a reader makes of a text.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// The tree; `None` when nothing was recognized.
    pub(crate) root: Option<Node>,
    /// What is wrong with the text, in its order.
    pub(crate) problems: Vec<Problem>,
    /// Keys that an object has twice: the later value counts, as on AWS.
    pub(crate) duplicates: Vec<Duplicate>,
}

/// A fault of the text.
#[derive(Debug, PartialEq)]
pub(crate) struct Problem {
    pub(crate) kind: ProblemKind,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// How bad a fault of the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    /// What was meant is certain, so the tree is whole: a trailing comma, a comment.
    Slip,
    /// Part of the tree is missing or guessed.
    Broken,
    /// Nested deeper than [`DEPTH_MAX`].
    TooDeep,
}

/// A key that an object has twice.
#[derive(Debug, PartialEq)]
pub(crate) struct Duplicate {
    pub(crate) key: String,
    /// Where it stands again.
    pub(crate) span: Span,
}

impl Node {
    /// Returns the text of a text.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the members of an object.
    pub(crate) fn as_object(&self) -> Option<&[Member]> {
        match &self.value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Returns the items of an array.
    pub(crate) fn as_array(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the member of an object with this key.
    pub(crate) fn member(&self, key: &str) -> Option<&Member> {
        self.as_object()?.iter().find(|member| member.key == key)
    }

    /// Returns the value of an object under this key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.member(key).map(|member| &member.value)
    }

    /// Appends the value as dense JSON text.
    pub(crate) fn write_json(&self, out: &mut String) {
        match &self.value {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Number(text) => out.push_str(text),
            Value::Text(text) => write_text(text, out),
            Value::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Value::Object(members) => {
                out.push('{');
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_text(&member.key, out);
                    out.push(':');
                    member.value.write_json(out);
                }
                out.push('}');
            }
        }
    }

    /// Returns the value as dense JSON text.
    pub(crate) fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }
}

/// Collects the members of an object: a key that is there already keeps its place and takes the new
/// value, as AWS's reader does.
#[derive(Default)]
pub(crate) struct Members {
    list: Vec<Member>,
    // A definition of 1 MiB has room for 100,000 keys in one object: no search through the list.
    places: HashMap<String, usize>,
}

impl Members {
    /// Adds a member, or replaces the one of the same key and notes that.
    pub(crate) fn insert(&mut self, member: Member, duplicates: &mut Vec<Duplicate>) {
        if let Some(known) = self
            .places
            .get(&member.key)
            .and_then(|place| self.list.get_mut(*place))
        {
            duplicates.push(Duplicate {
                key: member.key,
                span: member.key_span.clone(),
            });
            known.key_span = member.key_span;
            known.value = member.value;
            return;
        }
        self.places.insert(member.key.clone(), self.list.len());
        self.list.push(member);
    }

    /// Returns the object.
    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.list)
    }
}

/// Appends a JSON string: only what must be escaped is.
pub(crate) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
}
