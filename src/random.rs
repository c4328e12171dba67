//! Random numbers and UUIDs: unique and spread, not secret.
//!
//! Owns the one generator and the one form of UUIDs. Must not know what they are for. Invariant: equal seeds give
//! equal numbers; only [`Random::from_system`] asks the operating system, and the language core is given its seeds.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A generator of 64 bits at a time (SplitMix64): fast, and it never repeats a number within its period of 2^64.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// Starts from a seed that the operating system gives.
    pub fn from_system() -> Random {
        Random::new(RandomState::new().build_hasher().finish())
    }

    /// Returns the next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number from 0, inclusive, to 1, exclusive.
    pub fn fraction(&mut self) -> f64 {
        // 53 bits are what an `f64` holds exactly.
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns a number from `start`, inclusive, to `end`, exclusive; `start` if the range is empty.
    pub fn between(&mut self, start: i64, end: i64) -> i64 {
        let span = end.saturating_sub(start).max(1) as u64;
        // The bias is below 2^-31: ranges are of 32 bits.
        start + (self.next_u64() % span) as i64
    }

    /// Returns a UUID of version 4.
    pub fn uuid(&mut self) -> u128 {
        let bits = u128::from(self.next_u64()) << 64 | u128::from(self.next_u64());
        bits & !(0xF << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62
    }
}

/// Returns a UUID in its usual notation, which is ASCII.
pub fn uuid_text(uuid: u128) -> [u8; 36] {
    let mut text = [b'-'; 36];
    let mut index = 0;
    for byte in uuid.to_be_bytes() {
        text[index] = hex_digit(byte >> 4);
        text[index + 1] = hex_digit(byte);
        index += if matches!(index, 6 | 11 | 16 | 21) { 3 } else { 2 };
    }
    text
}

/// Appends a UUID in its usual notation.
pub fn push_uuid(uuid: u128, out: &mut String) {
    // Hex digits and hyphens: never the default.
    out.push_str(std::str::from_utf8(&uuid_text(uuid)).unwrap_or_default());
}

/// Returns the hex digit of the lower four bits.
pub fn hex_digit(bits: u8) -> u8 {
    b"0123456789abcdef"[usize::from(bits & 0xF)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_numbers() {
        // The first numbers of SplitMix64 for the seed 0, as its authors publish them.
        let mut random = Random::new(0);
        let numbers = [(); 3].map(|()| random.next_u64());
        let expected = [
            0xE220_A839_7B1D_CDAF,
            0x6E78_9E6A_A1B9_65F4,
            0x06C4_5D18_8009_454F,
        ];
        assert_eq!(numbers, expected);
    }

    #[test]
    fn uuids_say_that_they_are_random() {
        let mut random = Random::from_system();
        let (first, second) = (random.uuid(), random.uuid());
        assert_ne!(first, second);
        let mut text = String::new();
        push_uuid(first, &mut text);
        assert_eq!((text.len(), &text[14..15]), (36, "4"), "{text}");
        assert!("89ab".contains(&text[19..20]), "{text}");
        push_uuid(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef, &mut text);
        assert_eq!(&text[36..], "01234567-89ab-cdef-0123-456789abcdef");
    }

    #[test]
    fn ranges() {
        let mut random = Random::new(7);
        for _ in 0..1_000 {
            assert!((0.0..1.0).contains(&random.fraction()));
            assert!((-5..5).contains(&random.between(-5, 5)));
            assert_eq!(random.between(3, 3), 3);
        }
    }
}
