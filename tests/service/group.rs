//! Two processes of one group: joining, leaving, and partitions that go while their executions wait.

use crate::broker::{Event, shared};
use crate::events::{committed, nothing_lost, produce, under_load};
use crate::service::{PATIENCE, Place, SLOW, Service, slow};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use std::time::{Duration, Instant};

fn config(topic: &str, mode: &str, drain: &str, task: u32) -> String {
    format!(
        r#"
[[workflow]]
name = "{topic}"
definition = "definition.json"
topics = ["{topic}"]
group = "{topic}"
{mode}
commit_interval = "100ms"
drain_timeout = "{drain}"
[workflow.output]
topic = "{topic}-out"
[workflow.log]
level = "ALL"
[workflow.log.file]
directory = "log"
{}"#,
        slow(task)
    )
}

#[test]
fn processes_that_join_and_leave_under_load_lose_and_repeat_nothing() {
    join_and_leave("group-async", "");
}

#[test]
fn processes_that_join_and_leave_under_load_start_nothing_twice_in_sync_mode() {
    join_and_leave("group-sync", "mode = \"sync\"");
}

/// Who gives a partition back has finished and committed what it began of it: each event runs once.
fn join_and_leave(topic: &str, mode: &str) {
    let Some(broker) = shared() else { return };
    let output = format!("{topic}-out");
    broker.create_topic(topic, 4);
    broker.create_topic(&output, 4);
    // One configuration and one log folder for all, as on one host.
    let place = Place::new(topic);
    place.configure(broker, &config(topic, mode, "10s", 30));
    place.write("definition.json", SLOW);
    let consumes = |service: &mut Service| {
        let before = service.metric("stepstream_executions_total", &[]);
        service.until("it consumes", |service| {
            service.metric("stepstream_executions_total", &[]) > before + 100.0
        });
    };
    let (count, mut last) = under_load(broker, topic, 0, || {
        let mut one = Service::start(&place);
        consumes(&mut one);
        let mut two = Service::start(&place);
        consumes(&mut two);
        consumes(&mut one);
        one.stop();
        consumes(&mut two);
        let mut three = Service::start(&place);
        consumes(&mut three);
        two.stop();
        three
    });
    last.until("all committed", |_| {
        committed(broker, topic, topic, 4) == count as i64
    });
    last.stop();
    assert_eq!(nothing_lost(&broker.read(&output), 0..count), 0, "duplicates");
    each_ran_once(&place, count);
}

#[track_caller]
fn each_ran_once(place: &Place, count: usize) {
    let log = place.log("log");
    assert_eq!(log.len(), count);
    for (name, types) in log {
        let count = |of: &str| types.iter().filter(|kind| *kind == of).count();
        let once = (count("ExecutionStarted"), count("ExecutionSucceeded"));
        assert_eq!(once, (1, 1), "{name}: {types:?}");
    }
}

#[test]
fn a_revoked_partition_goes_when_its_parked_executions_are_over() {
    let Some(broker) = shared() else { return };
    let topic = "group-parked";
    broker.create_topic(topic, 4);
    broker.create_topic("group-parked-out", 4);
    let place = Place::new(topic);
    place.configure(broker, &config(topic, "", "10s", 3000));
    place.write("definition.json", SLOW);
    produce(broker, topic, 0..200);
    let mut one = Service::start(&place);
    one.until("all parked", |one| one.metric("stepstream_parked", &[]) == 200.0);
    let mut two = Service::start(&place);
    two.until_ready();
    two.until("all committed", |_| committed(broker, topic, topic, 4) == 200);
    // The newcomer got partitions, and nothing of them to run again.
    produce(broker, topic, 200..300);
    two.until("it has a share", |two| two.metric("stepstream_parked", &[]) > 0.0);
    two.until("all committed", |_| committed(broker, topic, topic, 4) == 300);
    assert!(two.metric("stepstream_executions_total", &[]) < 100.0);
    assert_eq!(one.ready().0, 200, "{}", one.said());
    one.stop();
    two.stop();
    assert_eq!(
        nothing_lost(&broker.read("group-parked-out"), 0..300),
        0,
        "duplicates"
    );
}

#[test]
fn a_stop_while_some_partitions_are_revoked_finishes_the_others_too() {
    stop_in_the_middle("group-stop", "");
}

#[test]
fn a_stop_while_some_partitions_are_revoked_cuts_nothing_off_in_sync_mode() {
    stop_in_the_middle("group-stop-sync", "mode = \"sync\"");
}

/// Of a process that is stopped two partitions are on their way to another, and over first; what runs of the rest
/// takes longer than the group waits for a member that is silent.
fn stop_in_the_middle(topic: &str, mode: &str) {
    let Some(broker) = shared() else { return };
    let output = format!("{topic}-out");
    broker.create_topic(topic, 4);
    broker.create_topic(&output, 4);
    let place = Place::new(topic);
    place.configure(broker, &config(topic, mode, "20s", 0));
    place.write(
        "definition.json",
        r#"{"StartAt":"wait","States":{"wait":{"Type":"Wait","SecondsPath":"$.seconds","End":true}}}"#,
    );
    let values: Vec<_> = (0..200)
        // The assignor takes the lowest partitions.
        .map(|id| format!(r#"{{"id":{id},"seconds":{}}}"#, if id % 4 < 2 { 6 } else { 14 }))
        .collect();
    let events = values.iter().enumerate().map(|(id, value)| Event {
        value: Some(value.as_bytes()),
        partition: Some(id as i32 % 4),
        ..Event::default()
    });
    broker.produce(topic, events);
    let mut one = Service::start(&place);
    one.until("all parked", |one| one.metric("stepstream_parked", &[]) == 200.0);
    let mut two = Service::start(&place);
    one.until_said(" revoked ");
    one.stop();
    two.until("all committed", |_| committed(broker, topic, topic, 4) == 200);
    two.stop();
    assert_eq!(nothing_lost(&broker.read(&output), 0..200), 0, "duplicates");
    each_ran_once(&place, 200);
}

#[test]
fn who_waits_for_the_group_says_so() {
    let Some(broker) = shared() else { return };
    let topic = "group-killed";
    broker.create_topic(topic, 3);
    broker.create_topic("group-killed-out", 1);
    let place = Place::new(topic);
    place.configure(broker, &config(topic, "", "300ms", 1));
    place.write("definition.json", SLOW);
    let session = ("KAFKA__CONSUMER__SESSION_TIMEOUT_MS", "12000");
    let mut one = Service::start_with(&place, &[], &[session]);
    one.until_said("assigned group-killed 0 1 2");
    let said = one.kill();
    assert!(!said.contains("waiting for the group"), "{said}");
    let mut two = Service::start_with(&place, &[], &[session]);
    two.until_said("waiting for the group to assign partitions");
    two.until_said("assigned group-killed 0 1 2");
    assert_eq!(two.said().matches("waiting for the group").count(), 1);
    two.stop();
}

#[test]
fn what_does_not_end_within_the_drain_time_runs_elsewhere() {
    let Some(broker) = shared() else { return };
    let topic = "group-cut";
    broker.create_topic(topic, 4);
    broker.create_topic("group-cut-out", 4);
    let place = Place::new(topic);
    place.configure(broker, &config(topic, "", "300ms", 8000));
    place.write("definition.json", SLOW);
    produce(broker, topic, 0..200);
    let mut one = Service::start(&place);
    one.until("all parked", |one| one.metric("stepstream_parked", &[]) == 200.0);
    let mut two = Service::start(&place);
    two.until("some run there", |two| two.metric("stepstream_parked", &[]) > 0.0);
    two.until("all committed", |_| committed(broker, topic, topic, 4) == 200);
    one.stop();
    two.stop();
    // What was given up leaves nothing behind: each has one output, whoever wrote it.
    assert_eq!(
        nothing_lost(&broker.read("group-cut-out"), 0..200),
        0,
        "duplicates"
    );
}

/// Whoever moves a consumer to stepstream and keeps its group meets this in a rolling deploy.
#[test]
fn a_group_of_eager_consumers_is_named_until_they_are_gone() {
    let Some(broker) = shared() else { return };
    let topic = "group-eager";
    broker.create_topic(topic, 2);
    broker.create_topic("group-eager-out", 2);
    let mut eager = broker.client();
    eager
        .set("group.id", topic)
        .set("partition.assignment.strategy", "range");
    let eager: BaseConsumer = eager.create().expect("a consumer");
    eager.subscribe(&[topic]).expect("a subscription");
    let until = Instant::now() + PATIENCE;
    while eager.assignment().expect("an assignment").count() == 0 {
        assert!(Instant::now() < until, "the eager consumer gets no partitions");
        let _ = eager.poll(Duration::from_millis(100));
    }
    // It needs no more polls to stay: its own thread sends the heartbeats.
    let place = Place::new(topic);
    place.configure(broker, &config(topic, "", "10s", 0));
    place.write("definition.json", SLOW);
    let mut service = Service::start(&place);
    let words = "the group coordinator refuses this member: the group has members that assign partitions in \
                 another way";
    refused(&mut service, words);
    let backfill = Service::start_with(&place, &["--until-end"], &[]);
    let said = backfill.ends_with(2, PATIENCE);
    assert!(
        said.contains(&format!("the end of the input cannot be reached: {words}")),
        "{said}"
    );

    drop(eager);
    service.until_ready();
    service.until_said("the group accepts this member now");
    produce(broker, topic, 0..10);
    service.until("all committed", |_| committed(broker, topic, topic, 2) == 10);
    let said = service.said();
    assert_eq!(said.matches("not ready: ").count(), 1, "{said}");
    assert!(!said.contains("waiting for the group"), "{said}");
    service.stop();
}

#[test]
fn a_session_timeout_that_the_brokers_do_not_allow_is_named() {
    let Some(broker) = shared() else { return };
    let topic = "group-session";
    broker.create_topic(topic, 2);
    broker.create_topic("group-session-out", 2);
    let place = Place::new(topic);
    place.configure(broker, &config(topic, "", "10s", 0));
    place.write("definition.json", SLOW);
    // The brokers' own limit is 500.
    let keys = [
        ("KAFKA__CONSUMER__SESSION_TIMEOUT_MS", "400"),
        ("KAFKA__CONSUMER__HEARTBEAT_INTERVAL_MS", "100"),
    ];
    let mut service = Service::start_with(&place, &[], &keys);
    refused(
        &mut service,
        "session.timeout.ms is shorter or longer than the brokers allow",
    );
    service.stop();
    let backfill = Service::start_with(&place, &["--until-end"], &keys);
    backfill.ends_with(2, PATIENCE);
}

/// Waits until readiness says why the group does not take it, and some tries of it: it has said it once.
#[track_caller]
fn refused(service: &mut Service, words: &str) {
    service.until("refused", |service| {
        let (status, body) = service.ready();
        status == 503 && body.contains(words)
    });
    let heard = Instant::now();
    service.until("it was refused some times", |_| {
        heard.elapsed() > Duration::from_secs(4)
    });
    let said = service.said();
    assert_eq!(said.matches(words).count(), 1, "{said}");
    assert!(!said.contains("waiting for the group"), "{said}");
}
