//! The functions that choose, join and fill in: `Fn::If`, `Fn::Sub`, `Fn::Join`, `Fn::Select`, `Fn::FindInMap`, and
//! dynamic references.
//!
//! Owns what each of them makes of its argument; adds its part to [`Evaluator`]. Invariant: text that is made is
//! counted by whoever asked for it.

use super::evaluate::{EXPANDED_BYTES_MAX, Evaluator, Outcome, call_of};
use super::mapped::Mapped;
use super::placeholders::last_word;
use crate::asl::syntax::substitute::name_at;
use crate::asl::syntax::{Node, Span, Value};
use std::collections::BTreeMap;

/// How a dynamic reference of CloudFormation begins, which reads a parameter store at each deployment.
const DYNAMIC: &str = "{{resolve:";

impl<'a> Evaluator<'a> {
    /// Returns what a node is after its conditions have chosen; `None` when that is `AWS::NoValue`.
    pub(super) fn chosen(&mut self, mut node: &'a Node) -> Option<&'a Node> {
        while let Some(("Fn::If", argument)) = call_of(node) {
            node = self.condition(argument, &node.span)?;
        }
        (!is_no_value(node)).then_some(node)
    }

    pub(super) fn condition(&mut self, argument: &'a Node, span: &Span) -> Option<&'a Node> {
        let Some([condition, first, second]) = argument.as_array() else {
            self.fault(span, "Fn::If takes a list of a condition and two values", "");
            return None;
        };
        let name = condition.as_text().unwrap_or_default();
        let known = self.names.given(name);
        if known.is_none() {
            if self.names.has_no_condition(name) {
                self.warn_of_condition(name, &condition.span);
            }
            self.unresolved(name, &condition.span);
        }
        Some(if known == Some("false") { second } else { first })
    }

    pub(super) fn sub(&mut self, argument: &'a Node) -> Mapped {
        let (template, values) = match argument.as_array() {
            Some([template, values]) => (template, values.as_object().unwrap_or_default()),
            _ => (argument, &[][..]),
        };
        let values: BTreeMap<&str, Mapped> = values
            .iter()
            .map(|member| (&*member.key, self.text(&member.value)))
            .collect();
        let text = self.text(template);
        let mut out = Mapped::default();
        let mut done = 0;
        for (at, _) in text.text().match_indices("${") {
            let rest = &text.text()[at..];
            if let Some(literal) = rest.strip_prefix("${!").filter(|_| at >= done) {
                // `${!Name}` is how a `${Name}` is written.
                if let Some(end) = literal
                    .find(['}', '$', '"', '\n'])
                    .filter(|end| literal[*end..].starts_with('}'))
                {
                    out.append_range(&text, done..at + 2);
                    out.append_range(&text, at + 3..at + 3 + end + 1);
                    done = at + 3 + end + 1;
                }
            } else if let Some(name) = name_at(rest).filter(|_| at >= done) {
                let end = at + name.len() + "${}".len();
                out.append_range(&text, done..at);
                match values.get(name) {
                    Some(value) => out.append(value),
                    None => {
                        let value = self.named(name, &text.place(&(at..end)));
                        out.append(&value);
                    }
                }
                done = end;
                if out.len() > EXPANDED_BYTES_MAX {
                    return out;
                }
            }
        }
        out.append_range(&text, done..text.len());
        out
    }

    /// Returns a text with something made up for its dynamic references, `{{resolve:ssm:/price/arn}}`.
    pub(super) fn resolved(&mut self, text: Mapped) -> Mapped {
        let (mut out, mut done) = (Mapped::default(), 0);
        for (start, _) in text.text().match_indices(DYNAMIC) {
            let rest = &text.text()[start..];
            let end = rest.find(['}', '"', '\n']).unwrap_or(rest.len());
            if !rest[end..].starts_with("}}") {
                continue;
            }
            let reference = &rest[2..end];
            let place = text.place(&(start..start + end + 2));
            out.append_range(&text, done..start);
            match self.names.given(reference) {
                Some(given) => out.append(&Mapped::standing_for(given, place)),
                None => {
                    self.unresolved(reference, &place);
                    out.append(&Mapped::unknown(last_word(reference), place));
                }
            }
            done = start + end + 2;
        }
        if done == 0 {
            return text;
        }
        out.append_range(&text, done..text.len());
        out
    }

    pub(super) fn join(&mut self, argument: &'a Node, span: &Span) -> Mapped {
        let Some([separator, list]) = argument.as_array() else {
            self.fault(span, "Fn::Join takes a list of a separator and a list", "");
            return Mapped::default();
        };
        let separator = separator.as_text().unwrap_or_default();
        join(separator, &self.list(list))
    }

    /// Returns the texts of a list.
    pub(super) fn list(&mut self, node: &'a Node) -> Vec<Mapped> {
        let Some(mut node) = self.chosen(node) else {
            return Vec::new();
        };
        if let Some(("Fn::FindInMap", argument)) = call_of(node) {
            match self.find_in_map(argument, &node.span) {
                Outcome::Text(text) => return split(&text, ","),
                Outcome::Tree(tree) => node = tree,
                Outcome::Nothing => return Vec::new(),
            }
        }
        if let Some(items) = node.as_array() {
            let mut texts = Vec::new();
            for item in items {
                if let Some(item) = self.chosen(item) {
                    texts.push(self.text(item));
                }
            }
            return texts;
        }
        let (separator, text) = match call_of(node) {
            Some(("Fn::Split", argument)) => match argument.as_array() {
                Some([separator, text]) => (separator.as_text().unwrap_or_default(), text),
                _ => (",", argument),
            },
            _ => (",", node),
        };
        let text = self.text(text);
        split(&text, if separator.is_empty() { "," } else { separator })
    }

    pub(super) fn select(&mut self, argument: &'a Node, span: &Span) -> Mapped {
        let chosen = argument.as_array().and_then(|pair| {
            let [index, list] = pair else { return None };
            let index: usize = self.text(index).text().parse().ok()?;
            let list = self.list(list);
            // How long a list is that only a deployment knows, nobody can tell.
            let made_up = list.iter().find(|part| part.has_made_up());
            let unknown = made_up.map(|part| Mapped::unknown(last_word(part.text()), span.clone()));
            list.get(index).cloned().or(unknown)
        });
        chosen.unwrap_or_else(|| {
            self.fault(
                span,
                "Fn::Select takes a list of an index and a list that has it",
                "",
            );
            Mapped::default()
        })
    }

    /// Looks into a mapping. Its values are plain: one with a function in it could name itself.
    pub(super) fn find_in_map(&mut self, argument: &'a Node, span: &Span) -> Outcome<'a> {
        let keys = self.list(argument);
        let keys: Vec<&str> = keys.iter().map(Mapped::text).collect();
        match self.names.mapped(&keys) {
            Some(node) if is_plain(node) => {
                let text = Mapped::standing_for(self.text(node).text(), span.clone());
                Outcome::Text(self.made(text, span))
            }
            Some(node) if node.as_array().is_some_and(|items| items.iter().all(is_plain)) => {
                Outcome::Tree(node)
            }
            Some(node) => {
                let help = "AWS allows no functions in Mappings";
                self.fault(
                    &node.span,
                    "The value of a mapping is a text or a list of texts",
                    help,
                );
                Outcome::Text(Mapped::default())
            }
            None => {
                let text = self.valued(&keys.join("."), span);
                Outcome::Text(self.made(text, span))
            }
        }
    }
}

pub(super) fn is_text(node: &Node, text: &str) -> bool {
    node.as_text() == Some(text)
}

fn is_no_value(node: &Node) -> bool {
    call_of(node).is_some_and(|(name, argument)| name == "Ref" && is_text(argument, "AWS::NoValue"))
}

fn is_plain(node: &Node) -> bool {
    matches!(node.value, Value::Text(_) | Value::Number(_) | Value::Bool(_))
}

/// Returns the parts of a text between separators, which must not be empty.
fn split(text: &Mapped, separator: &str) -> Vec<Mapped> {
    let mut parts = Vec::new();
    let mut at = 0;
    for part in text.text().split(separator) {
        let mut piece = Mapped::default();
        piece.append_range(text, at..at + part.len());
        parts.push(piece);
        at += part.len() + separator.len();
    }
    parts
}

pub(super) fn join(separator: &str, parts: &[Mapped]) -> Mapped {
    let mut out = Mapped::default();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            let place = part.place(&(0..0));
            out.stand_in(separator, place);
        }
        out.append(part);
        if out.len() > EXPANDED_BYTES_MAX {
            break;
        }
    }
    out
}
