//! Payload templates: constant parts become dense JSON text, the rest keeps its shape.

use crate::asl::model::{Expression, Jsonata, QueryLanguage, Template};
use crate::asl::paths;
use crate::asl::place::Place;
use crate::asl::syntax::{Member, Node, Value, write_text};
use crate::jsonata;
use std::sync::Arc;

/// An object whose fields are built: what language they are in, and where the object stands in its state.
#[derive(Clone, Copy)]
pub(super) struct Object<'a> {
    pub(super) node: &'a Node,
    pub(super) language: QueryLanguage,
    pub(super) place: Place<'a>,
}

impl<'a> Object<'a> {
    /// Builds the template under a field; the outer `None` is a fault, the inner a missing field.
    pub(super) fn template(&self, name: &str) -> Option<Option<Template>> {
        match self.node.get(name) {
            None => Some(None),
            Some(node) => self.value(node, &self.place.key(name)).map(Some),
        }
    }

    /// Builds `Assign`: variables with their templates.
    pub(super) fn assign(&self) -> Option<Option<Vec<(String, Template)>>> {
        match self.node.get("Assign") {
            None => Some(None),
            Some(node) => self
                .members(node.as_object()?, &self.place.key("Assign"))
                .map(Some),
        }
    }

    /// Builds the expression under a field; `None` where there is none.
    pub(super) fn jsonata(&self, name: &str) -> Option<Jsonata> {
        self.expression(self.node.get(name)?.as_text()?, &self.place.key(name))
    }

    fn members(&self, members: &[Member], place: &Place<'_>) -> Option<Vec<(String, Template)>> {
        members.iter().map(|member| self.member(member, place)).collect()
    }

    /// In JSONPath a key ending in `.$` loses it and is evaluated.
    fn member(&self, member: &Member, object: &Place<'_>) -> Option<(String, Template)> {
        let name = match self.language {
            QueryLanguage::JsonPath => member.key.strip_suffix(".$"),
            QueryLanguage::Jsonata => None,
        };
        let Some(name) = name else {
            let template = self.value(&member.value, &object.key(&member.key))?;
            return Some((member.key.clone(), template));
        };
        let field = member.key.clone();
        let template = match paths::expression(member.value.as_text()?).ok()? {
            Expression::Path(path) => Template::Path { field, path },
            Expression::Call(call) => Template::Call { field, call },
        };
        Some((name.to_owned(), template))
    }

    fn value(&self, node: &Node, place: &Place<'_>) -> Option<Template> {
        match &node.value {
            Value::Object(members) => {
                let members = self.members(members, place)?;
                Some(constant_object(&members).unwrap_or(Template::Object(members)))
            }
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let items = items
                    .map(|(index, item)| self.value(item, &place.index(index)))
                    .collect::<Option<Vec<_>>>()?;
                Some(constant_array(&items).unwrap_or(Template::Array(items)))
            }
            Value::Text(text) => match self.expression(text, place) {
                Some(jsonata) => Some(Template::Jsonata(jsonata)),
                None => Some(Template::Constant(node.to_json())),
            },
            _ => Some(Template::Constant(node.to_json())),
        }
    }

    /// Reads a text in `{% %}`: validation has read it before.
    fn expression(&self, text: &str, place: &Place<'_>) -> Option<Jsonata> {
        let inner = text.strip_prefix("{%")?.strip_suffix("%}")?;
        if self.language != QueryLanguage::Jsonata {
            return None;
        }
        let text = inner.trim();
        Some(Jsonata {
            field: place.location().trim_start_matches('/').to_owned(),
            text: text.to_owned(),
            expression: Arc::new(jsonata::parse(text).ok()?),
        })
    }
}

fn constant_object(members: &[(String, Template)]) -> Option<Template> {
    let mut json = String::from("{");
    for (index, (name, template)) in members.iter().enumerate() {
        let Template::Constant(constant) = template else {
            return None;
        };
        if index > 0 {
            json.push(',');
        }
        write_text(name, &mut json);
        json.push(':');
        json.push_str(constant);
    }
    json.push('}');
    Some(Template::Constant(json))
}

fn constant_array(items: &[Template]) -> Option<Template> {
    let mut json = String::from("[");
    for (index, template) in items.iter().enumerate() {
        let Template::Constant(constant) = template else {
            return None;
        };
        if index > 0 {
            json.push(',');
        }
        json.push_str(constant);
    }
    json.push(']');
    Some(Template::Constant(json))
}
