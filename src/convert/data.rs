//! The data that flows through a state, as an expression or as a template.
//!
//! JSONPath changes a state's data field by field; in JSONata one field says it all. So the fields are followed in
//! thought: what `$` is at each of them, and what they make of it.

use super::expression::{Expression, Shape};
use super::literal;
use super::reason::differs;
use crate::asl::syntax::{Node, Span, Value};

/// Data at some point of a state.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Data {
    /// What an expression gives.
    Expression(Expression),
    /// A value whose texts may be expressions, as it stands in a field.
    Template(Node),
    /// Data in which other data stands at a key, or at several nested ones: `ResultPath`.
    Put {
        base: String,
        keys: Vec<String>,
        value: Box<Data>,
    },
}

impl Data {
    /// Returns the data that a name of the language stands for.
    pub(super) fn named(name: &str) -> Data {
        Data::Expression(Expression::whole(name, Shape::Unknown))
    }

    /// Says whether it is what a name of the language stands for.
    pub(super) fn is_named(&self, name: &str) -> bool {
        matches!(self, Data::Expression(expression) if expression.text() == name)
    }

    /// Returns the value as one expression.
    pub(super) fn expression(&self, remarks: &mut Vec<&'static str>) -> Expression {
        match self {
            Data::Expression(expression) => expression.clone(),
            Data::Template(node) => inlined(node, remarks),
            Data::Put { base, keys, value } => {
                let value = value.expression(remarks);
                merged(&Expression::whole(base.as_str(), Shape::Unknown), keys, &value)
            }
        }
    }

    /// Returns the value as a field holds it.
    pub(super) fn field(&self, span: &Span, remarks: &mut Vec<&'static str>) -> Node {
        match self {
            Data::Template(node) => node.clone(),
            _ => Node {
                span: span.clone(),
                value: Value::Text(literal::field(&self.expression(remarks))),
            },
        }
    }

    /// Follows a key where that needs no expression: into what a template or `ResultPath` says is there.
    pub(super) fn known_member(&self, key: &str) -> Option<Data> {
        match self {
            Data::Expression(_) => None,
            Data::Template(node) => {
                let found = node.get(key)?;
                Some(match found.as_text().and_then(inner) {
                    Some(text) => Data::Expression(Expression::unknown(text)),
                    None => Data::Template(found.clone()),
                })
            }
            Data::Put { base, keys, value } => match keys.split_first() {
                Some((first, [])) if first == key => Some((**value).clone()),
                Some((first, rest)) if first == key => Some(Data::Put {
                    base: Expression::whole(base.as_str(), Shape::Unknown)
                        .member(key)
                        .text()
                        .to_owned(),
                    keys: rest.to_vec(),
                    value: value.clone(),
                }),
                _ => Some(Data::Expression(
                    Expression::whole(base.as_str(), Shape::Unknown).member(key),
                )),
            },
        }
    }
}

/// Returns what stands between the marks of a field that is an expression.
pub(super) fn inner(text: &str) -> Option<&str> {
    text.strip_prefix("{% ")?.strip_suffix(" %}")
}

/// Returns a template as one expression.
fn inlined(node: &Node, remarks: &mut Vec<&'static str>) -> Expression {
    match &node.value {
        Value::Text(text) => match inner(text) {
            Some(text) => {
                remarks.push(differs::VANISH);
                Expression::unknown(text)
            }
            None => Expression::string(text),
        },
        Value::Array(items) => {
            let items: Vec<Expression> = items.iter().map(|item| inlined(item, remarks)).collect();
            Expression::array(&items)
        }
        Value::Object(members) => {
            let members = members.iter();
            let members: Vec<(String, Expression)> = members
                .map(|member| (member.key.clone(), inlined(&member.value, remarks)))
                .collect();
            Expression::object(&members)
        }
        _ => literal::expression(node, remarks),
    }
}

/// Writes `ResultPath`: the base with the value at the keys, what else stands there left alone.
fn merged(base: &Expression, keys: &[String], value: &Expression) -> Expression {
    let Some((first, rest)) = keys.split_first() else {
        return value.clone();
    };
    let value = match rest {
        [] => value.clone(),
        rest => merged(&base.member(first), rest, value),
    };
    let added = Expression::object(&[(first.clone(), value)]);
    let list = Expression::array(&[base.clone(), added]);
    Expression::call("merge", &[&list], Shape::Other)
}
