//! Finds the end of a number and checks its form.
//!
//! Must not know what the number is worth: its text is kept.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Returns where the number at `at` ends, whose first byte is given; `None` if it is not one.
///
/// What follows the number is not looked at: the caller expects a comma or a bracket there. Numbers of
/// up to seven bytes behind the sign are done in a word, without a loop.
#[inline(always)]
pub(super) fn end(text: &[u8], at: usize, first: u8) -> Option<usize> {
    let start = at + usize::from(first == b'-');
    let word = u64::from_le_bytes(*text.get(start..)?.first_chunk()?);
    let others = non_digits(word);
    let whole = others.trailing_zeros() & !7 & 63;
    let point = (word >> whole) as u8 == b'.';
    let after_point = if point {
        others & others.wrapping_sub(1)
    } else {
        others
    };
    let len = (after_point.trailing_zeros() & !7) & 63;
    let exponent = (word >> len) as u8 | 0x20 == b'e';
    let leading_zero = word as u8 == b'0' && whole > 8;
    if after_point == 0 || whole == 0 || exponent || leading_zero || (point && len == whole + 8) {
        return long(text, start);
    }
    Some(start + len as usize / 8)
}

/// Sets the high bit of each byte that is no digit.
#[inline(always)]
fn non_digits(word: u64) -> u64 {
    let flipped = word ^ (LOW * 0x30);
    (((flipped & !HIGH) + LOW * 0x76) | flipped) & HIGH
}

/// As [`end`], of any length and with an exponent, behind the sign.
#[cold]
fn long(text: &[u8], start: usize) -> Option<usize> {
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
    use super::*;

    fn check(text: &str, expected: Option<usize>) {
        let padded = format!("{text}{}", " ".repeat(64));
        assert_eq!(end(padded.as_bytes(), 0, text.as_bytes()[0]), expected, "{text}");
        if let Some(rest) = text.strip_prefix('-') {
            assert_eq!(long(padded.as_bytes(), 1), expected, "{rest}");
        } else {
            assert_eq!(long(padded.as_bytes(), 0), expected, "{text}");
        }
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
