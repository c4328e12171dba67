//! Definitions from files.

use super::output::{Json, Stop, stderr_has_colour};
use crate::asl::model::StateMachine;
use crate::asl::{self, Diagnostic, MachineType, Options, Report, Severity, Source, render::render};
use crate::compile::compile;
use crate::embedded::{self, Container, Request};
use crate::printable;
use crate::program::Program;
use crate::registry::address::{self, Address};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The most diagnostics of a file that are shown to a person.
const SHOWN_MAX: usize = 100;

/// What is said of a state machine whose file leaves the type to AWS.
const NO_TYPE: &str = "the file gives no type, and AWS would create a STANDARD workflow; stepstream runs it as EXPRESS, \
                       and checks it as such (--type standard checks it as STANDARD)";

/// A file's text and what the check says of it.
pub(super) struct Checked {
    /// The file that diagnostics point into.
    pub(super) file: String,
    pub(super) text: Arc<str>,
    pub(super) report: Report,
    /// The definition, if it stands in a file of another kind.
    pub(super) embedded: Option<embedded::Definition>,
    /// The name of the file, with the name of the state machine if it holds others.
    pub(super) subject: String,
    /// What is worth knowing and no finding.
    pub(super) note: Option<&'static str>,
}

/// How a definition is checked.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    /// The type of workflow; without it what the file says, or else Express.
    pub(super) machine_type: Option<MachineType>,
    /// What `${Name}` stands for.
    pub(super) substitutions: &'a [(String, String)],
    /// What the pseudo parameters of a template stand for. Without them the names of a template get samples:
    /// nothing is called then.
    pub(super) real: Option<&'a BTreeMap<String, String>>,
}

/// Reads a `Name=value` of `--set`.
pub(super) fn substitution(argument: &str) -> Result<(String, String), String> {
    match argument.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as Name=value, for ${Name} in the definition".to_owned()),
    }
}

impl Checked {
    /// Reads and checks the definition that an address names.
    pub(super) fn read(address: &Path, how: How<'_>) -> Result<Checked, Stop> {
        let address = Address::of(address);
        let text = read_text(&address.file)?;
        Checked::of_text(&address, text, how)
    }

    /// Reads and checks all definitions that an address names: those of a template, if no name is given.
    pub(super) fn read_all(address: &Path, how: How<'_>) -> Result<Vec<Checked>, Stop> {
        let mut address = Address::of(address);
        // Once only: what a pipe has given, it does not give again.
        let text = read_text(&address.file)?;
        if address.name.is_none() {
            let container = address.open(&text).map_err(stop)?;
            if let Some(container) = container.filter(|container| container.len() > 1) {
                return Ok((0..container.len())
                    .map(|index| {
                        address.name = Some(container.name(index).to_owned());
                        Checked::embedded(&address, &container, index, how)
                    })
                    .collect());
            }
        }
        Ok(vec![Checked::of_text(&address, text, how)?])
    }

    fn of_text(address: &Address, text: String, how: How<'_>) -> Result<Checked, Stop> {
        match address.open(&text).map_err(stop)? {
            None => Ok(Checked::plain(address, text, how)),
            Some(container) if !container.problems().is_empty() => {
                Ok(Checked::unfit(address, text, &container))
            }
            Some(container) => {
                let index = address.choose(&container).map_err(stop)?;
                Ok(Checked::embedded(address, &container, index, how))
            }
        }
    }

    fn plain(address: &Address, text: String, how: How<'_>) -> Checked {
        let options = Options {
            machine_type: how.machine_type.unwrap_or_default(),
            substitutions: how.substitutions.iter().cloned().collect(),
        };
        let file = address.file.display().to_string();
        let mut checked = Checked {
            subject: file.clone(),
            file,
            text: text.into(),
            report: Report::default(),
            embedded: None,
            note: None,
        };
        checked.report = asl::check(&checked.source(), &options);
        checked
    }

    /// Makes one of a template that cannot be looked into.
    fn unfit(address: &Address, text: String, container: &Container) -> Checked {
        let file = address.file.display().to_string();
        Checked {
            subject: file.clone(),
            file,
            text: text.into(),
            report: Report {
                diagnostics: container.problems().to_vec(),
                machine: None,
            },
            embedded: None,
            note: None,
        }
    }

    fn embedded(address: &Address, container: &Container, index: usize, how: How<'_>) -> Checked {
        let mut given = how.real.cloned().unwrap_or_default();
        given.extend(how.substitutions.iter().cloned());
        let request = Request {
            given: &given,
            is_strict: how.real.is_some(),
            beside: &|path| address::read(&address.beside(path)),
        };
        let definition = container.definition(index, &request);
        let machine_type = how.machine_type.or(definition.machine_type());
        let file = definition.file();
        Checked {
            file: file.name.to_owned(),
            text: Arc::clone(definition.file_text()),
            report: definition.check(machine_type.unwrap_or_default()),
            subject: match container.names_machines() {
                true => format!("{}#{}", address.file.display(), definition.machine()),
                false => address.file.display().to_string(),
            },
            note: (how.machine_type.is_none() && definition.has_no_type()).then_some(NO_TYPE),
            embedded: Some(definition),
        }
    }

    /// Returns the definition as a text; places in it are those of the file, or need [`Checked::locate`].
    pub(super) fn definition(&self) -> Source<'_> {
        self.embedded
            .as_ref()
            .map_or_else(|| self.source(), embedded::Definition::source)
    }

    /// Makes diagnostics of the definition's text point into the file.
    pub(super) fn locate(&self, diagnostics: &mut [Diagnostic]) {
        if let Some(embedded) = &self.embedded {
            embedded.locate(diagnostics);
        }
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
    let of = |severity| diagnostics.iter().filter(move |found| found.severity == severity);
    // Of more than can be read the errors are shown.
    let shown: Vec<&Diagnostic> = match diagnostics.len() <= SHOWN_MAX {
        true => diagnostics.iter().collect(),
        false => of(Severity::Error)
            .chain(of(Severity::Warning))
            .take(SHOWN_MAX)
            .collect(),
    };
    let texts = shown.iter().map(|diagnostic| render(source, diagnostic, colour));
    let mut out: String = texts.map(|text| format!("{}\n\n", text.trim_end())).collect();
    if diagnostics.len() > shown.len() {
        let more = diagnostics.len() - shown.len();
        out += &format!(
            "… and {more} more in {}; 'stepstream check --format json' lists all\n\n",
            printable::line(source.name)
        );
    }
    out
}

/// Reads a file that is a text.
pub(super) fn read_text(file: &Path) -> Result<String, Stop> {
    let name = file.display().to_string();
    let bytes = std::fs::read(file).map_err(|error| cannot_read(&name, &error))?;
    address::text_of(bytes).map_err(|reason| Stop::new(format!("error: {name} is not UTF-8 text: {reason}")))
}

fn stop(message: String) -> Stop {
    Stop::new(format!("error: {message}"))
}

/// Reads, checks and compiles a definition, for trying it. Warnings are for `check` to tell.
pub(super) fn load(file: &Path, substitutions: &[(String, String)]) -> Result<Program, Stop> {
    load_machine(file, substitutions).map(|machine| compile(&machine))
}

/// Reads, checks and compiles a definition whose tasks are really called: no name in a template may be invented.
pub(super) fn load_real(
    file: &Path,
    substitutions: &[(String, String)],
    pseudo_parameters: &BTreeMap<String, String>,
) -> Result<Program, Stop> {
    let how = How {
        machine_type: Some(MachineType::Express),
        substitutions,
        real: Some(pseudo_parameters),
    };
    machine(file, how).map(|machine| compile(&machine))
}

/// Reads and checks a definition, for tools that look at the definition itself.
pub(super) fn load_machine(file: &Path, substitutions: &[(String, String)]) -> Result<StateMachine, Stop> {
    let how = How {
        machine_type: Some(MachineType::Express),
        substitutions,
        real: None,
    };
    machine(file, how)
}

fn machine(file: &Path, how: How<'_>) -> Result<StateMachine, Stop> {
    let mut checked = accepted(file, how)?;
    let machine = checked.report.machine.take();
    machine.ok_or_else(|| {
        Stop::new(format!(
            "error: {} is a workflow that AWS alone runs",
            checked.subject
        ))
    })
}

/// Reads and checks a definition: what is refused, and what should run and cannot, is an error.
pub(super) fn accepted(file: &Path, how: How<'_>) -> Result<Checked, Stop> {
    let mut checked = Checked::read(file, how)?;
    let is_accepted = match how.machine_type {
        Some(MachineType::Standard) => !checked.report.has_errors(),
        _ => checked.report.machine.is_some(),
    };
    if is_accepted {
        return Ok(checked);
    }
    checked
        .report
        .diagnostics
        .retain(|diagnostic| diagnostic.severity == asl::Severity::Error);
    let message = format!(
        "{}error: {} is not a definition that can run",
        checked.rendered(stderr_has_colour()),
        checked.subject
    );
    Err(Stop::refused(message, &checked.file, checked.report.diagnostics))
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
