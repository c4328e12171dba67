//! Reading what cases name: files, definitions, programs.

use super::report::Problem;
use crate::asl::{self, Source};
use crate::cases::{self, Case, Coverage, Definition, Suite};
use crate::compile::{self, compile_with};
use crate::program::Program;
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
        let (name, text) = match &case.definition {
            Definition::Here(text) => (file.display().to_string(), text.clone()),
            Definition::File(_) | Definition::Named(_) => {
                let path = match &case.definition {
                    Definition::Named(machine) => self
                        .named(file, machine)
                        .map_err(|problem| vec![Problem::plain(problem).named_at(file, case.line)])?,
                    Definition::File(name) | Definition::Here(name) => beside(file, name),
                };
                let text = read(&path).map_err(|problems| {
                    let named = |problem: Problem| problem.named_at(file, case.line);
                    problems.into_iter().map(named).collect::<Vec<_>>()
                })?;
                (path.display().to_string(), text)
            }
        };
        let key = (text, case.substitutions.clone());
        if !self.known.contains_key(&key) {
            let loaded = self.load(&name, &key.0, &key.1);
            self.known.insert(key.clone(), loaded);
            self.names.push((name, key.clone()));
        }
        match self.known.get_mut(&key) {
            Some(Ok(loaded)) => Ok(loaded),
            Some(Err(problems)) => Err(problems.clone()),
            None => Err(Vec::new()),
        }
    }

    fn load(
        &self,
        name: &str,
        text: &str,
        substitutions: &BTreeMap<String, String>,
    ) -> Result<Loaded, Vec<Problem>> {
        let source = Source {
            name,
            text,
            format: asl::Format::of_file_name(name),
        };
        let options = asl::Options {
            substitutions: substitutions.clone(),
            ..asl::Options::default()
        };
        let report = asl::check(&source, &options);
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
