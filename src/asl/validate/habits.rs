//! What the habits of other languages make of an expression: it is accepted, and means something else.
//!
//! Looks at the text alone. Must not know where it stands. Invariant: what is written so has no use in JSONata, so that
//! none of it is a false alarm; a text with a `/`, where a regular expression may begin, is left alone.

use crate::asl::code;
use crate::asl::suggest;

use std::ops::Range;

use super::Checker;
use super::inside::Inside;

/// The most of these that one expression is told.
const HABITS_MAX: usize = 10;

/// How an expression reads the context object.
const CONTEXT: &str = "$states.context.";

/// What the context object has, and what its members have (facts 5.2).
const CONTEXT_FIELDS: [(&str, &[&str]); 5] = [
    (
        "Execution",
        &[
            "Id",
            "Input",
            "Name",
            "RoleArn",
            "StartTime",
            "RedriveCount",
            "RedriveTime",
        ],
    ),
    ("State", &["Name", "EnteredTime", "RetryCount"]),
    ("StateMachine", &["Id", "Name"]),
    ("Map", &["Item"]),
    ("Task", &["Token"]),
];

/// Methods of JavaScript and Python, and what is written for them.
const METHODS: [(&str, &str); 18] = [
    ("toUpperCase", "$uppercase(a)"),
    ("upper", "$uppercase(a)"),
    ("toLowerCase", "$lowercase(a)"),
    ("lower", "$lowercase(a)"),
    ("toString", "$string(a)"),
    ("trim", "$trim(a)"),
    ("split", "$split(a, separator)"),
    ("join", "$join(a, separator)"),
    ("includes", "b in a` or `$contains(a, text)"),
    ("startsWith", "$substring(a, 0, 3) = 'abc'"),
    ("substring", "$substring(a, start, length)"),
    ("slice", "$substring(a, start, length)` or `a[[start..end]]"),
    ("replace", "$replace(a, pattern, text)"),
    ("map", "$map(a, function($x) { … })"),
    ("filter", "a[condition]"),
    ("reduce", "$reduce(a, function($i, $j) { … })"),
    ("concat", "$append(a, b)"),
    ("push", "$append(a, b)"),
];

/// One habit found in a text.
struct Habit {
    part: Range<usize>,
    code: &'static str,
    message: String,
    help: String,
}

impl Checker<'_> {
    /// Warns of what other languages would mean by it.
    pub(super) fn habits(&mut self, inside: &Inside<'_>) {
        for habit in found(inside.text) {
            let spot = inside.spot(&habit.part);
            self.warning(habit.code, spot, habit.message).help = Some(habit.help);
        }
    }
}

fn found(text: &str) -> Vec<Habit> {
    if text.contains('/') {
        return Vec::new();
    }
    let (mut habits, mut from) = (Vec::new(), 0);
    while let Some(at) = text[from..].find(['"', '\'', '`', '.', '$']).map(|at| from + at) {
        if habits.len() == HABITS_MAX {
            break;
        }
        from = match text.as_bytes()[at] {
            b'.' => {
                habits.extend(method(text, at));
                at + 1
            }
            b'$' => {
                habits.extend(context(text, at));
                at + 1
            }
            quote => {
                let end = string_end(text, at, quote);
                habits.extend(key(text, at..end));
                end
            }
        };
    }
    habits
}

/// Returns where a quoted text ends that begins here.
fn string_end(text: &str, start: usize, quote: u8) -> usize {
    let (bytes, mut at) = (text.as_bytes(), start + 1);
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' && quote != b'`' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

/// Finds `a["b"]`: a condition that always holds, and no step.
fn key(text: &str, string: Range<usize>) -> Option<Habit> {
    let before = text[..string.start].strip_suffix('[')?;
    let is_closed = text[string.end..].starts_with(']');
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let word = &before[before.trim_end_matches(is_name).len()..];
    let is_after_value = match word {
        "" => before.ends_with(['`', ')', ']', '}']),
        word => !matches!(word, "in" | "and" | "or"),
    };
    let name = text.get(string.start + 1..string.end.saturating_sub(1))?;
    if !is_closed || !is_after_value || name.is_empty() || text.as_bytes()[string.start] == b'`' {
        return None;
    }
    let is_plain =
        name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(char::is_numeric);
    Some(Habit {
        part: string.start - 1..string.end + 1,
        code: code::CONSTANT_FILTER,
        message: "A text in `[…]` is a condition that always holds, not the name of a field".to_owned(),
        help: match (name.len() <= 40, is_plain) {
            (true, true) => format!("write `.{name}`"),
            (true, false) => format!("write `` .`{name}` ``"),
            _ => "write the name behind a full stop, in backquotes".to_owned(),
        },
    })
}

/// Finds `a.toUpperCase()`.
fn method(text: &str, at: usize) -> Option<Habit> {
    let rest = &text[at + 1..];
    let (name, instead) = METHODS.iter().find(|(name, _)| {
        let behind = rest.strip_prefix(name);
        behind.is_some_and(|behind| behind.starts_with('('))
    })?;
    // An object of the expression's own may have a function of that name.
    if ['\'', '"']
        .iter()
        .any(|quote| text.contains(&format!("{quote}{name}{quote}")))
    {
        return None;
    }
    Some(Habit {
        part: at + 1..at + 1 + name.len(),
        code: code::UNKNOWN_FUNCTION,
        message: format!("Values have no method '{name}': calling it is an error"),
        help: format!("write `{instead}`"),
    })
}

/// Finds a member of the context object in the wrong case, or misspelt.
fn context(text: &str, at: usize) -> Option<Habit> {
    let start = at + CONTEXT.len();
    let (first, behind) = name(text[at..].strip_prefix(CONTEXT)?)?;
    let Some((_, members)) = CONTEXT_FIELDS.iter().find(|(known, _)| *known == first) else {
        let known = CONTEXT_FIELDS.map(|(known, _)| known);
        return misspelt(first, start, "$states.context", &known);
    };
    let (second, _) = name(behind.strip_prefix('.')?)?;
    let owner = format!("{CONTEXT}{first}");
    misspelt(second, start + first.len() + 1, &owner, members)
}

fn misspelt(name: &str, start: usize, owner: &str, known: &[&str]) -> Option<Habit> {
    if known.contains(&name) {
        return None;
    }
    let other_case = known
        .iter()
        .copied()
        .find(|known| known.eq_ignore_ascii_case(name));
    let meant = other_case.or_else(|| suggest::closest(name, known.iter().copied()))?;
    Some(Habit {
        part: start..start + name.len(),
        code: code::UNKNOWN_STATES_FIELD,
        message: format!("'{owner}' has no field '{name}', so it has no value"),
        help: format!("did you mean `{owner}.{meant}`?"),
    })
}

/// Splits a text behind the name that it begins with.
fn name(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}
