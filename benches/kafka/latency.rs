//! From the input's timestamp to the output's, at a steady rate; and to a bare consumer, so that one sees what
//! of it is the broker's and the machine's.

use crate::{Bench, bare, config, engine};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{Message as _, Offset, TopicPartitionList};
use std::time::{Duration, Instant};

const RATE: u64 = 20_000;
const SECONDS: u64 = 12;
/// Not counted: connections are made, the broker's code is compiled.
const WARM_MS: i64 = 2_000;
/// Until whoever consumes is at its work.
const SETTLED: Duration = Duration::from_secs(4);

/// Produces at a steady rate and prints percentiles, for a bare consumer and for the engine in turn.
pub(crate) fn latency(bench: &Bench) {
    for _ in 0..bench.rounds {
        print("bare consumer", arrivals(bench));
        print("W1 with output", outputs(bench));
    }
}

/// Returns when each event was sent and how long it took to a consumer that does nothing, in milliseconds.
fn arrivals(bench: &Bench) -> Vec<(i64, i64)> {
    let topic = &topic(bench);
    let (brokers, events) = (bench.broker.address(), RATE * SECONDS);
    std::thread::scope(|scope| {
        let consumer = scope.spawn(|| {
            let mut times = Vec::with_capacity(events as usize);
            bare::each(&brokers, topic, crate::PARTITIONS, |key| {
                let sent = time(key);
                times.push((sent, now_ms() - sent));
                (times.len() as u64) < events
            });
            times
        });
        std::thread::sleep(SETTLED);
        produce(bench, topic);
        consumer.join().expect("a consumer")
    })
}

/// Returns when each event was sent and how long after it its output's timestamp is, in milliseconds. The
/// output's key is the input's, which says when it was produced; both times are of one clock.
fn outputs(bench: &Bench) -> Vec<(i64, i64)> {
    let topic = &topic(bench);
    let out = config::output(bench.runs.get());
    bench.broker.create_topic(&out, crate::PARTITIONS);
    let workflow = config::Workflow {
        topic,
        output: true,
        ..config::Workflow::W1
    };
    let text = config::text(&bench.broker.address(), bench.runs.get(), &workflow);
    let (mut child, metrics) = engine::start(&bench.folder, &text, &[]);
    while !engine::is_ready(&metrics) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(SETTLED);
    produce(bench, topic);
    std::thread::sleep(Duration::from_secs(1));
    child.kill().expect("killed");
    child.wait().expect("a child");
    read(bench, &out)
}

/// Creates a topic for one run.
fn topic(bench: &Bench) -> String {
    bench.runs.set(bench.runs.get() + 1);
    let topic = format!("paced-{}", bench.runs.get());
    bench.broker.create_topic(&topic, crate::PARTITIONS);
    topic
}

fn print(name: &str, mut times: Vec<(i64, i64)>) {
    assert_eq!(times.len() as u64, RATE * SECONDS, "one for each event");
    let begun = times.iter().map(|(sent, _)| *sent).min().expect("events");
    times.retain(|(sent, _)| sent - begun >= WARM_MS);
    let mut times: Vec<i64> = times.into_iter().map(|(_, took)| took).collect();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "  {name:16} {} events at {RATE}/s: p50 {} ms, p99 {} ms, p99.9 {} ms, max {} ms",
        times.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}

fn produce(bench: &Bench, topic: &str) {
    let mut config = bench.broker.client();
    // As a busy upstream does; one request for each event would measure the broker.
    config.set("linger.ms", "1").set("acks", "all");
    let producer: BaseProducer = config.create().expect("a producer");
    let begun = Instant::now();
    for at in 0..RATE * SECONDS {
        let due = Duration::from_nanos(at * 1_000_000_000 / RATE);
        while begun.elapsed() < due {
            producer.poll(Duration::from_millis(1));
        }
        let key = now_ms().to_string();
        let value = &bench.orders[at as usize % bench.orders.len()];
        let record = BaseRecord::to(topic).key(&key).payload(value);
        let record = record.timestamp(now_ms());
        producer.send(record).map_err(|(error, _)| error).expect("room");
    }
    producer.flush(Duration::from_secs(30)).expect("delivered");
}

/// Returns when each input was sent and how long its output took, in milliseconds.
fn read(bench: &Bench, topic: &str) -> Vec<(i64, i64)> {
    let mut config = bench.broker.client();
    config
        .set("group.id", "latency")
        .set("enable.partition.eof", "true");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let mut list = TopicPartitionList::new();
    for partition in 0..crate::PARTITIONS {
        list.add_partition_offset(topic, partition, Offset::Beginning)
            .expect("an offset");
    }
    consumer.assign(&list).expect("assigned");
    let (mut times, mut ends) = (Vec::new(), 0);
    while ends < crate::PARTITIONS {
        match consumer.poll(Duration::from_secs(10)) {
            Some(Ok(message)) => {
                let sent = time(message.key().expect("a key"));
                times.push((sent, message.timestamp().to_millis().expect("a time") - sent));
            }
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(_))) => ends += 1,
            other => panic!("{topic}: {other:?}"),
        }
    }
    times
}

/// Reads the time that a key is.
fn time(key: &[u8]) -> i64 {
    let text = std::str::from_utf8(key).ok();
    text.and_then(|text| text.parse().ok()).expect("a time")
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}
