//! Why a path has no value, in the words of the engine AWS uses (facts 5.4).

use super::accessor::{Move, Route};
use crate::value::{Kind, ValueRef, View};

/// Why a path has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// What is missing.
    pub kind: MissKind,
    /// AWS's text behind `Invalid path '...' : `.
    pub message: String,
}

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissKind {
    /// The last member.
    Leaf,
    /// A member on the way, or the way leads through something that has no members or elements.
    Parent,
    /// The last element: a payload template takes null instead (facts 5.1).
    Index,
    /// A function has nothing to work on.
    Function,
    /// The path cannot be evaluated at all.
    Invalid,
    /// The result, or the work to find it, is above the limit.
    TooLarge,
}

impl Miss {
    pub(super) fn new(kind: MissKind, message: impl Into<String>) -> Miss {
        Miss {
            kind,
            message: message.into(),
        }
    }

    #[cold]
    pub(super) fn too_large() -> Miss {
        Miss::new(MissKind::TooLarge, "The result is too large.")
    }

    /// Explains why a move from a value led nowhere.
    ///
    /// The texts of a missing leaf and of a missing parent are recorded; `Property ... not found` is
    /// reported by a user; the others are Jayway's own, not recorded.
    #[cold]
    pub(super) fn at(view: View<'_>, route: &Route, position: usize, value: ValueRef) -> Miss {
        let is_last = position + 1 == route.moves.len();
        let (before, here) = (route.fragment(position), route.fragment(position + 1));
        let step = &here[before.len()..];
        match (&route.moves[position], view.kind(value)) {
            (Move::Key(_) | Move::Keys(_), Kind::Object) if is_last => {
                Miss::new(MissKind::Leaf, format!("No results for path: {here}"))
            }
            (Move::Key(_) | Move::Keys(_), Kind::Object) => {
                Miss::new(MissKind::Parent, format!("Missing property in path {here}"))
            }
            (Move::Index(_), Kind::Array) if is_last => {
                Miss::new(MissKind::Index, format!("No results for path: {here}"))
            }
            // Beyond the end is null, and null has no members.
            (Move::Index(_), Kind::Array) => {
                let next = &route.fragment(position + 2)[here.len()..];
                Miss::new(
                    MissKind::Parent,
                    format!("Property {next} not found in path {here}"),
                )
            }
            (Move::Key(_) | Move::Keys(_), _) => Miss::new(
                MissKind::Parent,
                format!("Property {step} not found in path {before}"),
            ),
            (_, Kind::Null) => Miss::new(MissKind::Parent, format!("The path {before} is null")),
            _ => {
                // A value that is built of shared parts may be far longer than any payload.
                let context = match view.len(value) as u64 {
                    bytes if bytes > super::BYTES_MAX => format!("({bytes} bytes)"),
                    _ => view.to_distinct_json(value),
                };
                let message =
                    format!("Filter: {step} can only be applied to arrays. Current context is: {context}");
                Miss::new(MissKind::Parent, message)
            }
        }
    }
}

impl Route {
    /// Writes the first moves as Jayway names a place: `$['a'][0]`.
    pub(super) fn fragment(&self, count: usize) -> String {
        let mut text = "$".to_owned();
        for step in self.moves.iter().take(count) {
            text.push_str(&step.fragment());
        }
        text
    }
}

impl Move {
    fn fragment(&self) -> String {
        match self {
            Move::Key(key) => format!("['{}']", key.name()),
            Move::Keys(keys) => {
                let names: Vec<String> = keys.iter().map(|key| format!("'{}'", key.name())).collect();
                format!("[{}]", names.join(", "))
            }
            Move::Index(index) => format!("[{index}]"),
            Move::Indices(indices) => {
                let indices: Vec<String> = indices.iter().map(i64::to_string).collect();
                format!("[{}]", indices.join(","))
            }
            Move::Slice { start, end } => {
                let text = |bound: &Option<i64>| bound.map_or(String::new(), |bound| bound.to_string());
                format!("[{}:{}]", text(start), text(end))
            }
            Move::Wildcard => "[*]".to_owned(),
            Move::Filter(_) => "[?]".to_owned(),
            Move::Descend => "..".to_owned(),
            Move::Function(function) => format!(".{}()", function.name()),
        }
    }
}
