//! Partitions without a leader, while others have one.

use super::broker::shared;
use super::cluster::{Cluster, create_topic};
use super::process::Process;
use super::site::{Site, delay};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use std::time::{Duration, Instant};

const PARTITIONS: usize = 6;
/// Events of each partition.
const EVENTS: usize = 100;

fn fill(brokers: &str, topic: &str) {
    let mut config = ClientConfig::new();
    // Of a single copy.
    config.set("bootstrap.servers", brokers).set("acks", "1");
    let producer: BaseProducer = config.create().expect("a producer");
    for number in 0..PARTITIONS * EVENTS {
        let value = format!("{{\"id\":{number}}}");
        let partition = i32::try_from(number % PARTITIONS).expect("small");
        let record: BaseRecord<'_, str, str> = BaseRecord::to(topic).partition(partition).payload(&value);
        producer.send(record).expect("room");
    }
    producer.flush(Duration::from_secs(60)).expect("delivered");
}

fn until_run(process: &mut Process, count: usize) {
    let until = Instant::now() + Duration::from_secs(90);
    loop {
        let run = process.metric("stepstream_executions_total").unwrap_or(0.0);
        if run == count as f64 {
            return;
        }
        process.assert_alive();
        assert!(
            Instant::now() < until,
            "{run} of {count}; it said: {}",
            process.last_words()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Those that have a leader are read, those that have none are named and follow.
#[test]
#[ignore = "slow"]
fn partitions_without_leader() {
    let Some(_) = shared() else { return };
    let mut cluster = Cluster::start();
    let brokers = cluster.addresses();
    let site = Site::new("leaderless", &brokers, delay(1));
    create_topic(&brokers, &site.input(), 6, 1);
    create_topic(&brokers, &site.output(), 6, 3);
    create_topic(&brokers, &site.dead_letters(), 1, 3);
    fill(&brokers, &site.input());
    let dead = cluster.leads(&site.input())[2];
    assert!(0 < dead && dead < PARTITIONS, "each node leads some: {dead}");
    cluster.kill(2);
    let until = Instant::now() + Duration::from_secs(30);
    while cluster.leads(&site.input()).iter().sum::<usize>() > PARTITIONS - dead {
        assert!(Instant::now() < until, "the cluster does not notice");
        std::thread::sleep(Duration::from_millis(100));
    }

    let mut process = site.start("one", false);
    let began = Instant::now();
    until_run(&mut process, (PARTITIONS - dead) * EVENTS);
    let took = began.elapsed();
    process.until_ready(false, "cannot determine where to continue in leaderless-in");
    cluster.resume(2);
    until_run(&mut process, PARTITIONS * EVENTS);
    process.until_ready(true, "");
    process.stop();
    println!(
        "RESULT partitions_without_leader: {dead} of {PARTITIONS} partitions without leader, the others were through \
         after {:.1} s, all after their node was back",
        took.as_secs_f64()
    );
}
