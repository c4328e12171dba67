//! Functions at the end of a path, after Jayway JsonPath.
//!
//! AWS documents that it has none of them; they are here because a path that has one can mean
//! nothing else.

use super::Function;
use super::miss::{Miss, MissKind};
use crate::value::{Kind, Store, ValueRef};

/// Applies a function to one value.
pub(super) fn of_value(store: &mut Store, function: Function, value: ValueRef) -> Result<ValueRef, Miss> {
    let view = store.view();
    match function {
        Function::Length | Function::Size => Ok(match view.kind(value) {
            Kind::Array | Kind::Object => {
                let count = view.count(value) as i64;
                store.integer(count)
            }
            _ => ValueRef::NULL,
        }),
        Function::Keys if view.kind(value) == Kind::Object => {
            let keys: Vec<ValueRef> = view.members(value).map(|(key, _)| key).collect();
            Ok(store.array(&keys))
        }
        Function::Keys => Ok(ValueRef::NULL),
        _ if view.kind(value) == Kind::Array => {
            let elements: Vec<ValueRef> = view.elements(value).collect();
            of_list(store, function, &elements)
        }
        _ => Err(nothing()),
    }
}

/// Applies a function to everything a deep scan found.
pub(super) fn of_hits(store: &mut Store, function: Function, hits: &[ValueRef]) -> Result<ValueRef, Miss> {
    match function {
        Function::Length | Function::Size => {
            let view = store.view();
            let count: usize = hits.iter().map(|hit| view.count(*hit)).sum();
            Ok(store.integer(count as i64))
        }
        Function::Keys => Ok(ValueRef::NULL),
        _ => of_list(store, function, hits),
    }
}

fn of_list(store: &mut Store, function: Function, list: &[ValueRef]) -> Result<ValueRef, Miss> {
    let ends = match function {
        Function::First => Some(list.first()),
        Function::Last => Some(list.last()),
        _ => None,
    };
    if let Some(end) = ends {
        return end.copied().ok_or_else(nothing);
    }
    let view = store.view();
    let numbers: Vec<f64> = list.iter().filter_map(|value| view.float(*value)).collect();
    let result = aggregate(function, &numbers)
        .filter(|result| result.is_finite())
        .ok_or_else(nothing)?;
    // Jayway computes in doubles, and Java writes those with a point.
    Ok(store.number(&format!("{result:?}")))
}

fn aggregate(function: Function, numbers: &[f64]) -> Option<f64> {
    let count = numbers.len() as f64;
    let sum: f64 = numbers.iter().sum();
    let first = numbers.first().copied()?;
    match function {
        Function::Min => Some(numbers.iter().copied().fold(first, f64::min)),
        Function::Max => Some(numbers.iter().copied().fold(first, f64::max)),
        Function::Sum => Some(sum),
        Function::Avg => Some(sum / count),
        Function::StdDev => {
            let mean = sum / count;
            let squares: f64 = numbers.iter().map(|number| number * number).sum();
            Some((squares / count - mean * mean).max(0.0).sqrt())
        }
        _ => None,
    }
}

fn nothing() -> Miss {
    Miss::new(
        MissKind::Function,
        "Aggregation function attempted to calculate value using empty array",
    )
}
