//! The second pass: walks from token to token, checks the grammar, writes the nodes.
//!
//! Safe code: it works on slices, and gives up early when it runs out of room. Knows nothing of how the
//! first pass was made, and not where an error is: it only stops. Without any bounds checks it would take
//! about a fifth less time (`perf/value.md`); checks on the text alone are 5 %.

use super::number;
use crate::value::node::{DEPTH_MAX, Node, meta};

/// What is walked: `start..end` of the text, blanks around it removed, and the notes of the first pass.
pub(super) struct Source<'a> {
    /// The heap's text as far as it is written, padding included.
    pub(super) text: &'a [u8],
    pub(super) start: usize,
    pub(super) end: usize,
    /// The closing quote of each string.
    pub(super) closes: &'a [u32],
    /// Each backslash that begins an escape.
    pub(super) escapes: &'a [u32],
}

/// Where the dense text goes if there are blanks between tokens: byte `base` of the heap's text and on,
/// with room for the whole text and 64 bytes more.
pub(super) struct Dense<'a> {
    pub(super) text: &'a mut [u8],
    pub(super) base: usize,
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

/// Walks a text and writes its nodes to `nodes`, from entry `first` on.
///
/// `SPACED`: blanks may stand between tokens; then the dense text is written too. `around` is a buffer.
#[inline(always)]
pub(super) fn walk<const SPACED: bool>(
    source: &Source<'_>,
    nodes: &mut [Node],
    first: usize,
    dense: &mut Dense<'_>,
    around: &mut Vec<Open>,
) -> Result<Walked, Stop> {
    around.clear();
    let mut walk = Walk::<SPACED> {
        text: source.text,
        at: source.start,
        closes: source.closes.iter(),
        escapes: source.escapes.iter(),
        next_escape: NONE,
        nodes,
        count: first,
        dense: dense.text,
        dense_base: dense.base as u32,
        written: 0,
        parts: 0,
        deepest: 0,
        open_node: NONE,
        open_start: 0,
        around,
    };
    walk.skip_escape();
    walk.document()?;
    if walk.at != source.end {
        return Err(walk.unexpected());
    }
    Ok(Walked {
        nodes: walk.count - first,
        dense: walk.written,
    })
}

const NONE: u32 = u32::MAX;

/// The walk. All of it is inlined into [`walk`], so that these fields live in registers.
struct Walk<'a, const SPACED: bool> {
    text: &'a [u8],
    at: usize,
    closes: std::slice::Iter<'a, u32>,
    escapes: std::slice::Iter<'a, u32>,
    next_escape: u32,
    nodes: &'a mut [Node],
    count: usize,
    dense: &'a mut [u8],
    dense_base: u32,
    written: usize,
    /// The innermost open array or object.
    parts: u32,
    deepest: u32,
    open_node: u32,
    open_start: u32,
    /// Those around it.
    around: &'a mut Vec<Open>,
}

/// An open array or object.
#[derive(Clone, Copy)]
pub(super) struct Open {
    /// Its node, and where its text starts.
    node: u32,
    start: u32,
    /// Elements or members so far.
    parts: u32,
    /// Its kind, and the deepest level reached in it.
    meta: u32,
}

/// Where the walk is.
#[derive(Clone, Copy)]
enum Step {
    /// At the quote of a key.
    Member,
    /// At a value of an array.
    Element,
    AfterMember,
    AfterElement,
    Done,
}

impl<const SPACED: bool> Walk<'_, SPACED> {
    #[inline(always)]
    fn document(&mut self) -> Result<(), Stop> {
        let first = self.byte()?;
        let mut step = self.value(first, Step::Done)?;
        loop {
            step = match step {
                Step::Member => {
                    let first = self.key()?;
                    self.value(first, Step::AfterMember)?
                }
                Step::Element => {
                    let first = self.token()?;
                    self.value(first, Step::AfterElement)?
                }
                Step::AfterMember => self.after_member()?,
                Step::AfterElement => self.after_element()?,
                Step::Done => return Ok(()),
            }
        }
    }

    /// Moves over a value that begins with the byte `first`, or into it if it is an array or object
    /// with something in it.
    #[inline(always)]
    fn value(&mut self, first: u8, after: Step) -> Result<Step, Stop> {
        match first {
            b'"' => self.string()?,
            b'-' | b'0'..=b'9' => {
                let end = number::end(self.text, self.at, first).ok_or(Stop::Invalid)?;
                self.scalar(end, meta::NUMBER)?;
            }
            b'{' => return self.open(b'}', meta::OBJECT, Step::Member, after),
            b'[' => return self.open(b']', meta::ARRAY, Step::Element, after),
            b't' => self.word(b"true", meta::TRUE)?,
            b'n' => self.word(b"null", meta::NULL)?,
            b'f' => self.word(b"false", meta::FALSE)?,
            _ => return Err(self.unexpected()),
        }
        Ok(after)
    }

    /// Moves over a key and its colon; returns the first byte of the value.
    #[inline(always)]
    fn key(&mut self) -> Result<u8, Stop> {
        self.string()?;
        if SPACED {
            if self.token()? != b':' {
                return Err(Stop::Invalid);
            }
            self.copy_byte(b':');
            return self.token();
        }
        let [colon, first] = self.two()?;
        if colon != b':' {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(first)
    }

    #[inline(always)]
    fn after_member(&mut self) -> Result<Step, Stop> {
        if !SPACED {
            let two = self.two()?;
            if two == *b",\"" {
                self.at += 1;
                self.parts += 1;
                return Ok(Step::Member);
            }
            return if two[0] == b'}' {
                self.close(b'}', meta::OBJECT)
            } else {
                Err(stray(two))
            };
        }
        match self.token()? {
            b',' => {
                self.copy_byte(b',');
                self.parts += 1;
                if self.token()? == b'"' {
                    Ok(Step::Member)
                } else {
                    Err(Stop::Invalid)
                }
            }
            b'}' => self.close(b'}', meta::OBJECT),
            _ => Err(Stop::Invalid),
        }
    }

    #[inline(always)]
    fn after_element(&mut self) -> Result<Step, Stop> {
        match self.token()? {
            b',' => {
                self.copy_byte(b',');
                self.parts += 1;
                Ok(Step::Element)
            }
            b']' => self.close(b']', meta::ARRAY),
            _ => Err(self.unexpected()),
        }
    }

    /// Returns the byte of the next token, which is then at `at`.
    #[inline(always)]
    fn token(&mut self) -> Result<u8, Stop> {
        let byte = self.byte()?;
        if !SPACED || byte > b' ' {
            return Ok(byte);
        }
        if byte == b' ' {
            self.at += 1;
            let byte = self.byte()?;
            if byte > b' ' {
                return Ok(byte);
            }
        }
        self.at = skip_blanks(self.text, self.at);
        self.byte()
    }

    #[inline(always)]
    fn byte(&self) -> Result<u8, Stop> {
        self.text.get(self.at).copied().ok_or(Stop::Invalid)
    }

    /// Returns the next two bytes: one look for what mostly comes in pairs.
    #[inline(always)]
    fn two(&self) -> Result<[u8; 2], Stop> {
        self.text
            .get(self.at..)
            .and_then(|rest| rest.first_chunk())
            .copied()
            .ok_or(Stop::Invalid)
    }

    #[inline(always)]
    fn unexpected(&self) -> Stop {
        unexpected::<SPACED>(self.text, self.at)
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
        let close = *self.closes.next().ok_or(Stop::Invalid)?;
        let mut kind = meta::STRING;
        if self.next_escape < close {
            kind |= meta::ESCAPED;
            while self.next_escape < close {
                self.skip_escape();
            }
        }
        self.scalar(close as usize + 1, kind)
    }

    #[inline(always)]
    fn skip_escape(&mut self) {
        self.next_escape = self.escapes.next().copied().unwrap_or(NONE);
    }

    #[inline(always)]
    fn word(&mut self, word: &[u8], kind: u32) -> Result<(), Stop> {
        let end = self.at + word.len();
        if self.text.get(self.at..end) != Some(word) {
            return Err(Stop::Invalid);
        }
        self.scalar(end, kind)
    }

    /// Where the next byte stands in the heap's dense text.
    #[inline(always)]
    fn place(&self) -> u32 {
        if SPACED {
            self.dense_base + self.written as u32
        } else {
            self.at as u32
        }
    }

    /// Writes the node of a scalar that ends at `end`, and moves there.
    #[inline(always)]
    fn scalar(&mut self, end: usize, kind: u32) -> Result<(), Stop> {
        let start = self.place();
        if SPACED {
            self.copy(end);
        }
        self.at = end;
        self.put(start, self.place(), self.count as u32 + 1, kind)
    }

    #[inline(always)]
    fn put(&mut self, start: u32, end: u32, next: u32, meta: u32) -> Result<(), Stop> {
        *self.nodes.get_mut(self.count).ok_or(Stop::Room)? = Node::new(start, end, next, meta);
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

    /// Moves into an array or object; over it, if it is empty.
    #[inline(always)]
    fn open(&mut self, end: u8, kind: u32, inside: Step, after: Step) -> Result<Step, Stop> {
        let level = self.around.len() as u32 + 1;
        if level > DEPTH_MAX {
            return Err(Stop::Invalid);
        }
        let start = self.place();
        self.copy_byte(if kind == meta::OBJECT { b'{' } else { b'[' });
        let first = self.token()?;
        if first == end {
            self.copy_byte(end);
            self.deepest = self.deepest.max(level);
            self.put(
                start,
                self.place(),
                self.count as u32 + 1,
                kind | 1 << meta::DEPTH_SHIFT,
            )?;
            return Ok(after);
        }
        if kind == meta::OBJECT && first != b'"' {
            return Err(self.unexpected());
        }
        let outer = if matches!(after, Step::AfterMember) {
            meta::OBJECT
        } else {
            meta::ARRAY
        };
        self.around.push(Open {
            node: self.open_node,
            start: self.open_start,
            parts: self.parts,
            meta: outer | self.deepest << meta::DEPTH_SHIFT,
        });
        self.open_node = self.count as u32;
        self.open_start = start;
        self.parts = 1;
        self.deepest = level;
        // Its node is written at its end.
        self.count += 1;
        Ok(inside)
    }

    /// Ends the innermost array or object at its bracket and goes back to the one around it.
    #[inline(always)]
    fn close(&mut self, bracket: u8, kind: u32) -> Result<Step, Stop> {
        self.copy_byte(bracket);
        let (end, next) = (self.place(), self.count as u32);
        let depth = self.deepest + 1 - self.around.len() as u32;
        let meta = kind | depth << meta::DEPTH_SHIFT | self.parts.min(meta::COUNT_MAX) << meta::COUNT_SHIFT;
        let place = self.nodes.get_mut(self.open_node as usize).ok_or(Stop::Room)?;
        *place = Node::new(self.open_start, end, next, meta);
        let outer = self.around.pop().ok_or(Stop::Invalid)?;
        if self.around.is_empty() {
            return Ok(Step::Done);
        }
        self.open_node = outer.node;
        self.open_start = outer.start;
        self.parts = outer.parts;
        self.deepest = self.deepest.max(outer.meta >> meta::DEPTH_SHIFT);
        Ok(if outer.meta & meta::KIND == meta::OBJECT {
            Step::AfterMember
        } else {
            Step::AfterElement
        })
    }
}

/// Says what is wrong at `at`. Apart from the walk: a call that is handed the walk itself would keep all
/// its fields in memory.
#[cold]
fn unexpected<const SPACED: bool>(text: &[u8], at: usize) -> Stop {
    match text.get(at) {
        Some(&byte) if !SPACED && is_blank(byte) => Stop::Blank,
        _ => Stop::Invalid,
    }
}

/// Says what is wrong after a member.
#[cold]
fn stray([first, second]: [u8; 2]) -> Stop {
    if is_blank(first) || (first == b',' && is_blank(second)) {
        Stop::Blank
    } else {
        Stop::Invalid
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// Returns where the next byte that is not blank stands.
#[inline(never)]
fn skip_blanks(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| is_blank(**byte)).count()
}
