//! Which variables may have a value where an expression stands (facts 4.7).
//!
//! Owns the scopes: what the states of a flow assign, and which state may follow which. Must not know expressions.
//! Invariant: a variable is said to have no value only if no way through the flows leads from a state that assigns it
//! to the state that reads it; doubt is silence.

use crate::asl::code;
use crate::asl::syntax::Node;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Checker, Spot, slips};

/// The most states and transitions that are looked at to tell whether variables have values. Behind it none is
/// doubted: a definition has room for thousands of states times thousands of names.
const STEPS_MAX: usize = 4_000_000;

/// The longest name of a state that a message repeats: it may stand behind each of thousands of variables.
const NAME_BYTES_MAX: usize = 80;

/// What is known of a variable where it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// It may have a value.
    Possible,
    /// No state assigns it.
    Nowhere,
    /// Only states of branches and iterations assign it in which the reader is not.
    Elsewhere,
    /// No state assigns it from which the reader can be reached.
    Later,
}

/// The variables of one flow.
pub(super) struct Scope {
    names: Vec<String>,
    /// Which states assign a variable.
    assigners: BTreeMap<String, Vec<usize>>,
    /// The states that may follow each.
    followers: Vec<Vec<usize>>,
    /// Whether each state can be reached from the first.
    is_used: Vec<bool>,
    /// The state that is being checked.
    current: usize,
    /// Whether each state can be reached from one that assigns a variable.
    is_behind: BTreeMap<String, Vec<bool>>,
}

impl Scope {
    fn of(flow: &Node) -> Scope {
        let states = flow.get("States").and_then(Node::as_object).unwrap_or_default();
        let members = states.iter().enumerate();
        let numbers: HashMap<&str, usize> = members
            .map(|(index, state)| (state.key.as_str(), index))
            .collect();
        let mut scope = Scope {
            names: states.iter().map(|state| state.key.clone()).collect(),
            assigners: BTreeMap::new(),
            followers: vec![Vec::new(); states.len()],
            is_used: Vec::new(),
            current: 0,
            is_behind: BTreeMap::new(),
        };
        for (index, state) in states.iter().enumerate() {
            for part in parts(&state.value) {
                let targets = ["Next", "Default"]
                    .into_iter()
                    .filter_map(|name| part.get(name)?.as_text());
                scope.followers[index].extend(targets.filter_map(|name| numbers.get(name)));
                for variable in part.get("Assign").and_then(Node::as_object).unwrap_or_default() {
                    let assigners = scope
                        .assigners
                        .entry(without_path(&variable.key).to_owned())
                        .or_default();
                    assigners.push(index);
                }
            }
        }
        let first = flow.get("StartAt").and_then(Node::as_text);
        let first = first.and_then(|name| numbers.get(name)).copied();
        scope.is_used = scope.reached(first.into_iter().collect());
        scope
    }

    /// Says whether each state can be reached from some.
    fn reached(&self, mut open: Vec<usize>) -> Vec<bool> {
        let mut is_reached = vec![false; self.names.len()];
        while let Some(index) = open.pop() {
            if !std::mem::replace(&mut is_reached[index], true) {
                open.extend(&self.followers[index]);
            }
        }
        is_reached
    }

    /// Says whether a variable may have a value in the state that is being checked; `None` if no state assigns it.
    fn may_have(&mut self, name: &str, steps: &mut usize) -> Option<bool> {
        let assigners = self.assigners.get(name)?;
        if !self.is_used.get(self.current).copied().unwrap_or_default() {
            return Some(true); // Reported as a state that nothing leads to.
        }
        if let Some(is_behind) = self.is_behind.get(name) {
            return Some(is_behind[self.current]);
        }
        *steps += self
            .followers
            .iter()
            .map(|followers| 1 + followers.len())
            .sum::<usize>();
        if *steps > STEPS_MAX {
            return Some(true);
        }
        let followers = assigners.iter().flat_map(|&index| &self.followers[index]);
        let is_behind = self.reached(followers.copied().collect());
        let may_have = is_behind[self.current];
        self.is_behind.insert(name.to_owned(), is_behind);
        Some(may_have)
    }
}

/// Returns what of a state may assign and lead on: the state itself, its rules and its catchers.
fn parts(state: &Node) -> impl Iterator<Item = &Node> {
    let lists = ["Choices", "Catch"]
        .into_iter()
        .filter_map(|name| state.get(name)?.as_array());
    std::iter::once(state).chain(lists.flatten())
}

/// Returns the name that a key of `Assign` gives a value, in either language.
fn without_path(key: &str) -> &str {
    key.strip_suffix(".$").unwrap_or(key)
}

/// Returns the built-in functions that a text seems to call.
pub(super) fn called(text: &str) -> BTreeSet<&'static str> {
    let names = text.match_indices('$').filter_map(|(at, _)| {
        let rest = &text[at + 1..];
        let end = rest.find(|character: char| !character.is_ascii_alphanumeric())?;
        let is_called = rest[end..].trim_start().starts_with('(') || text[..at].trim_end().ends_with("~>");
        is_called.then(|| &rest[..end])
    });
    let names: BTreeSet<&str> = names.collect();
    slips::functions().filter(|name| names.contains(name)).collect()
}

impl Checker<'_> {
    /// Checks the states of a flow, whose variables they see.
    pub(super) fn in_scope(&mut self, flow: &Node, check: impl FnOnce(&mut Self)) {
        self.scopes.push(Scope::of(flow));
        check(self);
        self.scopes.pop();
    }

    /// Notes which state of the innermost flow is checked next.
    pub(super) fn begin_state(&mut self, index: usize) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.current = index;
        }
    }

    /// Says whether a variable may have a value in the state that is being checked.
    pub(super) fn reading(&mut self, name: &str) -> Reading {
        if !self.assigned.contains(name) {
            return Reading::Nowhere;
        }
        let steps = &mut self.variable_steps;
        let scopes = self.scopes.iter_mut().rev();
        let known: Vec<bool> = scopes.filter_map(|scope| scope.may_have(name, steps)).collect();
        match known.as_slice() {
            [] => Reading::Elsewhere,
            known if known.contains(&true) => Reading::Possible,
            _ => Reading::Later,
        }
    }

    /// Returns the first state of an outer flow that gives a variable of this name a value, if it may have one by now.
    fn outer_assigner(&mut self, name: &str) -> Option<String> {
        let (_, outer) = self.scopes.split_last_mut()?;
        let steps = &mut self.variable_steps;
        outer.iter_mut().rev().find_map(|scope| {
            // AWS has accepted a branch that assigns what the Catch of its own Parallel assigns.
            scope.may_have(name, steps).filter(|may_have| *may_have)?;
            let first = *scope.assigners.get(name)?.first()?;
            Some(scope.names[first].clone())
        })
    }

    /// Warns of a variable with the name of one of an outer flow, or of a function that some expression calls.
    pub(super) fn hiding(&mut self, name: &str, spot: Spot, is_jsonata: bool) {
        if let Some(state) = self.outer_assigner(name) {
            let by = match state.len() <= NAME_BYTES_MAX {
                true => format!(" (by '{state}')"),
                false => String::new(),
            };
            let message = format!(
                "The variable '${name}' is assigned outside this flow too{by}: AWS's documentation forbids an inner flow to reuse the name"
            );
            let help = "rename one of them; here the inner one is a variable of its own, which ends with its branch or iteration";
            self.warning(code::SHADOWED_VARIABLE, spot, message).help = Some(help.to_owned());
        } else if is_jsonata && self.called.contains(name) {
            let message = format!(
                "The variable '${name}' hides the function '${name}': calling it afterwards is an error"
            );
            let help = "rename the variable: an expression of this definition calls the function";
            self.warning(code::SHADOWED_FUNCTION, spot, message).help = Some(help.to_owned());
        }
    }
}
