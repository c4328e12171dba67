//! `$toMillis` with a picture: reads a time.

use super::calendar::{Moment, utc};
use super::date::{DAYS, DatePicture, MONTHS};
use super::integer::{Groups, IntegerPicture, parse_int};
use super::marker::{Marker, Part};
use crate::jsonata::Error;
use crate::jsonata::function::error::{internal, of_text};
use crate::jsonata::function::regex::{Flags, Regex, Scratch};

/// What a picture reads, ready to be matched: a pattern with a group for each part.
#[derive(Clone, Debug)]
pub struct DateReader {
    regex: Regex,
    parts: Vec<Part>,
}

/// The components that a text gave; `None` where it gave nothing.
struct Components([Option<f64>; 128]);

impl DatePicture {
    /// Makes of the picture what reads texts.
    ///
    /// # Errors
    ///
    /// D3130, D3133; an internal error if a separator makes no pattern.
    pub fn reader(&self) -> Result<DateReader, Error> {
        let mut pattern = String::from("^");
        for part in &self.parts {
            pattern.push('(');
            match part {
                Part::Literal(text) => push_escaped(&mut pattern, text),
                Part::Marker(marker) => marker.write_pattern(&mut pattern)?,
            }
            pattern.push(')');
        }
        pattern.push('$');
        let flags = Flags {
            ignore_case: true,
            multiline: false,
        };
        Ok(DateReader {
            regex: Regex::new(&pattern, flags).map_err(|_| internal())?,
            parts: self.parts.clone(),
        })
    }
}

fn push_escaped(pattern: &mut String, text: &str) {
    for character in text.chars() {
        if ".*+?^${}()|[]\\".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
}

impl DateReader {
    /// Reads a text; `None` if it does not look like the picture, or nothing in that is a part of a time.
    /// What comes before the first part given is taken from `now`.
    ///
    /// # Errors
    ///
    /// D3136 if a part between others is missing, or for weeks; a bound.
    pub fn read(&self, text: &str, now: f64, scratch: &mut Scratch) -> Result<Option<f64>, Error> {
        if !self.regex.find(text, 0, scratch)? {
            return Ok(None);
        }
        let mut components = Components([None; 128]);
        let mut is_empty = true;
        for (index, part) in self.parts.iter().enumerate() {
            if let Part::Marker(marker) = part {
                let given = scratch.group(index + 1).and_then(|range| text.get(range));
                *components.of(marker.component) = marker.read(given.unwrap_or_default())?;
                is_empty = false;
            }
        }
        if is_empty {
            return Ok(None);
        }
        components.millis(now).map(Some)
    }
}

impl Marker {
    fn write_pattern(&self, pattern: &mut String) -> Result<(), Error> {
        if matches!(self.component, 'Z' | 'z') {
            pattern.push_str(if self.component == 'z' { "GMT" } else { "" });
            pattern.push_str("[-+][0-9]+");
            if let Some(separator) = self.separator() {
                // As the reference has it, without escape.
                pattern.push(separator);
                pattern.push_str("[0-9]+");
            }
            return Ok(());
        }
        if let Some(integer) = &self.integer {
            return integer.write_pattern(pattern);
        }
        match self.component {
            'M' | 'x' | 'F' | 'P' => pattern.push_str("[a-zA-Z]+"),
            component => return Err(of_text("D3133", component.encode_utf8(&mut [0; 4]))),
        }
        Ok(())
    }

    /// Returns what stands between the hours and minutes of an offset.
    fn separator(&self) -> Option<char> {
        match self.integer.as_ref().and_then(IntegerPicture::digits)?.groups {
            Groups::Regular { separator, .. } => Some(separator),
            Groups::Irregular(_) => None,
        }
    }

    fn read(&self, text: &str) -> Result<Option<f64>, Error> {
        if matches!(self.component, 'Z' | 'z') {
            return Ok(Some(self.read_zone(text)));
        }
        if let Some(integer) = &self.integer {
            return integer.read(text).map(Some);
        }
        let max = self.width_max.filter(|max| *max > 0.0).unwrap_or(f64::MAX) as usize;
        let index = |names: &[&str]| {
            // Where two names have one beginning the reference keeps the later one.
            let names = names
                .iter()
                .rposition(|name| name.get(..max).unwrap_or(name) == text);
            names.map(|index| index as f64 + 1.0)
        };
        Ok(match self.component {
            'M' | 'x' => index(&MONTHS),
            'F' => index(&DAYS),
            _ => match text {
                "am" | "AM" => Some(0.0),
                "pm" | "PM" => Some(1.0),
                _ => None,
            },
        })
    }

    /// Reads an offset, in minutes.
    fn read_zone(&self, text: &str) -> f64 {
        let text = if self.component == 'z' {
            text.get(3..).unwrap_or_default()
        } else {
            text
        };
        let (hours, minutes) = match self.separator() {
            Some(separator) => match text.split_once(separator) {
                Some((hours, minutes)) => (parse_int(hours), parse_int(minutes)),
                None => (f64::NAN, f64::NAN),
            },
            None if text.len() <= 3 => (parse_int(text), 0.0),
            None => {
                let (hours, minutes) = text.split_at_checked(3).unwrap_or((text, ""));
                (parse_int(hours), parse_int(minutes))
            }
        };
        hours * 60.0 + minutes
    }
}

impl Components {
    fn of(&mut self, component: char) -> &mut Option<f64> {
        // Components are letters of ASCII.
        &mut self.0[component as usize % 128]
    }

    fn get(&self, component: char) -> Option<f64> {
        self.0[component as usize % 128]
    }

    /// Whether a component is given and not zero.
    fn is_set(&self, component: char) -> bool {
        self.get(component)
            .is_some_and(|value| value != 0.0 && !value.is_nan())
    }

    /// Whether some of these components are set, and none of the others.
    fn are_of(&self, all: &str, these: &str) -> bool {
        let mut set = all.chars().filter(|component| self.is_set(*component)).peekable();
        set.peek().is_some() && set.all(|component| these.contains(component))
    }

    fn millis(mut self, now: f64) -> Result<f64, Error> {
        const DATE: &str = "YXMxWwdD";
        const TIME: &str = "PHhmsf";
        let is_day_of_year = !self.are_of(DATE, "YMD") && self.are_of(DATE, "Yd");
        let is_week_of_month = self.are_of(DATE, "Xxw");
        let is_week = !is_week_of_month && self.are_of(DATE, "XW");
        let is_half_day = !self.are_of(TIME, "Hmsf") && self.are_of(TIME, "Phmsf");
        let date = if is_day_of_year {
            // The reference has a letter here that is no component: the day itself may be missing.
            "YB"
        } else if is_week_of_month {
            "XxwF"
        } else if is_week {
            "XWF"
        } else {
            "YMD"
        };
        self.complete(date, if is_half_day { "Phmsf" } else { "Hmsf" }, now)?;
        if is_week_of_month || is_week {
            return Err(Error::new("D3136"));
        }
        let value = |component| self.get(component).unwrap_or(f64::NAN);
        let (mut month, mut day) = (value('M'), value('D'));
        month = if month > 0.0 { month - 1.0 } else { 0.0 };
        if is_day_of_year {
            let first = utc(value('Y'), 0.0, 1.0, [0.0; 4]);
            let moment = Moment::of(first + (value('d') - 1.0) * 86_400_000.0);
            let part = |component| moment.map_or(f64::NAN, |moment| moment.component(component));
            (month, day) = (part('M') - 1.0, part('D'));
        }
        let mut hours = value('H');
        if is_half_day {
            hours = if value('h') == 12.0 { 0.0 } else { value('h') };
            hours += if value('P') == 1.0 { 12.0 } else { 0.0 };
        }
        let millis = utc(
            value('Y'),
            month,
            day,
            [hours, value('m'), value('s'), value('f')],
        );
        let zone = ['Z', 'z'].into_iter().find(|zone| self.is_set(*zone));
        let offset = zone
            .or(Some('z'))
            .and_then(|zone| self.get(zone))
            .filter(|offset| *offset != 0.0);
        Ok(millis - offset.filter(|offset| !offset.is_nan()).unwrap_or(0.0) * 60_000.0)
    }

    /// Fills in what was not given: from now before the first component that was, with the least behind.
    fn complete(&mut self, date: &str, time: &str, now: f64) -> Result<(), Error> {
        let now = Moment::of(now);
        let (mut has_begun, mut has_ended) = (false, false);
        for component in date.chars().chain(time.chars()) {
            if self.get(component).is_some() {
                has_begun = true;
                if has_ended {
                    return Err(Error::new("D3136"));
                }
                continue;
            }
            let value = if has_begun {
                has_ended = true;
                f64::from(u8::from("MDd".contains(component)))
            } else {
                match component {
                    // The reference takes a name, which is not the number that stands for the afternoon.
                    'P' => f64::NAN,
                    _ => now.map_or(f64::NAN, |now| now.component(component)),
                }
            };
            *self.of(component) = Some(value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, picture: &str) -> String {
        // 2026-11-29T12:00:00.000Z
        let now = 1_795_953_600_000.0;
        let mut scratch = Scratch::new(1_000_000);
        let reader = DatePicture::parse(picture).and_then(|picture| picture.reader());
        match reader.and_then(|reader| reader.read(text, now, &mut scratch)) {
            Ok(Some(millis)) => millis.to_string(),
            Ok(None) => "nothing".to_owned(),
            Err(error) => error.code().to_owned(),
        }
    }

    #[test]
    fn times_by_pictures() {
        let cases = [
            ("201802", "[Y,*-4][M01]", "1517443200000"),
            ("20180205", "[Y0001][M01][D01]", "1517788800000"),
            ("Hello", "Hello", "nothing"),
            ("2nd 12 2012", "[D1o] [M01] [Y0001]", "1354406400000"),
            ("27 iii MMXVIII", "[D1] [Mi] [YI]", "1522108800000"),
            ("ae C mmxviii", "[Da] [MA] [Yi]", "1522454400000"),
            ("2 Feb 2012", "[D1] [MNn,3-3] [Y0001]", "1328140800000"),
            (
                "one thousand, nine hundred and eighty-four",
                "[Yw]",
                "441763200000",
            ),
            (
                "twenty-first August two thousand and seventeen",
                "[Dw] [MNn] [Yw]",
                "1503273600000",
            ),
            (
                "4/4/2018 12:06 am",
                "[D1]/[M1]/[Y0001] [h]:[m] [P]",
                "1522800360000",
            ),
            ("2018-094", "[Y0001]-[d001]", "1522800000000"),
            ("2018-22", "[Y]-[D]", "D3136"),
            ("2018 W03", "[X] W[W]", "D3136"),
            ("2018-05-22", "[YN]-[M]-[D]", "D3133"),
            ("2018-05-22", "[Y]-[M]-[q]", "D3132"),
            ("x", "[M#]", "D3130"),
            ("12 3", "[m] [s]", "1795954323000"),
            ("2018 Foo", "[Y] [MNn]", "1514764800000"),
            ("2018 GMT+01", "[Y] [z1]", "1514761200000"),
            ("2018 -01:30", "[Y] [Z]", "1514766600000"),
            ("70", "[Y]", "0"),
            ("999999", "[Y]", "NaN"),
        ];
        for (text, picture, expected) in cases {
            assert_eq!(read(text, picture), expected, "{text} {picture}");
        }
    }
}
