//! A producer that works beside the test: numbered events at a steady rate, and which of them the broker has
//! acknowledged, where.

use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::{ClientConfig, ClientContext, Message as _};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Where an event is, by its number.
pub(crate) type Acknowledged = BTreeMap<u64, (i32, i64)>;

/// A producer at work.
pub(crate) struct Feed {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Acknowledged>>,
}

struct Shared {
    stop: AtomicBool,
    /// Events per second.
    rate: AtomicU64,
    partitions: AtomicI32,
}

/// What a feed produces.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) brokers: String,
    pub(crate) topic: String,
    pub(crate) partitions: i32,
    /// Events per second; 0 produces `count` as fast as it goes.
    pub(crate) rate: u64,
    /// How many; 0 goes on until it is stopped.
    pub(crate) count: u64,
    /// The number of the first event.
    pub(crate) first: u64,
    /// Bytes that each event has besides its number.
    pub(crate) padding: usize,
}

impl Plan {
    /// Returns the usual one: small events at the rate of the environment, until it is stopped.
    pub(crate) fn steady(brokers: String, topic: String, partitions: i32) -> Plan {
        Plan {
            brokers,
            topic,
            partitions,
            rate: crate::site::number("STEPSTREAM_RATE", 1_000),
            count: 0,
            first: 0,
            padding: 50,
        }
    }

    /// Begins to produce.
    pub(crate) fn start(self) -> Feed {
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            rate: AtomicU64::new(self.rate),
            partitions: AtomicI32::new(self.partitions),
        });
        let theirs = Arc::clone(&shared);
        let thread = std::thread::spawn(move || run(&self, &theirs));
        Feed {
            shared,
            thread: Some(thread),
        }
    }

    /// Produces `count` events, all acknowledged when this returns.
    pub(crate) fn fill(self) -> Acknowledged {
        assert!(self.count > 0 && self.rate == 0);
        let mut feed = self.start();
        feed.thread.take().expect("running").join().expect("produced")
    }
}

impl Feed {
    /// Spreads events over more partitions from now on.
    pub(crate) fn spread(&self, partitions: i32) {
        self.shared.partitions.store(partitions, Relaxed);
    }

    /// Ends, when the last event is answered, and says where the acknowledged ones are.
    pub(crate) fn stop(mut self) -> Acknowledged {
        self.shared.stop.store(true, Relaxed);
        self.thread.take().expect("running").join().expect("produced")
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.shared.stop.store(true, Relaxed);
    }
}

#[derive(Default)]
struct Deliveries(Mutex<Delivered>);

#[derive(Default)]
struct Delivered {
    acknowledged: Acknowledged,
    twice: Vec<u64>,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<u64>;

    /// Notes and does not judge: a producer that goes calls this too, and a panic then may be the second.
    fn delivery(&self, result: &DeliveryResult<'_>, id: Box<u64>) {
        // What is not acknowledged may be in the topic or not: nothing is promised about it.
        if let Ok(message) = result {
            let place = (message.partition(), message.offset());
            let mut delivered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if delivered.acknowledged.insert(*id, place).is_some() {
                delivered.twice.push(*id);
            }
        }
    }
}

fn run(plan: &Plan, shared: &Shared) -> Acknowledged {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &plan.brokers);
    config.set("enable.idempotence", "true").set("linger.ms", "5");
    config.set("reconnect.backoff.max.ms", "500");
    // New partitions are found soon.
    config.set("topic.metadata.refresh.interval.ms", "1000");
    let producer: BaseProducer<Deliveries> = config
        .create_with_context(Deliveries::default())
        .expect("a producer");
    let (began, mut sent) = (Instant::now(), 0);
    let padding = "x".repeat(plan.padding);
    while !shared.stop.load(Relaxed) && (plan.count == 0 || sent < plan.count) {
        let rate = shared.rate.load(Relaxed);
        let due = match rate {
            0 => plan.count,
            rate => (began.elapsed().as_secs_f64() * rate as f64) as u64,
        };
        while sent < due {
            let id = plan.first + sent;
            let key = id.to_string();
            let value = format!("{{\"id\":{id},\"padding\":\"{padding}\"}}");
            let partition = (id % shared.partitions.load(Relaxed) as u64) as i32;
            let mut record = BaseRecord::with_opaque_to(&plan.topic, Box::new(id))
                .key(&key)
                .payload(&value)
                .partition(partition);
            while let Err((error, unsent)) = producer.send(record) {
                assert!(!error.to_string().contains("Fatal"), "{error}");
                producer.poll(Duration::from_millis(10));
                record = unsent;
            }
            sent += 1;
        }
        producer.poll(Duration::from_millis(10));
    }
    producer.flush(Duration::from_secs(120)).expect("answered");
    let delivered = std::mem::take(&mut *producer.context().0.lock().expect("no panic"));
    assert!(
        delivered.twice.is_empty(),
        "acknowledged twice: {:?}",
        delivered.twice
    );
    delivered.acknowledged
}
