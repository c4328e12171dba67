//! Tokens for brokers of Amazon MSK: a signed URL that says who connects.
//!
//! Source: AWS's own signers (`aws-msk-iam-sasl-signer-*`, Apache-2.0), which agree on the form: a GET of
//! `https://kafka.<region>.amazonaws.com/?Action=kafka-cluster:Connect`, signed in its query for `kafka-cluster` and an empty
//! body, as base64url. The signing crate signs queries with `UNSIGNED-PAYLOAD` alone, which only S3 takes: so the request is
//! put together here, of the crate's hashes. Must not know clients of Kafka. Invariants: a token is made without waiting, of
//! credentials that the keeper has brought; it ends before they do.

use super::credentials::{Ask, Denial, Identity, Outcome, Session};
use super::entry::Entry;
use super::region;
use super::settings::Settings;
use crate::clock;
use crate::services::percent::is_unreserved;
use crate::stream::kafka::{Token, TokenMaker, Tokens};
use crate::task::Home;
use crate::task::lambda::http::encode;
use crate::timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqsign_core::hash::{hex_hmac_sha256, hex_sha256, hmac_sha256};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

/// How long a token lasts, as AWS's signers have it.
const TOKEN_SECONDS: i64 = 900;

/// How long the start of a process waits for its first credentials.
const FIRST_WAIT: Duration = Duration::from_secs(10);

/// The name of a role's session for brokers.
const SESSION: &str = "stepstream-kafka";

/// Returns what signs tokens with the credentials of `[aws]`; waits a little for the first ones. The region is the one that
/// the brokers' names have, or that of `[aws]`.
///
/// # Errors
/// What of the section cannot be used.
pub fn msk_tokens(settings: &Settings, home: &Home, brokers: &str) -> Result<Tokens, String> {
    let entry = Entry::of_process(settings, home)?;
    let region = region_of(brokers).unwrap_or_else(|| entry.places.region());
    Ok(Tokens(Arc::new(MskTokens {
        region: region.into(),
        known: Mutex::new(Known::first(&entry)?),
        entry,
    })))
}

/// Returns the region in the name of a broker, such as `b-1.orders.abc123.c2.kafka.eu-west-1.amazonaws.com:9098`.
fn region_of(brokers: &str) -> Option<&str> {
    let hosts = brokers
        .split(',')
        .map(|broker| broker.trim().split(':').next().unwrap_or_default());
    let of_msk = |host: &&str| {
        [".amazonaws.com", ".amazonaws.com.cn"]
            .iter()
            .any(|end| host.ends_with(end))
    };
    let mut hosts = hosts.filter(of_msk);
    hosts.find_map(|host| host.split('.').find(|label| region::is_region(label)))
}

/// Signs tokens.
struct MskTokens {
    entry: Entry,
    region: Box<str>,
    known: Mutex<Known>,
}

/// What the keeper has brought, and what it is asked.
#[derive(Default)]
struct Known {
    session: Option<Arc<Session>>,
    denial: Option<Denial>,
    asked: Option<oneshot::Receiver<Outcome>>,
}

impl TokenMaker for MskTokens {
    fn token(&self) -> Result<Token, String> {
        let now_ms = clock::wall_ms();
        let session = self.session(now_ms)?;
        signed(&session, &self.region, now_ms)
    }
}

impl MskTokens {
    /// Returns credentials that are good, and asks for newer ones in time.
    fn session(&self, now_ms: i64) -> Result<Arc<Session>, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.hear();
        let good = known.session.clone().filter(|session| session.is_good(now_ms));
        if good.as_ref().is_none_or(|session| session.is_old(now_ms)) && known.asked.is_none() {
            let (answer, outcome) = oneshot::channel();
            let asked = self.entry.keeper.ask(Ask {
                identity: Identity::default(),
                name: SESSION.into(),
                refused: None,
                answer,
            });
            match asked {
                Ok(()) => known.asked = Some(outcome),
                Err(denial) => known.denial = Some(denial),
            }
        }
        good.ok_or_else(|| match &known.denial {
            Some(denial) => denial.text().to_owned(),
            None => "the credentials of AWS are being fetched".to_owned(),
        })
    }
}

impl Known {
    /// Waits for the first credentials; without any the clients begin all the same, and ask again.
    fn first(entry: &Entry) -> Result<Known, String> {
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| format!("it cannot be started: {error}"))?;
        let mut known = Known::default();
        let first = async {
            let identity = Identity::default();
            let session = entry.keeper.session(&identity, SESSION, None);
            tokio::time::timeout(FIRST_WAIT, session).await
        };
        match runtime.block_on(first) {
            Ok(Ok(session)) => known.session = Some(session),
            Ok(Err(denial)) => known.denial = Some(denial),
            Err(_) => {}
        }
        Ok(known)
    }

    /// Takes what the keeper says.
    fn hear(&mut self) {
        let Some(asked) = &mut self.asked else {
            return;
        };
        match asked.try_recv() {
            Ok(Ok(session)) => (self.session, self.denial) = (Some(session), None),
            Ok(Err(denial)) => self.denial = Some(denial),
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Closed) => {
                self.denial = Some(Denial::Missing("the keeper of credentials is gone".into()));
            }
        }
        self.asked = None;
    }
}

/// Returns the token of credentials at a time.
///
/// # Errors
/// When they end too soon.
fn signed(session: &Session, region: &str, now_ms: i64) -> Result<Token, String> {
    let credential = &session.credential;
    let left_s = session.ends_at_ms().saturating_sub(now_ms) / 1_000;
    let lasts_s = TOKEN_SECONDS.min(left_s);
    if lasts_s < 1 {
        return Err("the credentials of AWS have expired".to_owned());
    }
    let time = String::from_utf8_lossy(&timestamp::format(now_ms)).into_owned();
    // 2026-01-31T12:34:56.789Z to 20260131T123456Z
    let time: String = time
        .chars()
        .take(19)
        .filter(|c| !"-:".contains(*c))
        .chain(['Z'])
        .collect();
    let date = &time[..8];
    let (host, scope) = (
        host(region),
        format!("{date}/{region}/kafka-cluster/aws4_request"),
    );
    let mut query = format!(
        "Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={time}\
         &X-Amz-Expires={lasts_s}",
        encode(&format!("{}/{scope}", credential.access_key_id), is_unreserved)
    );
    if let Some(token) = &credential.session_token {
        query.push_str("&X-Amz-Security-Token=");
        query.push_str(&encode(token, is_unreserved));
    }
    query.push_str("&X-Amz-SignedHeaders=host");
    let request = format!("GET\n/\n{query}\nhost:{host}\n\nhost\n{}", hex_sha256(b""));
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
        hex_sha256(request.as_bytes())
    );
    let mut key = format!("AWS4{}", credential.secret_access_key).into_bytes();
    for part in [date, region, "kafka-cluster", "aws4_request"] {
        key = hmac_sha256(&key, part.as_bytes());
    }
    let signature = hex_hmac_sha256(&key, to_sign.as_bytes());
    let agent = concat!("stepstream%2F", env!("CARGO_PKG_VERSION"));
    let url = format!("https://{host}/?{query}&X-Amz-Signature={signature}&User-Agent={agent}");
    Ok(Token {
        text: URL_SAFE_NO_PAD.encode(url),
        principal: credential.access_key_id.clone(),
        expires_at_ms: now_ms + lasts_s * 1_000,
    })
}

fn host(region: &str) -> String {
    let domain = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("kafka.{region}.{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqsign_aws_v4::Credential;

    /// 2026-01-31T12:34:56Z
    const NOW_MS: i64 = 1_769_862_896_789;

    fn session(session_token: Option<&str>, lasts_s: i64) -> Session {
        let credential = Credential {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: session_token.map(str::to_owned),
            ..Credential::default()
        };
        Session::lasting(credential, NOW_MS + lasts_s * 1_000)
    }

    fn check(session_token: Option<&str>, lasts_s: i64, expected: &str) {
        let token = signed(&session(session_token, lasts_s), "eu-west-1", NOW_MS).expect("a token");
        let url = URL_SAFE_NO_PAD.decode(&token.text).expect("base64");
        let url = String::from_utf8(url).expect("text");
        let (_, behind) = url.split_once("&X-Amz-Signature=").expect("a signature");
        assert!(
            url.starts_with(
                "https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm="
            ),
            "{url}"
        );
        assert_eq!(behind.split('&').next(), Some(expected), "{url}");
        let expires_in_ms = token.expires_at_ms - NOW_MS;
        assert_eq!(expires_in_ms, lasts_s.min(TOKEN_SECONDS) * 1_000);
        assert!(
            url.contains(&format!("&X-Amz-Expires={}&", lasts_s.min(TOKEN_SECONDS))),
            "{url}"
        );
    }

    /// The signatures are botocore 1.44.8's: `SigV4QueryAuth(credentials, "kafka-cluster", "eu-west-1", expires)` of a GET.
    #[test]
    fn tokens_are_signed_as_botocore_does() {
        check(
            None,
            3_600,
            "81c4e702846a57a40795a18b7b2c133b3ad0c20e54352ee61e61715be8ed62c3",
        );
        check(
            Some("a/b+c=="),
            60,
            "802616f6590fd5adb11b5fa046f1bc49bed8783a87a310a4c67963f01f0ea152",
        );
    }

    #[test]
    fn credentials_that_end_make_no_token() {
        assert!(signed(&session(None, 0), "eu-west-1", NOW_MS).is_err());
    }

    #[test]
    fn regions_are_in_the_names_of_brokers() {
        let of = region_of;
        assert_eq!(
            of("b-1.o.abc.c2.kafka.eu-west-1.amazonaws.com:9098,b-2.x:9098"),
            Some("eu-west-1")
        );
        assert_eq!(
            of("a:1, boot-x.c1.kafka-serverless.us-east-2.amazonaws.com:9098"),
            Some("us-east-2")
        );
        assert_eq!(of("b.kafka.cn-north-1.amazonaws.com.cn:9098"), Some("cn-north-1"));
        assert_eq!(of("kafka.eu-west-1.example.com:9098"), None);
        assert_eq!(of("localhost:9092"), None);
    }
}
