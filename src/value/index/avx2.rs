//! The first pass with AVX2: 64 bytes are two loads, a mask is two compares.
//!
//! The only unsafe code of the crate's core. [`super::portable`] does the same in safe code, and the
//! tests and the fuzz target `value_index` compare the two.
#![allow(unsafe_code)]

use super::marks::{Carry, Found, Marks, Masks};
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
    let mut carry = Carry::default();
    let mut at = start;
    while at < end {
        let Some(block) = text[at..].first_chunk::<64>() else {
            break;
        };
        carry.block(at, masks(block), |bits| parity(bits), marks);
        at += 64;
    }
    carry.finish()
}

#[inline]
#[target_feature(enable = "avx2")]
fn masks(block: &[u8; 64]) -> Masks {
    let (low, high) = load(block);

    let pair = |a: i32, b: i32| u64::from(a as u32) | u64::from(b as u32) << 32;
    let equal = |byte: u8| {
        let wanted = _mm256_set1_epi8(byte as i8);
        pair(
            _mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)),
            _mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)),
        )
    };
    let last_control = _mm256_set1_epi8(0x1F);
    let control = |bytes| _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, last_control), bytes);
    Masks {
        quotes: equal(b'"'),
        backslashes: equal(b'\\'),
        controls: pair(
            _mm256_movemask_epi8(control(low)),
            _mm256_movemask_epi8(control(high)),
        ),
        wide: pair(_mm256_movemask_epi8(low), _mm256_movemask_epi8(high)),
    }
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
