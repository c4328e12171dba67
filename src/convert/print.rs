//! A definition's tree as JSON for reading.
//!
//! What stood on one line stays on one if it fits; anything else is indented by two blanks.

use crate::asl::syntax::{Node, Value, write_text};

/// Characters of a line up to which a value stays on it.
const WIDTH_MAX: usize = 100;

/// Returns the tree as JSON text; `source` is the text that its places are in.
pub(super) fn json(root: &Node, source: &str) -> String {
    let mut printer = Printer {
        source,
        out: String::new(),
    };
    printer.value(root, 0, 0);
    printer.out.push('\n');
    printer.out
}

struct Printer<'a> {
    source: &'a str,
    out: String,
}

impl Printer<'_> {
    /// Writes a value behind `before` characters of its line.
    fn value(&mut self, node: &Node, depth: usize, before: usize) {
        let items: Vec<(Option<&str>, &Node)> = match &node.value {
            Value::Array(items) => items.iter().map(|item| (None, item)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|member| (Some(&*member.key), &member.value))
                .collect(),
            _ => return node.write_json(&mut self.out),
        };
        let line = spaced(node);
        let is_short = before + line.chars().count() <= WIDTH_MAX;
        if items.is_empty() || (is_short && depth > 1 && self.stands_on_one_line(node)) {
            self.out.push_str(&line);
            return;
        }
        let [open, close] = match node.value {
            Value::Array(_) => ['[', ']'],
            _ => ['{', '}'],
        };
        self.out.push(open);
        for (index, (key, value)) in items.into_iter().enumerate() {
            self.out.push_str(if index > 0 { ",\n" } else { "\n" });
            self.indent(depth + 1);
            let start = self.out.len();
            if let Some(key) = key {
                write_text(key, &mut self.out);
                self.out.push_str(": ");
            }
            let written = (depth + 1) * 2 + self.out[start..].chars().count();
            self.value(value, depth + 1, written);
        }
        self.out.push('\n');
        self.indent(depth);
        self.out.push(close);
    }

    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n("  ", depth));
    }

    fn stands_on_one_line(&self, node: &Node) -> bool {
        self.source
            .get(node.span.clone())
            .is_some_and(|text| !text.contains('\n'))
    }
}

/// Returns a value on one line, with blanks behind commas and colons.
fn spaced(node: &Node) -> String {
    let mut out = String::new();
    write_spaced(node, &mut out);
    out
}

fn write_spaced(node: &Node, out: &mut String) {
    match &node.value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_spaced(item, out);
            }
            out.push(']');
        }
        Value::Object(members) if members.is_empty() => out.push_str("{}"),
        Value::Object(members) => {
            out.push_str("{ ");
            for (index, member) in members.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_text(&member.key, out);
                out.push_str(": ");
                write_spaced(&member.value, out);
            }
            out.push_str(" }");
        }
        _ => node.write_json(out),
    }
}
