//! Writes a text without the blanks between its tokens, and the notes of the first pass anew.
//!
//! A pass of its own, for texts in which the second pass has met a blank: so that walks dense text only.
//! Invariant: what was two numbers or words with blanks between them does not become one.

use super::marks::{self, Block, Carry, Marks, Strings};

/// Bytes behind the dense text that may be written.
pub(super) const ROOM: usize = 128;

/// Writes `start..end` of the text, which the first pass found sound, dense to `text[to..]`, and the notes for
/// that. Returns where the dense text ends; `None` if blanks stand within a number or word. There must be room
/// for the whole text and [`ROOM`] bytes more, and 64 bytes of padding behind `end`.
#[inline(always)]
pub(super) fn squeeze<'a, B: Block>(
    text: &'a mut [u8],
    start: usize,
    end: usize,
    to: usize,
    marks: &mut Marks,
    block: impl Fn(&'a [u8; 64]) -> B,
) -> Option<usize> {
    let (raw, dense) = text.split_at_mut(to);
    let Marks { closes, escapes } = marks;
    let mut closes = closes.as_mut_slice().iter_mut();
    let mut escapes = escapes.iter_mut();
    let mut strings = Carry::default();
    let mut gaps = Gaps::default();
    let mut written = 0;
    for bytes in marks::blocks(raw, start, end) {
        let block = block(bytes);
        let Strings {
            quotes,
            inside,
            escaping,
        } = strings.strings(block);
        let tokens = block.tokens();
        let blanks = tokens.blanks & !inside;
        let scalars = !(tokens.structure | tokens.blanks | quotes | inside);
        gaps.block(blanks, scalars);
        block.squeeze(!blanks, dense.get_mut(written..)?.first_chunk_mut()?);
        let at = to + written;
        // As many as before, so they are written over those.
        renew(at, quotes & !inside, blanks, &mut closes);
        if escaping != 0 {
            renew(at, escaping, blanks, &mut escapes);
        }
        written += blanks.count_zeros() as usize;
    }
    if gaps.found != 0 {
        return None;
    }
    // The padding behind `end` was blanks too, so nothing of it was written.
    dense.get_mut(written..written + 64)?.fill(b' ');
    Some(to + written)
}

/// Writes the next notes: where in the dense text the bytes named by `bits` are, when the block's is at `at`.
#[inline(always)]
fn renew(at: usize, mut bits: u64, blanks: u64, notes: &mut std::slice::IterMut<'_, u32>) {
    while bits != 0 {
        let below = bits.wrapping_sub(1) & !bits;
        if let Some(note) = notes.next() {
            *note = at as u32 + (below & !blanks).count_ones();
        }
        bits &= bits - 1;
    }
}

/// Finds blanks between two bytes of numbers or words.
#[derive(Default)]
struct Gaps {
    /// 1 when the last byte was of a number or word.
    scalar: u64,
    /// 1 when the last byte was a blank, and a byte of a number or word stood before that and those before it.
    open: u64,
    found: u64,
}

impl Gaps {
    /// Adding one to the first of a run of blanks lets the carry ripple to the byte after it.
    #[inline(always)]
    fn block(&mut self, blanks: u64, scalars: u64) {
        let firsts = blanks & (scalars << 1 | self.scalar | self.open);
        let (sum, overflow) = blanks.overflowing_add(firsts);
        self.found |= (sum | self.open) & !blanks & scalars;
        self.open = u64::from(overflow);
        self.scalar = scalars >> 63;
    }
}
