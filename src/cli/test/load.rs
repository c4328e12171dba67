//! Reading what cases name: files, definitions, programs.

use super::report::Problem;
use crate::asl::{self, Source};
use crate::cases::{self, Case, Coverage, Definition, Suite};
use crate::compile::{self, compile_with};
use crate::embedded;
use crate::program::Program;
use crate::registry::address::{self, Address};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A definition that was accepted.
pub(super) struct Loaded {
    pub(super) program: Program,
    pub(super) coverage: Coverage,
}

/// What makes one definition different from another: its text and its substitutions.
type Key = (String, BTreeMap<String, String>);

/// Compiles each definition once.
pub(super) struct Loader {
    /// Compile for tracing: only then every Choice rule is told.
    trace: bool,
    known: BTreeMap<Key, Result<Loaded, Vec<Problem>>>,
    /// The names of the definitions, in order.
    names: Vec<(String, Key)>,
    /// Where the definitions of state machines are; without a name, of the one there is.
    machines: Vec<(Option<String>, PathBuf)>,
}

/// Reads a `NAME=FILE` of `--definition`, or a `FILE`.
pub(super) fn machine(argument: &str) -> Result<(Option<String>, PathBuf), String> {
    match argument.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => {
            Ok((Some(name.to_owned()), file.into()))
        }
        None if !argument.is_empty() => Ok((None, argument.into())),
        _ => Err("write it as NAME=FILE, or FILE for every state machine".to_owned()),
    }
}

/// Endings of definitions that lie beside a file and are called like their state machine.
const ENDINGS: [&str; 6] = [".asl.json", ".asl.yaml", ".asl.yml", ".json", ".yaml", ".yml"];

impl Loader {
    pub(super) fn new(trace: bool, machines: &[(Option<String>, PathBuf)]) -> Loader {
        Loader {
            trace,
            known: BTreeMap::new(),
            names: Vec::new(),
            machines: machines.to_vec(),
        }
    }

    /// Finds the definition of a state machine: the one that was given for it, else the one that lies beside the file.
    fn named(&self, file: &Path, machine: &str) -> Result<PathBuf, String> {
        let given = |name: Option<&str>| {
            let mut all = self.machines.iter();
            all.find(|(known, _)| known.as_deref() == name)
        };
        if let Some((_, path)) = given(Some(machine)).or_else(|| given(None)) {
            return Ok(path.clone());
        }
        let mut beside = ENDINGS
            .iter()
            .map(|ending| self::beside(file, &format!("{machine}{ending}")));
        beside.find(|path| path.is_file()).ok_or_else(|| {
            format!(
                "where is the definition of the state machine \"{machine}\"? Give --definition {machine}=FILE, or put \
                 it beside the file as {machine}.asl.json"
            )
        })
    }

    /// Returns a case's definition, compiled.
    pub(super) fn definition(&mut self, file: &Path, case: &Case) -> Result<&mut Loaded, Vec<Problem>> {
        let machine = match &case.definition {
            Definition::Named(machine) => Some(machine.as_str()),
            Definition::File(_) | Definition::Here(_) => None,
        };
        let read = match &case.definition {
            Definition::Here(text) => {
                Text::plain(file.display().to_string(), text.clone(), &case.substitutions)
            }
            Definition::File(name) | Definition::Named(name) => {
                let path = match machine {
                    Some(machine) => self
                        .named(file, machine)
                        .map_err(|problem| vec![Problem::plain(problem).named_at(file, case.line)])?,
                    None => beside(file, name),
                };
                Text::read(&path, machine, &case.substitutions).map_err(|problems| {
                    let named = |problem: Problem| problem.named_at(file, case.line);
                    problems.into_iter().map(named).collect::<Vec<_>>()
                })?
            }
        };
        let key = (read.source().text.to_owned(), read.substitutions.clone());
        if !self.known.contains_key(&key) {
            let loaded = self.load(&read);
            self.known.insert(key.clone(), loaded);
            self.names.push((read.name, key.clone()));
        }
        match self.known.get_mut(&key) {
            Some(Ok(loaded)) => Ok(loaded),
            Some(Err(problems)) => Err(problems.clone()),
            None => Err(Vec::new()),
        }
    }

    fn load(&self, read: &Text) -> Result<Loaded, Vec<Problem>> {
        let (report, source) = match &read.embedded {
            Some(embedded) => (embedded.check(asl::MachineType::Express), embedded.file()),
            None => {
                let options = asl::Options {
                    substitutions: read.substitutions.clone(),
                    ..asl::Options::default()
                };
                (asl::check(&read.source(), &options), read.source())
            }
        };
        match &report.machine {
            Some(machine) => Ok(Loaded {
                program: compile_with(machine, compile::Options { trace: self.trace }),
                coverage: Coverage::of(machine),
            }),
            None => Err(report.errors().map(|error| Problem::of(&source, error)).collect()),
        }
    }

    /// Returns what was reached, by definition.
    pub(super) fn into_coverage(mut self) -> Vec<(String, Coverage)> {
        let known = &mut self.known;
        let loaded = self
            .names
            .into_iter()
            .filter_map(|(name, key)| match known.remove(&key) {
                Some(Ok(loaded)) => Some((name, loaded.coverage)),
                _ => None,
            });
        loaded.collect()
    }
}

/// A definition as it was read.
struct Text {
    name: String,
    text: String,
    substitutions: BTreeMap<String, String>,
    /// If it stands in a file of another kind.
    embedded: Option<embedded::Definition>,
}

impl Text {
    fn plain(name: String, text: String, substitutions: &BTreeMap<String, String>) -> Text {
        Text {
            name,
            text,
            substitutions: substitutions.clone(),
            embedded: None,
        }
    }

    /// Reads the definition that a path, or a path with `#Name`, leads to.
    /// Of several the one of `machine` is meant, unless the path says so.
    fn read(
        path: &Path,
        machine: Option<&str>,
        substitutions: &BTreeMap<String, String>,
    ) -> Result<Text, Vec<Problem>> {
        let plain = |message: String| vec![Problem::plain(message)];
        let address = Address::of(path);
        let text = read(&address.file)?;
        let name = address.file.display().to_string();
        let Some(container) = address.open(&text).map_err(plain)? else {
            return Ok(Text::plain(name, text, substitutions));
        };
        if !container.problems().is_empty() {
            let source = Source {
                name: &name,
                text: &text,
                format: asl::Format::of_file_name(&name),
            };
            let problems = container.problems().iter();
            return Err(problems.map(|problem| Problem::of(&source, problem)).collect());
        }
        let machine = machine.filter(|_| address.name.is_none());
        let index = match machine.and_then(|machine| container.find(machine)) {
            Some(index) => index,
            None => address.choose(&container).map_err(plain)?,
        };
        let request = embedded::Request {
            given: substitutions,
            is_strict: false,
            beside: &|path| address::read(&address.beside(path)),
        };
        let definition = container.definition(index, &request);
        Ok(Text {
            name: path.display().to_string(),
            text,
            substitutions: definition.substitutions().clone(),
            embedded: Some(definition),
        })
    }

    /// Returns the definition's text.
    fn source(&self) -> Source<'_> {
        self.embedded.as_ref().map_or(
            Source {
                name: &self.name,
                text: &self.text,
                format: asl::Format::of_file_name(&self.name),
            },
            embedded::Definition::source,
        )
    }
}

/// Returns the path of a file that is named relative to another one.
pub(super) fn beside(file: &Path, name: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(name)
}

/// Reads a text file.
pub(super) fn read(path: &Path) -> Result<String, Vec<Problem>> {
    std::fs::read_to_string(path).map_err(|error| {
        vec![Problem::plain(format!(
            "{} cannot be read: {error}",
            path.display()
        ))]
    })
}

/// Reads the cases of a file.
pub(super) fn suite(path: &Path, text: &str) -> Result<Suite, Vec<Problem>> {
    let name = path.display().to_string();
    let source = Source {
        name: &name,
        text,
        format: asl::Format::of_file_name(&name),
    };
    cases::read(&source).map_err(|diagnostics| {
        diagnostics
            .iter()
            .map(|diagnostic| Problem::of(&source, diagnostic))
            .collect()
    })
}
