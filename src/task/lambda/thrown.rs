//! What a function's own error is to the task (facts 7.3, 8.2).
//!
//! Must not know what runs functions. Invariant: the error is the function's `errorType`, the cause all it said.

use crate::task::Failure;
use crate::value::{Heap, View};

/// Returns the failure of a function that threw: its error's type is the error, all it said the cause.
pub(super) fn thrown(body: &[u8]) -> Failure {
    let text = String::from_utf8_lossy(body).into_owned();
    match member(body, &["errorType"]) {
        Some(error) => Failure::new(error, text),
        None => Failure::new(
            "Lambda.Unknown",
            format!(
                "The cause could not be determined because Lambda did not return an error type. Returned payload: {text}"
            ),
        ),
    }
}

/// Returns the first of the members that is there and is a text.
pub(super) fn member(body: &[u8], names: &[&str]) -> Option<String> {
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let root = heap.index(body).ok()?;
    let view = View::new(&heap, &constants);
    let mut texts = names
        .iter()
        .filter_map(|name| view.string(view.member_named(root, name)?));
    Some(texts.next()?.decode().into_owned())
}
