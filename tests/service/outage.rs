//! A broker that is not there: at the start, and under load.

use crate::broker::{Broker, shared};
use crate::events::{committed, nothing_lost, produce, under_load};
use crate::service::{ECHO, Place, Service};
use std::time::Duration;

#[test]
fn a_broker_that_is_not_there_is_waited_for() {
    // The shared one tells whether there can be a broker at all; this test needs one to itself.
    let Some(_) = shared() else { return };
    let broker = Broker::start().expect("a broker");
    let topic = "outage";
    broker.create_topic(topic, 2);
    broker.create_topic("outage-out", 2);
    let place = Place::new(topic);
    place.configure(
        &broker,
        r#"
[[workflow]]
name = "outage"
definition = "definition.json"
topics = ["outage"]
group = "outage"
commit_interval = "100ms"
output.topic = "outage-out"
log.file.directory = "log"
"#,
    );
    place.write("definition.json", ECHO);
    produce(&broker, topic, 0..500);
    broker.stop();

    // The group remembers us for longer than a broker takes to start.
    let session = ("KAFKA__CONSUMER__SESSION_TIMEOUT_MS", "200000");
    let mut service = Service::start_with(&place, &[], &[session]);
    service.until_said("no broker is reachable");
    let (status, reason) = service.ready();
    assert!(
        status == 503 && reason.contains("no broker has been reachable"),
        "{status} {reason}"
    );
    broker.resume().expect("back");
    service.until_ready();
    service.until("all committed", |_| committed(&broker, topic, topic, 2) == 500);

    let (count, ()) = under_load(&broker, topic, 500, || {
        std::thread::sleep(Duration::from_millis(700));
        // A single broker that stops in order may answer that there are no brokers (librdkafka issue 5301).
        broker.stop();
        std::thread::sleep(Duration::from_millis(500));
        broker.resume().expect("back");
        std::thread::sleep(Duration::from_millis(700));
        broker.kill();
        broker.resume().expect("back");
    });
    service.until("all committed", |_| {
        committed(&broker, topic, topic, 2) == count as i64
    });
    service.until_ready();
    let again = nothing_lost(&broker.read("outage-out"), 0..count);
    println!("{again} of {count} ran again");
    assert!(again < 1000, "{again} ran again");
    service.stop();
}
