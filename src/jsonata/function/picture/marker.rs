//! Reads the pictures of dates: literals, and markers such as `[D1o]` or `[MNn,3-3]`.

use super::PICTURE_BYTES_MAX;
use super::integer::{IntegerPicture, parse_int};
use super::words::Case;
use crate::jsonata::Error;
use crate::jsonata::function::error::{of_text, too_large};
use crate::jsonata::function::number::is_space;

/// A part of a picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Literal(String),
    Marker(Marker),
}

/// What stands for one component of a date.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Marker {
    pub(super) component: char,
    /// Written as a name, in this case.
    pub(super) names: Option<Case>,
    pub(super) integer: Option<IntegerPicture>,
    /// Whether UTC is `Z`.
    pub(super) is_zulu: bool,
    /// The most letters of a name.
    pub(super) width_max: Option<f64>,
    /// How many digits a year, month or day has when it is read; a year also when it is written. Any if
    /// `None`.
    pub(super) digits: Option<f64>,
}

/// The components and how they are written if the picture does not say.
const DEFAULTS: &[(char, &str)] = &[
    ('Y', "1"),
    ('M', "1"),
    ('D', "1"),
    ('d', "1"),
    ('F', "n"),
    ('W', "1"),
    ('w', "1"),
    ('X', "1"),
    ('x', "1"),
    ('H', "1"),
    ('h', "1"),
    ('P', "n"),
    ('m', "01"),
    ('s', "01"),
    ('f', "1"),
    ('Z', "01:01"),
    ('z', "01:01"),
    ('C', "n"),
    ('E', "n"),
];

/// The components that are numbers.
const NUMBERS: &str = "YMDdFWwXxHhmsf";

/// Reads a picture into its parts.
///
/// # Errors
///
/// D3131, D3132, D3135, the memory bound for a picture that is too long.
pub(super) fn parse(picture: &str) -> Result<Vec<Part>, Error> {
    if picture.len() > PICTURE_BYTES_MAX {
        return Err(too_large());
    }
    let mut parts = Vec::new();
    let mut rest = picture;
    while let Some((literal, after)) = rest.split_once('[') {
        push_literal(&mut parts, literal);
        if let Some(after) = after.strip_prefix('[') {
            parts.push(Part::Literal("[".to_owned()));
            rest = after;
            continue;
        }
        let Some((text, after)) = after.split_once(']') else {
            return Err(Error::new("D3135"));
        };
        parts.push(Part::Marker(Marker::parse(text)?));
        rest = after;
    }
    push_literal(&mut parts, rest);
    Ok(parts)
}

fn push_literal(parts: &mut Vec<Part>, literal: &str) {
    if !literal.is_empty() {
        parts.push(Part::Literal(literal.replace("]]", "]")));
    }
}

/// Reads one side of a width; `NaN` for what is no number, `None` for any width.
fn width(text: Option<&str>) -> Option<f64> {
    text.filter(|text| *text != "*").map(parse_int)
}

impl Marker {
    fn parse(text: &str) -> Result<Marker, Error> {
        let text: String = text.chars().filter(|character| !is_space(*character)).collect();
        let component = text.chars().next();
        let rest = component.map_or("", |component| &text[component.len_utf8()..]);
        let (presentation, widths) = match text.rsplit_once(',') {
            Some((head, widths)) => {
                let start = text.len() - rest.len();
                (head.get(start..).unwrap_or(""), Some(widths))
            }
            None => (rest, None),
        };
        let (min, max) = match widths.map(|widths| {
            widths
                .split_once('-')
                .map_or((widths, None), |(a, b)| (a, Some(b)))
        }) {
            Some((min, max)) => (width(Some(min)), width(max)),
            None => (None, None),
        };
        let (primary, modifier) = match presentation.chars().next_back() {
            Some(last @ ('a' | 't' | 'c' | 'o')) if presentation.chars().nth(1).is_some() => {
                (&presentation[..presentation.len() - 1], Some(last))
            }
            _ => (presentation, None),
        };
        let known = DEFAULTS.iter().find(|(known, _)| Some(*known) == component);
        let primary = match (primary, known) {
            ("", Some((_, default))) => *default,
            ("", None) => {
                let name = component.map(String::from).unwrap_or_default();
                return Err(of_text("D3132", &name));
            }
            (primary, _) => primary,
        };
        let mut marker = Marker {
            component: component.unwrap_or_default(),
            names: None,
            integer: None,
            is_zulu: modifier == Some('t'),
            width_max: max,
            digits: None,
        };
        marker.present(primary, modifier, min)?;
        Ok(marker)
    }

    /// Works out how the component is written.
    fn present(&mut self, primary: &str, modifier: Option<char>, min: Option<f64>) -> Result<(), Error> {
        if primary.starts_with('n') {
            self.names = Some(Case::Lower);
        } else if let Some(rest) = primary.strip_prefix('N') {
            self.names = Some(if rest.starts_with('n') {
                Case::Title
            } else {
                Case::Upper
            });
        } else if NUMBERS.contains(self.component) {
            let pattern = match modifier {
                Some(modifier) => format!("{primary};{modifier}"),
                None => primary.to_owned(),
            };
            let mut integer = IntegerPicture::parse(&pattern)?;
            self.fit(&mut integer, min);
            self.integer = Some(integer);
        }
        if matches!(self.component, 'Z' | 'z') {
            self.integer = Some(IntegerPicture::parse(primary)?);
        }
        Ok(())
    }

    /// Applies the widths to a pattern of digits.
    fn fit(&mut self, integer: &mut IntegerPicture, min: Option<f64>) {
        let is_date = matches!(self.component, 'Y' | 'M' | 'D');
        if let Some(digits) = integer.digits_mut() {
            if let Some(min) = min {
                digits.mandatory = digits.mandatory.max(min as usize);
            }
            let places = digits.mandatory + digits.optional;
            if let Some(max) = self.width_max.filter(|_| is_date) {
                digits.mandatory = max as usize;
            } else if is_date && places >= 2 {
                self.digits = Some(places as f64);
            }
        }
        if let Some(max) = self.width_max.filter(|_| is_date) {
            self.digits = Some(max);
        }
        if let Some(digits) = integer.digits_mut() {
            digits.width = self.digits.map(|max| {
                let max = max as usize;
                (max.saturating_sub(digits.optional), max)
            });
        }
    }
}
