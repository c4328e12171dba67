//! Texts with `${NAME}` in them, as other programs' configurations have them.
//!
//! Nothing replaces them here, and the brokers would get them as they are. Owns what is said about them; must not
//! know the environment. Invariant: no value is shown, only the name in the braces.

use super::variable::{PREFIX, WORKFLOW, plain};
use toml::de::{DeTable, DeValue};

/// A text that waits to be replaced.
pub(super) struct Unreplaced {
    pub(super) path: Vec<String>,
    /// Whether the text would go to the brokers.
    pub(super) is_kafka: bool,
    pub(super) message: String,
    pub(super) help: String,
}

/// Finds all texts that have `${NAME}` in them.
pub(super) fn unreplaced(root: &DeTable<'_>) -> Vec<Unreplaced> {
    let mut found = Vec::new();
    table(root, root, &mut Vec::new(), &mut found);
    found
}

fn table(root: &DeTable<'_>, section: &DeTable<'_>, path: &mut Vec<String>, found: &mut Vec<Unreplaced>) {
    for (key, entry) in section {
        path.push(key.get_ref().to_string());
        value(root, entry.get_ref(), path, found);
        path.pop();
    }
}

fn value(root: &DeTable<'_>, entry: &DeValue<'_>, path: &mut Vec<String>, found: &mut Vec<Unreplaced>) {
    match entry {
        DeValue::Table(section) => table(root, section, path, found),
        DeValue::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                path.push(number.to_string());
                value(root, item.get_ref(), path, found);
                path.pop();
            }
        }
        DeValue::String(text) => found.extend(name(text).map(|name| Unreplaced {
            path: path.clone(),
            is_kafka: path.first().is_some_and(|section| section == "kafka"),
            message: format!("${{{name}}} is not replaced here"),
            help: help(root, path, name, text),
        })),
        _ => {}
    }
}

/// Returns the name in the first `${NAME}` of a text; what follows the name, as in `${NAME:-x}`, is left out.
fn name(text: &str) -> Option<&str> {
    text.match_indices("${").find_map(|(start, _)| {
        let (inside, _) = text[start + 2..].split_once('}')?;
        // `${env:NAME}` has the name second.
        let inside = inside.strip_prefix("env:").unwrap_or(inside);
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = inside.find(|c| !is_part(c)).unwrap_or(inside.len());
        let is_rest = end == inside.len() || inside[end..].starts_with([':', '-', '?', '.', '/', '+']);
        let is_name = inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        (is_name && is_rest).then(|| &inside[..end])
    })
}

fn help(root: &DeTable<'_>, path: &[String], name: &str, text: &str) -> String {
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    match keys.as_slice() {
        ["kafka", "secrets", _, "env"] | ["tasks", _, "headers", _, "env"] | ["connections", .., "env"] => {
            format!("write env = \"{name}\"")
        }
        ["tasks", _, "headers", _] | ["connections", ..] => {
            match text.starts_with("${") && text.ends_with('}') {
                true => format!("write {{ env = \"{name}\" }}"),
                false => format!("write {{ env = \"{name}\" }}, and put the whole text into the variable"),
            }
        }
        ["kafka", "properties" | "consumer" | "producer", key] => {
            format!("in [kafka.secrets] write \"{key}\" = {{ env = \"{name}\" }}")
        }
        [WORKFLOW, number, "substitutions", key] => match workflow(root, number) {
            // Their names are kept as they are written.
            Some(workflow) if is_variable(key) => {
                format!("set {PREFIX}WORKFLOW__{}__SUBSTITUTIONS__{key}", plain(workflow))
            }
            _ => "write the value".to_owned(),
        },
        [WORKFLOW, number, rest @ ..] => match workflow(root, number) {
            Some(workflow) => format!("set {PREFIX}WORKFLOW__{}__{}", plain(workflow), variable(rest)),
            None => "write the value".to_owned(),
        },
        ["tasks", ..] | ["kafka", "secrets", ..] => "write the value".to_owned(),
        keys => format!("set {PREFIX}{}", variable(keys)),
    }
}

fn is_variable(key: &str) -> bool {
    key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Returns keys as a variable has them; an item of a list is set with the list.
fn variable(keys: &[&str]) -> String {
    let is_key = |key: &&&str| key.parse::<usize>().is_err();
    let keys = keys.iter().take_while(is_key).map(|key| key.to_ascii_uppercase());
    keys.collect::<Vec<_>>().join("__")
}

fn workflow<'r>(root: &'r DeTable<'_>, number: &str) -> Option<&'r str> {
    let list = root.get(WORKFLOW)?.get_ref().as_array()?;
    let name = list.get(number.parse::<usize>().ok()?)?.get_ref().get("name")?;
    name.get_ref().as_str()
}
