//! TLS and SCRAM, and what a wrong password looks like.

use crate::broker::{Broker, PASSWORD, USER, shared};
use crate::events::{nothing_lost, produce};
use crate::service::{ECHO, Place, Service};
use std::time::{Duration, Instant};

fn place(broker: &Broker, name: &str, password: &str) -> Place {
    broker.create_topic(name, 2);
    broker.create_topic(&format!("{name}-out"), 2);
    let place = Place::new(name);
    place.write("password", &format!("{password}\n"));
    let properties = format!(
        "[kafka.secrets]
\"sasl.password\" = {{ file = \"{}/password\" }}
[kafka.properties]
\"security.protocol\" = \"SASL_SSL\"
\"sasl.mechanism\" = \"SCRAM-SHA-512\"
\"sasl.username\" = \"{USER}\"
\"ssl.ca.location\" = \"{}\"",
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
    place.configure_at(&broker.secure_address(), &properties, &rest);
    place.write("definition.json", ECHO);
    place
}

#[test]
fn tls_and_scram_work() {
    let Some(broker) = shared() else { return };
    let place = place(broker, "secure", PASSWORD);
    produce(broker, "secure", 0..500);
    let said = Service::run_until_end(&place, &[("KAFKA__PROPERTIES__CLIENT_ID", "secure")]);
    assert!(!said.contains(PASSWORD), "{said}");
    assert_eq!(nothing_lost(&broker.read("secure-out"), 0..500), 0);
}

#[test]
fn a_wrong_password_is_told_within_seconds() {
    let Some(broker) = shared() else { return };
    let place = place(broker, "insecure", "hunter2");
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
    assert!(said.contains("the end of the input is out of reach"), "{said}");
    assert!(
        broker
            .committed("insecure", "insecure", 2)
            .iter()
            .all(Option::is_none)
    );
}
