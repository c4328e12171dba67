//! The control thread of a consumer, and the handle to it.
//!
//! Owns the consumer's poll, and with it the answers to rebalances: one step at a time, none of which
//! blocks the thread longer than a bounded question to the brokers. Must not know events. Invariant: an
//! assignment is answered only after every shard has read all about the last one, and a revocation only
//! after the shards have let go and their last commits are answered, or their time is over.

mod even;
mod find;
mod finding;
mod leave;
mod rebalance;
mod start;
mod watch;
mod worker;

use finding::RETRY;
pub(super) use start::start;
use worker::{LAST_COMMIT, LEAVE_GRACE, ROUND, Step, Worker};

use super::mailbox::Bell;
use super::positions;
use crate::stream::kafka::shared::client::{Happened, TopicPartition, partitions_in};
use crate::stream::kafka::shared::health::{Absence, Health, locked};
use crate::stream::kafka::shared::subscription::Subscription;
use crate::stream::{Change, PartitionId};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The handle of a consumer. Dropping it stops the consumer without waiting for anything that runs.
pub struct Control {
    stop: Arc<Mutex<Option<Instant>>>,
    bell: Bell,
    health: Arc<Health>,
    thread: Option<JoinHandle<()>>,
    /// Loses its other end when the thread is over.
    over: Receiver<()>,
}

impl Control {
    /// Leaves the group: all partitions are revoked until then, after which nothing comes any more.
    pub fn stop(&self, until: Instant) {
        locked(&self.stop).get_or_insert(until);
        self.bell.ring();
    }

    /// Waits until the consumer has left the group, at the longest until it [is late](Control::is_late); returns
    /// whether it has. The shards must still be served.
    pub fn join(mut self) -> bool {
        let until = locked(&self.stop).unwrap_or_else(Instant::now) + LEAVE_GRACE;
        if self.over.recv_deadline(until) == Err(RecvTimeoutError::Timeout) {
            return false;
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        true
    }

    /// Whether the thread should be over by now: five seconds after what [`Control::stop`] was told. What was
    /// finished in time is committed; the group takes the member for dead after its session timeout.
    pub fn is_late(&self) -> bool {
        let until = *locked(&self.stop);
        until.is_some_and(|until| Instant::now() >= until + LEAVE_GRACE)
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
            Step::Assigning { together, .. } => together.or(self.finding.due_at()),
            Step::Revoking { until, .. } => Some(*until),
            Step::Leaving { until, .. } if *until > now => Some(*until),
            Step::Leaving { until, .. } => Some(*until + LAST_COMMIT),
        };
        // A deadline that has passed is waiting for another thread, which will ring the bell.
        let step = step.filter(|step| *step > now);
        let find = self.finding.due_at().filter(|at| *at > now);
        [step, find, self.commits.due(), self.closing]
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
            let went_back = mail.went_back.into_iter();
            self.went_back.extend(went_back.map(|(id, to)| (id, Some(to))));
        }
        let gone: Vec<bool> = self.shards.iter().map(|shard| shard.gone).collect();
        for (_, partition) in self.assignment.iter_mut() {
            partition.released |= gone[partition.shard];
        }
    }

    fn is_over(&self) -> bool {
        let late = self.closing.is_some_and(|until| Instant::now() >= until);
        late || self.consumer.closed() || self.health.fatal().is_some()
    }

    /// Says that no more will come once every partition is at its end.
    fn end(&mut self) {
        let over = self.config.until_end && self.joined && !self.ended && self.closing.is_none();
        if !over
            || !matches!(self.step, Step::Idle)
            || !self.happened.is_empty()
            || !self.finding.is_empty()
            || !self.assignment.iter().all(|(_, partition)| partition.ended)
            || Instant::now() < self.end_at
        {
            return;
        }
        match self.unreadable_topic() {
            Ok(None) => {
                self.ended = true;
                for shard in &self.shards {
                    shard.tell(Change::Ended);
                }
            }
            // Otherwise a wrong name would look like a topic that was read to its end.
            Ok(Some(reason)) => self.give_up(&reason),
            Err(error) => {
                let name = &self.config.name;
                tracing::warn!(
                    workflow = name,
                    "cannot check whether all topics exist, trying again: {error}"
                );
                self.health.failed(&error.to_string());
                self.end_at = Instant::now() + RETRY;
            }
        }
    }

    /// Says which topic of the subscription does not exist or may not be read, if there is one.
    ///
    /// # Errors
    /// When the brokers do not say it of each.
    fn unreadable_topic(&self) -> Result<Option<String>, KafkaError> {
        let Subscription::Topics(topics) = &self.config.subscription else {
            return Ok(None);
        };
        for topic in topics {
            let metadata = self.consumer.fetch_metadata(Some(topic), positions::TIMEOUT)?;
            match partitions_in(&metadata, topic) {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(Some(format!("there is no topic {topic:?}"))),
                Err(Code::TopicAuthorizationFailed) => return Ok(Some(Absence::Forbidden.reason(topic))),
                Err(code) => return Err(KafkaError::MetadataFetch(code)),
            }
        }
        Ok(None)
    }
}
