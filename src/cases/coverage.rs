//! What of a definition its cases reach: states, Choice rules, retriers and catchers.

use crate::asl::model::{Catcher, Flow, Retrier, StateKind, StateMachine};
use crate::program::Program;
use crate::vm::{Decision, Event};
use std::collections::BTreeSet;

/// What can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A state.
    State,
    /// A rule of a Choice; the one after the last is Default.
    Rule,
    /// An entry of `Retry`.
    Retrier,
    /// An entry of `Catch`.
    Catcher,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 4] = [Kind::State, Kind::Rule, Kind::Retrier, Kind::Catcher];

    /// Returns its name in the plural.
    pub fn plural(self) -> &'static str {
        match self {
            Kind::State => "states",
            Kind::Rule => "choice rules",
            Kind::Retrier => "retriers",
            Kind::Catcher => "catchers",
        }
    }
}

/// One thing that can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is.
    pub kind: Kind,
    /// The state it belongs to.
    pub state: String,
    /// Which one of its kind, from 0; `u32::MAX` is Default.
    pub index: u32,
    /// What to call it.
    pub label: String,
    /// Whether a case reached it.
    pub reached: bool,
}

/// What one or more executions reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached(BTreeSet<(Kind, String, u32)>);

impl Reached {
    /// Notes the state of an event.
    pub(super) fn note_event(&mut self, program: &Program, event: &Event) {
        if let Some(state) = event.state {
            self.note(Kind::State, program.state_name(state), 0);
        }
    }

    /// Notes what a run decided.
    pub(super) fn note_decisions(&mut self, program: &Program, decisions: &[Decision]) {
        for decision in decisions {
            let (kind, state, index) = match *decision {
                Decision::Rule { state, rule } => (Kind::Rule, state, rule),
                Decision::Retry { state, retrier, .. } => (Kind::Retrier, state, retrier),
                Decision::Catch { state, catcher } => (Kind::Catcher, state, catcher),
            };
            self.note(kind, program.state_name(state), index);
        }
    }

    fn note(&mut self, kind: Kind, state: &str, index: u32) {
        self.0.insert((kind, state.to_owned(), index));
    }
}

/// Everything that can be reached in a definition, and what was.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// In the order of the definition.
    pub places: Vec<Place>,
}

impl Coverage {
    /// Returns the places of a definition; none is reached yet.
    pub fn of(machine: &StateMachine) -> Coverage {
        let mut coverage = Coverage::default();
        coverage.flow(&machine.flow);
        coverage
    }

    /// Adds what an execution reached.
    pub fn add(&mut self, reached: &Reached) {
        for place in &mut self.places {
            place.reached |= reached
                .0
                .contains(&(place.kind, place.state.clone(), place.index));
        }
    }

    /// Returns how many places of a kind were reached, and how many there are.
    pub fn count(&self, kind: Kind) -> (usize, usize) {
        let places = self.places.iter().filter(|place| place.kind == kind);
        (
            places.clone().filter(|place| place.reached).count(),
            places.count(),
        )
    }

    /// Returns the places that no case reached.
    pub fn missed(&self) -> impl Iterator<Item = &Place> {
        self.places.iter().filter(|place| !place.reached)
    }

    fn flow(&mut self, flow: &Flow) {
        for state in &flow.states {
            let name = &state.name;
            self.push(Kind::State, name, 0, format!("state '{name}'"));
            match &state.kind {
                StateKind::Choice(choice) => {
                    for (at, rule) in choice.rules.iter().enumerate() {
                        let label = format!("rule {} of Choice '{name}' (to '{}')", at + 1, rule.next);
                        self.push(Kind::Rule, name, at as u32, label);
                    }
                    if let Some(default) = &choice.default {
                        let label = format!("Default of Choice '{name}' (to '{default}')");
                        self.push(Kind::Rule, name, u32::MAX, label);
                    }
                }
                StateKind::Task(task) => self.handlers(name, &task.retry, &task.catch),
                StateKind::Parallel(parallel) => {
                    self.handlers(name, &parallel.retry, &parallel.catch);
                    parallel.branches.iter().for_each(|branch| self.flow(branch));
                }
                StateKind::Map(map) => {
                    self.handlers(name, &map.retry, &map.catch);
                    self.flow(&map.processor);
                }
                _ => {}
            }
        }
    }

    fn handlers(&mut self, state: &str, retry: &[Retrier], catch: &[Catcher]) {
        for (at, retrier) in retry.iter().enumerate() {
            let errors = retrier.error_equals.join(", ");
            let label = format!("retrier {} of '{state}' ({errors})", at + 1);
            self.push(Kind::Retrier, state, at as u32, label);
        }
        for (at, catcher) in catch.iter().enumerate() {
            let errors = catcher.error_equals.join(", ");
            let label = format!(
                "catcher {} of '{state}' ({errors}, to '{}')",
                at + 1,
                catcher.next
            );
            self.push(Kind::Catcher, state, at as u32, label);
        }
    }

    fn push(&mut self, kind: Kind, state: &str, index: u32, label: String) {
        self.places.push(Place {
            kind,
            state: state.to_owned(),
            index,
            label,
            reached: false,
        });
    }
}
