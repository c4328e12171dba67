//! TLS with SCRAM, tokens or certificates of clients; what a wrong password looks like; that nothing secret is said.

use crate::broker::tokens::{CLIENT, CLIENT_SECRET, Endpoint, Tokens, credentials};
use crate::broker::{Broker, KEY_PASSWORD, PASSWORD, USER, shared};
use crate::events::{nothing_lost, produce};
use crate::service::{ECHO, Place, Service};
use std::time::{Duration, Instant};

fn place(broker: &Broker, name: &str, address: &str, properties: &str, secret: (&str, &str)) -> Place {
    broker.create_topic(name, 2);
    broker.create_topic(&format!("{name}-out"), 2);
    let place = Place::new(name);
    let (key, value) = secret;
    place.write("secret", &format!("{value}\n"));
    let properties = format!(
        "[kafka.secrets]
\"{key}\" = {{ file = \"{}/secret\" }}
[kafka.properties]
\"ssl.ca.location\" = \"{}\"
{properties}",
        place.0.display(),
        broker.ca()
    );
    let rest = format!(
        r#"
[[workflow]]
name = "{name}"
definition = "definition.json"
topics = ["{name}"]
group = "{name}"
output.topic = "{name}-out"
log.file.directory = "log"
"#
    );
    place.configure_at(address, &properties, &rest);
    place.write("definition.json", ECHO);
    place
}

fn scram(broker: &Broker, name: &str, password: &str) -> Place {
    let properties = format!(
        r#"
"security.protocol" = "SASL_SSL"
"sasl.mechanism" = "SCRAM-SHA-512"
"sasl.username" = "{USER}""#
    );
    let secret = ("sasl.password", password);
    place(broker, name, &broker.secure_address(), &properties, secret)
}

fn oidc(broker: &Broker, name: &str, endpoint: &Endpoint, secret: &str) -> Place {
    let properties = format!(
        r#"
"debug" = "all"
"security.protocol" = "SASL_SSL"
"sasl.mechanism" = "OAUTHBEARER"
"sasl.oauthbearer.method" = "oidc"
"sasl.oauthbearer.client.id" = "{CLIENT}"
"sasl.oauthbearer.token.endpoint.url" = "{}""#,
        endpoint.url()
    );
    let secret = ("sasl.oauthbearer.client.secret", secret);
    place(broker, name, &broker.token_address(), &properties, secret)
}

fn mutual(broker: &Broker, name: &str) -> Place {
    let (certificate, key) = broker.client_certificate(name);
    let properties = format!(
        r#"
"debug" = "all"
"security.protocol" = "SSL"
"ssl.certificate.location" = "{certificate}"
"ssl.key.location" = "{key}""#
    );
    let secret = ("ssl.key.password", KEY_PASSWORD);
    place(broker, name, &broker.mutual_address(), &properties, secret)
}

/// Runs to the end with everything said that can be said; returns it.
fn run_talking(broker: &Broker, name: &str, place: &Place) -> String {
    produce(broker, name, 0..50);
    let said = Service::run_until_end(place, &[("STEPSTREAM_LOG", "debug")]);
    assert_eq!(nothing_lost(&broker.read(&format!("{name}-out")), 0..50), 0);
    assert!(said.contains("[redacted]"), "librdkafka says what it was told");
    said
}

#[test]
fn tls_and_scram_work() {
    let Some(broker) = shared() else { return };
    let place = scram(broker, "secure", PASSWORD);
    produce(broker, "secure", 0..500);
    let said = Service::run_until_end(&place, &[("KAFKA__PROPERTIES__CLIENT_ID", "secure")]);
    assert!(!said.contains(PASSWORD), "{said}");
    assert_eq!(nothing_lost(&broker.read("secure-out"), 0..500), 0);
}

#[test]
fn a_wrong_password_is_told_within_seconds() {
    let Some(broker) = shared() else { return };
    let place = scram(broker, "insecure", "hunter2");
    produce(broker, "insecure", 0..100);
    let began = Instant::now();
    let mut service = Service::start(&place);
    service.until_said("the brokers refuse our credentials");
    service.until("not ready", |service| {
        let (status, reason) = service.ready();
        status == 503 && reason.contains("the brokers refuse the credentials of the consumer")
    });
    let took = began.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert!(!service.said().contains("hunter2"), "{}", service.said());
    // A service waits for somebody to mend it; it can be stopped.
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(service.get("/health/live").map(|(status, _)| status), Some(200));
    assert!(service.stop() < Duration::from_secs(10));

    // A run to the end has nobody to wait for.
    let service = Service::start_with(&place, &["--until-end"], &[]);
    let said = service.ends_with(1, Duration::from_secs(40));
    assert!(said.contains("the end of the input cannot be reached"), "{said}");
    assert!(
        broker
            .committed("insecure", "insecure", 2)
            .iter()
            .all(Option::is_none)
    );
}

#[test]
fn tokens_work_and_are_not_said() {
    let Some(broker) = shared() else { return };
    let endpoint = Endpoint::start(Tokens::Good);
    let place = oidc(broker, "tokens", &endpoint, CLIENT_SECRET);
    let said = run_talking(broker, "tokens", &place);
    let tokens = endpoint.issued();
    // The consumer and a producer of each shard.
    assert!(tokens.len() >= 3, "{}", tokens.len());
    let signatures = tokens.iter().filter_map(|token| token.rsplit('.').next());
    for secret in signatures.chain([CLIENT_SECRET, &credentials()]) {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
}

#[test]
fn a_service_that_gets_no_token_says_so() {
    let Some(broker) = shared() else { return };
    let endpoint = Endpoint::start(Tokens::Good);
    let place = oidc(broker, "no-tokens", &endpoint, "hunter2");
    let began = Instant::now();
    let mut service = Service::start_with(&place, &[], &[("STEPSTREAM_LOG", "debug")]);
    service.until_said("cannot get a token for the brokers");
    service.until("not ready", |service| {
        let (status, reason) = service.ready();
        status == 503 && reason.contains("invalid_client")
    });
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(!service.said().contains("hunter2"), "{}", service.said());
    assert!(service.stop() < Duration::from_secs(10));
}

#[test]
fn a_certificate_works_and_the_password_of_its_key_is_not_said() {
    let Some(broker) = shared() else { return };
    let place = mutual(broker, "certificate");
    let said = run_talking(broker, "certificate", &place);
    assert!(!said.contains(KEY_PASSWORD), "{said}");
}
