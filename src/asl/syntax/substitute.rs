//! `${Name}`: CloudFormation's and SAM's definition substitutions.
//!
//! A name is letters, digits and `_ . : -`, beginning with a letter. What else stands between `${` and
//! `}` is ordinary text.

use std::collections::BTreeMap;

use super::{Node, Span, Value};

/// A placeholder that nothing fills in.
#[derive(Debug, PartialEq)]
pub(crate) struct Leftover {
    pub(crate) name: String,
    /// Where the text that holds it stands.
    pub(crate) span: Span,
    /// The keys and indices that lead there.
    pub(crate) path: Vec<Step>,
}

/// One step from the root of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// Returns the name if the text begins with `${Name}`.
pub(crate) fn name_at(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("${")?;
    // Not by looking for the brace first: it may be a million characters away from each of a million of these.
    let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_.:-".contains(c)))?;
    let name = &rest[..length];
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic()) && rest[length..].starts_with('}');
    is_name.then_some(name)
}

/// Says whether a text holds a `${Name}`.
pub(crate) fn has_placeholder(text: &str) -> bool {
    text.match_indices("${")
        .any(|(at, _)| name_at(&text[at..]).is_some())
}

/// Returns the message about a placeholder that nothing fills in.
pub(crate) fn missing_message(name: &str) -> String {
    format!("The substitution ${{{name}}} has no value")
}

/// Returns what to do about it.
pub(crate) fn missing_help(name: &str) -> String {
    format!("give it with --set {name}=VALUE")
}

/// Returns the text with its placeholders filled in, and the names of those without a value.
pub(crate) fn fill(text: &str, substitutions: &BTreeMap<String, String>) -> (String, Vec<String>) {
    let (mut out, mut missing) = (String::with_capacity(text.len()), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(name) = name_at(rest) else {
            out.push_str("${");
            rest = &rest["${".len()..];
            continue;
        };
        let length = name.len() + "${}".len();
        match substitutions.get(name) {
            Some(filling) => out.push_str(filling),
            None => {
                out.push_str(&rest[..length]);
                missing.push(name.to_owned());
            }
        }
        rest = &rest[length..];
    }
    out.push_str(rest);
    (out, missing)
}

/// Fills in the placeholders of every text and key of a tree; returns those left over.
pub(crate) fn fill_tree(
    root: &mut Node,
    substitutions: &BTreeMap<String, String>,
    source: &str,
) -> Vec<Leftover> {
    let mut walk = Walk {
        substitutions,
        source,
        path: Vec::new(),
        leftovers: Vec::new(),
    };
    walk.node(root);
    walk.leftovers
}

struct Walk<'a> {
    substitutions: &'a BTreeMap<String, String>,
    source: &'a str,
    path: Vec<Step>,
    leftovers: Vec<Leftover>,
}

impl Walk<'_> {
    fn node(&mut self, node: &mut Node) {
        match &mut node.value {
            Value::Text(text) => self.text(text, &node.span),
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.path.push(Step::Index(index));
                    self.node(item);
                    self.path.pop();
                }
            }
            Value::Object(members) => {
                for member in members {
                    self.path.push(Step::Key(member.key.clone()));
                    self.text(&mut member.key, &member.key_span);
                    if let Some(Step::Key(key)) = self.path.last_mut() {
                        key.clone_from(&member.key);
                    }
                    self.node(&mut member.value);
                    self.path.pop();
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &mut String, span: &Span) {
        if !text.contains("${") {
            return;
        }
        let (filled, missing) = fill(text, self.substitutions);
        *text = filled;
        for name in missing {
            let span = self.place(&name, span);
            self.leftovers.push(Leftover {
                name,
                span,
                path: self.path.clone(),
            });
        }
    }

    /// Finds the placeholder within the source of its text; an escaped one keeps the text's place.
    fn place(&self, name: &str, span: &Span) -> Span {
        let placeholder = format!("${{{name}}}");
        let found = self
            .source
            .get(span.clone())
            .and_then(|text| text.find(&placeholder));
        found.map_or(span.clone(), |at| {
            span.start + at..span.start + at + placeholder.len()
        })
    }
}
