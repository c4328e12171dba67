//! `$formatNumber`: its pictures read, and numbers written by them.

use super::PICTURE_BYTES_MAX;
use super::decimal::DecimalFormat;
use super::sub_picture::{Parts, SubPicture};
use crate::jsonata::Error;
use crate::jsonata::function::Text;
use crate::jsonata::function::error::{internal, too_large};
use crate::jsonata::function::number::{round, write_javascript};

/// Most digits behind the point that JavaScript writes.
const FRACTION_MAX: usize = 100;

/// A picture of `$formatNumber`.
#[derive(Clone, Debug)]
pub struct NumberPicture {
    format: DecimalFormat,
    positive: SubPicture,
    negative: SubPicture,
}

impl NumberPicture {
    /// Reads a picture.
    ///
    /// # Errors
    ///
    /// D3080 to D3093.
    pub fn parse(picture: &str, format: DecimalFormat) -> Result<NumberPicture, Error> {
        if picture.len() > PICTURE_BYTES_MAX {
            return Err(too_large());
        }
        let subs: Vec<&str> = picture.split(format.pattern_separator.as_str()).collect();
        if subs.len() > 2 {
            return Err(Error::new("D3080"));
        }
        let parts: Vec<Parts<'_>> = subs.iter().map(|sub| Parts::split(sub, &format)).collect();
        for parts in &parts {
            parts.check(&format)?;
        }
        let mut subs = parts.iter().map(|parts| parts.analyse(&format));
        let positive = subs.next().ok_or_else(internal)?;
        let negative = subs.next().unwrap_or_else(|| SubPicture {
            prefix: format!("{}{}", format.minus_sign, positive.prefix),
            ..positive.clone()
        });
        Ok(NumberPicture {
            positive,
            negative,
            format,
        })
    }

    /// Writes a number by the picture.
    ///
    /// # Errors
    ///
    /// An internal error for more than 100 digits behind the point, the memory bound.
    pub fn format(&self, number: f64, out: &mut Text<'_>) -> Result<(), Error> {
        let sub = if number >= 0.0 {
            &self.positive
        } else {
            &self.negative
        };
        if sub.fraction_max > FRACTION_MAX {
            return Err(internal());
        }
        let (mantissa, exponent) = sub.scale(number * sub.factor);
        let places = sub.fraction_max as f64;
        let digits = fixed(round(mantissa, Some(places)).abs(), sub.fraction_max)?;
        let (integer, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        out.push_str(&sub.prefix)?;
        self.mantissa(
            sub,
            integer.trim_start_matches('0'),
            fraction.trim_end_matches('0'),
            out,
        )?;
        if let Some(exponent) = exponent {
            out.push_str(&self.format.exponent_separator)?;
            out.push_str(if exponent < 0 { &self.format.minus_sign } else { "" })?;
            let width = sub.exponent_min;
            let digits = format!("{:0>width$}", exponent.unsigned_abs());
            self.digits(&digits, out)?;
        }
        out.push_str(&sub.suffix)
    }

    fn digits(&self, digits: &str, out: &mut Text<'_>) -> Result<(), Error> {
        digits.chars().try_for_each(|digit| {
            let is_digit = digit.is_ascii_digit();
            out.push(if is_digit {
                self.format.digit_of(digit)
            } else {
                digit
            })
        })
    }

    /// Writes the digits with their separators.
    fn mantissa(
        &self,
        sub: &SubPicture,
        integer: &str,
        fraction: &str,
        out: &mut Text<'_>,
    ) -> Result<(), Error> {
        let (before, behind) = (sub.integer_min, sub.fraction_min);
        let zeros = |count: usize| std::iter::repeat_n('0', count);
        let mut digits: Vec<char> = zeros(before.saturating_sub(integer.len()))
            .chain(integer.chars())
            .collect();
        let mut point = digits.len();
        digits.push('.');
        digits.extend(
            fraction
                .chars()
                .chain(zeros(behind.saturating_sub(fraction.len()))),
        );
        // A comma stands for the separator: no digit is one.
        if let Some(groups) = point.saturating_sub(1).checked_div(sub.regular) {
            for group in 1..=groups {
                digits.insert(point - group * sub.regular, ',');
            }
        } else {
            for group in &sub.integer_groups {
                // A separator left of all digits: the reference then counts from the end.
                let index = point
                    .checked_sub(*group)
                    .unwrap_or_else(|| (digits.len() + point).saturating_sub(*group));
                digits.insert(index.min(digits.len()), ',');
                point += 1;
            }
        }
        point = digits.iter().position(|digit| *digit == '.').unwrap_or_default();
        for group in &sub.fraction_groups {
            digits.insert((point + 1 + group).min(digits.len()), ',');
        }
        let is_last = digits.last() == Some(&'.');
        if !sub.has_decimal_separator || is_last {
            digits.pop();
        }
        digits.into_iter().try_for_each(|digit| match digit {
            ',' => out.push_str(&self.format.grouping_separator),
            '.' => out.push_str(&self.format.decimal_separator),
            '0'..='9' => out.push(self.format.digit_of(digit)),
            other => out.push(other),
        })
    }
}

impl SubPicture {
    /// Scales a number so that its integer part has as many digits as the picture; returns the exponent.
    fn scale(&self, number: f64) -> (f64, Option<i32>) {
        if self.exponent_min == 0 {
            return (number, None);
        }
        let max = 10f64.powi(self.scaling.min(400) as i32);
        let min = 10f64.powi(self.scaling.min(400) as i32 - 1);
        let (mut mantissa, mut exponent) = (number.abs(), 0);
        if mantissa == 0.0 || !mantissa.is_finite() {
            return (mantissa, Some(0));
        }
        while mantissa < min {
            mantissa *= 10.0;
            exponent -= 1;
        }
        while mantissa > max {
            mantissa /= 10.0;
            exponent += 1;
        }
        (mantissa, Some(exponent))
    }
}

/// Writes a number that is not negative as `toFixed` does.
fn fixed(number: f64, places: usize) -> Result<String, Error> {
    if number < 1e21 {
        return Ok(format!("{number:.places$}"));
    }
    let mut text = String::new();
    write_javascript(&mut text, number)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonata::function::text::written;

    fn formatted(number: f64, picture: &str, options: &[(&str, &str)]) -> String {
        let mut format = DecimalFormat::default();
        for (name, symbol) in options {
            format.set(name, symbol);
        }
        let picture = NumberPicture::parse(picture, format);
        let text = picture.and_then(|picture| written(|out| picture.format(number, out)));
        text.unwrap_or_else(|error| error.code().to_owned())
    }

    #[test]
    fn numbers_by_pictures() {
        let cases = [
            (12345678.9, "9,999.99", "12,345,678.90"),
            (0.123, "#.e9", "0.1e0"),
            (2.14 * 86.58, "PREFIX##00.000###SUFFIX", "PREFIX185.2812SUFFIX"),
            (-42.0, "0e0", "-4e1"),
            (0.14, "01%", "14%"),
            (-6.0, "000", "-006"),
            (1234.5678, "00.000e0", "12.346e2"),
            (0.234, "0.0e0", "2.3e-1"),
            (-5.0, "#0;(#0)", "(5)"),
            (1e21, "0", "1e+21"),
            (20.0, "#;#;#", "D3080"),
            (20.0, "#.0.0", "D3081"),
            (20.0, "#0%%", "D3082"),
            (20.0, "#0‰‰", "D3083"),
            (20.0, "#0%‰", "D3084"),
            (20.0, ".e0", "D3085"),
            (20.0, "0+.e0", "D3086"),
            (20.0, "0,.e0", "D3087"),
            (20.0, "0,", "D3088"),
            (20.0, "0,,0", "D3089"),
            (20.0, "0#.e0", "D3090"),
            (20.0, "#0.#0e0", "D3091"),
            (20.0, "#0.0e0%", "D3092"),
            (20.0, "#0.0e0,0", "D3093"),
        ];
        for (number, picture, expected) in cases {
            assert_eq!(formatted(number, picture, &[]), expected, "{picture}");
        }
    }

    #[test]
    fn numbers_with_other_symbols() {
        let german = &[("decimal-separator", ","), ("grouping-separator", ".")];
        assert_eq!(formatted(12345.6, "#.##0,00", german), "12.345,60");
        assert_eq!(formatted(0.1, "AeAAA", &[("zero-digit", "A")]), "Be-AAB");
    }
}
