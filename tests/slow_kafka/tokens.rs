//! Tokens (OAUTHBEARER with OIDC) that last for seconds: brokers cut off who has no new one in time.

use super::broker::shared;
use super::broker::tokens::{CLIENT, CLIENT_SECRET, Endpoint, Tokens};
use super::feed::Plan;
use super::site::{Site, delay};
use super::tally::{Look, compare};
use std::fs;
use std::time::{Duration, Instant};

/// How long tokens last. A client gets new ones after four fifths of it, and shows one to the brokers after nine
/// tenths: with less time between the two it would show the old one once more.
const LIFETIME_S: u64 = 20;

#[test]
#[ignore = "slow"]
fn tokens_expire() {
    let Some(broker) = shared() else { return };
    let endpoint = Endpoint::start(Tokens::Short(LIFETIME_S));
    let mut site = Site::new("tokens", &broker.token_address(), delay(20));
    let secret = site.folder.join("secret");
    fs::write(&secret, CLIENT_SECRET).expect("written");
    site.rest = format!(
        r#"[kafka.secrets]
"sasl.oauthbearer.client.secret" = {{ file = "{}" }}
[kafka.properties]
"security.protocol" = "SASL_SSL"
"ssl.ca.location" = "{}"
"sasl.mechanism" = "OAUTHBEARER"
"sasl.oauthbearer.method" = "oidc"
"sasl.oauthbearer.client.id" = "{CLIENT}"
"sasl.oauthbearer.token.endpoint.url" = "{}""#,
        secret.display(),
        broker.ca(),
        endpoint.url()
    );
    site.create_topics(broker, 4);
    let look = Look::at(&broker.address());
    let began = Instant::now();
    let feed = Plan::steady(broker.address(), site.input(), 4).start();
    let mut process = site.start("one", true);
    process.until_ready(true, "");
    let mut unready = Vec::new();
    while began.elapsed() < Duration::from_secs(4 * LIFETIME_S) {
        process.assert_alive();
        let (ready, why) = process.ready();
        if !ready {
            unready.push((began.elapsed(), why));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    let acknowledged = feed.stop();
    look.until_done(&site, Duration::from_secs(120));
    process.stop();

    let outcome = compare(&acknowledged, &look.outputs(&site.output()));
    let tokens = endpoint.issued().len();
    println!(
        "RESULT tokens_expire: {tokens} tokens of {LIFETIME_S} s, {} events, {} lost, {} twice, unready {} times, {:.0} s",
        outcome.events,
        outcome.lost,
        outcome.duplicates,
        unready.len(),
        began.elapsed().as_secs_f64()
    );
    assert_eq!((outcome.lost, outcome.duplicates), (0, 0));
    assert!(unready.is_empty(), "{unready:?}");
    // A consumer and two producers, each with its first token and those that followed.
    assert!(tokens >= 9, "{tokens}");
}
