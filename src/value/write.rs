//! Writing values as JSON text.

use super::View;
use super::node::{Kind, ValueRef};

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
            out.reserve(self.len(value));
            self.write_dense(value, out);
        }
    }

    /// Appends a value's dense JSON text. Recursion is bounded by the value's depth.
    pub fn write_dense(self, value: ValueRef, out: &mut Vec<u8>) {
        if let Some(text) = self.text(value) {
            out.extend_from_slice(text);
            return;
        }
        let object = self.kind(value) == Kind::Object;
        out.push(if object { b'{' } else { b'[' });
        let mut first = true;
        if object {
            for (key, member) in self.members(value) {
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                self.write_dense(key, out);
                out.push(b':');
                self.write_dense(member, out);
            }
        } else {
            for element in self.elements(value) {
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                self.write_dense(element, out);
            }
        }
        out.push(if object { b'}' } else { b']' });
    }

    /// Returns a value's dense JSON text as a new string; for messages and tests.
    pub fn to_json(self, value: ValueRef) -> String {
        let mut out = Vec::with_capacity(self.len(value));
        self.write_dense(value, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}
