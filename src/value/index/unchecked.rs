//! The second pass without bounds checks, for machines on which the first one is made with AVX2.
//!
//! The checks would take a third of the pass's time. Why nothing is reached that is not there: the walk keeps
//! the rules of [`Reach`], and what stands in the text and in the first pass's notes then does the rest, as
//! each method says. Debug builds check all of it; [`Checked`](super::reach::Checked) always does, and tests,
//! Miri and the fuzz target `value_index` compare the two.
#![allow(unsafe_code)]

use super::grammar::{self, Level, Source, Stop, Walked};
use super::number::Masks;
use super::reach::Reach;
use crate::value::node::{Node, meta};
use std::arch::x86_64::*;
use std::marker::PhantomData;

/// Bytes behind what is walked that may be read: a sign and sixteen bytes of a number, at most.
const PADDING_MIN: usize = 32;

/// As [`grammar::walk`] over [`Checked`](super::reach::Checked). `source` holds what the first pass noted of
/// this very text, and found sound.
pub(super) fn walk<L: Level>(
    source: &Source<'_>,
    nodes: &mut [Node],
    first: usize,
    around: &mut [L],
) -> Result<Walked, Stop> {
    assert!(source.end + PADDING_MIN <= source.text.len());
    assert!(first < nodes.len() && !around.is_empty());
    debug_assert!(cfg!(miri) || super::avx2::is_available() || cfg!(test));
    // SAFETY: this path is only chosen on machines that have these features.
    unsafe { compiled(source, nodes, first, around) }
}

/// Compiled for what the machine has: less moving about for numbers and masks.
#[cfg_attr(not(miri), target_feature(enable = "avx2,bmi1,lzcnt,popcnt"))]
unsafe fn compiled<L: Level>(
    source: &Source<'_>,
    nodes: &mut [Node],
    first: usize,
    around: &mut [L],
) -> Result<Walked, Stop> {
    grammar::walk(source, Unchecked::new(source, nodes, first, around))
}

/// Text, marks and nodes of one walk by pointers. Only [`walk`] makes one, and hands it to the grammar's.
struct Unchecked<'a, L> {
    text: &'a [u8],
    closes: std::slice::Iter<'a, u32>,
    /// All nodes, the next one to write, and the last one.
    nodes: *mut Node,
    next: *mut Node,
    last: *mut Node,
    /// The second word of the next node, if that is a string.
    link: u64,
    /// The innermost open array or object, and the last place for one.
    open: *mut L,
    deepest: *mut L,
    lives: PhantomData<(&'a mut [Node], &'a mut [L])>,
}

impl<'a, L> Unchecked<'a, L> {
    /// `first` is the index of a node, and `around` has an entry.
    #[inline(always)]
    fn new(
        source: &Source<'a>,
        nodes: &'a mut [Node],
        first: usize,
        around: &'a mut [L],
    ) -> Unchecked<'a, L> {
        let (nodes, open) = (nodes.as_mut_ptr_range(), around.as_mut_ptr_range());
        Unchecked {
            text: source.text,
            closes: source.closes.iter(),
            nodes: nodes.start,
            next: nodes.start.wrapping_add(first),
            last: nodes.end.wrapping_sub(1),
            link: (first as u64 + 1) | STRING,
            open: open.start,
            deepest: open.end.wrapping_sub(1),
            lives: PhantomData,
        }
    }
}

/// [`meta::STRING`], where it stands in [`Unchecked::link`].
const STRING: u64 = (meta::STRING as u64) << 32;

impl<L: Level> Reach for Unchecked<'_, L> {
    type Level = L;

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
            let values = _mm_sub_epi8(bytes, _mm_set1_epi8(b'0' as i8));
            let digits = _mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values);
            let points = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'.' as i8));
            let zeros = _mm_cmpeq_epi8(values, _mm_setzero_si128());
            Masks {
                others: !_mm_movemask_epi8(digits) as u32,
                points: _mm_movemask_epi8(points) as u32,
                zeros: _mm_movemask_epi8(zeros) as u32,
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
    fn count(&self) -> u32 {
        self.link as u32 - 1
    }

    #[inline(always)]
    fn put(&mut self, start: usize, end: usize, meta: u32) {
        debug_assert!(self.next <= self.last);
        let span = start as u64 | (end as u64) << 32;
        let link = self
            .link
            .wrapping_add((u64::from(meta) << 32).wrapping_sub(STRING));
        // SAFETY: the walk has asked whether there is room for two nodes, and this is the first or second
        // since; so `next` points into the nodes, and then at most one behind them.
        unsafe {
            self.next.write(Node::of(span, link));
            self.next = self.next.add(1);
        }
        self.link += 1;
    }

    #[inline(always)]
    fn put_again(&mut self, start: usize, end: usize, meta: u32) {
        self.link -= 1;
        self.next = self.next.wrapping_sub(1);
        // There is room for what is replaced.
        self.put(start, end, meta);
    }

    #[inline(always)]
    fn skip(&mut self) -> u32 {
        debug_assert!(self.next <= self.last);
        self.next = self.next.wrapping_add(1);
        self.link += 1;
        self.link as u32 - 2
    }

    #[inline(always)]
    fn set(&mut self, at: u32, node: Node) {
        debug_assert!(self.nodes.wrapping_add(at as usize) < self.next);
        // SAFETY: `skip` has returned `at`, when there was room as for `put`.
        unsafe { self.nodes.add(at as usize).write(node) }
    }

    #[inline(always)]
    fn level(&mut self) -> &mut L {
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
