//! A definition that was put together, ready to be checked.
//!
//! Owns how its text, its substitutions and the places of its diagnostics come together. Invariant: each
//! diagnostic it returns points into the file that [`Definition::file`] returns.

use super::cloudformation::Substitutions;
use super::evaluate::Evaluator;
use super::included::Included;
use super::mapped::{MadeUp, Mapped};
use super::placeholders::{NUMBER, Quotes, Use, is_bare, is_resource, uses};
use super::{Body, Container, Fault, Machine, Origin, Request, code};
use crate::asl::syntax::{Duplicate, LineIndex, Lines, Span};
use crate::asl::{self, Diagnostic, Format, MachineType, Options, Report, Severity, Source};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// The most bytes that substitutions may put into a definition.
const FILLED_BYTES_MAX: usize = 8 << 20;

/// The most placeholders that nothing fills in which are told of one definition.
const LITERALS_MAX: usize = 20;

/// A definition from a file that holds definitions.
pub struct Definition {
    machine: String,
    file_name: String,
    pub(super) file_text: Arc<str>,
    line_index: Arc<OnceLock<LineIndex>>,
    /// The text of the definition; without it that of the file.
    pub(super) text: Option<Mapped>,
    pub(super) format: Format,
    substitutions: BTreeMap<String, String>,
    pub(super) machine_type: Option<MachineType>,
    /// What stands beside the findings of the check, or instead of it if there are errors.
    pub(super) problems: Vec<Diagnostic>,
    /// The file beside the container that has the definition.
    pub(super) beside: Option<String>,
    /// The file says nothing about the type of workflow.
    has_no_type: bool,
}

impl Definition {
    /// Creates one that cannot be had.
    pub(super) fn refused(container: &Container, machine: &str, problems: Vec<Diagnostic>) -> Definition {
        Definition {
            machine: machine.to_owned(),
            file_name: container.name.clone(),
            file_text: Arc::clone(&container.text),
            line_index: Arc::clone(&container.line_index),
            text: Some(Mapped::default()),
            format: Format::Json,
            substitutions: BTreeMap::new(),
            machine_type: None,
            problems,
            beside: None,
            has_no_type: false,
        }
    }

    /// Puts one together from what was evaluated.
    pub(super) fn assemble<'a>(
        container: &Container,
        machine: &Machine,
        mut evaluator: Evaluator<'a>,
        body: Body,
        members: Substitutions<'a>,
        request: &Request<'_>,
    ) -> Definition {
        let mut out = Definition::refused(container, &machine.name, Vec::new());
        out.machine_type = machine.machine_type;
        out.has_no_type = !machine.names_type && container.names_machines();
        let is_literal = is_literal(&machine.origin, &body, &members);
        match body {
            Body::Nowhere => {}
            Body::Here(text) => {
                let home = evaluator.names.home();
                let mut quotes = Quotes::default();
                let better = |before: &str, made_up: &MadeUp<'_>, after: &str| {
                    if !quotes.are_open_after(before) && is_bare(before, made_up.text, after) {
                        return Some(NUMBER.to_owned());
                    }
                    let is_function = made_up.is_unknown && is_resource(before, after);
                    is_function.then(|| home.function(made_up.text))
                };
                out.text = Some(text.settle(better));
            }
            Body::File(path, span) => match (request.beside)(&path) {
                Ok(text) if is_elsewhere(&path) && !text.contains("StartAt") => {
                    let message = format!("The file {path} contains no definition");
                    evaluator.fault(&span, message, "");
                    out.beside = Some(path);
                }
                Ok(text) => out.take_file(container, path, text),
                Err(reason) => {
                    evaluator.fault(&span, unreadable(&path, &reason), "");
                    out.beside = Some(path);
                }
            },
            Body::Included { path, keys, span } => {
                let included = Included {
                    path,
                    keys,
                    span,
                    machine: &machine.name,
                };
                out.include(container, &mut evaluator, included, request);
            }
        }
        if is_literal {
            let is_template = matches!(machine.origin, Origin::Resource(_));
            if is_template && !evaluator.has_sub {
                out.warn_of_literals(&mut evaluator.warnings);
            }
            out.keep_placeholders();
        } else {
            out.substitute(&mut evaluator, members, request.given);
        }
        out.finish(container, evaluator, request.is_strict);
        out
    }

    /// Warns of each `${Name}` that AWS would get as it is.
    fn warn_of_literals(&self, warnings: &mut Vec<Fault>) {
        let mut names: Vec<(&str, Use)> = uses(self.text()).into_iter().collect();
        names.sort_by_key(|(_, found)| found.first);
        for (name, found) in names.into_iter().take(LITERALS_MAX) {
            let length = name.len() + "${}".len();
            let span = found.first..found.first + length;
            let span = self.text.as_ref().map_or(span.clone(), |text| text.place(&span));
            let message = format!("Nothing fills in ${{{name}}} here: AWS receives it unchanged");
            let help = "put Fn::Sub before the text, or name it in DefinitionSubstitutions";
            warnings.push(Fault::warning(code::LITERAL_PLACEHOLDER, span, message, help));
        }
    }

    pub(super) fn take_file(&mut self, container: &Container, path: String, text: String) {
        let folder = container.name.rfind(['/', '\\']).map_or(0, |end| end + 1);
        self.file_name = format!("{}{path}", &container.name[..folder]);
        self.format = Format::of_file_name(&path);
        self.file_text = text.into();
        self.line_index = Arc::default();
        self.text = None;
        self.beside = Some(path);
    }

    /// Makes each `${Name}` of the text stand for itself.
    fn keep_placeholders(&mut self) {
        let names = uses(self.text()).into_keys();
        self.substitutions = names
            .map(|name| (name.to_owned(), format!("${{{name}}}")))
            .collect();
    }

    /// Evaluates the substitutions that the text uses.
    fn substitute<'a>(
        &mut self,
        evaluator: &mut Evaluator<'a>,
        members: Substitutions<'a>,
        given: &BTreeMap<String, String>,
    ) {
        let mut substitutions = given.clone();
        let uses = uses(self.text());
        let mut values = Vec::new();
        match members {
            Substitutions::None => {}
            Substitutions::Values(known) => values = known,
            Substitutions::Members(members) => {
                // What nothing uses need not be known.
                let used = members.iter().filter(|member| uses.contains_key(&*member.key));
                for member in used.filter(|member| !given.contains_key(&member.key)) {
                    let warned = evaluator.warnings.len();
                    values.push((member.key.clone(), evaluator.text(&member.value)));
                    if self.text.is_none() {
                        // The definition is a file of its own, and what is shown is a part of it.
                        let place = uses.get(&*member.key).map_or(0, |found| found.first);
                        for warning in evaluator.warnings.iter_mut().skip(warned) {
                            warning.span = place..place + member.key.len() + "${}".len();
                        }
                    }
                }
            }
        }
        let mut filled = 0_usize;
        for (name, value) in values {
            let Some(found) = uses.get(&*name).filter(|_| !given.contains_key(&name)) else {
                continue;
            };
            filled = filled.saturating_add(value.len().saturating_mul(found.count));
            if filled > FILLED_BYTES_MAX {
                let message = format!("The substitutions produce more than {FILLED_BYTES_MAX} bytes of text");
                evaluator.fault(&value.place(&(0..value.len())), message, "");
                break;
            }
            let value = match value.is_unknown() && found.is_resource {
                true => evaluator.names.home().function(value.text()),
                false => value.text().to_owned(),
            };
            substitutions.insert(name, value);
        }
        self.substitutions = substitutions;
    }

    fn finish(&mut self, container: &Container, evaluator: Evaluator<'_>, is_strict: bool) {
        let resource = evaluator.resource;
        let mut faults = evaluator.faults;
        if is_strict {
            faults.extend(evaluator.unresolved.into_iter().map(super::Unresolved::fault));
        }
        let warnings = evaluator.warnings;
        if faults.is_empty() && warnings.is_empty() && container.duplicates.is_empty() {
            return;
        }
        if faults.is_empty() {
            let lines = self.lines();
            let warnings = warnings.into_iter().map(|warning| warning.diagnostic(&lines));
            let warnings: Vec<Diagnostic> = warnings.collect();
            self.problems.extend(warnings);
        } else {
            // They stand in the container, also when the definition does not.
            let lines = container.lines();
            self.problems = faults.into_iter().map(|fault| fault.diagnostic(&lines)).collect();
            self.file_name.clone_from(&container.name);
            self.file_text = Arc::clone(&container.text);
            self.line_index = Arc::clone(&container.line_index);
            self.text = Some(Mapped::default());
        }
        if self.has_faults() {
            self.text.get_or_insert_with(Mapped::default);
        } else if let Some(text) = self.text.as_ref().filter(|_| self.beside.is_none()) {
            let lines = container.lines();
            let whole = text.place(&(0..text.len()));
            // In the definition, or the whole machine once more, of which the last counts.
            let concerns = |duplicate: &&Duplicate| {
                is_inside(&duplicate.span, &whole) || resource.as_ref() == Some(&duplicate.span)
            };
            let duplicates = container.duplicates.iter().filter(concerns);
            self.problems
                .extend(duplicates.map(|duplicate| twice(duplicate, &lines)));
        }
    }

    fn lines(&self) -> Lines<'_> {
        let index = self.line_index.get_or_init(|| LineIndex::new(&self.file_text));
        Lines::with(&self.file_text, index)
    }

    fn has_faults(&self) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.severity == Severity::Error)
    }

    /// Returns the name of the state machine.
    pub fn machine(&self) -> &str {
        &self.machine
    }

    /// Returns the type of workflow that the file says it is.
    pub fn machine_type(&self) -> Option<MachineType> {
        self.machine_type
    }

    /// Says whether the file leaves the type of workflow to AWS, which then makes a Standard workflow.
    pub fn has_no_type(&self) -> bool {
        self.has_no_type
    }

    /// Returns the file that its diagnostics point into.
    pub fn file(&self) -> Source<'_> {
        Source {
            name: &self.file_name,
            text: &self.file_text,
            format: self.format,
        }
    }

    /// Returns the text of that file, which may be large and common to many definitions.
    pub fn file_text(&self) -> &Arc<str> {
        &self.file_text
    }

    /// Returns the file beside the container that has the definition, as it is named there.
    pub fn beside(&self) -> Option<&str> {
        self.beside.as_deref()
    }

    /// Returns the definition as a text of its own: places in it are not those of the file.
    pub fn source(&self) -> Source<'_> {
        Source {
            text: self.text(),
            ..self.file()
        }
    }

    /// Returns what `${Name}` in the definition stands for.
    pub fn substitutions(&self) -> &BTreeMap<String, String> {
        &self.substitutions
    }

    /// Returns what is wrong with the file around the definition, if that is why it cannot be had.
    pub fn faults(&self) -> &[Diagnostic] {
        match self.has_faults() {
            true => &self.problems,
            false => &[],
        }
    }

    pub(super) fn text(&self) -> &str {
        self.text.as_ref().map_or(&self.file_text, Mapped::text)
    }

    /// Checks the definition.
    pub fn check(&self, machine_type: MachineType) -> Report {
        if self.has_faults() {
            return Report {
                diagnostics: self.problems.clone(),
                machine: None,
            };
        }
        let options = Options {
            machine_type,
            substitutions: self.substitutions.clone(),
        };
        let mut report = asl::check(&self.source(), &options);
        self.locate(&mut report.diagnostics);
        report.diagnostics.splice(0..0, self.problems.iter().cloned());
        report
    }

    /// Makes diagnostics of the text point into the file.
    pub fn locate(&self, diagnostics: &mut [Diagnostic]) {
        let Some(text) = self.text.as_ref().filter(|_| !diagnostics.is_empty()) else {
            return;
        };
        let lines = self.lines();
        for diagnostic in diagnostics {
            diagnostic.span = text.place(&diagnostic.span);
            (diagnostic.line, diagnostic.column) = lines.position(diagnostic.span.start);
        }
    }
}

/// Says whether a path leads out of the template's folder: a file there may be none of the template's author's
/// business, so messages show lines of it only when it is a definition.
pub(super) fn is_elsewhere(path: &str) -> bool {
    path.starts_with(['/', '\\']) || path.contains(':') || path.split(['/', '\\']).any(|part| part == "..")
}

/// Says whether AWS gets a text as it is, so that a `${Name}` in it means nothing: only a template with
/// `DefinitionSubstitutions` and a file of its own have a stage that fills them in.
fn is_literal(origin: &Origin, body: &Body, members: &Substitutions<'_>) -> bool {
    let is_here = matches!(body, Body::Here(_)) && matches!(members, Substitutions::None);
    is_here && !matches!(origin, Origin::Serverless(_))
}

pub(super) fn unreadable(path: &str, reason: &str) -> String {
    format!("The definition {path} cannot be read: {reason}")
}

fn is_inside(inner: &Span, outer: &Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

fn twice(duplicate: &Duplicate, lines: &Lines<'_>) -> Diagnostic {
    let message = format!(
        "The key '{}' is given twice; this value replaces the earlier one",
        duplicate.key
    );
    Diagnostic {
        severity: Severity::Warning,
        code: asl::code::DUPLICATE_KEY,
        ..Fault::new(duplicate.span.clone(), message, "").diagnostic(lines)
    }
}
