//! A member's name, prepared for comparison.

use super::node::{Node, meta};
use super::string::Str;

/// A decoded object key that is compared often.
///
/// A name of up to six bytes is compared as one word of eight, quotes included: that also compares the
/// length. A longer one is told apart by its length and a word first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    name: Box<str>,
    /// The first eight bytes of the name between quotes, and which of them count.
    word: u64,
    mask: u64,
}

impl Key {
    /// Prepares a decoded name.
    pub fn new(name: &str) -> Key {
        let mut quoted = [0; 8];
        let mut mask = [0; 8];
        let bytes = std::iter::once(b'"')
            .chain(name.bytes())
            .chain(std::iter::once(b'"'));
        for (at, byte) in bytes.take(8).enumerate() {
            (quoted[at], mask[at]) = (byte, 0xFF);
        }
        let (mut word, mut mask) = (u64::from_le_bytes(quoted), u64::from_le_bytes(mask));
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
        }
    }

    /// Returns the decoded name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Says whether a key node of `text` has this name.
    #[inline(always)]
    pub(super) fn matches(&self, text: &[u8], node: Node) -> bool {
        self.matches_head(Key::head(text, node), text, node)
    }

    /// Returns the first eight bytes of a key node's text, its quote included; `None` near the end of the text.
    #[inline(always)]
    pub(super) fn head(text: &[u8], node: Node) -> Option<u64> {
        let start = node.start() as usize;
        let word = text.get(start..start + 8)?.first_chunk::<8>()?;
        Some(u64::from_le_bytes(*word))
    }

    /// As [`Key::matches`], for a node whose [`Key::head`] is known.
    #[inline(always)]
    pub(super) fn matches_head(&self, head: Option<u64>, text: &[u8], node: Node) -> bool {
        match head {
            Some(head) if head & self.mask == self.word => {
                self.name.len() <= 6 || self.matches_slowly(text, node)
            }
            Some(_) if node.meta() & meta::ESCAPED == 0 => false,
            _ => self.matches_slowly(text, node),
        }
    }

    /// As [`Key::matches`], for long names, for keys with escapes, and for keys so near the end of the
    /// text that there is no word. Apart, so that the loop over members stays small.
    #[inline(never)]
    fn matches_slowly(&self, text: &[u8], node: Node) -> bool {
        let Some(content) = text.get(node.start() as usize + 1..node.end() as usize - 1) else {
            return false;
        };
        if node.meta() & meta::ESCAPED == 0 {
            content == self.name.as_bytes()
        } else {
            Str::new(content, true).decode() == self.name.as_ref()
        }
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
