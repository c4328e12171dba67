//! Payload templates: constant parts become dense JSON text, the rest keeps its shape.

use crate::asl::model::{Expression, Template};
use crate::asl::paths;
use crate::asl::syntax::{Member, Node, Value, write_text};

/// Builds the template under a field; the outer `None` is a fault, the inner a missing field.
pub(super) fn template(node: &Node, name: &str) -> Option<Option<Template>> {
    match node.get(name) {
        None => Some(None),
        Some(node) => value(node).map(Some),
    }
}

/// Builds `Assign`: variables with their templates.
pub(super) fn assign(node: &Node) -> Option<Option<Vec<(String, Template)>>> {
    match node.get("Assign") {
        None => Some(None),
        Some(node) => node
            .as_object()?
            .iter()
            .map(member)
            .collect::<Option<Vec<_>>>()
            .map(Some),
    }
}

/// A key ending in `.$` loses it and is evaluated.
fn member(member: &Member) -> Option<(String, Template)> {
    let Some(name) = member.key.strip_suffix(".$") else {
        return value(&member.value).map(|template| (member.key.clone(), template));
    };
    let field = member.key.clone();
    let template = match paths::expression(member.value.as_text()?).ok()? {
        Expression::Path(path) => Template::Path { field, path },
        Expression::Call(call) => Template::Call { field, call },
    };
    Some((name.to_owned(), template))
}

fn value(node: &Node) -> Option<Template> {
    match &node.value {
        Value::Object(members) => {
            let members = members.iter().map(member).collect::<Option<Vec<_>>>()?;
            Some(constant_object(&members).unwrap_or(Template::Object(members)))
        }
        Value::Array(items) => {
            let items = items.iter().map(value).collect::<Option<Vec<_>>>()?;
            Some(constant_array(&items).unwrap_or(Template::Array(items)))
        }
        _ => Some(Template::Constant(node.to_json())),
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
