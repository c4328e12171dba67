//! JSONata expressions in the fields of states: what AWS refuses when a definition is created (facts 5.3), and
//! warnings of ours about what it accepts and cannot mean anything.
//!
//! Must not know which field may hold an expression. Invariant: an expression is read once, and what is said of it
//! points at the token in the source.

use crate::asl::place::Place;
use crate::asl::syntax::{Node, Value, substitute};
use crate::asl::{Severity, code, paths, suggest};
use crate::jsonata::{self, Bound, Dialect, Error, Expression, Limits, NESTING_MAX, Reference, References};

use std::collections::BTreeSet;
use std::ops::Range;

use super::inside::Inside;
use super::variables::Reading;
use super::{Checker, Spot, slips};

pub(super) const OPEN: &str = "{%";
pub(super) const CLOSE: &str = "%}";

/// The most refusals of names in one expression, and the most warnings: each has a text of its own.
const NAMES_MAX: usize = 100;

/// The longest text that is tried as an expression although nothing says that it is one, in bytes.
const TRIED_BYTES_MAX: usize = 1_000;

/// Whose fields are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Owner {
    /// A state that does no work, or one of its rules.
    #[default]
    Other,
    /// A Task, Parallel or Map.
    Work,
    /// An entry of `Catch`.
    Catcher,
}

/// What `$states` has where an expression stands, besides the input and the context (facts 5.3).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    has_result: bool,
    has_error: bool,
}

impl Owner {
    /// Returns what the expressions of a field may read.
    pub(super) fn outcome(self, field: &str) -> Outcome {
        let is_last = matches!(field, "Output" | "Assign");
        Outcome {
            has_result: is_last && self == Owner::Work,
            has_error: is_last && self == Owner::Catcher,
        }
    }
}

/// Returns every name that an `Assign` of a definition gives a value, in whatever state.
pub(super) fn assigned(root: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect_assigned(root, &mut names);
    names
}

fn collect_assigned(node: &Node, names: &mut BTreeSet<String>) {
    match &node.value {
        Value::Object(members) => {
            for member in members {
                if member.key == "Assign" {
                    let variables = member.value.as_object().unwrap_or_default();
                    names.extend(variables.iter().map(|variable| {
                        let name = variable.key.strip_suffix(".$");
                        name.unwrap_or(&variable.key).to_owned()
                    }));
                }
                collect_assigned(&member.value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_assigned(item, names)),
        _ => {}
    }
}

impl Checker<'_> {
    /// Checks a text that may be an expression. True when it is written as one.
    pub(super) fn jsonata(&mut self, text: &str, node: &Node, place: &Place<'_>) -> bool {
        if !text.starts_with(OPEN) {
            self.not_an_expression(text, node, place);
            return false;
        }
        let inner = text.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE));
        let Some(inner) = inner else {
            self.half_open(text, node, place);
            return true;
        };
        if substitute::has_placeholder(inner) {
            return true; // Reported as a substitution without a value.
        }
        let inside = Inside::new(node, place, text, inner, self.text, self.substitutions);
        match jsonata::parse(inner) {
            Ok(expression) => self.is_expression(&expression, &inside),
            Err(error) => self.is_no_expression(&error, &inside),
        }
        true
    }

    /// Reports a text that begins as an expression and does not end as one (facts 5.3).
    pub(super) fn half_open(&mut self, text: &str, node: &Node, place: &Place<'_>) {
        let help = match text.trim_end() {
            trimmed if trimmed.len() == text.len() && !text[OPEN.len()..].contains(CLOSE) => {
                "end it with `%}`"
            }
            trimmed if trimmed.ends_with(CLOSE) && text.ends_with('\n') => {
                "no line break may follow `%}`: in YAML write `|-`, which drops the last one"
            }
            trimmed if trimmed.ends_with(CLOSE) => "remove the blanks after `%}`",
            _ => slips::whole_text(),
        };
        let message = "JSONata string must start with {% and end with %}";
        self.schema(Spot::at(place, &node.span), message).help = Some(help.to_owned());
    }

    /// Reports a text that is no expression.
    fn is_no_expression(&mut self, error: &Error, inside: &Inside<'_>) {
        let part = inside.fault(error);
        if error.is_bound() == Some(Bound::Depth) {
            let message = format!("The expression is nested deeper than {NESTING_MAX} levels");
            let help = format!(
                "AWS accepts it, but evaluates only {} levels",
                Limits::STATES.depth
            );
            self.error(code::TOO_DEEPLY_NESTED, inside.spot(&part), message)
                .help = Some(help);
            return;
        }
        let diagnostic = self.error(jsonata::INVALID, inside.spot(&part), error.text());
        diagnostic.help = slips::of_syntax(inside.text, &part);
    }

    /// Checks what an expression reads.
    fn is_expression(&mut self, expression: &Expression, inside: &Inside<'_>) {
        let references = expression.references();
        self.refused_names(&references, inside);
        self.unknown_fields(&references, inside);
        self.unknown_variables(&references, inside);
        self.habits(inside);
        self.code(expression, inside);
    }

    /// Refuses what AWS refuses, in the order in which it is written: one of each name.
    fn refused_names(&mut self, references: &References, inside: &Inside<'_>) {
        let top = references.top.iter().map(|name| (name, true));
        let missing = references
            .states
            .iter()
            .filter(|field| match field.name.as_str() {
                // A catcher has no result; but no answer of AWS to that is known.
                "result" => !self.outcome.has_result && !self.outcome.has_error,
                "errorOutput" => !self.outcome.has_error,
                _ => false,
            });
        let mut refused: Vec<(&Reference, bool)> = top.chain(missing.map(|field| (field, false))).collect();
        refused.sort_by_key(|(name, _)| name.position);
        for (name, is_top) in refused.into_iter().take(NAMES_MAX) {
            let part = inside.token(name.position);
            let (message, help) = match is_top {
                true => (
                    name.message(),
                    self.top_level_help(name, &part, references, inside),
                ),
                false => (
                    format!("Field '$states.{}' does not exist.", name.name),
                    missing_help(&name.name),
                ),
            };
            self.error(jsonata::UNSUPPORTED, inside.spot(&part), message).help = Some(help);
        }
    }

    fn top_level_help(
        &self,
        name: &Reference,
        part: &Range<usize>,
        references: &References,
        inside: &Inside<'_>,
    ) -> String {
        slips::of_top_level(&slips::Name {
            name: &name.name,
            before: &inside.text[..part.start],
            rest: &inside.text[part.end..],
            is_variable: self.assigned.contains(&name.name) || references.bound.contains(&name.name),
            has_result: self.outcome.has_result,
        })
    }

    /// Warns of fields that `$states` has not: AWS accepts them, and they are nothing.
    fn unknown_fields(&mut self, references: &References, inside: &Inside<'_>) {
        let Outcome { has_error, .. } = self.outcome;
        let unknown = references.states.iter().filter(|field| {
            let name = field.name.as_str();
            !slips::STATES_FIELDS.contains(&name) || name == "result" && has_error
        });
        for field in unknown.take(NAMES_MAX) {
            let help = match field.name.as_str() {
                "result" => "a state that fails has `$states.errorOutput`".to_owned(),
                name => slips::of_states_field(name),
            };
            let spot = inside.spot(&inside.token(field.position));
            let message = format!("'$states' has no field '{}' here, so it has no value", field.name);
            self.warning(code::UNKNOWN_STATES_FIELD, spot, message).help = Some(help);
        }
    }

    /// Warns of functions that are not there, and of variables that cannot have a value here.
    fn unknown_variables(&mut self, references: &References, inside: &Inside<'_>) {
        let mut told = 0;
        for variable in &references.variables {
            let name = variable.name.as_str();
            let is_known = || slips::functions().any(|known| known == name);
            if references.bound.contains(name) || told == NAMES_MAX || is_known() {
                continue;
            }
            let part = inside.token(variable.position);
            match self.reading(name) {
                Reading::Possible => continue,
                Reading::Nowhere => self.unknown_variable(name, &part, references, inside),
                // A variable that is called is no function, whether it has a value or not.
                _ if is_called(inside.text, &part) => continue,
                reading => self.empty_variable(name, reading, inside.spot(&part)),
            }
            told += 1;
        }
    }

    /// Warns of a variable that has its value too late, or elsewhere.
    fn empty_variable(&mut self, name: &str, reading: Reading, spot: Spot) {
        let (why, help) = match reading {
            Reading::Elsewhere => (
                "is assigned only in a branch or iteration that this state is not part of",
                "a branch's or iteration's variables end with it: put the value into its output",
            ),
            _ => (
                "is assigned only by states that do not come before this one",
                "a state's expressions see the variables as they were when it was entered: assign it in a state before",
            ),
        };
        let message = format!("The variable '${name}' {why}, so it has no value");
        self.warning(code::UNKNOWN_VARIABLE, spot, message).help = Some(help.to_owned());
    }

    fn unknown_variable(
        &mut self,
        name: &str,
        part: &Range<usize>,
        references: &References,
        inside: &Inside<'_>,
    ) {
        let is_called = is_called(inside.text, part);
        let meant = self.closest_name(name, is_called, references);
        let (code, message) = match is_called {
            true => (
                code::UNKNOWN_FUNCTION,
                format!("There is no function '${name}': calling it is an error"),
            ),
            false => (
                code::UNKNOWN_VARIABLE,
                format!("No state assigns the variable '${name}', so it has no value"),
            ),
        };
        let help = match (name, meant) {
            ("eval", _) => Some("AWS has no `$eval`; `$parse(text)` reads JSON".to_owned()),
            (field, _) if !is_called && slips::STATES_FIELDS.contains(&field) => {
                Some(format!("did you mean `$states.{field}`?"))
            }
            (_, Some(meant)) => Some(format!("did you mean `${meant}`?")),
            _ => None,
        };
        self.warning(code, inside.spot(part), message).help = help;
    }

    /// Returns the name that was probably meant.
    fn closest_name(&self, name: &str, is_called: bool, references: &References) -> Option<String> {
        let own = references
            .bound
            .iter()
            .chain(&self.assigned)
            .map(|name| name.as_str());
        let functions = slips::functions().filter(|_| is_called);
        let states = Some("states").filter(|states| name.len() <= states.len() + 1);
        let known = own.chain(states).chain(functions);
        let meant = suggest::closest(name, known.filter(|_| self.wants_suggestions()));
        meant.map(str::to_owned)
    }

    /// Makes code where that can tell more: of a regular expression, and of what may be nested too deeply.
    fn code(&mut self, expression: &Expression, inside: &Inside<'_>) {
        let depth_max = Limits::STATES.depth;
        if inside.text.len() <= depth_max as usize && !inside.text.contains('/') {
            return;
        }
        let whole = 0..inside.text.len();
        match expression.compile(Dialect::States, &[]) {
            Err(error) => {
                let part = error.position().map_or(whole, |position| inside.token(position));
                self.error(jsonata::INVALID, inside.spot(&part), error.text());
            }
            Ok(code) if code.depth() > depth_max => {
                let message = format!(
                    "The expression is nested {} levels deep: more than {depth_max} are an error",
                    code.depth()
                );
                self.warning(code::DEEP_EXPRESSION, inside.spot(&whole), message)
                    .help = Some("write a long sum as `$sum([…])`, a long text as `$join([…])`".to_owned());
            }
            Ok(_) => {}
        }
    }

    /// Warns of a text that looks like an expression, and is none for want of its delimiters.
    fn not_an_expression(&mut self, text: &str, node: &Node, place: &Place<'_>) {
        let trimmed = text.trim();
        let help = if trimmed.starts_with(OPEN) && trimmed.ends_with(CLOSE) {
            "remove the blanks before `{%` and after `%}`".to_owned()
        } else if trimmed.ends_with(CLOSE) && !text.contains(OPEN) {
            "begin it with `{%`".to_owned()
        } else if has_both(text) {
            slips::whole_text().to_owned()
        } else if text.starts_with("$states.") && is_expression(text) {
            format!("write `{{% {text} %}}`")
        } else if slips::reads_states(text) {
            slips::whole_text().to_owned()
        } else if paths::looks_like_path(text) {
            slips::of_path(text)
        } else if paths::looks_like_call(text)
            && let Some(help) = slips::of_call(text)
        {
            help
        } else {
            return;
        };
        self.not_evaluated(node, place, help);
    }

    /// Warns of a text that nothing evaluates.
    pub(super) fn not_evaluated(&mut self, node: &Node, place: &Place<'_>, help: String) {
        let message = "The text looks like an expression, but nothing evaluates it";
        let spot = Spot::at(place, &node.span);
        let diagnostic = self.report(Severity::Warning, code::NOT_EVALUATED, spot, message.to_owned());
        diagnostic.help = Some(help);
    }
}

/// Says whether a text is written as an expression.
pub(super) fn is_delimited(text: &str) -> bool {
    text.strip_prefix(OPEN).is_some_and(|rest| rest.ends_with(CLOSE))
}

/// Says whether the name at a part of an expression is called there.
fn is_called(text: &str, part: &Range<usize>) -> bool {
    text[part.end..].trim_start().starts_with('(') || text[..part.start].trim_end().ends_with("~>")
}

fn has_both(text: &str) -> bool {
    let open = text.find(OPEN);
    open.is_some_and(|at| text[at + OPEN.len()..].contains(CLOSE))
}

fn is_expression(text: &str) -> bool {
    text.len() <= TRIED_BYTES_MAX && jsonata::parse(text).is_ok()
}

fn missing_help(field: &str) -> String {
    let whose = match field {
        "result" => "a Task, Parallel or Map",
        _ => "an entry of `Catch`",
    };
    format!("only the `Output` and `Assign` of {whose} have `$states.{field}`")
}
