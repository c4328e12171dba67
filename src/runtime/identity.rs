//! Who an execution is: its name, which is the event's position, and its ARN with a fresh UUID.
//!
//! Written into reusable buffers, and only when something asks: a context object, a log record, a header.
//! Invariant: the same event has the same name on every delivery; a name has at most 80 characters.

use super::headers::each_distinct;
use crate::program::Program;
use crate::stream::Record;
use crate::value::escape_into;
use crate::vm::{Run, Token};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};

/// Longest name of an execution that AWS allows.
const NAME_BYTES_MAX: usize = 80;

/// How a topic partition's executions are named.
#[derive(Debug)]
pub(super) struct Namer {
    topic: String,
    number: i32,
    /// The end of the topic where it has to be cut: `~` and 8 hex digits of its SHA-256.
    tail: String,
}

impl Namer {
    pub(super) fn new(topic: &str, number: i32) -> Namer {
        let hash = Sha256::digest(topic);
        let mut tail = String::from("~");
        for byte in &hash[..4] {
            let _ = write!(tail, "{byte:02x}");
        }
        Namer {
            topic: topic.to_owned(),
            number,
            tail,
        }
    }

    /// Appends `<topic>-<partition>-<offset>`; a topic that does not fit is cut.
    ///
    /// # Errors
    /// Those of `out`.
    pub(super) fn write(&self, offset: i64, out: &mut impl Write) -> fmt::Result {
        let position = digits(self.number.into()) + digits(offset) + 2;
        if self.topic.len() + position <= NAME_BYTES_MAX {
            out.write_str(&self.topic)?;
        } else {
            // Names of topics are ASCII; a source that has other names is cut where a character ends.
            let mut end = NAME_BYTES_MAX - position - self.tail.len();
            while !self.topic.is_char_boundary(end) {
                end -= 1;
            }
            out.write_str(&self.topic[..end])?;
            out.write_str(&self.tail)?;
        }
        out.write_char('-')?;
        out.write_str(itoa::Buffer::new().format(self.number))?;
        out.write_char('-')?;
        out.write_str(itoa::Buffer::new().format(offset))
    }
}

/// The stable key of a call: the execution's name, and behind it where the task stands (DESIGN 4). Written
/// only for who wants it.
pub(super) struct CallKey<'a> {
    pub(super) namer: Option<&'a Namer>,
    pub(super) offset: i64,
    pub(super) run: &'a Run,
    pub(super) program: &'a Program,
    pub(super) token: Token,
}

impl fmt::Display for CallKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namer) = self.namer {
            namer.write(self.offset, f)?;
        }
        self.run.write_place(self.program, self.token, f)
    }
}

fn digits(number: i64) -> usize {
    let sign = usize::from(number < 0);
    sign + number
        .unsigned_abs()
        .checked_ilog10()
        .map_or(1, |log| log as usize + 1)
}

/// Appends `topic`, `partition`, `offset`, `timestamp`, `key` and `headers` of an event as members of a JSON
/// object, without the braces. A key or header that is not UTF-8 is written in Base64; of headers with the
/// same name the last counts.
pub(super) fn push_position(record: &Record<'_>, topic: &str, number: i32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"topic\":\"");
    escape_into(out, topic);
    out.extend_from_slice(b"\",\"partition\":");
    push_integer(number.into(), out);
    out.extend_from_slice(b",\"offset\":");
    push_integer(record.offset, out);
    out.extend_from_slice(b",\"timestamp\":");
    push_integer(record.timestamp_ms, out);
    out.extend_from_slice(b",\"key\":");
    push_bytes(record.key, out);
    out.extend_from_slice(b",\"headers\":{");
    let mut first = true;
    each_distinct(record.headers, |(name, value)| {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        out.push(b'"');
        escape_into(out, name);
        out.extend_from_slice(b"\":");
        push_bytes(value, out);
    });
    out.push(b'}');
}

fn push_integer(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn push_bytes(bytes: Option<&[u8]>, out: &mut Vec<u8>) {
    let Some(bytes) = bytes else {
        out.extend_from_slice(b"null");
        return;
    };
    out.push(b'"');
    match std::str::from_utf8(bytes) {
        Ok(text) => escape_into(out, text),
        Err(_) => escape_into(out, &STANDARD.encode(bytes)),
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Headers, PartitionId};

    #[track_caller]
    fn check(topic: &str, number: i32, offset: i64, expected: &str) {
        let mut name = String::new();
        Namer::new(topic, number)
            .write(offset, &mut name)
            .expect("a String takes all");
        assert_eq!(name, expected);
        assert!(name.len() <= NAME_BYTES_MAX);
    }

    #[test]
    fn names() {
        check("orders", 3, 4711, "orders-3-4711");
        check("o", 0, 0, "o-0-0");
        check("o", 2147483647, i64::MAX, "o-2147483647-9223372036854775807");
        let fits = "t".repeat(76);
        check(&fits, 1, 7, &format!("{fits}-1-7"));
        // One digit more, and the topic is cut: 66 characters and 9 of the hash.
        check(&fits, 1, 17, &format!("{}~46d78de0-1-17", "t".repeat(66)));
        let long = "x".repeat(249);
        check(&long, 12, 5, &format!("{}~e1c28f9c-12-5", "x".repeat(66)));
    }

    #[test]
    fn positions() {
        struct Three;
        impl Headers for Three {
            fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {
                visit("a\"", Some(b"1"));
                visit("b", None);
                visit("a\"", Some(b"\xff"));
            }
        }
        let record = Record {
            partition: PartitionId(0),
            offset: 5,
            timestamp_ms: 1_700_000_000_000,
            key: Some(b"k\n"),
            value: None,
            headers: &Three,
        };
        let mut out = Vec::new();
        push_position(&record, "t", 1, &mut out);
        assert_eq!(
            String::from_utf8(out).expect("UTF-8"),
            r#""topic":"t","partition":1,"offset":5,"timestamp":1700000000000,"key":"k\n","headers":{"b":null,"a\"":"/w=="}"#
        );
    }
}
