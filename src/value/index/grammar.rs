//! The second pass: walks from token to token of a dense text, checks the grammar, writes the nodes.
//!
//! Knows nothing of how the first pass was made, and not where an error is: it only stops. Safe code; how it
//! reaches the text and the nodes is the matter of a [`Reach`], whose rules it keeps (one of them relies on it).
//! Members and elements have loops of their own, and a closing bracket its own code behind it, so that each
//! branch is predicted by what came before in its place.
//!
//! A walk whose [`Level`]s take names also says whether an object may have a name twice: it marks how each name begins and how
//! long it is, which takes a third of what a look at all names afterwards takes.

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

/// How many different marks names can have: as many as a byte.
const MARKS: usize = 256;

/// What a walk keeps of each open array or object: with the names of an object, or without.
pub(super) trait Level: Copy + Default {
    /// Whether names are looked at.
    const NAMES: bool;

    fn open(&mut self) -> &mut Open;

    /// Begins an object, which has no names.
    fn begin_names(&mut self);

    /// Notes a name's mark; returns 1 if it was there, and 0 if not.
    fn note(&mut self, mark: u8) -> u8;
}

impl Level for Open {
    const NAMES: bool = false;

    #[inline(always)]
    fn open(&mut self) -> &mut Open {
        self
    }

    #[inline(always)]
    fn begin_names(&mut self) {}

    #[inline(always)]
    fn note(&mut self, _: u8) -> u8 {
        0
    }
}

/// An open array or object, and which marks its names have so far, as 0 and 1, if it is an object.
#[derive(Clone, Copy)]
pub(super) struct Named {
    open: Open,
    marks: [u8; MARKS],
}

impl Default for Named {
    fn default() -> Named {
        Named {
            open: Open::default(),
            marks: [0; MARKS],
        }
    }
}

impl Level for Named {
    const NAMES: bool = true;

    #[inline(always)]
    fn open(&mut self) -> &mut Open {
        &mut self.open
    }

    #[inline(always)]
    fn begin_names(&mut self) {
        self.marks = [0; MARKS];
    }

    #[inline(always)]
    fn note(&mut self, mark: u8) -> u8 {
        std::mem::replace(&mut self.marks[usize::from(mark)], 1)
    }
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

/// Walks a text and writes its nodes. Where levels take no names any object may have one twice.
#[inline(always)]
pub(super) fn walk<R: Reach>(source: &Source<'_>, reach: R) -> Result<Walked, Stop> {
    let mut walk = Walk {
        reach,
        at: source.start,
        escapes: source.escapes.iter(),
        next_escape: NONE,
        parts: 0,
        doubles: 0,
    };
    *walk.reach.level().open() = Open::default();
    walk.skip_escape();
    walk.document()?;
    if walk.at != source.end {
        return Err(walk.unexpected());
    }
    Ok(Walked {
        count: walk.reach.count() as usize,
        may_double: !R::Level::NAMES || walk.doubles != 0,
    })
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
    /// Not 0 when a name of any object may stand twice.
    doubles: u8,
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
            self.string(false)?;
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
        let start = self.at;
        self.string(R::Level::NAMES)?;
        if R::Level::NAMES {
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

    /// Marks the name that began at `start` and ends here: by its first two bytes and its length.
    #[inline(always)]
    fn name(&mut self, start: usize) {
        let begins = u16::from_le_bytes(self.reach.chunk(start + 1));
        let mixed = (u32::from(begins) + (self.at - start) as u32).wrapping_mul(0x9e37);
        self.doubles |= self.reach.level().note((mixed >> 8) as u8);
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
                self.doubles = 1;
            }
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
        self.reach.level().open().parts = self.parts;
        if !self.reach.enter() {
            return Err(Stop::Depth);
        }
        self.at += 1;
        if first == end {
            self.at += 1;
            self.reach.exit();
            let outer = self.reach.level().open();
            outer.depth = outer.depth.max(2);
            self.reach.put(start, self.at, kind | 1 << meta::DEPTH_SHIFT);
            return Ok(Next::Nothing);
        }
        if kind == meta::OBJECT && first != b'"' {
            return Err(unexpected(first));
        }
        // Its node is written at the end.
        let node = self.reach.skip();
        let level = self.reach.level();
        *level.open() = Open {
            node,
            start: start as u32,
            parts: 0,
            kind,
            depth: 1,
        };
        if kind == meta::OBJECT {
            level.begin_names();
        }
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
            let inner = *self.reach.level().open();
            self.reach.exit();
            let meta = inner.kind
                | inner.depth << meta::DEPTH_SHIFT
                | self.parts.min(meta::COUNT_MAX) << meta::COUNT_SHIFT;
            let node = Node::new(inner.start, self.at as u32, self.reach.count(), meta);
            self.reach.set(inner.node, node);
            let outer = self.reach.level().open();
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
