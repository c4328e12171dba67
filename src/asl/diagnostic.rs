//! What is wrong with a definition, as data.
//!
//! Owns the diagnostic, its codes and the report. Knows neither how a definition is checked nor how a
//! diagnostic is printed. Codes and texts are AWS's (facts 4.4); those that AWS has not are marked so.

use std::ops::Range;

use crate::asl::model::StateMachine;

/// The codes of diagnostics: AWS's (facts 4.4), and ours where AWS has none.
pub mod code {
    /// The text is not JSON (or YAML).
    pub const INVALID_JSON_DESCRIPTION: &str = "INVALID_JSON_DESCRIPTION";
    /// A field, value or resource is not as the language wants it.
    pub const SCHEMA_VALIDATION_FAILED: &str = "SCHEMA_VALIDATION_FAILED";
    /// No state at the top level ends the execution.
    pub const MISSING_END_STATE: &str = "MISSING_END_STATE";
    /// A transition leads nowhere, or no transition leads to a state.
    pub const MISSING_TRANSITION_TARGET: &str = "MISSING_TRANSITION_TARGET";
    /// Two states have one name.
    pub const DUPLICATE_STATE_NAME: &str = "DUPLICATE_STATE_NAME";
    /// A state's name is too long.
    pub const INVALID_STATE_NAME: &str = "INVALID_STATE_NAME";
    /// Two Map states have one label.
    pub const DUPLICATE_LABEL_NAME: &str = "DUPLICATE_LABEL_NAME";
    /// A Map state's label is too long or has a forbidden character.
    pub const INVALID_LABEL_NAME: &str = "INVALID_LABEL_NAME";
    /// A variable's name is reserved.
    pub const RESERVED_VARIABLE_NAME: &str = "RESERVED_VARIABLE_NAME";
    /// A variable's name is not an identifier.
    pub const INVALID_VARIABLE_NAME: &str = "INVALID_VARIABLE_NAME";
    /// The definition is nested too deeply.
    pub const TOO_DEEPLY_NESTED: &str = "TOO_DEEPLY_NESTED";
    /// Warning: a value looks like a path or a call, but its key has no `.$`.
    pub const NO_DOLLAR: &str = "NO_DOLLAR";
    /// Warning: a value looks like a path, but its field does not end in `Path`.
    pub const NO_PATH: &str = "NO_PATH";
    /// Warning: a `Result` has paths, which nothing evaluates.
    pub const PASS_RESULT_IS_STATIC: &str = "PASS_RESULT_IS_STATIC";
    /// A text in `{% %}` is no JSONata expression.
    pub const INVALID_JSONATA_EXPRESSION: &str = crate::jsonata::INVALID;
    /// A JSONata expression reads what is not there.
    pub const UNSUPPORTED_JSONATA_EXPRESSION: &str = crate::jsonata::UNSUPPORTED;
    /// Ours, a warning: a text looks like an expression that nothing evaluates.
    pub const NOT_EVALUATED: &str = "NOT_EVALUATED";
    /// Ours, a warning: `$states` has no such field.
    pub const UNKNOWN_STATES_FIELD: &str = "UNKNOWN_STATES_FIELD";
    /// Ours, a warning: an expression reads a variable that cannot have a value there.
    pub const UNKNOWN_VARIABLE: &str = "UNKNOWN_VARIABLE";
    /// Ours, a warning: a flow inside another assigns a variable of that one's name, which AWS does not allow.
    pub const SHADOWED_VARIABLE: &str = "SHADOWED_VARIABLE";
    /// Ours, a warning: a variable has the name of a built-in function that an expression calls.
    pub const SHADOWED_FUNCTION: &str = "SHADOWED_FUNCTION";
    /// Ours, a warning: an expression calls a function that is not there.
    pub const UNKNOWN_FUNCTION: &str = "UNKNOWN_FUNCTION";
    /// Ours, a warning: an expression filters by a text, which always holds.
    pub const CONSTANT_FILTER: &str = "CONSTANT_FILTER";
    /// Ours, a warning: an expression is nested deeper than AWS evaluates.
    pub const DEEP_EXPRESSION: &str = "DEEP_EXPRESSION";
    /// Ours, a warning: a Map's items are a constant that is no array.
    pub const ITEMS_NO_ARRAY: &str = "ITEMS_NO_ARRAY";
    /// Ours, a warning: an object has a key twice; AWS takes the later value.
    pub const DUPLICATE_KEY: &str = "DUPLICATE_KEY";
    /// Ours, a warning: `ErrorEquals` has a `States.` name that no state raises.
    pub const UNKNOWN_ERROR_NAME: &str = "UNKNOWN_ERROR_NAME";
}

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The definition is refused.
    Error,
    /// The definition is accepted.
    Warning,
}

impl Severity {
    /// Returns AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
        }
    }
}

/// One finding about a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// One of [`code`].
    pub code: &'static str,
    /// Whether it refuses the definition.
    pub severity: Severity,
    /// What is wrong, in AWS's words where AWS has them.
    pub message: String,
    /// JSON Pointer (RFC 6901) of the place.
    pub pointer: String,
    /// The place as AWS writes it, often the object around it; `None` where AWS gives none.
    pub location: Option<String>,
    /// Line of the place, from 1.
    pub line: usize,
    /// Column of the place in characters, from 1.
    pub column: usize,
    /// Byte range of the place in the source text.
    pub span: Range<usize>,
    /// What was meant or can be done, where we can tell.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Returns the message as AWS's API gives it: that of a JSON fault repeats its position (facts 9.3).
    pub fn aws_text(&self) -> String {
        match &self.location {
            Some(location) if self.code == code::INVALID_JSON_DESCRIPTION => {
                format!("{}\n at {location}", self.message)
            }
            _ => self.message.clone(),
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The findings, in AWS's order: text, fields, names, transitions.
    pub diagnostics: Vec<Diagnostic>,
    /// The definition; present when nothing refuses it and it is ours to run.
    pub machine: Option<StateMachine>,
}

impl Report {
    /// Says whether the definition is refused.
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }

    /// Returns the findings that refuse the definition.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Returns what AWS puts into the message of `InvalidDefinition`: the errors, each
    /// `CODE: text at location`, joined by a comma (facts 1.3, 4.4). AWS's reader stops at the first fault
    /// of the text. `None` when nothing is wrong.
    pub fn aws_message(&self) -> Option<String> {
        let stops = |diagnostic: &&Diagnostic| diagnostic.code == code::INVALID_JSON_DESCRIPTION;
        let texts: Vec<String> = match self.errors().find(stops) {
            Some(fault) => vec![aws_entry(fault)],
            None => self.errors().map(aws_entry).collect(),
        };
        let joined = texts.join(", ");
        (!joined.is_empty()).then(|| format!("Invalid State Machine Definition: '{joined}'"))
    }
}

fn aws_entry(diagnostic: &Diagnostic) -> String {
    let location = diagnostic.location.as_deref().unwrap_or("null");
    format!("{}: {} at {location}", diagnostic.code, diagnostic.aws_text())
}
