//! From a text to a [`Config`], with every mistake on the way.
//!
//! The text becomes a tree with places; overrides go into the tree; unknown keys are named and taken out;
//! what cannot be read into the structs is named and taken out, one after the other. Invariant: there is a
//! configuration only when there was no error.

use super::dollar::unreplaced;
use super::environment::{self, Override};
use super::problem::{Problem, Reading};
use super::shape::Shape;
use super::tree::{join, place, written};
use super::{Config, Events, mask, validate};
use crate::asl::Severity;
use crate::asl::suggest::did_you_mean;
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

/// Values of wrong types after which reading gives up.
const PROBLEMS_MAX: usize = 50;

/// What is said of a value that may be a secret: the reader's own messages repeat values.
const HIDDEN: &str = "this value cannot be used; it is not shown";

/// What stands under a pattern of `[tasks]`.
const ENTRY: &str = "a table: { http = \"URL\" }, { function = \"NAME\" }, { runtime = [\"COMMAND\"] }, { aws = true }, { kafka = [\"TOPIC\"] } or { endpoints = [\"URL\"] }";

/// Reads and checks a configuration.
pub(super) fn read(
    text: &str,
    environment: impl IntoIterator<Item = (String, String)>,
    events: Events,
) -> Reading {
    let overrides = environment::overrides(environment);
    let mut reader = Reader {
        text,
        overrides: &overrides,
        events,
        problems: Vec::new(),
        secret_keys: Vec::new(),
    };
    let config = reader.read();
    let mut problems = reader.problems;
    for problem in &mut problems {
        for secret in &reader.secret_keys {
            problem.hide(secret);
        }
    }
    // A stable sort: at one place, in the order of finding.
    problems.sort_by_key(|problem| problem.span.start);
    let is_refused = problems.iter().any(|problem| problem.severity == Severity::Error);
    Reading {
        config: config.filter(|_| !is_refused),
        problems,
    }
}

struct Reader<'a> {
    text: &'a str,
    overrides: &'a [Override],
    events: Events,
    problems: Vec<Problem>,
    /// Keys that may be secrets in the wrong place: no message has them.
    secret_keys: Vec<String>,
}

impl<'a> Reader<'a> {
    fn read(&mut self) -> Option<Config> {
        let (root, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            self.add(
                error.span().unwrap_or_default(),
                String::new(),
                sentence(error.message()),
                None,
            );
        }
        if !errors.is_empty() {
            return None;
        }
        let shape = Shape::of_file();
        let (span, mut root) = (root.span(), root.into_inner());
        self.secret_keys = mask::secret_keys(&root);
        for (number, variable) in self.overrides.iter().enumerate() {
            let place = self.place_of(number);
            if let Err(problem) = environment::apply(&mut root, variable, &shape, place.clone()) {
                self.add(place, String::new(), problem.message, problem.help);
            }
        }
        self.unknown_keys(&mut root, &shape, &mut Vec::new());
        let config = self.deserialize(&mut root, span)?;
        let mut findings = validate::validate(&config, self.events);
        if !self.problems.is_empty() {
            // What was taken out may be what another key needs.
            findings.retain(|finding| finding.is_alone && is_there(&root, &finding.path));
        }
        for text in unreplaced(&root) {
            let key = written(&root, &text.path);
            self.add(place(&root, &text.path), key, text.message, Some(text.help));
            // What else is wrong with the text is wrong because nothing replaced it: one slip, one problem.
            let (same, others): (Vec<_>, Vec<_>) = findings
                .into_iter()
                .partition(|finding| is_of_same_value(&finding.path, &text.path));
            findings = others;
            let is_error = |finding: &validate::Finding| finding.severity == Severity::Error;
            let is_refused = text.is_kafka || same.iter().any(is_error);
            if let Some(problem) = self.problems.last_mut().filter(|_| !is_refused) {
                problem.severity = Severity::Warning;
            }
        }
        for finding in findings {
            let span = place(&root, &finding.path);
            let key = written(&root, &finding.path);
            let message = mask::starred(&root, finding.message);
            self.add(span, key, message, finding.help);
            if let Some(problem) = self.problems.last_mut() {
                problem.severity = finding.severity;
            }
        }
        Some(config)
    }

    /// Returns the span of a variable: one beyond the text.
    fn place_of(&self, number: usize) -> Range<usize> {
        let start = self.text.len() + 1 + number;
        start..start + 1
    }

    fn add(&mut self, span: Range<usize>, key: String, message: String, help: Option<String>) {
        let variable = span
            .start
            .checked_sub(self.text.len() + 1)
            .and_then(|at| self.overrides.get(at));
        let problem = match variable {
            Some(variable) => {
                let message = format!("environment variable {}: {message}", variable.name);
                Problem::at(self.text, 0..0, key, message)
            }
            None => Problem::at(self.text, span, key, message),
        };
        self.problems.push(problem.help(help));
    }

    /// Names all keys that no section has, and takes them out.
    fn unknown_keys(&mut self, table: &mut DeTable<'a>, shape: &Shape, path: &mut Vec<String>) {
        let Shape::Table { keys, others } = shape else {
            return;
        };
        let mut unknown = Vec::new();
        for (key, value) in table.iter_mut() {
            let name: &str = key.get_ref();
            let Some(shape) = keys.get(name).or(others.as_deref()) else {
                unknown.push((name.to_owned(), key.span()));
                continue;
            };
            path.push(name.to_owned());
            match (value.get_mut(), shape) {
                (DeValue::Table(table), shape) => self.unknown_keys(table, shape, path),
                (DeValue::Array(items), Shape::List(shape)) => {
                    for (number, item) in items.iter_mut().enumerate() {
                        if let DeValue::Table(table) = item.get_mut() {
                            let name = table.get("name").and_then(|name| name.get_ref().as_str());
                            let name = name.filter(|name| !mask::is_secret_value(name));
                            path.push(name.map_or_else(|| number.to_string(), str::to_owned));
                            self.unknown_keys(table, shape, path);
                            path.pop();
                        }
                    }
                }
                _ => {}
            }
            path.pop();
        }
        for (name, span) in unknown {
            table.remove(name.as_str());
            let message = match path.is_empty() {
                true => "there is no such section".to_owned(),
                false => "there is no such key".to_owned(),
            };
            path.push(name.clone());
            self.add(
                span,
                join(path),
                message,
                self::help(&name, keys.keys().map(String::as_str)),
            );
            path.pop();
        }
    }

    /// Reads the tree into the structs; what does not fit is named, taken out, and the rest tried again.
    fn deserialize(&mut self, root: &mut DeTable<'a>, span: Range<usize>) -> Option<Config> {
        for _ in 0..PROBLEMS_MAX {
            let tree = Spanned::new(span.clone(), root.clone());
            let error: Error = match Config::deserialize(Deserializer::from(tree)) {
                Ok(config) => return Some(config),
                Err(error) => error,
            };
            let place = error.span().unwrap_or_default();
            let mut path = Vec::new();
            let message = without_text(error.message());
            let is_secret_repeated = mask::repeats_secret(root, &message);
            let is_found = take_out(root, &place, &mut path);
            let (message, help) = if is_secret_repeated || mask::is_secret(&path) {
                (HIDDEN.to_owned(), mask::what_to_write(&path))
            } else {
                (plain(&message), meant(&message))
            };
            self.add(place, join(&path), message, help);
            if !is_found {
                break;
            }
        }
        None
    }
}

/// Whether what is wrong at a path is about the value at another; a secret's problems are told at its property.
fn is_of_same_value(path: &[String], of: &[String]) -> bool {
    path == of || path.len() == 3 && path[..2] == ["kafka", "secrets"] && of.starts_with(path)
}

/// Leaves the text out of a message about a value of a wrong type: it may be anything, a secret too.
fn without_text(message: &str) -> String {
    let cut = |kind: &str| {
        message.strip_prefix(kind)?.strip_prefix(": string \"")?;
        let (_, expected) = message.rsplit_once("\", expected ")?;
        Some(format!("{kind}: a text, expected {expected}"))
    };
    let cut = cut("invalid type").or_else(|| cut("invalid value"));
    cut.unwrap_or_else(|| message.to_owned())
}

/// Takes out the innermost entry that a span lies in; says whether there is one, and its keys.
fn take_out(table: &mut DeTable<'_>, span: &Range<usize>, path: &mut Vec<String>) -> bool {
    let mut found = None;
    for (key, value) in table.iter_mut() {
        let name = key.get_ref().to_string();
        path.push(name.clone());
        let within = value.span();
        let is_inside = match value.get_mut() {
            DeValue::Table(table) => take_out(table, span, path),
            DeValue::Array(items) => items.iter_mut().enumerate().any(|(number, item)| {
                let DeValue::Table(table) = item.get_mut() else {
                    return false;
                };
                let known = table.get("name").and_then(|name| name.get_ref().as_str());
                let known = known.filter(|name| !mask::is_secret_value(name));
                path.push(known.map_or_else(|| number.to_string(), str::to_owned));
                let is_inside = take_out(table, span, path);
                if !is_inside {
                    path.pop();
                }
                is_inside
            }),
            _ => false,
        };
        if is_inside {
            return true;
        }
        let contains = |outer: &Range<usize>| outer.start <= span.start && span.end <= outer.end;
        if contains(&within) || contains(&key.span()) {
            found = Some(name);
            break;
        }
        path.pop();
    }
    found.is_some_and(|name| table.remove(name.as_str()).is_some())
}

/// Says whether a path leads to a value of the file.
fn is_there(root: &DeTable<'_>, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    let found = rest.iter().try_fold(root.get(first.as_str()), |value, step| {
        let below = match value?.get_ref() {
            DeValue::Table(table) => table.get(step.as_str()),
            DeValue::Array(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)),
            _ => None,
        };
        Some(below)
    });
    found.flatten().is_some()
}

/// Says what was meant, or which keys there are.
fn help<'k>(name: &str, keys: impl Iterator<Item = &'k str> + Clone) -> Option<String> {
    did_you_mean(name, keys.clone()).or_else(|| {
        let keys: Vec<&str> = keys.collect();
        (!keys.is_empty()).then(|| format!("there are {}", keys.join(", ")))
    })
}

/// Finds what was meant in a message such as "unknown variant `a`, expected `b` or `c`".
fn meant(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    did_you_mean(quoted.next()?, quoted)
}

/// Puts a message of the reader into words that are not Rust's.
fn plain(message: &str) -> String {
    let mut message = message.to_owned();
    for number in ["usize", "isize", "u64", "u32", "u16", "u8", "i64", "i32"] {
        let expected = format!("expected {number}");
        if message.ends_with(&expected) {
            message = message.replace(
                &expected,
                "expected a whole number that is not negative or too large",
            );
        }
    }
    if let Some((before, name)) = message.split_once("expected struct ") {
        let wanted = match name {
            "Entry" => ENTRY,
            _ => "a section",
        };
        message = format!("{before}expected {wanted}");
    }
    let words = [
        ("a sequence", "a list"),
        ("a map", "a section"),
        ("missing field", "missing key"),
    ];
    words
        .iter()
        .fold(message, |message, (theirs, ours)| message.replace(theirs, ours))
}

/// The parser's messages have several lines at times.
fn sentence(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join(": ")
}
