//! Validation: from a text to diagnostics, as AWS finds them.
//!
//! Owns the order of the checks (facts 4.4): the text, then field by field as the definition stands, then
//! names, then transitions. Nothing stops at the first problem, except that a text which is not JSON has
//! no fields to look at. Each child module has one subject and adds methods to [`Checker`].

mod choice;
mod distributed;
mod graph;
mod habits;
mod inside;
mod jsonata;
mod names;
mod object;
mod retry;
mod scalar;
mod slips;
mod state;
mod task;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod variables;

pub(crate) use distributed::is_distributed;

use std::collections::{BTreeMap, BTreeSet};

use crate::asl::model::QueryLanguage;
use crate::asl::place::Place;
use crate::asl::syntax::{Lines, Node, Span};
use crate::asl::{Diagnostic, MachineType, Options, Severity, Source, code};
use crate::services::Services;

use jsonata::{Outcome, Owner};

/// Validates a text. The tree is there when the text is well-formed.
pub(crate) fn validate(
    source: &Source<'_>,
    options: &Options,
    services: &Services,
) -> (Option<Node>, Vec<Diagnostic>) {
    let mut checker = Checker {
        services,
        text: source.text,
        lines: Lines::new(source.text),
        machine_type: options.machine_type,
        machine_language: QueryLanguage::JsonPath,
        substitutions: &options.substitutions,
        assigned: BTreeSet::new(),
        called: variables::called(source.text),
        scopes: Vec::new(),
        variable_steps: 0,
        owner: Owner::default(),
        outcome: Outcome::default(),
        diagnostics: Vec::new(),
    };
    let root = checker.read(source, &options.substitutions);
    if let Some(root) = &root {
        checker.assigned = jsonata::assigned(root);
        checker.machine(root);
    }
    (root, checker.diagnostics)
}

/// The diagnostics so far, and what every check needs to know.
struct Checker<'a> {
    /// What `aws-sdk:*` may name.
    services: &'a Services,
    text: &'a str,
    lines: Lines<'a>,
    machine_type: MachineType,
    machine_language: QueryLanguage,
    /// What `${Name}` stands for.
    substitutions: &'a BTreeMap<String, String>,
    /// The variables that some state assigns.
    assigned: BTreeSet<String>,
    /// The functions that some expression calls.
    called: BTreeSet<&'static str>,
    /// The variables of the flows around what is being checked, outermost first.
    scopes: Vec<variables::Scope>,
    /// How much was looked at to tell whether variables have values.
    variable_steps: usize,
    /// Whose fields are being checked.
    owner: Owner,
    /// What the expressions of the field may read that is being checked.
    outcome: Outcome,
    diagnostics: Vec<Diagnostic>,
}

/// Where a diagnostic points: our precise place, and AWS's.
struct Spot {
    pointer: String,
    location: Option<String>,
    span: Span,
}

impl Spot {
    /// Both point at the same place.
    fn at(place: &Place<'_>, span: &Span) -> Spot {
        Spot {
            pointer: place.pointer(),
            location: Some(place.location()),
            span: span.clone(),
        }
    }

    /// We point at a member of an object, AWS at the object.
    fn within(object: &Place<'_>, member: &Place<'_>, span: &Span) -> Spot {
        Spot {
            pointer: member.pointer(),
            location: Some(object.location()),
            span: span.clone(),
        }
    }
}

/// The number of diagnostics after which none gets a suggestion: each costs a search.
const SUGGESTIONS_MAX: usize = 50;

impl Checker<'_> {
    fn is_express(&self) -> bool {
        self.machine_type == MachineType::Express
    }

    fn wants_suggestions(&self) -> bool {
        self.diagnostics.len() < SUGGESTIONS_MAX
    }

    /// Reports an error with AWS's code for fields.
    fn schema(&mut self, spot: Spot, message: impl Into<String>) -> &mut Diagnostic {
        self.error(code::SCHEMA_VALIDATION_FAILED, spot, message)
    }

    fn error(&mut self, code: &'static str, spot: Spot, message: impl Into<String>) -> &mut Diagnostic {
        self.report(Severity::Error, code, spot, message.into())
    }

    fn warning(&mut self, code: &'static str, spot: Spot, message: impl Into<String>) -> &mut Diagnostic {
        self.report(Severity::Warning, code, spot, message.into())
    }

    fn report(
        &mut self,
        severity: Severity,
        code: &'static str,
        spot: Spot,
        message: String,
    ) -> &mut Diagnostic {
        let (line, column) = self.lines.position(spot.span.start);
        let at = self.diagnostics.len();
        self.diagnostics.push(Diagnostic {
            code,
            severity,
            message,
            pointer: spot.pointer,
            location: spot.location,
            line,
            column,
            span: spot.span,
            help: None,
        });
        &mut self.diagnostics[at]
    }

    /// Checks the definition, fields first, then names and transitions.
    fn machine(&mut self, root: &Node) {
        let place = Place::ROOT;
        self.machine_fields(root, &place);
        self.names(root, &place);
        self.graph(root, &place);
    }
}
