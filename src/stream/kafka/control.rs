//! The control thread of a consumer, and the handle to it.
//!
//! Owns the consumer's poll, and with it the answers to rebalances: one step at a time, none of which
//! blocks the thread longer than a bounded question to the brokers. Must not know events. Invariant: an
//! assignment is answered only after every shard has read all about the last one, and a revocation only
//! after the shards have let go and their last commits are answered, or their time is over.

use super::assignment::Assignment;
use super::client::{Consumer, Context, Happened, TopicPartition, note_down};
use super::commits::Commits;
use super::config::{Config, SourceConfig, Subscription};
use super::health::{Health, PartitionHealth, locked};
use super::mailbox::{Bell, Door, Letter, Port, Route, Wanted, bell};
use super::native::{self, Batch, ShardQueue, known_high};
use super::native_topics::{Description, Topics};
use super::positions::{self, Identity, Position};
use super::{Error, KafkaSource};
use crate::stream::{Change, PartitionId, Wake};
use rdkafka::consumer::{Consumer as _, RebalanceProtocol};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ffi::CString;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the thread comes round when nothing happens.
const ROUND: Duration = Duration::from_millis(500);
/// How long a question that failed is not asked again.
const RETRY: Duration = Duration::from_secs(1);
/// How much longer than the drain time giving up what still runs and the last commits may take.
const COMMIT_GRACE: Duration = Duration::from_secs(5);
/// How long leaving waits for an assignment that has just come: closing in the middle of it would cut off what
/// runs, and librdkafka answers no more questions then.
const SETTLE: Duration = Duration::from_secs(2);
/// How much longer than asked for closing may take.
const CLOSE_GRACE: Duration = Duration::from_secs(10);
/// How often what is known of partitions is written down.
const REPORT: Duration = Duration::from_secs(1);
/// How often the ends of partitions are asked for, since a shard that stands still fetches no news.
const ENDS: Duration = Duration::from_secs(10);
/// How often topics are looked at: whether they are still the same under their names.
const TOPICS: Duration = Duration::from_secs(1);
/// How often a broker is tried after a connection failed.
const PROBE: Duration = Duration::from_secs(2);
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);

/// The handle of a consumer. Dropping it stops the consumer without waiting for anything that runs.
pub struct Control {
    stop: Arc<Mutex<Option<Instant>>>,
    bell: Bell,
    health: Arc<Health>,
    thread: Option<JoinHandle<()>>,
}

impl Control {
    /// Leaves the group: all partitions are revoked until then, after which nothing comes any more.
    pub fn stop(&self, until: Instant) {
        locked(&self.stop).get_or_insert(until);
        self.bell.ring();
    }

    /// Waits until the consumer has left the group, at the longest some seconds after what
    /// [`Control::stop`] was told. The shards must still be served.
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    /// Whether the consumer has left the group and its thread is over.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Returns what is known of the consumer.
    pub fn health(&self) -> &Arc<Health> {
        &self.health
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.stop(Instant::now());
    }
}

/// Starts the consumer and its thread.
pub(super) fn start(
    config: &Config,
    source: SourceConfig,
    wakes: &[Wake],
) -> Result<(Control, Vec<KafkaSource>), Error> {
    let client = config.consumer(&source)?;
    let topics = source.subscription.topics()?;
    let brokers = CString::new(client.get("bootstrap.servers").unwrap_or_default()).unwrap_or_default();
    let health = Arc::new(Health::default());
    let failed = |error: KafkaError| Error::Client(error.to_string());
    let context = Context::new(&source.name, Arc::clone(&health));
    let mut consumer: Consumer = client.create_with_context(context).map_err(failed)?;
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
        joined: false,
        ended: false,
        report_at: now,
        ends_at: now + ENDS,
        topics_at: now + TOPICS,
        topics: Topics::new(&consumer),
        first_seen: HashMap::new(),
        before: HashMap::new(),
        probe_at: now,
        brokers,
        health: Arc::clone(&health),
        consumer,
        door,
    };
    let thread = std::thread::Builder::new().name(name).spawn(move || worker.run());
    let thread = thread.map_err(|error| Error::Client(format!("no thread: {error}")))?;
    Ok((
        Control {
            stop,
            bell,
            health,
            thread: Some(thread),
        },
        sources,
    ))
}

/// The thread's side of a shard.
struct Shard {
    port: Arc<Port>,
    queue: Arc<ShardQueue>,
    /// Whether it has not yet answered the last barrier.
    barrier: bool,
    gone: bool,
}

impl Shard {
    fn new(port: Arc<Port>, queue: Arc<ShardQueue>) -> Shard {
        Shard {
            port,
            queue,
            barrier: false,
            gone: false,
        }
    }

    fn tell(&self, change: Change) {
        self.port.post(Letter::Change(change, None));
    }
}

/// What the thread is about.
enum Step {
    Idle,
    /// Partitions are ours once the shards are ready and their positions known.
    Assigning {
        names: Vec<TopicPartition>,
        not_before: Instant,
    },
    /// Partitions are given back once the shards have let go.
    Revoking {
        names: Vec<TopicPartition>,
        ids: Vec<PartitionId>,
        until: Instant,
        lost: bool,
        again: bool,
    },
}

struct Worker {
    config: SourceConfig,
    shards: Vec<Shard>,
    assignment: Assignment,
    commits: Commits,
    step: Step,
    // Rebalances that are not begun.
    happened: VecDeque<Happened>,
    stop: Arc<Mutex<Option<Instant>>>,
    /// When the order to stop was heard.
    stop_heard: Option<Instant>,
    closing: Option<Instant>,
    joined: bool,
    ended: bool,
    report_at: Instant,
    ends_at: Instant,
    topics_at: Instant,
    topics: Topics,
    /// The topics as they were when one of their partitions came to us for the first time.
    first_seen: HashMap<Arc<str>, Description>,
    /// The topics' ids of partitions that are assigned anew, as they were.
    before: HashMap<TopicPartition, u64>,
    probe_at: Instant,
    /// Where the cluster is found.
    brokers: CString,
    health: Arc<Health>,
    consumer: Arc<Consumer>,
    door: Door,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // However the thread ends: closing must not wait for answers that nobody gives.
        self.consumer.context().abandon();
        if !matches!(self.step, Step::Idle) || !self.happened.is_empty() {
            let _ = self.consumer.unassign();
        }
        self.health.joined(false);
        for id in self.assignment.ids() {
            self.tell(id, Change::Lost { partition: id });
        }
    }
}

impl Worker {
    fn run(mut self) {
        loop {
            self.door.wait(self.next_round());
            self.health.came_round();
            self.poll();
            self.read_mail();
            self.look_for_stop();
            if self.is_over() {
                return;
            }
            self.advance();
            self.commits
                .flush(&self.consumer, &self.assignment, Instant::now());
            self.end();
            self.look_after();
        }
    }

    fn next_round(&self) -> Instant {
        let now = Instant::now();
        let step = match &self.step {
            Step::Idle => None,
            Step::Assigning { not_before, .. } => Some(*not_before),
            Step::Revoking { until, .. } => Some(*until),
        };
        // What is past waits for somebody else, who rings.
        let step = step.filter(|step| *step > now);
        [step, self.commits.due(), self.closing]
            .into_iter()
            .flatten()
            .fold(now + ROUND, Instant::min)
    }

    /// Serves librdkafka until it has nothing more to say.
    fn poll(&mut self) {
        let consumer = Arc::clone(&self.consumer);
        let context = consumer.context();
        loop {
            let calls = context.calls();
            match consumer.poll(Duration::ZERO) {
                // An event that no shard will see: going on would commit past it.
                Some(Ok(_)) => self.give_up("an event came to the control thread"),
                // The context has noted it.
                Some(Err(_)) => {}
                None if context.calls() == calls => break,
                None => {}
            }
        }
        for happened in context.take() {
            match happened {
                Happened::Committed(whole, single) => self.committed(whole, single),
                rebalance => self.happened.push_back(rebalance),
            }
        }
        if self.health.fatal().is_none()
            && let Some((code, text)) = self.consumer.client().fatal_error()
        {
            self.give_up(&format!("{code}: {text}"));
        }
    }

    fn give_up(&self, reason: &str) {
        tracing::error!(workflow = self.config.name, "the consumer gives up: {reason}");
        self.health.ended_for_good(reason);
    }

    fn committed(
        &mut self,
        whole: Option<rdkafka::types::RDKafkaErrorCode>,
        single: Vec<(TopicPartition, Option<rdkafka::types::RDKafkaErrorCode>)>,
    ) {
        let answers =
            self.commits
                .answered(&self.consumer, &mut self.assignment, &self.health, whole, single);
        for answer in answers {
            let partition = answer.partition;
            self.tell(
                partition,
                Change::Committed {
                    partition,
                    offset: answer.offset,
                    result: answer.result,
                },
            );
        }
    }

    /// Posts a change to the shard that has the partition.
    fn tell(&self, id: PartitionId, change: Change) {
        if let Some(partition) = self.assignment.get(id) {
            self.shards[partition.shard].tell(change);
        }
    }

    fn read_mail(&mut self) {
        let mut went_back = Vec::new();
        for shard in &mut self.shards {
            let mail = shard.port.mail();
            shard.gone |= mail.gone;
            shard.barrier &= !(mail.barrier || shard.gone);
            for (id, wanted) in mail.commits {
                if self
                    .assignment
                    .get(id)
                    .is_some_and(|partition| !partition.released)
                {
                    self.commits.want(id, wanted);
                }
            }
            for id in mail.released {
                if let Some(partition) = self.assignment.get_mut(id) {
                    partition.released = true;
                }
            }
            for id in mail.ended {
                if let Some(partition) = self.assignment.get_mut(id) {
                    partition.ended = true;
                }
            }
            went_back.extend(mail.went_back);
        }
        if !went_back.is_empty() {
            self.begin_again(went_back);
        }
        let gone: Vec<bool> = self.shards.iter().map(|shard| shard.gone).collect();
        for (_, partition) in self.assignment.iter_mut() {
            partition.released |= gone[partition.shard];
        }
    }

    fn look_for_stop(&mut self) {
        if self.closing.is_some() {
            return;
        }
        let Some(until) = *locked(&self.stop) else { return };
        let is_assigning = matches!(self.step, Step::Assigning { .. })
            || self.happened.iter().any(|one| matches!(one, Happened::Assign(_)));
        let asked = *self.stop_heard.get_or_insert_with(Instant::now);
        if is_assigning && Instant::now() < until.min(asked + SETTLE) {
            return;
        }
        self.closing = Some(until + CLOSE_GRACE);
        if let Step::Assigning { .. } = self.step {
            // Closing makes librdkafka take any answer as "nothing is assigned".
            self.step = Step::Idle;
            if self.consumer.close_queue().is_ok() {
                let _ = self.consumer.unassign();
            }
        } else if let Err(error) = self.consumer.close_queue() {
            tracing::warn!(workflow = self.config.name, "close: {error}");
            self.closing = Some(Instant::now());
        }
    }

    fn is_over(&self) -> bool {
        let late = self.closing.is_some_and(|until| Instant::now() >= until);
        late || self.consumer.closed() || self.health.fatal().is_some()
    }

    /// Takes the current step as far as it goes.
    fn advance(&mut self) {
        loop {
            let goes_on = match std::mem::replace(&mut self.step, Step::Idle) {
                Step::Idle => match self.happened.pop_front() {
                    Some(Happened::Assign(names)) => self.begin_assign(names),
                    Some(Happened::Revoke(names)) => self.begin_revoke(names),
                    Some(Happened::Committed(..)) => true,
                    None => false,
                },
                Step::Assigning { names, not_before } => self.assign(names, not_before),
                Step::Revoking {
                    names,
                    ids,
                    until,
                    lost,
                    again,
                } => self.revoke(names, ids, until, lost, again),
            };
            if !goes_on {
                return;
            }
        }
    }

    fn begin_assign(&mut self, names: Vec<TopicPartition>) -> bool {
        tracing::debug!(workflow = self.config.name, ?names, "assigned");
        if self.closing.is_some() {
            // As above: any answer means the same now, and none would keep us from leaving.
            let _ = self.consumer.unassign();
            return true;
        }
        self.step = Step::Assigning {
            names,
            not_before: Instant::now(),
        };
        true
    }

    fn assign(&mut self, names: Vec<TopicPartition>, not_before: Instant) -> bool {
        let now = Instant::now();
        if now < not_before || self.shards.iter().any(|shard| shard.barrier) {
            self.step = Step::Assigning { names, not_before };
            return false;
        }
        let identities = self.identify(&names);
        let config = &self.config;
        match positions::find(
            &self.consumer,
            &names,
            &identities,
            config.start,
            config.until_end,
        ) {
            Ok(positions) => {
                self.before.clear();
                self.health.answered();
                self.hand_out(&names, positions);
                true
            }
            Err(error) => {
                tracing::warn!(
                    workflow = self.config.name,
                    "cannot read where to go on, trying again: {error}"
                );
                self.health.failed(&error.to_string());
                self.step = Step::Assigning {
                    names,
                    not_before: Instant::now() + RETRY,
                };
                false
            }
        }
    }

    /// Finds out which topics partitions are of.
    fn identify(&mut self, names: &[TopicPartition]) -> Vec<Identity> {
        let topics = topics_of(names.iter());
        let found = self
            .topics
            .find(topics.iter().map(|name| &**name), positions::TIMEOUT);
        let identity = |name: &TopicPartition| {
            let Some(topic) = found.get(&name.0) else {
                return Identity::default();
            };
            let first = *self.first_seen.entry(Arc::clone(&name.0)).or_insert(*topic);
            let is_later = usize::try_from(name.1).is_ok_and(|number| number >= first.partitions);
            Identity {
                topic_id: topic.id,
                anew: self.before.get(name).is_some_and(|id| topic.is_another(*id)),
                is_new: is_later || topic.is_another(first.id),
            }
        };
        names.iter().map(identity).collect()
    }

    /// Gives newly assigned partitions to shards, then lets librdkafka fetch them.
    fn hand_out(&mut self, names: &[TopicPartition], positions: Vec<Position>) {
        let mut list = TopicPartitionList::with_capacity(names.len());
        for (name, position) in names.iter().zip(positions) {
            // Its fetch position in a list can only be a valid one.
            let _ = list.add_partition(&name.0, name.1).set_offset(position.fetch);
            if self.assignment.find(name).is_none() {
                self.hand_out_one(name, position);
            }
        }
        self.answer(&list, true);
        if self.ended {
            let _ = self.consumer.pause(&list);
        }
        self.joined = true;
        self.health.joined(true);
        self.report_at = Instant::now();
    }

    fn hand_out_one(&mut self, name: &TopicPartition, position: Position) {
        let shard = self.assignment.shard_for(name, self.shards.len());
        let id = self.assignment.add(&self.consumer, name, shard);
        let Some(partition) = self.assignment.get_mut(id) else {
            return;
        };
        partition.committed = position.committed;
        partition.topic_id = position.restored.topic_id;
        let shard = &self.shards[shard];
        if !shard.queue.forward(&partition.topic_name, name.1) {
            return self.give_up(&format!("no queue for {}-{}", name.0, name.1));
        }
        if self.ended || shard.gone {
            // Nobody takes it: it is kept until we leave.
            (partition.released, partition.ended) = (true, true);
            return;
        }
        let route = Route {
            topic: partition.topic.address(),
            number: name.1,
            end: position.end,
        };
        let (topic, number) = (Arc::clone(&name.0), name.1);
        let change = Change::Assigned {
            partition: id,
            topic,
            number,
            restored: position.restored,
        };
        shard.port.post(Letter::Change(change, Some(route)));
        if let Some(commit) = position.pin {
            self.commits.want(
                id,
                Wanted {
                    commit,
                    answered: false,
                },
            );
        }
    }

    fn begin_revoke(&mut self, names: Vec<TopicPartition>) -> bool {
        let lost = self.consumer.assignment_lost();
        let ids = names
            .iter()
            .filter_map(|name| self.assignment.find(name))
            .collect();
        tracing::debug!(workflow = self.config.name, ?names, lost, "revoked");
        self.begin_drain(names, ids, lost, false);
        true
    }

    /// Takes partitions whose offsets went back from their shards and assigns them anew.
    fn begin_again(&mut self, ids: Vec<PartitionId>) {
        let (ids, names): (Vec<_>, Vec<_>) = match self.consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => {
                let find = |id: PartitionId| Some((id, self.assignment.get(id)?.name.clone()));
                ids.into_iter().filter_map(find).unzip()
            }
            // The eager protocol assigns all or nothing.
            _ => self
                .assignment
                .iter()
                .map(|(id, partition)| (id, partition.name.clone()))
                .unzip(),
        };
        if matches!(self.step, Step::Idle) && self.happened.is_empty() && !ids.is_empty() {
            tracing::warn!(
                workflow = self.config.name,
                ?names,
                "topics were made anew, or have lost events: their partitions are read anew"
            );
            let before = |id: &PartitionId| {
                self.assignment
                    .get(*id)
                    .map(|one| (one.name.clone(), one.topic_id))
            };
            self.before = ids.iter().filter_map(before).collect();
            self.begin_drain(names, ids, true, true);
        }
        // Otherwise a rebalance is at work; with the partition's route gone it is found again later.
    }

    fn begin_drain(&mut self, names: Vec<TopicPartition>, ids: Vec<PartitionId>, lost: bool, again: bool) {
        let until = Instant::now() + self.config.drain_timeout;
        // Who leaves has the time that the shutdown has.
        let until = locked(&self.stop).unwrap_or(until);
        for id in &ids {
            if self
                .assignment
                .get(*id)
                .is_some_and(|partition| !partition.released)
            {
                let partition = *id;
                self.tell(
                    partition,
                    match lost {
                        true => Change::Lost { partition },
                        false => Change::Revoked { partition, until },
                    },
                );
            }
        }
        self.step = Step::Revoking {
            names,
            ids,
            until,
            lost,
            again,
        };
    }

    fn revoke(
        &mut self,
        names: Vec<TopicPartition>,
        ids: Vec<PartitionId>,
        until: Instant,
        lost: bool,
        again: bool,
    ) -> bool {
        let now_lost = !again && self.consumer.assignment_lost();
        let released = |id: &PartitionId| {
            self.assignment
                .get(*id)
                .is_none_or(|partition| partition.released)
        };
        let settled = || ids.iter().all(|id| released(id) && !self.commits.concern(*id));
        // At the end of their time the shards give up what runs and ask for a last commit, which has to come
        // here and be answered.
        if !lost && !now_lost && !settled() && Instant::now() < until + COMMIT_GRACE {
            self.step = Step::Revoking {
                names,
                ids,
                until,
                lost,
                again,
            };
            return false;
        }
        self.give_back(&names, &ids, lost);
        if lost && !again {
            self.health.joined(false);
        }
        if again {
            self.happened.push_front(Happened::Assign(names));
        }
        self.report_at = Instant::now();
        true
    }

    fn give_back(&mut self, names: &[TopicPartition], ids: &[PartitionId], lost: bool) {
        for id in ids {
            self.commits.forget(*id);
            let Some(partition) = self.assignment.get(*id) else {
                continue;
            };
            if !partition.released && !lost {
                tracing::warn!(
                    workflow = self.config.name,
                    topic = %partition.name.0,
                    number = partition.name.1,
                    "a revoked partition was not finished in time: what runs is run again elsewhere"
                );
                self.tell(*id, Change::Lost { partition: *id });
            }
        }
        let mut list = TopicPartitionList::with_capacity(names.len());
        for (topic, number) in names {
            list.add_partition(topic, *number);
        }
        self.answer(&list, false);
        for id in ids {
            // After the answer: what was fetched before is outdated from here on.
            if let Some(partition) = self.assignment.remove(*id) {
                let shard = &mut self.shards[partition.shard];
                if !shard.barrier && !shard.gone {
                    shard.barrier = true;
                    shard.port.post(Letter::Barrier);
                }
            }
        }
    }

    /// Tells librdkafka what is ours, or no longer.
    fn answer(&self, list: &TopicPartitionList, ours: bool) {
        let cooperative = matches!(self.consumer.rebalance_protocol(), RebalanceProtocol::Cooperative);
        let result = match (cooperative, ours) {
            (true, true) => self.consumer.incremental_assign(list),
            (true, false) => self.consumer.incremental_unassign(list),
            (false, true) => self.consumer.assign(list),
            (false, false) => self.consumer.unassign(),
        };
        if let Err(error) = result {
            tracing::error!(workflow = self.config.name, "answering a rebalance: {error}");
            self.health.failed(&error.to_string());
        }
    }

    /// Says that no more will come once every partition is at its end.
    fn end(&mut self) {
        let over = self.config.until_end && self.joined && !self.ended;
        if over
            && matches!(self.step, Step::Idle)
            && self.happened.is_empty()
            && self.assignment.iter().all(|(_, partition)| partition.ended)
        {
            if let Some(topic) = self.missing_topic() {
                // Otherwise a wrong name would look like a topic that was read to its end.
                return self.give_up(&format!("there is no topic {topic:?}"));
            }
            self.ended = true;
            for shard in &self.shards {
                shard.tell(Change::Ended);
            }
        }
    }

    /// Returns a topic of the subscription that does not exist. One whose existence is not known now is not
    /// missing.
    fn missing_topic(&self) -> Option<&str> {
        let Subscription::Topics(topics) = &self.config.subscription else {
            return None;
        };
        let unknown = rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        let is_missing = |topic: &&String| {
            let metadata = self.consumer.fetch_metadata(Some(topic), positions::TIMEOUT);
            metadata.is_ok_and(|metadata| {
                let mut topics = metadata.topics().iter();
                topics.any(|one| one.error() == Some(unknown))
            })
        };
        topics.iter().find(is_missing).map(String::as_str)
    }

    /// Writes down what is known, and asks the brokers now and then.
    fn look_after(&mut self) {
        let now = Instant::now();
        if self.health.in_doubt() && now >= self.probe_at {
            self.probe();
            self.probe_at = Instant::now() + PROBE;
        }
        if now < self.report_at {
            return;
        }
        self.report_at = now + REPORT;
        self.look_at_topics(now);
        if now >= self.ends_at && !self.health.in_doubt() {
            self.ends_at = now + ENDS;
            self.ask_ends();
        }
        let consumer = Arc::clone(&self.consumer);
        let partitions = self.assignment.iter_mut().map(|(_, partition)| {
            let known = known_high(&consumer, &partition.topic_name, partition.name.1);
            partition.high = partition.high.max(known);
            PartitionHealth {
                topic: Arc::clone(&partition.name.0),
                number: partition.name.1,
                shard: partition.shard,
                high: partition.high,
                committed: partition.committed,
            }
        });
        let partitions = partitions.collect();
        self.health.set_partitions(partitions);
    }

    /// Finds topics that were deleted and made anew: librdkafka goes on in the new one where it was in the
    /// old one, and only notices when that is beyond the end.
    fn look_at_topics(&mut self, now: Instant) {
        if let Some(found) = self.topics.answer(Duration::ZERO) {
            let others = self.assignment.iter().filter(|(_, partition)| {
                let topic = found.get(&partition.name.0);
                topic.is_some_and(|topic| topic.is_another(partition.topic_id))
            });
            let others: Vec<PartitionId> = others.map(|(id, _)| id).collect();
            if !others.is_empty() {
                self.begin_again(others);
            }
        }
        if now >= self.topics_at && !self.health.in_doubt() {
            self.topics_at = now + TOPICS;
            let names = topics_of(self.assignment.iter().map(|(_, one)| &one.name));
            self.topics
                .ask(names.iter().map(|name| &**name), positions::TIMEOUT);
        }
    }

    /// Sees whether any broker answers: librdkafka's own word for "none" does not always come.
    fn probe(&self) {
        let topic = match &self.config.subscription {
            Subscription::Topics(topics) => topics.first().map(String::as_str),
            Subscription::Pattern(_) => None,
        };
        match self.consumer.fetch_metadata(topic, PROBE_TIMEOUT) {
            Ok(_) => {
                if self.health.down_for().is_some() || self.health.authentication().is_some() {
                    tracing::info!(workflow = self.config.name, "the brokers answer again");
                }
                self.health.answered();
            }
            Err(_) if self.health.authentication().is_some() => {}
            Err(error) => {
                note_down(&self.health, &self.config.name, &error.to_string());
                native::add_brokers(&self.consumer, &self.brokers);
            }
        }
    }

    fn ask_ends(&mut self) {
        let (ids, names): (Vec<_>, Vec<_>) = self
            .assignment
            .iter()
            .map(|(id, partition)| (id, partition.name.clone()))
            .unzip();
        match positions::offsets(&self.consumer, &names, Offset::End, PROBE_TIMEOUT) {
            Ok(ends) => {
                for (id, end) in ids.into_iter().zip(ends) {
                    if let (Some(partition), Some(end)) = (self.assignment.get_mut(id), end) {
                        partition.high = Some(end);
                    }
                }
            }
            Err(error) => {
                self.health.failed(&error.to_string());
                // Nobody may have told: the probe finds out.
                self.health.suspect();
            }
        }
    }
}

/// Returns the topics of partitions, each once.
fn topics_of<'a>(names: impl Iterator<Item = &'a TopicPartition>) -> BTreeSet<Arc<str>> {
    names.map(|(topic, _)| Arc::clone(topic)).collect()
}
