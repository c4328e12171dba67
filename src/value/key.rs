//! A member's name, prepared for comparison.

use super::node::Node;
use super::string::Str;

/// Most bytes of an escaped text for each byte that it stands for, as in `\u0061`.
const ESCAPED_BYTES_MAX: usize = 6;

/// A decoded object key that is compared often.
///
/// A name of up to six bytes is compared as one word of eight, quotes included: that also compares the
/// length. A longer one is told apart by that word first, then compared with its closing quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    name: Box<str>,
    /// The first eight bytes of the name between quotes, and which of them count.
    word: u64,
    mask: u64,
    /// The last eight bytes of the name between quotes, where it is longer than that.
    tail: u64,
}

/// Bytes that are compared at once.
const WORD: usize = 8;

impl Key {
    /// Prepares a decoded name.
    pub fn new(name: &str) -> Key {
        let quoted = [b"\"", name.as_bytes(), b"\""].concat();
        let (mut head, mut mask) = ([0; WORD], [0; WORD]);
        for (at, &byte) in quoted.iter().take(WORD).enumerate() {
            (head[at], mask[at]) = (byte, 0xFF);
        }
        let (mut word, mut mask) = (u64::from_le_bytes(head), u64::from_le_bytes(mask));
        if name
            .bytes()
            .any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
        {
            // Such a name has escapes in JSON text: no word of a text is to equal it.
            (word, mask) = (1, 0);
        }
        Key {
            name: name.into(),
            word,
            mask,
            tail: quoted.last_chunk().map_or(0, |last| u64::from_le_bytes(*last)),
        }
    }

    /// Returns the decoded name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Says whether a key node of `text` has this name.
    #[inline(always)]
    pub(super) fn matches(&self, text: &[u8], node: &Node) -> bool {
        match Key::head(text, node) {
            Some(head) if self.begins(head) && self.ends(text, node) => true,
            Some(_) if !node.is_escaped() => false,
            _ => self.matches_slowly(text, node),
        }
    }

    /// Returns the first eight bytes of a key node's text, its quote included; `None` near the end of the text.
    #[inline(always)]
    pub(super) fn head(text: &[u8], node: &Node) -> Option<u64> {
        let start = node.start() as usize;
        let word = text.get(start..start + WORD)?.first_chunk()?;
        Some(u64::from_le_bytes(*word))
    }

    /// Says whether a [`Key::head`] is the beginning of this name, or all of it if it is short.
    #[inline(always)]
    pub(super) fn begins(&self, head: u64) -> bool {
        head & self.mask == self.word
    }

    /// Says whether a key node's text that begins as this name is this name, to its closing quote: a name
    /// that has no escapes has no quote before that.
    #[inline(always)]
    pub(super) fn ends(&self, text: &[u8], node: &Node) -> bool {
        let len = self.name.len() + 2;
        if len <= WORD {
            return true;
        }
        let start = node.start() as usize;
        let Some(quoted) = text.get(start..start + len) else {
            return false;
        };
        let tail = quoted.last_chunk().map_or(0, |last| u64::from_le_bytes(*last));
        tail == self.tail
            && (len <= 2 * WORD || quoted[WORD..len - WORD] == self.name.as_bytes()[WORD - 1..len - WORD - 1])
    }

    /// As [`Key::matches`], for keys with escapes, and for keys so near the end of the text that there is no
    /// word. Apart, so that the loop over members stays small.
    #[inline(never)]
    fn matches_slowly(&self, text: &[u8], node: &Node) -> bool {
        let Some(content) = text.get(node.start() as usize + 1..node.end() as usize - 1) else {
            return false;
        };
        if !node.is_escaped() {
            return content == self.name.as_bytes();
        }
        // A look-up costs what its own name costs, however long the names are that it meets.
        content.len() <= ESCAPED_BYTES_MAX * self.name.len()
            && Str::new(content, true).decode() == self.name.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use crate::value::{Heap, View};

    #[test]
    fn finds_a_name_in_every_notation() {
        let constants = Heap::for_constants();
        let names = [
            "",
            "a",
            "ab",
            "sixsix",
            "seven77",
            "eight888",
            "fourteen bytes",
            "fourteen.bytes",
            "fifteen bytes 5",
            "twenty-three bytes here",
            "twenty-three bytes,here",
            "a longer name",
            "a\":",
            "a\"",
            "\\b",
            "\n",
            "é",
            "€uro",
        ];
        for name in names {
            let plain = format!("{{{}:1}}", serde_json::to_string(name).unwrap());
            let escaped: String = name.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            for text in [
                plain,
                format!("{{\"{escaped}\":1}}"),
                format!("{{\"a\":\"x\",\"{escaped}\":1,\"z\":[]}}"),
            ] {
                let mut heap = Heap::new();
                let object = heap.index(text.as_bytes()).unwrap();
                let view = View::new(&heap, &constants);
                let found = view.member_named(object, name).map(|value| view.to_json(value));
                assert_eq!(found.as_deref(), Some("1"), "{name} in {text}");
                for other in names
                    .iter()
                    .filter(|other| **other != name && !text.contains(":\"x"))
                {
                    assert_eq!(view.member_named(object, other), None, "{other} in {text}");
                }
            }
        }
    }
}
