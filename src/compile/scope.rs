//! Variables: a slot for each name that a flow assigns (facts 4.7).
//!
//! AWS's documents forbid an inner flow to assign a name of an outer one; what it does of one that does is not known.
//! Here the inner flow has a variable of its own, and sees the outer value until it has assigned one.

use super::Compiler;
use crate::asl::model::{Flow, State, StateKind, Template};
use crate::program::{ShadowId, Source, VariableRef};
use std::collections::HashMap;

/// The variables of one flow and their slots. A definition has fewer characters than a slot has values.
#[derive(Default)]
pub(super) struct Scope {
    slots: HashMap<Box<str>, u32>,
}

impl Scope {
    /// Collects what the states of a flow assign; inner flows have scopes of their own.
    pub(super) fn of(flow: &Flow) -> Scope {
        let mut scope = Scope::default();
        for state in &flow.states {
            scope.add_state(state);
        }
        scope
    }

    fn add_state(&mut self, state: &State) {
        self.add(&state.assign);
        let catchers = match &state.kind {
            StateKind::Task(task) => &task.catch,
            StateKind::Parallel(parallel) => &parallel.catch,
            StateKind::Map(map) => &map.catch,
            StateKind::Choice(choice) => {
                choice
                    .rules
                    .iter()
                    .filter_map(|rule| rule.assign.as_ref())
                    .for_each(|assign| self.add(assign));
                return;
            }
            _ => return,
        };
        catchers.iter().for_each(|catcher| self.add(&catcher.assign));
    }

    fn add(&mut self, assign: &[(String, Template)]) {
        for (name, _) in assign {
            self.slot_or_new(name);
        }
    }

    fn slot(&self, name: &str) -> Option<u32> {
        self.slots.get(name).copied()
    }

    fn slot_or_new(&mut self, name: &str) -> u32 {
        if let Some(slot) = self.slot(name) {
            return slot;
        }
        let slot = self.slots.len() as u32;
        self.slots.insert(name.into(), slot);
        slot
    }

    /// Returns the names in slot order.
    pub(super) fn into_names(self) -> Vec<Box<str>> {
        let mut names: Vec<(Box<str>, u32)> = self.slots.into_iter().collect();
        names.sort_unstable_by_key(|&(_, slot)| slot);
        names.into_iter().map(|(name, _)| name).collect()
    }
}

impl Compiler {
    /// Resolves a name of an expression, to which one that nobody assigns is something else. A tool brings variables
    /// that the flow itself may not assign.
    pub(super) fn known_variable(&mut self, name: &str) -> Option<Source> {
        let is_brought = self.options.trace && !crate::jsonata::is_builtin(name);
        (self.is_variable(name) || is_brought).then(|| self.variable_source(name))
    }

    /// Returns what a read of a name is of: one variable, or several where an inner flow assigns a name of an outer one.
    pub(super) fn variable_source(&mut self, name: &str) -> Source {
        let candidates: Vec<VariableRef> = self.variables(name).collect();
        if candidates.len() < 2 {
            return Source::Variable(self.variable(name));
        }
        let known = self.program.shadows.iter().position(|known| *known == candidates);
        let id = known.unwrap_or_else(|| {
            self.program.shadows.push(candidates);
            self.program.shadows.len() - 1
        });
        Source::Shadowed(ShadowId(id as u32))
    }

    /// Returns the variables of this name, nearest first.
    fn variables(&self, name: &str) -> impl Iterator<Item = VariableRef> {
        self.scopes
            .iter()
            .rev()
            .enumerate()
            .filter_map(move |(up, scope)| {
                let slot = scope.slot(name)?;
                Some(VariableRef { up: up as u16, slot })
            })
    }

    /// Says whether a state assigns a variable of this name that is seen here.
    pub(super) fn is_variable(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.slot(name).is_some())
    }

    /// Resolves a name to the nearest scope that assigns it. A name that nobody assigns gets a slot
    /// that stays empty: reading it fails the run.
    pub(super) fn variable(&mut self, name: &str) -> VariableRef {
        if let Some(nearest) = self.variables(name).next() {
            return nearest;
        }
        let Some(scope) = self.scopes.last_mut() else {
            return VariableRef { up: 0, slot: 0 };
        };
        VariableRef {
            up: 0,
            slot: scope.slot_or_new(name),
        }
    }
}
