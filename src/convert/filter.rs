//! The conditions of JSONPath filters as predicates of JSONata.
//!
//! A predicate is asked with each element as `$`, so `@.a` is `a`. What is missing equals nothing in both languages.

use super::data::Data;
use super::expression::{Expression, Shape, level, step};
use super::literal;
use super::path::{self, Remarks, Rewritten};
use super::reason::differs;
use crate::asl::syntax::json;
use crate::path::{Filter, Operand, Operator, Path, Step};
use std::collections::BTreeMap;

/// Rewrites a condition; `document` is what `$` stands for in it.
pub(super) fn condition(filter: &Filter, document: &Data, remarks: &mut Remarks) -> Rewritten<Expression> {
    match filter {
        Filter::Or(terms) => chain("or", level::OR, terms, document, remarks),
        Filter::And(terms) => chain("and", level::AND, terms, document, remarks),
        Filter::Not(inner) => Ok(not(&condition(inner, document, remarks)?)),
        Filter::Exists(path) => Ok(exists(&element(path)?)),
        Filter::ExistsInDocument(path) => Ok(exists(&path::expression(path, document, remarks)?)),
        Filter::Compare {
            left,
            operator,
            right,
        } => compare(left, *operator, right, document, remarks),
    }
}

fn chain(
    operator: &'static str,
    at: u8,
    terms: &[Filter],
    document: &Data,
    remarks: &mut Remarks,
) -> Rewritten<Expression> {
    let terms: Vec<Expression> = terms
        .iter()
        .map(|term| condition(term, document, remarks))
        .collect::<Rewritten<_>>()?;
    Ok(Expression::chain(operator, at, &terms, Shape::Other))
}

/// Returns the opposite of a condition.
pub(super) fn not(condition: &Expression) -> Expression {
    Expression::call("not", &[condition], Shape::Other)
}

/// Returns whether something is there.
pub(super) fn exists(value: &Expression) -> Expression {
    Expression::call("exists", &[value], Shape::Other)
}

fn compare(
    left: &Operand,
    operator: Operator,
    right: &Operand,
    document: &Data,
    remarks: &mut Remarks,
) -> Rewritten<Expression> {
    let compared = |sign: &'static str, at: u8, remarks: &mut Remarks| {
        let left = operand(left, document, remarks)?;
        let right = operand(right, document, remarks)?;
        Ok(Expression::binary(&left, sign, at, &right, Shape::Other))
    };
    let ordered = |sign: &'static str, remarks: &mut Remarks| {
        remarks.push(differs::FILTER_ORDER);
        compared(sign, level::COMPARISON, remarks)
    };
    match operator {
        Operator::Equal | Operator::SameType => compared("=", level::COMPARISON, remarks),
        // Not '!=', which is false where one side is missing.
        Operator::NotEqual | Operator::NotSameType => Ok(not(&compared("=", level::COMPARISON, remarks)?)),
        Operator::Less => ordered("<", remarks),
        Operator::LessEqual => ordered("<=", remarks),
        Operator::Greater => ordered(">", remarks),
        Operator::GreaterEqual => ordered(">=", remarks),
        Operator::In => compared("in", level::COMPARISON, remarks),
        Operator::NotIn => Ok(not(&compared("in", level::COMPARISON, remarks)?)),
        Operator::Matches => matches(left, right, remarks),
        other => Err(format!("the filter's operator {other:?} has no equivalent in JSONata").to_lowercase()),
    }
}

fn operand(operand: &Operand, document: &Data, remarks: &mut Remarks) -> Rewritten<Expression> {
    match operand {
        Operand::Json(text) => match json::read(text, &BTreeMap::new()).root {
            Some(node) => Ok(literal::expression(&node, remarks)),
            None => Err("a constant of the filter cannot be read".to_owned()),
        },
        Operand::Element(path) => element(path),
        Operand::Document(path) => path::expression(path, document, remarks),
        Operand::Regex { .. } => Err("a regular expression is used as a value to compare".to_owned()),
    }
}

/// Rewrites `@.a.b`.
fn element(path: &Path) -> Rewritten<Expression> {
    let [Step::Key(first), rest @ ..] = path.steps.as_slice() else {
        return Err("the filter looks at the element itself, or into it otherwise than by name".to_owned());
    };
    let name = step(first).ok_or_else(|| format!("a step of JSONata cannot be called {first:?}"))?;
    let mut at = Expression::whole(name, Shape::Unknown);
    for step in rest {
        at = match step {
            Step::Key(key) => at.member(key),
            Step::Index(index) => at.then(&format!("[{index}]")),
            _ => {
                return Err("the filter looks into its elements otherwise than by name and index".to_owned());
            }
        };
    }
    Ok(at)
}

/// Rewrites `=~`, which wants a text to match as a whole.
fn matches(left: &Operand, right: &Operand, remarks: &mut Remarks) -> Rewritten<Expression> {
    let ((Operand::Element(path), Operand::Regex { pattern, ignore_case })
    | (Operand::Regex { pattern, ignore_case }, Operand::Element(path))) = (left, right)
    else {
        return Err("the filter's =~ compares no element with a regular expression".to_owned());
    };
    remarks.push(differs::FILTER_REGEX);
    let flags = if *ignore_case { "i" } else { "" };
    let regex = Expression::whole(format!("/^(?:{pattern})$/{flags}"), Shape::Unknown);
    Ok(Expression::call(
        "contains",
        &[&element(path)?, &regex],
        Shape::Other,
    ))
}
