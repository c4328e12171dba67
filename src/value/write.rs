//! Writing values as JSON text.

use super::View;
use super::node::{Kind, ValueRef};

/// Short texts are copied as chunks of this size where there is room on both sides: a copy of a known
/// size is two moves, a copy of any size a call.
const CHUNK: usize = 32;

/// Copies a part of a text to a place of the output; the output has [`CHUNK`] bytes to spare.
#[inline(always)]
fn copy(out: &mut [u8], at: usize, text: &[u8], start: usize, len: usize) {
    let to = &mut out[at..];
    if len <= CHUNK
        && let Some(from) = text.get(start..).and_then(|rest| rest.first_chunk::<CHUNK>())
        && let Some(to) = to.first_chunk_mut::<CHUNK>()
    {
        *to = *from;
        return;
    }
    to[..len].copy_from_slice(&text[start..start + len]);
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

    /// Writes a built value at a place of the output, returns where it ends; what is no built value is copied
    /// where it is met, without a call. The place is handed on by value: kept in memory, every byte would
    /// wait for the one before.
    fn write_at(self, value: ValueRef, out: &mut [u8], at: usize) -> usize {
        let heap = self.heap(value);
        let node = heap.nodes[value.at()];
        let slots = &heap.slots[node.start() as usize..][..node.next() as usize];
        let object = node.json_kind() == Kind::Object;
        let (open, close) = if object { (b'{', b'}') } else { (b'[', b']') };
        // What stands before a part: the bracket, then colon and comma in turn, or commas.
        let (mut before, mut colon, mut at) = (open, object, at);
        for &part in slots {
            out[at] = before;
            at += 1;
            before = if colon { b':' } else { b',' };
            colon = object && !colon;
            let from = self.heap(part);
            let node = from.nodes[part.at()];
            if node.is_built() {
                at = self.write_at(part, out, at);
            } else {
                let len = node.len() as usize;
                copy(out, at, &from.text, node.start() as usize, len);
                at += len;
            }
        }
        if slots.is_empty() {
            out[at] = open;
            at += 1;
        }
        out[at] = close;
        at + 1
    }

    /// Returns a value's dense JSON text as a new string; for messages and tests.
    pub fn to_json(self, value: ValueRef) -> String {
        let mut out = Vec::with_capacity(self.len(value));
        self.write_dense(value, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}
