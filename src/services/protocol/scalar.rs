//! Scalars on their way: what parameters give for a text, a number or a time, and how a time is written.
//!
//! Owns AWS's three forms of a timestamp. Parameters are taken as Java's mapper takes them: a text for a number is
//! that number, anything for a text is its JSON.

use crate::services::model::TimestampFormat;
use crate::timestamp;
use crate::value::{Kind, ValueRef, View};
use std::borrow::Cow;

const NANOS: i128 = 1_000_000_000;
/// Years 1 to 9999, in seconds since 1970: beyond, a number is no time.
const SECONDS_MIN: i128 = -62_135_596_800;
const SECONDS_MAX: i128 = 253_402_300_799;

/// Returns a value as text: a string's content, or the JSON of anything else.
pub(super) fn text(view: View<'_>, value: ValueRef) -> Cow<'_, str> {
    match view.string(value) {
        Some(text) => text.decode(),
        None => {
            let mut out = Vec::with_capacity(view.len(value));
            view.write_dense(value, &mut out);
            Cow::Owned(String::from_utf8(out).unwrap_or_default())
        }
    }
}

/// Returns a number's text, in the notation it was given.
pub(super) fn number(view: View<'_>, value: ValueRef) -> Option<Cow<'_, str>> {
    match view.number(value) {
        Some(number) => Some(Cow::Borrowed(number)),
        None => {
            let text = view.string(value)?.decode();
            is_number(&text).then_some(text)
        }
    }
}

/// Returns a whole number's text: `1.0` and `1e3` are whole.
pub(super) fn integer(view: View<'_>, value: ValueRef) -> Option<Cow<'_, str>> {
    let number = number(view, value)?;
    if !number.contains(['.', 'e', 'E']) {
        return Some(number);
    }
    let float: f64 = number.parse().ok()?;
    let is_whole = float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0;
    is_whole.then(|| Cow::Owned((float as i64).to_string()))
}

/// Says whether a text is a number as JSON writes it.
pub(super) fn is_number(text: &str) -> bool {
    let digits = |text: &str| {
        text.len()
            - text
                .trim_start_matches(|letter: char| letter.is_ascii_digit())
                .len()
    };
    let rest = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with('0')) {
        return false;
    }
    let mut rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let count = digits(exponent);
        return count > 0 && count == exponent.len();
    }
    rest.is_empty()
}

/// Returns a boolean, also one that is given as text.
pub(super) fn boolean(view: View<'_>, value: ValueRef) -> Option<bool> {
    view.boolean(value).or_else(|| {
        let text = view.string(value)?;
        [true, false]
            .into_iter()
            .find(|known| text.is(&known.to_string()))
    })
}

/// Returns a time in nanoseconds since 1970, from ISO-8601 text or a number of seconds.
pub(super) fn time(view: View<'_>, value: ValueRef) -> Option<i128> {
    match view.kind(value) {
        Kind::Number => nanos_of_seconds(view.number(value)?),
        Kind::String => parse_time(&view.string(value)?.decode()),
        _ => None,
    }
}

/// Reads a time in any of the forms that services use.
pub(super) fn parse_time(text: &str) -> Option<i128> {
    let text = text.trim();
    timestamp::parse(text)
        .or_else(|| nanos_of_seconds(text))
        .or_else(|| parse_http(text))
        .filter(|nanos| (SECONDS_MIN..=SECONDS_MAX).contains(&nanos.div_euclid(NANOS)))
}

/// Reads seconds since 1970; what is finer than a millisecond is lost, as in the Java SDK.
fn nanos_of_seconds(text: &str) -> Option<i128> {
    if !is_number(text) {
        return None;
    }
    let millis = if text.contains(['e', 'E']) {
        let seconds: f64 = text.parse().ok()?;
        (seconds * 1_000.0).round() as i128
    } else {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if whole.len() > 13 {
            return None;
        }
        let digits = format!("{whole}{:0<3.3}", fraction);
        digits.parse().ok()?
    };
    let seconds: i128 = millis / 1_000;
    (SECONDS_MIN..=SECONDS_MAX)
        .contains(&seconds)
        .then(|| millis * 1_000_000)
}

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Reads `Tue, 29 Apr 2014 18:30:38 GMT`.
fn parse_http(text: &str) -> Option<i128> {
    let mut words = text.split(' ').skip(1);
    let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|known| *known == month)? + 1;
    timestamp::parse(&format!("{year}-{month:02}-{day:0>2}T{time}Z"))
}

/// Writes a time.
pub(super) fn format_time(nanos: i128, format: TimestampFormat) -> String {
    match format {
        TimestampFormat::Iso => format_iso(nanos),
        TimestampFormat::Http => format_http(nanos),
        TimestampFormat::Seconds => {
            let millis = nanos.div_euclid(1_000_000);
            let sign = if millis < 0 { "-" } else { "" };
            let (seconds, rest) = (millis.abs() / 1_000, millis.abs() % 1_000);
            match rest {
                0 => format!("{sign}{seconds}"),
                _ => format!("{sign}{seconds}.{rest:03}")
                    .trim_end_matches('0')
                    .to_owned(),
            }
        }
    }
}

/// Writes a time as Java's `Instant` does: with as many groups of three digits as it has.
fn format_iso(nanos: i128) -> String {
    let millis = nanos.div_euclid(1_000_000) as i64;
    let text = timestamp::format(millis);
    let text = std::str::from_utf8(&text).unwrap_or_default();
    let (second, fraction) = (&text[..19], nanos.rem_euclid(NANOS));
    match (fraction, fraction % 1_000_000, fraction % 1_000) {
        (0, _, _) => format!("{second}Z"),
        (_, 0, _) => text.to_owned(),
        (_, _, 0) => format!("{second}.{:06}Z", fraction / 1_000),
        _ => format!("{second}.{fraction:09}Z"),
    }
}

fn format_http(nanos: i128) -> String {
    let seconds = nanos.div_euclid(NANOS) as i64;
    let text = timestamp::format(seconds * 1_000);
    let text = std::str::from_utf8(&text).unwrap_or_default();
    let month: usize = text[5..7].parse().unwrap_or(1);
    let day = DAYS[seconds.div_euclid(86_400).rem_euclid(7) as usize];
    format!(
        "{day}, {} {} {} {} GMT",
        &text[8..10],
        MONTHS[(month - 1) % 12],
        &text[..4],
        &text[11..19]
    )
}
