//! Variables that have the name of a function.
//!
//! In JSONata a variable `count` hides the function `$count`, so an expression that calls it fails. JSONPath knows no
//! such functions; a machine may well have a variable of that name.

use super::flow::INNER;
use crate::asl::syntax::{Member, Node, Value};
use std::collections::BTreeSet;

/// Returns the names of all variables that a definition assigns.
pub(super) fn variables(root: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect(root, &mut names);
    names
}

fn collect(node: &Node, names: &mut BTreeSet<String>) {
    match &node.value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(members) => {
            for Member { key, value, .. } in members {
                if key == "Assign" {
                    let assigned = value.as_object().unwrap_or_default().iter();
                    names.extend(assigned.map(|member| {
                        let name = member.key.strip_suffix(".$");
                        name.unwrap_or(&member.key).to_owned()
                    }));
                }
                collect(value, names);
            }
        }
        _ => {}
    }
}

/// Returns the variable that hides a function which a state's own expressions call.
pub(super) fn hidden(node: &Node, variables: &BTreeSet<String>) -> Option<String> {
    match &node.value {
        Value::Text(text) if text.starts_with("{%") => {
            let mut called = text.split('$').skip(1).filter_map(|rest| rest.split_once('('));
            called.find_map(|(name, _)| variables.get(name).cloned())
        }
        Value::Array(items) => items.iter().find_map(|item| hidden(item, variables)),
        Value::Object(members) => members
            .iter()
            // The states within are looked at on their own.
            .filter(|member| !INNER.contains(&member.key.as_str()))
            .find_map(|member| hidden(&member.value, variables)),
        _ => None,
    }
}
