//! Evaluates a compiled path, after Jayway JsonPath as AWS uses it (facts 5.1).
//!
//! A path of keys and indices is a plain loop; anything else works on the list of values reached so
//! far, one step after the other. Invariant: work and output are bounded ([`WORK_MAX`],
//! [`HITS_MAX`], [`BYTES_MAX`]), also over values that share parts.

use super::accessor::{Accessor, Move, Route, element};
use super::miss::{Miss, MissKind};
use super::{filter, function};
use crate::value::{Key, Kind, Store, ValueRef, View};

/// The most values one evaluation may visit.
pub const WORK_MAX: usize = 1 << 20;
/// The most values a step may reach: an array of more has more than [`BYTES_MAX`] bytes.
pub const HITS_MAX: usize = 1 << 17;
/// The largest result that is built, in bytes of dense JSON: AWS's payload limit (facts 1.2).
pub const BYTES_MAX: u64 = 262_144;

/// What an evaluation carries along.
pub(super) struct Scope {
    document: ValueRef,
    literals: Vec<ValueRef>,
    /// What the filters' routes from `$` lead to, by the address of the route: the same for every candidate.
    documents: Vec<(usize, Option<ValueRef>)>,
    work: usize,
}

impl Accessor {
    /// Returns the path's value: what is there for a definite path, an array of the hits for another.
    ///
    /// `root` is the value the path starts from; `document` is what `$` means inside filters.
    ///
    /// # Errors
    /// Where a definite path has no value; where the result is too large.
    pub fn select(&self, store: &mut Store, root: ValueRef, document: ValueRef) -> Result<ValueRef, Miss> {
        if self.is_direct() {
            return walk(store.view(), &self.route, root, |_, _| Ok(()));
        }
        let mut literals = Vec::with_capacity(self.literals.len());
        for text in &self.literals {
            // Parsing has checked the texts.
            literals.push(store.index(text.as_bytes()).unwrap_or(ValueRef::NULL));
        }
        let mut scope = Scope {
            document,
            literals,
            work: WORK_MAX,
            documents: Vec::new(),
        };
        self.route.evaluate(store, &mut scope, root)
    }
}

/// Follows the keys and indices at the beginning of a route; before an index `passing` is told of the array.
fn walk(
    view: View<'_>,
    route: &Route,
    root: ValueRef,
    mut passing: impl FnMut(ValueRef, i64) -> Result<(), Miss>,
) -> Result<ValueRef, Miss> {
    let mut at = root;
    for (position, step) in route.moves[..route.direct].iter().enumerate() {
        let next = match step {
            Move::Key(key) => view.member(at, key),
            Move::Index(index) => {
                passing(at, *index)?;
                element(view, at, *index)
            }
            _ => None,
        };
        at = next.ok_or_else(|| Miss::at(view, route, position, at))?;
    }
    Ok(at)
}

impl Route {
    /// Evaluates the route; an indefinite one that leads nowhere is an empty array, at whatever step
    /// it is lost (recorded).
    fn evaluate(&self, store: &mut Store, scope: &mut Scope, root: ValueRef) -> Result<ValueRef, Miss> {
        match self.hits(store, scope, root) {
            Ok(hits) if self.definite => hits.first().copied().ok_or_else(Miss::nothing),
            Ok(hits) => array(store, &hits),
            Err(miss) if matches!(miss.kind, MissKind::TooLarge | MissKind::Invalid) => Err(miss),
            Err(miss) if self.definite => Err(miss),
            Err(_) => Ok(ValueRef::EMPTY_ARRAY),
        }
    }

    /// Evaluates the route inside a filter: `None` where it is lost.
    pub(super) fn find(
        &self,
        store: &mut Store,
        scope: &mut Scope,
        element: ValueRef,
    ) -> Result<Option<ValueRef>, Miss> {
        match self.hits(store, scope, element) {
            Ok(hits) if self.definite => Ok(hits.first().copied()),
            Ok(hits) => array(store, &hits).map(Some),
            Err(miss) if miss.kind == MissKind::TooLarge => Err(miss),
            // Beyond the end of an array is null, which is there.
            Err(miss) if miss.kind == MissKind::Index => Ok(Some(ValueRef::NULL)),
            Err(_) => Ok(None),
        }
    }

    fn hits(&self, store: &mut Store, scope: &mut Scope, root: ValueRef) -> Result<Vec<ValueRef>, Miss> {
        let view = store.view();
        let passing = |value, index| scope.spend(cost(view, value, index));
        let mut hits = vec![walk(view, self, root, passing)?];
        let mut definite = true;
        for (position, step) in self.moves.iter().enumerate().skip(self.direct) {
            let position = Position {
                route: self,
                position,
                definite,
            };
            hits = position.apply(store, scope, step, hits)?;
            definite &= matches!(step, Move::Key(_) | Move::Index(_) | Move::Function(_));
        }
        match self.aggregate {
            Some(function) => Ok(vec![function::of_hits(store, function, &hits)?]),
            None => Ok(hits),
        }
    }
}

impl Scope {
    /// Counts one visited value.
    pub(super) fn visit(&mut self) -> Result<(), Miss> {
        self.spend(1)
    }

    /// Counts values that were passed on the way to another.
    fn spend(&mut self, work: usize) -> Result<(), Miss> {
        self.work = self.work.checked_sub(work).ok_or_else(Miss::too_large)?;
        Ok(())
    }

    /// Returns what a filter's route from `$` leads to; it is followed once.
    pub(super) fn find_in_document(
        &mut self,
        store: &mut Store,
        route: &Route,
    ) -> Result<Option<ValueRef>, Miss> {
        let address = std::ptr::from_ref(route).addr();
        if let Some((_, found)) = self.documents.iter().find(|(known, _)| *known == address) {
            return Ok(*found);
        }
        let document = self.document;
        let found = route.find(store, self, document)?;
        self.documents.push((address, found));
        Ok(found)
    }

    pub(super) fn literal(&self, at: usize) -> ValueRef {
        self.literals.get(at).copied().unwrap_or(ValueRef::NULL)
    }
}

impl Miss {
    fn nothing() -> Miss {
        Miss::new(MissKind::Leaf, "No results")
    }
}

/// One step in its route.
struct Position<'r> {
    route: &'r Route,
    position: usize,
    /// Everything before this step is a key, an index or a function: a miss is an error.
    definite: bool,
}

impl Position<'_> {
    /// Applies the step to every value reached so far.
    fn apply(
        &self,
        store: &mut Store,
        scope: &mut Scope,
        step: &Move,
        from: Vec<ValueRef>,
    ) -> Result<Vec<ValueRef>, Miss> {
        let mut to = Vec::new();
        for value in from {
            scope.visit()?;
            let before = to.len();
            self.apply_to(store, scope, step, value, &mut to)?;
            if to.len() > HITS_MAX {
                return Err(Miss::too_large());
            }
            let single = matches!(step, Move::Key(_) | Move::Index(_) | Move::Keys(_));
            if self.definite && single && to.len() == before {
                return Err(Miss::at(store.view(), self.route, self.position, value));
            }
        }
        Ok(to)
    }

    fn apply_to(
        &self,
        store: &mut Store,
        scope: &mut Scope,
        step: &Move,
        value: ValueRef,
        to: &mut Vec<ValueRef>,
    ) -> Result<(), Miss> {
        let view = store.view();
        match step {
            Move::Key(key) => to.extend(view.member(value, key)),
            Move::Index(index) => {
                scope.spend(cost(view, value, *index))?;
                to.extend(match self.definite {
                    true => element(view, value, *index),
                    false => element_or_null(view, value, *index),
                });
            }
            Move::Wildcard => children(view, scope, value, to)?,
            Move::Keys(keys) => to.extend(self.merge(store, scope, keys, value)?),
            Move::Indices(indices) => {
                for index in indices {
                    scope.visit()?;
                    scope.spend(cost(view, value, *index))?;
                    to.extend(element_or_null(view, value, *index));
                }
            }
            Move::Slice { start, end } => {
                scope.spend(view.count(value))?;
                slice(view, scope, value, (*start, *end), to)?;
            }
            Move::Descend => descend(view, scope, value, to)?,
            Move::Function(function) => {
                scope.spend(view.count(value))?;
                to.push(function::of_value(store, *function, value)?);
            }
            Move::Filter(condition) => {
                let behind_scan = self.position > 0
                    && matches!(self.route.moves.get(self.position - 1), Some(Move::Descend));
                for candidate in candidates(view, value, behind_scan) {
                    scope.visit()?;
                    if filter::holds(store, scope, condition, candidate)? {
                        to.push(candidate);
                    }
                }
            }
        }
        Ok(())
    }

    /// Collects several members into one object, at the end of a path only (recorded: reported text).
    fn merge(
        &self,
        store: &mut Store,
        scope: &mut Scope,
        keys: &[Key],
        value: ValueRef,
    ) -> Result<Option<ValueRef>, Miss> {
        if self.position + 1 != self.route.moves.len() {
            let place = self.route.fragment(self.position + 1);
            let message = format!("Multi properties can only be used as path leafs: {place}");
            return Err(Miss::new(MissKind::Invalid, message));
        }
        if store.view().kind(value) != Kind::Object {
            return Ok(None);
        }
        let mut pairs = Vec::with_capacity(keys.len() * 2);
        for (at, key) in keys.iter().enumerate() {
            scope.spend(at + store.view().count(value))?;
            let repeated = keys[..at].iter().any(|earlier| earlier == key);
            if let (Some(member), false) = (store.view().member(value, key), repeated) {
                pairs.extend([store.string(key.name()), member]);
            }
        }
        Ok(Some(store.object(&pairs)))
    }
}

/// Returns what a filter tests: an object itself, or the objects in an array. Scalars never match
/// (documented by AWS); a deep scan reaches the objects in arrays by itself.
fn candidates(view: View<'_>, value: ValueRef, behind_scan: bool) -> Vec<ValueRef> {
    match view.kind(value) {
        Kind::Object => vec![value],
        Kind::Array if !behind_scan => view
            .elements(value)
            .filter(|element| view.kind(*element) == Kind::Object)
            .collect(),
        _ => Vec::new(),
    }
}

/// Appends the members or elements of a value. Of duplicate keys the last one counts.
fn children(view: View<'_>, scope: &mut Scope, value: ValueRef, to: &mut Vec<ValueRef>) -> Result<(), Miss> {
    if view.count(value) > HITS_MAX {
        return Err(Miss::too_large());
    }
    for element in view.elements(value) {
        scope.visit()?;
        to.push(element);
    }
    for (_, member) in view.members(value) {
        scope.visit()?;
        to.push(member);
    }
    Ok(())
}

/// Appends a value and everything below it that is an array or object, parents first.
fn descend(view: View<'_>, scope: &mut Scope, value: ValueRef, to: &mut Vec<ValueRef>) -> Result<(), Miss> {
    // A stack of its own, not recursion: what is shared may be reached by many ways.
    let mut open = vec![value];
    let mut inner = Vec::new();
    while let Some(next) = open.pop() {
        if !matches!(view.kind(next), Kind::Array | Kind::Object) {
            continue;
        }
        to.push(next);
        inner.clear();
        children(view, scope, next, &mut inner)?;
        open.extend(inner.iter().rev());
        if to.len() > HITS_MAX || open.len() > WORK_MAX {
            return Err(Miss::too_large());
        }
    }
    Ok(())
}

/// Returns an array's element, and null beyond its end: recorded for paths that are not definite.
fn element_or_null(view: View<'_>, value: ValueRef, index: i64) -> Option<ValueRef> {
    let is_array = view.kind(value) == Kind::Array;
    is_array.then(|| element(view, value, index).unwrap_or(ValueRef::NULL))
}

/// Returns what finding an element costs: the ones before it are walked.
fn cost(view: View<'_>, value: ValueRef, index: i64) -> usize {
    let before = usize::try_from(index).unwrap_or(usize::MAX);
    view.count(value).min(before)
}

/// Appends a slice's elements. As in Jayway the distance is ignored, and `[a:b]` with both ends takes every
/// index from `a` to `b`, each as if it stood alone: a negative one counts from the end, and is null before the
/// beginning.
///
/// What is appended is counted: the nulls before the beginning are as many as the path says, however short the
/// array is, and a filter takes a slice of each candidate.
fn slice(
    view: View<'_>,
    scope: &mut Scope,
    value: ValueRef,
    (start, end): (Option<i64>, Option<i64>),
    to: &mut Vec<ValueRef>,
) -> Result<(), Miss> {
    let count = view.count(value) as i64;
    if view.kind(value) != Kind::Array || count == 0 {
        return Ok(());
    }
    let from_end = |index: i64| if index < 0 { index + count } else { index };
    let (first, behind) = match (start, end) {
        (Some(start), Some(end)) => (start, end.min(count)),
        (Some(start), None) => (from_end(start).max(0), count),
        (None, end) => (0, from_end(end.unwrap_or(count)).min(count)),
    };
    let taken = usize::try_from(behind.saturating_sub(first)).unwrap_or(0);
    if to.len().saturating_add(taken) > HITS_MAX {
        return Err(Miss::too_large());
    }
    scope.spend(taken)?;
    if first >= 0 {
        let first = first as usize;
        to.extend(view.elements(value).skip(first).take(taken));
        return Ok(());
    }
    let elements: Vec<ValueRef> = view.elements(value).collect();
    for index in first..behind {
        let found = usize::try_from(from_end(index))
            .ok()
            .and_then(|at| elements.get(at));
        to.push(found.copied().unwrap_or(ValueRef::NULL));
    }
    Ok(())
}

/// Builds the array of hits, if it is not too long.
fn array(store: &mut Store, hits: &[ValueRef]) -> Result<ValueRef, Miss> {
    let view = store.view();
    let bytes = hits
        .iter()
        .fold(1, |sum: u64, hit| sum.saturating_add(view.len(*hit) as u64 + 1));
    if bytes > BYTES_MAX {
        return Err(Miss::too_large());
    }
    Ok(store.array(hits))
}
