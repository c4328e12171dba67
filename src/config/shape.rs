//! Which keys there are, as the JSON Schema of [`Config`](super::Config) has them.
//!
//! Reading and the environment need it to name every unknown key, not the first alone, and to tell a text
//! from a number. Invariant: it says nothing that the structs do not say.

use super::Config;
use schemars::Schema;
use std::collections::BTreeMap;

/// What may stand in a place.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// A section: its keys, and what any other key may have.
    Table {
        keys: BTreeMap<String, Shape>,
        others: Option<Box<Shape>>,
    },
    /// A list.
    List(Box<Shape>),
    /// A text, and nothing else.
    Text,
    /// A number or a switch, and no text.
    Number,
    /// One of several.
    Any,
}

impl Shape {
    /// Returns the shape of the whole file.
    pub(super) fn of_file() -> Shape {
        let schema = Config::schema();
        convert(&schema, &schema)
    }

    /// Returns what may stand under a key.
    pub(super) fn get(&self, key: &str) -> Option<&Shape> {
        match self {
            Shape::Table { keys, others } => keys.get(key).or(others.as_deref()),
            Shape::List(item) => Some(item),
            _ => None,
        }
    }
}

fn convert(root: &Schema, schema: &Schema) -> Shape {
    if let Some(target) = schema.get("$ref").and_then(|target| target.as_str()) {
        let target = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        let target = target.and_then(|target| <&Schema>::try_from(target).ok());
        return target.map_or(Shape::Any, |target| convert(root, target));
    }
    let choices = ["anyOf", "oneOf", "allOf"]
        .iter()
        .find_map(|name| schema.get(*name)?.as_array());
    if let Some(choices) = choices {
        let choices = choices
            .iter()
            .filter_map(|choice| <&Schema>::try_from(choice).ok());
        let choices = choices.filter(|choice| !has_type(choice, "null"));
        return one_of(choices.map(|choice| convert(root, choice)).collect());
    }
    let below = |name: &str| {
        let schema = <&Schema>::try_from(schema.get(name)?).ok()?;
        schema
            .as_object()
            .is_some()
            .then(|| Box::new(convert(root, schema)))
    };
    if let Some(item) = below("items") {
        return Shape::List(item);
    }
    let keys = schema.get("properties").and_then(|keys| keys.as_object());
    let others = below("additionalProperties");
    if keys.is_some() || others.is_some() {
        let keys = keys.into_iter().flatten();
        let keys = keys.filter_map(|(key, schema)| Some((key.clone(), <&Schema>::try_from(schema).ok()?)));
        let keys = keys.map(|(key, schema)| (key, convert(root, schema)));
        return Shape::Table {
            keys: keys.collect(),
            others,
        };
    }
    let is_text = has_type(schema, "string") && !has_type(schema, "integer");
    let is_number = ["integer", "number", "boolean"]
        .iter()
        .any(|name| has_type(schema, name));
    match (is_text, is_number && !has_type(schema, "string")) {
        (true, _) => Shape::Text,
        (false, true) => Shape::Number,
        (false, false) => Shape::Any,
    }
}

fn one_of(mut shapes: Vec<Shape>) -> Shape {
    if shapes.iter().all(|shape| matches!(shape, Shape::Text)) || shapes.len() == 1 {
        return shapes.pop().unwrap_or(Shape::Any);
    }
    Shape::Any
}

fn has_type(schema: &Schema, name: &str) -> bool {
    let Some(types) = schema.get("type") else {
        return false;
    };
    let list = types.as_array().into_iter().flatten();
    types.as_str() == Some(name) || list.into_iter().any(|one| one.as_str() == Some(name))
}
