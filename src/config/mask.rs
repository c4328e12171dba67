//! A configuration's text as it may be shown: without secrets.
//!
//! Owns what is taken for a secret in a file, wherever it was put and however it was mistyped: too much is hidden
//! rather than too little. Must not know how problems are printed. Invariant: the text that may be shown has the
//! length and the lines of the original, so that byte ranges fit both.

use super::keys::may_be_secret;
use super::shape::Shape;
use crate::secret;
use crate::stream::kafka::is_harmless;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// Sections of `[kafka]` with properties of clients.
const PROPERTIES: [&str; 3] = ["properties", "consumer", "producer"];
/// Parts of keys whose values are not shown; a superset of the properties that librdkafka has.
const SECRET: [&str; 15] = [
    "secret",
    "header",
    "password",
    "passwd",
    "passphrase",
    "token",
    "jaas",
    ".pem",
    "oauthbearer",
    "authorization",
    "cookie",
    "credential",
    "api-key",
    "api_key",
    "apikey",
];
/// Words that are too short to be a part of others.
const SHORT: [&str; 2] = ["pass", "pwd"];
/// Words that are recognised with a slip in them too.
const WITH_SLIPS: [&str; 5] = ["secrets", "headers", "password", "passphrase", "authorization"];
/// Most edits of a slip.
const SLIP_EDITS: usize = 2;
/// Sections whose entries are named by the user: an `env` in them is an entry, not the name of a variable.
const CONTAINERS: [&str; 4] = ["headers", "secrets", "query", "body"];
/// What a secret is written with instead of its text.
const SOURCES: [&str; 2] = ["env", "file"];
/// Words that are followed by a secret in a text, as in `password=x`.
const NAMED: [&str; 11] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "secrets",
    "token",
    "apikey",
    "credential",
    "credentials",
    "authorization",
];
/// The sections of a file; a line that begins one ends what a secret may have left open.
const SECTIONS: [&str; 5] = ["workflow", "kafka", "service", "tasks", "connections"];

/// Returns the text with everything hidden that may be a secret.
pub fn without_secrets(text: &str) -> String {
    let (root, errors) = DeTable::parse_recoverable(text);
    let hidden: Vec<Range<usize>> = match errors.is_empty() {
        true => leaves(root.get_ref()).into_iter().map(|leaf| leaf.span).collect(),
        false => suspects(text),
    };
    hide(text, &hidden)
}

/// Returns the keys of a file that may be secrets: they stand where no such key is known, and look like none.
pub(super) fn secret_keys(root: &DeTable<'_>) -> Vec<String> {
    let keys = leaves(root).into_iter().filter(|leaf| leaf.is_key);
    let mut keys: Vec<String> = keys.filter_map(|leaf| leaf.text.map(str::to_owned)).collect();
    // A key may be a part of another one.
    keys.sort_by_key(|key| std::cmp::Reverse(key.len()));
    keys.dedup();
    keys
}

/// Whether the value at a path is not to be shown.
pub(super) fn is_secret(path: &[String]) -> bool {
    path.iter().any(|key| is_secret_text(key)) || is_sent_along(path)
}

/// Whether a value is a part of a connection's requests: an API's key may be any of them.
fn is_sent_along(path: &[String]) -> bool {
    let is_part = |key: &String| key == "query" || key == "body";
    path.first().is_some_and(|section| section == "connections") && path.iter().skip(2).any(is_part)
}

/// Whether a message repeats a secret of the file.
pub(super) fn repeats_secret(root: &DeTable<'_>, message: &str) -> bool {
    let repeats =
        |text: &str| message.contains(&format!("{text:?}")) || message.contains(&format!("`{text}`"));
    leaves(root).iter().any(|leaf| leaf.text.is_some_and(repeats))
}

/// Returns a message without the secrets of the file that it repeats.
pub(super) fn starred(root: &DeTable<'_>, message: String) -> String {
    let texts = leaves(root).into_iter().filter_map(|leaf| leaf.text);
    let texts = texts.filter(|text| is_secret_value(text));
    texts.fold(message, |message, text| message.replace(text, "***"))
}

/// Says what to write for a secret at a path.
pub(super) fn what_to_write(path: &[String]) -> Option<String> {
    let source = "{ env = \"NAME\" } or { file = \"PATH\" }";
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    match keys.as_slice() {
        ["kafka", "secrets"] => Some(format!("write \"PROPERTY\" = {source} in it")),
        ["kafka", "secrets", ..] => Some(format!("write {source}")),
        ["kafka", _, key, ..] => Some(format!("in [kafka.secrets] write \"{key}\" = {source}")),
        ["tasks", _, "headers"] => Some(format!("write {{ NAME = {source} }}")),
        ["tasks", _, "headers", ..] => Some(format!("write a text, {source}")),
        ["connections", _, "headers" | "query" | "body"]
        | ["connections", _, "oauth", "headers" | "query" | "body"] => {
            Some(format!("write {{ NAME = {source} }}"))
        }
        ["connections", ..] => Some(format!("write a text, {source}")),
        _ => None,
    }
}

fn is_secret_text(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let is_slip = |word: &str| {
        WITH_SLIPS
            .iter()
            .any(|meant| strsim::damerau_levenshtein(word, meant) <= SLIP_EDITS)
    };
    SECRET.iter().any(|part| lower.contains(part)) || words.any(|word| is_slip(word) || SHORT.contains(&word))
}

/// Whether a value is a secret by itself, such as an address with a user and a password before it.
pub(super) fn is_secret_value(text: &str) -> bool {
    let begins = |scheme: &str| {
        text.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    !secret::is_shown(text)
        || text
            .rsplit_once('@')
            .is_some_and(|(before, _)| before.contains(':'))
        || begins("bearer ")
        || begins("basic ")
        || names_secret(&text.to_ascii_lowercase())
}

/// Whether a text names a secret and gives it, as in `password=x` or `"token": "x"`.
fn names_secret(lower: &str) -> bool {
    let gives = |rest: &str| {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let rest = match rest.starts_with(['_', '-', '.']) {
            true => rest.trim_start_matches(is_name),
            false => rest,
        };
        let is_between = |c: char| c.is_whitespace() || "\"'\\".contains(c);
        rest.trim_start_matches(is_between).starts_with(['=', ':'])
    };
    NAMED.iter().any(|word| {
        lower
            .match_indices(word)
            .any(|(at, _)| gives(&lower[at + word.len()..]))
    })
}

/// Whether a value below `[kafka]` is not shown: there any name may be one of a property, and any text a secret.
fn is_hidden_property(path: &[String], value: &DeValue<'_>) -> bool {
    let key = match path {
        [kafka, ..] if kafka != "kafka" => return false,
        [_, brokers] if brokers == "brokers" => return false,
        [_, section, key @ ..] if PROPERTIES.contains(&section.as_str()) => key,
        [_, key @ ..] => key,
        [] => return false,
    };
    let text = match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Boolean(switch) => switch.to_string(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        _ => return true,
    };
    key.is_empty() || !is_harmless(&key.join("."), &text)
}

/// Whether a text below `[connections]` is not shown: nearly all there are secrets, and a key that is mistyped says nothing.
fn is_hidden_of_connection(path: &[String], text: Option<&str>) -> bool {
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    let ["connections", _, key @ ..] = &keys[..] else {
        return false;
    };
    let is_known = matches!(
        key,
        ["endpoints", ..] | ["api_key", "name"] | ["oauth", "endpoint" | "method" | "client_authentication"]
    );
    let is_named_source = is_source(path) && text.is_some_and(|text| names_source(path, text));
    !is_known && !is_named_source
}

/// A value that is not shown.
struct Leaf<'t> {
    span: Range<usize>,
    text: Option<&'t str>,
    is_key: bool,
}

fn leaves<'t>(root: &'t DeTable<'_>) -> Vec<Leaf<'t>> {
    let mut found = Vec::new();
    in_table(root, Some(&Shape::of_file()), &mut Vec::new(), &mut found);
    found
}

fn in_table<'t>(
    table: &'t DeTable<'_>,
    shape: Option<&Shape>,
    path: &mut Vec<String>,
    found: &mut Vec<Leaf<'t>>,
) {
    let known: Vec<&str> = match shape {
        Some(Shape::Table { keys, .. }) => keys.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let is_free = is_free(path, shape);
    for (key, value) in table {
        let is_no_header =
            path.last().is_some_and(|last| last == "headers") && !secret::is_header(key.get_ref());
        if is_no_header || !is_free && may_be_secret(key.get_ref(), &known) {
            found.push(Leaf {
                span: key.span(),
                text: Some(key.get_ref()),
                is_key: true,
            });
        }
        let shape = shape.and_then(|shape| shape.get(key.get_ref()));
        path.push(key.get_ref().to_string());
        in_value(value.get_ref(), value.span(), shape, path, found);
        path.pop();
    }
}

fn in_value<'t>(
    value: &'t DeValue<'_>,
    span: Range<usize>,
    shape: Option<&Shape>,
    path: &mut Vec<String>,
    found: &mut Vec<Leaf<'t>>,
) {
    match value {
        DeValue::Table(table) => in_table(table, shape, path, found),
        DeValue::Array(items) => {
            let shape = match shape {
                Some(Shape::List(item)) => Some(&**item),
                _ => None,
            };
            for item in items {
                // An item has a step of its own: a list is never the name of a variable.
                path.push(String::new());
                in_value(item.get_ref(), item.span(), shape, path, found);
                path.pop();
            }
        }
        value => {
            let text = value.as_str();
            let is_hidden = match is_secret(path) {
                true => !is_source(path) || !text.is_some_and(|text| names_source(path, text)),
                false => is_hidden_property(path, value) || is_hidden_of_connection(path, text),
            };
            // A text in the place of something else may be anything.
            let is_stray = matches!(shape, Some(Shape::Table { .. } | Shape::List(_) | Shape::Number));
            let is_hidden_text = |text: &str| is_stray || is_secret_value(text);
            if is_hidden || text.is_some_and(is_hidden_text) {
                found.push(Leaf {
                    span,
                    text,
                    is_key: false,
                });
            }
        }
    }
}

/// Whether the keys of a section are its writer's own, such as names of functions.
fn is_free(path: &[String], shape: Option<&Shape>) -> bool {
    let has_others = matches!(shape, Some(Shape::Table { others: Some(_), .. }));
    has_others && path.first().is_none_or(|section| section != "kafka")
}

/// Whether a path leads to the name of a variable or file that has the secret.
fn is_source(path: &[String]) -> bool {
    match path {
        [.., entry, last] => SOURCES.contains(&last.as_str()) && !CONTAINERS.contains(&entry.as_str()),
        _ => false,
    }
}

/// Whether a text is a name of a variable, or a path, as what it stands for wants: it may be the secret itself.
fn names_source(path: &[String], text: &str) -> bool {
    match path.last().map(String::as_str) {
        Some("env") => secret::is_variable(text),
        _ => secret::is_path(text),
    }
}

/// Finds what may be a secret in a text that is no TOML: where its values end is unknown, so all is hidden from a
/// key that looks like one of a secret to the next section.
fn suspects(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut start, mut is_open, mut is_kafka) = (Vec::new(), 0, false, false);
    let mut is_free = false;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let head = section_end(line);
        if head > 0 {
            is_open = false;
            is_kafka = line.trim_start().starts_with("[kafka");
            is_free = line[..head].trim() == "[tasks]" || line[..head].contains("substitutions");
        }
        let is_property = is_kafka || line.trim_start().starts_with("kafka");
        let key = unquoted(line[head..].split('=').next().unwrap_or_default());
        let is_secret_key = !is_free && line[head..].contains('=') && may_be_secret(&key, &[]);
        let is_suspect = is_secret_key
            || is_secret_text(line)
            || is_secret_value_in(line)
            || is_property && !is_harmless_line(&line[head..]);
        let shown = match (is_open, is_suspect) {
            (false, false) => line.len(),
            (false, true) if is_secret_key => head,
            (false, true) => head + key_end(&line[head..]),
            (true, _) => 0,
        };
        found.push(start + shown..end);
        is_open |= is_suspect;
        start = end;
    }
    found
}

/// Whether a line below `[kafka]` is empty, a comment, the brokers, or a property with a value that may be shown.
fn is_harmless_line(line: &str) -> bool {
    let line = line.trim();
    match line.split_once('=') {
        None => line.is_empty() || line.starts_with('#'),
        Some((key, value)) => match (unquoted(key), unquoted(value)) {
            (key, value) if key == "brokers" => !value.contains(['"', '\'']),
            (key, value) => is_harmless(&key, &value),
        },
    }
}

fn unquoted(text: &str) -> String {
    let text = text.trim();
    let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inside.unwrap_or(text).to_owned()
}

fn is_secret_value_in(line: &str) -> bool {
    line.split(['"', '\'', '='])
        .any(|part| is_secret_value(part.trim()))
}

/// Returns where the head of a section ends that a line begins with; 0 when it begins with none.
fn section_end(line: &str) -> usize {
    let head = line.trim_start();
    let name = head.trim_start_matches('[');
    let is_section = head.starts_with('[')
        && SECTIONS.iter().any(|section| {
            let rest = name.strip_prefix(section);
            rest.is_some_and(|rest| rest.trim_end().is_empty() || rest.starts_with(['.', ']']))
        });
    match (is_section, line.find(']')) {
        (false, _) => 0,
        (true, Some(end)) => end + 1,
        // The bracket is missing: nothing but the one that opens it is sure to be no value.
        (true, None) => line.len() - head.len() + 1,
    }
}

/// Returns where the key ends that a line begins with; 0 when no `=` follows it.
fn key_end(line: &str) -> usize {
    let is_key = |c: char| c.is_ascii_alphanumeric() || "_-.\"' \t".contains(c);
    let end = line.find(|c| !is_key(c)).unwrap_or(line.len());
    // Only one text in quotes: a second one would be the value of a key without `=`.
    let quotes = line[..end].matches(['"', '\'']).count();
    match line[end..].starts_with('=') && quotes <= 2 {
        true => end,
        false => 0,
    }
}

/// Puts `*` for each byte of the ranges, line ends apart. The ranges are of whole characters.
fn hide(text: &str, hidden: &[Range<usize>]) -> String {
    let mut shown = text.as_bytes().to_vec();
    for byte in hidden.iter().flat_map(|range| range.clone()) {
        if !matches!(shown[byte], b'\n' | b'\r') {
            shown[byte] = b'*';
        }
    }
    String::from_utf8_lossy(&shown).into_owned()
}

#[cfg(test)]
#[path = "mask_tests.rs"]
mod tests;
