//! The second pass: walks from token to token of a dense text, checks the grammar, writes the nodes.
//!
//! Knows nothing of how the first pass was made, and not where an error is: it only stops. Safe code; how it
//! reaches the text and the nodes is the matter of a [`Reach`], whose rules it keeps (one of them relies on it).
//! Members and elements have loops of their own, and a closing bracket its own code behind it, so that each
//! branch is predicted by what came before in its place.

use super::marks::Marks;
use super::number;
use super::reach::Reach;
use crate::value::node::{Node, meta};

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

impl<'a> Source<'a> {
    /// `marks` are what the first pass noted of `start..end` of this very text, and it was sound.
    pub(super) fn new(text: &'a [u8], start: usize, end: usize, marks: &'a Marks) -> Source<'a> {
        Source {
            text,
            start,
            end,
            closes: marks.closes.as_slice(),
            escapes: marks.escapes.as_slice(),
        }
    }
}

/// Why a walk stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// There are more nodes than room for them.
    Room,
    /// Arrays and objects are nested deeper than the buffer for them.
    Depth,
    /// A blank stands between tokens.
    Blank,
    /// This is not JSON, or it is nested too deep.
    Invalid,
}

/// An open array or object.
#[derive(Clone, Copy, Default)]
pub(super) struct Open {
    /// Its node, and where its text starts.
    node: u32,
    start: u32,
    /// Elements or members so far, while another is open in it.
    parts: u32,
    /// [`meta::ARRAY`] or [`meta::OBJECT`]; 0 of what stands for the document.
    kind: u32,
    /// Its depth so far.
    depth: u32,
}

/// What comes next inside an array or object just begun or gone back to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The quote of a key.
    Member,
    /// A value of an array.
    Element,
    /// Neither: none was begun, or none is open any more.
    Nothing,
}

/// Walks a text and writes its nodes; returns how many there are then.
#[inline(always)]
pub(super) fn walk(source: &Source<'_>, reach: impl Reach) -> Result<usize, Stop> {
    let mut walk = Walk {
        reach,
        at: source.start,
        escapes: source.escapes.iter(),
        next_escape: NONE,
        parts: 0,
    };
    *walk.reach.open() = Open::default();
    walk.skip_escape();
    walk.document()?;
    if walk.at != source.end {
        return Err(walk.unexpected());
    }
    Ok(walk.reach.count() as usize)
}

const NONE: usize = usize::MAX;

/// The walk. All of it is inlined into [`walk`], so that these fields live in registers.
struct Walk<'a, R> {
    reach: R,
    at: usize,
    escapes: std::slice::Iter<'a, u32>,
    next_escape: usize,
    /// Elements or members of the innermost open array or object.
    parts: u32,
}

impl<R: Reach> Walk<'_, R> {
    #[inline(always)]
    fn document(&mut self) -> Result<(), Stop> {
        self.room()?;
        let [first] = self.reach.chunk(self.at);
        let mut next = self.value(first)?;
        loop {
            if next == Next::Member {
                next = self.members()?;
            }
            if next == Next::Element {
                next = self.elements()?;
            }
            if next == Next::Nothing {
                return Ok(());
            }
        }
    }

    /// Moves over members until an array begins or goes on, or nothing is open.
    #[inline(always)]
    fn members(&mut self) -> Result<Next, Stop> {
        loop {
            self.room()?;
            let first = self.key()?;
            match self.value(first)? {
                Next::Nothing => {}
                Next::Member => continue,
                Next::Element => return Ok(Next::Element),
            }
            let pair: [u8; 2] = self.reach.chunk(self.at);
            if pair == *b",\"" {
                self.at += 1;
                self.parts += 1;
            } else if pair[0] == b'}' {
                match self.leave()? {
                    Next::Member => {}
                    next => return Ok(next),
                }
            } else {
                return Err(stray(pair));
            }
        }
    }

    /// Moves over elements until an object begins or goes on, or nothing is open.
    #[inline(always)]
    fn elements(&mut self) -> Result<Next, Stop> {
        loop {
            self.room()?;
            let [first] = self.reach.chunk(self.at);
            match self.value(first)? {
                Next::Nothing => {}
                Next::Member => return Ok(Next::Member),
                Next::Element => continue,
            }
            let [after] = self.reach.chunk(self.at);
            if after == b',' {
                self.at += 1;
                self.parts += 1;
            } else if after == b']' {
                match self.leave()? {
                    Next::Element => {}
                    next => return Ok(next),
                }
            } else {
                return Err(unexpected(after));
            }
        }
    }

    #[inline(always)]
    fn room(&self) -> Result<(), Stop> {
        if self.reach.has_room() {
            Ok(())
        } else {
            Err(Stop::Room)
        }
    }

    /// Moves over a value that begins with the byte `first`, or into it if it is an array or object
    /// with something in it.
    #[inline(always)]
    fn value(&mut self, first: u8) -> Result<Next, Stop> {
        if first == b'"' {
            self.string()?;
        } else if first.is_ascii_digit() {
            let end = number::end::<false>(&self.reach, self.at)?;
            self.scalar(end, meta::NUMBER);
        } else if first == b'-' {
            let end = number::end::<true>(&self.reach, self.at + 1)?;
            self.scalar(end, meta::NUMBER);
        } else if first == b'{' {
            return self.open(b'}', meta::OBJECT);
        } else if first == b'[' {
            return self.open(b']', meta::ARRAY);
        } else {
            match first {
                b't' => self.word(*b"true", 4, meta::TRUE)?,
                b'n' => self.word(*b"null", 4, meta::NULL)?,
                b'f' => self.word(*b"alse", 5, meta::FALSE)?,
                _ => return Err(unexpected(first)),
            }
        }
        Ok(Next::Nothing)
    }

    /// Moves over a scalar that ends at `end`.
    #[inline(always)]
    fn scalar(&mut self, end: usize, kind: u32) {
        self.reach.put(self.at, end, kind);
        self.at = end;
    }

    /// Moves over a key and its colon; returns the first byte of the value.
    #[inline(always)]
    fn key(&mut self) -> Result<u8, Stop> {
        self.string()?;
        let [colon] = self.reach.chunk(self.at);
        if colon != b':' {
            return Err(unexpected(colon));
        }
        self.at += 1;
        let [first] = self.reach.chunk(self.at);
        Ok(first)
    }

    #[inline(always)]
    fn unexpected(&self) -> Stop {
        unexpected(self.reach.chunk::<1>(self.at)[0])
    }

    #[inline(always)]
    fn string(&mut self) -> Result<(), Stop> {
        let close = self.reach.close().ok_or(Stop::Invalid)?;
        let start = self.at;
        self.at = close + 1;
        self.reach.put(start, self.at, meta::STRING);
        if self.next_escape < close {
            self.reach.put_again(start, self.at, meta::STRING | meta::ESCAPED);
            while self.next_escape < close {
                self.skip_escape();
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn skip_escape(&mut self) {
        self.next_escape = self.escapes.next().map_or(NONE, |&at| at as usize);
    }

    /// Moves over a word of this length whose last four bytes are these.
    #[inline(always)]
    fn word(&mut self, tail: [u8; 4], len: usize, kind: u32) -> Result<(), Stop> {
        let end = self.at + len;
        if self.reach.chunk(end - tail.len()) != tail {
            return Err(Stop::Invalid);
        }
        self.scalar(end, kind);
        Ok(())
    }

    /// Moves into an array or object; over it, if it is empty.
    #[inline(always)]
    fn open(&mut self, end: u8, kind: u32) -> Result<Next, Stop> {
        let start = self.at;
        let [_, first] = self.reach.chunk(start);
        self.reach.open().parts = self.parts;
        if !self.reach.enter() {
            return Err(Stop::Depth);
        }
        self.at += 1;
        if first == end {
            self.at += 1;
            self.reach.exit();
            let outer = self.reach.open();
            outer.depth = outer.depth.max(2);
            self.reach.put(start, self.at, kind | 1 << meta::DEPTH_SHIFT);
            return Ok(Next::Nothing);
        }
        if kind == meta::OBJECT && first != b'"' {
            return Err(unexpected(first));
        }
        // Its node is written at the end.
        let node = self.reach.skip();
        *self.reach.open() = Open {
            node,
            start: start as u32,
            parts: 0,
            kind,
            depth: 1,
        };
        self.parts = 1;
        Ok(if kind == meta::OBJECT {
            Next::Member
        } else {
            Next::Element
        })
    }

    /// Ends the innermost array or object, at its bracket, and those around it that end there too.
    #[inline(always)]
    fn leave(&mut self) -> Result<Next, Stop> {
        loop {
            self.at += 1;
            let inner = *self.reach.open();
            self.reach.exit();
            let meta = inner.kind
                | inner.depth << meta::DEPTH_SHIFT
                | self.parts.min(meta::COUNT_MAX) << meta::COUNT_SHIFT;
            let node = Node::new(inner.start, self.at as u32, self.reach.count(), meta);
            self.reach.set(inner.node, node);
            let outer = self.reach.open();
            outer.depth = outer.depth.max(inner.depth + 1);
            let kind = outer.kind;
            self.parts = outer.parts;
            let pair: [u8; 2] = self.reach.chunk(self.at);
            match kind {
                meta::OBJECT => {
                    if pair == *b",\"" {
                        self.at += 1;
                        self.parts += 1;
                        return Ok(Next::Member);
                    }
                    if pair[0] != b'}' {
                        return Err(stray(pair));
                    }
                }
                meta::ARRAY => {
                    if pair[0] == b',' {
                        self.at += 1;
                        self.parts += 1;
                        return Ok(Next::Element);
                    }
                    if pair[0] != b']' {
                        return Err(unexpected(pair[0]));
                    }
                }
                _ => return Ok(Next::Nothing),
            }
        }
    }
}

/// Says what is wrong with the byte that stands where another should.
#[cold]
#[inline(never)]
fn unexpected(byte: u8) -> Stop {
    if is_blank(byte) {
        Stop::Blank
    } else {
        Stop::Invalid
    }
}

/// Says what is wrong after a member.
#[cold]
#[inline(never)]
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
