//! Operands: constants, paths, calls, comparisons.

use super::super::{
    AssignId, CallId, Comparison, FailId, FormatId, GatherId, Limit, PathId, PathUse, Pattern, Relation,
    ShadowId, ShapeId, Source, TestId, VariableRef, WaitId, WaitUntil,
};
use super::Listing;
use super::line::plural;
use crate::timestamp;
use crate::value::{Heap, ValueRef, View, escape_into};

/// Most characters of a constant or a call before it is cut.
const TEXT_CHARACTERS_MAX: usize = 72;

impl Listing<'_> {
    /// Shows a constant as JSON.
    pub(super) fn constant(&self, value: ValueRef) -> String {
        let no_run = Heap::new();
        let view = View::new(&no_run, &self.program.constants);
        cut(&view.to_json(value))
    }

    /// Shows a path as the definition has it, and what it starts from where that is not the data.
    pub(super) fn path(&self, id: PathId) -> String {
        let using = &self.program.paths[id.at()];
        let text = written_path(using);
        match using.source {
            Source::Data | Source::Context => text,
            Source::Input => format!("{text} of input"),
            Source::Result => format!("{text} of result"),
            Source::Output => format!("{text} of output"),
            Source::Variable(variable) => format!("{text} ({})", slot(variable)),
            Source::Shadowed(shadow) => format!("{text} ({})", self.slots(shadow)),
        }
    }

    /// Shows the variables of one name, in the order in which they are looked at.
    pub(super) fn slots(&self, id: ShadowId) -> String {
        let slots: Vec<String> = self.program.shadows[id.at()].iter().copied().map(slot).collect();
        slots.join(", else ")
    }

    /// Shows a path that an instruction reads, with the field it was written for.
    pub(super) fn path_of(&self, id: PathId) -> String {
        let using = &self.program.paths[id.at()];
        match (&*using.field, using.source) {
            // The instruction's name says what these start from.
            ("InputPath" | "ResultPath", Source::Input) | ("OutputPath", Source::Output) => {
                written_path(using)
            }
            ("InputPath" | "OutputPath", _) => self.path(id),
            (field, _) => format!("{}  ; for {field}", self.path(id)),
        }
    }

    pub(super) fn call(&self, id: CallId) -> String {
        let call = &self.program.calls[id.at()];
        let arguments = plural(call.arguments, "argument");
        format!(
            "States.{}, {arguments}  ; {}",
            call.function.name(),
            cut(&call.text)
        )
    }

    /// Shows the pieces of a template, `{}` where a value goes.
    pub(super) fn format(&self, id: FormatId) -> String {
        let pieces: Vec<&str> = self.program.formats[id.at()].template.pieces().collect();
        let values = plural(pieces.len() as u32 - 1, "value");
        format!("{values} into \"{}\"", cut(&pieces.join("{}")))
    }

    /// Shows the keys of a walk by place, each behind the place it is a member of.
    pub(super) fn gather(&self, id: GatherId) -> String {
        let gather = &self.program.gathers[id.at()];
        let parent = |at: u32| {
            let parents = gather.parents.iter();
            parents
                .filter(|(_, children)| children.contains(&at))
                .map(|(parent, _)| *parent)
                .next()
        };
        let shown = gather
            .keys
            .iter()
            .enumerate()
            .map(|(at, key)| match parent(at as u32) {
                Some(parent) => format!("#{at} {} in #{parent}", key.name()),
                None => format!("#{at} {}", key.name()),
            });
        shown.collect::<Vec<_>>().join(", ")
    }

    /// Shows the keys of an object.
    pub(super) fn shape(&self, id: ShapeId) -> String {
        let keys = self.program.shapes[id.at()].keys();
        let shown = keys.map(|key| self.constant(key).trim_matches('"').to_owned());
        cut(&shown.collect::<Vec<_>>().join(", "))
    }

    pub(super) fn assigned(&self, id: AssignId) -> String {
        let variables = self.program.assigns[id.at()].variables.iter();
        let shown = variables.map(|(name, variable)| {
            let name = self.constant(*name);
            format!("${} ({})", name.trim_matches('"'), slot(*variable))
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    /// Shows a comparison in the words of the definition.
    pub(super) fn test(&self, id: TestId) -> String {
        let test = &self.program.tests[id.at()];
        let (operator, operand) = self.comparison(&test.comparison);
        format!("{} {operator} {operand}", self.path(test.variable))
    }

    fn comparison(&self, comparison: &Comparison) -> (String, String) {
        let ordering = |of: &str, relation: Relation, end: &str| format!("{of}{relation:?}{end}");
        match comparison {
            Comparison::String { relation, operand } => (ordering("String", *relation, ""), quoted(operand)),
            Comparison::StringPath { relation, operand } => {
                (ordering("String", *relation, "Path"), self.path(*operand))
            }
            Comparison::Numeric {
                relation, operand, ..
            } => (ordering("Numeric", *relation, ""), self.constant(*operand)),
            Comparison::NumericPath { relation, operand } => {
                (ordering("Numeric", *relation, "Path"), self.path(*operand))
            }
            Comparison::Timestamp { relation, operand } => {
                (ordering("Timestamp", *relation, ""), time(*operand))
            }
            Comparison::TimestampPath { relation, operand } => {
                (ordering("Timestamp", *relation, "Path"), self.path(*operand))
            }
            Comparison::Boolean(value) => ("BooleanEquals".into(), value.to_string()),
            Comparison::BooleanPath(path) => ("BooleanEqualsPath".into(), self.path(*path)),
            Comparison::Matches(pattern) => ("StringMatches".into(), written(pattern)),
            Comparison::IsNull(wanted) => ("IsNull".into(), wanted.to_string()),
            Comparison::IsPresent(wanted) => ("IsPresent".into(), wanted.to_string()),
            Comparison::IsNumeric(wanted) => ("IsNumeric".into(), wanted.to_string()),
            Comparison::IsString(wanted) => ("IsString".into(), wanted.to_string()),
            Comparison::IsBoolean(wanted) => ("IsBoolean".into(), wanted.to_string()),
            Comparison::IsTimestamp(wanted) => ("IsTimestamp".into(), wanted.to_string()),
        }
    }

    pub(super) fn until(&self, id: WaitId) -> String {
        match self.program.waits[id.at()] {
            WaitUntil::Seconds(seconds) => format!("{seconds} s"),
            WaitUntil::SecondsPath(path) => format!("{} s", self.path(path)),
            WaitUntil::SecondsPopped => "the pushed number of seconds".into(),
            WaitUntil::TimestampPopped(_) => "until the pushed time".into(),
            WaitUntil::Timestamp(nanos) => format!("until {}", time(nanos)),
            WaitUntil::TimestampPath(path) => format!("until {}", self.path(path)),
        }
    }

    pub(super) fn texts_of(&self, id: FailId) -> String {
        let using = self.program.fails[id.at()];
        match (using.error, using.cause) {
            (true, true) => "with error and cause".into(),
            (true, false) => "with error".into(),
            (false, true) => "with cause".into(),
            (false, false) => String::new(),
        }
    }

    /// Shows a limit in a unit; `None` where there is none.
    pub(super) fn limit(&self, limit: Limit, unit: &str) -> Option<String> {
        match limit {
            Limit::None => None,
            Limit::Literal(value) => Some(format!("{value}{unit}")),
            Limit::Path(path) => Some(format!("{}{unit}", self.path(path))),
            Limit::Popped => Some("as pushed".into()),
        }
    }
}

/// Writes a path as the definition has it, and where the walk before it leaves its value.
fn written_path(using: &PathUse) -> String {
    match using.gathered {
        Some(place) => format!("{} [#{place}]", using.text),
        None => using.text.to_string(),
    }
}

/// Cuts a long text and tells its length.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARACTERS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
    }
}

pub(super) fn slot(variable: VariableRef) -> String {
    match variable.up {
        0 => format!("slot {}", variable.slot),
        1 => format!("slot {}, 1 flow up", variable.slot),
        up => format!("slot {}, {up} flows up", variable.slot),
    }
}

/// Shows a text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    let mut escaped = Vec::new();
    escape_into(&mut escaped, text);
    format!("\"{}\"", String::from_utf8_lossy(&escaped))
}

/// Writes a pattern as a definition has it.
fn written(pattern: &Pattern) -> String {
    let parts = pattern.parts.iter();
    let parts: Vec<String> = parts
        .map(|part| part.replace('\\', "\\\\").replace('*', "\\*"))
        .collect();
    quoted(&parts.join("*"))
}

/// Shows nanoseconds since 1970 as a timestamp.
fn time(nanos: i128) -> String {
    let millis = i64::try_from(nanos.div_euclid(1_000_000)).unwrap_or(i64::MAX);
    let text = String::from_utf8_lossy(&timestamp::format(millis)).into_owned();
    match nanos.rem_euclid(1_000_000) {
        0 => text,
        rest => text.replace('Z', &format!("{rest:06}Z")),
    }
}
