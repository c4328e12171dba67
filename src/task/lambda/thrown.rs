//! What a function's own error is to the task (facts 7.3, 8.2).
//!
//! Must not know what runs functions. Invariant: the error is the function's `errorType`, the cause all it said.

use crate::services::protocol::text_member;
use crate::task::Failure;

/// Returns the failure of a function that threw: its error's type is the error, all it said the cause.
pub(super) fn thrown(body: &[u8]) -> Failure {
    let text = String::from_utf8_lossy(body).into_owned();
    match text_member(body, &["errorType"]) {
        Some(error) => Failure::new(error, text),
        None => Failure::new(
            "Lambda.Unknown",
            format!(
                "The cause could not be determined because Lambda did not return an error type. Returned payload: {text}"
            ),
        ),
    }
}
