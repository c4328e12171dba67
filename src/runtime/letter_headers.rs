//! The headers that a dead letter has besides those of its event, and how it is made smaller.
//!
//! Must not know why an event failed. Invariant: what is left of a dead letter says where its event is.

use crate::stream::Returned;

pub(super) const ERROR: &str = "stepstream-error";
pub(super) const CAUSE: &str = "stepstream-cause";
pub(super) const EXECUTION: &str = "stepstream-execution";
/// How long the value was that a dead letter has not, since with it no broker took it.
pub(super) const VALUE_BYTES: &str = "stepstream-value-bytes";
/// How many headers the event had, where a dead letter has none of them since they are too many.
pub(super) const HEADERS_LEFT_OUT: &str = "stepstream-headers-left-out";
pub(super) const SOURCE_TOPIC: &str = "stepstream-source-topic";
pub(super) const SOURCE_PARTITION: &str = "stepstream-source-partition";
pub(super) const SOURCE_OFFSET: &str = "stepstream-source-offset";

/// Makes a dead letter smaller that its topic does not take, since an event that is poison must not hold up the others:
/// it loses its value, then what headers and key the event had. What is left says where the event is. Returns `false` when
/// nothing is left to lose.
pub(super) fn shrink(message: &mut Returned) -> bool {
    if let Some(value) = message.value.take() {
        let bytes = value.len().to_string().into_bytes();
        message.headers.push((VALUE_BYTES.to_owned(), Some(bytes.into())));
        return true;
    }
    let before = message.headers.len();
    let ours = OURS.iter().filter_map(|ours| {
        let index = message.headers.iter().rposition(|(name, _)| name == ours)?;
        Some(std::mem::take(&mut message.headers[index]))
    });
    message.headers = ours.collect();
    message.headers.len() < before || message.key.take().is_some()
}

/// The headers that a dead letter has behind those of its event, which may have some of the same names: the last one
/// of each is the letter's.
pub(super) const OURS: [&str; 8] = [
    ERROR,
    CAUSE,
    EXECUTION,
    VALUE_BYTES,
    HEADERS_LEFT_OUT,
    SOURCE_TOPIC,
    SOURCE_PARTITION,
    SOURCE_OFFSET,
];
