//! Constants: JSON values as JSONata writes them, and texts that must not be taken for expressions.

use super::expression::Expression;
use super::reason::differs;
use crate::asl::syntax::{Node, Value};

/// Returns a JSON value as an expression.
pub(super) fn expression(node: &Node, remarks: &mut Vec<&'static str>) -> Expression {
    match &node.value {
        Value::Null => Expression::word("null"),
        Value::Bool(value) => Expression::word(value.to_string()),
        Value::Number(text) => number(text, remarks),
        Value::Text(text) => Expression::string(text),
        Value::Array(items) => {
            let items: Vec<Expression> = items.iter().map(|item| expression(item, remarks)).collect();
            Expression::array(&items)
        }
        Value::Object(members) => {
            let members = members.iter();
            let members: Vec<(String, Expression)> = members
                .map(|member| (member.key.clone(), expression(&member.value, remarks)))
                .collect();
            Expression::object(&members)
        }
    }
}

/// Returns a number as an expression: a double, or a whole number if it is one.
pub(super) fn number(text: &str, remarks: &mut Vec<&'static str>) -> Expression {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits > DIGITS_MAX {
        remarks.push(differs::DOUBLE);
    }
    Expression::number(text)
}

/// Digits that a double keeps in any case.
const DIGITS_MAX: usize = 15;

/// Returns a constant text as it stands in a field that may hold an expression.
pub(super) fn field_text(text: &str) -> String {
    match text.starts_with("{%") || text.ends_with("%}") {
        true => field(&Expression::string(text)),
        false => text.to_owned(),
    }
}

/// Returns an expression as it stands in a field.
pub(super) fn field(expression: &Expression) -> String {
    format!("{{% {} %}}", expression.text())
}

/// Copies a constant value into a field that may hold expressions.
pub(super) fn constant(node: &Node) -> Node {
    let value = match &node.value {
        Value::Text(text) => Value::Text(field_text(text)),
        Value::Array(items) => Value::Array(items.iter().map(constant).collect()),
        Value::Object(members) => {
            let mut members = members.clone();
            for member in &mut members {
                member.value = constant(&member.value);
            }
            Value::Object(members)
        }
        other => other.clone(),
    };
    Node {
        span: node.span.clone(),
        value,
    }
}
