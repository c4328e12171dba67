//! The first pass with AVX2: 64 bytes are two loads, a mask is two compares.
//!
//! With [`super::unchecked`] the only unsafe code of the crate's core. [`super::portable`] does the same in
//! safe code, and the tests and the fuzz target `value_index` compare the two.
#![allow(unsafe_code)]

use super::marks::{self, Block, Found, Marks, Rare, Tokens};
use super::squeeze;
use std::arch::x86_64::*;

/// Says whether this machine has what [`scan`] needs.
pub(super) fn is_available() -> bool {
    !cfg!(miri)
        && is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
}

/// Notes the strings of `text[start..end]`; 64 bytes of padding follow.
pub(super) fn scan(text: &[u8], start: usize, end: usize, marks: &mut Marks) -> Found {
    debug_assert!(is_available());
    // SAFETY: this path is only chosen when `is_available` said that the machine has the features.
    unsafe { scan_blocks(text, start, end, marks) }
}

#[target_feature(enable = "avx2,pclmulqdq,bmi1,lzcnt,popcnt")]
fn scan_blocks(text: &[u8], start: usize, end: usize, marks: &mut Marks) -> Found {
    marks::scan(text, start, end, marks, Vectors)
}

/// Writes `text[start..end]` dense to `text[to..]`, see [`squeeze::squeeze`].
pub(super) fn squeeze(
    text: &mut [u8],
    start: usize,
    end: usize,
    to: usize,
    marks: &mut Marks,
) -> Option<usize> {
    debug_assert!(is_available());
    // SAFETY: as for `scan`.
    unsafe { squeeze_blocks(text, start, end, to, marks) }
}

#[target_feature(enable = "avx2,pclmulqdq,bmi1,lzcnt,popcnt")]
fn squeeze_blocks(text: &mut [u8], start: usize, end: usize, to: usize, marks: &mut Marks) -> Option<usize> {
    squeeze::squeeze(text, start, end, to, marks, Vectors)
}

/// 64 bytes as two vectors. Only made where the machine has the features.
#[derive(Clone, Copy)]
struct Vectors<'a>(&'a [u8; 64]);

impl Block for Vectors<'_> {
    #[inline(always)]
    fn quotes(self) -> (u64, bool) {
        // SAFETY: `scan_blocks` makes these, and the machine has its features.
        unsafe { quotes(self.0) }
    }

    #[inline(always)]
    fn rare(self) -> Rare {
        // SAFETY: as above.
        unsafe { rare(self.0) }
    }

    #[inline(always)]
    fn parity(self, bits: u64) -> u64 {
        // SAFETY: as above.
        unsafe { parity(bits) }
    }

    #[inline(always)]
    fn tokens(self) -> Tokens {
        // SAFETY: as above.
        unsafe { tokens(self.0) }
    }

    #[inline(always)]
    fn squeeze(self, keep: u64, to: &mut [u8; 72]) {
        // SAFETY: as above.
        unsafe { squeeze_block(self.0, keep, to) }
    }

    /// Volatile, or the compiler collects eight positions in a vector first, which takes a tenth of the whole
    /// index's time.
    #[inline(always)]
    fn put(place: &mut u32, position: u32) {
        // SAFETY: `place` is a reference.
        unsafe { std::ptr::from_mut(place).write_volatile(position) }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn tokens(block: &[u8; 64]) -> Tokens {
    // By the lower half of a byte: the one blank that it can be; the one byte of structure, with the bit set in
    // which brackets and braces differ. What has no such byte, and bytes above 0x7F, look up 0.
    let blank = _mm256_setr_epi8(
        32, 0, 0, 0, 0, 0, 0, 0, 0, 9, 10, 0, 0, 13, 0, 0, //
        32, 0, 0, 0, 0, 0, 0, 0, 0, 9, 10, 0, 0, 13, 0, 0,
    );
    let structure = _mm256_setr_epi8(
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x3A, 0x7B, 0x2C, 0x7D, 0, 0, //
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x3A, 0x7B, 0x2C, 0x7D, 0, 0,
    );
    let is_blank = |bytes| _mm256_cmpeq_epi8(_mm256_shuffle_epi8(blank, bytes), bytes);
    let is_structure = |bytes| {
        let set = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
        _mm256_cmpeq_epi8(_mm256_shuffle_epi8(structure, bytes), set)
    };
    let (low, high) = load(block);
    Tokens {
        blanks: pair(is_blank(low), is_blank(high)),
        structure: pair(is_structure(low), is_structure(high)),
    }
}

/// For each choice of eight bytes, which to take one after the other.
static CHOICES: [[u8; 8]; 256] = choices();

const fn choices() -> [[u8; 8]; 256] {
    let mut choices = [[0; 8]; 256];
    let mut keep = 0;
    while keep < 256 {
        let (mut from, mut to) = (0, 0);
        while from < 8 {
            if keep >> from & 1 == 1 {
                choices[keep][to] = from as u8;
                to += 1;
            }
            from += 1;
        }
        keep += 1;
    }
    choices
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn squeeze_block(block: &[u8; 64], keep: u64, to: &mut [u8; 72]) {
    let mut at = 0;
    for (bytes, keep) in block.as_chunks::<8>().0.iter().zip(keep.to_le_bytes()) {
        let word = _mm_cvtsi64_si128(i64::from_le_bytes(*bytes));
        let choice = _mm_cvtsi64_si128(i64::from_le_bytes(CHOICES[usize::from(keep)]));
        let taken = _mm_cvtsi128_si64(_mm_shuffle_epi8(word, choice));
        if let Some(place) = to.get_mut(at..).and_then(|to| to.first_chunk_mut()) {
            *place = taken.to_le_bytes();
        }
        at += keep.count_ones() as usize;
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn quotes(block: &[u8; 64]) -> (u64, bool) {
    let (low, high) = load(block);
    // As signed numbers, bytes above 0x7F are below the space too.
    let rare = |bytes| {
        let low = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), bytes);
        _mm256_or_si256(low, equal(bytes, b'\\'))
    };
    let any = _mm256_or_si256(rare(low), rare(high));
    (
        pair(equal(low, b'"'), equal(high, b'"')),
        _mm256_movemask_epi8(any) != 0,
    )
}

#[inline(never)]
#[target_feature(enable = "avx2")]
fn rare(block: &[u8; 64]) -> Rare {
    let (low, high) = load(block);
    let last_control = _mm256_set1_epi8(0x1F);
    let control = |bytes| _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, last_control), bytes);
    Rare {
        backslashes: pair(equal(low, b'\\'), equal(high, b'\\')),
        controls: pair(control(low), control(high)),
        wide: pair(low, high),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn equal(bytes: __m256i, byte: u8) -> __m256i {
    _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte as i8))
}

/// Returns the high bits of both vectors' bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn pair(low: __m256i, high: __m256i) -> u64 {
    let (low, high) = (_mm256_movemask_epi8(low), _mm256_movemask_epi8(high));
    u64::from(low as u32) | u64::from(high as u32) << 32
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(block: &[u8; 64]) -> (__m256i, __m256i) {
    let at = block.as_ptr();
    // SAFETY: both loads lie within the 64 bytes of `block`, and they need no alignment.
    unsafe {
        (
            _mm256_loadu_si256(at.cast()),
            _mm256_loadu_si256(at.add(32).cast()),
        )
    }
}

/// Returns for each bit whether it and those below are odd in number: a product without carries.
#[inline]
#[target_feature(enable = "pclmulqdq")]
fn parity(bits: u64) -> u64 {
    let product = _mm_clmulepi64_si128(_mm_set_epi64x(0, bits as i64), _mm_set1_epi8(-1), 0);
    _mm_cvtsi128_si64(product) as u64
}
