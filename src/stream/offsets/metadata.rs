//! The text that travels with a commit.
//!
//! Owns its form: `ss1:` (a name and a version), then base64 of a body and a checksum. The body is the kind,
//! the topic's id if it is known, the committed offset, where the ranges begin, and the ranges as run lengths
//! or as a bitmap, whichever is shorter or says more. Must not know who finished what. Invariant: what was
//! cut, altered, moved to another offset or to a topic with another id, or written by anybody else is not decoded.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// The longest metadata that is written, in bytes: the broker's default of `offset.metadata.max.bytes`.
pub const METADATA_BYTES_MAX: usize = 4096;

/// What every text of this form begins with.
const PREFIX: &str = "ss1:";
/// Bytes of the checksum: enough that no damage passes by chance.
const CHECKSUM_BYTES: usize = 8;
/// Longest head of a body: form, kind and completeness in a byte, the topic's id, two variable-length numbers.
const HEAD_BYTES_MAX: usize = 1 + TOPIC_ID_BYTES + 2 * VARINT_BYTES_MAX;
const TOPIC_ID_BYTES: usize = size_of::<u64>();
const VARINT_BYTES_MAX: usize = 10;

const IS_BITMAP: u8 = 1;
const IS_UNFINISHED: u8 = 2;
const IS_COMPLETE: u8 = 4;
const HAS_TOPIC_ID: u8 = 8;

/// What the ranges are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Finished, above the committed offset.
    Finished,
    /// Not finished, below it.
    Unfinished,
}

/// A text that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) kind: Kind,
    /// Rising, none empty.
    pub(super) ranges: Vec<Range<i64>>,
    /// Whether all ranges had room.
    pub(super) is_complete: bool,
}

/// Returns the text for a commit at `offset` with rising ranges that do not touch, none below `start`; and
/// whether all had room. Without ranges and without a topic's id (0) the text is empty.
pub(super) fn encode(
    kind: Kind,
    offset: i64,
    start: i64,
    ranges: impl Iterator<Item = Range<i64>> + Clone,
    topic_id: u64,
) -> (String, bool) {
    encode_within(METADATA_BYTES_MAX, kind, offset, start, ranges, topic_id)
}

/// Returns what of a text for a commit at `offset` has room in `limit` bytes; nothing when that is not even the
/// topic's id, or when the text is not certainly one that [`encode`] wrote for this offset.
pub(super) fn cut(text: &str, offset: i64, limit: usize) -> String {
    let topic_id = topic_id(text).unwrap_or(0);
    let Some(Metadata { kind, ranges, .. }) = decode(text, offset, topic_id) else {
        return String::new();
    };
    let start = match kind {
        Kind::Finished => offset,
        Kind::Unfinished => ranges.first().map_or(offset, |first| first.start),
    };
    encode_within(limit, kind, offset, start, ranges.into_iter(), topic_id).0
}

/// Returns what is left for the ranges in a text of so many bytes, if there is room for all else.
fn ranges_bytes_max(limit: usize) -> Option<usize> {
    let body = limit.checked_sub(PREFIX.len())? / 4 * 3;
    body.checked_sub(CHECKSUM_BYTES + HEAD_BYTES_MAX)
}

fn encode_within(
    limit: usize,
    kind: Kind,
    offset: i64,
    start: i64,
    ranges: impl Iterator<Item = Range<i64>> + Clone,
    topic_id: u64,
) -> (String, bool) {
    let is_empty = ranges.clone().next().is_none();
    let Some(bytes_max) = ranges_bytes_max(limit).filter(|_| topic_id != 0 || !is_empty) else {
        return (String::new(), is_empty);
    };
    let runs = Packed::runs(start, ranges.clone(), bytes_max);
    let bitmap = runs
        .may_be_longer_than_a_bitmap(start)
        .then(|| Packed::bitmap(start, ranges, bytes_max));
    let bitmap = bitmap.filter(|bitmap| bitmap.says_more_than(&runs));
    let is_bitmap = bitmap.is_some();
    let packed = bitmap.unwrap_or(runs);
    let mut flags = if is_bitmap { IS_BITMAP } else { 0 };
    flags |= if kind == Kind::Unfinished {
        IS_UNFINISHED
    } else {
        0
    };
    flags |= if packed.is_complete { IS_COMPLETE } else { 0 };
    let mut body = vec![flags];
    if topic_id != 0 {
        body[0] |= HAS_TOPIC_ID;
        body.extend_from_slice(&topic_id.to_le_bytes());
    }
    put_varint(&mut body, offset as u64);
    put_varint(&mut body, start.abs_diff(offset));
    body.extend_from_slice(&packed.bytes);
    (sealed(body), packed.is_complete)
}

/// Returns the text of a body.
pub(super) fn sealed(mut body: Vec<u8>) -> String {
    let checksum = checksum(&body);
    body.extend_from_slice(&checksum);
    let mut text = PREFIX.to_owned();
    STANDARD_NO_PAD.encode_string(&body, &mut text);
    text
}

/// Reads the text of a commit at `offset`; `None` when it is not certainly one that [`encode`] wrote for this
/// offset, or is of another topic. An id that is not known, 0 here or none in the text, fits any other.
pub(super) fn decode(text: &str, offset: i64, topic_id: u64) -> Option<Metadata> {
    let body = opened(text)?;
    let (flags, known, mut rest) = head(&body)?;
    if known.is_some_and(|known| topic_id != 0 && known != topic_id) {
        return None;
    }
    if take_varint(&mut rest)? != offset as u64 {
        return None;
    }
    let distance = take_varint(&mut rest)?;
    let is_unfinished = flags & IS_UNFINISHED != 0;
    let start = match is_unfinished {
        true => offset.checked_sub_unsigned(distance)?,
        false => offset.checked_add_unsigned(distance)?,
    };
    Some(Metadata {
        kind: if is_unfinished {
            Kind::Unfinished
        } else {
            Kind::Finished
        },
        is_complete: flags & IS_COMPLETE != 0,
        ranges: match flags & IS_BITMAP != 0 {
            true => bitmap_ranges(start, rest)?,
            false => run_ranges(start, rest)?,
        },
    })
}

/// Returns the topic's id that a text of ours names, if it does.
pub(super) fn topic_id(text: &str) -> Option<u64> {
    head(&opened(text)?)?.1
}

/// Returns the body of a text whose checksum is right.
fn opened(text: &str) -> Option<Vec<u8>> {
    let mut bytes = STANDARD_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
    let found = bytes.split_off(bytes.len().checked_sub(CHECKSUM_BYTES)?);
    (checksum(&bytes) == *found).then_some(bytes)
}

/// Returns a body's flags, the topic's id if it has one, and the rest.
fn head(body: &[u8]) -> Option<(u8, Option<u64>, &[u8])> {
    let (&flags, rest) = body.split_first()?;
    if flags & HAS_TOPIC_ID == 0 {
        return Some((flags, None, rest));
    }
    let (id, rest) = rest.split_first_chunk()?;
    Some((flags, Some(u64::from_le_bytes(*id)), rest))
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Sha256::digest(body);
    let mut checksum = [0; CHECKSUM_BYTES];
    checksum.copy_from_slice(&digest[..CHECKSUM_BYTES]);
    checksum
}

/// Ranges in one of the two forms, as many as have room.
struct Packed {
    bytes: Vec<u8>,
    is_complete: bool,
    /// The offset up to which it says everything.
    reach: i64,
}

impl Packed {
    /// Lengths in turn: what lies before a range, the range.
    fn runs(start: i64, ranges: impl Iterator<Item = Range<i64>>, bytes_max: usize) -> Packed {
        let mut packed = Packed {
            bytes: Vec::new(),
            is_complete: true,
            reach: start,
        };
        for range in ranges {
            let before = packed.bytes.len();
            put_varint(&mut packed.bytes, range.start.abs_diff(packed.reach));
            put_varint(&mut packed.bytes, range.end.abs_diff(range.start));
            if packed.bytes.len() > bytes_max {
                packed.bytes.truncate(before);
                packed.is_complete = false;
                break;
            }
            packed.reach = range.end;
        }
        packed
    }

    /// A bit for each offset, from the lowest of each byte up.
    fn bitmap(start: i64, ranges: impl Iterator<Item = Range<i64>>, bytes_max: usize) -> Packed {
        let mut packed = Packed {
            bytes: Vec::new(),
            is_complete: true,
            reach: start,
        };
        let limit = start.saturating_add(bytes_max as i64 * 8);
        for range in ranges {
            for offset in range.start..range.end.min(limit) {
                let at = (offset - start) as usize;
                packed.bytes.resize(packed.bytes.len().max(at / 8 + 1), 0);
                packed.bytes[at / 8] |= 1 << (at % 8);
            }
            packed.reach = range.end.min(limit);
            if range.end > limit {
                packed.is_complete = false;
                break;
            }
        }
        packed
    }

    /// Says whether it is worth making a bitmap: not for long runs, which are many bits.
    fn may_be_longer_than_a_bitmap(&self, start: i64) -> bool {
        !self.is_complete || self.bytes.len() as u64 * 8 > self.reach.abs_diff(start)
    }

    fn says_more_than(&self, other: &Packed) -> bool {
        match (self.is_complete, other.is_complete) {
            (true, true) => self.bytes.len() < other.bytes.len(),
            (false, false) => self.reach > other.reach,
            (complete, _) => complete,
        }
    }
}

fn run_ranges(start: i64, mut rest: &[u8]) -> Option<Vec<Range<i64>>> {
    let (mut ranges, mut at) = (Vec::new(), start);
    while !rest.is_empty() {
        let start = at.checked_add_unsigned(take_varint(&mut rest)?)?;
        at = start.checked_add_unsigned(take_varint(&mut rest)?)?;
        ranges.push(start..at);
    }
    Some(ranges)
}

fn bitmap_ranges(start: i64, bytes: &[u8]) -> Option<Vec<Range<i64>>> {
    start.checked_add_unsigned(bytes.len() as u64 * 8)?;
    let mut ranges: Vec<Range<i64>> = Vec::new();
    let is_set = |at: &usize| bytes[at / 8] >> (at % 8) & 1 == 1;
    for at in (0..bytes.len() * 8).filter(is_set) {
        let offset = start + at as i64;
        match ranges.last_mut() {
            Some(range) if range.end == offset => range.end += 1,
            _ => ranges.push(offset..offset + 1),
        }
    }
    Some(ranges)
}

/// Appends a number, seven bits a byte, the lowest first.
fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for at in 0..VARINT_BYTES_MAX as u32 {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7F) << (7 * at);
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}
