//! Strings of prepared pieces with values between them.

use super::Store;
use super::node::{ValueRef, meta};
use super::string::escape_into;
use super::write::{CHUNK, copy};

/// Texts, escaped for JSON, that values are put between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// The texts one after the other, and room for a copy of a whole chunk behind the last.
    text: Box<[u8]>,
    /// Where each text ends.
    ends: Box<[u32]>,
    /// Whether any of them has an escape.
    escaped: bool,
}

impl Pieces {
    /// Escapes some texts.
    pub fn new(texts: &[&str]) -> Pieces {
        let mut text = Vec::new();
        let ends = texts
            .iter()
            .map(|piece| {
                escape_into(&mut text, piece);
                text.len() as u32
            })
            .collect();
        let escaped = text.contains(&b'\\');
        text.resize(text.len() + CHUNK, 0);
        Pieces {
            text: text.into(),
            ends,
            escaped,
        }
    }

    /// Returns how many there are.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// Returns how many bytes they have.
    pub fn bytes(&self) -> usize {
        self.text.len() - CHUNK
    }

    /// Iterates over them, escaped.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let piece = &self.text[start..end as usize];
            start = end as usize;
            // Escaping keeps a text UTF-8.
            std::str::from_utf8(piece).unwrap_or_default()
        })
    }
}

impl Store<'_> {
    /// Adds a string of pieces with a scalar value between each two: a string's content, of others the text.
    /// `None` where a value is an array or object, or the result would have more than `bytes_max` bytes.
    #[inline]
    pub fn join(&mut self, pieces: &Pieces, values: &[ValueRef], bytes_max: u64) -> Option<ValueRef> {
        let Store { heap, constants } = self;
        let mut bytes = pieces.text.len();
        for value in values {
            let table = if value.is_constant() {
                &constants.nodes
            } else {
                &heap.nodes
            };
            let node = table[value.at()];
            if node.kind() > meta::STRING {
                return None;
            }
            bytes += node.len() as usize;
        }
        if bytes as u64 > bytes_max + CHUNK as u64 {
            return None;
        }
        let start = heap.text.len();
        // `bytes` has the chunk to spare already.
        heap.text.resize(start + bytes + 2, 0);
        // What stands before the string is read, what comes behind is written.
        let (before, out) = heap.text.split_at_mut(start);
        out[0] = b'"';
        let (mut at, mut from) = (1, 0);
        let mut flags = if pieces.escaped { meta::ESCAPED } else { 0 };
        for (index, &end) in pieces.ends.iter().enumerate() {
            let len = (end - from) as usize;
            copy(out, at, &pieces.text, from as usize, len);
            (at, from) = (at + len, end);
            let Some(&value) = values.get(index) else { break };
            let (table, text): (_, &[u8]) = if value.is_constant() {
                (&constants.nodes, &constants.text)
            } else {
                (&heap.nodes, before)
            };
            let node = table[value.at()];
            let quotes = u32::from(node.kind() == meta::STRING);
            let len = (node.len() - 2 * quotes) as usize;
            copy(out, at, text, (node.start() + quotes) as usize, len);
            at += len;
            flags |= node.meta() & meta::ESCAPED;
        }
        out[at] = b'"';
        heap.text.truncate(start + at + 1);
        Some(heap.push_scalar(start, meta::STRING | flags))
    }
}
