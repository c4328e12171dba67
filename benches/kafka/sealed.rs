//! A topic whose events all come at once: they are there, in a transaction that is not committed yet.
//!
//! A consumer of committed events (the default of a workflow) sees none before. So a service can be brought into
//! any state first, and no producer works while it is measured.

use crate::Bench;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use std::time::Duration;

/// How long the broker may take to answer.
const ANSWER: Duration = Duration::from_secs(60);

/// A topic's events, not to be seen yet.
pub(crate) struct Sealed<'a> {
    bench: &'a Bench,
    producer: BaseProducer,
    topic: String,
}

impl<'a> Sealed<'a> {
    /// Creates a topic with all of a bench's events.
    pub(crate) fn fill(bench: &'a Bench, topic: &str) -> Sealed<'a> {
        bench.broker.create_topic(topic, crate::PARTITIONS);
        let mut config = bench.broker.client();
        config
            .set("transactional.id", topic)
            // As long as a service may take to be ready; the broker allows no more than 15 minutes.
            .set("transaction.timeout.ms", "900000")
            .set("queue.buffering.max.messages", "1000000");
        let producer: BaseProducer = config.create().expect("a producer");
        producer.init_transactions(ANSWER).expect("transactions");
        producer.begin_transaction().expect("a transaction");
        for at in 0..bench.events as usize {
            let key = format!("order-{}", at % 4096);
            let value = &bench.orders[at % bench.orders.len()];
            let mut unsent = Some(BaseRecord::to(topic).key(&key).payload(value));
            while let Some(record) = unsent.take() {
                if let Err((_, record)) = producer.send(record) {
                    producer.poll(Duration::from_millis(10));
                    unsent = Some(record);
                }
            }
        }
        producer.flush(ANSWER).expect("delivered");
        Sealed {
            bench,
            producer,
            topic: topic.to_owned(),
        }
    }

    /// Lets the events be seen.
    pub(crate) fn open(&self) {
        self.producer.commit_transaction(ANSWER).expect("committed");
    }
}

/// The topic goes with it: there is one for every run.
impl Drop for Sealed<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.bench.broker.delete_topic(&self.topic);
        }
    }
}
