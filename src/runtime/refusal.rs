//! Why an event cannot become an execution, in the words of its dead letter.

use super::headers;
use crate::stream::Record;
use crate::value::lookalike;
use crate::vm::StartError;

/// The event's value is not JSON.
pub const INVALID_EVENT: &str = "Stepstream.InvalidEvent";
/// The event's value is larger than an execution's input may be, or its headers are too many.
pub const EVENT_TOO_LARGE: &str = "Stepstream.EventTooLarge";
/// Sync: the event was committed, and a crash came before its execution ended. It is not run again.
pub const CUT_OFF: &str = "Stepstream.CutOff";

/// Why an event cannot become an execution.
pub(super) enum Refusal {
    /// The value is not JSON.
    Invalid(String),
    /// The value is too large; its bytes.
    TooLarge(usize),
    /// The headers are too many, or not readable.
    Headers(headers::BadHeaders),
}

impl From<StartError> for Refusal {
    fn from(error: StartError) -> Refusal {
        match error {
            StartError::Invalid(error) => Refusal::Invalid(error.message.to_string()),
            StartError::TooLarge(bytes) => Refusal::TooLarge(bytes),
        }
    }
}

impl Refusal {
    pub(super) fn error(&self) -> &'static str {
        match self {
            Refusal::Invalid(_) => INVALID_EVENT,
            Refusal::TooLarge(_) | Refusal::Headers(_) => EVENT_TOO_LARGE,
        }
    }

    pub(super) fn cause(&self, record: &Record<'_>) -> String {
        match self {
            Refusal::Invalid(message) => not_json(message, record.value.unwrap_or_default()),
            Refusal::TooLarge(bytes) => format!(
                "The event's value has {bytes} bytes; an execution takes at most {}.",
                crate::vm::PAYLOAD_BYTES_MAX
            ),
            Refusal::Headers(refused) => refused.cause(),
        }
    }
}

/// Says why an event's value is not JSON, and what it looks like instead.
#[cold]
fn not_json(message: &str, value: &[u8]) -> String {
    match lookalike(value) {
        Some(kind) => format!("The event's value is not JSON: {message}. It looks like {kind}."),
        None => format!("The event's value is not JSON: {message}"),
    }
}
