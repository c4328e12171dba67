//! The rules of `PutLogEvents`: how large a batch is, in which order, and how it is written.
//!
//! Source: the API reference of CloudWatch Logs, `PutLogEvents`. Must not know where records come from, nor how a batch is
//! sent. Invariant: a batch that is not empty has at least one record, however large that is.

use crate::value::escape_bytes_into;

/// Most bytes of a batch: the messages as UTF-8, and [`EVENT_OVERHEAD`] for each.
const BATCH_BYTES_MAX: usize = 1_048_576;

/// What CloudWatch counts for an event beside its message.
const EVENT_OVERHEAD: usize = 26;

/// Most events of a batch.
pub(super) const BATCH_EVENTS_MAX: usize = 10_000;

/// A batch may not span more than a day, in milliseconds.
const SPAN_MS_MAX: i64 = 24 * 3_600 * 1_000;

/// Longest message; what is longer is cut.
const MESSAGE_BYTES_MAX: usize = BATCH_BYTES_MAX - EVENT_OVERHEAD;

/// Records that go together, in the order in which they came until they are written.
#[derive(Debug, Default)]
pub(super) struct Batch<'a> {
    events: Vec<(i64, &'a [u8])>,
    bytes: usize,
    /// The first and the last time.
    span: Option<(i64, i64)>,
    cut: usize,
}

impl<'a> Batch<'a> {
    /// Adds a record, unless the batch is full with it; says whether it has. `now_ms` stands for the time of a record
    /// that has none.
    pub(super) fn add(&mut self, record: &'a [u8], now_ms: i64) -> bool {
        let message = shortened(record);
        let at_ms = event_timestamp(record).unwrap_or(now_ms);
        let (first, last) = self.span.unwrap_or((at_ms, at_ms));
        let span = (first.min(at_ms), last.max(at_ms));
        let bytes = self.bytes + message.len() + EVENT_OVERHEAD;
        let is_full = self.events.len() == BATCH_EVENTS_MAX
            || bytes > BATCH_BYTES_MAX
            || span.1.saturating_sub(span.0) >= SPAN_MS_MAX;
        if is_full && !self.events.is_empty() {
            return false;
        }
        self.cut += usize::from(message.len() < record.len());
        self.events.push((at_ms, message));
        (self.bytes, self.span) = (bytes, Some(span));
        true
    }

    /// Returns how many records it has.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// Returns how many of them were too long, and are cut.
    pub(super) fn cut(&self) -> usize {
        self.cut
    }

    /// Writes the request's body, with the events by their times.
    pub(super) fn write(mut self, group: &str, stream: &str) -> Vec<u8> {
        // Stable: records of one execution have the same millisecond, and an order.
        self.events.sort_by_key(|(at_ms, _)| *at_ms);
        let mut out = Vec::with_capacity(self.bytes + self.bytes / 4 + 256);
        out.extend_from_slice(b"{\"logGroupName\":\"");
        escape_bytes_into(&mut out, group.as_bytes());
        out.extend_from_slice(b"\",\"logStreamName\":\"");
        escape_bytes_into(&mut out, stream.as_bytes());
        out.extend_from_slice(b"\",\"logEvents\":[");
        for (index, (at_ms, message)) in self.events.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(b"{\"timestamp\":");
            out.extend_from_slice(itoa::Buffer::new().format(*at_ms).as_bytes());
            out.extend_from_slice(b",\"message\":\"");
            escape_bytes_into(&mut out, message);
            out.extend_from_slice(b"\"}");
        }
        out.extend_from_slice(b"]}");
        out
    }
}

/// Returns what of a record fits an event: all of it, or its beginning, whole characters.
fn shortened(record: &[u8]) -> &[u8] {
    if record.len() <= MESSAGE_BYTES_MAX {
        return record;
    }
    let is_continuation = |byte: u8| byte & 0xC0 == 0x80;
    let mut end = MESSAGE_BYTES_MAX;
    while end > 0 && is_continuation(record[end]) {
        end -= 1;
    }
    &record[..end]
}

/// Returns the time in a record, in milliseconds since 1970; it stands near the end: our encoder wrote it.
fn event_timestamp(record: &[u8]) -> Option<i64> {
    const NAME: &[u8] = b"\"event_timestamp\":\"";
    let start = memchr::memmem::rfind(record, NAME)? + NAME.len();
    let len = memchr::memchr(b'"', &record[start..])?;
    std::str::from_utf8(&record[start..start + len])
        .ok()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(at_ms: i64, text: &str) -> Vec<u8> {
        format!("{{\"id\":\"1\",\"details\":{{\"input\":\"{text}\"}},\"event_timestamp\":\"{at_ms}\"}}")
            .into_bytes()
    }

    fn check_count(records: &[Vec<u8>], expected: usize) {
        let mut batch = Batch::default();
        let added = records.iter().take_while(|record| batch.add(record, 0)).count();
        assert_eq!((added, batch.len()), (expected, expected));
    }

    #[test]
    fn events_go_by_their_times() {
        let (late, early, none) = (record(7, "late"), record(5, "a\\\"b"), b"{}".to_vec());
        let mut batch = Batch::default();
        for record in [&late, &early, &none] {
            assert!(batch.add(record, 6));
        }
        let body = batch.write("g", "s");
        assert_eq!(
            std::str::from_utf8(&body),
            Ok(concat!(
                r#"{"logGroupName":"g","logStreamName":"s","logEvents":["#,
                r#"{"timestamp":5,"message":"{\"id\":\"1\",\"details\":{\"input\":\"a\\\"b\"},\"event_timestamp\":\"5\"}"},"#,
                r#"{"timestamp":6,"message":"{}"},"#,
                r#"{"timestamp":7,"message":"{\"id\":\"1\",\"details\":{\"input\":\"late\"},\"event_timestamp\":\"7\"}"}]}"#
            ))
        );
    }

    #[test]
    fn a_batch_has_limits() {
        check_count(&vec![record(1, ""); BATCH_EVENTS_MAX + 1], BATCH_EVENTS_MAX);
        let third = record(1, &"x".repeat(300_000));
        check_count(&vec![third; 4], 3);
        let exact = vec![b'x'; BATCH_BYTES_MAX / 2 - EVENT_OVERHEAD];
        check_count(&vec![exact; 3], 2);
        let day = 24 * 3_600 * 1_000;
        check_count(&[record(0, ""), record(day - 1, ""), record(day, "")], 2);
        check_count(&[record(day, ""), record(1, ""), record(0, "")], 2);
        check_count(&[record(i64::MIN, ""), record(i64::MAX, "")], 1);
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        let mut long = vec![b'x'; MESSAGE_BYTES_MAX - 1];
        long.extend_from_slice("üü".as_bytes());
        let mut batch = Batch::default();
        assert!(batch.add(&long, 0));
        assert_eq!((batch.cut(), batch.events[0].1.len()), (1, MESSAGE_BYTES_MAX - 1));
        assert!(!batch.add(b"{}", 0), "it is full");
    }
}
