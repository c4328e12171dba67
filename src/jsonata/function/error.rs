//! How built-in functions fail: errors of the language without a place, which the caller knows.

use crate::jsonata::error::VALUE_BYTES_MAX;
use crate::jsonata::{Bound, Error};

/// An error that repeats a text that was given, cut at [`VALUE_BYTES_MAX`].
pub(crate) fn of_text(code: &'static str, text: &str) -> Error {
    let mut end = text.len().min(VALUE_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Error::new(code).with_value(&text[..end])
}

/// The memory bound: a result does not fit the bytes that the caller gave.
pub(crate) fn too_large() -> Error {
    Error::bound(Bound::Memory)
}

/// The bound of time: matching took more steps than the caller gave.
pub(crate) fn too_slow() -> Error {
    Error::bound(Bound::Time)
}

/// What AWS calls an internal error: its engine throws an exception of Java.
pub(crate) fn internal() -> Error {
    Error::internal("")
}
