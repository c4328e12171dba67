//! Which partitions wait to be handed out, and what was found out about them.
//!
//! Must not know the thread that asks. Invariant: what was found out before a partition was given away is not used after
//! it came back.

use crate::stream::kafka::consumer::positions::{Facts, Position};
use crate::stream::kafka::consumer::search::Search;
use crate::stream::kafka::shared::client::TopicPartition;
use rdkafka::error::KafkaError;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long a question that failed is not asked again.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// How many questions are under way at a time; a rebalance asks one, whatever became of the last.
const SEARCHES_MAX: usize = 4;

/// The partitions that are ours and not handed out.
#[derive(Default)]
pub(super) struct Finding {
    pub(super) wanted: BTreeSet<TopicPartition>,
    searches: Vec<Search>,
    /// Found, and about to be handed out.
    pub(super) found: Vec<(TopicPartition, Position)>,
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
    pub(super) fn is_searched(&self, name: &TopicPartition) -> bool {
        self.searches.iter().any(|search| search.is_about(name))
    }

    /// Returns the partitions to ask for now.
    pub(super) fn due(&self, now: Instant) -> Vec<TopicPartition> {
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

    pub(super) fn started(&mut self, search: Search) {
        if self.searches.len() >= SEARCHES_MAX {
            self.searches.remove(0);
        }
        self.searches.push(search);
        self.again_at = None;
    }

    /// Takes what was found out; those of which nothing was are asked for again in a while.
    pub(super) fn take(&mut self, now: Instant) -> Vec<(TopicPartition, Facts)> {
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
    pub(super) fn reason(&self) -> Option<String> {
        let error = self.failed.values().next()?;
        let names: Vec<_> = self.failed.keys().cloned().collect();
        Some(format!(
            "cannot determine where to continue in {}: {error}",
            listed(&names)
        ))
    }
}

/// Names partitions for the diagnostics: `orders 0 1 2, returns 0`.
pub(super) fn listed(names: &[TopicPartition]) -> String {
    let mut topics: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (topic, number) in names {
        topics.entry(topic).or_default().push(number.to_string());
    }
    let topics: Vec<String> = topics
        .iter()
        .map(|(topic, numbers)| format!("{topic} {}", numbers.join(" ")))
        .collect();
    match topics.is_empty() {
        true => "no partitions".to_owned(),
        false => topics.join(", "),
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
