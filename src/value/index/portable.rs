//! The first pass in plain Rust, eight bytes at a time, for every machine.

use super::marks::{Carry, Found, Marks, Masks};

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Notes the strings of `text[start..end]`; 64 bytes of padding follow.
pub(super) fn scan(text: &[u8], start: usize, end: usize, marks: &mut Marks) -> Found {
    let mut carry = Carry::default();
    let mut at = start;
    while at < end {
        let Some(block) = text[at..].first_chunk::<64>() else {
            break;
        };
        carry.block(at, masks(block), parity, marks);
        at += 64;
    }
    carry.finish()
}

fn masks(block: &[u8; 64]) -> Masks {
    let mut masks = Masks::default();
    for (at, bytes) in block.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*bytes);
        masks.quotes |= gather(equal(word, b'"')) << (8 * at);
        masks.backslashes |= gather(equal(word, b'\\')) << (8 * at);
        masks.controls |= gather(below_space(word)) << (8 * at);
        masks.wide |= gather(word & HIGH) << (8 * at);
    }
    masks
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
pub(super) fn parity(mut bits: u64) -> u64 {
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
                let found = masks(&block);
                let bit = |is: bool| if is { 1u64 << at } else { 0 };
                assert_eq!(found.quotes, bit(byte == b'"'));
                assert_eq!(found.backslashes, bit(byte == b'\\'));
                assert_eq!(found.controls, bit(byte < 0x20));
                assert_eq!(found.wide, bit(byte > 0x7F));
            }
        }
    }
}
