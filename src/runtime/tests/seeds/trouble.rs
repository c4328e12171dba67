//! What a round of a seed does to the shard.

use super::plan::{PARTITIONS, compiled};
use super::play::Play;
use crate::stream::SendError;
use std::time::Duration;

/// How far the wall clock may be off.
const CLOCK_STEPS_MS: [i64; 5] = [0, -3_600_000, 3_600_000, -360_000, 50];

impl Play {
    /// Does what the dice say, between two turns.
    pub(super) fn trouble(&mut self) {
        self.events();
        self.answers();
        self.owners();
        self.sink();
        self.guests();
        if self.is_time() {
            self.stage.wall_off_ms = self.dice.pick(&CLOCK_STEPS_MS);
        }
        if self.is_time() {
            let version = compiled(self.plan.definition);
            let lane = self.stage.shard.first_lane();
            self.stage.shard.publish(lane, version);
        }
        if self.dice.one_in(40) && self.is_time() {
            self.crash();
        }
        if self.dice.one_in(40) && !self.is_stopping && self.is_time() {
            let longest = Duration::from_millis(self.dice.below(5_000) as u64);
            self.is_stopping = true;
            let until = self.stage.now().instant + longest;
            for id in self.assigned.into_iter().flatten() {
                let known = self.until.entry(id).or_insert(until);
                *known = until.min(*known);
            }
            self.is_leaving = self.assigned.map(|assigned| assigned.is_some());
            self.stage.shard.stop(until);
        }
    }

    /// Says whether it is time for trouble.
    fn is_time(&mut self) -> bool {
        self.dice.one_in(self.plan.trouble)
    }

    fn events(&mut self) {
        for _ in 0..self.dice.below(5) {
            if self.produced < self.plan.events {
                self.produce();
            }
        }
        let (partition, count) = (self.dice.below(PARTITIONS), self.dice.below(8));
        if self.dice.one_in(5) {
            // Markers of transactions, say.
            self.logs[partition].end += 2;
        }
        if self.dice.one_in(3) {
            self.pass(partition);
        }
        self.hand_over(partition, count);
    }

    fn answers(&mut self) {
        for _ in 0..self.dice.below(6) {
            if self.unacknowledged.is_empty() {
                break;
            }
            let at = self.dice.below(self.unacknowledged.len());
            let error = self.is_time().then(|| refusal(self.dice.below(3)));
            self.acknowledge(at, error.map_or(Ok(()), Err));
        }
        for _ in 0..self.dice.below(4) {
            if self.unanswered.is_empty() {
                break;
            }
            let at = self.dice.below(self.unanswered.len());
            let errors = [None, None, Some("Again"), Some("Caught"), Some("Nope")];
            let error = self.dice.pick(&errors);
            self.answer(at, error);
        }
        if self.dice.one_in(2) {
            self.confirm_log();
        }
        let count = self.dice.below(4);
        self.answer_commits(count, false);
    }

    fn owners(&mut self) {
        let partition = self.dice.below(PARTITIONS);
        let is_time = self.is_time();
        match self.assigned[partition] {
            None if !self.is_stopping => self.assign(partition),
            None => {}
            Some(_) if !is_time => {}
            Some(_) => match self.dice.below(5) {
                0 => self.lost(partition),
                // Somebody else has it; the shard will hear of it later.
                1 => self.logs[partition].owner = None,
                _ => {
                    let longest = self.dice.pick(&[0, 100, 5_000, 60_000]);
                    self.revoke(partition, longest);
                }
            },
        }
        if self.logs[partition].owner.is_none() && self.assigned[partition].is_some() && self.dice.one_in(3) {
            self.lost(partition);
        }
    }

    fn sink(&mut self) {
        let room = self.is_time().then(|| self.dice.below(3));
        let refused = self.is_time().then(|| refusal(self.dice.below(4)));
        let is_full = self.is_time();
        let mut world = self.stage.world.borrow_mut();
        (world.sink_room, world.refusal, world.log_is_full) = (room, refused, is_full);
    }

    /// The process ends here, and another begins; of the last commits some may stand.
    fn crash(&mut self) {
        for _ in 0..self.dice.below(3) {
            if let Some((id, commit, _)) = self.commits.pop_front() {
                self.commit(id, &commit);
            }
        }
        self.start_anew();
    }
}

fn refusal(kind: usize) -> SendError {
    let text = "trouble".to_owned();
    match kind {
        0 => SendError::Failed(text),
        1 => SendError::Refused(text),
        2 => SendError::TooLarge(text),
        _ => SendError::Full,
    }
}
