//! `AWS_MSK_IAM`: brokers of Amazon MSK that take tokens signed with credentials of AWS.
//!
//! To librdkafka it is the mechanism OAUTHBEARER with tokens that the application brings. Owns what that is in properties,
//! and how a client comes to its tokens. Must not know credentials: tokens are signed by whoever hands in [`Tokens`].

use crate::stream::kafka::Error;
use rdkafka::ClientConfig;
use std::fmt;
use std::sync::Arc;

/// The mechanism, as AWS's clients for Java name it.
pub(super) const MECHANISM: &str = "AWS_MSK_IAM";

/// The two names of the property that has the mechanism.
const MECHANISM_KEYS: [&str; 2] = ["sasl.mechanisms", "sasl.mechanism"];

/// A token, as `rd_kafka_oauthbearer_set_token` takes it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What the broker is shown.
    pub text: String,
    /// Whose it is, for messages.
    pub principal: String,
    /// When it ends, in milliseconds since 1970.
    pub expires_at_ms: i64,
}

/// A token is as good as a password while it lasts.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("text", &"[hidden]")
            .field("principal", &self.principal)
            .field("expires_at_ms", &self.expires_at_ms)
            .finish()
    }
}

/// Makes tokens.
pub trait TokenMaker: Send + Sync {
    /// Returns a token that lasts for some minutes. It is called on the threads of shards and of consumers: it must not
    /// wait.
    ///
    /// # Errors
    /// Why there is none now, in words for an operator.
    fn token(&self) -> Result<Token, String>;
}

/// Where clients get their tokens; clones share one maker.
#[derive(Clone)]
pub struct Tokens(pub Arc<dyn TokenMaker>);

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

/// Says whether a client's properties, as the user has them, name the mechanism.
pub(super) fn is_wanted(client: &ClientConfig) -> bool {
    MECHANISM_KEYS
        .iter()
        .any(|key| client.get(key) == Some(MECHANISM))
}

/// Writes the mechanism as librdkafka has it.
///
/// # Errors
/// When other properties contradict it.
pub(super) fn translate(client: &mut ClientConfig) -> Result<(), Error> {
    let refused = |key: &str, reason: &str| Error::Property {
        key: key.to_owned(),
        reason: reason.to_owned(),
    };
    match client.get("security.protocol") {
        None => drop(client.set("security.protocol", "SASL_SSL")),
        Some(protocol) if protocol.eq_ignore_ascii_case("SASL_SSL") => {}
        Some(_) => return Err(refused("security.protocol", "AWS_MSK_IAM needs SASL_SSL")),
    }
    if client
        .get("sasl.oauthbearer.method")
        .is_some_and(|method| method.eq_ignore_ascii_case("oidc"))
    {
        let reason = "AWS_MSK_IAM signs its own tokens: leave it out, or set sasl.mechanisms to OAUTHBEARER";
        return Err(refused("sasl.oauthbearer.method", reason));
    }
    for key in MECHANISM_KEYS {
        client.remove(key);
    }
    client.set(MECHANISM_KEYS[0], "OAUTHBEARER");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(properties: &[(&str, &str)], expected: Result<&[(&str, &str)], &str>) {
        let mut client = ClientConfig::new();
        for (key, value) in properties {
            client.set(*key, *value);
        }
        assert!(is_wanted(&client), "{properties:?}");
        let translated = translate(&mut client);
        match (translated, expected) {
            (Ok(()), Ok(expected)) => {
                for (key, value) in expected {
                    assert_eq!(client.get(key), Some(*value), "{properties:?}");
                }
                assert!(!is_wanted(&client) && client.get("sasl.mechanism").is_none());
            }
            (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
            (got, _) => panic!("{properties:?}: {got:?}"),
        }
    }

    #[test]
    fn the_mechanism_in_librdkafkas_words() {
        let expected: &[_] = &[
            ("sasl.mechanisms", "OAUTHBEARER"),
            ("security.protocol", "SASL_SSL"),
        ];
        check(&[("sasl.mechanisms", MECHANISM)], Ok(expected));
        check(&[("sasl.mechanism", MECHANISM)], Ok(expected));
        let lower = &[
            ("sasl.mechanisms", "OAUTHBEARER"),
            ("security.protocol", "sasl_ssl"),
        ];
        check(
            &[("sasl.mechanism", MECHANISM), ("security.protocol", "sasl_ssl")],
            Ok(lower),
        );
    }

    #[test]
    fn contradictions() {
        let plain = ("security.protocol", "SASL_PLAINTEXT");
        check(&[("sasl.mechanisms", MECHANISM), plain], Err("needs SASL_SSL"));
        let oidc = ("sasl.oauthbearer.method", "oidc");
        check(&[("sasl.mechanisms", MECHANISM), oidc], Err("leave it out"));
    }

    #[test]
    fn tokens_are_not_shown() {
        let token = Token {
            text: "hunter2".to_owned(),
            principal: "p".to_owned(),
            expires_at_ms: 1,
        };
        assert!(!format!("{token:?}").contains("hunter2"));
    }
}
