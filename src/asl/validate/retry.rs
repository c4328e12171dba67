//! `Retry` and `Catch` (facts 4.5, 7.1).

use crate::asl::fields::{self, Shape};
use crate::asl::place::Place;
use crate::asl::syntax::Node;
use crate::asl::{code, suggest};
use crate::fault;

use super::jsonata::Owner;
use super::object::Language;
use super::{Checker, Spot};

impl Checker<'_> {
    /// Checks the `Retry` and `Catch` of a state that may have them.
    pub(super) fn retry_and_catch(&mut self, state: &Node, place: &Place<'_>, language: Language) {
        self.entries(state, place, "Retry", &fields::RETRIER, language);
        self.entries(state, place, "Catch", &fields::CATCHER, language);
    }

    fn entries(&mut self, state: &Node, place: &Place<'_>, field: &str, shape: &Shape, language: Language) {
        let Some(entries) = state.get(field).and_then(Node::as_array) else {
            return;
        };
        let list = place.key(field);
        for (index, entry) in entries.iter().enumerate() {
            let place = list.index(index);
            self.owner = Owner::Catcher;
            self.object(entry, &place, shape, language);
            self.wildcard(entry, &place, index + 1 == entries.len());
        }
    }

    /// `States.ALL` stands alone, in the last entry.
    fn wildcard(&mut self, entry: &Node, place: &Place<'_>, is_last: bool) {
        let Some(list) = entry.get("ErrorEquals") else {
            return;
        };
        let names = list.as_array().unwrap_or_default();
        let has_wildcard = names.iter().any(|name| name.as_text() == Some(fault::ALL));
        if has_wildcard && (names.len() > 1 || !is_last) {
            let spot = Spot::at(&place.key("ErrorEquals"), &list.span);
            self.schema(spot, "States.ALL must appear alone and at end of list");
        }
    }

    /// Checks `ErrorEquals`.
    pub(super) fn error_names(&mut self, node: &Node, place: &Place<'_>) {
        let Some(names) = node.as_array() else {
            self.schema(Spot::at(place, &node.span), "Expected value of type Array");
            return;
        };
        if names.is_empty() {
            self.schema(Spot::at(place, &node.span), "Value cannot be empty");
        }
        for (index, name) in names.iter().enumerate() {
            let place = place.index(index);
            match name.as_text() {
                None => {
                    self.schema(Spot::at(&place, &name.span), "Expected value of type String");
                }
                Some(text) => self.error_name(text, name, &place),
            }
        }
    }

    /// Warns of a `States.` name that is nearly a known one: it would match nothing. AWS accepts it.
    fn error_name(&mut self, text: &str, node: &Node, place: &Place<'_>) {
        let is_other = text.starts_with("States.Http.") || fault::RESERVED.contains(&text);
        if is_other || !text.to_ascii_lowercase().starts_with("states.") || !self.wants_suggestions() {
            return;
        }
        if let Some(help) = suggest::did_you_mean_reserved(text, fault::RESERVED) {
            let message = format!("No state fails with the error '{text}'");
            let spot = Spot::at(place, &node.span);
            self.warning(code::UNKNOWN_ERROR_NAME, spot, message).help = Some(help);
        }
    }
}
