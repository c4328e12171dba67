//! Keys from the environment: `STEPSTREAM__SECTION__KEY`.
//!
//! Two underscores stand between the parts, letters may be large or small. A workflow goes by its name, in
//! which everything but letters and digits is `_`. Below `KAFKA__PROPERTIES`, `__CONSUMER` and
//! `__PRODUCER` a `_` is the `.` of the property. `[tasks]` and secrets stand in the file. Invariant: a
//! variable with the prefix is used or refused, never passed over. What has it nearly, `stray` knows; how names are written, `variable`.

use super::shape::Shape;
use super::stray::meant;
use super::variable::{PREFIX, STRAY_PREFIX, WORKFLOW, plain};
use crate::asl::suggest::did_you_mean;
use std::borrow::Cow;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Returns the process's variables that can be read as text, for [`super::Config::read`].
pub fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text)
}

/// A variable that overrides a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Override {
    pub(super) name: String,
    pub(super) value: String,
}

/// Takes the variables that are, or may be, meant for the configuration, by name.
pub(super) fn overrides(environment: impl IntoIterator<Item = (String, String)>) -> Vec<Override> {
    let ours = environment
        .into_iter()
        .filter(|(name, _)| name.starts_with(STRAY_PREFIX));
    let mut found: Vec<Override> = ours.map(|(name, value)| Override { name, value }).collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// Why a variable cannot be used.
pub(super) struct Unusable {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl From<String> for Unusable {
    fn from(message: String) -> Unusable {
        Unusable { message, help: None }
    }
}

/// Puts a variable's value into the tree, with a span that tells it from the file's.
pub(super) fn apply<'a>(
    root: &mut DeTable<'a>,
    variable: &'a Override,
    file: &Shape,
    span: Range<usize>,
) -> Result<(), Unusable> {
    let Some(name) = variable.name.strip_prefix(PREFIX) else {
        return match meant(root, file, &variable.name) {
            Some(meant) => Err(Unusable {
                message: "two underscores separate the parts".to_owned(),
                help: Some(format!("did you mean {meant}?")),
            }),
            None => Ok(()),
        };
    };
    let parts: Vec<&str> = name.split("__").collect();
    let (mut table, mut shape, mut path, keys) = match parts.as_slice() {
        [first, name, keys @ ..] if first.eq_ignore_ascii_case(WORKFLOW) && !keys.is_empty() => {
            let item = match file.get(WORKFLOW) {
                Some(Shape::List(item)) => item,
                _ => file,
            };
            (workflow(root, name)?, item, WORKFLOW.to_owned(), keys)
        }
        [first, ..] if first.eq_ignore_ascii_case(WORKFLOW) => {
            return Err("write it as STEPSTREAM__WORKFLOW__<NAME>__<KEY>"
                .to_owned()
                .into());
        }
        keys => (root, file, String::new(), keys),
    };
    let Some((last, sections)) = keys.split_last().filter(|(last, _)| !last.is_empty()) else {
        return Err("it names no key".to_owned().into());
    };
    for part in sections {
        let key = key_of(shape, &path, part)?;
        table = section(table, &key, &span)?;
        shape = shape.get(&key).unwrap_or(file);
        path = if path.is_empty() {
            key
        } else {
            format!("{path}.{key}")
        };
    }
    let key = key_of(shape, &path, last)?;
    let value = value(shape.get(&key), &variable.value)?;
    let key_span = table
        .get_key_value(key.as_str())
        .map_or(span.clone(), |(known, _)| known.span());
    table.insert(Spanned::new(key_span, Cow::Owned(key)), Spanned::new(span, value));
    Ok(())
}

/// Sections that stand in the file alone.
const FILE_ONLY: [&str; 2] = ["tasks", "connections"];

/// Returns the key that a part of a name stands for.
fn key_of(shape: &Shape, path: &str, part: &str) -> Result<String, Unusable> {
    let Shape::Table { keys, others } = shape else {
        return Err(format!("{path} has no keys").into());
    };
    let lower = part.to_ascii_lowercase();
    let is_of_file = path.is_empty() && FILE_ONLY.contains(&lower.as_str());
    if keys.contains_key(&lower) && !is_of_file {
        return Ok(lower);
    }
    match path {
        _ if others.is_none() && !is_of_file => Err(Unusable {
            message: format!(
                "there is no key {lower}{}",
                if path.is_empty() { "" } else { " there" }
            ),
            help: did_you_mean(&lower, keys.keys().map(String::as_str)),
        }),
        "kafka.properties" | "kafka.consumer" | "kafka.producer" => Ok(lower.replace('_', ".")),
        path if path.ends_with(".substitutions") => Ok(part.to_owned()),
        _ => Err("this cannot be set from the environment, only in the file"
            .to_owned()
            .into()),
    }
}

/// Finds a workflow by its name as a variable has it.
fn workflow<'t, 'a>(root: &'t mut DeTable<'a>, part: &str) -> Result<&'t mut DeTable<'a>, Unusable> {
    let none = || {
        Unusable::from(format!(
            "no workflow has a name like {}",
            part.to_ascii_lowercase()
        ))
    };
    let Some(DeValue::Array(workflows)) = root.get_mut(WORKFLOW).map(Spanned::get_mut) else {
        return Err(none());
    };
    let tables = workflows
        .iter_mut()
        .filter_map(|workflow| match workflow.get_mut() {
            DeValue::Table(table) => Some(table),
            _ => None,
        });
    let name = |table: &DeTable<'_>| {
        table
            .get("name")
            .and_then(|name| name.get_ref().as_str().map(plain))
    };
    tables
        .into_iter()
        .find(|table| name(table).as_deref() == Some(&*plain(part)))
        .ok_or_else(none)
}

/// Returns a section, made if it is not there.
fn section<'t, 'a>(
    table: &'t mut DeTable<'a>,
    key: &str,
    span: &Range<usize>,
) -> Result<&'t mut DeTable<'a>, Unusable> {
    if !table.contains_key(key) {
        let empty = DeValue::Table(DeTable::new());
        table.insert(
            Spanned::new(span.clone(), Cow::Owned(key.to_owned())),
            Spanned::new(span.clone(), empty),
        );
    }
    match table.get_mut(key).map(Spanned::get_mut) {
        Some(DeValue::Table(table)) => Ok(table),
        _ => Err(format!("{key} is not a section").into()),
    }
}

/// Reads a value as its key wants it: texts as they are, lists with commas or as TOML, the rest as TOML.
fn value<'a>(shape: Option<&Shape>, text: &'a str) -> Result<DeValue<'a>, Unusable> {
    let as_text = || DeValue::String(Cow::Borrowed(text));
    let as_toml = || DeValue::parse(text).ok().map(Spanned::into_inner);
    match shape {
        Some(Shape::Text) => Ok(as_text()),
        Some(Shape::Table { .. }) => Err("this is a section: name one of its keys".to_owned().into()),
        Some(Shape::List(_)) if !text.trim_start().starts_with('[') => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            let part = |part| Spanned::new(0..0, DeValue::String(Cow::Borrowed(part)));
            Ok(DeValue::Array(parts.map(part).collect()))
        }
        Some(Shape::List(_)) => as_toml().ok_or_else(|| format!("\"{text}\" is not a list").into()),
        _ => Ok(as_toml().unwrap_or_else(as_text)),
    }
}
