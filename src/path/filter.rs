//! Evaluates filter conditions, after Jayway JsonPath.
//!
//! A comparison of different types is false, except that a number equals a text that reads as the
//! same number (`===` tells them apart). What is missing equals nothing.

use super::Operator;
use super::accessor::{Condition, Term};
use super::miss::Miss;
use super::select::Scope;
use crate::value::{Kind, Store, ValueRef, View, compare_numbers};
use std::cmp::Ordering;

/// Says whether a condition holds for an element. Recursion is bounded by the parser's nesting limit.
pub(super) fn holds(
    store: &mut Store,
    scope: &mut Scope,
    condition: &Condition,
    element: ValueRef,
) -> Result<bool, Miss> {
    match condition {
        Condition::Or(terms) => {
            for term in terms {
                if holds(store, scope, term, element)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Condition::And(terms) => {
            for term in terms {
                if !holds(store, scope, term, element)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Condition::Not(inner) => Ok(!holds(store, scope, inner, element)?),
        Condition::Exists(term) => Ok(evaluate(store, scope, term, element)?.is_some()),
        Condition::Compare {
            left,
            operator,
            right,
        } => {
            if let (Operator::Matches, Some(regex), other) = pattern(*operator, left, right) {
                let value = evaluate(store, scope, other, element)?;
                return Ok(value.is_some_and(|value| matches(store.view(), regex, value)));
            }
            let left = evaluate(store, scope, left, element)?;
            let right = evaluate(store, scope, right, element)?;
            compare(store.view(), scope, *operator, left, right)
        }
    }
}

/// Finds the pattern of a `=~`, on whichever side it stands.
fn pattern<'t>(
    operator: Operator,
    left: &'t Term,
    right: &'t Term,
) -> (Operator, Option<&'t regex_lite::Regex>, &'t Term) {
    match (left, right) {
        (other, Term::Regex(regex)) | (Term::Regex(regex), other) => (operator, regex.as_ref(), other),
        _ => (operator, None, left),
    }
}

fn evaluate(
    store: &mut Store,
    scope: &mut Scope,
    term: &Term,
    element: ValueRef,
) -> Result<Option<ValueRef>, Miss> {
    scope.visit()?;
    match term {
        Term::Literal(at) => Ok(Some(scope.literal(*at))),
        Term::Element(route) => route.find(store, scope, element),
        Term::Document(route) => scope.find_in_document(store, route),
        Term::Regex(_) => Ok(None),
    }
}

/// Says whether a text, number or boolean matches as a whole, or an element of an array does.
fn matches(view: View<'_>, regex: &regex_lite::Regex, value: ValueRef) -> bool {
    match view.kind(value) {
        Kind::Array => view
            .elements(value)
            .any(|element| view.kind(element) != Kind::Array && matches(view, regex, element)),
        Kind::String => view
            .string(value)
            .is_some_and(|text| regex.is_match(&text.decode())),
        Kind::Number | Kind::Boolean => regex.is_match(&view.to_json(value)),
        Kind::Null | Kind::Object => regex.is_match(""),
    }
}

fn compare(
    view: View<'_>,
    scope: &mut Scope,
    operator: Operator,
    left: Option<ValueRef>,
    right: Option<ValueRef>,
) -> Result<bool, Miss> {
    let (Some(a), Some(b)) = (left, right) else {
        return Ok(matches!(
            operator,
            Operator::NotEqual | Operator::NotSameType | Operator::NotIn
        ));
    };
    let order = || order(view, a, b);
    Ok(match operator {
        Operator::Equal => equal(view, a, b),
        Operator::NotEqual => !equal(view, a, b),
        Operator::SameType => view.equal(a, b),
        Operator::NotSameType => !view.equal(a, b),
        Operator::Less => order() == Some(Ordering::Less),
        Operator::LessEqual => matches!(order(), Some(Ordering::Less | Ordering::Equal)),
        Operator::Greater => order() == Some(Ordering::Greater),
        Operator::GreaterEqual => matches!(order(), Some(Ordering::Greater | Ordering::Equal)),
        Operator::Matches => false,
        Operator::In => includes(view, scope, b, a)?,
        Operator::NotIn => !includes(view, scope, b, a)?,
        Operator::SubsetOf => lists(view, a, b) && all_in(view, scope, a, b)?,
        Operator::AnyOf => lists(view, a, b) && any_in(view, scope, a, b)?,
        Operator::NoneOf => lists(view, a, b) && !any_in(view, scope, a, b)?,
        Operator::All => lists(view, a, b) && all_in(view, scope, b, a)?,
        Operator::Size => size(view, a).is_some_and(|size| view.float(b) == Some(size as f64)),
        Operator::Empty => size(view, a).is_some_and(|size| view.boolean(b) == Some(size == 0)),
        Operator::Contains => match (view.string(a), view.string(b)) {
            (Some(text), Some(part)) => text.decode().contains(part.decode().as_ref()),
            _ => includes(view, scope, a, b)?,
        },
    })
}

fn equal(view: View<'_>, a: ValueRef, b: ValueRef) -> bool {
    match (view.number(a), view.string(b), view.string(a), view.number(b)) {
        (Some(number), Some(text), ..) | (.., Some(text), Some(number)) => {
            let text = text.decode();
            let mut scanner = super::scan::Scanner::new(&text);
            scanner.number().is_ok()
                && scanner.rest().is_empty()
                && compare_numbers(number.as_bytes(), text.as_bytes()) == Ordering::Equal
        }
        _ => view.equal(a, b),
    }
}

fn order(view: View<'_>, a: ValueRef, b: ValueRef) -> Option<Ordering> {
    match (view.string(a), view.string(b)) {
        (Some(x), Some(y)) => Some(x.decode().encode_utf16().cmp(y.decode().encode_utf16())),
        _ => view.compare_number(a, b),
    }
}

fn size(view: View<'_>, value: ValueRef) -> Option<usize> {
    match view.kind(value) {
        Kind::Array | Kind::Object => Some(view.count(value)),
        // Java counts UTF-16 units.
        Kind::String => view
            .string(value)
            .map(|text| text.decode().encode_utf16().count()),
        _ => None,
    }
}

fn lists(view: View<'_>, a: ValueRef, b: ValueRef) -> bool {
    view.kind(a) == Kind::Array && view.kind(b) == Kind::Array
}

/// Says whether an array has an element.
fn includes(view: View<'_>, scope: &mut Scope, array: ValueRef, element: ValueRef) -> Result<bool, Miss> {
    for candidate in view.elements(array) {
        scope.visit()?;
        if equal(view, candidate, element) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn all_in(view: View<'_>, scope: &mut Scope, elements: ValueRef, array: ValueRef) -> Result<bool, Miss> {
    for element in view.elements(elements) {
        if !includes(view, scope, array, element)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn any_in(view: View<'_>, scope: &mut Scope, elements: ValueRef, array: ValueRef) -> Result<bool, Miss> {
    for element in view.elements(elements) {
        if includes(view, scope, array, element)? {
            return Ok(true);
        }
    }
    Ok(false)
}
