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
}

impl Loader {
    pub(super) fn new(trace: bool) -> Loader {
        Loader {
            trace,
            known: BTreeMap::new(),
            names: Vec::new(),
        }
    }

    /// Returns a case's definition, compiled.
    pub(super) fn definition(&mut self, file: &Path, case: &Case) -> Result<&mut Loaded, Vec<Problem>> {
        let (name, text) = match &case.definition {
            Definition::Here(text) => (file.display().to_string(), text.clone()),
            Definition::File(name) => {
                let path = beside(file, name);
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
