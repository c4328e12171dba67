//! Partitions that are ours and not handed out: where they go on is found out beside this thread.
//!
//! Owns which of them wait, and for what. Must not know how brokers are asked. Invariants: what is known is handed
//! out without those of which nothing is known, which are asked for again; what was found out before a partition was
//! given away is not used after it came back.

use super::worker::{Step, Worker};
use crate::stream::kafka::consumer::positions::{self, Position};
use crate::stream::kafka::consumer::search::{Question, Search};
use crate::stream::kafka::shared::client::TopicPartition;
use std::time::Instant;

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
