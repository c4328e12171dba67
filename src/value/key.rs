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
    head: u64,
}

impl Key {
    /// Prepares a decoded name.
    pub fn new(name: &str) -> Key {
        Key {
            name: name.into(),
            head: head(name.as_bytes()),
        }
    }

    /// Returns the decoded name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Says whether a key node of `text` has this name.
    #[inline]
    pub(super) fn matches(&self, text: &[u8], node: Node) -> bool {
        if node.meta() & meta::ESCAPED != 0 {
            return self.matches_escaped(text, node);
        }
        let name = self.name.as_bytes();
        if node.len() as usize != name.len() + 2 {
            return false;
        }
        let start = node.start() as usize + 1;
        match text.get(start..start + name.len()) {
            Some(found) if name.len() > 8 => head(found) == self.head && found == name,
            Some(found) => head(found) == self.head,
            None => false,
        }
    }

    #[cold]
    fn matches_escaped(&self, text: &[u8], node: Node) -> bool {
        let content = &text[node.start() as usize + 1..node.end() as usize - 1];
        Str::new(content, true).decode() == self.name.as_ref()
    }
}

/// Returns the first eight bytes as a word, missing ones as zero.
#[inline]
fn head(bytes: &[u8]) -> u64 {
    if let Some(word) = bytes.first_chunk::<8>() {
        return u64::from_le_bytes(*word);
    }
    let mut word = 0;
    for (at, byte) in bytes.iter().enumerate() {
        word |= u64::from(*byte) << (8 * at);
    }
    word
}
