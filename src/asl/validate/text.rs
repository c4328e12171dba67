//! The text itself: size, JSON or YAML, substitutions, keys given twice.

use std::collections::BTreeMap;

use crate::asl::place::Place;
use crate::asl::syntax::substitute::{self, Leftover, Step};
use crate::asl::syntax::{self, DEFINITION_BYTES_MAX, Duplicate, Node, Problem, ProblemKind, Span, Value};
use crate::asl::{Format, Source, code};

use super::{Checker, Spot};

/// The part of a text that AWS's reader quotes in a position, in characters.
const QUOTED_CHARS_MAX: usize = 500;

impl Checker<'_> {
    /// Reads the text. Returns its tree when enough of it is certain to look further.
    pub(super) fn read(&mut self, source: &Source<'_>, set: &BTreeMap<String, String>) -> Option<Node> {
        if source.text.len() > DEFINITION_BYTES_MAX {
            let spot = Spot {
                pointer: String::new(),
                location: None,
                span: 0..0,
            };
            let message = format!("The definition is longer than {DEFINITION_BYTES_MAX} bytes");
            self.schema(spot, message);
            return None;
        }
        let mut reading = match source.format {
            Format::Json => syntax::json::read(source.text, set),
            Format::Yaml => syntax::yaml::read(source.text, set),
        };
        let certain = reading
            .problems
            .iter()
            .all(|problem| problem.kind == ProblemKind::Slip);
        for problem in reading.problems {
            self.fault(problem, source.format);
        }
        for duplicate in &reading.duplicates {
            self.duplicate_key(duplicate, reading.root.as_ref());
        }
        let is_object = reading
            .root
            .as_ref()
            .is_some_and(|root| root.as_object().is_some());
        if certain && !is_object {
            let span = reading.root.as_ref().map_or(0..0, |root| root.span.clone());
            let spot = Spot {
                pointer: String::new(),
                location: None,
                span,
            };
            self.schema(spot, "Definition must be a valid JSON object");
        }
        let root = reading.root.as_mut().filter(|_| certain && is_object)?;
        for leftover in substitute::fill_tree(root, set, source.text) {
            self.leftover(&leftover);
        }
        reading.root
    }

    fn fault(&mut self, problem: Problem, format: Format) {
        let code = match problem.kind {
            ProblemKind::TooDeep => code::TOO_DEEPLY_NESTED,
            _ => code::INVALID_JSON_DESCRIPTION,
        };
        let message = match (problem.kind, format) {
            (ProblemKind::TooDeep, _) | (_, Format::Json) => problem.message,
            (_, Format::Yaml) => format!("Not valid YAML: {}", problem.message),
        };
        let location =
            (problem.kind != ProblemKind::TooDeep).then(|| self.jackson_location(problem.span.end));
        // YAML reads `{` as the begin of a mapping, and `%` stands nowhere in one.
        let is_bare = format == Format::Yaml
            && self
                .text
                .get(..problem.span.start)
                .is_some_and(|before| before.ends_with('{'))
            && self.text[problem.span.start..].starts_with('%');
        let bare = || {
            is_bare
                .then(|| "in YAML an expression stands in quotes, `\"{% … %}\"`, or behind `|-`".to_owned())
        };
        let help = problem.help.or_else(bare);
        let spot = Spot {
            pointer: String::new(),
            location,
            span: problem.span,
        };
        self.error(code, spot, message).help = help;
    }

    /// Returns a position as AWS's JSON reader writes it (facts 9.3).
    fn jackson_location(&self, offset: usize) -> String {
        let (line, column) = self.lines.position(offset);
        let quoted: String = self.text.chars().take(QUOTED_CHARS_MAX).collect();
        let left_out = self.text.chars().count().saturating_sub(QUOTED_CHARS_MAX);
        let more = if left_out == 0 {
            String::new()
        } else {
            format!("[truncated {left_out} chars]")
        };
        format!("[Source: (String)\"{quoted}\"{more}; line: {line}, column: {column}]")
    }

    fn duplicate_key(&mut self, duplicate: &Duplicate, root: Option<&Node>) {
        let pointer = root.and_then(|root| pointer_of_key(root, &duplicate.span, &Place::ROOT));
        let spot = Spot {
            pointer: pointer.unwrap_or_default(),
            location: None,
            span: duplicate.span.clone(),
        };
        let message = format!(
            "The key '{}' is given twice; this value replaces the earlier one",
            duplicate.key
        );
        self.warning(code::DUPLICATE_KEY, spot, message);
    }

    fn leftover(&mut self, leftover: &Leftover) {
        let spot = spot_of(&leftover.path, &Place::ROOT, leftover);
        let help = substitute::missing_help(&leftover.name);
        self.schema(spot, substitute::missing_message(&leftover.name))
            .help = Some(help);
    }
}

fn spot_of(path: &[Step], place: &Place<'_>, leftover: &Leftover) -> Spot {
    match path.split_first() {
        None => Spot::at(place, &leftover.span),
        Some((Step::Key(key), rest)) => spot_of(rest, &place.key(key), leftover),
        Some((Step::Index(index), rest)) => spot_of(rest, &place.index(*index), leftover),
    }
}

/// Finds the member whose key stands at a place. Descends only where that place lies.
fn pointer_of_key(node: &Node, span: &Span, place: &Place<'_>) -> Option<String> {
    let holds = |node: &Node| node.span.start <= span.start && span.end <= node.span.end;
    match &node.value {
        Value::Object(members) => members.iter().find_map(|member| {
            let place = place.key(&member.key);
            if member.key_span == *span {
                return Some(place.pointer());
            }
            holds(&member.value)
                .then(|| pointer_of_key(&member.value, span, &place))
                .flatten()
        }),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            holds(item)
                .then(|| pointer_of_key(item, span, &place.index(index)))
                .flatten()
        }),
        _ => None,
    }
}
