//! Messages to topics that events name and nothing has reached yet: such a topic may not exist.
//!
//! Owns how much of the sink they take. Must not know where names come from. Invariant: what a message took is given back
//! once: when it is answered, or when the topic is proven.

use super::deliveries::OnTrial;
use super::outbox::{Outbox, Trial};
use super::ticket::Cost;
use crate::stream::TopicId;

/// To how many such topics the messages of a lane may be on their way like any others: whoever makes names up makes many,
/// and one that exists is one of a few until the first message has arrived.
const TRIED_FEW: usize = 16;

impl Outbox {
    /// Says whether a message of a lane may be sent to a topic that may not exist: those are few, or there is room.
    pub(super) fn may_try(&self, lane: u32, topic: TopicId) -> bool {
        let trial = self.trials.get(lane as usize).copied().unwrap_or_default();
        trial.topics <= TRIED_FEW || trial.cost < self.on_trial_max || self.standing(topic).is_proven
    }

    /// Notes a message of a lane that is on its way to a topic that may not exist.
    pub(super) fn enter_trial(&mut self, lane: u32, topic: TopicId, cost: usize) {
        let is_new = self
            .account(topic)
            .is_some_and(|account| account.enter_trial(lane, cost));
        let index = lane as usize;
        if index >= self.trials.len() {
            self.trials.resize_with(index + 1, Trial::default);
        }
        self.trials[index].cost += cost;
        self.trials[index].topics += usize::from(is_new);
    }

    /// Notes that a message is on its way no more, for the room of those to topics that may not exist.
    pub(super) fn leave_trial(&mut self, lane: u32, topic: TopicId, cost: Cost) {
        let back = match self.account(topic) {
            Some(account) if !account.on_trial.is_empty() => account.leave_trial(lane, cost.get()),
            _ => return,
        };
        self.end_trial(back);
    }

    /// Gives back what messages of lanes to one topic took of the room for those on trial.
    pub(super) fn end_trial(&mut self, back: OnTrial) {
        for (lane, cost, is_last) in back {
            let trial = &mut self.trials[lane as usize];
            trial.cost -= cost;
            trial.topics -= usize::from(is_last);
        }
    }
}
