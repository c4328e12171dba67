//! Finds the end of a number and checks its form.
//!
//! Must not know what the number is worth: its text is kept.

use super::reach::Reach;

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Which of sixteen bytes are what: bit `n` for byte `n`.
#[derive(Clone, Copy)]
pub(super) struct Masks {
    /// No digits.
    pub(super) others: u32,
    pub(super) points: u32,
}

/// Returns where the number ends whose digits begin at `start`; they are known to begin if it is not `SIGNED`.
///
/// Only the first fifteen bytes are looked at, and no exponent. What is longer, or of a form that is not known,
/// ends early, on a byte that follows no value: who meets that asks [`rest`].
#[inline(always)]
pub(super) fn end<const SIGNED: bool>(reach: &impl Reach, start: usize) -> usize {
    let Masks { others, points } = reach.masks(start);
    // The first byte that is no digit, if it is a point.
    let point = points & (others & others.wrapping_neg());
    let behind = (others ^ point) | 1 << 16;
    let [first] = reach.chunk(start);
    let has_digits = point << 1 & behind == 0 && (!SIGNED || others & 1 == 0);
    if has_digits && (first != b'0' || others & 2 != 0) {
        start + behind.trailing_zeros() as usize
    } else {
        // On its first digit, or on its sign.
        start - usize::from(SIGNED)
    }
}

/// Returns where the number ends that begins at `start`, sign included, if there is one and it ends behind `end`.
#[cold]
#[inline(never)]
pub(super) fn rest(text: &[u8], start: usize, end: usize) -> Option<usize> {
    let first = start + usize::from(text.get(start) == Some(&b'-'));
    let mut at = digits(text, first)?;
    if text.get(first) == Some(&b'0') && at > first + 1 {
        return None;
    }
    if text.get(at) == Some(&b'.') {
        at = digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let signed = matches!(text.get(at + 1), Some(b'+' | b'-'));
        at = digits(text, at + 1 + usize::from(signed))?;
    }
    Some(at).filter(|&at| at > end)
}

/// Finds digits and points in plain Rust.
#[inline(always)]
pub(super) fn masks(bytes: [u8; 16]) -> Masks {
    let word = u128::from_le_bytes(bytes);
    let (low, high) = (word as u64, (word >> 64) as u64);
    let points = |word: u64| non_digits_of(word ^ (LOW * u64::from(b'.')), 0x7F);
    Masks {
        others: gather(non_digits(low)) | gather(non_digits(high)) << 8,
        points: 0xFFFF ^ (gather(points(low)) | gather(points(high)) << 8),
    }
}

/// Collects the high bits of eight bytes into one byte.
#[inline(always)]
fn gather(high: u64) -> u32 {
    ((high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
}

/// Sets the high bit of each byte that is no digit.
#[inline(always)]
fn non_digits(word: u64) -> u64 {
    non_digits_of(word ^ (LOW * 0x30), 0x76)
}

/// Sets the high bit of each byte from which `below` carries.
#[inline(always)]
fn non_digits_of(flipped: u64, below: u64) -> u64 {
    (((flipped & !HIGH) + LOW * below) | flipped) & HIGH
}

/// Returns where the digits at `at` end; `None` if there are none.
fn digits(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    while let Some(bytes) = text.get(at..).and_then(|rest| rest.first_chunk()) {
        let others = non_digits(u64::from_le_bytes(*bytes));
        if others != 0 {
            at += others.trailing_zeros() as usize / 8;
            break;
        }
        at += 8;
    }
    if at > start { Some(at) } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::grammar::Source;
    use super::super::marks::Marks;
    use super::super::reach::Checked;
    use super::*;

    fn check(text: &str, expected: Option<usize>) {
        let padded = format!("{text}{}", " ".repeat(64));
        let padded = padded.as_bytes();
        let marks = Marks::default();
        let reach = Checked::new(
            &Source::new(padded, 0, text.len(), &marks, 1),
            &mut [],
            0,
            &mut [],
        );
        let early = match padded[0] {
            b'-' => end::<true>(&reach, 1),
            _ => end::<false>(&reach, 0),
        };
        // As in the grammar: nothing goes on with an exponent but a number.
        let may_end = early > 0 && padded[early] | 0x20 != b'e';
        let found = rest(padded, 0, early).or(may_end.then_some(early));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn ends_where_the_number_ends() {
        for (text, len) in [
            ("0", 1),
            ("-0", 2),
            ("0.0", 3),
            ("1.10,", 4),
            ("4287.49}", 7),
            ("1234567]", 7),
            ("12345678]", 8),
            ("123456789012345678901234", 24),
            ("-1e400", 6),
            ("1E-5 ", 4),
            ("1.5e+10,", 7),
            ("0e1", 3),
            ("123456.7", 8),
            ("1234567.8", 9),
            ("0.123456789", 11),
            ("-12.34x", 6),
        ] {
            check(text, Some(len));
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in [
            "-", "01", "-01", "1.", "1.e5", "1e", "1e+", "00", "-a", "00000000", "1.x", "-.5",
        ] {
            check(text, None);
        }
    }
}
