//! Rebalances, answered one step at a time.
//!
//! Owns the order of the steps: shards read all about the last assignment, positions are found, partitions
//! handed out; shards let go, last commits are answered, partitions given back. Must not know events.

use super::finding::listed;
use super::worker::{Before, COMMIT_GRACE, Step, Worker};
use crate::stream::kafka::consumer::mailbox::{Letter, Route, Wanted};
use crate::stream::kafka::consumer::positions::{Identity, Position};
use crate::stream::kafka::shared::client::{Happened, TopicPartition};
use crate::stream::kafka::shared::native_topics::Answer;
use crate::stream::kafka::shared::subscription::Subscription;
use crate::stream::{Change, PartitionId};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{Consumer as _, RebalanceProtocol};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long partitions are waited for so that all are handed out together.
const TOGETHER: Duration = Duration::from_secs(1);

impl Worker {
    /// Takes the current step as far as it goes.
    pub(super) fn advance(&mut self) {
        loop {
            let goes_on = match std::mem::replace(&mut self.step, Step::Idle) {
                Step::Idle => match self.happened.pop_front() {
                    // Nothing is left to be given back, and no answer would keep us from leaving.
                    Some(Happened::Assign(_) | Happened::Revoke(_)) if self.closing.is_some() => {
                        self.let_go();
                        true
                    }
                    Some(Happened::Assign(names)) => self.begin_assign(names, false),
                    Some(Happened::Revoke(names)) => self.begin_revoke(names),
                    Some(Happened::Committed(..)) => true,
                    // Nothing is handed out any more.
                    None if self.closing.is_some() => false,
                    None => self.begin_again() || self.place() || self.even_out(),
                },
                Step::Assigning {
                    names,
                    together,
                    again,
                } => self.assign(names, together, again),
                Step::Revoking {
                    names,
                    ids,
                    until,
                    again,
                } => self.revoke(names, ids, until, again),
                Step::Leaving { until, owes_answer } => self.leave(until, owes_answer),
            };
            if !goes_on {
                return;
            }
        }
    }

    fn begin_assign(&mut self, names: Vec<TopicPartition>, again: bool) -> bool {
        if self.health.taken_by_group() {
            tracing::info!(workflow = self.config.name, "the group accepts this member now");
        }
        tracing::info!(workflow = self.config.name, "assigned {}", listed(&names));
        self.finding.want(&names);
        self.step = Step::Assigning {
            names,
            together: None,
            again,
        };
        true
    }

    fn assign(&mut self, names: Vec<TopicPartition>, together: Option<Instant>, again: bool) -> bool {
        if self.shards.iter().any(|shard| shard.barrier) {
            self.step = Step::Assigning {
                names,
                together,
                again,
            };
            return false;
        }
        let until = together.unwrap_or_else(|| Instant::now() + TOGETHER);
        let Some(found) = self.found(&names, until) else {
            self.step = Step::Assigning {
                names,
                together: Some(until),
                again,
            };
            return false;
        };
        // Those that were not found follow: no other is held up by them, nor the group's next rebalance.
        self.hand_out(found);
        if !again {
            self.rebalanced();
        }
        true
    }

    /// Says what is known of the topic of a partition that has come to us.
    pub(super) fn identity(&mut self, name: &TopicPartition, topic: Answer) -> Identity {
        let before = self.before.remove(name);
        let Answer::There(topic) = topic else {
            return Identity::default();
        };
        let first = *self.first_seen.entry(Arc::clone(&name.0)).or_insert(topic);
        let is_later = usize::try_from(name.1).is_ok_and(|number| number >= first.partitions);
        Identity {
            topic_id: topic.id,
            anew: before.is_some_and(|one| topic.is_another(one.topic_id)),
            cut: before.and_then(|one| one.cut),
            is_new: is_later || topic.is_another(first.id),
        }
    }

    /// Gives newly assigned partitions to shards, then lets librdkafka fetch them.
    pub(super) fn hand_out(&mut self, found: Vec<(TopicPartition, Position)>) {
        let mut list = TopicPartitionList::with_capacity(found.len());
        for (name, position) in found {
            // Its fetch position in a list can only be a valid one.
            let _ = list.add_partition(&name.0, name.1).set_offset(position.fetch);
            if self.assignment.find(&name).is_none() {
                self.hand_out_one(&name, position);
            }
        }
        self.answer(&list, true);
        if self.ended {
            let _ = self.consumer.pause(&list);
        }
        self.joined = true;
        if let Subscription::Topics(topics) = &self.config.subscription {
            let has = |topic: &String| self.assignment.iter().any(|(_, one)| *one.name.0 == **topic);
            if topics.iter().all(has) {
                // Nobody has to be asked whether they are there.
                self.health.looked(Vec::new(), true);
            }
        }
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
        let restored = position.restored.offset;
        let change = Change::Assigned {
            partition: id,
            topic,
            number,
            restored: position.restored,
        };
        shard.port.post(Letter::Change(change, Some(route)));
        if let Some(offset) = position
            .low
            .filter(|low| restored.is_some_and(|offset| offset < *low))
        {
            // What retention has deleted does not come any more.
            shard.tell(Change::Passed {
                partition: id,
                offset,
            });
        }
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
        self.finding.forget(&names);
        self.before.retain(|name, _| !names.contains(name));
        let ids: Vec<_> = names
            .iter()
            .filter_map(|name| self.assignment.find(name))
            .collect();
        let word = if lost { "lost" } else { "revoked" };
        tracing::info!(workflow = self.config.name, "{word} {}", listed(&names));
        let until = Instant::now() + self.config.drain_timeout;
        if lost {
            self.lose(&ids);
            self.health.joined(false);
        } else {
            self.ask_back(&ids, until);
        }
        self.step = Step::Revoking {
            names,
            ids,
            until,
            again: false,
        };
        true
    }

    /// Takes partitions whose offsets went back from their shards, to assign them anew; says whether there are any.
    fn begin_again(&mut self) -> bool {
        let mut ids = std::mem::take(&mut self.went_back);
        // Those that a rebalance has taken in the meantime are somebody else's, or assigned anew already.
        ids.retain(|id, _| self.assignment.get(*id).is_some());
        if ids.is_empty() {
            return false;
        }
        if !self.is_cooperative() {
            // The eager protocol assigns all or nothing.
            for id in self.assignment.ids() {
                ids.entry(id).or_insert(None);
            }
        }
        let before = |(id, cut): (&PartitionId, &Option<i64>)| {
            let one = self.assignment.get(*id)?;
            let (topic_id, cut) = (one.topic_id, *cut);
            Some((one.name.clone(), Before { topic_id, cut }))
        };
        let before: Vec<_> = ids.iter().filter_map(before).collect();
        let names: Vec<_> = before.iter().map(|(name, _)| name.clone()).collect();
        self.before.extend(before);
        tracing::warn!(
            workflow = self.config.name,
            ?names,
            "topics were recreated, or have lost events: reading of their partitions starts over"
        );
        let ids: Vec<_> = ids.into_keys().collect();
        self.lose(&ids);
        self.step = Step::Revoking {
            names,
            ids,
            until: Instant::now(),
            again: true,
        };
        true
    }

    /// Asks the shards for partitions, until then.
    pub(super) fn ask_back(&self, ids: &[PartitionId], until: Instant) {
        for partition in self.unreleased(ids) {
            self.tell(partition, Change::Revoked { partition, until });
        }
    }

    /// Takes partitions from their shards: nothing of them is committed any more.
    pub(super) fn lose(&mut self, ids: &[PartitionId]) {
        for partition in self.unreleased(ids) {
            self.tell(partition, Change::Lost { partition });
        }
        for id in ids {
            self.commits.forget(*id);
            if let Some(partition) = self.assignment.get_mut(*id) {
                partition.released = true;
            }
        }
    }

    /// Takes from their shards what they have not released in time.
    pub(super) fn give_up_on(&mut self, ids: &[PartitionId]) {
        for id in self.unreleased(ids) {
            if let Some(partition) = self.assignment.get(id) {
                tracing::warn!(
                    workflow = self.config.name,
                    topic = %partition.name.0,
                    number = partition.name.1,
                    "a revoked partition did not finish in time: its running executions run again elsewhere"
                );
            }
        }
        self.lose(ids);
    }

    fn unreleased(&self, ids: &[PartitionId]) -> Vec<PartitionId> {
        let held = |id: &&PartitionId| self.assignment.get(**id).is_some_and(|one| !one.released);
        ids.iter().filter(held).copied().collect()
    }

    /// Whether nothing of partitions that were asked back is waited for any more, at the latest from then on. At the
    /// end of their time the shards give up what runs and ask for a last commit, which has to come here and be answered.
    pub(super) fn is_drained(&self, ids: &[PartitionId], latest: Instant) -> bool {
        self.unsettled(ids) == 0 || self.consumer.assignment_lost() || Instant::now() >= latest
    }

    /// Returns how many partitions a shard still has, or wait for the answer to a commit.
    pub(super) fn unsettled(&self, ids: &[PartitionId]) -> usize {
        let is_unsettled = |id: &&PartitionId| {
            let partition = self.assignment.get(**id);
            partition.is_some_and(|partition| !partition.released) || self.commits.concern(**id)
        };
        ids.iter().filter(is_unsettled).count()
    }

    fn revoke(
        &mut self,
        names: Vec<TopicPartition>,
        ids: Vec<PartitionId>,
        until: Instant,
        again: bool,
    ) -> bool {
        let until = self.hurry(&ids, until);
        if !self.is_drained(&ids, until + COMMIT_GRACE) {
            self.step = Step::Revoking {
                names,
                ids,
                until,
                again,
            };
            return false;
        }
        self.give_back(&names, &ids);
        self.report_at = Instant::now();
        if again {
            self.begin_assign(names, true);
        } else {
            self.rebalanced();
        }
        true
    }

    fn give_back(&mut self, names: &[TopicPartition], ids: &[PartitionId]) {
        self.give_up_on(ids);
        let mut list = TopicPartitionList::with_capacity(names.len());
        // Those that were not handed out librdkafka does not know to be ours.
        for (topic, number) in names.iter().filter(|name| self.assignment.find(name).is_some()) {
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

    /// Whether the group gives and takes single partitions.
    pub(super) fn is_cooperative(&self) -> bool {
        matches!(self.consumer.rebalance_protocol(), RebalanceProtocol::Cooperative)
    }

    /// Tells librdkafka what is ours, or no longer.
    fn answer(&self, list: &TopicPartitionList, ours: bool) {
        let result = match (self.is_cooperative(), ours) {
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
}
