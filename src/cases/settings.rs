//! What a case shares with the others of its file: the file says it once, a case may say it anew.

use super::answer::{self, Answer};
use super::reader::Reader;
use super::{Definition, Input};
use crate::asl::place::Place;
use crate::asl::syntax::{Node, Value};
use std::collections::BTreeMap;

/// Settings of a file or of a case.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) definition: Option<Definition>,
    pub(super) substitutions: BTreeMap<String, String>,
    pub(super) input: Option<Input>,
    pub(super) defaults: BTreeMap<String, Answer>,
    pub(super) sync: Option<bool>,
    pub(super) now_ms: Option<i64>,
    pub(super) placeholders: Vec<String>,
}

/// Their fields.
pub(super) const FIELDS: &[&str] = &[
    "comment",
    "definition",
    "substitutions",
    "input",
    "input_file",
    "default_tasks",
    "sync",
    "now",
    "placeholders",
];

/// Reads the settings of a file or of a case; other members are the caller's.
pub(super) fn read(reader: &mut Reader<'_>, place: &Place<'_>, node: &Node) -> Settings {
    let mut settings = Settings {
        input: input(reader, place, node),
        ..Settings::default()
    };
    if let Some(node) = node.get("definition") {
        settings.definition = match &node.value {
            Value::Text(file) => Some(Definition::File(file.clone())),
            Value::Object(_) => Some(Definition::Here(reader.excerpt(node))),
            _ => {
                let what = "a file's name or a definition";
                reader.expected(&place.key("definition"), node, what);
                None
            }
        };
    }
    if let Some(node) = node.get("substitutions") {
        reader.map(&place.key("substitutions"), node, |reader, place, name, node| {
            let text = match &node.value {
                Value::Number(text) => Some(text.clone()),
                Value::Bool(value) => Some(value.to_string()),
                _ => reader.text(place, node),
            };
            settings
                .substitutions
                .extend(text.map(|text| (name.to_owned(), text)));
        });
    }
    if let Some(node) = node.get("default_tasks") {
        reader.map(&place.key("default_tasks"), node, |reader, place, state, node| {
            let answer = answer::read(reader, place, state, node);
            settings
                .defaults
                .extend(answer.map(|answer| (state.to_owned(), answer)));
        });
    }
    settings.sync = node
        .get("sync")
        .and_then(|node| reader.boolean(&place.key("sync"), node));
    settings.now_ms = node
        .get("now")
        .and_then(|node| reader.time(&place.key("now"), node));
    if let Some(node) = node.get("placeholders") {
        reader.list(&place.key("placeholders"), node, |reader, place, node| {
            settings.placeholders.extend(reader.text(place, node));
        });
    }
    settings
}

fn input(reader: &mut Reader<'_>, place: &Place<'_>, node: &Node) -> Option<Input> {
    let here = node.get("input").map(|node| Input::Here(node.to_json()));
    let Some(file) = node.get("input_file") else {
        return here;
    };
    let place = place.key("input_file");
    if here.is_some() {
        let message = "A case has either \"input\" or \"input_file\"";
        reader.error(&place, &file.span, message, None);
    }
    reader.text(&place, file).map(Input::File)
}

impl Settings {
    /// Adds what the file says to what a case says.
    pub(super) fn or(mut self, file: &Settings) -> Settings {
        let inherit = |mine: &mut BTreeMap<String, _>, theirs: &BTreeMap<String, _>| {
            for (name, value) in theirs {
                mine.entry(name.clone()).or_insert_with(|| Clone::clone(value));
            }
        };
        inherit(&mut self.defaults, &file.defaults);
        for (name, value) in &file.substitutions {
            self.substitutions
                .entry(name.clone())
                .or_insert_with(|| value.clone());
        }
        self.placeholders.extend_from_slice(&file.placeholders);
        Settings {
            definition: self.definition.or_else(|| file.definition.clone()),
            input: self.input.or_else(|| file.input.clone()),
            sync: self.sync.or(file.sync),
            now_ms: self.now_ms.or(file.now_ms),
            ..self
        }
    }
}
