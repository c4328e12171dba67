//! Paths in the tree that a configuration's text becomes: where they lead, and how people write them.
//!
//! Must not know what a key means.

use super::mask;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// Returns where a path leads in the file: its value, or the innermost section that is there.
pub(super) fn place(root: &DeTable<'_>, path: &[String]) -> Range<usize> {
    let Some((first, rest)) = path.split_first() else {
        return 0..0;
    };
    let Some((key, value)) = root.get_key_value(first.as_str()) else {
        return 0..0;
    };
    let (mut span, mut value) = (entry_span(key, value), value);
    for step in rest {
        let below = match value.get_ref() {
            DeValue::Table(table) => {
                let entry = table.get_key_value(step.as_str());
                entry.map(|(key, value)| (entry_span(key, value), value))
            }
            DeValue::Array(items) => {
                let item = step.parse::<usize>().ok().and_then(|at| items.get(at));
                item.map(|item| (item.span(), item))
            }
            _ => None,
        };
        let Some(below) = below else {
            break;
        };
        (span, value) = below;
    }
    span
}

/// A section is shown at its name, anything else at its value.
fn entry_span(key: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) -> Range<usize> {
    if value.get_ref().is_table() {
        key.span()
    } else {
        value.span()
    }
}

/// Returns a path as people write it: workflows by their names.
pub(super) fn written(root: &DeTable<'_>, path: &[String]) -> String {
    let mut path = path.to_vec();
    if let [first, number, ..] = path.as_mut_slice()
        && first == "workflow"
    {
        let workflows = root
            .get("workflow")
            .and_then(|workflows| workflows.get_ref().as_array());
        let workflow = workflows.and_then(|list| list.get(number.parse::<usize>().ok()?));
        let name = workflow.and_then(|workflow| workflow.get_ref().get("name"));
        if let Some(name) = name
            .and_then(|name| name.get_ref().as_str())
            .filter(|name| !name.is_empty() && !mask::is_secret_value(name))
        {
            name.clone_into(number);
        }
    }
    join(&path)
}

/// Joins keys as TOML does.
pub(super) fn join(path: &[String]) -> String {
    let is_bare =
        |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let keys = path.iter().map(|key| {
        if is_bare(key) {
            key.clone()
        } else {
            format!("\"{key}\"")
        }
    });
    keys.collect::<Vec<_>>().join(".")
}
