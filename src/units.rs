//! Times and sizes as people write them: `"250ms"`, `"64KiB"`.
//!
//! Owns the two notations and their words for mistakes. Knows nothing of what is measured. Invariant: what
//! is written out reads back as the same value.

use schemars::JsonSchema;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A time: a whole number and a unit (`ms`, `s`, `m`, `h`, `d`), such as `"30s"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "String", inline, extend("pattern" = r"^\s*[0-9]+\s*(ms|s|m|h|d)\s*$", "examples" = ["250ms", "30s", "5m", "2h", "7d"]))]
pub struct Period(pub Duration);

/// A number of bytes: a whole number, alone or with a unit (`B`, `KiB`, `MiB`, `GiB`, `TiB`), such as
/// `"64KiB"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "SizeText", inline)]
pub struct Size(pub u64);

/// How a [`Size`] is written; for the schema alone.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
#[allow(dead_code)]
enum SizeText {
    /// Bytes.
    Bytes(u64),
    /// With a unit.
    Text(
        #[schemars(extend("pattern" = r"^\s*[0-9]+\s*(B|KiB|MiB|GiB|TiB)?\s*$", "examples" = ["64KiB", "256MiB"]))]
         String,
    ),
}

/// Unit, its length in milliseconds; the largest first.
const TIMES: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Unit, its bytes; the largest first.
const SIZES: [(&str, u64); 5] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

const TIME_HELP: &str =
    "a time is a whole number and a unit, such as \"250ms\", \"30s\", \"5m\", \"2h\" or \"7d\"";
const SIZE_HELP: &str =
    "a size is a whole number of bytes or one with a unit, such as \"64KiB\" or \"256MiB\"";

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Period, String> {
        let (digits, unit) = split(text);
        let factor = TIMES.iter().find(|(known, _)| *known == unit);
        let millis =
            product(digits, factor).ok_or_else(|| format!("\"{text}\" is not a time: {TIME_HELP}"))?;
        let millis = millis.ok_or_else(|| format!("\"{text}\" is too long a time"))?;
        Ok(Period(Duration::from_millis(millis)))
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let (digits, unit) = split(text);
        let unit = if unit.is_empty() { "B" } else { unit };
        let factor = SIZES.iter().find(|(known, _)| *known == unit);
        let bytes = product(digits, factor).ok_or_else(|| match unit {
            "KB" | "MB" | "GB" | "TB" | "K" | "M" | "G" | "T" | "kB" | "k" => {
                let binary = format!("{}iB", unit[..1].to_ascii_uppercase());
                format!("\"{text}\" is not a size: units are powers of 1024, here \"{digits}{binary}\"")
            }
            _ => format!("\"{text}\" is not a size: {SIZE_HELP}"),
        })?;
        bytes
            .map(Size)
            .ok_or_else(|| format!("\"{text}\" is too large a size"))
    }
}

/// Splits a number from its unit.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

/// Multiplies; `None` when there is no number or no unit, `Some(None)` when it is too large.
fn product(digits: &str, factor: Option<&(&str, u64)>) -> Option<Option<u64>> {
    let (_, factor) = factor?;
    if digits.is_empty() {
        return None;
    }
    Some(
        digits
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(*factor)),
    )
}

fn write(amount: u64, units: &[(&str, u64)], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let whole = units
        .iter()
        .find(|(_, factor)| amount != 0 && amount.is_multiple_of(*factor));
    let (unit, factor) = whole.or(units.last()).copied().unwrap_or(("", 1));
    write!(out, "{}{unit}", amount / factor)
}

impl fmt::Display for Period {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX), &TIMES, out)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self.0, &SIZES, out)
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Period, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Period;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a time such as \"30s\"")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Period, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Text)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Size, D::Error> {
        struct TextOrBytes;
        impl Visitor<'_> for TextOrBytes {
            type Value = Size;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a size such as \"64KiB\"")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_u64<E: Error>(self, bytes: u64) -> Result<Size, E> {
                Ok(Size(bytes))
            }
            fn visit_i64<E: Error>(self, bytes: i64) -> Result<Size, E> {
                let negative = |_| E::custom(format!("{bytes} is not a size: {SIZE_HELP}"));
                u64::try_from(bytes).map(Size).map_err(negative)
            }
        }
        deserializer.deserialize_any(TextOrBytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times() {
        for (text, millis) in [
            ("250ms", 250),
            ("30s", 30_000),
            (" 5 m ", 300_000),
            ("2h", 7_200_000),
            ("7d", 604_800_000),
            ("0s", 0),
        ] {
            assert_eq!(text.parse(), Ok(Period(Duration::from_millis(millis))), "{text}");
        }
        for (text, words) in [
            ("", "\"\" is not a time: a time is a whole number and a unit"),
            ("30", "is not a time"),
            ("1.5s", "is not a time"),
            ("-1s", "is not a time"),
            ("1S", "is not a time"),
            ("s", "is not a time"),
            ("99999999999999999999d", "is too long a time"),
            ("9999999999999999d", "is too long a time"),
        ] {
            let error = text.parse::<Period>().expect_err(text);
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("64KiB", 65_536),
            ("256 MiB", 256 << 20),
            ("10GiB", 10 << 30),
            ("7", 7),
            ("7B", 7),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for (text, words) in [
            ("64KB", "units are powers of 1024, here \"64KiB\""),
            ("64k", "here \"64KiB\""),
            ("1.5GiB", "is not a size: a size is a whole number"),
            ("KiB", "is not a size"),
            ("99999999TiB", "is too large a size"),
        ] {
            let error = text.parse::<Size>().expect_err(text);
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn values_of_a_file() {
        #[derive(Debug, Deserialize)]
        struct Both {
            size: Size,
            time: Period,
        }
        let read = |text: &str| toml::from_str::<Both>(text).map_err(|error| error.message().to_owned());
        let both = read("size = 65536\ntime = '1s'").expect("a value");
        assert_eq!(
            (both.size, both.time.to_string()),
            (Size(1 << 16), "1s".to_owned())
        );
        for (text, words) in [
            ("size = -1\ntime = '1s'", "-1 is not a size"),
            ("size = true\ntime = '1s'", "expected a size such as \"64KiB\""),
            ("size = 1\ntime = 30", "expected a time such as \"30s\""),
            ("size = 1\ntime = '1x'", "\"1x\" is not a time"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(number in 0..1u32 << 20, unit in 0..5usize) {
            let size = Size(u64::from(number) * SIZES[unit].1);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
            let time = Period(Duration::from_millis(u64::from(number) * TIMES[unit].1));
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,20}") {
            let _ = (text.parse::<Size>(), text.parse::<Period>());
        }
    }
}
