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
    /// Terraform's other notation.
    TerraformJson,
}

impl Kind {
    pub(super) fn what(self) -> &'static str {
        match self {
            Kind::CloudFormation => "CloudFormation template",
            Kind::Serverless => "Serverless Framework file",
            Kind::Description => "answer of describe-state-machine",
            Kind::Quoted => "text",
            Kind::Terraform | Kind::TerraformJson => "file of Terraform",
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
    let is_named = [".tf", ".tf.json"]
        .iter()
        .any(|ending| source.name.ends_with(ending));
    let may_be = is_quoted || is_named || SIGNS.iter().any(|sign| text.contains(sign));
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
    let is_terraform = source.name.ends_with(".tf.json") || root.is_some_and(has_terraform);
    let kind = match is_terraform && !has_states {
        true => Some(Kind::TerraformJson),
        false => root.and_then(kind),
    };
    match kind {
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
    let is_body = |node: &Node| is_definition(node) || node.as_text().is_some_and(is_definition_text);
    if root.get("definition").is_some_and(is_body) && !has("cases") {
        return Some(Kind::Description);
    }
    // What a file of the framework includes: state machines by their names.
    let members = root.as_object().filter(|members| !members.is_empty())?;
    let is_machine = |node: &Node| node.get("definition").is_some_and(is_body);
    let are_machines = members.iter().all(|member| is_machine(&member.value));
    are_machines.then_some(Kind::Serverless)
}

/// Says whether an object is a file of Terraform in JSON with a state machine in it.
fn has_terraform(root: &Node) -> bool {
    let resources = super::hcl::blocks(root.get("resource")).iter();
    let name = super::terraform::RESOURCE;
    resources.into_iter().any(|section| section.get(name).is_some())
}

fn is_definition(root: &Node) -> bool {
    root.get("StartAt").is_some() || root.get("States").is_some()
}

fn is_definition_text(text: &str) -> bool {
    text.trim_start().starts_with('{')
}
