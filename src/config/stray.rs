//! Variables that look like keys and are none: `STEPSTREAM_KAFKA__BROKERS`, with one underscore.
//!
//! Not every `STEPSTREAM_` variable is meant for us: Kubernetes gives each pod `STEPSTREAM_SERVICE_HOST` and more
//! for a service named stepstream. So those are refused that are a key but for their underscores and one letter;
//! others are somebody else's. Invariant: a variable that Kubernetes makes is never refused.

use super::shape::Shape;
use super::variable::{PREFIX, STRAY_PREFIX, WORKFLOW, plain};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Sections whose keys are librdkafka's.
const OPEN: [&str; 3] = ["KAFKA__PROPERTIES__", "KAFKA__CONSUMER__", "KAFKA__PRODUCER__"];

/// Returns how a variable was meant, if it looks like a key.
pub(super) fn meant(root: &DeTable<'_>, file: &Shape, name: &str) -> Option<String> {
    let rest = flat(name.strip_prefix(STRAY_PREFIX)?);
    let mut keys = Vec::new();
    collect(file, "", &mut keys);
    if let Some(Shape::List(item)) = file.get(WORKFLOW) {
        for workflow in workflows(root) {
            collect(item, &format!("WORKFLOW__{workflow}__"), &mut keys);
        }
    }
    let property = OPEN.iter().find_map(|section| {
        let key = rest.strip_prefix(&flat(section))?;
        (!key.is_empty()).then(|| format!("{section}{key}"))
    });
    let is_meant = |key: &String| strsim::damerau_levenshtein(&flat(key), &rest) <= 1;
    let key = property.or_else(|| keys.into_iter().find(is_meant))?;
    Some(format!("{PREFIX}{key}"))
}

/// Returns a name with underscores that all count the same.
fn flat(name: &str) -> String {
    name.to_ascii_uppercase().replace("__", "_")
}

/// Adds the names of all keys of a section, as variables have them.
fn collect(shape: &Shape, path: &str, names: &mut Vec<String>) {
    let Shape::Table { keys, .. } = shape else {
        return;
    };
    for (key, below) in keys {
        let name = format!("{path}{}", key.to_ascii_uppercase());
        match below {
            Shape::Table { .. } => collect(below, &format!("{name}__"), names),
            _ => names.push(name),
        }
    }
}

/// Returns the names of the workflows, as variables have them.
fn workflows(root: &DeTable<'_>) -> Vec<String> {
    let Some(DeValue::Array(workflows)) = root.get(WORKFLOW).map(Spanned::get_ref) else {
        return Vec::new();
    };
    let tables = workflows.iter().filter_map(|workflow| match workflow.get_ref() {
        DeValue::Table(table) => table.get("name"),
        _ => None,
    });
    tables
        .filter_map(|name| name.get_ref().as_str().map(plain))
        .collect()
}
