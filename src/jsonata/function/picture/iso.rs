//! `$toMillis` without a picture: reads a timestamp of ISO 8601, as the reference and V8 do together: the one
//! says what the form is, the other what it means.

use super::calendar::utc;
use crate::jsonata::Error;
use crate::jsonata::function::error::of_text;

/// Reads a timestamp of ISO 8601, or a part of one; `NaN` for one that has the form but means no time.
///
/// # Errors
///
/// D3110 for another form.
pub fn parse_iso(text: &str) -> Result<f64, Error> {
    let timestamp = Timestamp::read(text).ok_or_else(|| of_text("D3110", text))?;
    Ok(timestamp.millis().unwrap_or(f64::NAN))
}

/// A timestamp by its form; parts may be repeated, which means nothing.
#[derive(Default)]
struct Timestamp<'a> {
    year: f64,
    months: Vec<f64>,
    days: Vec<f64>,
    times: Vec<[f64; 3]>,
    fraction: Option<&'a str>,
    zone: Option<&'a str>,
}

/// Reads digits of which the first is at most `first`.
fn two_digits(text: &str, first: u8) -> Option<(f64, &str)> {
    let digits = text
        .get(..2)
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    (digits.as_bytes()[0] <= first).then_some(())?;
    Some((digits.parse().ok()?, &text[2..]))
}

fn time_of(text: &str) -> Option<([f64; 3], &str)> {
    let (hours, rest) = two_digits(text.strip_prefix('T')?, b'2')?;
    let (minutes, rest) = two_digits(rest.strip_prefix(':')?, b'5')?;
    let (seconds, rest) = two_digits(rest.strip_prefix(':')?, b'5')?;
    Some(([hours, minutes, seconds], rest))
}

impl<'a> Timestamp<'a> {
    fn read(text: &'a str) -> Option<Timestamp<'a>> {
        let year = text
            .get(..4)
            .filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()))?;
        let mut timestamp = Timestamp {
            year: year.parse().ok()?,
            ..Timestamp::default()
        };
        let mut rest = &text[4..];
        // A hyphen may begin a month, a day or an offset: take as a month what can be one.
        while let Some((month, after)) = rest.strip_prefix('-').and_then(|rest| two_digits(rest, b'1')) {
            if is_zone(rest) {
                break;
            }
            timestamp.months.push(month);
            rest = after;
        }
        while let Some((day, after)) = rest.strip_prefix('-').and_then(|rest| two_digits(rest, b'3')) {
            if is_zone(rest) {
                break;
            }
            timestamp.days.push(day);
            rest = after;
        }
        while let Some((time, after)) = time_of(rest) {
            timestamp.times.push(time);
            rest = after;
        }
        if let Some(fraction) = rest.strip_prefix('.') {
            let end = fraction
                .find(|digit: char| !digit.is_ascii_digit())
                .unwrap_or(fraction.len());
            timestamp.fraction = Some(&fraction[..end]).filter(|fraction| !fraction.is_empty());
            rest = timestamp
                .fraction
                .map_or(rest, |fraction| &rest[1 + fraction.len()..]);
        }
        if rest == "Z" || is_zone(rest) {
            timestamp.zone = Some(rest);
            rest = "";
        }
        rest.is_empty().then_some(timestamp)
    }

    fn millis(&self) -> Option<f64> {
        let mut months = self.months.clone();
        let mut days = self.days.clone();
        if days.is_empty() && months.len() == 2 {
            // Both were small enough to be months.
            days.extend(months.pop());
        }
        if months.len() > 1 || days.len() > 1 || self.times.len() > 1 {
            return None;
        }
        let month = months.first().copied().unwrap_or(1.0);
        let day = days.first().copied().unwrap_or(1.0);
        let [hours, minutes, seconds] = self.times.first().copied().unwrap_or_default();
        let fraction = self.fraction.map_or(0.0, |digits| {
            let digits: String = digits.chars().chain("000".chars()).take(3).collect();
            digits.parse().unwrap_or(0.0)
        });
        let is_date = (1.0..=12.0).contains(&month) && (1.0..=31.0).contains(&day);
        let is_midnight = hours == 24.0 && minutes + seconds + fraction == 0.0;
        let has_time = !self.times.is_empty();
        let has_stray = !has_time && (self.fraction.is_some() || self.zone.is_some_and(|zone| zone != "Z"));
        if !is_date || (hours > 23.0 && !is_midnight) || has_stray || (months.is_empty() && !days.is_empty())
        {
            return None;
        }
        let offset = match self.zone {
            None | Some("Z") => 0.0,
            Some(zone) => zone_minutes(zone)?,
        };
        // `utc` would take a year below 100 for one of the 20th century.
        let cycles = (self.year / 400.0).floor();
        let shifted = utc(
            2000.0 + self.year - cycles * 400.0,
            month - 1.0,
            day,
            [hours, minutes, seconds, fraction],
        );
        Some(shifted + (cycles - 5.0) * 146_097.0 * 86_400_000.0 - offset * 60_000.0)
    }
}

/// Whether a text is an offset: `+01:00`, `-0100`.
fn is_zone(text: &str) -> bool {
    let Some((_, rest)) = text
        .strip_prefix(['+', '-'])
        .and_then(|rest| two_digits(rest, b'2'))
    else {
        return false;
    };
    two_digits(rest.strip_prefix(':').unwrap_or(rest), b'5').is_some_and(|(_, rest)| rest.is_empty())
}

fn zone_minutes(zone: &str) -> Option<f64> {
    let sign = if zone.starts_with('-') { -1.0 } else { 1.0 };
    let (hours, rest) = two_digits(zone.get(1..)?, b'2')?;
    let (minutes, _) = two_digits(rest.strip_prefix(':').unwrap_or(rest), b'5')?;
    (hours <= 23.0).then_some(sign * (hours * 60.0 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_timestamps() {
        let cases = [
            ("2017-10-30", Some(1_509_321_600_000.0)),
            ("2018", Some(1_514_764_800_000.0)),
            ("2018Z", Some(1_514_764_800_000.0)),
            ("2018-01-02T10:00:00.123456+0100", Some(1_514_883_600_123.0)),
            ("2018-02-31T00:00:00Z", Some(1_520_035_200_000.0)),
            ("2018-01-02T24:00:00Z", Some(1_514_937_600_000.0)),
            ("2018T10:00:00Z", Some(1_514_800_800_000.0)),
            ("0000-01-01", Some(-62_167_219_200_000.0)),
            ("2018-01-02.5", None),
            ("2018-01-02+01:00", None),
            ("2018-00-01", None),
            ("2018-01-02T25:00:00Z", None),
        ];
        for (text, expected) in cases {
            assert_eq!(
                parse_iso(text).ok().filter(|millis| !millis.is_nan()),
                expected,
                "{text}"
            );
        }
        for text in [
            "foo",
            "2018-1",
            "01-02-2018",
            "2018-13-45",
            "2018-01-02T10:00:00.Z",
            "",
            "２０１８",
        ] {
            assert_eq!(parse_iso(text).unwrap_err().code(), "D3110", "{text}");
        }
    }
}
