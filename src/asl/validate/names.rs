//! Names of states and labels of Maps: their length, their characters, and that each is there once
//! (facts 4.1, 4.3, 4.4).

use std::collections::HashSet;

use crate::asl::code;
use crate::asl::place::Place;
use crate::asl::syntax::Node;

use super::{Checker, Spot};

/// The longest name of a state.
const STATE_NAME_CHARS_MAX: usize = 80;
/// The longest label.
const LABEL_CHARS_MAX: usize = 40;
/// The characters that no label may have, besides blanks and controls (facts 1.2, of machine names).
const LABEL_FORBIDDEN: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";

/// The names seen so far.
#[derive(Default)]
struct Seen<'n> {
    states: HashSet<&'n str>,
    labels: HashSet<&'n str>,
}

impl Checker<'_> {
    /// Checks every name of a definition. An outer name is known before those inside its states.
    pub(super) fn names(&mut self, root: &Node, place: &Place<'_>) {
        self.flow_names(root, place, &mut Seen::default());
    }

    fn flow_names<'n>(&mut self, flow: &'n Node, place: &Place<'_>, seen: &mut Seen<'n>) {
        let states = flow.get("States").and_then(Node::as_object).unwrap_or_default();
        let place = place.key("States");
        for member in states {
            let spot = || Spot::at(&place.key(&member.key), &member.key_span);
            if member.key.chars().count() > STATE_NAME_CHARS_MAX {
                let message = format!(
                    "State name exceeds the {STATE_NAME_CHARS_MAX}-character limit allowed by the service"
                );
                self.error(code::INVALID_STATE_NAME, spot(), message);
            }
            if !seen.states.insert(&member.key) {
                self.error(
                    code::DUPLICATE_STATE_NAME,
                    spot(),
                    format!("Duplicate State name: {}", member.key),
                );
            }
        }
        for member in states {
            let place = place.key(&member.key);
            self.label(&member.value, &place, seen);
            for_each_flow(&member.value, &place, &mut |flow, place| {
                self.flow_names(flow, place, seen)
            });
        }
    }

    fn label<'n>(&mut self, state: &'n Node, place: &Place<'_>, seen: &mut Seen<'n>) {
        let Some(node) = state.get("Label") else { return };
        let Some(label) = node.as_text() else { return };
        let place = place.key("Label");
        let spot = || Spot::at(&place, &node.span);
        if label.is_empty() {
            self.error(code::INVALID_LABEL_NAME, spot(), "Label cannot be empty");
        }
        if label.chars().count() > LABEL_CHARS_MAX {
            let message =
                format!("Label exceeds the {LABEL_CHARS_MAX}-character limit allowed by the service");
            self.error(code::INVALID_LABEL_NAME, spot(), message);
        }
        let forbidden = |c: char| {
            c.is_whitespace()
                || c.is_control()
                || LABEL_FORBIDDEN.contains(c)
                || matches!(c, '\u{fffe}' | '\u{ffff}')
        };
        if label.contains(forbidden) {
            self.error(
                code::INVALID_LABEL_NAME,
                spot(),
                "Label contains an invalid character",
            );
        }
        if !seen.labels.insert(label) {
            self.error(
                code::DUPLICATE_LABEL_NAME,
                spot(),
                format!("Duplicate Label name: {label}"),
            );
        }
    }
}

/// Calls for each flow inside a state: branches, processor.
pub(super) fn for_each_flow<'n>(
    state: &'n Node,
    place: &Place<'_>,
    each: &mut dyn FnMut(&'n Node, &Place<'_>),
) {
    let list = place.key("Branches");
    for (index, branch) in state
        .get("Branches")
        .and_then(Node::as_array)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        each(branch, &list.index(index));
    }
    for name in ["ItemProcessor", "Iterator"] {
        if let Some(processor) = state.get(name) {
            each(processor, &place.key(name));
        }
    }
}
