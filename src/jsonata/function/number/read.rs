//! How `$number` reads a text.

use crate::jsonata::Error;
use crate::jsonata::function::error::of_text;

/// Reads a text as `$number` does: a decimal number, or one with `0x`, `0o` or `0b`.
///
/// # Errors
///
/// D3030 for anything else, and for a number that no double holds.
pub fn number(text: &str) -> Result<f64, Error> {
    if is_decimal(text) {
        return match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(of_text("D3030", text)),
        };
    }
    if looks_like_radix(text) {
        // The reference looks at a part of the text only, so what follows may make it no number at all.
        return Ok(radix_number(trim(text)).unwrap_or(f64::NAN));
    }
    Err(of_text("D3030", text))
}

/// Whether a text is a number in JSON's notation, apart from zeros at its beginning, which may be many.
fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let Some(mut rest) = after_digits(text) else {
        return false;
    };
    if let Some(fraction) = rest.strip_prefix('.') {
        let Some(after) = after_digits(fraction) else {
            return false;
        };
        rest = after;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let Some(after) = after_digits(digits) else {
            return false;
        };
        rest = after;
    }
    rest.is_empty()
}

/// Returns what follows the digits that a text begins with, if it does.
fn after_digits(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|character: char| character.is_ascii_digit());
    (rest.len() < text.len()).then_some(rest)
}

/// Whether the reference takes a text for one of another base: `0x1` at its beginning, `0o1` anywhere,
/// `0b1` at its end.
fn looks_like_radix(text: &str) -> bool {
    let bytes = text.as_bytes();
    let starts = |at: usize, letter: u8| {
        bytes.get(at) == Some(&b'0') && bytes.get(at + 1).map(u8::to_ascii_lowercase) == Some(letter)
    };
    let digit = |at: usize, radix: u32| {
        let byte = bytes.get(at).copied().unwrap_or_default();
        char::from(byte).is_digit(radix)
    };
    if starts(0, b'x') && digit(2, 16) {
        return true;
    }
    let ones = bytes
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b'0' | b'1'))
        .count();
    let binary = ones > 0 && bytes.len() >= ones + 2 && starts(bytes.len() - ones - 2, b'b');
    binary || (0..bytes.len()).any(|at| starts(at, b'o') && digit(at + 2, 8))
}

/// Reads `0x12`, `0o17`, `0b101` to the end, rounding as a double does.
fn radix_number(text: &str) -> Option<f64> {
    let (prefix, digits) = text.split_at_checked(2)?;
    let bits = match prefix {
        "0x" | "0X" => 4,
        "0o" | "0O" => 3,
        "0b" | "0B" => 1,
        _ => return None,
    };
    if digits.is_empty() {
        return None;
    }
    // 64 significant bits, and one that says whether any bit after them was set: enough to round once.
    let (mut mantissa, mut exponent, mut sticky) = (0u64, 0i32, false);
    for character in digits.chars() {
        let digit = character.to_digit(1 << bits)?;
        for bit in (0..bits).rev().map(|shift| (digit >> shift) & 1) {
            if mantissa >> 62 == 0 {
                mantissa = mantissa << 1 | u64::from(bit);
            } else {
                sticky |= bit == 1;
                exponent = exponent.saturating_add(1);
            }
        }
    }
    Some((mantissa << 1 | u64::from(sticky)) as f64 * 0.5 * 2f64.powi(exponent.min(2_000)))
}

/// Drops what JavaScript counts as white space at both ends.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Whether JavaScript counts a character as white space: that of Unicode, the byte order mark, but not
/// U+0085.
pub(crate) fn is_space(character: char) -> bool {
    character == '\u{FEFF}' || (character.is_whitespace() && character != '\u{85}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_reference_reads() {
        let cases = [
            ("-0.05", -0.05),
            ("1.0e-2", 0.01),
            ("0123", 123.0),
            ("0x12", 18.0),
            ("0B101", 5.0),
            ("0o17", 15.0),
            (" 0b11", 3.0),
            ("0xffffffffffffffff", 18446744073709551615.0),
            ("0x20000000000001", 9007199254740993.0),
            ("0x20000000000001000000000001", 2f64.powi(101) + 2f64.powi(49)),
        ];
        for (text, expected) in cases {
            assert_eq!(number(text), Ok(expected), "{text}");
        }
        for text in ["0x1g", "a0o7", "x0b1"] {
            assert!(number(text).unwrap().is_nan(), "{text}");
        }
        for text in [
            "", "-", "1.", ".5", "+1", "1e", "1/2", "10e500", " 1", "0x", "1 0b", "0b12", "١",
        ] {
            assert_eq!(number(text), Err(of_text("D3030", text)));
        }
    }
}
