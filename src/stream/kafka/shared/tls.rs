//! What a build without TLS for Kafka, the feature `kafka-tls`, cannot do.
//!
//! librdkafka refuses some of it when a property is set and some only when a client is made, in words that send a
//! reader to build librdkafka anew. Here it is one sentence, before any client is made.

use super::iam::MECHANISM;

const ABSENT: &str = "this stepstream is built without TLS for Kafka: build it with its default features \
                      (cargo install --path . --profile dist)";

/// Says what to do about a property that takes TLS, where there is none.
pub(super) fn refusal(key: &str, value: &str) -> Option<String> {
    match needs_tls(key, value) && !cfg!(feature = "kafka-tls") {
        true => Some(ABSENT.to_owned()),
        false => None,
    }
}

/// Whether a property asks for TLS, or for a SASL mechanism that takes the same libraries: OpenSSL computes what SCRAM
/// proves, curl fetches tokens.
fn needs_tls(key: &str, value: &str) -> bool {
    match key {
        "security.protocol" => value.to_ascii_lowercase().ends_with("ssl"),
        "sasl.mechanism" | "sasl.mechanisms" => {
            value.starts_with("SCRAM") || value.eq_ignore_ascii_case("OAUTHBEARER") || value == MECHANISM
        }
        _ => key.starts_with("ssl.") || key.starts_with("sasl.oauthbearer."),
    }
}

#[cfg(test)]
mod tests {
    use super::needs_tls;

    #[test]
    fn what_takes_tls_is_known() {
        for (key, value, expected) in [
            ("security.protocol", "SASL_SSL", true),
            ("security.protocol", "ssl", true),
            ("security.protocol", "sasl_plaintext", false),
            ("sasl.mechanism", "SCRAM-SHA-512", true),
            ("sasl.mechanisms", "OAUTHBEARER", true),
            ("sasl.mechanism", "AWS_MSK_IAM", true),
            ("sasl.mechanisms", "PLAIN", false),
            ("sasl.oauthbearer.method", "oidc", true),
            ("ssl.ca.location", "ca.pem", true),
            ("client.id", "ssl", false),
        ] {
            assert_eq!(needs_tls(key, value), expected, "{key} = {value}");
        }
    }

    #[cfg(not(feature = "kafka-tls"))]
    #[test]
    fn a_build_without_it_says_so() {
        let text = super::refusal("security.protocol", "SASL_SSL").expect("refused");
        assert!(text.contains("built without TLS"), "{text}");
    }
}
