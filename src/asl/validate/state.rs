//! The machine, its flows and states: which table applies, and in which query language (facts 4.1 to
//! 4.3).

use crate::asl::fields::{self, STATE_TYPES, Shape};
use crate::asl::model::QueryLanguage;
use crate::asl::place::Place;
use crate::asl::suggest;
use crate::asl::syntax::{Node, Value};
use crate::asl::{Severity, code};

use super::distributed::is_distributed;
use super::jsonata::Owner;
use super::object::{Language, heading};
use super::{Checker, Spot};

/// The values of `QueryLanguage`.
const QUERY_LANGUAGES: [&str; 2] = ["JSONPath", "JSONata"];

impl Checker<'_> {
    /// Checks the fields of the whole definition.
    pub(super) fn machine_fields(&mut self, root: &Node, place: &Place<'_>) {
        self.machine_language = declared(root).unwrap_or_default();
        self.object_fields(root, place, &fields::MACHINE, Some(self.machine_language));
        self.query_language(root, place);
        self.object_values(root, place, &fields::MACHINE, Some(QueryLanguage::JsonPath));
        self.states(root, place);
    }

    /// Checks a branch or a processor.
    fn flow(&mut self, flow: &Node, place: &Place<'_>, shape: &Shape) {
        let language = Some(self.machine_language);
        if self.object(flow, place, shape, language) {
            self.states(flow, place);
        }
    }

    fn states(&mut self, flow: &Node, place: &Place<'_>) {
        let Some(states) = flow.get("States") else { return };
        let place = place.key("States");
        if states.as_object().is_some_and(<[_]>::is_empty) {
            self.schema(Spot::at(&place, &states.span), "Value cannot be empty");
        }
        self.in_scope(flow, |checker| {
            let states = states.as_object().unwrap_or_default();
            for (index, member) in states.iter().enumerate() {
                checker.begin_state(index);
                checker.state(&member.value, &place.key(&member.key));
            }
        });
    }

    fn state(&mut self, state: &Node, place: &Place<'_>) {
        if state.as_object().is_none() {
            self.schema(Spot::at(place, &state.span), "Expected value of type Object");
            return;
        }
        let language = self.state_language(state, place);
        let Some(kind) = self.state_type(state, place) else {
            self.query_language(state, place);
            return;
        };
        let Some(shape) = fields::state(kind) else { return };
        self.owner = match kind {
            "Task" | "Parallel" | "Map" => Owner::Work,
            _ => Owner::Other,
        };
        self.object_fields(state, place, shape, language);
        self.query_language(state, place);
        self.object_values(state, place, shape, language);
        match kind {
            "Task" => self.task(state, place, language),
            "Choice" => self.choices(state, place, language),
            "Pass" => self.static_result(state, place),
            "Fail" => self.fail(state, place, language),
            "Parallel" => self.branches(state, place),
            "Map" => self.map(state, place, language),
            _ => {}
        }
        if shape.field("Retry").is_some() {
            self.retry_and_catch(state, place, language);
        }
    }

    /// Returns the state's type if it is one.
    fn state_type<'n>(&mut self, state: &'n Node, place: &Place<'_>) -> Option<&'n str> {
        let Some(node) = state.get("Type") else {
            let names = state
                .as_object()
                .unwrap_or_default()
                .iter()
                .map(|member| member.key.as_str());
            let help = suggest::closest("Type", names).map(|name| format!("write \"Type\" for \"{name}\""));
            let spot = Spot::at(place, &heading(self.text, state));
            self.schema(spot, "The field 'Type' is required").help = help;
            return None;
        };
        let text = node.as_text().unwrap_or_default();
        if STATE_TYPES.contains(&text) {
            return Some(text);
        }
        let help = suggest::did_you_mean(text, STATE_TYPES);
        let message = format!(
            "The field 'Type' should have one of these values: [{}]",
            STATE_TYPES.join(", ")
        );
        self.schema(Spot::at(&place.key("Type"), &node.span), message)
            .help = help;
        None
    }

    /// Resolves a state's query language: its own, else the machine's, never the enclosing state's. A
    /// JSONata machine has no JSONPath states; such a one is checked in neither.
    fn state_language(&mut self, state: &Node, place: &Place<'_>) -> Language {
        match declared(state) {
            Some(QueryLanguage::JsonPath) if self.machine_language == QueryLanguage::Jsonata => {
                let span = state.get("QueryLanguage").map_or(0..0, |node| node.span.clone());
                let spot = Spot::within(place, &place.key("QueryLanguage"), &span);
                let message =
                    "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
                self.schema(spot, message);
                None
            }
            declared => Some(declared.unwrap_or(self.machine_language)),
        }
    }

    /// Checks the value of `QueryLanguage`.
    fn query_language(&mut self, object: &Node, place: &Place<'_>) {
        let Some(node) = object.get("QueryLanguage") else {
            return;
        };
        let spot = Spot::at(&place.key("QueryLanguage"), &node.span);
        match node.as_text() {
            None => {
                self.schema(spot, "Expected value of type [STRING]");
            }
            Some(text) if !QUERY_LANGUAGES.contains(&text) => {
                let message = format!(
                    "Value should be one of the following: [{}]",
                    QUERY_LANGUAGES.join(", ")
                );
                self.schema(spot, message).help = suggest::did_you_mean(text, QUERY_LANGUAGES);
            }
            Some(_) => {}
        }
    }

    fn fail(&mut self, state: &Node, place: &Place<'_>, language: Language) {
        for name in ["Error", "Cause"] {
            if let Some(node) = state.get(name)
                && language == Some(QueryLanguage::JsonPath)
            {
                self.looks_like_path(node, &place.key(name), name);
            }
        }
    }

    fn branches(&mut self, state: &Node, place: &Place<'_>) {
        let list = place.key("Branches");
        for (index, branch) in state
            .get("Branches")
            .and_then(Node::as_array)
            .unwrap_or_default()
            .iter()
            .enumerate()
        {
            self.flow(branch, &list.index(index), &fields::BRANCH);
        }
    }

    fn map(&mut self, state: &Node, place: &Place<'_>, language: Language) {
        self.distributed_fields(state, place, language);
        if let (Some(QueryLanguage::Jsonata), Some(items)) = (language, state.get("Items")) {
            let processor = state.get("ItemProcessor");
            self.constant_items(items, processor.is_some_and(is_distributed), &place.key("Items"));
        }
        for name in ["ItemProcessor", "Iterator"] {
            if let Some(processor) = state.get(name) {
                let place = place.key(name);
                self.flow(processor, &place, &fields::PROCESSOR);
                self.processor_config(processor, &place, language);
            }
        }
    }

    /// Warns of items that are no array, whatever the state has as input. What looks like an expression is told as such.
    fn constant_items(&mut self, items: &Node, is_distributed: bool, place: &Place<'_>) {
        let is_array = match &items.value {
            Value::Array(_) => true,
            Value::Object(_) => is_distributed,
            Value::Text(text) => text.contains(['$', '%']),
            _ => false,
        };
        if !is_array {
            let message = "'Items' is not an array: the state fails";
            let spot = Spot::at(place, &items.span);
            let diagnostic = self.report(Severity::Warning, code::ITEMS_NO_ARRAY, spot, message.to_owned());
            diagnostic.help =
                Some("write an array, or an expression that has one: `{% $states.input.items %}`".to_owned());
        }
    }
}

/// Returns the language an object declares: anything but the exact `JSONPath` counts as JSONata, besides
/// being an error.
fn declared(object: &Node) -> Option<QueryLanguage> {
    object.get("QueryLanguage").map(|node| match &node.value {
        Value::Text(text) if text == "JSONPath" => QueryLanguage::JsonPath,
        _ => QueryLanguage::Jsonata,
    })
}
