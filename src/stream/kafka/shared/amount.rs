//! Amounts with a unit, as people write them for properties that have bare numbers.
//!
//! Owns the units that are understood, in more ways to write them than our own keys allow: what is read here is only
//! suggested, never set. Must not know librdkafka. Invariant: no amount is read in the unit of another quantity.

/// Units of time in milliseconds.
const TIMES: [(&[&str], f64); 5] = [
    (&["ms", "millis"], 1.0),
    (&["s", "sec", "secs", "second", "seconds"], 1e3),
    (&["m", "min", "mins", "minute", "minutes"], 60e3),
    (&["h", "hr", "hour", "hours"], 3_600e3),
    (&["d", "day", "days"], 86_400e3),
];
/// Units of size in bytes; "k" is 1024, as everywhere else in a configuration.
const SIZES: [(&[&str], f64); 5] = [
    (&["b", "byte", "bytes"], 1.0),
    (&["k", "kb", "kib"], 1_024.0),
    (&["m", "mb", "mib"], 1_048_576.0),
    (&["g", "gb", "gib"], 1_073_741_824.0),
    (&["t", "tb", "tib"], 1_099_511_627_776.0),
];
/// Properties in bytes whose names do not say so.
const IN_BYTES: [&str; 1] = ["batch.size"];

/// Returns an amount with a unit as a bare number in the unit of a property.
pub(crate) fn in_unit_of(key: &str, text: &str) -> Option<String> {
    let (number, unit) = split(text)?;
    let amount = if key.ends_with(".ms") {
        number * factor(&TIMES, &unit)?
    } else if key.ends_with(".kbytes") {
        number * factor(&SIZES, &unit)? / 1_024.0
    } else if key.ends_with(".bytes") || IN_BYTES.contains(&key) {
        number * factor(&SIZES, &unit)?
    } else {
        return None;
    };
    Some(amount.to_string())
}

/// Whether a text is a number with a unit of time or size.
pub(crate) fn has_unit(text: &str) -> bool {
    split(text).is_some_and(|(_, unit)| factor(&TIMES, &unit).or(factor(&SIZES, &unit)).is_some())
}

fn split(text: &str) -> Option<(f64, String)> {
    let text = text.trim();
    let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == '_';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let number = text[..end].replace('_', "").parse().ok()?;
    Some((number, text[end..].trim_start().to_ascii_lowercase()))
}

fn factor(units: &[(&[&str], f64)], unit: &str) -> Option<f64> {
    let known = units.iter().find(|(names, _)| names.contains(&unit));
    known.map(|(_, factor)| *factor)
}
