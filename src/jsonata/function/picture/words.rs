//! Numbers as English words, as Roman numerals and as letters, both ways.

use crate::jsonata::Error;
use crate::jsonata::function::Text;

const FEW: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

const ORDINALS: [&str; 20] = [
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];

const DECADES: [&str; 8] = [
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];

const MAGNITUDES: [&str; 4] = ["thousand", "million", "billion", "trillion"];

const ROMAN: [(&str, f64); 13] = [
    ("m", 1000.0),
    ("cm", 900.0),
    ("d", 500.0),
    ("cd", 400.0),
    ("c", 100.0),
    ("xc", 90.0),
    ("l", 50.0),
    ("xl", 40.0),
    ("x", 10.0),
    ("ix", 9.0),
    ("v", 5.0),
    ("iv", 4.0),
    ("i", 1.0),
];

/// How a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    Upper,
    /// Each word with a capital, but for `and`.
    Title,
}

/// Writes words of ASCII in a case.
pub(super) fn push_cased(text: &str, case: Case, out: &mut Text<'_>) -> Result<(), Error> {
    text.chars().enumerate().try_for_each(|(index, letter)| {
        let is_upper = case == Case::Upper || (case == Case::Title && index == 0);
        out.push(if is_upper {
            letter.to_ascii_uppercase()
        } else {
            letter
        })
    })
}

/// Writes words, remembering how.
struct Words<'a, 'b> {
    case: Case,
    out: &'a mut Text<'b>,
}

/// Writes a whole number that is not negative in words.
pub(super) fn write_words(number: f64, ordinal: bool, case: Case, out: &mut Text<'_>) -> Result<(), Error> {
    Words { case, out }.number(number, "", "", ordinal)
}

impl Words<'_, '_> {
    fn word(&mut self, word: &str) -> Result<(), Error> {
        push_cased(word, self.case, self.out)
    }

    fn joint(&mut self, joint: &str) -> Result<(), Error> {
        let case = if self.case == Case::Upper {
            Case::Upper
        } else {
            Case::Lower
        };
        push_cased(joint, case, self.out)
    }

    fn suffix(&mut self, ordinal: bool) -> Result<(), Error> {
        self.joint(if ordinal { "th" } else { "" })
    }

    /// Writes a number behind a joint: `small` before one below a hundred, `large` before others. Each level
    /// is a thousand times smaller at least, so a double has no more than 103 of them.
    fn number(&mut self, number: f64, small: &str, large: &str, ordinal: bool) -> Result<(), Error> {
        if !number.is_finite() {
            return Ok(());
        }
        if number < 100.0 {
            self.joint(small)?;
            return self.below_hundred(number as usize, ordinal);
        }
        self.joint(large)?;
        let (unit, name) = if number < 1000.0 {
            (100.0, "hundred")
        } else {
            let magnitude = ((number.log10() / 3.0).floor() as usize).clamp(1, MAGNITUDES.len());
            (10f64.powi(magnitude as i32 * 3), MAGNITUDES[magnitude - 1])
        };
        let count = (number / unit).floor();
        let rest = number - count * unit;
        self.number(count, "", "", false)?;
        self.out.push(' ')?;
        self.word(name)?;
        if rest > 0.0 {
            self.number(rest, " and ", ", ", ordinal)
        } else {
            self.suffix(ordinal)
        }
    }

    fn below_hundred(&mut self, number: usize, ordinal: bool) -> Result<(), Error> {
        if let Some(word) = FEW.get(number) {
            return self.word(if ordinal { ORDINALS[number] } else { word });
        }
        let decade = DECADES[(number / 10).clamp(2, 9) - 2];
        match (number % 10, ordinal) {
            (0, true) => {
                self.word(&decade[..decade.len() - 1])?;
                self.joint("ieth")
            }
            (0, false) => self.word(decade),
            (rest, _) => {
                self.word(decade)?;
                self.out.push('-')?;
                self.below_hundred(rest, ordinal)
            }
        }
    }
}

/// Returns what a word of a number stands for.
fn word_value(word: &str) -> Option<f64> {
    let index = |words: &[&str]| words.iter().position(|known| *known == word);
    if let Some(value) = index(&FEW).or_else(|| index(&ORDINALS)) {
        return Some(value as f64);
    }
    let decade = |decade: &&str| *decade == word || word.strip_suffix("ieth") == decade.strip_suffix('y');
    if let Some(value) = DECADES.iter().position(decade) {
        return Some((value * 10 + 20) as f64);
    }
    match word.strip_suffix("th").unwrap_or(word) {
        "hundred" => Some(100.0),
        word => {
            let magnitude = MAGNITUDES.iter().position(|known| *known == word)?;
            Some(10f64.powi(magnitude as i32 * 3 + 3))
        }
    }
}

/// Reads words; `NaN` if one of them is none.
pub(super) fn read_words(text: &str) -> f64 {
    let text = text.to_lowercase();
    let mut segments: Vec<f64> = vec![0.0];
    for word in split_words(&text) {
        let value = word_value(word).unwrap_or(f64::NAN);
        let mut top = segments.pop().unwrap_or_default();
        if value < 100.0 {
            if top >= 1000.0 {
                segments.push(top);
                top = 0.0;
            }
            segments.push(top + value);
        } else {
            segments.push(top * value);
        }
    }
    segments.iter().sum()
}

/// Splits at a comma with a blank, at `and` between blanks, at a blank or a hyphen.
fn split_words(text: &str) -> Vec<&str> {
    let is_space = crate::jsonata::function::number::is_space;
    let (mut words, mut start, mut index) = (Vec::new(), 0, 0);
    while let Some(character) = text[index..].chars().next() {
        let rest = &text[index + character.len_utf8()..];
        let blank = |text: &str| {
            text.chars()
                .next()
                .filter(|blank| is_space(*blank))
                .map(char::len_utf8)
        };
        let length = if character == ',' {
            blank(rest).map(|blank| 1 + blank)
        } else if is_space(character) {
            let and = rest
                .strip_prefix("and")
                .and_then(blank)
                .map(|blank| character.len_utf8() + 3 + blank);
            and.or(Some(character.len_utf8()))
        } else {
            (character == '-').then_some(1)
        };
        match length {
            Some(length) => {
                words.push(&text[start..index]);
                index += length;
                start = index;
            }
            None => index += character.len_utf8(),
        }
    }
    words.push(&text[start..]);
    words
}

/// Returns every word that stands in a number, for a pattern.
pub(super) fn all_words() -> Vec<String> {
    let mut words: Vec<String> = FEW
        .iter()
        .chain(&ORDINALS)
        .map(|word| (*word).to_owned())
        .collect();
    for decade in DECADES {
        words.push(decade.to_owned());
        words.push(format!("{}ieth", &decade[..decade.len() - 1]));
    }
    words.push("hundredth".to_owned());
    words.push("hundred".to_owned());
    for magnitude in MAGNITUDES {
        words.push(magnitude.to_owned());
        words.push(format!("{magnitude}th"));
    }
    words
}

/// Writes a whole number that is not negative in Roman numerals; nothing for zero.
pub(super) fn write_roman(number: f64, case: Case, out: &mut Text<'_>) -> Result<(), Error> {
    // A thousand takes a letter: what does not fit is known before any is written.
    out.fits((number / 1000.0) as usize)?;
    let mut rest = number;
    for (letters, value) in ROMAN {
        while rest >= value {
            push_cased(letters, case, out)?;
            rest -= value;
        }
    }
    Ok(())
}

/// Reads Roman numerals in upper case; `NaN` if a letter is none.
pub(super) fn read_roman(text: &str) -> f64 {
    let (mut sum, mut max) = (0.0, 1.0);
    for letter in text.chars().rev() {
        let value = match letter {
            'M' => 1000.0,
            'D' => 500.0,
            'C' => 100.0,
            'L' => 50.0,
            'X' => 10.0,
            'V' => 5.0,
            'I' => 1.0,
            _ => return f64::NAN,
        };
        if value < max {
            sum -= value;
        } else {
            max = value;
            sum += value;
        }
    }
    sum
}

/// Writes a whole number that is not negative as letters: `a` to `z`, `aa`, …; nothing for zero.
pub(super) fn write_letters(number: f64, first: char, out: &mut Text<'_>) -> Result<(), Error> {
    let mut letters = Vec::new();
    let mut rest = number;
    while rest > 0.0 && rest.is_finite() {
        letters.push(char::from_u32(first as u32 + ((rest - 1.0) % 26.0) as u32).unwrap_or(first));
        rest = ((rest - 1.0) / 26.0).floor();
    }
    letters.into_iter().rev().try_for_each(|letter| out.push(letter))
}

/// Reads letters.
pub(super) fn read_letters(text: &str, first: char) -> f64 {
    let digit = |unit: u16| f64::from(unit) - f64::from(first as u32) + 1.0;
    let units: Vec<u16> = text.encode_utf16().collect();
    let places = units.iter().rev().enumerate();
    places
        .map(|(place, unit)| digit(*unit) * 26f64.powi(place.min(400) as i32))
        .sum()
}
