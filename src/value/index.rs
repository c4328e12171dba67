//! Makes the index of a JSON text.

use super::node::{DEPTH_MAX, Node, meta};
use super::{Heap, IndexError};

/// Buffers that indexing reuses.
#[derive(Default)]
pub struct Scratch {
    open: Vec<u32>,
}

/// Appends a text to the heap and indexes it; returns the root's entry.
pub(super) fn index(heap: &mut Heap, text: &[u8]) -> Result<u32, IndexError> {
    let (texts, nodes) = (heap.text.len(), heap.nodes.len());
    std::str::from_utf8(text).map_err(|e| IndexError {
        offset: e.valid_up_to(),
        message: "Invalid UTF-8".into(),
    })?;
    let mut open = std::mem::take(&mut heap.scratch.open);
    open.clear();
    let mut parser = Parser {
        text,
        at: 0,
        heap,
        open,
    };
    let result = parser.document();
    let open = std::mem::take(&mut parser.open);
    heap.scratch.open = open;
    match result {
        Ok(()) => {
            let root = nodes as u32;
            if heap.text.len() - texts != text.len() {
                let start = heap.text.len() as u32;
                heap.text.extend_from_slice(text);
                heap.raws.push(super::heap::RawText {
                    root,
                    start,
                    end: heap.text.len() as u32,
                });
                heap.nodes[nodes].meta |= meta::RAW;
            }
            Ok(root)
        }
        Err(error) => {
            heap.text.truncate(texts);
            heap.nodes.truncate(nodes);
            Err(error)
        }
    }
}

struct Parser<'t, 'h> {
    text: &'t [u8],
    at: usize,
    heap: &'h mut Heap,
    open: Vec<u32>,
}

impl Parser<'_, '_> {
    fn fail<T>(&self, message: &str) -> Result<T, IndexError> {
        Err(IndexError {
            offset: self.at,
            message: message.into(),
        })
    }
    fn peek(&mut self) -> u8 {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.get(self.at) {
            self.at += 1;
        }
        self.text.get(self.at).copied().unwrap_or(0)
    }
    fn take(&mut self, byte: u8) {
        self.heap.text.push(byte);
        self.at += 1;
    }
    fn document(&mut self) -> Result<(), IndexError> {
        loop {
            let byte = self.peek();
            match byte {
                b'{' | b'[' => {
                    if self.open.len() as u32 >= DEPTH_MAX {
                        return self.fail("Document nesting depth exceeds the maximum");
                    }
                    let at = self.heap.nodes.len() as u32;
                    let start = self.heap.text.len() as u32;
                    let kind = if byte == b'{' { meta::OBJECT } else { meta::ARRAY };
                    self.heap.nodes.push(Node {
                        start,
                        end: 0,
                        next: 0,
                        meta: kind,
                    });
                    self.open.push(at);
                    self.take(byte);
                    if self.peek() == if byte == b'{' { b'}' } else { b']' } {
                        if self.close()? {
                            return Ok(());
                        }
                    } else {
                        if byte == b'{' {
                            self.key()?;
                        }
                        self.count();
                        continue;
                    }
                }
                b'"' => self.string()?,
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.word(b"true", meta::TRUE)?,
                b'f' => self.word(b"false", meta::FALSE)?,
                b'n' => self.word(b"null", meta::NULL)?,
                _ => return self.fail("Unexpected character"),
            }
            loop {
                let byte = self.peek();
                let Some(&container) = self.open.last() else {
                    return if self.at == self.text.len() {
                        Ok(())
                    } else {
                        self.fail("Unexpected character")
                    };
                };
                let object = self.heap.nodes[container as usize].kind() == meta::OBJECT;
                if byte == b',' {
                    self.take(byte);
                    self.peek();
                    if object {
                        self.key()?;
                    }
                    self.count();
                    break;
                }
                if byte != if object { b'}' } else { b']' } {
                    return self.fail("Unexpected character");
                }
                if self.close()? {
                    return Ok(());
                }
            }
        }
    }
    fn count(&mut self) {
        let node = &mut self.heap.nodes[*self.open.last().unwrap() as usize];
        if node.meta >> meta::COUNT_SHIFT < meta::COUNT_MAX {
            node.meta += 1 << meta::COUNT_SHIFT;
        }
    }
    fn close(&mut self) -> Result<bool, IndexError> {
        let byte = self.text[self.at];
        self.take(byte);
        let at = self.open.pop().unwrap() as usize;
        let end = self.heap.text.len() as u32;
        let next = self.heap.nodes.len() as u32;
        let node = &mut self.heap.nodes[at];
        node.end = end;
        node.next = next;
        let depth = node.depth() + 1;
        node.meta = node.meta & !(meta::DEPTH << meta::DEPTH_SHIFT) | depth << meta::DEPTH_SHIFT;
        match self.open.last() {
            Some(&parent) => {
                let parent = &mut self.heap.nodes[parent as usize];
                if parent.depth() < depth {
                    parent.meta =
                        parent.meta & !(meta::DEPTH << meta::DEPTH_SHIFT) | depth << meta::DEPTH_SHIFT;
                }
                Ok(false)
            }
            None => {
                self.peek();
                if self.at == self.text.len() {
                    Ok(true)
                } else {
                    self.fail("Unexpected character")
                }
            }
        }
    }
    fn key(&mut self) -> Result<(), IndexError> {
        if self.peek() != b'"' {
            return self.fail("Unexpected character: was expecting double-quote to start field name");
        }
        self.string()?;
        if self.peek() != b':' {
            return self.fail("Unexpected character: was expecting a colon");
        }
        self.take(b':');
        Ok(())
    }
    fn scalar(&mut self, len: usize, kind: u32) {
        let start = self.heap.text.len();
        self.heap
            .text
            .extend_from_slice(&self.text[self.at..self.at + len]);
        self.heap.push_scalar(start, kind);
        self.at += len;
    }
    fn word(&mut self, word: &[u8], kind: u32) -> Result<(), IndexError> {
        if !self.text[self.at..].starts_with(word) {
            return self.fail("Unrecognized token");
        }
        self.scalar(word.len(), kind);
        Ok(())
    }
    fn string(&mut self) -> Result<(), IndexError> {
        let mut i = self.at + 1;
        let mut escaped = false;
        loop {
            match self.text.get(i) {
                None | Some(0..=0x1f) => return self.fail("Unterminated string"),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    let ok = match self.text.get(i + 1) {
                        Some(b'u') => self
                            .text
                            .get(i + 2..i + 6)
                            .is_some_and(|h| h.iter().all(u8::is_ascii_hexdigit)),
                        Some(b) => b"\"\\/bfnrt".contains(b),
                        None => false,
                    };
                    if !ok {
                        return self.fail("Unrecognized character escape");
                    }
                    i += 2;
                }
                _ => i += 1,
            }
        }
        self.scalar(
            i + 1 - self.at,
            meta::STRING | if escaped { meta::ESCAPED } else { 0 },
        );
        Ok(())
    }
    fn number(&mut self) -> Result<(), IndexError> {
        let t = &self.text[self.at..];
        let mut i = usize::from(t[0] == b'-');
        let digits = |mut i: usize| {
            let s = i;
            while t.get(i).is_some_and(u8::is_ascii_digit) {
                i += 1;
            }
            (i, i > s)
        };
        if t.get(i) == Some(&b'0') {
            i += 1;
        } else {
            let (e, ok) = digits(i);
            if !ok {
                return self.fail("number");
            }
            i = e;
        }
        if t.get(i) == Some(&b'.') {
            let (e, ok) = digits(i + 1);
            if !ok {
                return self.fail("number");
            }
            i = e;
        }
        if matches!(t.get(i), Some(b'e' | b'E')) {
            i += 1;
            if matches!(t.get(i), Some(b'+' | b'-')) {
                i += 1;
            }
            let (e, ok) = digits(i);
            if !ok {
                return self.fail("number");
            }
            i = e;
        }
        if !matches!(
            t.get(i),
            None | Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')
        ) {
            return self.fail("number");
        }
        self.scalar(i, meta::NUMBER);
        Ok(())
    }
}
