//! The second pass: walks from token to token of a dense text, checks the grammar, writes the nodes.
//!
//! Knows nothing of how the first pass was made, and not where an error is: it only stops. Safe code; how it
//! reaches the text and the nodes is the matter of a [`Reach`], whose rules it keeps (one of them relies on it).
//! Members and elements have loops of their own, and a closing bracket its own code behind it, so that each
//! branch is predicted by what came before in its place.
//!
//! A walk that looks at names also says whether an object may have one twice: it notes the [`mark`] of each, which takes
//! a quarter of what a look at all names afterwards takes.

use super::marks::Marks;
use super::number;
use super::reach::Reach;
use crate::value::distinct::mark;
use crate::value::node::meta;
use std::cell::Cell;

/// What is walked: `start..end` of the text, blanks around it removed, and the notes of the first pass. What a walk
/// changes for few texts is here as well, since registers are short.
pub(super) struct Source<'a> {
    /// The heap's text as far as it is written, padding included.
    pub(super) text: &'a [u8],
    pub(super) start: usize,
    pub(super) end: usize,
    /// The closing quote of each string.
    pub(super) closes: &'a [u32],
    /// Each backslash that begins an escape.
    pub(super) escapes: &'a [u32],
    /// What names are mixed with for their marks, an odd number.
    pub(super) salt: u32,
    /// How many escapes the walk has met.
    met: Cell<usize>,
    /// Whether an object may have a name twice.
    may_double: Cell<bool>,
}

impl<'a> Source<'a> {
    /// `marks` are what the first pass noted of `start..end` of this very text, and it was sound.
    pub(super) fn new(text: &'a [u8], start: usize, end: usize, marks: &'a Marks, salt: u32) -> Source<'a> {
        Source {
            text,
            start,
            end,
            closes: marks.closes.as_slice(),
            escapes: marks.escapes.as_slice(),
            salt,
            met: Cell::new(0),
            may_double: Cell::new(false),
        }
    }
}

impl Source<'_> {
    /// Returns where the next escape is; behind all places if there is none.
    #[inline(always)]
    fn next_escape(&self) -> usize {
        let next = self.escapes.get(self.met.get());
        self.met.set(self.met.get() + 1);
        next.map_or(usize::MAX, |&at| at as usize)
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
    /// The marks of its names so far, if it is an object; see [`Walk::name`].
    names: u64,
    /// The place of its node.
    place: usize,
    /// Where its text starts.
    start: u32,
    /// Elements or members so far.
    parts: u32,
    /// [`meta::ARRAY`] or [`meta::OBJECT`]; 0 of what stands for the document.
    kind: u32,
    /// Its depth so far.
    depth: u32,
}

/// What a walk has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Walked {
    /// How many nodes there are then.
    pub(super) count: usize,
    /// Whether an object may have a name twice.
    pub(super) may_double: bool,
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

/// Walks a text and writes its nodes. Where it does not look at `NAMES`, any object may have one twice.
#[inline(always)]
pub(super) fn walk<R: Reach, const NAMES: bool>(source: &Source<'_>, reach: R) -> Result<Walked, Stop> {
    source.met.set(0);
    source.may_double.set(!NAMES);
    let mut walk: Walk<'_, R, NAMES> = Walk {
        source,
        reach,
        at: source.start,
        next_escape: source.next_escape(),
    };
    *walk.reach.level() = Open::default();
    walk.document(source.end)?;
    if walk.at != source.end {
        return Err(walk.unexpected());
    }
    Ok(Walked {
        count: walk.reach.count(),
        may_double: source.may_double.get(),
    })
}

/// The walk. All of it is inlined into [`walk`], so that these fields live in registers.
struct Walk<'a, R, const NAMES: bool> {
    source: &'a Source<'a>,
    reach: R,
    at: usize,
    next_escape: usize,
}

impl<R: Reach, const NAMES: bool> Walk<'_, R, NAMES> {
    #[inline(always)]
    fn document(&mut self, end: usize) -> Result<(), Stop> {
        self.room()?;
        let [first] = self.reach.chunk(self.at);
        let mut next = self.value(first)?;
        if next == Next::Nothing && self.at != end {
            return self.lengthen();
        }
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
            loop {
                let pair: [u8; 2] = self.reach.chunk(self.at);
                if pair == *b",\"" {
                    self.at += 1;
                    self.reach.level().parts += 1;
                    break;
                }
                if pair[0] == b'}' {
                    self.end_names();
                    match self.leave()? {
                        Next::Member => break,
                        next => return Ok(next),
                    }
                }
                self.lengthen().map_err(|_| stray(pair))?;
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
            loop {
                let [after] = self.reach.chunk(self.at);
                if after == b',' {
                    self.at += 1;
                    self.reach.level().parts += 1;
                    break;
                }
                if after == b']' {
                    match self.leave()? {
                        Next::Element => break,
                        next => return Ok(next),
                    }
                }
                self.lengthen()?;
            }
        }
    }

    /// Goes on with a number, behind which another byte stands than may follow a value; nothing else can go on.
    #[inline(always)]
    fn lengthen(&mut self) -> Result<(), Stop> {
        let last = self.reach.last();
        let start = last.start() as usize;
        let end = match last.kind() {
            meta::NUMBER => number::rest(self.reach.text(), start, self.at),
            _ => None,
        };
        let Some(end) = end else {
            return Err(self.unexpected());
        };
        self.reach.put_again(start, end, meta::NUMBER);
        self.at = end;
        Ok(())
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
            self.string(false)?;
        } else if first.is_ascii_digit() {
            let end = number::end::<false>(&self.reach, self.at);
            self.scalar(end, meta::NUMBER);
        } else if first == b'-' {
            let end = number::end::<true>(&self.reach, self.at + 1);
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
        let start = self.at;
        self.string(NAMES)?;
        if NAMES {
            self.name(start);
        }
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

    /// Marks the name that began at `start` and ends here: one bit of a word. An object whose names have as many bits as
    /// it has members has none twice.
    #[inline(always)]
    fn name(&mut self, start: usize) {
        let (begins, [last]) = (self.reach.chunk(start + 1), self.reach.chunk(self.at - 2));
        let mark = mark(begins, last, (self.at - start) as u32, self.source.salt);
        self.reach.level().names |= 1_u64.wrapping_shl(mark >> 26);
    }

    /// Compares the marks of the object that ends here with its members.
    #[inline(always)]
    fn end_names(&mut self) {
        let Open { names, parts, .. } = *self.reach.level();
        if NAMES && names.count_ones() != parts {
            self.source.may_double.set(true);
        }
    }

    /// Moves over a string; a name with an escape in it may be any other one.
    #[inline(always)]
    fn string(&mut self, is_name: bool) -> Result<(), Stop> {
        let close = self.reach.close().ok_or(Stop::Invalid)?;
        let start = self.at;
        self.at = close + 1;
        self.reach.put(start, self.at, meta::STRING);
        if self.next_escape < close {
            self.reach.put_again(start, self.at, meta::STRING | meta::ESCAPED);
            if is_name {
                self.source.may_double.set(true);
            }
            while self.next_escape < close {
                self.next_escape = self.source.next_escape();
            }
        }
        Ok(())
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
        if !self.reach.enter() {
            return Err(Stop::Depth);
        }
        self.at += 1;
        if first == end {
            self.at += 1;
            self.reach.exit();
            let outer = self.reach.level();
            outer.depth = outer.depth.max(2);
            self.reach.put(start, self.at, kind | 1 << meta::DEPTH_SHIFT);
            return Ok(Next::Nothing);
        }
        if kind == meta::OBJECT && first != b'"' {
            return Err(unexpected(first));
        }
        // Its node is written at the end.
        let place = self.reach.skip();
        *self.reach.level() = Open {
            names: 0,
            place,
            start: start as u32,
            parts: 1,
            kind,
            depth: 1,
        };
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
            let inner = *self.reach.level();
            self.reach.exit();
            let meta = inner.kind
                | inner.depth << meta::DEPTH_SHIFT
                | inner.parts.min(meta::COUNT_MAX) << meta::COUNT_SHIFT;
            self.reach.set(inner.place, inner.start, self.at, meta);
            let outer = self.reach.level();
            outer.depth = outer.depth.max(inner.depth + 1);
            let kind = outer.kind;
            let pair: [u8; 2] = self.reach.chunk(self.at);
            match kind {
                meta::OBJECT => {
                    if pair == *b",\"" {
                        self.at += 1;
                        self.reach.level().parts += 1;
                        return Ok(Next::Member);
                    }
                    if pair[0] != b'}' {
                        return Err(stray(pair));
                    }
                    self.end_names();
                }
                meta::ARRAY => {
                    if pair[0] == b',' {
                        self.at += 1;
                        self.reach.level().parts += 1;
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
