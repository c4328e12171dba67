//! The second pass without bounds checks, for machines on which the first one is made with AVX2.
//!
//! The checks would take a third of the pass's time. Why nothing is reached that is not there: the walk keeps
//! the rules of [`Reach`], and what stands in the text and in the first pass's notes then does the rest, as
//! each method says. Debug builds check all of it; [`Checked`](super::reach::Checked) always does, and tests,
//! Miri and the fuzz target `value_index` compare the two.
#![allow(unsafe_code)]

use super::grammar::{self, Open, Source, Stop, Walked};
use super::number::Masks;
use super::reach::Reach;
use crate::value::node::Node;
use std::arch::x86_64::*;
use std::marker::PhantomData;

/// Bytes behind what is walked that may be read: a sign and sixteen bytes of a number, at most.
const PADDING_MIN: usize = 32;

/// As [`grammar::walk`] over [`Checked`](super::reach::Checked). `source` holds what the first pass noted of
/// this very text, and found sound.
pub(super) fn walk<const NAMES: bool>(
    source: &Source<'_>,
    nodes: &mut [Node],
    first: usize,
    around: &mut [Open],
) -> Result<Walked, Stop> {
    assert!(source.end + PADDING_MIN <= source.text.len());
    assert!(first < nodes.len() && !around.is_empty());
    debug_assert!(cfg!(miri) || super::avx2::is_available() || cfg!(test));
    // SAFETY: this path is only chosen on machines that have these features.
    unsafe { compiled::<NAMES>(source, nodes, first, around) }
}

/// Compiled for what the machine has: less moving about for numbers and masks.
#[cfg_attr(not(miri), target_feature(enable = "avx2,bmi1,lzcnt,popcnt"))]
unsafe fn compiled<const NAMES: bool>(
    source: &Source<'_>,
    nodes: &mut [Node],
    first: usize,
    around: &mut [Open],
) -> Result<Walked, Stop> {
    grammar::walk::<_, NAMES>(source, Unchecked::new(source, nodes, first, around))
}

/// Text, marks and nodes of one walk by pointers. Only [`walk`] makes one, and hands it to the grammar's.
struct Unchecked<'a> {
    text: &'a [u8],
    closes: std::slice::Iter<'a, u32>,
    /// All nodes, the next one to write, and the last one.
    nodes: *mut Node,
    next: *mut Node,
    last: *mut Node,
    /// The innermost open array or object, and the last place for one.
    open: *mut Open,
    deepest: *mut Open,
    lives: PhantomData<(&'a mut [Node], &'a mut [Open])>,
}

impl<'a> Unchecked<'a> {
    /// `first` is the index of a node, and `around` has an entry.
    #[inline(always)]
    fn new(
        source: &Source<'a>,
        nodes: &'a mut [Node],
        first: usize,
        around: &'a mut [Open],
    ) -> Unchecked<'a> {
        let (nodes, open) = (nodes.as_mut_ptr_range(), around.as_mut_ptr_range());
        Unchecked {
            text: source.text,
            closes: source.closes.iter(),
            nodes: nodes.start,
            next: nodes.start.wrapping_add(first),
            last: nodes.end.wrapping_sub(1),
            open: open.start,
            deepest: open.end.wrapping_sub(1),
            lives: PhantomData,
        }
    }
}

impl Reach for Unchecked<'_> {
    #[inline(always)]
    fn text(&self) -> &[u8] {
        self.text
    }

    #[inline(always)]
    fn chunk<const N: usize>(&self, at: usize) -> [u8; N] {
        debug_assert!(N <= 16 && at + N <= self.text.len());
        // SAFETY: `at` is at most 16 bytes behind the end of what is walked, as the trait asks, and `walk` has
        // seen that there are `PADDING_MIN`.
        unsafe { self.text.as_ptr().add(at).cast::<[u8; N]>().read() }
    }

    #[inline(always)]
    fn masks(&self, at: usize) -> Masks {
        debug_assert!(at + 16 <= self.text.len());
        // SAFETY: sixteen bytes are there, as for `chunk`, and SSE2 is part of x86-64.
        unsafe {
            let bytes = _mm_loadu_si128(self.text.as_ptr().add(at).cast());
            // As signed numbers, digits are the lowest then.
            let shifted = _mm_add_epi8(bytes, _mm_set1_epi8(i8::MIN.wrapping_sub(b'0' as i8)));
            let others = _mm_cmpgt_epi8(shifted, _mm_set1_epi8(i8::MIN + 9));
            let points = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'.' as i8));
            Masks {
                others: _mm_movemask_epi8(others) as u32,
                points: _mm_movemask_epi8(points) as u32,
            }
        }
    }

    #[inline(always)]
    fn close(&mut self) -> Option<usize> {
        debug_assert!(!self.closes.as_slice().is_empty());
        // SAFETY: the walk asks at the opening quote of a string, once for each. It moves over no quote and no
        // backslash but from an opening quote to its closing one, so both passes pair the quotes alike; and
        // the first one has found that each opening quote has a closing one and noted that.
        Some(unsafe { *self.closes.next().unwrap_unchecked() } as usize)
    }

    #[inline(always)]
    fn has_room(&self) -> bool {
        self.next < self.last
    }

    #[inline(always)]
    fn count(&self) -> usize {
        (self.next.addr() - self.nodes.addr()) / size_of::<Node>()
    }

    #[inline(always)]
    fn put(&mut self, start: usize, end: usize, meta: u32) {
        debug_assert!(self.next <= self.last);
        // SAFETY: the walk has asked whether there is room for two nodes, and this is the first or second
        // since; so `next` points into the nodes, and then at most one behind them.
        unsafe {
            self.next.write(Node::single(start, end, meta));
            self.next = self.next.add(1);
        }
    }

    #[inline(always)]
    fn put_again(&mut self, start: usize, end: usize, meta: u32) {
        self.next = self.next.wrapping_sub(1);
        // There is room for what is replaced.
        self.put(start, end, meta);
    }

    #[inline(always)]
    fn last(&self) -> Node {
        debug_assert!(self.next > self.nodes);
        // SAFETY: a node has just been written there. Volatile, or what was written is kept in a register for this, which
        // is hardly ever asked.
        unsafe { self.next.sub(1).read_volatile() }
    }

    #[inline(always)]
    fn skip(&mut self) -> usize {
        debug_assert!(self.next <= self.last);
        let place = self.next.addr();
        self.next = self.next.wrapping_add(1);
        place
    }

    #[inline(always)]
    fn set(&mut self, place: usize, start: u32, end: usize, meta: u32) {
        debug_assert!(self.nodes.addr() <= place && place < self.next.addr());
        let entries = (self.next.addr() - place) / size_of::<Node>();
        let node = Node::new(start, end as u32, entries as u32, meta);
        // SAFETY: `skip` has returned `place`, the address of a node for which there was room as for `put`.
        unsafe { self.next.with_addr(place).write(node) }
    }

    #[inline(always)]
    fn level(&mut self) -> &mut Open {
        debug_assert!(self.open <= self.deepest);
        // SAFETY: `enter` moves no further than the last entry, and the walk calls `exit` at most as often.
        unsafe { &mut *self.open }
    }

    #[inline(always)]
    fn enter(&mut self) -> bool {
        if self.open == self.deepest {
            return false;
        }
        self.open = self.open.wrapping_add(1);
        true
    }

    #[inline(always)]
    fn exit(&mut self) {
        self.open = self.open.wrapping_sub(1);
    }
}
