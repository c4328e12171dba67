//! Points in time as AWS writes and reads them.
//!
//! Owns the one text form of the language: RFC 3339 with `T` and `Z` in upper case (facts 4.3, 4.6).
//! Must not know a clock: a time is always handed in.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Reads a timestamp, in nanoseconds since 1970; `None` when the text is not one.
///
/// Shape first: AWS refuses lower-case `t` and `z`, a blank for the `T`, and a time without an offset.
pub fn parse(text: &str) -> Option<i128> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || bytes[10] != b'T' || bytes.contains(&b'z') {
        return None;
    }
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .map(OffsetDateTime::unix_timestamp_nanos)
}

/// Length of what [`format()`] writes.
pub const LEN: usize = 24;

/// Writes milliseconds since 1970 as `2024-07-15T12:59:18.123Z` (facts 5.2).
pub fn format(millis: i64) -> [u8; LEN] {
    let (days, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (year, month, day) = civil(days);
    let mut out = *b"0000-00-00T00:00:00.000Z";
    digits(&mut out[0..4], year);
    digits(&mut out[5..7], month);
    digits(&mut out[8..10], day);
    digits(&mut out[11..13], rest / 3_600_000);
    digits(&mut out[14..16], rest / 60_000 % 60);
    digits(&mut out[17..19], rest / 1_000 % 60);
    digits(&mut out[20..23], rest % 1_000);
    out
}

fn digits(place: &mut [u8], mut value: i64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Turns days since 1970-01-01 into year, month and day of the Gregorian calendar; years 0 to 9999.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days.clamp(-719_528, 2_932_896);
    // Days since 0000-03-01: leap days come last in such a year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_what_it_parses() {
        for text in [
            "1970-01-01T00:00:00.000Z",
            "2024-02-29T23:59:59.999Z",
            "1969-12-31T23:59:59.001Z",
            "2093-01-20T00:00:00.000Z",
        ] {
            let nanos = parse(text).unwrap();
            assert_eq!(format((nanos / 1_000_000) as i64), text.as_bytes(), "{text}");
        }
    }

    #[test]
    fn refuses_what_aws_refuses() {
        for text in [
            "2016-12-05 21:29:29Z",
            "2016-12-05t21:29:29Z",
            "2016-12-05T21:29:29z",
            "2016-12-05",
            "05-12-2016T21:29:29Z",
            "2016-13-05T21:29:29Z",
            "2016-12-05T25:29:29Z",
            "2016-12-05T21:29:29",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("2001-09-09T01:46:40Z"), Some(1_000_000_000_000_000_000));
        assert_eq!(
            parse("2001-09-09T03:46:40.5+02:00"),
            Some(1_000_000_000_500_000_000)
        );
    }
}
