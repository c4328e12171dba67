//! Variables: a slot for each name that a flow assigns (facts 4.7).

use super::Compiler;
use crate::asl::model::{Flow, State, StateKind, Template};
use crate::program::VariableRef;

/// The variables of one flow, in slot order.
#[derive(Default)]
pub(super) struct Scope {
    names: Vec<Box<str>>,
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
            if self.slot(name).is_none() {
                self.names.push(name.as_str().into());
            }
        }
    }

    fn slot(&self, name: &str) -> Option<u16> {
        self.names
            .iter()
            .position(|known| &**known == name)
            .map(|slot| slot as u16)
    }

    pub(super) fn into_names(self) -> Vec<Box<str>> {
        self.names
    }
}

impl Compiler {
    /// Resolves a name to the nearest scope that assigns it. A name that nobody assigns gets a slot
    /// that stays empty: reading it fails the run.
    pub(super) fn variable(&mut self, name: &str) -> VariableRef {
        for (up, scope) in self.scopes.iter().rev().enumerate() {
            if let Some(slot) = scope.slot(name) {
                return VariableRef { up: up as u16, slot };
            }
        }
        let Some(scope) = self.scopes.last_mut() else {
            return VariableRef { up: 0, slot: 0 };
        };
        scope.names.push(name.into());
        VariableRef {
            up: 0,
            slot: (scope.names.len() - 1) as u16,
        }
    }
}
