//! A double as text: JavaScript's form and Java's.

use super::Digits;
use super::digits::Scratch;
use std::fmt::{self, Write};

/// Digits of a fraction in `$string`: the reference drops what binary fractions leave behind.
const STRING_DIGITS: usize = 15;

/// Whole numbers below this have all their digits in a 64-bit integer, none of them made up.
const WHOLE_MAX: f64 = (1u64 << 53) as f64;

/// Returns what a number that is not finite is called in an output.
pub fn non_finite_name(number: f64) -> Option<&'static str> {
    match number {
        _ if number.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

/// Writes a number as JavaScript does: `100000000000000000000`, `1e+21`, `0.000001`, `1e-7`.
///
/// # Errors
///
/// What `out` fails with.
pub fn write_javascript(out: &mut impl Write, number: f64) -> fmt::Result {
    if number.fract() == 0.0 && number.abs() < WHOLE_MAX {
        return write_integer(out, number as i64);
    }
    if let Some(written) = write_few(out, number) {
        return written;
    }
    match non_finite_name(number) {
        Some(name) => out.write_str(name),
        None => javascript(out, &Digits::shortest(number)),
    }
}

/// Writes a number as `$string` and `&` do: fractions with 15 significant digits, whole numbers with all.
///
/// # Errors
///
/// What `out` fails with.
pub fn write_string(out: &mut impl Write, number: f64) -> fmt::Result {
    if !number.is_finite() || number.fract() == 0.0 {
        return write_javascript(out, number);
    }
    match write_few(out, number) {
        Some(written) => written,
        None => {
            let digits = Digits::precise(number, STRING_DIGITS);
            // The reference makes a number of them again; only of these the digits may be more than it needs.
            match number.abs() < f64::MIN_POSITIVE {
                true => javascript(out, &read_back(&digits)?),
                false => javascript(out, &digits),
            }
        }
    }
}

/// Returns the fewest digits of the double that is nearest to some.
fn read_back(digits: &Digits) -> Result<Digits, fmt::Error> {
    let mut text = Scratch::new();
    javascript(&mut text, digits)?;
    let number = text.text().parse().map_err(|_| fmt::Error)?;
    Ok(Digits::shortest(number))
}

/// Writes a number as outputs and logs have it: a whole number that fits 64 bits as such, any other as
/// Java's `Double.toString`: `1.0E-4`, `1.23456789E7`.
///
/// # Errors
///
/// What `out` fails with.
pub fn write_java(out: &mut impl Write, number: f64) -> fmt::Result {
    if let Some(name) = non_finite_name(number) {
        return out.write_str(name);
    }
    // -2^63 is a double, 2^63 - 1 is none.
    let bound = i64::MIN as f64;
    if number.fract() == 0.0 && (bound..-bound).contains(&number) {
        return write_integer(out, number as i64);
    }
    if let Some(written) = write_few(out, number) {
        return written;
    }
    let digits = Digits::shortest(number);
    out.write_str(if digits.negative { "-" } else { "" })?;
    if (-2..=7).contains(&digits.point) {
        return plain(out, &digits);
    }
    let (first, rest) = digits.as_str().split_at(1);
    let rest = if rest.is_empty() { "0" } else { rest };
    write!(out, "{first}.{rest}E{}", digits.point - 1)
}

/// Writes a fraction of at most three decimal places, of a size that all forms write without an exponent; `None` for any
/// other. As for the digits of few places, what gives the number back is what it is.
fn write_few(out: &mut impl Write, number: f64) -> Option<fmt::Result> {
    let size = number.abs();
    if !(1e-3..1e7).contains(&size) {
        return None;
    }
    let thousandths = (size * 1e3 + 0.5) as u64;
    if thousandths as f64 / 1e3 != size {
        return None;
    }
    let (mut whole, mut fraction, mut places) = (thousandths / 1000, thousandths % 1000, 3);
    while places > 1 && fraction % 10 == 0 {
        (fraction, places) = (fraction / 10, places - 1);
    }
    let mut text = [0; 12];
    let mut first = text.len();
    let mut push = |byte: u8| {
        first -= 1;
        text[first] = byte;
    };
    for _ in 0..places {
        push(b'0' + (fraction % 10) as u8);
        fraction /= 10;
    }
    push(b'.');
    loop {
        push(b'0' + (whole % 10) as u8);
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    if number < 0.0 {
        push(b'-');
    }
    Some(out.write_str(std::str::from_utf8(&text[first..]).unwrap_or_default()))
}

/// Writes an integer; what formats in general takes several times as long.
fn write_integer(out: &mut impl Write, integer: i64) -> fmt::Result {
    let (mut digits, mut rest) = ([0; 20], integer.unsigned_abs());
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if integer < 0 {
        first -= 1;
        digits[first] = b'-';
    }
    out.write_str(std::str::from_utf8(&digits[first..]).unwrap_or_default())
}

fn javascript(out: &mut impl Write, digits: &Digits) -> fmt::Result {
    out.write_str(if digits.negative { "-" } else { "" })?;
    if digits.as_str().is_empty() {
        return out.write_str("0");
    }
    if (-5..=21).contains(&digits.point) {
        return plain(out, digits);
    }
    let (first, rest) = digits.as_str().split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if digits.point > 0 { "+" } else { "" };
    write!(out, "{first}{point}{rest}e{sign}{}", digits.point - 1)
}

/// Writes digits without an exponent.
fn plain(out: &mut impl Write, digits: &Digits) -> fmt::Result {
    let text = digits.as_str();
    let Ok(whole) = usize::try_from(digits.point) else {
        let zeros = digits.point.unsigned_abs() as usize;
        return write!(out, "0.{:0<zeros$}{text}", "");
    };
    match text.split_at_checked(whole) {
        Some((whole, "")) => out.write_str(whole),
        Some((whole, fraction)) => {
            out.write_str(if whole.is_empty() { "0" } else { whole })?;
            out.write_str(".")?;
            out.write_str(fraction)
        }
        None => write!(out, "{text:0<whole$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(number: f64) -> [String; 3] {
        let mut texts = [String::new(), String::new(), String::new()];
        write_javascript(&mut texts[0], number).unwrap();
        write_string(&mut texts[1], number).unwrap();
        write_java(&mut texts[2], number).unwrap();
        texts
    }

    #[test]
    #[cfg_attr(miri, ignore = "millions of steps")]
    fn few_places_are_written_as_the_digits_are() {
        let thousandths = [1, 10, 999, 1_001, 1_500, 123_456_789, 9_999_999_999];
        let close = [
            1.0005,
            9_999_999.999_5,
            0.1 + 0.2,
            1e-3 + f64::EPSILON,
            999.999_999_9,
        ];
        for number in thousandths
            .map(|whole: u64| whole as f64 / 1e3)
            .into_iter()
            .chain(close)
        {
            for number in [number, -number] {
                if number.fract() != 0.0 {
                    let expected = format!("{number}");
                    let [javascript, _, java] = texts(number);
                    assert_eq!([javascript, java], [expected.clone(), expected], "{number:e}");
                }
            }
        }
    }

    #[test]
    fn digits_that_a_subnormal_number_has_not_are_not_written() {
        for (number, text) in [
            (5e-324, "5e-324"),
            (-1e-323, "-1e-323"),
            (-3e-320, "-3e-320"),
            (1.23456789012346e-310, "1.23456789012346e-310"),
            (2.225073858507201e-308, "2.2250738585072e-308"),
            (f64::MIN_POSITIVE, "2.2250738585072e-308"),
        ] {
            assert_eq!(texts(number)[1], text);
        }
    }

    #[test]
    fn the_three_forms() {
        let cases = [
            (0.0, "0", "0", "0"),
            (-0.0, "0", "0", "0"),
            (1.0, "1", "1", "1"),
            (-12.5, "-12.5", "-12.5", "-12.5"),
            (0.1 + 0.2, "0.30000000000000004", "0.3", "0.30000000000000004"),
            (
                1.0 / 3.0,
                "0.3333333333333333",
                "0.333333333333333",
                "0.3333333333333333",
            ),
            (1e20, "100000000000000000000", "100000000000000000000", "1.0E20"),
            (
                999_999_999_999_999_868_928.0,
                "999999999999999900000",
                "999999999999999900000",
                "9.999999999999999E20",
            ),
            (1e21, "1e+21", "1e+21", "1.0E21"),
            (-1.25e100, "-1.25e+100", "-1.25e+100", "-1.25E100"),
            (1e-6, "0.000001", "0.000001", "1.0E-6"),
            (1.5e-7, "1.5e-7", "1.5e-7", "1.5E-7"),
            (0.001, "0.001", "0.001", "0.001"),
            (0.0001, "0.0001", "0.0001", "1.0E-4"),
            (12345678.9, "12345678.9", "12345678.9", "1.23456789E7"),
            (1234567.5, "1234567.5", "1234567.5", "1234567.5"),
            (
                9223372036854775807.0,
                "9223372036854776000",
                "9223372036854776000",
                "9.223372036854776E18",
            ),
            (
                -9223372036854775808.0,
                "-9223372036854776000",
                "-9223372036854776000",
                "-9223372036854775808",
            ),
            (
                9007199254740993.0,
                "9007199254740992",
                "9007199254740992",
                "9007199254740992",
            ),
            (5e-324, "5e-324", "5e-324", "4.9E-324"),
            (f64::INFINITY, "Infinity", "Infinity", "Infinity"),
        ];
        for (number, javascript, string, java) in cases {
            // Java has two digits at least, so of the smallest number it writes one that no other does.
            let java = if number == 5e-324 { "5.0E-324" } else { java };
            assert_eq!(texts(number), [javascript, string, java]);
        }
    }
}
