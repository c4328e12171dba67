//! Which values of properties may be shown.
//!
//! A secret may stand under any name, mistyped or another program's, so names alone do not tell: a value is shown
//! for its form. Must not know where it is shown. Invariant: a text that librdkafka would take for any text is hidden.

use super::amount::has_unit;
use super::properties::is_one_of_few;

/// Parts of names under which even a number is hidden.
const HIDDEN: [&str; 10] = [
    "pass",
    "pwd",
    "secret",
    ".pem",
    "jaas",
    "token",
    "auth",
    "credential",
    "pin",
    "key",
];
/// Most characters of a value that is shown for its form: no number is longer.
const CHARACTERS_MAX: usize = 24;

/// Whether the value of a property is a number, an amount, a switch, `${NAME}`, or one of few that it can have.
pub(crate) fn is_harmless(key: &str, value: &str) -> bool {
    let key_lower = key.to_ascii_lowercase();
    if HIDDEN.iter().any(|part| key_lower.contains(part)) {
        // Of these names librdkafka has some with few values, such as "sasl.oauthbearer.method".
        return !key_lower.contains("pass") && is_one_of_few(key, value);
    }
    let text = value.trim();
    let is_plain = text.len() <= CHARACTERS_MAX && (is_number(text) || has_unit(text));
    is_plain || ["true", "false"].contains(&text) || is_name(text) || is_one_of_few(key, value)
}

fn is_number(text: &str) -> bool {
    let digits = text.replace(['_', ','], "");
    digits.contains(|c: char| c.is_ascii_digit()) && digits.parse::<f64>().is_ok()
}

/// Whether a text is `${NAME}` and nothing else.
fn is_name(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_for_their_form() {
        for (key, value, expected) in [
            ("session.timeout.ms", "45000", true),
            ("session.timeout.ms", "45s", true),
            ("session.timeout.ms", "HUNTER71", false),
            ("max.poll.records", "500", true),
            ("batch.size", "16k", true),
            ("socket.keepalive.enable", "false", true),
            ("security.protocol", "SASL_PLAINTEXT", true),
            ("security.protocol", "${PROTO}", true),
            ("acks", "all", true),
            ("sasl.mechanism", "HUNTER61", false),
            ("compression.type", "zstd", true),
            ("compression.type", "hunter2", false),
            ("sasl.pass", "123456", false),
            ("sasl.pwd", "hunter2", false),
            ("auth", "true", false),
            ("plain", "hunter2", false),
            ("confluent.api", "hunter2", false),
            ("sasl.login.module", "hunter2", false),
            ("ssl.keystore.key", "hunter2", false),
            ("basic.auth.user.info", "u:hunter2", false),
            ("sasl.username", "hunter2", false),
            ("sasl.kerberos.kinit.cmd", "kinit -p hunter2", false),
        ] {
            assert_eq!(is_harmless(key, value), expected, "{key} = {value}");
        }
    }
}
