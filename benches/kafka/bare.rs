//! What a Kafka client costs that does nothing with its events: the yardsticks. Each runs in a process of
//! its own, so that its processor time and memory are measured as the engine's are.
#![allow(unsafe_code)] // Batches from a queue, which rdkafka's safe interface does not have.

use rdkafka::bindings as rd;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Events taken at a time, as the engine takes them.
const BATCH: usize = 512;
/// How long they are waited for where only their number counts.
const FULL: Duration = Duration::from_millis(100);

/// Consumes `events` events on one thread and prints `events seconds hot_seconds`, the last being the time of
/// the last 60 %.
pub(crate) fn consume(brokers: &str, topic: &str, partitions: i32, events: u64) {
    let mut meter = Meter::new(events);
    let consumer = consumer(brokers, topic, 0..partitions);
    take(&consumer, FULL, || true, |_, _, _| meter.count());
    meter.print();
}

/// Calls `each` with the key of every event, until it returns `false`.
pub(crate) fn each(brokers: &str, topic: &str, partitions: i32, mut each: impl FnMut(&[u8]) -> bool) {
    let consumer = consumer(brokers, topic, 0..partitions);
    take(
        &consumer,
        Duration::from_millis(1),
        || true,
        |key, _, _| each(key),
    );
}

/// As [`consume`], and produces `bytes` bytes with the event's key for each, on two threads.
pub(crate) fn copy(brokers: &str, topic: &str, to: &str, partitions: i32, events: u64, bytes: usize) {
    let begun = Instant::now();
    let hot = OnceLock::new();
    let taken = AtomicU64::new(0);
    let delivered = Arc::new(AtomicU64::new(0));
    std::thread::scope(|scope| {
        for half in [0..partitions / 2, partitions / 2..partitions] {
            let (taken, delivered, hot) = (&taken, &delivered, &hot);
            scope.spawn(move || {
                let consumer = consumer(brokers, topic, half);
                let producer: BaseProducer<Delivered> = client(brokers)
                    .set("enable.idempotence", "true")
                    .set("linger.ms", "5")
                    .set("partitioner", "murmur2_random")
                    .set("queue.buffering.max.messages", "1000000")
                    .create_with_context(Delivered(Arc::clone(delivered)))
                    .expect("a producer");
                let (mut key, mut value) = (Vec::<u8>::new(), Vec::<u8>::new());
                let is_more = || taken.load(Ordering::Relaxed) < events;
                take(&consumer, FULL, is_more, |from_key, from_value, last| {
                    key.clear();
                    key.extend_from_slice(from_key);
                    value.clear();
                    value.extend_from_slice(&from_value[..bytes.min(from_value.len())]);
                    let mut unsent: Option<BaseRecord<'_, [u8], [u8]>> =
                        Some(BaseRecord::to(to).key(key.as_slice()).payload(value.as_slice()));
                    while let Some(record) = unsent.take() {
                        if let Err((_, record)) = producer.send(record) {
                            producer.poll(Duration::from_millis(1));
                            unsent = Some(record);
                        }
                    }
                    if last {
                        producer.poll(Duration::ZERO);
                    }
                    let count = taken.fetch_add(1, Ordering::Relaxed) + 1;
                    if count == events * 4 / 10 {
                        hot.get_or_init(Instant::now);
                    }
                    count < events
                });
                producer.flush(Duration::from_secs(60)).expect("delivered");
            });
        }
    });
    assert_eq!(delivered.load(Ordering::Relaxed), events, "acknowledged");
    let hot = *hot.get().expect("40 % were taken");
    let meter = Meter {
        begun,
        events,
        left: 0,
        hot,
    };
    meter.print();
}

struct Delivered(Arc<AtomicU64>);

impl ClientContext for Delivered {}

impl ProducerContext for Delivered {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        // No panic: a producer that goes calls this too, perhaps because of one. The count tells.
        if result.is_ok() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn client(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    config
}

fn consumer(brokers: &str, topic: &str, partitions: std::ops::Range<i32>) -> BaseConsumer {
    let consumer: BaseConsumer = client(brokers)
        .set("group.id", "bare")
        .set("enable.auto.commit", "false")
        .set("fetch.queue.backoff.ms", "5")
        .set("fetch.wait.max.ms", "10")
        .set("queued.min.messages", "50000")
        .create()
        .expect("a consumer");
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition_offset(topic, partition, Offset::Beginning)
            .expect("an offset");
    }
    consumer.assign(&list).expect("assigned");
    consumer
}

/// Calls `each` with the key and value of events, and whether the batch ends, until it returns `false` or
/// there are no more. A batch that is not full is waited for so long.
fn take(
    consumer: &BaseConsumer,
    wait: Duration,
    is_more: impl Fn() -> bool,
    mut each: impl FnMut(&[u8], &[u8], bool) -> bool,
) {
    let mut batch = [std::ptr::null_mut(); BATCH];
    let wait = wait.as_millis() as i32;
    while is_more() {
        // SAFETY: the consumer is alive; the batch has room for as many pointers as are asked for, and all
        // that are returned are valid until they are destroyed, once each.
        unsafe {
            let queue = rd::rd_kafka_queue_get_consumer(consumer.client().native_ptr());
            let count = rd::rd_kafka_consume_batch_queue(queue, wait, batch.as_mut_ptr(), BATCH);
            rd::rd_kafka_queue_destroy(queue);
            let count = usize::try_from(count).unwrap_or(0);
            let mut go_on = true;
            for (at, &message) in batch[..count].iter().enumerate() {
                if (*message).err as i32 == 0 && go_on {
                    let key = bytes((*message).key, (*message).key_len);
                    let value = bytes((*message).payload, (*message).len);
                    go_on = each(key, value, at + 1 == count);
                }
                rd::rd_kafka_message_destroy(message);
            }
            if !go_on {
                return;
            }
        }
    }
}

/// # Safety
/// `start` must be null or point to `len` bytes that live as long as the result is used.
unsafe fn bytes<'a>(start: *const std::ffi::c_void, len: usize) -> &'a [u8] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts(start.cast(), len) }
}

/// Counts events and the time they take.
struct Meter {
    begun: Instant,
    events: u64,
    left: u64,
    hot: Instant,
}

impl Meter {
    fn new(events: u64) -> Meter {
        let now = Instant::now();
        Meter {
            begun: now,
            events,
            left: events,
            hot: now,
        }
    }

    /// Counts one; returns whether there are more to come.
    fn count(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        if self.left == self.events * 6 / 10 {
            self.hot = Instant::now();
        }
        self.left > 0
    }

    fn print(&self) {
        println!(
            "{} {} {}",
            self.events,
            self.begun.elapsed().as_secs_f64(),
            self.hot.elapsed().as_secs_f64()
        );
    }
}
