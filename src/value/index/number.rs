//! Finds the end of a number and checks its form.
//!
//! Must not know what the number is worth: its text is kept.

use super::grammar::Stop;
use super::reach::Reach;

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Which of sixteen bytes are what: bit `n` for byte `n`.
#[derive(Clone, Copy)]
pub(super) struct Masks {
    /// No digits; bit 16 is set too, as an end.
    pub(super) others: u32,
    pub(super) points: u32,
    pub(super) zeros: u32,
}

/// Returns where the number ends whose digits begin at `start`; they are known to begin if it is not `SIGNED`.
///
/// What follows the number is not looked at: the caller expects a comma or a bracket there. Numbers of up to
/// fifteen bytes behind the sign are done without a loop.
#[inline(always)]
pub(super) fn end<const SIGNED: bool>(reach: &impl Reach, start: usize) -> Result<usize, Stop> {
    let (len, is_odd) = short::<SIGNED>(reach.masks(start));
    let [after] = reach.chunk(start + len);
    if is_odd || after | 0x20 == b'e' {
        let end = long(reach.text(), start);
        return if end == 0 { Err(Stop::Invalid) } else { Ok(end) };
    }
    Ok(start + len)
}

/// Returns how long a number is, by its first bytes behind the sign, and whether it takes a longer look.
#[inline(always)]
fn short<const SIGNED: bool>(
    Masks {
        others,
        points,
        zeros,
    }: Masks,
) -> (usize, bool) {
    // The first byte that is no digit, if it is a point.
    let point = points & others & others.wrapping_neg();
    let behind = others ^ point;
    let leading_zero = zeros & !(others >> 1);
    let odd_first = if SIGNED {
        leading_zero | others
    } else {
        leading_zero
    } & 1;
    let odd = odd_first | (point << 1 & behind);
    let len = behind.trailing_zeros();
    (len as usize, odd != 0 || len == 16)
}

/// Finds digits and points in plain Rust.
#[inline(always)]
pub(super) fn masks(bytes: [u8; 16]) -> Masks {
    let word = u128::from_le_bytes(bytes);
    let (low, high) = (word as u64, (word >> 64) as u64);
    let points = |word: u64| non_digits_of(word ^ (LOW * u64::from(b'.')), 0x7F);
    Masks {
        others: gather(non_digits(low)) | gather(non_digits(high)) << 8 | 1 << 16,
        points: 0xFFFF ^ (gather(points(low)) | gather(points(high)) << 8),
        zeros: u32::from(word as u8 == b'0'),
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

/// As [`end`], of any length and with an exponent, behind the sign; 0 if it is not a number.
#[cold]
#[inline(never)]
fn long(text: &[u8], start: usize) -> usize {
    long_end(text, start).unwrap_or(0)
}

fn long_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = digits(text, start)?;
    if text[start] == b'0' && at > start + 1 {
        return None;
    }
    if text.get(at) == Some(&b'.') {
        at = digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let signed = matches!(text.get(at + 1), Some(b'+' | b'-'));
        at = digits(text, at + 1 + usize::from(signed))?;
    }
    Some(at)
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
    use super::super::grammar::{Open, Source};
    use super::super::marks::Marks;
    use super::super::reach::Checked;
    use super::*;

    fn check(text: &str, expected: Option<usize>) {
        let padded = format!("{text}{}", " ".repeat(64));
        let padded = padded.as_bytes();
        let marks = Marks::default();
        let reach = Checked::<Open>::new(&Source::new(padded, 0, text.len(), &marks), &mut [], 0, &mut []);
        let start = usize::from(padded[0] == b'-');
        if start == 0 {
            assert_eq!(end::<false>(&reach, start).ok(), expected, "{text}");
        }
        assert_eq!(end::<true>(&reach, start).ok(), expected, "{text}");
        assert_eq!(long_end(padded, start), expected, "{text}");
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
