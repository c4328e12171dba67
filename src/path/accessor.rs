//! A path compiled for reading: keys decoded and prepared, patterns built, literals collected.
//!
//! Owns what is done once per path. What is done per run is in [`super::select`]. Invariant: an
//! accessor is immutable and knows no run, so shards share it.

use super::parse_filter::regex;
use super::{Filter, Function, Operand, Operator, Path, Step};
use crate::value::{Key, Kind, ValueRef, View};

/// A compiled path; its root is found by the caller, who passes the root's value.
#[derive(Clone, Debug)]
pub struct Accessor {
    text: Box<str>,
    pub(super) route: Route,
    /// JSON texts of the constants in filters; every selection indexes them once.
    pub(super) literals: Box<[Box<str>]>,
    /// The names of the key steps as constants, for [`super::put`]; empty: they are made when needed.
    pub(super) names: Box<[ValueRef]>,
}

/// The steps of a path, or of a path inside a filter.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) moves: Box<[Move]>,
    /// How many moves at the beginning are keys and single indices.
    pub(super) direct: usize,
    pub(super) definite: bool,
    /// A function behind a deep scan is applied to all hits at once (Jayway).
    pub(super) aggregate: Option<Function>,
}

/// One compiled step.
#[derive(Clone, Debug)]
pub(super) enum Move {
    Key(Key),
    Index(i64),
    Wildcard,
    Keys(Box<[Key]>),
    Indices(Box<[i64]>),
    Slice { start: Option<i64>, end: Option<i64> },
    Filter(Condition),
    Descend,
    Function(Function),
}

/// The compiled condition of a filter.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    Or(Box<[Condition]>),
    And(Box<[Condition]>),
    Not(Box<Condition>),
    Exists(Term),
    Compare {
        left: Term,
        operator: Operator,
        right: Term,
    },
}

/// One compiled side of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Term {
    /// An entry of [`Accessor::literals`].
    Literal(usize),
    Element(Route),
    Document(Route),
    /// `None` matches nothing; [`super::parse`] has refused what does not compile.
    Regex(Option<regex_lite::Regex>),
}

impl Accessor {
    /// Compiles a path.
    pub fn compile(path: &Path) -> Accessor {
        let mut literals = Vec::new();
        let route = compile_route(path, &mut literals);
        Accessor {
            text: path.text.as_str().into(),
            route,
            literals: literals.into(),
            names: Box::default(),
        }
    }

    /// Makes the names of the key steps constants, so that writing at the path adds none.
    pub fn with_names(mut self, mut constant: impl FnMut(&str) -> ValueRef) -> Accessor {
        let name = |step: &Move| match step {
            Move::Key(key) => constant(key.name()),
            _ => ValueRef::NONE,
        };
        self.names = self.route.moves.iter().map(name).collect();
        self
    }

    /// Returns the path's text as the definition has it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Says whether the path names at most one place, so that [`Accessor::get`] serves it.
    pub fn is_direct(&self) -> bool {
        self.route.direct == self.route.moves.len()
    }

    /// Says whether the path gives a value; an indefinite path gives an array (facts 5.1).
    pub fn is_definite(&self) -> bool {
        self.route.definite
    }

    /// Says whether the path is the root itself.
    pub fn is_root(&self) -> bool {
        self.route.moves.is_empty()
    }

    /// Returns the value of a path of keys and single indices; `None` where there is none, or where
    /// the path is not such a one ([`Accessor::select`] serves all).
    #[inline]
    pub fn get(&self, view: View<'_>, root: ValueRef) -> Option<ValueRef> {
        self.get_part(view, root, 0..self.route.moves.len())
    }

    /// Takes some of the path's steps from a value; as [`Accessor::get`].
    #[inline(always)]
    pub fn get_part(
        &self,
        view: View<'_>,
        from: ValueRef,
        steps: std::ops::Range<usize>,
    ) -> Option<ValueRef> {
        let mut at = from;
        for step in self.route.moves.get(steps)? {
            at = match step {
                Move::Key(key) => view.member(at, key)?,
                Move::Index(index) => element(view, at, *index)?,
                _ => return None,
            };
        }
        Some(at)
    }

    /// Returns how many steps the path has.
    #[inline]
    pub fn steps(&self) -> usize {
        self.route.moves.len()
    }

    /// Returns the path's last step as AWS names it: the name of a member, the index of an element.
    pub fn last_step(&self) -> String {
        match self.route.moves.last() {
            Some(Move::Key(key)) => key.name().to_owned(),
            Some(Move::Index(index)) => index.to_string(),
            _ => "$".to_owned(),
        }
    }

    /// Returns a text that is the same for all paths that begin with the same steps.
    pub fn beginning(&self, steps: usize) -> String {
        self.route.fragment(steps)
    }
}

/// Returns the element at an index; a negative one counts from the end, as Jayway has it.
///
/// Negative indices are not recorded from AWS.
pub(super) fn element(view: View<'_>, array: ValueRef, index: i64) -> Option<ValueRef> {
    if view.kind(array) != Kind::Array {
        return None;
    }
    let index = if index < 0 {
        index + view.count(array) as i64
    } else {
        index
    };
    view.element(array, usize::try_from(index).ok()?)
}

fn compile_route(path: &Path, literals: &mut Vec<Box<str>>) -> Route {
    let (steps, aggregate) = match path.steps.as_slice() {
        [steps @ .., Step::Function(function)] if steps.first() == Some(&Step::Descend) => {
            (steps, Some(*function))
        }
        steps => (steps, None),
    };
    let moves: Box<[Move]> = steps.iter().map(|step| compile_step(step, literals)).collect();
    let direct = moves
        .iter()
        .take_while(|step| matches!(step, Move::Key(_) | Move::Index(_)))
        .count();
    Route {
        moves,
        direct,
        definite: path.is_definite(),
        aggregate,
    }
}

fn compile_step(step: &Step, literals: &mut Vec<Box<str>>) -> Move {
    match step {
        Step::Key(name) => Move::Key(Key::new(name)),
        Step::Index(index) => Move::Index(*index),
        Step::Wildcard => Move::Wildcard,
        Step::Keys(names) => Move::Keys(names.iter().map(|name| Key::new(name)).collect()),
        Step::Indices(indices) => Move::Indices(indices.as_slice().into()),
        Step::Slice { start, end, step: _ } => Move::Slice {
            start: *start,
            end: *end,
        },
        Step::Filter(filter) => Move::Filter(compile_filter(filter, literals)),
        Step::Descend => Move::Descend,
        Step::Function(function) => Move::Function(*function),
    }
}

fn compile_filter(filter: &Filter, literals: &mut Vec<Box<str>>) -> Condition {
    let mut compile_all = |terms: &[Filter]| -> Box<[Condition]> {
        terms.iter().map(|term| compile_filter(term, literals)).collect()
    };
    match filter {
        Filter::Or(terms) => Condition::Or(compile_all(terms)),
        Filter::And(terms) => Condition::And(compile_all(terms)),
        Filter::Not(inner) => Condition::Not(Box::new(compile_filter(inner, literals))),
        Filter::Exists(path) => Condition::Exists(Term::Element(compile_route(path, literals))),
        Filter::ExistsInDocument(path) => Condition::Exists(Term::Document(compile_route(path, literals))),
        Filter::Compare {
            left,
            operator,
            right,
        } => Condition::Compare {
            left: compile_operand(left, literals),
            operator: *operator,
            right: compile_operand(right, literals),
        },
    }
}

fn compile_operand(operand: &Operand, literals: &mut Vec<Box<str>>) -> Term {
    match operand {
        Operand::Json(text) => {
            literals.push(text.as_str().into());
            Term::Literal(literals.len() - 1)
        }
        Operand::Element(path) => Term::Element(compile_route(path, literals)),
        Operand::Document(path) => Term::Document(compile_route(path, literals)),
        Operand::Regex { pattern, ignore_case } => Term::Regex(regex(pattern, *ignore_case).ok()),
    }
}
