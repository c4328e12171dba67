//! How the second pass reaches the text, the notes of the first and the nodes.
//!
//! [`Checked`] is safe code, for every machine; `super::unchecked` does the same without looking, and relies
//! on the rules here. Must not know the grammar.

use super::grammar::{Open, Source};
use super::number::{self, Masks};
use crate::value::node::Node;

/// Text, notes and nodes of one walk.
///
/// The rules: a place in the text is at most 16 bytes behind the end of what is walked; the walk moves over a
/// quote only from an opening one to what [`close`](Reach::close) returns there, asked once, and over no
/// backslash; it asks [`has_room`](Reach::has_room) before every second node, and exits only what it entered.
pub(super) trait Reach {
    fn text(&self) -> &[u8];

    /// Returns the bytes at a place, at most sixteen.
    fn chunk<const N: usize>(&self, at: usize) -> [u8; N];

    /// Returns the digits and points of the sixteen bytes at a place.
    fn masks(&self, at: usize) -> Masks;

    /// Returns where the string that begins here ends.
    fn close(&mut self) -> Option<usize>;

    /// Says whether there is room for two more nodes.
    fn has_room(&self) -> bool;

    /// Returns how many nodes there are.
    fn count(&self) -> usize;

    /// Adds the node of a scalar or of an empty array or object.
    fn put(&mut self, start: usize, end: usize, meta: u32);

    /// Replaces the node just added.
    fn put_again(&mut self, start: usize, end: usize, meta: u32);

    /// Returns the node just added.
    fn last(&self) -> Node;

    /// Leaves room for a node that is [`set`](Reach::set) later, and returns its place.
    fn skip(&mut self) -> usize;

    /// Writes a node that was skipped, whose parts are all that came since.
    fn set(&mut self, place: usize, start: u32, end: usize, meta: u32);

    /// Returns the innermost open array or object; at first, what stands for the document.
    fn level(&mut self) -> &mut Open;

    /// Moves into another one, if there is room.
    fn enter(&mut self) -> bool;

    /// Moves out of the innermost one.
    fn exit(&mut self);
}

/// Everything is checked: what is not there is a zero byte, or is not written.
pub(super) struct Checked<'a> {
    text: &'a [u8],
    closes: std::slice::Iter<'a, u32>,
    nodes: &'a mut [Node],
    count: usize,
    around: &'a mut [Open],
    level: usize,
}

impl<'a> Checked<'a> {
    /// `nodes` are written from entry `first` on; `around` has an entry.
    pub(super) fn new(
        source: &Source<'a>,
        nodes: &'a mut [Node],
        first: usize,
        around: &'a mut [Open],
    ) -> Checked<'a> {
        Checked {
            text: source.text,
            closes: source.closes.iter(),
            nodes,
            count: first,
            around,
            level: 0,
        }
    }
}

impl Reach for Checked<'_> {
    #[inline(always)]
    fn text(&self) -> &[u8] {
        self.text
    }

    #[inline(always)]
    fn chunk<const N: usize>(&self, at: usize) -> [u8; N] {
        match self.text.get(at..).and_then(|rest| rest.first_chunk()) {
            Some(chunk) => *chunk,
            None => [0; N],
        }
    }

    #[inline(always)]
    fn masks(&self, at: usize) -> Masks {
        number::masks(self.chunk(at))
    }

    #[inline(always)]
    fn close(&mut self) -> Option<usize> {
        self.closes.next().map(|&close| close as usize)
    }

    #[inline(always)]
    fn has_room(&self) -> bool {
        self.count + 2 <= self.nodes.len()
    }

    #[inline(always)]
    fn count(&self) -> usize {
        self.count
    }

    #[inline(always)]
    fn put(&mut self, start: usize, end: usize, meta: u32) {
        let place = self.skip();
        self.set(place, start as u32, end, meta);
    }

    #[inline(always)]
    fn put_again(&mut self, start: usize, end: usize, meta: u32) {
        self.count -= 1;
        self.put(start, end, meta);
    }

    #[inline(always)]
    fn last(&self) -> Node {
        let node = self.nodes.get(self.count - 1).copied();
        node.unwrap_or_default()
    }

    #[inline(always)]
    fn skip(&mut self) -> usize {
        self.count += 1;
        self.count - 1
    }

    #[inline(always)]
    fn set(&mut self, place: usize, start: u32, end: usize, meta: u32) {
        let entries = (self.count - place) as u32;
        if let Some(node) = self.nodes.get_mut(place) {
            *node = Node::new(start, end as u32, entries, meta);
        }
    }

    #[inline(always)]
    fn level(&mut self) -> &mut Open {
        &mut self.around[self.level]
    }

    #[inline(always)]
    fn enter(&mut self) -> bool {
        let is_room = self.level + 1 < self.around.len();
        self.level += usize::from(is_room);
        is_room
    }

    #[inline(always)]
    fn exit(&mut self) {
        self.level -= 1;
    }
}
