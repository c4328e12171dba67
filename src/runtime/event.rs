//! An event that outlives its batch: its key, headers and value in one block of memory.
//!
//! Kept only where something needs it later: a dead letter, a reply, an output's key, a turn that has to
//! be waited for. Must not know what it is kept for.

use super::headers::Header;
use crate::stream::{Headers, PartitionId, Record};

/// Which parts of an event are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Only where it came from.
    Position,
    /// The key too.
    Key,
    /// Key and headers.
    KeyAndHeaders,
    /// All of it.
    Whole,
}

/// A copy of an event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) partition: PartitionId,
    pub(super) offset: i64,
    pub(super) timestamp_ms: i64,
    /// Key, value, then each header as two lengths, name and value.
    bytes: Vec<u8>,
    key: Length,
    value: Length,
}

/// A length, or nothing there.
#[derive(Clone, Copy, Debug)]
struct Length(u32);

const NONE: u32 = u32::MAX;

impl Length {
    fn of(part: Option<&[u8]>) -> Length {
        // Kafka's sizes are 31 bits.
        Length(part.map_or(NONE, |part| part.len() as u32))
    }

    fn bytes(self) -> usize {
        if self.0 == NONE { 0 } else { self.0 as usize }
    }

    fn cut(self, bytes: &[u8]) -> Option<&[u8]> {
        (self.0 != NONE).then(|| &bytes[..self.bytes()])
    }
}

impl Event {
    /// Copies parts of an event, into memory of just the size.
    pub(super) fn copy(record: &Record<'_>, keep: Keep) -> Event {
        let key = record.key.filter(|_| keep != Keep::Position);
        let value = record.value.filter(|_| keep == Keep::Whole);
        let with_headers = matches!(keep, Keep::KeyAndHeaders | Keep::Whole);
        let headers = if with_headers {
            headers_bytes(record.headers)
        } else {
            0
        };
        let mut bytes = Vec::new();
        bytes.reserve_exact(key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len) + headers);
        bytes.extend_from_slice(key.unwrap_or_default());
        bytes.extend_from_slice(value.unwrap_or_default());
        if with_headers {
            record.headers.each(&mut |name, value| {
                bytes.extend_from_slice(&(name.len() as u32).to_le_bytes());
                bytes.extend_from_slice(&Length::of(value).0.to_le_bytes());
                bytes.extend_from_slice(name.as_bytes());
                bytes.extend_from_slice(value.unwrap_or_default());
            });
        }
        Event {
            partition: record.partition,
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            bytes,
            key: Length::of(key),
            value: Length::of(value),
        }
    }

    /// Returns the event as a source would hand it out.
    pub(super) fn record(&self) -> Record<'_> {
        Record {
            partition: self.partition,
            offset: self.offset,
            timestamp_ms: self.timestamp_ms,
            key: self.key.cut(&self.bytes),
            value: self.value.cut(&self.bytes[self.key.bytes()..]),
            headers: self,
        }
    }

    /// Returns how many bytes are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

fn headers_bytes(headers: &dyn Headers) -> usize {
    let mut bytes = 0;
    headers.each(&mut |name, value| bytes += 8 + name.len() + value.map_or(0, <[u8]>::len));
    bytes
}

impl Headers for Event {
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {
        let headers = self.bytes.get(self.key.bytes() + self.value.bytes()..);
        let mut rest = headers.unwrap_or_default();
        while let Some(((name, value), after)) = split_header(rest) {
            visit(name, value);
            rest = after;
        }
    }
}

/// Splits the first header off what comes behind it.
fn split_header(bytes: &[u8]) -> Option<(Header<'_>, &[u8])> {
    let (name_bytes, rest) = bytes.split_first_chunk::<4>()?;
    let (value_bytes, rest) = rest.split_first_chunk::<4>()?;
    let value = Length(u32::from_le_bytes(*value_bytes));
    let (name, rest) = rest.split_at_checked(u32::from_le_bytes(*name_bytes) as usize)?;
    let after = rest.get(value.bytes()..)?;
    Some(((std::str::from_utf8(name).ok()?, value.cut(rest)), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct List(Vec<(&'static str, Option<&'static [u8]>)>);

    impl Headers for List {
        fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {
            self.0.iter().for_each(|(name, value)| visit(name, *value));
        }
    }

    #[test]
    fn a_copy_is_the_event() {
        let headers = List(vec![
            ("a", Some(b"1")),
            ("empty", Some(b"")),
            ("none", None),
            ("a", Some(b"2")),
        ]);
        for (key, value) in [
            (Some(&b"key"[..]), Some(&b"value"[..])),
            (None, Some(b"")),
            (Some(b""), None),
        ] {
            let record = Record {
                partition: PartitionId(3),
                offset: 7,
                timestamp_ms: 9,
                key,
                value,
                headers: &headers,
            };
            let copy = Event::copy(&record, Keep::Whole);
            let again = Event::copy(&copy.record(), Keep::Whole);
            let got = again.record();
            assert_eq!(
                (got.key, got.value, got.offset, got.timestamp_ms),
                (key, value, 7, 9)
            );
            let mut found = Vec::new();
            got.headers.each(&mut |name, value| found.push((name, value)));
            assert_eq!(found, headers.0);
            assert_eq!(got.headers.last("a"), Some(&b"2"[..]));
            let key_only = Event::copy(&record, Keep::Key);
            assert_eq!(
                (key_only.record().key, key_only.record().value, key_only.bytes()),
                (key, None, key.map_or(0, <[u8]>::len))
            );
            key_only
                .record()
                .headers
                .each(&mut |name, _| panic!("{name} was not to be kept"));
        }
    }
}
