//! Writing values as JSON text.

use super::View;
use super::node::{Kind, ValueRef};

/// Short texts are copied as chunks of this size where there is room on both sides: a copy of a known
/// size is two moves, a copy of any size a call.
pub(super) const CHUNK: usize = 32;

/// Copies a part of a text to a place of the output; the output has [`CHUNK`] bytes to spare.
#[inline(always)]
pub(super) fn copy(out: &mut [u8], at: usize, text: &[u8], start: usize, len: usize) {
    if len <= CHUNK
        && let Some(from) = text.get(start..start + CHUNK)
        && let Some(to) = out.get_mut(at..at + CHUNK)
    {
        to.copy_from_slice(from);
        return;
    }
    out[at..at + len].copy_from_slice(&text[start..start + len]);
}

impl View<'_> {
    /// Appends a value's JSON text: a document that is handed on whole as it came, also as the result of
    /// a branch; anything else dense.
    pub fn write(self, value: ValueRef, out: &mut Vec<u8>) {
        if let Some(text) = self.original(value) {
            out.extend_from_slice(text);
        } else if self.keeps_originals(value) {
            out.push(b'[');
            for (at, element) in self.elements(value).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                self.write(element, out);
            }
            out.push(b']');
        } else {
            self.write_dense(value, out);
        }
    }

    /// Returns how many bytes [`View::write`] appends. Walks results of branches only.
    pub fn written_len(self, value: ValueRef) -> u64 {
        if let Some(text) = self.original(value) {
            return text.len() as u64;
        }
        if !self.keeps_originals(value) {
            return self.len(value) as u64;
        }
        let parts: u64 = self
            .elements(value)
            .map(|element| self.written_len(element) + 1)
            .sum();
        parts + 1
    }

    /// Appends a value's dense JSON text. Recursion is bounded by the value's depth.
    pub fn write_dense(self, value: ValueRef, out: &mut Vec<u8>) {
        if let Some(text) = self.text(value) {
            out.extend_from_slice(text);
            return;
        }
        let (start, len) = (out.len(), self.len(value));
        out.resize(start + len + CHUNK, 0);
        self.write_at(value, &mut out[start..], 0);
        out.truncate(start + len);
    }

    /// Writes a built value at a place of the output, returns where it ends. The place is handed on by
    /// value: kept in memory, every byte would wait for the one before.
    fn write_at(self, value: ValueRef, out: &mut [u8], at: usize) -> usize {
        let heap = self.heap(value);
        let node = heap.nodes[value.at()];
        let slots = &heap.slots[node.start() as usize..][..node.slots()];
        let object = node.json_kind() == Kind::Object;
        let (open, close) = if object { (b'{', b'}') } else { (b'[', b']') };
        let mut at = at;
        out[at] = open;
        if slots.is_empty() {
            out[at + 1] = close;
            return at + 2;
        }
        if object {
            for pair in slots.chunks_exact(2) {
                at = self.write_part(pair[0], out, at + 1);
                out[at] = b':';
                at = self.write_part(pair[1], out, at + 1);
                out[at] = b',';
            }
        } else {
            for &part in slots {
                at = self.write_part(part, out, at + 1);
                out[at] = b',';
            }
        }
        // In the place of the last comma.
        out[at] = close;
        at + 1
    }

    /// Writes a part; what is no built value is copied where it is met, without a call.
    #[inline(always)]
    fn write_part(self, part: ValueRef, out: &mut [u8], at: usize) -> usize {
        let heap = self.heap(part);
        let node = heap.nodes[part.at()];
        if node.is_built() {
            return self.write_at(part, out, at);
        }
        let len = node.len() as usize;
        copy(out, at, &heap.text, node.start() as usize, len);
        at + len
    }

    /// Returns a value's dense JSON text as a new string; for messages and tests.
    pub fn to_json(self, value: ValueRef) -> String {
        let mut out = Vec::with_capacity(self.len(value));
        self.write_dense(value, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}
