//! Commits on their way to the broker.
//!
//! Owns which commits are wanted and which are asked. Must not know shards. Invariant: one request is
//! under way at a time, so commits of a partition cannot overtake each other; of those that wait only the
//! newest is kept.

use super::assignment::Assignment;
use super::mailbox::Wanted;
use super::native;
use crate::stream::kafka::shared::client::{Consumer, TopicPartition};
use crate::stream::kafka::shared::health::Health;
use crate::stream::offsets::Commit;
use crate::stream::{CommitError, PartitionId};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode as Code;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

/// How long to leave the broker alone after it refused a commit for now.
const BACKOFF: Duration = Duration::from_millis(250);

/// How long reading back what is committed may take.
const READ_BACK_TIMEOUT: Duration = Duration::from_secs(5);

/// The commits of one consumer.
pub(super) struct Commits {
    waiting: BTreeMap<PartitionId, Wanted>,
    asked: BTreeMap<PartitionId, Wanted>,
    under_way: bool,
    not_before: Instant,
    /// The longest metadata that is sent, in bytes: half of the shortest that a broker has refused.
    metadata_max: usize,
    /// Until then nobody is asked what is committed: the last one who was did not say.
    silent_until: Instant,
}

/// What became of a commit that somebody waits for.
pub(super) struct Answer {
    pub(super) partition: PartitionId,
    pub(super) offset: i64,
    pub(super) result: Result<(), CommitError>,
}

impl Commits {
    pub(super) fn new() -> Commits {
        let (waiting, asked) = (BTreeMap::new(), BTreeMap::new());
        Commits {
            waiting,
            asked,
            under_way: false,
            not_before: Instant::now(),
            metadata_max: usize::MAX,
            silent_until: Instant::now(),
        }
    }

    /// Notes a newer commit than any before.
    pub(super) fn want(&mut self, partition: PartitionId, mut wanted: Wanted) {
        if let Some(older) = self.waiting.get(&partition) {
            wanted.answered |= older.answered;
        }
        self.waiting.insert(partition, wanted);
    }

    /// Whether a commit of the partition is waiting or under way.
    pub(super) fn concern(&self, partition: PartitionId) -> bool {
        self.waiting.contains_key(&partition) || self.asked.contains_key(&partition)
    }

    /// Forgets a partition that is no longer ours.
    pub(super) fn forget(&mut self, partition: PartitionId) {
        self.waiting.remove(&partition);
        self.asked.remove(&partition);
    }

    /// Returns when there is something to do, if there is.
    pub(super) fn due(&self) -> Option<Instant> {
        (!self.under_way && !self.waiting.is_empty()).then_some(self.not_before)
    }

    /// Asks for what is wanted, unless a request is under way.
    pub(super) fn flush(&mut self, consumer: &Consumer, assignment: &Assignment, now: Instant) {
        if self.due().is_none_or(|due| due > now) {
            return;
        }
        let mut list = TopicPartitionList::with_capacity(self.waiting.len());
        let waiting = std::mem::take(&mut self.waiting);
        for (id, mut wanted) in waiting {
            wanted.commit.cut_metadata(self.metadata_max);
            if let Some(partition) = assignment.get(id) {
                let mut element = list.add_partition(&partition.name.0, partition.name.1);
                if element.set_offset(Offset::Offset(wanted.commit.offset)).is_ok() {
                    if !wanted.commit.metadata.is_empty() {
                        element.set_metadata(&wanted.commit.metadata);
                    }
                    self.asked.insert(id, wanted);
                }
            }
        }
        if self.asked.is_empty() {
            return;
        }
        match native::commit(consumer, &list) {
            Ok(()) => self.under_way = true,
            Err(code) => {
                tracing::warn!("commit: {code}");
                self.again_all(now);
            }
        }
    }

    /// Takes librdkafka's answer.
    pub(super) fn answered(
        &mut self,
        consumer: &Consumer,
        assignment: &mut Assignment,
        health: &Health,
        whole: Option<Code>,
        single: Vec<(TopicPartition, Option<Code>)>,
    ) -> Vec<Answer> {
        self.under_way = false;
        let mut answers = Vec::new();
        let named: BTreeSet<_> = single
            .iter()
            .filter_map(|(name, _)| assignment.find(name))
            .collect();
        // An error of all is one of each, named or not.
        let unnamed = self
            .asked
            .keys()
            .filter(|id| whole.is_some() && !named.contains(id));
        let unnamed = unnamed.filter_map(|id| Some((assignment.get(*id)?.name.clone(), whole)));
        let unnamed: Vec<_> = unnamed.collect();
        for (name, code) in single.into_iter().chain(unnamed) {
            let Some(id) = assignment.find(&name) else {
                continue;
            };
            let Some(wanted) = self.asked.remove(&id) else {
                continue;
            };
            let offset = wanted.commit.offset;
            let answered = wanted.answered;
            let result = match code.or(whole) {
                None => Some(Ok(())),
                Some(code) => {
                    health.commit_failed();
                    self.failed(consumer, &name, id, wanted, code)
                }
            };
            if let (Some(Ok(())), Some(partition)) = (&result, assignment.get_mut(id)) {
                partition.committed = Some(offset);
                health.answered();
            }
            if let (Some(result), true) = (result, answered) {
                answers.push(Answer {
                    partition: id,
                    offset,
                    result,
                });
            }
        }
        // What was not answered is asked again, but for partitions that are gone.
        for (id, wanted) in std::mem::take(&mut self.asked) {
            if assignment.get(id).is_some() {
                self.again(id, wanted);
            }
        }
        answers
    }

    /// Decides about a commit that failed; `None` when it is tried again.
    fn failed(
        &mut self,
        consumer: &Consumer,
        name: &TopicPartition,
        id: PartitionId,
        wanted: Wanted,
        code: Code,
    ) -> Option<Result<(), CommitError>> {
        let (topic, number) = name;
        match code {
            // Certainly not committed. Either a rebalance overtook the commit, and what we keep is committed as
            // the group is now; or the assignment is lost, which we are about to hear.
            Code::IllegalGeneration | Code::StaleMemberEpoch if !consumer.assignment_lost() => {
                tracing::debug!(%topic, number, "commit overtaken by a rebalance, trying again: {code}");
                self.again(id, wanted);
                None
            }
            Code::IllegalGeneration
            | Code::StaleMemberEpoch
            | Code::UnknownMemberId
            | Code::FencedInstanceId
            | Code::FencedMemberEpoch
            | Code::AssignmentLost
            | Code::Fatal => {
                tracing::warn!(%topic, number, "commit refused, the partition is not ours any more: {code}");
                Some(Err(CommitError::NotOwner))
            }
            // Certainly not committed: the group is busy.
            Code::RebalanceInProgress | Code::CoordinatorLoadInProgress => {
                self.again(id, wanted);
                None
            }
            Code::OffsetMetadataTooLarge => {
                let refused = wanted.commit.metadata.len();
                self.metadata_max = self.metadata_max.min(refused / 2);
                tracing::warn!(%topic, number, refused, sent = self.metadata_max, "the broker accepts fewer \
                    bytes \
                of commit metadata (offset.metadata.max.bytes): from now on, the rest is left out. After a \
                crash, more finished executions run again (async), or fewer cut-off executions are reported \
                (sync)");
                self.again(id, wanted);
                None
            }
            code if wanted.answered => {
                tracing::warn!(%topic, number, "commit unanswered, reading back: {code}");
                Some(self.read_back(consumer, name, &wanted.commit, code))
            }
            code => {
                tracing::warn!(%topic, number, "commit failed, trying again: {code}");
                self.again(id, wanted);
                None
            }
        }
    }

    /// Looks whether a commit stands.
    fn read_back(
        &mut self,
        consumer: &Consumer,
        name: &TopicPartition,
        commit: &Commit,
        code: Code,
    ) -> Result<(), CommitError> {
        if Instant::now() < self.silent_until {
            // A commit of many partitions asks once, not for each as long as it may take.
            return Err(CommitError::Unknown(code.to_string()));
        }
        let stands = committed(consumer, std::slice::from_ref(name), READ_BACK_TIMEOUT).pop();
        match stands.unwrap_or(Err(KafkaError::OffsetFetch(Code::NoOffset))) {
            Ok(stands) if stands.as_ref() == Some(commit) => Ok(()),
            Ok(_) => Err(CommitError::Unknown(format!("{code}; the commit was not stored"))),
            Err(error) => {
                self.silent_until = Instant::now() + READ_BACK_TIMEOUT;
                Err(CommitError::Unknown(format!("{code}; {error}")))
            }
        }
    }

    fn again(&mut self, id: PartitionId, wanted: Wanted) {
        let answered = wanted.answered;
        self.not_before = Instant::now() + BACKOFF;
        self.waiting.entry(id).or_insert(wanted).answered |= answered;
    }

    fn again_all(&mut self, now: Instant) {
        self.not_before = now + BACKOFF;
        self.waiting.append(&mut self.asked);
    }
}

/// Reads what is committed for partitions, in their order; an error where the broker does not say it in time. What its
/// answer does not mention is not known.
pub(super) fn committed(
    consumer: &Consumer,
    names: &[TopicPartition],
    timeout: Duration,
) -> Vec<Result<Option<Commit>, KafkaError>> {
    if names.is_empty() {
        return Vec::new();
    }
    let mut list = TopicPartitionList::with_capacity(names.len());
    for (topic, number) in names {
        list.add_partition(topic, *number);
    }
    let list = match consumer.committed_offsets(list, timeout) {
        Ok(list) => list,
        Err(error) => return vec![Err(error); names.len()],
    };
    let elements = list.elements();
    let mut metadata = native::metadata(&list);
    let places = elements.iter().enumerate();
    let places: HashMap<_, _> = places
        .map(|(index, element)| ((element.topic(), element.partition()), index))
        .collect();
    // By name: librdkafka may answer in another order.
    let answer = |(topic, number): &TopicPartition| {
        let Some(&index) = places.get(&(&**topic, *number)) else {
            return Err(KafkaError::OffsetFetch(Code::NoOffset));
        };
        let (element, metadata) = (&elements[index], std::mem::take(&mut metadata[index]));
        element.error()?;
        Ok(match element.offset() {
            Offset::Offset(offset) => Some(Commit { offset, metadata }),
            _ => None,
        })
    };
    names.iter().map(answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::kafka::shared::client::unreachable;
    use std::sync::Arc;

    /// What becomes of a commit that somebody waits for when the answer to it is about no partition: what the waiting
    /// one hears, and whether it is asked again.
    fn unnamed(whole: Option<Code>) -> (Vec<Result<(), CommitError>>, bool) {
        let consumer = unreachable();
        // Closing it would wait for the commit.
        std::mem::forget(Arc::clone(&consumer));
        let (mut commits, mut assignment) = (Commits::new(), Assignment::default());
        let id = assignment.add(&consumer, &(Arc::from("orders"), 3), 0);
        let commit = Commit::default();
        commits.want(
            id,
            Wanted {
                commit,
                answered: true,
            },
        );
        commits.flush(&consumer, &assignment, Instant::now());
        assert!(commits.under_way && commits.waiting.is_empty());
        let answers = commits.answered(&consumer, &mut assignment, &Health::default(), whole, Vec::new());
        let again = commits.waiting.get(&id).is_some_and(|wanted| wanted.answered);
        (answers.into_iter().map(|answer| answer.result).collect(), again)
    }

    #[test]
    fn an_answer_about_no_partition_loses_no_commit() {
        assert_eq!(unnamed(None), (vec![], true));
        assert_eq!(unnamed(Some(Code::CoordinatorLoadInProgress)), (vec![], true));
        let refused = vec![Err(CommitError::NotOwner)];
        assert_eq!(unnamed(Some(Code::UnknownMemberId)), (refused, false));
    }
}
