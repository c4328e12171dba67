//! What tells executions and their calls apart: random bits, UUIDs, the keys of calls.
//!
//! Written into reusable buffers, and only when something asks: a context object, a log record, a header. Must not know
//! who names an execution.

use super::asker::Asker;
use crate::program::Program;
use crate::vm::{Run, Token};
use std::fmt;
use std::hash::{BuildHasher, Hasher};

/// The stable key of a call: the execution's name, and behind it where the task stands (DESIGN 4). Written
/// only for who wants it.
pub(crate) struct CallKey<'a, A> {
    pub(crate) asker: &'a A,
    pub(crate) run: &'a Run,
    pub(crate) program: &'a Program,
    pub(crate) token: Token,
}

impl<A: Asker> fmt::Display for CallKey<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.asker.write_name(f)?;
        self.run.write_place(self.program, self.token, f)
    }
}

/// Random bits for UUIDs and for the seeds of executions: a fast generator, seeded by the operating system.
pub(crate) struct Bits(u64);

impl Bits {
    pub(crate) fn new() -> Bits {
        Bits(std::hash::RandomState::new().build_hasher().finish())
    }

    /// Bits that follow from a seed.
    #[cfg(test)]
    pub(crate) fn of(seed: u64) -> Bits {
        Bits(seed)
    }

    /// Returns 64 bits (SplitMix64).
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ bits >> 31
    }

    /// Returns a UUID of version 4.
    pub(crate) fn uuid(&mut self) -> u128 {
        let bits = u128::from(self.next()) << 64 | u128::from(self.next());
        bits & !(0xF << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62
    }
}

/// Appends a UUID's text.
pub(crate) fn push_uuid(uuid: u128, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'-'; 36];
    let mut at = 0;
    for byte in uuid.to_be_bytes() {
        text[at] = HEX[usize::from(byte >> 4)];
        text[at + 1] = HEX[usize::from(byte & 0xF)];
        at += if matches!(at, 6 | 11 | 16 | 21) { 3 } else { 2 };
    }
    // Hex digits: never the default.
    out.push_str(std::str::from_utf8(&text).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_say_that_they_are_random() {
        let mut text = String::new();
        push_uuid(Bits::new().uuid(), &mut text);
        assert_eq!((text.len(), &text[14..15]), (36, "4"), "{text}");
        assert!("89ab".contains(&text[19..20]), "{text}");
        assert_eq!(text.matches('-').count(), 4);
    }
}
