//! Definitions from files.

use super::output::{Json, Stop, stderr_has_colour};
use crate::asl::model::StateMachine;
use crate::asl::{self, Diagnostic, MachineType, Options, Report, Source, render::render};
use crate::compile::compile;
use crate::program::Program;
use std::path::Path;

/// A file's text and what the check says of it.
pub(super) struct Checked {
    pub(super) file: String,
    pub(super) text: String,
    pub(super) report: Report,
}

/// Reads a `Name=value` of `--set`.
pub(super) fn substitution(argument: &str) -> Result<(String, String), String> {
    match argument.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as Name=value, for ${Name} in the definition".to_owned()),
    }
}

impl Checked {
    /// Reads and checks a file.
    pub(super) fn read(
        file: &Path,
        machine_type: MachineType,
        substitutions: &[(String, String)],
    ) -> Result<Checked, Stop> {
        let name = file.display().to_string();
        let bytes = std::fs::read(file).map_err(|error| cannot_read(&name, &error))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Stop::new(format!(
                "error: {name} is not UTF-8 text: a broken character at byte {at}"
            ))
        })?;
        let options = Options {
            machine_type,
            substitutions: substitutions.iter().cloned().collect(),
        };
        let mut checked = Checked {
            file: name,
            text,
            report: Report::default(),
        };
        checked.report = asl::check(&checked.source(), &options);
        Ok(checked)
    }

    /// Returns the text as a source.
    pub(super) fn source(&self) -> Source<'_> {
        Source {
            name: &self.file,
            text: &self.text,
            format: asl::Format::of_file_name(&self.file),
        }
    }

    /// Returns the diagnostics as a person reads them.
    pub(super) fn rendered(&self, colour: bool) -> String {
        rendered(&self.source(), &self.report.diagnostics, colour)
    }
}

/// Returns diagnostics of a text as a person reads them.
pub(super) fn rendered(source: &Source<'_>, diagnostics: &[Diagnostic], colour: bool) -> String {
    let texts = diagnostics
        .iter()
        .map(|diagnostic| render(source, diagnostic, colour));
    texts.map(|text| format!("{}\n\n", text.trim_end())).collect()
}

/// Reads, checks and compiles a file, for running it. Warnings are for `check` to tell.
pub(super) fn load(file: &Path, substitutions: &[(String, String)]) -> Result<Program, Stop> {
    load_machine(file, substitutions).map(|machine| compile(&machine))
}

/// Reads and checks a file, for tools that look at the definition itself.
pub(super) fn load_machine(file: &Path, substitutions: &[(String, String)]) -> Result<StateMachine, Stop> {
    let mut checked = Checked::read(file, MachineType::Express, substitutions)?;
    match checked.report.machine.take() {
        Some(machine) => Ok(machine),
        None => {
            checked
                .report
                .diagnostics
                .retain(|diagnostic| diagnostic.severity == asl::Severity::Error);
            let message = format!(
                "{}error: {} is not a definition that can run",
                checked.rendered(stderr_has_colour()),
                checked.file
            );
            Err(Stop::refused(message, &checked.file, checked.report.diagnostics))
        }
    }
}

/// Words why a file cannot be read.
pub(super) fn cannot_read(name: &str, error: &std::io::Error) -> Stop {
    let reason = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read (permission denied)".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a directory, not a file".to_owned(),
        _ => error.to_string(),
    };
    Stop::new(format!("error: cannot read {name}: {reason}"))
}

/// Writes the members of a diagnostic.
pub(super) fn diagnostic_json(json: &mut Json, file: &str, diagnostic: &Diagnostic) {
    json.string("file", file);
    json.string("code", diagnostic.code);
    json.string("message", &diagnostic.message);
    json.string("severity", diagnostic.severity.as_str());
    json.string("pointer", &diagnostic.pointer);
    json.number("line", diagnostic.line);
    json.number("column", diagnostic.column);
    if let Some(help) = &diagnostic.help {
        json.string("help", help);
    }
}
