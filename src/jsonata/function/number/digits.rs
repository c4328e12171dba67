//! The decimal digits of a double: the fewest that read back as it, or a given count of them.
//!
//! The standard library finds the digits; here they become numbers that a form can be made of.

use std::fmt::{self, Write};

/// Most digits that the shortest form of a double has.
const DIGITS_MAX: usize = 17;

/// Decimals of so many digits survive being a double.
const EXACT_DIGITS: usize = 15;

/// A finite double in decimal: `0.d1d2d3… × 10^point`, without zeros at the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Digits {
    /// Whether a sign stands before it; not for zero.
    pub negative: bool,
    /// Where the decimal point stands, counted from before the first digit.
    pub point: i32,
    digits: [u8; DIGITS_MAX],
    len: usize,
}

/// A place on the stack for the text that the standard library writes.
pub(super) struct Scratch {
    bytes: [u8; 96],
    len: usize,
}

impl Scratch {
    pub(super) fn new() -> Scratch {
        Scratch {
            bytes: [0; 96],
            len: 0,
        }
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl Write for Scratch {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        let place = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

impl Digits {
    /// Returns the fewest digits that read back as the number; those of zero when it is not finite.
    pub fn shortest(number: f64) -> Digits {
        if let Some(digits) = Digits::few(number) {
            return digits;
        }
        Digits::of(format_args!("{number:e}"), DIGITS_MAX)
    }

    /// Returns the digits of a number with few decimal places. Of all decimals of at most 15 digits no two are one
    /// double, so what gives the number back is what it is; both sides of the division are exact.
    fn few(number: f64) -> Option<Digits> {
        let size = number.abs();
        if !(1e-3..1e11).contains(&size) {
            return None;
        }
        let whole =
            |power: f64| Some((size * power).round()).filter(|whole| *whole < 1e15 && whole / power == size);
        let (mut rest, places) = match (whole(1e3), whole(1e7)) {
            (Some(whole), _) => (whole as u64, 3),
            (None, Some(whole)) => (whole as u64, 7),
            (None, None) => return None,
        };
        let mut digits = Digits {
            negative: number < 0.0,
            point: 0,
            digits: [b'0'; DIGITS_MAX],
            len: rest.checked_ilog10()? as usize + 1,
        };
        for digit in digits.digits[..digits.len].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        digits.point = digits.len as i32 - places;
        digits.trim();
        Some(digits)
    }

    /// Returns at most `count` significant digits, as `toPrecision` has them: of two that are equally near
    /// the larger one. Zero when the number is not finite.
    pub fn precise(number: f64, count: usize) -> Digits {
        let shortest = Digits::shortest(number);
        // What has so few digits is also the nearest number that has, save for those with fewer bits.
        if shortest.len <= count.min(EXACT_DIGITS) && number.abs() >= f64::MIN_POSITIVE {
            return shortest;
        }
        let count = count.clamp(1, DIGITS_MAX);
        // With 40 digits more nothing but the exact value's own half is left to look like one.
        let mut scratch = Scratch::new();
        if write!(scratch, "{:.*e}", count + 39, number).is_err() {
            return shortest;
        }
        let next = scratch.text().bytes().filter(u8::is_ascii_digit).nth(count);
        let mut digits = Digits::read(scratch.text(), count);
        if next.is_some_and(|digit| digit >= b'5') {
            digits.round_up(count);
        }
        digits
    }

    /// Returns the digits that a text of the form `-1.25e-7` begins with.
    fn of(text: fmt::Arguments<'_>, count: usize) -> Digits {
        let mut scratch = Scratch::new();
        match scratch.write_fmt(text) {
            Ok(()) => Digits::read(scratch.text(), count),
            Err(_) => Digits::read("", count),
        }
    }

    fn read(text: &str, count: usize) -> Digits {
        let mut digits = Digits {
            negative: false,
            point: 0,
            digits: [b'0'; DIGITS_MAX],
            len: 0,
        };
        let Some((mantissa, exponent)) = text.split_once('e') else {
            return digits;
        };
        for byte in mantissa.bytes().filter(u8::is_ascii_digit).take(count) {
            digits.digits[digits.len] = byte;
            digits.len += 1;
        }
        digits.point = exponent.parse::<i32>().unwrap_or_default() + 1;
        digits.trim();
        digits.negative = mantissa.starts_with('-') && digits.len > 0;
        digits
    }

    /// Drops zeros at the end; zero has no digits.
    fn trim(&mut self) {
        while self.len > 0 && self.digits[self.len - 1] == b'0' {
            self.len -= 1;
        }
        if self.len == 0 {
            self.point = 0;
        }
    }

    /// Adds one to the last of `count` digits.
    fn round_up(&mut self, count: usize) {
        self.digits[self.len..count].fill(b'0');
        self.len = count;
        let Some(last) = self.digits[..count].iter().rposition(|&byte| byte != b'9') else {
            self.digits[0] = b'1';
            self.len = 1;
            self.point += 1;
            return;
        };
        self.digits[last] += 1;
        self.digits[last + 1..count].fill(b'0');
        self.trim();
    }

    /// Returns the digits, the first of which is not zero; none for zero.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..self.len]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_their_point() {
        let cases = [
            (0.0, "", 0, false),
            (-0.0, "", 0, false),
            (-1.5, "15", 1, true),
            (1e21, "1", 22, false),
            (0.001, "1", -2, false),
            (f64::MAX, "17976931348623157", 309, false),
            (5e-324, "5", -323, false),
        ];
        for (number, digits, point, negative) in cases {
            let found = Digits::shortest(number);
            assert_eq!(
                (found.as_str(), found.point, found.negative),
                (digits, point, negative)
            );
        }
        assert_eq!(Digits::shortest(f64::NAN).as_str(), "");
    }

    #[test]
    fn of_two_that_are_equally_near_the_larger_one() {
        for (number, count, digits, point) in [
            (1000000000000.125, 15, "100000000000013", 13),
            (1000000000000.375, 15, "100000000000038", 13),
            (0.5, 1, "5", 0),
            (2.5, 1, "3", 1),
            (9.5, 1, "1", 2),
            (0.1 + 0.2, 15, "3", 0),
            (1.0 / 3.0, 15, "333333333333333", 0),
        ] {
            let found = Digits::precise(number, count);
            assert_eq!((found.as_str(), found.point), (digits, point), "{number}");
        }
    }
}
