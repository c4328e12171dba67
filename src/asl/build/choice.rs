//! Choice states: rules and their 39 operators (facts 4.6).

use crate::asl::fields;
use crate::asl::model::{Choice, Comparison, OrPath, QueryLanguage, Relation, Rule, Test, TypeTest};
use crate::asl::syntax::{Member, Node, Value};

use super::template::Object;
use super::{path, text};

pub(super) fn choice(state: Object<'_>) -> Option<Choice> {
    let place = state.place.key("Choices");
    let rules = state.node.get("Choices")?.as_array()?.iter().enumerate();
    let rules: Option<Vec<Rule>> = rules
        .map(|(index, node)| {
            rule(Object {
                node,
                place: place.index(index),
                ..state
            })
        })
        .collect();
    Some(Choice {
        rules: rules?,
        default: text(state.node, "Default"),
    })
}

fn rule(rule: Object<'_>) -> Option<Rule> {
    Some(Rule {
        test: match rule.language {
            QueryLanguage::JsonPath => test(rule.node)?,
            QueryLanguage::Jsonata => condition(rule)?,
        },
        next: text(rule.node, "Next")?,
        output: rule.template("Output")?,
        assign: rule.assign()?,
    })
}

fn condition(rule: Object<'_>) -> Option<Test> {
    match boolean(rule.node.get("Condition")?) {
        Some(value) => Some(Test::Literal(value)),
        None => rule.jsonata("Condition").map(Test::Jsonata),
    }
}

fn test(node: &Node) -> Option<Test> {
    let tests = |list: &Node| list.as_array()?.iter().map(test).collect::<Option<Vec<Test>>>();
    if let Some(list) = node.get("And") {
        return tests(list).map(Test::And);
    }
    if let Some(list) = node.get("Or") {
        return tests(list).map(Test::Or);
    }
    if let Some(inner) = node.get("Not") {
        return test(inner).map(|inner| Test::Not(Box::new(inner)));
    }
    let operator = node
        .as_object()?
        .iter()
        .find(|member| fields::is_operator(&member.key))?;
    Some(Test::Compare {
        variable: path(node.get("Variable")?)?,
        comparison: comparison(operator)?,
    })
}

fn comparison(member: &Member) -> Option<Comparison> {
    let (name, is_path) = match member.key.strip_suffix("Path") {
        Some(name) => (name, true),
        None => (member.key.as_str(), false),
    };
    let operand = &member.value;
    if name == "StringMatches" {
        return operand
            .as_text()
            .map(|pattern| Comparison::StringMatches(pattern.to_owned()));
    }
    if let Some(kind) = name.strip_prefix("Is").and_then(type_test) {
        return boolean(operand).map(|wanted| Comparison::Is(kind, wanted));
    }
    if name == "BooleanEquals" {
        return or_path(operand, is_path, boolean).map(Comparison::Boolean);
    }
    let relate = |family: &str| name.strip_prefix(family).and_then(relation);
    if let Some(relation) = relate("String") {
        return or_path(operand, is_path, owned_text).map(|operand| Comparison::String(relation, operand));
    }
    if let Some(relation) = relate("Numeric") {
        return or_path(operand, is_path, number).map(|operand| Comparison::Numeric(relation, operand));
    }
    let relation = relate("Timestamp")?;
    or_path(operand, is_path, owned_text).map(|operand| Comparison::Timestamp(relation, operand))
}

fn relation(name: &str) -> Option<Relation> {
    Some(match name {
        "Equals" => Relation::Equals,
        "LessThan" => Relation::LessThan,
        "GreaterThan" => Relation::GreaterThan,
        "LessThanEquals" => Relation::LessThanEquals,
        "GreaterThanEquals" => Relation::GreaterThanEquals,
        _ => return None,
    })
}

fn type_test(name: &str) -> Option<TypeTest> {
    Some(match name {
        "Null" => TypeTest::Null,
        "Present" => TypeTest::Present,
        "Numeric" => TypeTest::Numeric,
        "String" => TypeTest::String,
        "Boolean" => TypeTest::Boolean,
        "Timestamp" => TypeTest::Timestamp,
        _ => return None,
    })
}

fn or_path<T>(node: &Node, is_path: bool, read: fn(&Node) -> Option<T>) -> Option<OrPath<T>> {
    if is_path {
        path(node).map(OrPath::Path)
    } else {
        read(node).map(OrPath::Literal)
    }
}

fn boolean(node: &Node) -> Option<bool> {
    match node.value {
        Value::Bool(value) => Some(value),
        _ => None,
    }
}

fn number(node: &Node) -> Option<String> {
    match &node.value {
        Value::Number(text) => Some(text.clone()),
        _ => None,
    }
}

fn owned_text(node: &Node) -> Option<String> {
    node.as_text().map(str::to_owned)
}
