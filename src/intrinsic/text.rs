//! Text and JSON functions (facts 6.3), but `Format`.

use super::IntrinsicError;
use super::evaluate::{Work, check_length, json_length};
use crate::value::{Kind, ValueRef};
use std::collections::BTreeMap;

/// `States.StringSplit`: any character of the second text splits, empty parts are dropped.
pub(super) fn split(
    work: &mut Work,
    string: ValueRef,
    delimiters: ValueRef,
) -> Result<ValueRef, IntrinsicError> {
    let view = work.store.view();
    let (Some(string), Some(delimiters)) = (view.string(string), view.string(delimiters)) else {
        return Err(work.refused());
    };
    // The parts are written where the text may stand: a copy of it is cut.
    let (string, delimiters) = (string.decode().into_owned(), delimiters.decode().into_owned());
    let parts = || {
        string
            .split(|c| delimiters.contains(c))
            .filter(|part| !part.is_empty())
    };
    check_length(parts().fold(1, |sum, part| sum + json_length(part) + 1))?;
    let parts: Vec<ValueRef> = parts().map(|part| work.store.string(part)).collect();
    Ok(work.store.array(&parts))
}

/// `States.StringToJson`: blanks around are fine, nothing but blanks is null (recorded).
pub(super) fn to_json(work: &mut Work, json: ValueRef) -> Result<ValueRef, IntrinsicError> {
    let text = work
        .store
        .view()
        .string(json)
        .ok_or_else(|| work.refused())?
        .decode()
        .into_owned();
    check_length(text.len() as u64)?;
    if text.trim_matches([' ', '\t', '\n', '\r']).is_empty() {
        return Ok(ValueRef::NULL);
    }
    let text = text.as_bytes();
    work.store
        .index_tree(text)
        .map_err(|error| IntrinsicError::Json(error.located(text)))
}

/// `States.JsonToString`: dense JSON.
pub(super) fn to_string(work: &mut Work, value: ValueRef) -> Result<ValueRef, IntrinsicError> {
    let view = work.store.view();
    check_length(view.len(value) as u64)?;
    let text = view.to_json(value);
    check_length(json_length(&text))?;
    Ok(work.store.string(&text))
}

/// `States.JsonMerge`: the right object's members replace the left's. Shallow only: `true` as third
/// argument fails, anything else is read as `false` (recorded).
pub(super) fn merge(
    work: &mut Work,
    left: ValueRef,
    right: ValueRef,
    deep: ValueRef,
) -> Result<ValueRef, IntrinsicError> {
    let view = work.store.view();
    if view.kind(left) != Kind::Object || view.kind(right) != Kind::Object {
        return Err(work.refused());
    }
    if view.boolean(deep) == Some(true) {
        return Err(work.refused());
    }
    check_length((view.len(left) as u64).saturating_add(view.len(right) as u64))?;
    let mut merged = Members::default();
    for (key, value) in view.members(left).chain(view.members(right)) {
        let Some(name) = view.string(key) else { continue };
        merged.set(&name.decode(), key, value);
    }
    Ok(work.store.object(&merged.pairs))
}

/// Members in the order in which their names were first seen.
#[derive(Default)]
struct Members {
    pairs: Vec<ValueRef>,
    places: BTreeMap<Box<str>, usize>,
}

impl Members {
    fn set(&mut self, name: &str, key: ValueRef, value: ValueRef) {
        match self.places.get(name) {
            Some(place) => self.pairs[*place] = value,
            None => {
                self.pairs.extend([key, value]);
                self.places.insert(name.into(), self.pairs.len() - 1);
            }
        }
    }
}
