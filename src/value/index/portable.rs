//! The first pass in plain Rust, eight bytes at a time, for every machine.

use super::marks::{self, Block, Found, Marks, Rare, Tokens};
use super::squeeze;

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Notes the strings of `text[start..end]`; 64 bytes of padding follow.
pub(super) fn scan(text: &[u8], start: usize, end: usize, marks: &mut Marks) -> Found {
    marks::scan(text, start, end, marks, Words)
}

/// Writes `text[start..end]` dense to `text[to..]`, see [`squeeze::squeeze`].
pub(super) fn squeeze(
    text: &mut [u8],
    start: usize,
    end: usize,
    to: usize,
    marks: &mut Marks,
) -> Option<usize> {
    squeeze::squeeze(text, start, end, to, marks, Words)
}

/// 64 bytes, eight at a time.
#[derive(Clone, Copy)]
struct Words<'a>(&'a [u8; 64]);

impl Words<'_> {
    /// Collects what `high` says in the high bits of the bytes of each word.
    #[inline(always)]
    fn mask(self, high: impl Fn(u64) -> u64) -> u64 {
        self.words()
            .enumerate()
            .fold(0, |mask, (at, word)| mask | gather(high(word)) << (8 * at))
    }

    #[inline(always)]
    fn words(self) -> impl Iterator<Item = u64> {
        self.0
            .as_chunks::<8>()
            .0
            .iter()
            .map(|bytes| u64::from_le_bytes(*bytes))
    }
}

impl Block for Words<'_> {
    #[inline(always)]
    fn quotes(self) -> (u64, bool) {
        let rare = self.words().fold(0, |rare, word| {
            rare | equal(word, b'\\') | below_space(word) | word
        });
        (self.mask(|word| equal(word, b'"')), rare & HIGH != 0)
    }

    fn rare(self) -> Rare {
        Rare {
            backslashes: self.mask(|word| equal(word, b'\\')),
            controls: self.mask(below_space),
            wide: self.mask(|word| word & HIGH),
        }
    }

    #[inline(always)]
    fn parity(self, bits: u64) -> u64 {
        parity(bits)
    }

    #[inline(always)]
    fn tokens(self) -> Tokens {
        let blank = |word| equal(word, b' ') | equal(word, b'\n') | equal(word, b'\r') | equal(word, b'\t');
        // Brackets and braces differ in this bit alone.
        let bracket = |word| equal(word | (LOW * 0x20), b'{') | equal(word | (LOW * 0x20), b'}');
        Tokens {
            blanks: self.mask(blank),
            structure: self.mask(|word| bracket(word) | equal(word, b',') | equal(word, b':')),
        }
    }

    fn squeeze(self, keep: u64, to: &mut [u8; 72]) {
        let mut at = 0;
        for (bytes, keep) in self.0.as_chunks::<8>().0.iter().zip(keep.to_le_bytes()) {
            let Some(places) = to.get_mut(at..).and_then(|to| to.first_chunk_mut::<8>()) else {
                return;
            };
            if keep == 0xFF {
                *places = *bytes;
                at += 8;
                continue;
            }
            let mut word = 0;
            let mut shift = 0;
            for (place, &byte) in bytes.iter().enumerate() {
                let kept = u32::from(keep >> place & 1);
                word |= (u64::from(byte) & u64::from(kept).wrapping_neg()) << shift;
                shift += 8 * kept;
            }
            *places = word.to_le_bytes();
            at += shift as usize / 8;
        }
    }

    #[inline(always)]
    fn put(place: &mut u32, position: u32) {
        *place = position;
    }
}

/// Sets the high bit of each byte that equals `byte`, exactly.
fn equal(word: u64, byte: u8) -> u64 {
    let difference = word ^ (LOW * u64::from(byte));
    !(((difference & !HIGH) + !HIGH) | difference) & HIGH
}

/// Sets the high bit of each byte below 0x20.
fn below_space(word: u64) -> u64 {
    !(((word & !HIGH) + LOW * 0x60) | word) & HIGH
}

/// Collects the high bits of eight bytes into one byte.
fn gather(high: u64) -> u64 {
    (high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Returns for each bit whether it and those below are odd in number.
fn parity(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_every_byte_value_in_every_place() {
        for byte in 0..=255u8 {
            for at in (0..64).step_by(if cfg!(miri) { 9 } else { 1 }) {
                let mut block = [b'a'; 64];
                block[at] = byte;
                let (quotes, has_rare) = Words(&block).quotes();
                let found = Words(&block).rare();
                let bit = |is: bool| if is { 1u64 << at } else { 0 };
                assert_eq!(quotes, bit(byte == b'"'));
                assert_eq!(has_rare, byte == b'\\' || !(0x20..=0x7F).contains(&byte));
                assert_eq!(found.backslashes, bit(byte == b'\\'));
                assert_eq!(found.controls, bit(byte < 0x20));
                assert_eq!(found.wide, bit(byte > 0x7F));
            }
        }
    }
}
