//! `$round`, `$power`, `$sqrt` and `$formatBase`.

use super::digits::Scratch;
use super::{Digits, write_javascript};
use crate::jsonata::Error;
use crate::jsonata::function::text::Text;
use std::fmt::Write;

/// Rounds to a count of decimal places, halves to even. The count may be negative; places are moved in the
/// decimal text, so `4.35` is the half that it looks like.
pub fn round(number: f64, places: Option<f64>) -> f64 {
    // To JavaScript zero and NaN alike are no count at all.
    let places = places.filter(|places| *places != 0.0 && !places.is_nan());
    if let Some(rounded) = places.and_then(|places| round_plainly(number, places)) {
        return rounded;
    }
    let moved = places.map_or(number, |places| shift(number, places));
    let mut result = half_up(moved);
    if (result - moved).abs() == 0.5 && (result % 2.0).abs() == 1.0 {
        result -= 1.0;
    }
    // Adding zero turns -0 into 0.
    places.map_or(result, |places| shift(result, -places)) + 0.0
}

/// Powers of ten that are doubles.
const POWERS: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// Rounds where it is certain, without digits, what their places come to: the number times a power of ten is off by
/// less than two parts in 2^53, which matters near a half only; a whole number divided by that power is rounded once.
fn round_plainly(number: f64, places: f64) -> Option<f64> {
    let power = *POWERS
        .get(places as usize)
        .filter(|_| places.fract() == 0.0 && places > 0.0)?;
    let moved = number * power;
    let (floor, margin) = (moved.floor(), moved.abs() * (4.0 * f64::EPSILON));
    let is_certain = moved.abs() < 1e15 && ((moved - floor) - 0.5).abs() > margin;
    is_certain.then(|| half_up(moved) / power + 0.0)
}

/// `Math.round`: the nearest whole number, halves up.
fn half_up(number: f64) -> f64 {
    let floor = number.floor();
    if number - floor >= 0.5 { floor + 1.0 } else { floor }
}

/// Moves the decimal point of a number's shortest text.
fn shift(number: f64, places: f64) -> f64 {
    // From 1e21 on JavaScript writes the places with an exponent of their own, which no text has twice.
    if !number.is_finite() || places.fract() != 0.0 || places.abs() >= 1e21 {
        return f64::NAN;
    }
    let digits = Digits::shortest(number);
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let point = f64::from(digits.point) + places;
    let mut text = Scratch::new();
    let dot = if digits.as_str().is_empty() { "" } else { "." };
    let exponent = point.clamp(-9_999.0, 9_999.0) as i32;
    match write!(text, "{sign}0{dot}{}e{exponent}", digits.as_str()) {
        Ok(()) => text.text().parse().unwrap_or(f64::NAN),
        Err(_) => f64::NAN,
    }
}

/// Raises a number to a power.
///
/// # Errors
///
/// D3061 when no double holds the result.
pub fn power(base: f64, exponent: f64) -> Result<f64, Error> {
    // JavaScript has NaN where others say that one to any power is one.
    let indefinite = base.abs() == 1.0 && !exponent.is_finite();
    // As JavaScript and Java have the square: rounded once.
    let result = match exponent {
        2.0 => base * base,
        _ => base.powf(exponent),
    };
    if result.is_finite() && !indefinite {
        return Ok(result);
    }
    Err(Error::new("D3061").with_value(base).with_second(exponent))
}

/// Returns the square root.
///
/// # Errors
///
/// D3060 for a negative number.
pub fn square_root(number: f64) -> Result<f64, Error> {
    if number < 0.0 {
        return Err(Error::new("D3060").with_value(number));
    }
    Ok(number.sqrt())
}

/// Most digits that a double has in any base: 1024 in base two, and a sign.
const BASE_DIGITS_MAX: usize = 1_100;

/// Writes a number, rounded, in a base from 2 to 36; ten if none is given.
///
/// # Errors
///
/// D3100 for another base, and the room that is missing.
pub fn format_base(number: f64, radix: Option<f64>, out: &mut Text<'_>) -> Result<(), Error> {
    let number = round(number, None);
    let radix = round(radix.unwrap_or(10.0), None);
    if !(2.0..=36.0).contains(&radix) {
        return Err(Error::new("D3100").with_value(radix));
    }
    if radix == 10.0 || !number.is_finite() {
        return Ok(write_javascript(out, number)?);
    }
    let mut digits = [b'0'; BASE_DIGITS_MAX];
    let mut first = digits.len();
    let mut rest = number.abs();
    while first > 1 {
        first -= 1;
        if rest / radix >= (1u64 << 53) as f64 {
            // Such a digit is beyond a double's precision; V8 writes a zero.
            rest /= radix;
            continue;
        }
        let digit = rest % radix;
        digits[first] = char::from_digit(digit as u32, 36).map_or(b'0', |digit| digit as u8);
        rest = ((rest - digit) / radix).floor();
        if rest <= 0.0 {
            break;
        }
    }
    out.push_str(if number < 0.0 { "-" } else { "" })?;
    out.push_str(std::str::from_utf8(&digits[first..]).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonata::function::text::written;

    #[test]
    fn rounds_halves_to_even_in_decimal() {
        let cases = [
            (2.5, None, 2.0),
            (3.5, None, 4.0),
            (-7.5, None, -8.0),
            (-0.4, None, 0.0),
            (0.49999999999999994, None, 0.0),
            (4.35, Some(1.0), 4.4),
            (4.45, Some(1.0), 4.4),
            (12450.0, Some(-2.0), 12400.0),
            (1e21, Some(2.0), 1e21),
            (5.0, Some(-3.0), 0.0),
            (2.5, Some(f64::NAN), 2.0),
            (0.0, Some(1e20), 0.0),
        ];
        for (number, places, expected) in cases {
            let found = round(number, places);
            assert_eq!(found.to_bits(), f64::to_bits(expected), "{number} {places:?}");
        }
        assert!(round(1.5, Some(0.5)).is_nan());
        assert!(round(1.5, Some(400.0)).is_nan());
        assert!(round(0.0, Some(1e21)).is_nan());
    }

    #[test]
    fn powers_and_roots() {
        assert_eq!(power(10.0, -2.0), Ok(0.01));
        assert_eq!(square_root(2.0), Ok(2f64.sqrt()));
        assert_eq!(square_root(-1.0), Err(Error::new("D3060").with_value(-1.0)));
        for (base, exponent) in [(10.0, 400.0), (-2.0, 0.5), (0.0, -1.0), (1.0, f64::INFINITY)] {
            assert!(power(base, exponent).is_err(), "{base} {exponent}");
        }
    }

    #[test]
    fn bases() {
        let base = |number, radix| written(|out| format_base(number, radix, out));
        assert_eq!(base(100.0, Some(2.0)).as_deref(), Ok("1100100"));
        assert_eq!(base(-255.0, Some(16.0)).as_deref(), Ok("-ff"));
        assert_eq!(base(99.5, Some(2.5)).as_deref(), Ok("1100100"));
        assert_eq!(base(0.0, Some(36.0)).as_deref(), Ok("0"));
        assert_eq!(
            base(167_967_522_001_039_650.0, Some(3.0)).as_deref(),
            Ok("1010012210210122021121121210011012200")
        );
        assert_eq!(base(1e21, None).as_deref(), Ok("1e+21"));
        assert_eq!(base(f64::MAX, Some(2.0)).map(|text| text.len()), Ok(1024));
        for radix in [1.0, 37.0] {
            let error = Error::new("D3100").with_value(radix);
            assert_eq!(base(1.0, Some(radix)), Err(error));
        }
    }
}
