//! The proof: cases over the definition and the rewritten one.
//!
//! Owns which cases are played. Invariant: a case is played over both with the same placeholders, input and answers.

use super::{Args, how, options, source};
use crate::asl;
use crate::asl::render::render;
use crate::asl::{Format, Source};
use crate::cases::{self, Case, Definition, Difference, Input};
use crate::cli::definition::{Checked, cannot_read, load};
use crate::cli::output::{Stop, stderr_has_colour};
use crate::compile::compile;
use crate::convert::Converted;
use crate::program::Program;
use crate::registry::address::Address;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Endings of case files.
const ENDINGS: [&str; 3] = [".cases.json", ".cases.yaml", ".cases.yml"];

/// What the cases showed.
#[derive(Default)]
pub(super) struct Proof {
    pub(super) cases: Vec<Proven>,
}

/// What one case showed.
pub(super) struct Proven {
    pub(super) file: String,
    pub(super) name: String,
    pub(super) line: usize,
    /// Where the two differ, or why it was not played.
    pub(super) outcome: Result<Vec<Difference>, String>,
}

impl Proof {
    /// Says whether a case differs.
    pub(super) fn differs(&self) -> bool {
        self.cases.iter().any(Proven::differs)
    }
}

impl Proven {
    pub(super) fn differs(&self) -> bool {
        self.outcome
            .as_ref()
            .is_ok_and(|differences| !differences.is_empty())
    }
}

/// The definition and the rewritten one, compiled.
type Pair = (Program, Program);

/// Plays the cases over both.
pub(super) fn prove(args: &Args, converted: &Converted) -> Result<Proof, Stop> {
    let mut pairs: BTreeMap<BTreeMap<String, String>, Pair> = BTreeMap::new();
    let mut proof = Proof::default();
    for (path, case) in cases_of(args)? {
        let mut substitutions: BTreeMap<String, String> = args.substitutions.iter().cloned().collect();
        substitutions.extend(case.substitutions.clone());
        let outcome = match &case.skip {
            Some(reason) => Err(reason.clone()),
            None => {
                let input = input(&path, &case)?;
                let pair = match pairs.entry(substitutions) {
                    std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                    std::collections::btree_map::Entry::Vacant(new) => {
                        let pair = self::pair(args, converted, new.key())?;
                        new.insert(pair)
                    }
                };
                Ok(cases::compare(&case, &pair.0, &pair.1, input.as_bytes()))
            }
        };
        proof.cases.push(Proven {
            file: path.display().to_string(),
            name: case.name,
            line: case.line,
            outcome,
        });
    }
    Ok(proof)
}

fn pair(args: &Args, converted: &Converted, substitutions: &BTreeMap<String, String>) -> Result<Pair, Stop> {
    let given: Vec<(String, String)> = substitutions.clone().into_iter().collect();
    let first = load(&args.file, &given)?;
    let checked = Checked::read(&args.file, how(args, &given))?;
    let report = asl::check(&source(converted), &options(args, &checked, &given));
    let Some(machine) = report.machine else {
        let reasons: Vec<String> = report.errors().map(|error| error.message.clone()).collect();
        let message = format!(
            "error: the rewritten definition is refused: {}",
            reasons.join("; ")
        );
        return Err(Stop::new(message));
    };
    Ok((first, compile(&machine)))
}

/// Returns the cases that prove the definition, each with its file.
fn cases_of(args: &Args) -> Result<Vec<(PathBuf, Case)>, Stop> {
    let mut found = Vec::new();
    if !args.cases.is_empty() {
        for path in &args.cases {
            let cases = read(path)?;
            found.extend(
                cases
                    .into_iter()
                    .filter(has_file)
                    .map(|case| (path.clone(), case)),
            );
        }
        if found.is_empty() {
            return Err(Stop::new(
                "error: the files hold no case that plays a definition of its own file",
            ));
        }
        return Ok(found);
    }
    for path in beside(&args.file) {
        // A file that is broken is for 'test' to tell; it may have nothing to do with this definition.
        for case in read(&path).unwrap_or_default() {
            if is_of(&path, &case, &args.file) {
                found.push((path.clone(), case));
            }
        }
    }
    Ok(found)
}

/// Says whether a case leaves it to others where its definition is.
fn has_file(case: &Case) -> bool {
    !matches!(case.definition, Definition::Here(_))
}

/// Returns the case files in the folder of a definition.
fn beside(definition: &Path) -> Vec<PathBuf> {
    let file = Address::of(definition).file;
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.file_name())
        .filter(|name| {
            ENDINGS
                .iter()
                .any(|ending| name.to_string_lossy().ends_with(ending))
        })
        .map(|name| file.with_file_name(name))
        .collect();
    files.sort();
    files
}

/// Says whether a case plays this definition.
fn is_of(cases: &Path, case: &Case, definition: &Path) -> bool {
    let Definition::File(name) = &case.definition else {
        return false;
    };
    let real = |path: &Path| {
        let address = Address::of(path);
        std::fs::canonicalize(address.file)
            .ok()
            .map(|file| (file, address.name))
    };
    let named = cases.with_file_name(name);
    match (real(&named), real(definition)) {
        (Some((file, name)), Some((wanted, own))) => file == wanted && (name == own || name.is_none()),
        _ => false,
    }
}

fn read(path: &Path) -> Result<Vec<Case>, Stop> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| cannot_read(&name, &error))?;
    let source = Source {
        name: &name,
        text: &text,
        format: Format::of_file_name(&name),
    };
    match cases::read(&source) {
        Ok(suite) => Ok(suite.cases),
        Err(diagnostics) => {
            let texts = diagnostics
                .iter()
                .map(|found| render(&source, found, stderr_has_colour()));
            Err(Stop::rendered(texts.collect::<Vec<_>>().join("\n\n")))
        }
    }
}

fn input(cases: &Path, case: &Case) -> Result<String, Stop> {
    match &case.input {
        Input::Here(text) => Ok(text.clone()),
        Input::File(name) => {
            let path = cases.with_file_name(name);
            std::fs::read_to_string(&path).map_err(|error| cannot_read(&path.display().to_string(), &error))
        }
    }
}
