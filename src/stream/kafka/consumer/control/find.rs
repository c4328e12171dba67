//! Partitions that are ours and not handed out: where they go on is found out beside this thread.
//!
//! Owns which of them wait, and for what. Must not know how brokers are asked. Invariants: what is known is handed
//! out without those of which nothing is known, which are asked for again; what was found out before a partition was
//! given away is not used after it came back.

use super::rebalance::listed;
use super::{RETRY, Step, Worker};
use crate::stream::kafka::consumer::positions::{self, Facts, Position};
use crate::stream::kafka::consumer::search::{Question, Search};
use crate::stream::kafka::shared::client::TopicPartition;
use rdkafka::error::KafkaError;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// How many questions are under way at a time; a rebalance asks one, whatever became of the last.
const SEARCHES_MAX: usize = 4;

/// The partitions that are ours and not handed out.
#[derive(Default)]
pub(super) struct Finding {
    wanted: BTreeSet<TopicPartition>,
    searches: Vec<Search>,
    /// Found, and about to be handed out.
    found: Vec<(TopicPartition, Position)>,
    /// Why they were not found when they were asked for last.
    failed: BTreeMap<TopicPartition, KafkaError>,
    /// When those that were not found are asked for again.
    again_at: Option<Instant>,
}

impl Finding {
    /// Adds partitions that have come to us.
    pub(super) fn want(&mut self, names: &[TopicPartition]) {
        self.forget(names);
        self.wanted.extend(names.iter().cloned());
        self.again_at = None;
    }

    /// Forgets partitions that are given away.
    pub(super) fn forget(&mut self, names: &[TopicPartition]) {
        for name in names {
            self.wanted.remove(name);
            self.failed.remove(name);
            self.searches.iter_mut().for_each(|search| search.forget(name));
        }
        self.found.retain(|(name, _)| !names.contains(name));
    }

    /// Whether nothing is left to be handed out.
    pub(super) fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Whether a partition's question is under way.
    fn is_searched(&self, name: &TopicPartition) -> bool {
        self.searches.iter().any(|search| search.is_about(name))
    }

    /// Returns the partitions to ask for now.
    fn due(&self, now: Instant) -> Vec<TopicPartition> {
        if self.again_at.is_some_and(|at| now < at) {
            return Vec::new();
        }
        let is_found = |name: &TopicPartition| self.found.iter().any(|(found, _)| found == name);
        let due = self
            .wanted
            .iter()
            .filter(|name| !self.is_searched(name) && !is_found(name));
        due.cloned().collect()
    }

    /// Returns when there is something to ask.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.again_at.filter(|_| !self.wanted.is_empty())
    }

    fn started(&mut self, search: Search) {
        if self.searches.len() >= SEARCHES_MAX {
            self.searches.remove(0);
        }
        self.searches.push(search);
        self.again_at = None;
    }

    /// Takes what was found out; those of which nothing was are asked for again in a while.
    fn take(&mut self, now: Instant) -> Vec<(TopicPartition, Facts)> {
        let (mut known, mut is_short) = (Vec::new(), false);
        self.searches.retain_mut(|search| {
            let (facts, is_over) = search.take();
            for (name, fact) in facts {
                match fact {
                    Ok(facts) => {
                        self.failed.remove(&name);
                        known.push((name, facts));
                    }
                    Err(error) => {
                        self.failed.insert(name, error);
                        is_short = true;
                    }
                }
            }
            is_short |= is_over;
            !is_over
        });
        if is_short {
            self.again_at = Some(now + RETRY);
        }
        known
    }

    /// Says which partitions were not found, and why.
    fn reason(&self) -> Option<String> {
        let error = self.failed.values().next()?;
        let names: Vec<_> = self.failed.keys().cloned().collect();
        Some(format!(
            "cannot determine where to continue in {}: {error}",
            listed(&names)
        ))
    }
}

impl Worker {
    /// Asks for what is not known and hears of what is; partitions that are found wait to be handed out.
    fn find(&mut self, now: Instant) {
        let names = self.finding.due(now);
        if !names.is_empty() {
            let question = Question {
                consumer: self.consumer.clone(),
                topics: self.topics.another(),
                names,
                start: self.config.start,
            };
            self.finding.started(Search::start(question, self.bell.clone()));
        }
        for (name, facts) in self.finding.take(now) {
            let identity = self.identity(&name, facts.topic);
            let position = positions::position(&name, facts, identity, &self.config);
            self.finding.found.push((name, position));
            self.health.answered();
        }
    }

    /// Returns the partitions of an assignment that can be handed out; `None` while it is better to wait for more.
    pub(super) fn found(
        &mut self,
        names: &[TopicPartition],
        until: Instant,
    ) -> Option<Vec<(TopicPartition, Position)>> {
        let now = Instant::now();
        self.find(now);
        let waits = names.iter().any(|name| self.finding.is_searched(name));
        // The eager protocol assigns all or nothing.
        if waits && (now < until || !self.is_cooperative()) {
            return None;
        }
        Some(self.take_found())
    }

    fn take_found(&mut self) -> Vec<(TopicPartition, Position)> {
        let found = std::mem::take(&mut self.finding.found);
        for (name, _) in &found {
            self.finding.wanted.remove(name);
        }
        self.tell_unplaced();
        found
    }

    /// Says once which partitions are not read, and why.
    fn tell_unplaced(&self) {
        let reason = self.finding.reason();
        let text = reason.clone();
        if self.health.unplaced(reason)
            && let Some(text) = text
        {
            let name = &self.config.name;
            tracing::warn!(
                workflow = name,
                "{text}; trying again, the other partitions are read"
            );
            self.health.failed(&text);
        }
    }

    /// Hands out partitions that were not known when the others were; says whether a step begins.
    pub(super) fn place(&mut self) -> bool {
        if self.finding.is_empty() || self.shards.iter().any(|shard| shard.barrier) {
            return false;
        }
        self.find(Instant::now());
        if self.finding.found.is_empty() {
            self.tell_unplaced();
            return false;
        }
        if self.is_cooperative() {
            let found = self.take_found();
            self.hand_out(found);
            return false;
        }
        // The eager protocol assigns all or nothing: what is read is given back, drained, and all assigned anew.
        let ids = self.assignment.ids();
        let held = self.assignment.iter().map(|(_, one)| one.name.clone());
        let names: Vec<_> = held.chain(self.finding.wanted.iter().cloned()).collect();
        let until = Instant::now() + self.config.drain_timeout;
        self.ask_back(&ids, until);
        self.step = Step::Revoking {
            names,
            ids,
            until,
            again: true,
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::kafka::shared::native_topics::Answer;
    use rdkafka::error::RDKafkaErrorCode as Code;
    use std::sync::Arc;

    fn name(number: i32) -> TopicPartition {
        (Arc::from("orders"), number)
    }

    fn facts() -> Facts {
        Facts {
            topic: Answer::Untold,
            commit: None,
            low: Some(0),
            high: Some(9),
            start: None,
        }
    }

    fn numbers<T>(names: &[(TopicPartition, T)]) -> Vec<i32> {
        names.iter().map(|((_, number), _)| *number).collect()
    }

    #[test]
    fn a_partition_without_a_leader_holds_up_itself_only() {
        let (now, names) = (Instant::now(), [name(0), name(1), name(2)]);
        let mut finding = Finding::default();
        finding.want(&names);
        assert_eq!(finding.due(now), names);
        let (answers, search) = crossbeam_channel::unbounded();
        finding.started(Search::answering(&names, search));
        assert!(finding.due(now).is_empty(), "it is asked already");
        answers.send((name(0), Ok(facts()))).expect("a search");
        let error = KafkaError::MetadataFetch(Code::LeaderNotAvailable);
        answers.send((name(1), Err(error))).expect("a search");
        let known = finding.take(now);
        assert_eq!(numbers(&known), [0]);
        finding.wanted.remove(&name(0));
        let reason = finding.reason().expect("a reason");
        assert!(
            reason.contains("orders 1:") && reason.contains("LeaderNotAvailable"),
            "{reason}"
        );
        // The slow one is still waited for; the other is asked for again in a while.
        assert!(finding.is_searched(&name(2)) && finding.due(now).is_empty());
        assert_eq!(finding.due(now + RETRY), [name(1)]);
        drop(answers);
        assert!(finding.take(now).is_empty());
        assert_eq!(finding.due(now + RETRY), [name(1), name(2)]);
    }

    #[test]
    fn a_partition_whose_topic_is_gone_is_asked_for_until_it_is_taken_away() {
        let (now, names) = (Instant::now(), [name(0), name(1)]);
        let mut finding = Finding::default();
        finding.want(&names);
        let (answers, search) = crossbeam_channel::unbounded();
        finding.started(Search::answering(&names, search));
        answers.send((name(0), Ok(facts()))).expect("a search");
        let error = KafkaError::MetadataFetch(Code::UnknownTopicOrPartition);
        answers.send((name(1), Err(error))).expect("a search");
        drop(answers);
        assert_eq!(numbers(&finding.take(now)), [0]);
        finding.wanted.remove(&name(0));
        // Nothing is waited for, so that the step ends and what was found is handed out.
        assert!(!names.iter().any(|name| finding.is_searched(name)));
        assert_eq!(finding.due(now + RETRY), [name(1)]);
        finding.forget(&[name(1)]);
        assert!(finding.is_empty() && finding.due_at().is_none());
        assert_eq!(finding.reason(), None);
    }

    #[test]
    fn what_was_found_out_before_a_partition_went_is_not_used_when_it_is_back() {
        let (now, names) = (Instant::now(), [name(0), name(1)]);
        let mut finding = Finding::default();
        finding.want(&names);
        let (answers, search) = crossbeam_channel::unbounded();
        finding.started(Search::answering(&names, search));
        finding.forget(&[name(0)]);
        finding.want(&[name(0)]);
        assert_eq!(finding.due(now), [name(0)]);
        answers.send((name(0), Ok(facts()))).expect("a search");
        answers.send((name(1), Ok(facts()))).expect("a search");
        assert_eq!(numbers(&finding.take(now)), [1]);
    }
}
