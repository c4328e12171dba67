//! The start of a consumer: the client, its queues and ends for each shard, its thread.
//!
//! Must not know what the thread does. Invariant: it waits for no broker, and when it fails no thread is left.

use super::Control;
use super::finding::Finding;
use super::worker::{Shard, Step, Worker};
use crate::stream::Wake;
use crate::stream::kafka::consumer::assignment::Assignment;
use crate::stream::kafka::consumer::commits::Commits;
use crate::stream::kafka::consumer::mailbox::{Port, bell};
use crate::stream::kafka::consumer::native::{Batch, ShardQueue};
use crate::stream::kafka::shared::client::{self, Context};
use crate::stream::kafka::shared::config::Config;
use crate::stream::kafka::shared::health::Health;
use crate::stream::kafka::shared::native_topics::Topics;
use crate::stream::kafka::shared::subscription::{SourceConfig, Subscription};
use crate::stream::kafka::{Error, KafkaSource};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ffi::CString;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Starts the consumer and its thread.
pub(in crate::stream::kafka) fn start(
    config: &Config,
    source: SourceConfig,
    wakes: &[Wake],
) -> Result<(Control, Vec<KafkaSource>), Error> {
    let client = config.consumer(&source)?;
    let topics = source.subscription.topics()?;
    let brokers = CString::new(client.get("bootstrap.servers").unwrap_or_default()).unwrap_or_default();
    let health = Arc::new(Health::default());
    if let Subscription::Pattern(_) = source.subscription {
        // Any topics will do, also none.
        health.looked(Vec::new(), true);
    }
    let failed = |error: KafkaError| Error::Client(error.to_string());
    let context = Context::new(&source.name, Arc::clone(&health), config.consumer_tokens());
    let mut consumer = client::consumer(&client, context).map_err(failed)?;
    let (bell, door) = bell();
    let ring = bell.clone();
    consumer.set_nonempty_callback(move || ring.ring());
    let consumer = Arc::new(consumer);
    consumer.subscribe(&topics).map_err(failed)?;
    let queue = |wake: &Wake| Arc::new(ShardQueue::new(&consumer, wake.clone()));
    let queues: Vec<_> = wakes.iter().map(queue).collect();
    let port = |wake: &Wake| Arc::new(Port::new(wake.clone(), bell.clone()));
    let ports: Vec<_> = wakes.iter().map(port).collect();
    let ends = queues.iter().zip(&ports);
    let end = |(queue, port): (&Arc<ShardQueue>, &Arc<Port>)| {
        KafkaSource::new(
            Batch::new(Arc::clone(queue)),
            Arc::clone(port),
            Arc::clone(&health),
        )
    };
    let sources = ends.map(end).collect();
    let stop = Arc::new(Mutex::new(None));
    let now = Instant::now();
    let name = format!("kafka-{}", source.name);
    let worker = Worker {
        config: source,
        shards: ports
            .into_iter()
            .zip(queues)
            .map(|(port, queue)| Shard::new(port, queue))
            .collect(),
        assignment: Assignment::default(),
        commits: Commits::new(),
        step: Step::Idle,
        happened: VecDeque::new(),
        stop: Arc::clone(&stop),
        stop_heard: None,
        closing: None,
        is_closing: false,
        joined: false,
        ended: false,
        went_back: BTreeMap::new(),
        even_at: None,
        report_at: now,
        ends_at: now,
        end_at: now,
        topics_at: now,
        topics: Topics::new(&consumer, config.is_mock),
        finding: Finding::default(),
        absent_told: BTreeSet::new(),
        first_seen: HashMap::new(),
        before: HashMap::new(),
        probe_at: now,
        brokers,
        health: Arc::clone(&health),
        consumer,
        bell: bell.clone(),
        door,
    };
    let (working, over) = crossbeam_channel::bounded(0);
    let thread = std::thread::Builder::new().name(name).spawn(move || {
        worker.run();
        drop(working);
    });
    let thread = thread.map_err(|error| Error::Client(format!("no thread: {error}")))?;
    Ok((
        Control {
            stop,
            bell,
            health,
            thread: Some(thread),
            over,
        },
        sources,
    ))
}
