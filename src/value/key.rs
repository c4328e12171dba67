//! A member's name, prepared for comparison.

use super::node::{Node, meta};
use super::string::Str;

/// A decoded object key that is compared often.
///
/// The first eight bytes are kept as a word: most keys of real documents are told apart by their
/// length and that word, without a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    name: Box<str>,
    /// The first eight bytes, missing ones zero, and the bits of the word that count.
    head: u64,
    mask: u64,
    /// Length of the name in quotes, as it stands in a document.
    quoted: u32,
}

/// Bytes that are compared as one word.
const WORD: usize = 8;

impl Key {
    /// Prepares a decoded name.
    pub fn new(name: &str) -> Key {
        let bytes = name.as_bytes();
        let mut head = [0; WORD];
        let count = bytes.len().min(WORD);
        head[..count].copy_from_slice(&bytes[..count]);
        let mask = if count == WORD { u64::MAX } else { (1 << (8 * count)) - 1 };
        // No document has a name that long; the length must only not wrap.
        let quoted = u32::try_from(bytes.len()).unwrap_or(u32::MAX - 2).saturating_add(2);
        Key { name: name.into(), head: u64::from_le_bytes(head), mask, quoted }
    }

    /// Returns the decoded name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Says whether a key node of `text` has this name.
    #[inline(always)]
    pub(super) fn matches(&self, text: &[u8], node: Node) -> bool {
        if node.len() != self.quoted {
            return node.meta & meta::ESCAPED != 0 && self.matches_escaped(text, node);
        }
        // A name with an escape is longer than what it stands for: of this length, it differs.
        let start = node.start as usize + 1;
        match text.get(start..).and_then(|rest| rest.first_chunk::<WORD>()) {
            Some(word) => {
                u64::from_le_bytes(*word) & self.mask == self.head
                    && node.meta & meta::ESCAPED == 0
                    && self.tail_matches(text, start)
            }
            None => {
                node.meta & meta::ESCAPED == 0
                    && text.get(start..start + self.name.len()) == Some(self.name.as_bytes())
            }
        }
    }

    #[inline]
    fn tail_matches(&self, text: &[u8], start: usize) -> bool {
        let name = self.name.as_bytes();
        name.len() <= WORD || text.get(start + WORD..start + name.len()) == name.get(WORD..)
    }

    #[cold]
    fn matches_escaped(&self, text: &[u8], node: Node) -> bool {
        let content = &text[node.start as usize + 1..node.end as usize - 1];
        Str::new(content, true).decode() == self.name.as_ref()
    }
}
