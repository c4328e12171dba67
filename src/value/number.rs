//! Numbers: read and compare JSON number texts exactly.
//!
//! AWS keeps a number's notation, so a number is a text until it is compared or added. Comparison is
//! of the exact decimal values: two 20-digit ids that differ in the last digit are not equal.

use std::cmp::Ordering;

/// Powers of ten that an `f64` holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Most digits that are certain to fit the 53-bit mantissa of an `f64`.
const EXACT_DIGITS: usize = 15;

/// Compares two JSON number texts by value.
pub fn compare_numbers(a: &[u8], b: &[u8]) -> Ordering {
    if let (Some(x), Some(y)) = (plain_number(a), plain_number(b)) {
        return x.partial_cmp(&y).unwrap_or(Ordering::Equal);
    }
    // Rounding is monotone: what differs as f64 differs that way exactly.
    match to_f64(a).partial_cmp(&to_f64(b)) {
        Some(Ordering::Equal) | None => Decimal::of(a).cmp(&Decimal::of(b)),
        Some(order) => order,
    }
}

/// Reads a JSON number text; out of range becomes infinite, as `str::parse` has it.
pub(super) fn to_f64(text: &[u8]) -> f64 {
    plain_number(text).unwrap_or_else(|| {
        std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(f64::NAN)
    })
}

/// Reads a JSON number text of up to 15 digits without exponent: one division gives the value, correctly
/// rounded. `None` for any other.
pub fn plain_number(text: &[u8]) -> Option<f64> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    if digits.len() > EXACT_DIGITS + 1 {
        return None;
    }
    let mut mantissa = 0u64;
    let mut point = digits.len();
    for (at, &byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => mantissa = mantissa * 10 + u64::from(byte - b'0'),
            b'.' => point = at,
            _ => return None,
        }
    }
    if mantissa >= 1 << 53 {
        return None;
    }
    let decimals = digits.len().saturating_sub(point + 1);
    let value = mantissa as f64 / POWERS[decimals];
    Some(if negative { -value } else { value })
}

/// Most digits of a whole number of 64 bits.
const DIGITS_MAX: usize = 20;

/// Appends a whole number in decimal; what formats in general takes several times as long.
pub(super) fn push_digits(out: &mut Vec<u8>, value: u64) {
    let (mut digits, mut rest) = ([0; DIGITS_MAX], value);
    let mut first = DIGITS_MAX;
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[first..]);
}

/// A decimal number: sign, digits without leading or trailing zeros, and the position of the point.
struct Decimal<'a> {
    negative: bool,
    integer: &'a [u8],
    fraction: &'a [u8],
    /// The value is `0.d1d2d3… × 10^scale`, `d1` being the first digit that is not zero.
    scale: i64,
    digits: Digits<'a>,
}

/// The significant digits of a number: `integer` then `fraction`, leading zeros skipped.
#[derive(Clone)]
struct Digits<'a> {
    parts: std::iter::Chain<std::slice::Iter<'a, u8>, std::slice::Iter<'a, u8>>,
}

impl Iterator for Digits<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        self.parts.next().copied()
    }
}

impl<'a> Decimal<'a> {
    fn of(text: &'a [u8]) -> Decimal<'a> {
        let (negative, text) = match text.split_first() {
            Some((b'-', rest)) => (true, rest),
            _ => (false, text),
        };
        let (mantissa, exponent) = match text.iter().position(|b| b | 0x20 == b'e') {
            Some(at) => (&text[..at], exponent(&text[at + 1..])),
            None => (text, 0),
        };
        let (integer, fraction) = match mantissa.iter().position(|&b| b == b'.') {
            Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
            None => (mantissa, &mantissa[..0]),
        };
        let zeros = integer.iter().chain(fraction).take_while(|&&b| b == b'0').count();
        let mut digits = Digits {
            parts: integer.iter().chain(fraction),
        };
        if zeros > 0 {
            digits.nth(zeros - 1);
        }
        let scale = (integer.len() as i64 - zeros as i64).saturating_add(exponent);
        Decimal {
            negative,
            integer,
            fraction,
            scale,
            digits,
        }
    }

    fn is_zero(&self) -> bool {
        self.integer.iter().chain(self.fraction).all(|&b| b == b'0')
    }

    fn cmp(&self, other: &Decimal<'_>) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => return Ordering::Equal,
            (true, false) => {
                return if other.negative {
                    Ordering::Greater
                } else {
                    Ordering::Less
                };
            }
            (false, true) => {
                return if self.negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                };
            }
            _ => {}
        }
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.cmp_magnitude(other),
            (true, true) => other.cmp_magnitude(self),
        }
    }

    fn cmp_magnitude(&self, other: &Decimal<'_>) -> Ordering {
        let (mut a, mut b) = (self.digits.clone(), other.digits.clone());
        self.scale.cmp(&other.scale).then_with(|| {
            loop {
                match (a.next(), b.next()) {
                    (None, None) => return Ordering::Equal,
                    (x, y) => match x.unwrap_or(b'0').cmp(&y.unwrap_or(b'0')) {
                        Ordering::Equal => {}
                        unequal => return unequal,
                    },
                }
            }
        })
    }
}

/// Reads an exponent, saturating: no document is long enough to make up for the difference.
fn exponent(text: &[u8]) -> i64 {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let size = digits.iter().fold(0i64, |size, &b| {
        size.saturating_mul(10)
            .saturating_add(i64::from(b.wrapping_sub(b'0')))
            .min(1 << 40)
    });
    if negative { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_written_as_the_library_writes_them() {
        for value in [0, 1, 9, 10, 12_345, u64::MAX / 10, u64::MAX] {
            let mut out = vec![b'-'];
            push_digits(&mut out, value);
            assert_eq!(out, format!("-{value}").as_bytes());
        }
    }

    #[test]
    fn compares_exactly() {
        let cases = [
            ("0", "0.0", Ordering::Equal),
            ("-0", "0", Ordering::Equal),
            ("1e3", "1000", Ordering::Equal),
            ("1.10", "1.1", Ordering::Equal),
            ("12345678901234567890", "12345678901234567891", Ordering::Less),
            (
                "-12345678901234567890",
                "-12345678901234567891",
                Ordering::Greater,
            ),
            ("1e400", "1e401", Ordering::Less),
            ("-1e400", "1e-400", Ordering::Less),
            ("0e999999999999", "0", Ordering::Equal),
            ("0.00000000000000000001", "1e-20", Ordering::Equal),
            ("0.1", "0.10000000000000000001", Ordering::Less),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
        ];
        for (a, b, expected) in cases {
            assert_eq!(compare_numbers(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
            assert_eq!(
                compare_numbers(b.as_bytes(), a.as_bytes()),
                expected.reverse(),
                "{b} {a}"
            );
        }
    }

    #[test]
    fn short_numbers_read_as_the_library_reads_them() {
        for text in [
            "4287.49",
            "5",
            "-0.1",
            "999999999999999",
            "0.000000000001",
            "1.10",
            "123456789.12345",
        ] {
            assert_eq!(to_f64(text.as_bytes()), text.parse::<f64>().unwrap(), "{text}");
        }
    }
}
