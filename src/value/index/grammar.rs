//! The second pass: walks from token to token, checks the grammar, writes the nodes.
//!
//! Safe code: it works on slices whose bounds were made sure of before, and gives up early when it runs
//! out of room. Knows nothing of how the first pass was made, and not where an error is: it only stops.

use super::number;
use crate::value::node::{DEPTH_MAX, Node, meta};

/// What is walked: `start..end` of the text, blanks around it removed, and the notes of the first pass.
pub(super) struct Source<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The closing quote of each string.
    pub(super) closes: &'a [u32],
    /// Each backslash that begins an escape, then `u32::MAX`.
    pub(super) escapes: &'a [u32],
}

/// Why a walk stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// There are more nodes than room for them.
    Room,
    /// A blank stands between tokens, and the walk was for dense texts.
    Blank,
    /// This is not JSON, or it is nested too deep.
    Invalid,
}

/// How much a walk wrote.
pub(super) struct Walked {
    pub(super) nodes: usize,
    /// Bytes of dense text.
    pub(super) dense: usize,
}

/// Walks a text and writes its nodes, the first of which becomes entry `first` of the heap's table.
///
/// `SPACED`: blanks may stand between tokens; then the dense text is written to `dense`, which is byte
/// `dense_base` of the heap's text. It must have room for the whole text and 64 bytes more.
pub(super) fn walk<const SPACED: bool>(
    text: &[u8],
    dense: &mut [u8],
    dense_base: usize,
    source: &Source<'_>,
    first: usize,
    nodes: &mut [Node],
) -> Result<Walked, Stop> {
    let mut walk = Walk::<SPACED> {
        text,
        at: source.start,
        closes: source.closes,
        string: 0,
        escapes: source.escapes,
        next_escape: source.escapes.first().copied().unwrap_or(u32::MAX),
        nodes,
        count: 0,
        first: first as u32,
        dense,
        dense_base: dense_base as u32,
        written: 0,
        open: Open {
            node: u32::MAX,
            object: false,
            parts: 0,
            deepest: 0,
        },
        level: 0,
    };
    walk.document()?;
    if walk.at != source.end {
        return Err(if walk.at < source.end {
            walk.unexpected(walk.at)
        } else {
            Stop::Invalid
        });
    }
    Ok(Walked {
        nodes: walk.count,
        dense: walk.written,
    })
}

/// The walk. All of it is inlined into [`walk`], so that these fields live in registers.
struct Walk<'a, const SPACED: bool> {
    text: &'a [u8],
    at: usize,
    closes: &'a [u32],
    string: usize,
    escapes: &'a [u32],
    next_escape: u32,
    nodes: &'a mut [Node],
    count: usize,
    first: u32,
    dense: &'a mut [u8],
    dense_base: u32,
    written: usize,
    open: Open,
    /// How many arrays and objects are open.
    level: u32,
}

/// The innermost open array or object. Those around it wait in their own nodes: `end` holds `parts`,
/// `next` the node around, `meta` kind and `deepest`. So nesting needs no stack.
#[derive(Clone, Copy)]
struct Open {
    /// Its node, counted from the walk's first.
    node: u32,
    object: bool,
    parts: u32,
    /// The deepest level reached in it.
    deepest: u32,
}

impl<const SPACED: bool> Walk<'_, SPACED> {
    #[inline(always)]
    fn document(&mut self) -> Result<(), Stop> {
        'value: loop {
            match self.token()? {
                b'"' => self.string()?,
                b'{' => {
                    self.open(true)?;
                    if self.token()? != b'}' {
                        self.key()?;
                        continue 'value;
                    }
                    self.open.parts = 0;
                    if self.close()? {
                        return Ok(());
                    }
                }
                b'[' => {
                    self.open(false)?;
                    if self.token()? != b']' {
                        continue 'value;
                    }
                    self.open.parts = 0;
                    if self.close()? {
                        return Ok(());
                    }
                }
                byte @ (b'-' | b'0'..=b'9') => {
                    let end = number::end(self.text, self.at, byte).ok_or(Stop::Invalid)?;
                    self.scalar(end, meta::NUMBER)?;
                }
                b't' => self.word(b"true", meta::TRUE)?,
                b'n' => self.word(b"null", meta::NULL)?,
                b'f' => self.word(b"false", meta::FALSE)?,
                _ => return Err(self.unexpected(self.at)),
            }
            if self.level == 0 {
                return Ok(());
            }
            loop {
                match self.token()? {
                    b',' => {
                        self.copy_byte(b',');
                        self.open.parts += 1;
                        if self.open.object {
                            self.token()?;
                            self.key()?;
                        }
                        continue 'value;
                    }
                    b'}' if self.open.object => {}
                    b']' if !self.open.object => {}
                    _ => return Err(self.unexpected(self.at)),
                }
                if self.close()? {
                    return Ok(());
                }
            }
        }
    }

    /// Returns the byte of the next token, which is then at `at`.
    #[inline(always)]
    fn token(&mut self) -> Result<u8, Stop> {
        let byte = self.byte(self.at)?;
        if !SPACED || byte > b' ' {
            return Ok(byte);
        }
        if byte == b' ' {
            self.at += 1;
            let byte = self.byte(self.at)?;
            if byte > b' ' {
                return Ok(byte);
            }
        }
        self.at = skip_blanks(self.text, self.at);
        self.byte(self.at)
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> Result<u8, Stop> {
        self.text.get(at).copied().ok_or(Stop::Invalid)
    }

    #[cold]
    fn unexpected(&self, at: usize) -> Stop {
        match self.text.get(at) {
            Some(b' ' | b'\n' | b'\r' | b'\t') if !SPACED => Stop::Blank,
            _ => Stop::Invalid,
        }
    }

    #[inline(always)]
    fn key(&mut self) -> Result<(), Stop> {
        if self.byte(self.at)? != b'"' {
            return Err(self.unexpected(self.at));
        }
        self.string()?;
        if self.token()? != b':' {
            return Err(self.unexpected(self.at));
        }
        self.copy_byte(b':');
        Ok(())
    }

    /// Moves over a byte of structure.
    #[inline(always)]
    fn copy_byte(&mut self, byte: u8) {
        self.at += 1;
        if SPACED {
            if let Some(place) = self.dense.get_mut(self.written) {
                *place = byte;
            }
            self.written += 1;
        }
    }

    #[inline(always)]
    fn string(&mut self) -> Result<(), Stop> {
        let close = *self.closes.get(self.string).ok_or(Stop::Invalid)?;
        self.string += 1;
        let mut kind = meta::STRING;
        if self.next_escape < close {
            kind |= meta::ESCAPED;
            self.skip_escapes(close);
        }
        self.scalar(close as usize + 1, kind)
    }

    #[inline(always)]
    fn skip_escapes(&mut self, close: u32) {
        while self.next_escape < close {
            self.escapes = &self.escapes[1..];
            self.next_escape = self.escapes.first().copied().unwrap_or(u32::MAX);
        }
    }

    #[inline(always)]
    fn word(&mut self, word: &[u8], kind: u32) -> Result<(), Stop> {
        let end = self.at + word.len();
        if self.text.get(self.at..end) != Some(word) {
            return Err(Stop::Invalid);
        }
        self.scalar(end, kind)
    }

    /// Writes the node of a scalar that ends at `end`.
    #[inline(always)]
    fn scalar(&mut self, end: usize, kind: u32) -> Result<(), Stop> {
        let (start, stop) = if SPACED {
            let start = self.dense_base + self.written as u32;
            self.copy(end);
            (start, self.dense_base + self.written as u32)
        } else {
            (self.at as u32, end as u32)
        };
        let next = self.first + self.count as u32 + 1;
        self.put(Node {
            start,
            end: stop,
            next,
            meta: kind,
        })?;
        self.at = end;
        Ok(())
    }

    #[inline(always)]
    fn put(&mut self, node: Node) -> Result<(), Stop> {
        *self.nodes.get_mut(self.count).ok_or(Stop::Room)? = node;
        self.count += 1;
        Ok(())
    }

    /// Copies `at..end` to the dense text: most tokens are short, and 32 bytes are copied faster than
    /// their number is looked at. What is too much is overwritten by what comes next.
    #[inline(always)]
    fn copy(&mut self, end: usize) {
        let len = end - self.at;
        let from = self.text.get(self.at..).and_then(|text| text.first_chunk::<32>());
        let to = self
            .dense
            .get_mut(self.written..)
            .and_then(|dense| dense.first_chunk_mut::<32>());
        match (from, to) {
            (Some(from), Some(to)) if len <= 32 => *to = *from,
            _ => self.dense[self.written..][..len].copy_from_slice(&self.text[self.at..end]),
        }
        self.written += len;
    }

    #[inline(always)]
    fn open(&mut self, object: bool) -> Result<(), Stop> {
        if self.level == DEPTH_MAX {
            return Err(Stop::Invalid);
        }
        if let Some(around) = self.nodes.get_mut(self.open.node as usize) {
            around.end = self.open.parts;
            around.meta = container(self.open.object) | self.open.deepest << meta::DEPTH_SHIFT;
        }
        let start = if SPACED {
            self.dense_base + self.written as u32
        } else {
            self.at as u32
        };
        let node = self.count as u32;
        self.put(Node {
            start,
            end: 0,
            next: self.open.node,
            meta: 0,
        })?;
        self.level += 1;
        self.open = Open {
            node,
            object,
            parts: 1,
            deepest: self.level,
        };
        self.copy_byte(if object { b'{' } else { b'[' });
        Ok(())
    }

    /// Ends the innermost container at its closing bracket; says whether it was the outermost.
    #[inline(always)]
    fn close(&mut self) -> Result<bool, Stop> {
        let Open {
            node,
            object,
            parts,
            deepest,
        } = self.open;
        self.copy_byte(if object { b'}' } else { b']' });
        let end = if SPACED {
            self.dense_base + self.written as u32
        } else {
            self.at as u32
        };
        let done = self.nodes.get_mut(node as usize).ok_or(Stop::Room)?;
        let around = done.next;
        done.end = end;
        done.next = self.first + self.count as u32;
        let depth = deepest - self.level + 1;
        done.meta =
            container(object) | depth << meta::DEPTH_SHIFT | parts.min(meta::COUNT_MAX) << meta::COUNT_SHIFT;
        self.level -= 1;
        if self.level == 0 {
            return Ok(true);
        }
        let outer = self.nodes.get(around as usize).ok_or(Stop::Room)?;
        let before = outer.depth();
        self.open = Open {
            node: around,
            object: outer.kind() == meta::OBJECT,
            parts: outer.end,
            deepest: before.max(deepest),
        };
        Ok(false)
    }
}

#[inline(always)]
fn container(object: bool) -> u32 {
    if object { meta::OBJECT } else { meta::ARRAY }
}

/// Returns where the next byte that is not blank stands.
#[cold]
fn skip_blanks(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
        .count()
}
