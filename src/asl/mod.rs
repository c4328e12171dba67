//! Amazon States Language definitions: document model, parser, validation into diagnostics.
//!
//! [`check`] reads a text (JSON or YAML, with positions), validates it as AWS does, and builds the
//! [`model`] that the compiler reads. The way is: `syntax` makes a tree; `fields` says what may stand
//! where; `validate` reports what does not; `build` turns an accepted tree into the model. Must not
//! know programs, the machine, or files: a text comes in, diagnostics go out, and every problem is
//! reported, not the first alone.

mod arn;
mod build;
mod diagnostic;
pub(crate) mod fields;
pub mod model;
mod paths;
pub(crate) mod place;
#[cfg(feature = "render")]
pub mod render;
pub(crate) mod suggest;
pub(crate) mod syntax;
#[cfg(test)]
mod tests;
pub(crate) mod validate;

pub(crate) use arn::list_parameters;
#[cfg(feature = "runtime")]
pub(crate) use arn::{is_integration, optimized_services};
pub use diagnostic::{Diagnostic, Report, Severity, code};

use crate::services::Services;
use std::collections::BTreeMap;

/// A definition's text.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The file's name, for messages.
    pub name: &'a str,
    /// The text.
    pub text: &'a str,
    /// What the text is written in.
    pub format: Format,
}

/// What a definition is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// JSON, as AWS wants it.
    #[default]
    Json,
    /// YAML, as SAM users write it.
    Yaml,
}

impl Format {
    /// Returns the format that a file name's ending stands for.
    pub fn of_file_name(name: &str) -> Format {
        let name = name.to_ascii_lowercase();
        if name.ends_with(".yaml") || name.ends_with(".yml") {
            Format::Yaml
        } else {
            Format::Json
        }
    }
}

/// The type of workflow a definition is checked for (facts 1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MachineType {
    /// `EXPRESS`: what this crate runs.
    #[default]
    Express,
    /// `STANDARD`: checked only.
    Standard,
}

/// How to check a definition.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The type of workflow.
    pub machine_type: MachineType,
    /// What `${Name}` stands for.
    pub substitutions: BTreeMap<String, String>,
}

/// Checks a definition: every diagnostic, and the model when nothing refuses it.
///
/// The model is absent when there is an error, or when the definition needs what only Standard
/// workflows have.
pub fn check(source: &Source<'_>, options: &Options) -> Report {
    check_with(source, options, Services::shipped())
}

/// As [`check`], with the services that `aws-sdk` integrations may name.
pub fn check_with(source: &Source<'_>, options: &Options, services: &Services) -> Report {
    let (root, diagnostics) = validate::validate(source, options, services);
    let mut report = Report {
        diagnostics,
        machine: None,
    };
    if let Some(root) = root
        && !report.has_errors()
    {
        report.machine = build::machine(&root);
    }
    report
}
