//! What is looked at now and then: whether brokers answer, how long topics are, and whether they are still
//! the same ones. Each question is bounded in time.

use super::worker::{ENDS, PROBE, PROBE_TIMEOUT, REPORT, TOPICS, Worker, topics_of};
use crate::stream::kafka::consumer::assignment::Partition;
use crate::stream::kafka::consumer::native::{self, known_high};
use crate::stream::kafka::consumer::positions;
use crate::stream::kafka::shared::client::{TopicPartition, note_down};
use crate::stream::kafka::shared::health::{Absent, PartitionHealth};
use crate::stream::kafka::shared::native_topics::{Answer, Found};
use crate::stream::kafka::shared::subscription::Subscription;
use crate::stream::{Change, PartitionId};
use rdkafka::Offset;
use rdkafka::consumer::Consumer as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

impl Worker {
    /// Writes down what is known, and asks the brokers now and then.
    pub(super) fn look_after(&mut self) {
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
        if now >= self.ends_at && !self.health.in_doubt() && self.assignment.iter().next().is_some() {
            self.ends_at = now + ENDS;
            self.ask_ends();
        }
        self.tell_passed();
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
                low: partition.low,
            }
        });
        let partitions = partitions.collect();
        self.health.set_partitions(partitions);
    }

    /// Finds topics that were deleted and made anew: librdkafka goes on in the new one where it was in the
    /// old one, and only notices when that is beyond the end.
    fn look_at_topics(&mut self, now: Instant) {
        if let Some(found) = self.topics.answer(Duration::ZERO) {
            self.note_absent(&found);
            let others = self.assignment.iter().filter(|(_, partition)| {
                let topic = found.there(&partition.name.0);
                topic.is_some_and(|topic| topic.is_another(partition.topic_id))
            });
            self.went_back.extend(others.map(|(id, _)| (id, None)));
            if !self.went_back.is_empty() {
                // Not in the next round: what is taken of the new topic until then is taken in vain.
                self.advance();
            }
        }
        if now >= self.topics_at && !self.health.in_doubt() {
            self.topics_at = now + TOPICS;
            let mut names = topics_of(self.assignment.iter().map(|(_, one)| &one.name));
            if let Subscription::Topics(topics) = &self.config.subscription {
                names.extend(topics.iter().map(|topic| Arc::from(topic.as_str())));
            }
            self.topics
                .ask(names.iter().map(|name| &**name), positions::TIMEOUT);
        }
    }

    /// Tells of topics that are to be read and are not there: once each, if they are not at the next look either,
    /// since a broker that has just started may not know yet.
    fn note_absent(&mut self, found: &Found) {
        let Subscription::Topics(topics) = &self.config.subscription else {
            return;
        };
        let before = self.health.absent();
        let (absent, is_whole) = absences(topics, found, &before);
        for (topic, absence) in absent.iter().filter(|one| before.contains(one)) {
            if found.of(topic).is_some() && self.absent_told.insert(Arc::clone(topic)) {
                tracing::error!(
                    workflow = self.config.name,
                    "not ready: {}",
                    absence.reason(topic)
                );
            }
        }
        let (name, told) = (&self.config.name, &mut self.absent_told);
        told.retain(|topic| {
            let stays = absent.iter().any(|(name, _)| name == topic);
            if !stays {
                tracing::info!(workflow = name, "topic '{topic}' exists now");
            }
            stays
        });
        if self.health.looked(absent, is_whole) {
            // The group hears of new topics by a look at all of them, which is due only in a while.
            let _ = self.consumer.fetch_metadata(None, PROBE_TIMEOUT);
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

    /// Tells shards up to where all events were taken, once no more come: what is missing below that is none, and may
    /// be committed.
    fn tell_passed(&mut self) {
        let held = self.assignment.iter().map(|(id, one)| (id, one.name.clone()));
        let (ids, names): (Vec<_>, Vec<_>) = held.unzip();
        let taken = native::taken(&self.consumer, &names);
        for (id, taken) in ids.into_iter().zip(taken) {
            let Some(one) = self.assignment.get_mut(id) else {
                continue;
            };
            let rests = taken.is_some() && std::mem::replace(&mut one.taken, taken) == taken;
            if !rests || one.released || taken <= one.committed.max(one.told) {
                continue;
            }
            one.told = taken;
            if let Some(offset) = taken {
                let partition = id;
                self.tell(id, Change::Passed { partition, offset });
            }
        }
    }

    fn ask_ends(&mut self) {
        let (ids, names): (Vec<_>, Vec<_>) = self
            .assignment
            .iter()
            .map(|(id, partition)| (id, partition.name.clone()))
            .unzip();
        self.ask(&ids, &names, Offset::End, |partition| &mut partition.high);
        // What was never committed, or is deleted, lags from the beginning on.
        self.ask(&ids, &names, Offset::Beginning, |partition| &mut partition.low);
    }

    /// Asks for offsets of partitions and writes them down.
    fn ask(
        &mut self,
        ids: &[PartitionId],
        names: &[TopicPartition],
        which: Offset,
        place: impl Fn(&mut Partition) -> &mut Option<i64>,
    ) {
        let mut failure = None;
        let offsets = positions::offsets(&self.consumer, names, which, PROBE_TIMEOUT);
        for (id, offset) in ids.iter().zip(offsets) {
            match (self.assignment.get_mut(*id), offset) {
                (Some(partition), Ok(Some(offset))) => *place(partition) = Some(offset),
                (_, Ok(_)) => {}
                (_, Err(error)) => failure = Some(error),
            }
        }
        if let Some(error) = failure {
            self.health.failed(&error.to_string());
            // Nobody may have told: the probe finds out.
            self.health.suspect();
        }
    }
}

/// Returns which topics are not there, and whether that was answered for each: of the others what was known still is.
fn absences(topics: &[String], found: &Found, before: &[Absent]) -> (Vec<Absent>, bool) {
    let (mut absent, mut is_whole) = (Vec::new(), true);
    for topic in topics {
        match found.of(topic) {
            Some(Answer::There(_) | Answer::Untold) => {}
            Some(Answer::Absent(absence)) => absent.push((Arc::from(topic.as_str()), absence)),
            None => {
                is_whole = false;
                absent.extend(before.iter().find(|(name, _)| **name == **topic).cloned());
            }
        }
    }
    (absent, is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::kafka::shared::health::Absence;
    use crate::stream::kafka::shared::native_topics::Description;

    fn absent(topic: &str) -> Absent {
        (Arc::from(topic), Absence::Missing)
    }

    #[test]
    fn a_topic_of_which_nothing_was_said_stays_what_it_was() {
        let topics = ["orders", "returns", "stock"].map(str::to_owned);
        let before = [absent("orders")];
        assert_eq!(
            absences(&topics, &Found::default(), &before),
            (before.to_vec(), false)
        );
        let there = Answer::There(Description { id: 7, partitions: 1 });
        let mut answers = vec![("orders", there), ("returns", Answer::Absent(Absence::Missing))];
        let found = Found::saying(&answers);
        assert_eq!(
            absences(&topics, &found, &before),
            (vec![absent("returns")], false)
        );
        answers.push(("stock", Answer::Untold));
        let found = Found::saying(&answers);
        assert_eq!(
            absences(&topics, &found, &before),
            (vec![absent("returns")], true)
        );
    }
}
