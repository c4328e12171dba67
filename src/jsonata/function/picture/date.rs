//! `$fromMillis`: writes a time by a picture.

use super::calendar::Moment;
use super::integer::{Groups, IntegerPicture, parse_int};
use super::marker::{self, Marker, Part};
use super::words::{Case, push_cased};
use crate::jsonata::Error;
use crate::jsonata::function::Text;
use crate::jsonata::function::error::{internal, of_text};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// What a time looks like if nothing says otherwise.
const ISO: &str = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]";

/// A picture of dates and times.
#[derive(Clone, Debug, PartialEq)]
pub struct DatePicture {
    pub(super) parts: Vec<Part>,
}

/// An offset from UTC, in hours and minutes; `NaN` for a text that is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zone {
    hours: f64,
    minutes: f64,
}

impl Zone {
    /// Universal time.
    pub const UTC: Zone = Zone {
        hours: 0.0,
        minutes: 0.0,
    };

    /// Reads an offset such as `-0500`. As the reference has it, `-0530` is half past six: hours are rounded
    /// down, and the minutes are negative.
    pub fn parse(text: &str) -> Zone {
        let offset = parse_int(text);
        Zone {
            hours: (offset / 100.0).floor(),
            minutes: offset % 100.0,
        }
    }

    fn millis(self) -> f64 {
        (60.0 * self.hours + self.minutes) * 60_000.0
    }
}

/// Writes a time as ISO 8601 has it.
///
/// # Errors
///
/// The memory bound.
pub fn format_iso(millis: f64, zone: Zone, out: &mut Text<'_>) -> Result<(), Error> {
    /// The first millisecond of the year 10000.
    const LAST: f64 = 253_402_300_800_000.0;
    if zone == Zone::UTC && (0.0..LAST).contains(&millis) {
        let text = crate::timestamp::format(millis as i64);
        return out.push_str(std::str::from_utf8(&text).unwrap_or_default());
    }
    DatePicture::parse(ISO)?.format(millis, zone, out)
}

impl DatePicture {
    /// Reads a picture.
    ///
    /// # Errors
    ///
    /// D3131, D3132 or D3135, the memory bound for a picture that is too long.
    pub fn parse(picture: &str) -> Result<DatePicture, Error> {
        Ok(DatePicture {
            parts: marker::parse(picture)?,
        })
    }

    /// Writes a time, as it is in a zone.
    ///
    /// # Errors
    ///
    /// D3130, D3133 or D3134, the memory bound.
    pub fn format(&self, millis: f64, zone: Zone, out: &mut Text<'_>) -> Result<(), Error> {
        let moment = Moment::of(millis + zone.millis());
        self.parts.iter().try_for_each(|part| match part {
            Part::Literal(text) => out.push_str(text),
            Part::Marker(marker) => marker.format(moment, zone, out),
        })
    }
}

impl Marker {
    fn format(&self, moment: Option<Moment>, zone: Zone, out: &mut Text<'_>) -> Result<(), Error> {
        let value = moment.map_or(f64::NAN, |moment| moment.component(self.component));
        match self.component {
            'Z' | 'z' => self.format_zone(zone, out),
            'P' => {
                let case = if self.names == Some(Case::Upper) {
                    Case::Upper
                } else {
                    Case::Lower
                };
                push_cased(if value == 1.0 { "pm" } else { "am" }, case, out)
            }
            'C' | 'E' => out.push_str("ISO"),
            'f' => self.integer.as_ref().ok_or_else(internal)?.write(value, out),
            'Y' | 'M' | 'D' | 'd' | 'F' | 'W' | 'w' | 'X' | 'x' | 'H' | 'h' | 'm' | 's' => {
                let value = match self.digits {
                    Some(digits) if self.component == 'Y' => value % 10f64.powf(digits),
                    _ => value,
                };
                match (&self.integer, self.names) {
                    (Some(integer), None) => integer.format(value, out),
                    (_, case) => self.format_name(value, case.unwrap_or(Case::Title), out),
                }
            }
            // The reference writes what it knows nothing of as nothing.
            _ => out.push_str("undefined"),
        }
    }

    fn format_name(&self, value: f64, case: Case, out: &mut Text<'_>) -> Result<(), Error> {
        let names: &[&str] = match self.component {
            'M' | 'x' => &MONTHS,
            'F' => &DAYS,
            component => return Err(of_text("D3133", component.encode_utf8(&mut [0; 4]))),
        };
        if value.is_nan() {
            // The reference looks up a name that is not there: a text in one case, an exception in others.
            return match (case, self.width_max) {
                (Case::Title, None) => out.push_str("undefined"),
                _ => Err(internal()),
            };
        }
        let name = (value as usize)
            .checked_sub(1)
            .and_then(|index| names.get(index))
            .copied()
            .ok_or_else(internal)?;
        let max = self.width_max.filter(|max| name.len() as f64 > *max);
        let name = name.get(..max.unwrap_or(f64::MAX) as usize).unwrap_or(name);
        match case {
            Case::Title => out.push_str(name),
            Case::Upper => push_cased(name, Case::Upper, out),
            Case::Lower => push_cased(&name.to_ascii_lowercase(), Case::Lower, out),
        }
    }

    /// Writes the offset from UTC.
    fn format_zone(&self, zone: Zone, out: &mut Text<'_>) -> Result<(), Error> {
        let offset = zone.hours * 100.0 + zone.minutes;
        if offset == 0.0 && self.is_zulu {
            return out.push('Z');
        }
        out.push_str(if self.component == 'z' { "GMT" } else { "" })?;
        out.push_str(if offset >= 0.0 { "+" } else { "" })?;
        let integer = self.integer.as_ref().ok_or_else(internal)?;
        let digits = integer.digits().ok_or_else(|| Error::new("D3134"))?;
        if matches!(digits.groups, Groups::Regular { .. }) {
            return integer.write(offset, out);
        }
        match digits.mandatory {
            1 | 2 => {
                integer.write(zone.hours, out)?;
                if zone.minutes != 0.0 {
                    out.push(':')?;
                    IntegerPicture::parse("00")?.write(zone.minutes, out)?;
                }
                Ok(())
            }
            3 | 4 => integer.write(offset, out),
            _ => Err(Error::new("D3134")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonata::function::text::written;

    fn formatted(millis: f64, picture: &str, zone: &str) -> String {
        let zone = if zone.is_empty() {
            Zone::UTC
        } else {
            Zone::parse(zone)
        };
        let picture = DatePicture::parse(picture);
        let text = picture.and_then(|picture| written(|out| picture.format(millis, zone, out)));
        text.unwrap_or_else(|error| error.code().to_owned())
    }

    #[test]
    fn times_by_pictures() {
        let millis = 1_521_801_216_617.0;
        let cases = [
            ("[[Year]]: [[[Y0001]]]", "", "[Year]: [2018]"),
            ("Year: <[Y9,999,*]>", "", "Year: <2,018>"),
            (
                "[Y]-[ M01]-[D 01]T[H01 ]:[ m   ]:[s].[f0  01][Z01:\n 01t]",
                "",
                "2018-03-23T10:33:36.617Z",
            ),
            ("[D#1,2]/[M1,2]/[Y##01,2-2]", "", "23/03/18"),
            ("[Da] [MA] [Yi] [Yw]", "", "w C mmxviii two thousand and eighteen"),
            (
                "[FNn,3-3], [D1o] [MNn,3-3] [Y] [C] [PN]",
                "",
                "Fri, 23rd Mar 2018 ISO AM",
            ),
            ("[H]:[m][Z0]", "+0530", "16:03+5:30"),
            ("[z]", "-0500", "GMT-05:00"),
            ("[H01]:[m01][Z]", "-0530", "04:03-06:30"),
            ("[X0001]-W[W01]-[F1] [w] [xNn] [d]", "", "2018-W12-5 4 March 82"),
            ("[Z]", "abc", "0N:aN"),
            ("[D01,*-4] [M,5-2]", "", "0023 03"),
            ("[f001] [f1] [f0001]", "", "617 617 0617"),
            ("[Z010101t]", "+0530", "D3134"),
            ("[YN]-[M", "", "D3135"),
            ("[YN]", "", "D3133"),
            ("[M#]", "", "D3130"),
            ("[q]", "", "D3132"),
            ("[Y,999999999]", "", "U1002"),
            ("[]", "", "D3132"),
        ];
        for (picture, zone, expected) in cases {
            assert_eq!(formatted(millis, picture, zone), expected, "{picture}");
        }
        assert_eq!(formatted(1e17, ISO, ""), "0NaN-NaN-NaNTNaN:NaN:NaN.NaNZ");
        assert_eq!(formatted(1e17, "[FNn]", ""), "undefined");
        assert_eq!(formatted(1e17, "[FN]", ""), "internal");
    }

    #[test]
    fn iso_times() {
        for (millis, zone, expected) in [
            (1_509_380_732_935.0, Zone::UTC, "2017-10-30T16:25:32.935Z"),
            (1.7, Zone::UTC, "1970-01-01T00:00:00.001Z"),
            (-1e15, Zone::UTC, "-9719-04-05T22:13:20.000Z"),
            (1e15, Zone::parse("+0100"), "3658-09-27T02:46:40.000+01:00"),
        ] {
            assert_eq!(
                written(|out| format_iso(millis, zone, out)).as_deref(),
                Ok(expected)
            );
        }
    }
}
