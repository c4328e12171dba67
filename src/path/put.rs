//! Writes a value at a reference path: `ResultPath` (facts 4.8).
//!
//! Nothing is changed in place: what lies on the path is built anew, the rest is shared.

use super::accessor::{Accessor, Move, element};
use crate::value::{Kind, Store, ValueRef};

/// Why a value cannot be written at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutError {
    /// The path leads through what has no members, or to an element that does not exist.
    Conflict,
    /// The path has more steps than a value may have levels.
    TooDeep,
}

impl std::fmt::Display for PutError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            PutError::Conflict => "the path does not fit the value",
            PutError::TooDeep => "the path is too deep",
        })
    }
}

impl std::error::Error for PutError {}

/// Returns `base` with `value` at the path. Missing parents become objects, what stands there is
/// replaced (facts 4.8).
///
/// # Errors
/// Where the path leads through something that is neither missing nor has members, or to an element
/// that does not exist.
pub fn put(
    store: &mut Store,
    base: ValueRef,
    accessor: &Accessor,
    value: ValueRef,
) -> Result<ValueRef, PutError> {
    put_at(store, Some(base), accessor, 0, value)
}

/// Builds the value that stands at `position` of the path. Recursion is bounded by the path's length,
/// which [`STEPS_MAX`] bounds.
fn put_at(
    store: &mut Store,
    base: Option<ValueRef>,
    accessor: &Accessor,
    position: usize,
    value: ValueRef,
) -> Result<ValueRef, PutError> {
    let Some(step) = accessor.route.moves.get(position) else {
        return Ok(value);
    };
    if position >= STEPS_MAX {
        return Err(PutError::TooDeep);
    }
    match step {
        Move::Key(key) => {
            let base = base.unwrap_or(ValueRef::EMPTY_OBJECT);
            if store.view().kind(base) != Kind::Object {
                return Err(PutError::Conflict);
            }
            let old = store.view().member(base, key);
            let new = put_at(store, old, accessor, position + 1, value)?;
            let name = match accessor.names.get(position) {
                Some(&name) => name,
                None => store.string(key.name()),
            };
            Ok(match old {
                Some(old) => store.with_replaced(base, name, old, new),
                None => store.with_new_member(base, name, new),
            })
        }
        Move::Index(index) => {
            let old = base.and_then(|base| element(store.view(), base, *index));
            let (Some(base), Some(old)) = (base, old) else {
                return Err(PutError::Conflict);
            };
            let new = put_at(store, Some(old), accessor, position + 1, value)?;
            let at = if *index < 0 {
                *index + store.view().count(base) as i64
            } else {
                *index
            };
            let replaced = usize::try_from(at)
                .ok()
                .and_then(|at| store.with_element(base, at, new));
            replaced.ok_or(PutError::Conflict)
        }
        _ => Err(PutError::Conflict),
    }
}

/// The longest path that can be written: deeper values are refused at the state's end anyway.
const STEPS_MAX: usize = crate::value::DEPTH_MAX as usize;
