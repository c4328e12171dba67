//! `$formatInteger` and `$parseInteger`, and the integers of dates.

use super::PICTURE_BYTES_MAX;
use super::group::regular_distance;
use super::words::{Case, all_words, read_letters, read_roman, read_words};
use super::words::{write_letters, write_roman, write_words};
use crate::jsonata::Error;
use crate::jsonata::function::Text;
use crate::jsonata::function::error::{internal, of_text, too_large};
use crate::jsonata::function::number::{is_space, write_javascript};
use std::collections::VecDeque;
use std::fmt::Write;

/// Where the digits of a script begin: the decimal groups that the reference knows.
const ZEROS: [u32; 37] = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50,
    0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

/// A picture of an integer.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegerPicture {
    form: Form,
    pub(super) ordinal: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Form {
    Decimal(Digits),
    Letters {
        first: char,
    },
    Roman {
        case: Case,
    },
    Words {
        case: Case,
    },
    /// Anything else; writing it is an error.
    Sequence(String),
}

/// A pattern of decimal digits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Digits {
    zero: u32,
    pub(super) mandatory: usize,
    pub(super) optional: usize,
    pub(super) groups: Groups,
    /// How many digits are read in a date, at least and at most.
    pub(super) width: Option<(usize, usize)>,
}

/// The separators of a pattern, with how many digits stand behind each.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Groups {
    Regular { distance: usize, separator: char },
    Irregular(Vec<(usize, char)>),
}

impl IntegerPicture {
    /// Reads a picture.
    ///
    /// # Errors
    ///
    /// D3131 for digits of two scripts, the memory bound for a picture that is too long.
    pub fn parse(picture: &str) -> Result<IntegerPicture, Error> {
        if picture.len() > PICTURE_BYTES_MAX {
            return Err(too_large());
        }
        let (primary, modifier) = picture.rsplit_once(';').unwrap_or((picture, ""));
        let form = match primary {
            "A" => Form::Letters { first: 'A' },
            "a" => Form::Letters { first: 'a' },
            "I" => Form::Roman { case: Case::Upper },
            "i" => Form::Roman { case: Case::Lower },
            "W" => Form::Words { case: Case::Upper },
            "w" => Form::Words { case: Case::Lower },
            "Ww" => Form::Words { case: Case::Title },
            pattern => {
                Digits::parse(pattern)?.map_or_else(|| Form::Sequence(pattern.to_owned()), Form::Decimal)
            }
        };
        Ok(IntegerPicture {
            form,
            ordinal: modifier.starts_with('o'),
        })
    }

    /// Returns the pattern of digits, if it is one.
    pub(super) fn digits(&self) -> Option<&Digits> {
        match &self.form {
            Form::Decimal(digits) => Some(digits),
            _ => None,
        }
    }

    pub(super) fn digits_mut(&mut self) -> Option<&mut Digits> {
        match &mut self.form {
            Form::Decimal(digits) => Some(digits),
            _ => None,
        }
    }

    /// Writes the whole part of a number, rounded down.
    ///
    /// # Errors
    ///
    /// D3130 for a picture that is not supported, the memory bound.
    pub fn format(&self, number: f64, out: &mut Text<'_>) -> Result<(), Error> {
        self.write(number.floor(), out)
    }

    /// Writes a number as it is.
    pub(super) fn write(&self, number: f64, out: &mut Text<'_>) -> Result<(), Error> {
        out.push_str(if number < 0.0 { "-" } else { "" })?;
        let number = number.abs();
        match &self.form {
            Form::Decimal(digits) => digits.write(number, self.ordinal, out),
            Form::Letters { first } => write_letters(number, *first, out),
            Form::Roman { case } => write_roman(number, *case, out),
            Form::Words { case } => write_words(number, self.ordinal, *case, out),
            Form::Sequence(picture) => Err(of_text("D3130", picture)),
        }
    }

    /// Reads a number; `NaN` for what is none.
    ///
    /// # Errors
    ///
    /// D3130 for a picture that is not supported, an internal error for digits of another script.
    pub fn read(&self, text: &str) -> Result<f64, Error> {
        Ok(match &self.form {
            Form::Decimal(digits) => return digits.read(text, self.ordinal),
            Form::Letters { first } => read_letters(text, *first),
            Form::Roman { case: Case::Upper } => read_roman(text),
            Form::Roman { .. } => read_roman(&text.to_uppercase()),
            Form::Words { .. } => read_words(text),
            Form::Sequence(picture) => return Err(of_text("D3130", picture)),
        })
    }

    /// Writes the pattern of what the picture reads, for a regular expression.
    pub(super) fn write_pattern(&self, out: &mut String) -> Result<(), Error> {
        match &self.form {
            Form::Decimal(digits) => {
                out.push_str("[0-9]");
                match digits.width {
                    Some((min, max)) => out.push_str(&format!("{{{min},{max}}}")),
                    None => out.push('+'),
                }
                out.push_str(if self.ordinal { "(?:th|st|nd|rd)" } else { "" });
            }
            Form::Letters { first: 'A' } => out.push_str("[A-Z]+"),
            Form::Letters { .. } => out.push_str("[a-z]+"),
            Form::Roman { case: Case::Upper } => out.push_str("[MDCLXVI]+"),
            Form::Roman { .. } => out.push_str("[mdclxvi]+"),
            Form::Words { .. } => {
                out.push_str("(?:");
                out.push_str(&all_words().join("|"));
                out.push_str("|and|[\\-, ])+");
            }
            Form::Sequence(picture) => return Err(of_text("D3130", picture)),
        }
        Ok(())
    }
}

/// Returns the suffix of an ordinal by its last two characters.
fn ordinal_suffix(before: Option<char>, last: Option<char>) -> &'static str {
    match last.filter(|_| before != Some('1')) {
        Some('1') => "st",
        Some('2') => "nd",
        Some('3') => "rd",
        _ => "th",
    }
}

/// Most zeros that a number begins with: a width may ask for any count of them.
pub const PADDING_MAX: usize = 4 * 1024;

/// Numbers below this are written digit by digit.
const PLAIN_MAX: f64 = 1e15;

impl Digits {
    /// Reads a pattern; `None` if no digit is in it.
    fn parse(pattern: &str) -> Result<Option<Digits>, Error> {
        let (mut zero, mut mandatory, mut optional) = (None, 0, 0);
        let mut separators: Vec<(usize, char)> = Vec::new();
        for character in pattern.chars().rev() {
            let code = character as u32;
            if let Some(group) = ZEROS.into_iter().find(|zero| (*zero..*zero + 10).contains(&code)) {
                if *zero.get_or_insert(group) != group {
                    return Err(Error::new("D3131"));
                }
                mandatory += 1;
            } else if character == '#' {
                optional += 1;
            } else {
                separators.push((mandatory + optional, character));
            }
        }
        Ok(zero.map(|zero| Digits {
            zero,
            mandatory,
            optional,
            groups: Groups::of(separators),
            width: None,
        }))
    }

    fn write(&self, number: f64, ordinal: bool, out: &mut Text<'_>) -> Result<(), Error> {
        if self.zero == 0x30 && self.groups.is_none() && number < PLAIN_MAX {
            return self.write_plain(number as u64, ordinal, out);
        }
        let mut plain = String::new();
        write_javascript(&mut plain, number)?;
        let missing = self.padding(plain.len())?;
        let digits = std::iter::repeat_n('0', missing).chain(plain.chars());
        // The reference moves every character by the distance of the scripts, a plus sign too.
        let moved = |digit: char| char::from_u32(digit as u32 + self.zero - 0x30).unwrap_or(digit);
        let mut digits: VecDeque<char> = digits.map(moved).collect();
        self.groups.insert(&mut digits);
        digits.iter().try_for_each(|digit| out.push(*digit))?;
        let last = digits.back().copied();
        let before = digits
            .len()
            .checked_sub(2)
            .and_then(|index| digits.get(index))
            .copied();
        out.push_str(if ordinal { ordinal_suffix(before, last) } else { "" })
    }

    /// Returns how many zeros a number of so many digits begins with.
    fn padding(&self, digits: usize) -> Result<usize, Error> {
        let missing = self.mandatory.saturating_sub(digits);
        if missing > PADDING_MAX {
            Err(too_large())
        } else {
            Ok(missing)
        }
    }

    /// Writes a number without separators, the common case.
    fn write_plain(&self, number: u64, ordinal: bool, out: &mut Text<'_>) -> Result<(), Error> {
        let width = number.checked_ilog10().unwrap_or(0) as usize + 1;
        let missing = self.padding(width)?;
        (0..missing).try_for_each(|_| out.push('0'))?;
        write!(out, "{number}")?;
        let digit = |number: u64| char::from_digit((number % 10) as u32, 10);
        let before = digit(number / 10).filter(|_| width + missing > 1);
        out.push_str(if ordinal {
            ordinal_suffix(before, digit(number))
        } else {
            ""
        })
    }

    fn read(&self, text: &str, ordinal: bool) -> Result<f64, Error> {
        let mut units: Vec<char> = text.chars().collect();
        if ordinal {
            units.truncate(units.len().saturating_sub(2));
        }
        match &self.groups {
            Groups::Regular { .. } => units.retain(|unit| *unit != ','),
            Groups::Irregular(separators) => {
                units.retain(|unit| !separators.iter().any(|(_, separator)| separator == unit));
            }
        }
        // Below the script's zero by more than ASCII reaches: the reference throws.
        let moved =
            |unit: char| char::from_u32((unit as u32 + 0x30).wrapping_sub(self.zero)).ok_or_else(internal);
        Ok(parse_int(
            &units.into_iter().map(moved).collect::<Result<String, Error>>()?,
        ))
    }
}

/// Reads the integer that a text begins with, as `parseInt` does.
pub(super) fn parse_int(text: &str) -> f64 {
    let text = text.trim_start_matches(is_space);
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        let digits = hex.chars().map_while(|digit| digit.to_digit(16));
        let value = digits
            .map(f64::from)
            .fold(None, |sum, digit| Some(sum.unwrap_or(0.0) * 16.0 + digit));
        return value.map_or(f64::NAN, |value| sign * value);
    }
    let end = digits
        .find(|digit: char| !digit.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end]
        .parse::<f64>()
        .map_or(f64::NAN, |value| sign * value)
}

impl Groups {
    fn of(separators: Vec<(usize, char)>) -> Groups {
        let positions: Vec<usize> = separators.iter().map(|(position, _)| *position).collect();
        match separators.first() {
            Some((_, first)) if separators.iter().all(|(_, separator)| separator == first) => {
                match regular_distance(&positions) {
                    0 => Groups::Irregular(separators),
                    distance => Groups::Regular {
                        distance,
                        separator: *first,
                    },
                }
            }
            _ => Groups::Irregular(separators),
        }
    }

    fn is_none(&self) -> bool {
        matches!(self, Groups::Irregular(separators) if separators.is_empty())
    }

    fn insert(&self, digits: &mut VecDeque<char>) {
        match self {
            Groups::Regular { distance, separator } => {
                let length = digits.len();
                for group in 1..=length.saturating_sub(1) / distance {
                    digits.insert(length - group * distance, *separator);
                }
            }
            Groups::Irregular(separators) => {
                for (position, separator) in separators.iter().rev() {
                    match digits.len().checked_sub(*position) {
                        Some(index) => digits.insert(index, *separator),
                        None => {
                            // Left of all digits: the reference then keeps as many as are missing.
                            let missing = position - digits.len();
                            digits.drain(..digits.len().saturating_sub(missing));
                            digits.push_front(*separator);
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonata::function::text::written;

    fn formatted(number: f64, picture: &str) -> String {
        let picture = IntegerPicture::parse(picture);
        let text = picture.and_then(|picture| written(|out| picture.format(number, out)));
        text.unwrap_or_else(|error| error.code().to_owned())
    }

    #[test]
    fn integers_by_pictures() {
        let cases = [
            (123.0, "0000", "0123"),
            (-3.0, "0000", "-0003"),
            (1234.0, "0;c", "1234"),
            (123.0, "000;o", "123rd"),
            (12.0, "###0;o", "12th"),
            (12340.0, "###０", "１２３４０"),
            (1234567890.0, "#:###,##0", "1234:567,890"),
            (1234567890.0, "##,##,##0", "12345,67,890"),
            (1234567890.0, "#,##0", "1,234,567,890"),
            (12.0, "#:###,##0", ",:12"),
            (1e21, "#,##0", "1e,+21"),
            (1984.0, "I", "MCMLXXXIV"),
            (555.0, "W", "FIVE HUNDRED AND FIFTY-FIVE"),
            (555.0, "Ww", "Five Hundred and Fifty-Five"),
            (1e15, "w", "one thousand trillion"),
            (1e46, "w", "ten billion trillion trillion trillion"),
            (730.0, "w;o", "seven hundred and thirtieth"),
            (1_000_000_000_001.0, "w;o", "one trillion and first"),
            (123456.0, "A", "FZPH"),
            (27.0, "a", "aa"),
            (1.0, "#", "D3130"),
            (1.0, "0١", "D3131"),
        ];
        for (number, picture, expected) in cases {
            assert_eq!(formatted(number, picture), expected, "{picture}");
        }
        let mut out = String::new();
        let roman = IntegerPicture::parse("I").unwrap();
        assert_eq!(
            roman.format(1e300, &mut Text::new(&mut out, 1000)),
            Err(too_large())
        );
    }

    #[test]
    fn integers_are_read() {
        let cases = [
            ("123rd", "000;o", 123.0),
            ("١٢٣٤٠", "###١", 12340.0),
            ("1234:567,890", "#:###,##0", 1234567890.0),
            ("xcix", "i", 99.0),
            ("ten billion trillion trillion trillion", "w", 1e46),
            (
                "four million, three hundred and twenty-seven thousand, seven hundred and thirty-second",
                "w;o",
                4327732.0,
            ),
            ("KN", "A", 300.0),
            (" -12x", "0", -12.0),
        ];
        for (text, picture, expected) in cases {
            let picture = IntegerPicture::parse(picture).unwrap();
            assert_eq!(picture.read(text), Ok(expected), "{text}");
        }
        for (text, picture) in [("abc", "0"), ("12", "0;o"), ("xyz", "I"), ("minus five", "w")] {
            let picture = IntegerPicture::parse(picture).unwrap();
            assert!(picture.read(text).unwrap().is_nan(), "{text}");
        }
    }
}
