//! Transitions: every target exists, the execution can end, every state is reachable (facts 4.4).
//!
//! Looks at fields, not at types: what a wrong field leads to is still meant.

use std::collections::{HashMap, HashSet};

use crate::asl::place::Place;
use crate::asl::syntax::{Member, Node, Value, substitute};
use crate::asl::{code, suggest};

use super::names::for_each_flow;
use super::{Checker, Spot};

impl Checker<'_> {
    /// Checks the transitions of a definition.
    pub(super) fn graph(&mut self, root: &Node, place: &Place<'_>) {
        self.targets(root, place);
        if !self.terminal(root, place) {
            return; // AWS looks for unreachable states only where an end is.
        }
        self.reachability(root, place);
    }

    /// Every target names a state of the same flow.
    fn targets(&mut self, flow: &Node, place: &Place<'_>) {
        let Some(states) = flow.get("States").and_then(Node::as_object) else {
            return;
        };
        let names: HashSet<&str> = states.iter().map(|member| member.key.as_str()).collect();
        if let Some(start) = flow.get("StartAt") {
            self.target(start, &place.key("StartAt"), &names, states);
        }
        let list = place.key("States");
        for member in states {
            let place = list.key(&member.key);
            for_each_target(&member.value, &place, &mut |target, place| {
                self.target(target, place, &names, states);
            });
            for_each_flow(&member.value, &place, &mut |flow, place| {
                self.targets(flow, place)
            });
        }
    }

    fn target(&mut self, node: &Node, place: &Place<'_>, names: &HashSet<&str>, states: &[Member]) {
        let Some(name) = node.as_text().filter(|name| !names.contains(name)) else {
            return;
        };
        if substitute::has_placeholder(name) {
            return; // Reported as a substitution without a value.
        }
        let known = states.iter().map(|member| member.key.as_str());
        let help = self
            .wants_suggestions()
            .then(|| suggest::did_you_mean(name, known))
            .flatten();
        let message = format!("Missing 'Next' target: {name}");
        self.error(
            code::MISSING_TRANSITION_TARGET,
            Spot::at(place, &node.span),
            message,
        )
        .help = help;
    }

    /// The top level has a state that ends. False when it has none.
    fn terminal(&mut self, root: &Node, place: &Place<'_>) -> bool {
        let Some(member) = root.member("States") else {
            return true;
        };
        let Some(states) = member.value.as_object() else {
            return true;
        };
        if states.iter().any(|state| is_terminal(&state.value)) {
            return true;
        }
        let pointer = place.key("States").pointer();
        let spot = Spot {
            pointer,
            location: None,
            span: member.key_span.clone(),
        };
        let diagnostic = self.error(code::MISSING_END_STATE, spot, "Workflow has no terminal state");
        // Where states or a type are missing, that is told already.
        if states.iter().all(|state| state.value.get("Type").is_some()) && !states.is_empty() {
            diagnostic.help =
                Some("give the last state `\"End\": true`, or add a Succeed or Fail state".to_owned());
        }
        false
    }

    /// Every state can be reached from its flow's start.
    fn reachability(&mut self, flow: &Node, place: &Place<'_>) {
        let Some(states) = flow.get("States").and_then(Node::as_object) else {
            return;
        };
        let list = place.key("States");
        if let Some(start) = flow.get("StartAt").and_then(Node::as_text) {
            let reached = reach(states, start);
            for member in states
                .iter()
                .filter(|member| !reached.contains(member.key.as_str()))
            {
                let spot = Spot::at(&list.key(&member.key), &member.key_span);
                let message = format!("State \"{}\" is not reachable.", member.key);
                self.error(code::MISSING_TRANSITION_TARGET, spot, message);
            }
        }
        for member in states {
            let place = list.key(&member.key);
            for_each_flow(&member.value, &place, &mut |flow, place| {
                self.reachability(flow, place)
            });
        }
    }
}

/// Says whether an execution ends with a state. One without a type does not, whatever it has (recorded).
fn is_terminal(state: &Node) -> bool {
    let ends = state.get("End").is_some_and(|end| end.value == Value::Bool(true));
    state
        .get("Type")
        .is_some_and(|kind| ends || matches!(kind.as_text(), Some("Succeed" | "Fail")))
}

/// Returns the states that can be reached from a start.
fn reach<'n>(states: &'n [Member], start: &'n str) -> HashSet<&'n str> {
    let by_name: HashMap<&str, &Node> = states
        .iter()
        .map(|member| (member.key.as_str(), &member.value))
        .collect();
    let mut reached = HashSet::new();
    let mut waiting = vec![start];
    while let Some(name) = waiting.pop() {
        if let Some(state) = by_name.get(name)
            && reached.insert(name)
        {
            for_each_target(state, &Place::ROOT, &mut |target, _| {
                waiting.extend(target.as_text())
            });
        }
    }
    reached
}

/// Calls for each field of a state that names another: `Next`, `Default`, and those of rules and catchers.
fn for_each_target<'n>(state: &'n Node, place: &Place<'_>, each: &mut dyn FnMut(&'n Node, &Place<'_>)) {
    if let Some(next) = state.get("Next") {
        each(next, &place.key("Next"));
    }
    for list in ["Choices", "Catch"] {
        let place = place.key(list);
        for (index, entry) in state
            .get(list)
            .and_then(Node::as_array)
            .unwrap_or_default()
            .iter()
            .enumerate()
        {
            if let Some(next) = entry.get("Next") {
                each(next, &place.index(index).key("Next"));
            }
        }
    }
    if let Some(default) = state.get("Default") {
        each(default, &place.key("Default"));
    }
}
