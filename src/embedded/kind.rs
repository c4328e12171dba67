//! What kind of file a text is.
//!
//! Owns the signs by which files are told apart. Invariant: what has `StartAt` or `States` at its top is a
//! definition, whatever else it has; so is everything that has none of the signs.

use super::FILE_BYTES_MAX;
use crate::asl::syntax::{self, Node, Reading, Value};
use crate::asl::{Format, Source};
use std::collections::BTreeMap;

/// A kind of file that holds definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    CloudFormation,
    Serverless,
    Description,
    Quoted,
    Terraform,
}

impl Kind {
    pub(super) fn what(self) -> &'static str {
        match self {
            Kind::CloudFormation => "CloudFormation template",
            Kind::Serverless => "Serverless Framework file",
            Kind::Description => "answer of describe-state-machine",
            Kind::Quoted => "text",
            Kind::Terraform => "file of Terraform",
        }
    }
}

/// A file of a known kind.
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) format: Format,
    pub(super) reading: Reading,
}

/// Words without which a file is none of these: most definitions need not be read twice.
const SIGNS: [&str; 8] = [
    "aws_sfn_state_machine",
    "AWSTemplateFormatVersion",
    "Resources",
    "Transform",
    "stepFunctions",
    "stateMachines",
    "provider",
    "definition",
];

/// Finds out what kind of file a text is; `None` when it is a definition, or nothing known.
pub(super) fn find(source: &Source<'_>) -> Option<Found> {
    let text = source.text.trim_start_matches('\u{feff}').trim_start();
    let is_quoted = text.starts_with('"');
    let may_be = is_quoted || source.name.ends_with(".tf") || SIGNS.iter().any(|sign| text.contains(sign));
    if !may_be || source.text.len() > FILE_BYTES_MAX {
        return None;
    }
    let terraform = || Found {
        kind: Kind::Terraform,
        format: Format::Json,
        reading: Reading::default(),
    };
    if source.name.ends_with(".tf") {
        return Some(terraform());
    }
    let is_json = source.format == Format::Json && text.starts_with(['{', '[', '"']);
    let (format, reading) = match is_json {
        true => (Format::Json, syntax::json::read(source.text, &BTreeMap::new())),
        false => (Format::Yaml, syntax::yaml::read_template(source.text)),
    };
    let root = reading.root.as_ref();
    // A text within a definition may quote Terraform.
    let has_states = root.is_some_and(is_definition);
    match root.and_then(kind) {
        Some(kind) => Some(Found {
            kind,
            format,
            reading,
        }),
        None => (!has_states && super::terraform::has_machine(text)).then(terraform),
    }
}

fn kind(root: &Node) -> Option<Kind> {
    if let Value::Text(text) = &root.value {
        return is_definition_text(text).then_some(Kind::Quoted);
    }
    let has = |key: &str| root.get(key).is_some();
    if is_definition(root) {
        return None;
    }
    if has("stepFunctions") || has("stateMachines") || (has("service") && has("provider")) {
        return Some(Kind::Serverless);
    }
    let has_resources = root
        .get("Resources")
        .is_some_and(|node| node.as_object().is_some());
    if has_resources || has("AWSTemplateFormatVersion") || has("Transform") {
        return Some(Kind::CloudFormation);
    }
    let definition = root.get("definition").and_then(Node::as_text);
    let is_description = definition.is_some_and(is_definition_text) && !has("cases");
    is_description.then_some(Kind::Description)
}

fn is_definition(root: &Node) -> bool {
    root.get("StartAt").is_some() || root.get("States").is_some()
}

fn is_definition_text(text: &str) -> bool {
    text.trim_start().starts_with('{')
}
