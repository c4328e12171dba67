//! Ending: in order within the time there is, and at once for who asks twice.

use crate::broker::{Broker, shared};
use crate::events::{committed, nothing_lost, produce, under_load};
use crate::service::{PATIENCE, Place, SLOW, Service, slow};
use std::time::{Duration, Instant};

fn place(name: &str, shutdown: &str, task: u32) -> Option<(&'static Broker, Place)> {
    let broker = shared()?;
    Some((broker, place_at(broker, name, shutdown, task)))
}

fn place_at(broker: &Broker, name: &str, shutdown: &str, task: u32) -> Place {
    broker.create_topic(name, 2);
    broker.create_topic(&format!("{name}-out"), 2);
    let place = Place::new(name);
    let config = format!(
        r#"
[[workflow]]
name = "{name}"
definition = "definition.json"
topics = ["{name}"]
group = "{name}"
instance_id = "one"
output.topic = "{name}-out"
log.file.directory = "log"
{}"#,
        slow(task)
    );
    place.configure(broker, &config);
    let path = place.0.join("stepstream.toml");
    let text = std::fs::read_to_string(&path).expect("readable");
    let text = text.replace(
        "[service]\n",
        &format!("[service]\nshutdown_timeout = \"{shutdown}\"\n"),
    );
    place.write("stepstream.toml", &text);
    place.write("definition.json", SLOW);
    place
}

#[test]
fn a_stop_under_load_finishes_what_runs_and_commits_it() {
    let topic = "shutdown-load";
    let Some((broker, place)) = place(topic, "20s", 1000) else {
        return;
    };
    let (count, began) = under_load(broker, topic, 0, || {
        let mut service = Service::start(&place);
        service.until("parked", |service| {
            service.metric("stepstream_parked", &[]) > 300.0
        });
        let took = service.stop();
        assert!(
            took > Duration::from_millis(300) && took < Duration::from_secs(20),
            "{took:?}"
        );
        // What was begun is exactly what was committed and written.
        let began = broker.read("shutdown-load-out").len();
        assert_eq!(committed(broker, topic, topic, 2), began as i64);
        began
    });
    assert!(began > 300);
    Service::run_until_end(&place, &[]);
    assert_eq!(
        nothing_lost(&broker.read("shutdown-load-out"), 0..count),
        0,
        "duplicates"
    );
}

#[test]
fn what_does_not_end_in_time_is_left_for_the_next_start() {
    let topic = "shutdown-late";
    let Some((broker, place)) = place(topic, "1s", 60_000) else {
        return;
    };
    produce(broker, topic, 0..100);
    let mut service = Service::start(&place);
    service.until("parked", |service| {
        service.metric("stepstream_parked", &[]) == 100.0
    });
    let took = service.stop();
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert_eq!(committed(broker, topic, topic, 2), 0);

    // A second signal ends at once, whatever is left of the time.
    let long = ("SERVICE__SHUTDOWN_TIMEOUT", "60s");
    let mut service = Service::start_with(&place, &[], &[long]);
    service.until("again", |service| {
        service.metric("stepstream_parked", &[]) == 100.0
    });
    service.signal("TERM");
    service.until_said("stopping");
    service.until("unready", |service| service.ready().0 == 503);
    service.signal("TERM");
    service.ends_with(128 + 15, Duration::from_secs(20));

    place.write("definition.json", crate::service::ECHO);
    Service::run_until_end(&place, &[]);
    assert_eq!(
        nothing_lost(&broker.read("shutdown-late-out"), 0..100),
        0,
        "duplicates"
    );
}

#[test]
fn a_service_whose_words_nobody_takes_does_its_work() {
    let topic = "shutdown-unheard";
    let Some((broker, place)) = place(topic, "20s", 1) else {
        return;
    };
    produce(broker, topic, 0..100);
    Service::start_unheard(&place, &["--until-end"]).ends_with(0, PATIENCE);
    assert_eq!(committed(broker, topic, topic, 2), 100);
    assert_eq!(
        nothing_lost(&broker.read("shutdown-unheard-out"), 0..100),
        0,
        "duplicates"
    );
}

#[test]
fn a_stop_while_the_broker_hangs_is_bounded_and_says_what_is_left() {
    // The shared one tells whether there can be a broker at all; this test needs one to itself.
    let Some(_) = shared() else { return };
    let broker = Broker::start().expect("a broker");
    let topic = "shutdown-hang";
    let place = place_at(&broker, topic, "2s", 3_000);
    // Of a second workflow nothing but commits is left to be done.
    broker.create_topic("shutdown-hang-quiet", 2);
    let path = place.0.join("stepstream.toml");
    let text = std::fs::read_to_string(&path).expect("readable");
    let quiet = r#"
[[workflow]]
name = "shutdown-hang-quiet"
definition = "definition.json"
topics = ["shutdown-hang-quiet"]
"#;
    place.write("stepstream.toml", &(text + quiet));
    for topic in [topic, "shutdown-hang-quiet"] {
        produce(&broker, topic, 0..100);
    }
    // The group must not give the partitions to somebody else meanwhile.
    let session = ("KAFKA__CONSUMER__SESSION_TIMEOUT_MS", "200000");
    let mut service = Service::start_with(&place, &[], &[session]);
    service.until("parked", |service| {
        service.metric("stepstream_parked", &[]) == 200.0
    });
    broker.freeze();
    service.until("over, and nothing delivered", |service| {
        service.metric("stepstream_parked", &[]) == 0.0
    });
    let began = Instant::now();
    service.signal("TERM");
    let said = service.ends_with(1, PATIENCE);
    let took = began.elapsed();
    // Two seconds for executions, ten for the rest, and something for a machine that does other work.
    assert!(took < Duration::from_secs(20), "{took:?}\n{said}");
    for words in [
        "messages not delivered before the stop timed out: 100 to topic 'shutdown-hang-out'",
        "partitions whose last commit was not answered before the stop timed out: 2;",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
}
