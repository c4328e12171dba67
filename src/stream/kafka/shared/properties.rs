//! Whether librdkafka takes a property as it was written.
//!
//! librdkafka reads the digits that a number begins with and drops what follows, so that "45s" is 45 milliseconds.
//! Here each property is set on a configuration of its own and read back: what comes back must be the number that
//! was written. So there is no list of librdkafka's properties to keep. Must not know sections of the file.
//! Invariant: the value of a property that is not to be shown is in no text made here.

use super::amount::{has_unit, in_unit_of};
use super::{java, tls};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

/// What librdkafka says before the range of a number that is not in it.
const RANGE: &str = "is outside allowed range ";

/// What became of a property.
enum Taken {
    /// Set; as it reads back, where it does.
    As(Option<String>),
    /// There is no such property, in librdkafka's words.
    Unknown(String),
    /// The value is not allowed, in librdkafka's words.
    Refused(String),
}

/// Says why librdkafka does not take a property, or takes less than was written.
pub(crate) fn refusal(key: &str, value: &str, is_shown: bool) -> Option<String> {
    // What only Java's client has no build of librdkafka has.
    if java::instead(key).is_none()
        && let Some(text) = tls::refusal(key, value)
    {
        return Some(text);
    }
    if let Some(instead) = java::value_instead(key, value) {
        return Some(instead.to_owned());
    }
    match take(key, value) {
        Taken::Unknown(text) => Some(match java::instead(key) {
            Some(instead) => format!("No such configuration property: {instead}"),
            None => match respelt(key) {
                Some(known) => format!("No such configuration property: write {known}"),
                None => text,
            },
        }),
        Taken::Refused(text) => Some(match (java::instead(key), text.split_once(RANGE)) {
            (Some(instead), _) => format!("No such configuration property: {instead}"),
            (None, Some(_)) if number(value).is_none() => not_whole(key, value, is_shown),
            (None, Some((_, range))) => format!("{} is outside the range {range}", shown(value, is_shown)),
            (None, None) if is_shown || names_no_value(&text) => text,
            (None, None) => "not accepted (the value is not shown)".to_owned(),
        }),
        Taken::As(Some(back)) if is_cut(value, &back) => Some(not_whole(key, value, is_shown)),
        Taken::As(_) => None,
    }
}

/// Returns the name of a property that is spelt as in a program or an environment variable: `Session_Timeout_Ms`.
fn respelt(key: &str) -> Option<String> {
    let known = key.trim().to_ascii_lowercase().replace(['_', '-'], ".");
    let is_known = known != key && !matches!(take(&known, ""), Taken::Unknown(_));
    is_known.then_some(known)
}

fn take(key: &str, value: &str) -> Taken {
    let mut client = ClientConfig::new();
    client.set(key, value);
    match client.create_native_config() {
        Ok(native) => Taken::As(native.get(key).ok()),
        Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, text, ..)) => {
            Taken::Unknown(text.trim_end().to_owned())
        }
        Err(KafkaError::ClientConfig(_, text, ..)) => Taken::Refused(text.trim_end().to_owned()),
        Err(_) => Taken::Refused("a name or value with a zero byte".to_owned()),
    }
}

/// Whether librdkafka takes a value of a property, of which it does not take every text.
pub(crate) fn is_one_of_few(key: &str, value: &str) -> bool {
    let is_taken = |value: &str| match take(key, value) {
        Taken::As(back) => !back.is_some_and(|back| is_cut(value, &back)),
        _ => false,
    };
    is_taken(value) && !is_taken("nosuchvalue")
}

/// Whether a refusal is one of those in which librdkafka does not repeat the value.
fn names_no_value(text: &str) -> bool {
    text.starts_with("Expected bool value for ")
        || text.starts_with("Invalid value for configuration property")
}

/// Whether a number reads back as another than was written.
fn is_cut(value: &str, back: &str) -> bool {
    let Some(taken) = number(back) else {
        return false;
    };
    // "all" is a number too: an alias, which librdkafka compares whole.
    let is_alias = !value
        .trim_start()
        .starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    if value == back || is_alias {
        return false;
    }
    // Fractions read back with six digits.
    let slack = if back.contains(['.', 'e']) { 1e-5 } else { 0.0 };
    number(value).is_none_or(|written| (written - taken).abs() > slack * written.abs())
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

fn shown(value: &str, is_shown: bool) -> String {
    match is_shown {
        true => format!("{value:?}"),
        false => "the value (not shown)".to_owned(),
    }
}

fn not_whole(key: &str, value: &str, is_shown: bool) -> String {
    let subject = shown(value, is_shown);
    let what = match number(value) {
        Some(_) => "is not a number that librdkafka can hold",
        None => "is not a bare number, and librdkafka reads only its leading digits",
    };
    let meant = bare(key, value).filter(|meant| match take(key, meant) {
        Taken::As(Some(back)) => !is_cut(meant, &back),
        _ => false,
    });
    match meant {
        Some(meant) if is_shown => format!("{subject} {what}: write {meant}"),
        _ => format!("{subject} {what}"),
    }
}

/// Returns the number that was meant, in the unit of the property.
fn bare(key: &str, value: &str) -> Option<String> {
    let text = value.trim();
    let plain = || {
        let digits = text.replace(['_', ','], "");
        digits
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(|number| number.trunc().to_string())
    };
    let first = || {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let rest = &text[end..];
        // What follows would make it another number: hexadecimal, a fraction, a unit that the property has not.
        let is_other = rest.starts_with(['x', 'X', '.', ',']) || has_unit(text);
        (end > 0 && !is_other).then(|| text[..end].to_owned())
    };
    in_unit_of(key, text).or_else(plain).or_else(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_respelt() {
        for (key, expected) in [
            ("Session.Timeout.Ms", Some("session.timeout.ms")),
            ("session_timeout_ms", Some("session.timeout.ms")),
            ("SECURITY-PROTOCOL", Some("security.protocol")),
            ("session.timeout", None),
            ("nothing_of_the_kind", None),
        ] {
            assert_eq!(respelt(key).as_deref(), expected, "{key}");
            let text = refusal(key, "5", true).expect("no such property");
            let expected = format!("No such configuration property: write {}", expected.unwrap_or(""));
            assert_eq!(text == expected, respelt(key).is_some(), "{text}");
        }
    }

    #[test]
    fn numbers_are_taken_whole() {
        const CUT: &str = "is not a bare number, and librdkafka reads only its leading digits";
        const LARGE: &str = "is not a number that librdkafka can hold";
        let cases: &[(&str, &str, Option<String>)] = &[
            ("session.timeout.ms", "45000", None),
            ("session.timeout.ms", " 45000 ", None),
            (
                "session.timeout.ms",
                "45s",
                Some(format!("\"45s\" {CUT}: write 45000")),
            ),
            (
                "session.timeout.ms",
                "5m",
                Some(format!("\"5m\" {CUT}: write 300000")),
            ),
            (
                "session.timeout.ms",
                "10_000",
                Some(format!("\"10_000\" {CUT}: write 10000")),
            ),
            (
                "session.timeout.ms",
                "1e3",
                Some(format!("\"1e3\" {LARGE}: write 1000")),
            ),
            (
                "session.timeout.ms",
                " 45000 x",
                Some(format!("\" 45000 x\" {CUT}: write 45000")),
            ),
            (
                "session.timeout.ms",
                "4294967396",
                Some(format!("\"4294967396\" {LARGE}")),
            ),
            (
                "session.timeout.ms",
                "0",
                Some("\"0\" is outside the range 1..3600000".to_owned()),
            ),
            ("session.timeout.ms", "0x10", Some(format!("\"0x10\" {CUT}"))),
            (
                "session.timeout.ms",
                "010",
                Some(format!("\"010\" {LARGE}: write 10")),
            ),
            (
                "message.timeout.ms",
                "30s",
                Some(format!("\"30s\" {CUT}: write 30000")),
            ),
            (
                "queue.buffering.max.kbytes",
                "64MiB",
                Some(format!("\"64MiB\" {CUT}: write 65536")),
            ),
            (
                "fetch.max.bytes",
                "1MiB",
                Some(format!("\"1MiB\" {CUT}: write 1048576")),
            ),
            ("batch.size", "16k", Some(format!("\"16k\" {CUT}: write 16384"))),
            (
                "batch.size",
                "16 KB",
                Some(format!("\"16 KB\" {CUT}: write 16384")),
            ),
            ("fetch.min.bytes", "1k", Some(format!("\"1k\" {CUT}: write 1024"))),
            (
                "fetch.min.bytes",
                "1.5m",
                Some(format!("\"1.5m\" {CUT}: write 1572864")),
            ),
            (
                "queue.buffering.max.kbytes",
                "32m",
                Some(format!("\"32m\" {CUT}: write 32768")),
            ),
            (
                "session.timeout.ms",
                "1.5s",
                Some(format!("\"1.5s\" {CUT}: write 1500")),
            ),
            (
                "session.timeout.ms",
                "2min",
                Some(format!("\"2min\" {CUT}: write 120000")),
            ),
            ("session.timeout.ms", "10k", Some(format!("\"10k\" {CUT}"))),
            ("batch.num.messages", "10k", Some(format!("\"10k\" {CUT}"))),
            ("linger.ms", "1.5", None),
            ("linger.ms", "0.1234567", None),
            ("linger.ms", "1e1", None),
            ("linger.ms", "5ms", Some(format!("\"5ms\" {CUT}: write 5"))),
            ("acks", "all", None),
            ("acks", "-1", None),
            ("acks", "1all", Some(format!("\"1all\" {CUT}: write 1"))),
            ("client.id", "45s", None),
            ("client.id", " 45", None),
            ("client.rack", "007", None),
            ("socket.keepalive.enable", "true", None),
            ("security.protocol", "SASL_PLAINTEXT", None),
        ];
        for (key, value, expected) in cases {
            assert_eq!(refusal(key, value, true), *expected, "{key} = {value:?}");
        }
    }

    #[test]
    fn switches_and_words_are_checked() {
        for (key, value) in [
            ("socket.keepalive.enable", "yes"),
            ("security.protocol", "TLS"),
            ("compression.type", "zip"),
            ("session.timeout.ms", "soon"),
        ] {
            assert!(refusal(key, value, true).is_some(), "{key} = {value}");
        }
    }

    #[test]
    fn what_is_hidden_stays_hidden() {
        for key in ["security.protocol", "session.timeout.ms", "sasl.passwrd"] {
            let text = refusal(key, "45hunter2", false).expect("refused");
            assert!(!text.contains("hunter2"), "{text}");
        }
        let text = refusal("sasl.passwrd", "hunter2", false).expect("refused");
        assert_eq!(text, "No such configuration property: \"sasl.passwrd\"");
    }
}
