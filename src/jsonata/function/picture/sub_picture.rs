//! One half of a number's picture: split into its parts, checked, and measured.

use super::decimal::{DecimalFormat, is};
use super::group::regular_distance;
use crate::jsonata::Error;

/// One of the two sub-pictures.
#[derive(Clone, Debug)]
pub(super) struct SubPicture {
    pub(super) prefix: String,
    pub(super) suffix: String,
    /// 100 for percent, 1000 for per mille.
    pub(super) factor: f64,
    pub(super) has_decimal_separator: bool,
    pub(super) scaling: usize,
    pub(super) integer_min: usize,
    pub(super) fraction_min: usize,
    pub(super) fraction_max: usize,
    pub(super) exponent_min: usize,
    /// Distance of separators in the integer part, or zero.
    pub(super) regular: usize,
    pub(super) integer_groups: Vec<usize>,
    pub(super) fraction_groups: Vec<usize>,
}

/// The parts of a sub-picture as they are written.
pub(super) struct Parts<'a> {
    whole: &'a str,
    prefix: &'a str,
    active: &'a str,
    suffix: &'a str,
    mantissa: &'a str,
    integer: &'a str,
    fraction: &'a str,
    exponent: Option<&'a str>,
}

/// Splits a text behind so many characters.
fn cut(text: &str, count: usize) -> (&str, &str) {
    text.split_at(
        text.char_indices()
            .nth(count)
            .map_or(text.len(), |(index, _)| index),
    )
}

impl<'a> Parts<'a> {
    pub(super) fn split(whole: &'a str, format: &DecimalFormat) -> Parts<'a> {
        let begins =
            |character: char| format.is_active(character) && !is(&format.exponent_separator, character);
        let start = whole.find(begins).unwrap_or(0);
        let end = whole.rfind(begins).map_or(whole.len(), |index| {
            index + whole[index..].chars().next().map_or(0, char::len_utf8)
        });
        let end = end.max(start);
        let (prefix, suffix, active) = (&whole[..start], &whole[end..], &whole[start..end]);
        // The reference finds the exponent in the whole and counts from the active part's beginning.
        let exponent = whole[start..]
            .find(format.exponent_separator.as_str())
            .map(|index| start + index);
        let (mantissa, exponent) = match exponent.filter(|index| *index <= end) {
            Some(index) => {
                let count = whole[..index].chars().count();
                let mantissa = cut(active, count).0;
                (mantissa, Some(cut(active, count + 1).1))
            }
            None => (active, None),
        };
        let decimal = mantissa.split_once(format.decimal_separator.as_str());
        // Without a point the reference looks at the suffix instead.
        let (integer, fraction) = decimal.unwrap_or((mantissa, suffix));
        Parts {
            whole,
            prefix,
            active,
            suffix,
            mantissa,
            integer,
            fraction,
            exponent,
        }
    }

    pub(super) fn check(&self, format: &DecimalFormat) -> Result<(), Error> {
        match self.fault(format) {
            Some(code) => Err(Error::new(code)),
            None => Ok(()),
        }
    }

    /// Returns the code of the last rule that the sub-picture breaks.
    fn fault(&self, format: &DecimalFormat) -> Option<&'static str> {
        let count = |symbol: &str| self.whole.matches(symbol).count();
        let (percent, per_mille) = (count(&format.percent), count(&format.per_mille));
        let group = format.grouping_separator.as_str();
        let rules = [
            ("D3081", count(&format.decimal_separator) > 1),
            ("D3082", percent > 1),
            ("D3083", per_mille > 1),
            ("D3084", percent > 0 && per_mille > 0),
            (
                "D3085",
                !self.mantissa.contains(|character| format.is_place(character)),
            ),
            (
                "D3086",
                self.active.contains(|character| !format.is_active(character)),
            ),
            ("D3087", self.has_group_at_point(format)),
            (
                "D3088",
                count(&format.decimal_separator) == 0 && self.integer.ends_with(group),
            ),
            ("D3089", self.whole.contains(&group.repeat(2))),
            ("D3090", self.has_digit_before_optional(format)),
            ("D3091", self.has_optional_before_digit(format)),
            (
                "D3092",
                self.exponent.is_some_and(|exponent| !exponent.is_empty()) && percent + per_mille > 0,
            ),
            (
                "D3093",
                self.exponent.is_some_and(|exponent| {
                    exponent.is_empty() || exponent.contains(|character| !format.is_digit(character))
                }),
            ),
        ];
        rules
            .into_iter()
            .rev()
            .find(|(_, is_broken)| *is_broken)
            .map(|(code, _)| code)
    }

    fn has_group_at_point(&self, format: &DecimalFormat) -> bool {
        let group = format.grouping_separator.as_str();
        self.whole
            .split_once(format.decimal_separator.as_str())
            .is_some_and(|(before, after)| before.ends_with(group) || after.starts_with(group))
    }

    fn has_digit_before_optional(&self, format: &DecimalFormat) -> bool {
        self.integer
            .split_once(format.digit.as_str())
            .is_some_and(|(before, _)| before.contains(|character| format.is_digit(character)))
    }

    fn has_optional_before_digit(&self, format: &DecimalFormat) -> bool {
        self.fraction
            .rsplit_once(format.digit.as_str())
            .is_some_and(|(_, after)| after.contains(|character| format.is_digit(character)))
    }

    pub(super) fn analyse(&self, format: &DecimalFormat) -> SubPicture {
        let digits = |text: &str| {
            text.chars()
                .filter(|character| format.is_digit(*character))
                .count()
        };
        let places = |text: &str| {
            text.chars()
                .filter(|character| format.is_place(*character))
                .count()
        };
        let group = format.grouping_separator.as_str();
        let integer_groups: Vec<usize> = self
            .integer
            .match_indices(group)
            .map(|(index, _)| places(&self.integer[index..]))
            .collect();
        // From the second separator on the reference looks for the next one in the integer part.
        let mut fraction_groups = Vec::new();
        let mut next = self
            .fraction
            .find(group)
            .map(|index| self.fraction[..index].chars().count());
        while let Some(position) = next {
            fraction_groups.push(places(cut(self.fraction, position).0));
            let (head, rest) = cut(self.integer, position + 1);
            let before = head.chars().count();
            next = rest
                .find(group)
                .map(|index| before + rest[..index].chars().count());
        }
        let scaling = digits(self.integer);
        let (mut integer_min, mut fraction_min) = (scaling, digits(self.fraction));
        let mut fraction_max = places(self.fraction);
        if integer_min == 0 && fraction_max == 0 {
            if self.exponent.is_some() {
                (fraction_min, fraction_max) = (1, 1);
            } else {
                integer_min = 1;
            }
        }
        if self.exponent.is_some() && integer_min == 0 && self.integer.contains(format.digit.as_str()) {
            integer_min = 1;
        }
        if integer_min == 0 && fraction_min == 0 {
            fraction_min = 1;
        }
        let has = |symbol: &str| self.whole.contains(symbol);
        SubPicture {
            prefix: self.prefix.to_owned(),
            suffix: self.suffix.to_owned(),
            factor: if has(&format.percent) {
                100.0
            } else if has(&format.per_mille) {
                1000.0
            } else {
                1.0
            },
            has_decimal_separator: has(&format.decimal_separator),
            scaling,
            integer_min,
            fraction_min,
            fraction_max,
            exponent_min: self.exponent.map_or(0, digits),
            regular: regular_distance(&integer_groups),
            integer_groups,
            fraction_groups,
        }
    }
}
