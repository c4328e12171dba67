//! A second workflow that comes to the shard, has events, and goes again, whatever happens to the first one.
//!
//! Events and callers ask for its executions. It leaves no messages and no records, so that the book knows nothing of it. Its dice are its own: the story of the
//! first workflow is the same with and without it, but for what both share.

use super::super::WAIT;
use super::super::calls;
use super::super::world::Given;
use super::dice::Dice;
use super::play::Play;
use crate::runtime::workflow::Workflow;
use crate::runtime::{Address, CallEnd, LaneId};
use crate::stream::offsets::Restored;
use crate::stream::{Change, PartitionId};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

/// In one round of so many a guest comes, or goes.
const CHANGES: usize = 12;

/// In one round of so many there is a call for the guest.
const CALLS: usize = 4;

/// How long a guest may take to go, in milliseconds.
const FAREWELLS_MS: [u64; 3] = [0, 1_000, 10_000];

/// The second workflow.
pub(super) struct Guest {
    dice: Dice,
    lane: LaneId,
    /// Names its partition; each guest has another one.
    partition: u32,
    offset: i64,
    desk: Address,
    /// What callers wait for.
    asked: Vec<oneshot::Receiver<CallEnd>>,
}

impl Guest {
    pub(super) fn new(seed: u64, desk: Address) -> Guest {
        Guest {
            dice: Dice::new(!seed),
            lane: desk.initial_lane(0),
            partition: 0,
            offset: 0,
            desk,
            asked: Vec::new(),
        }
    }
}

impl Play {
    /// Lets a guest come, have events, or go.
    pub(super) fn guests(&mut self) {
        let is_here = self.stage.shard.lanes() > 1;
        let changes = self.guest.dice.one_in(CHANGES);
        match (is_here, changes) {
            (false, true) if !self.is_stopping => self.welcome(),
            (false, _) => {}
            (true, true) => {
                let longest = self.guest.dice.pick(&FAREWELLS_MS);
                self.see_off(longest);
            }
            (true, false) => self.entertain(),
        }
    }

    /// Lets callers reach the shard that runs now. Those who asked the last one are answered, or see it go.
    pub(super) fn guests_after_restart(&mut self) {
        let gone = |heard: &mut oneshot::Receiver<CallEnd>| heard.try_recv() != Err(TryRecvError::Empty);
        assert!(self.guest.asked.drain(..).all(|mut heard| gone(&mut heard)));
        self.guest.desk = calls::listen(&mut self.stage);
    }

    fn welcome(&mut self) {
        self.guest.lane = self.stage.add_beside(WAIT, Workflow::default());
        assert_eq!(self.stage.shard.lanes(), 2);
        self.guest.partition += 1;
        self.guest.offset = 0;
        let mut world = self.stage.beside.borrow_mut();
        world.changes.push_back(Change::Assigned {
            partition: PartitionId(self.guest.partition),
            topic: "guests".into(),
            number: 0,
            restored: Restored::default(),
        });
    }

    fn entertain(&mut self) {
        if self.guest.dice.one_in(CALLS) {
            let input = format!(r#"{{"s": {}}}"#, self.guest.dice.below(4));
            let heard = calls::ask(&self.guest.desk, self.guest.lane, &input);
            // Some do not wait for the answer.
            if !self.guest.dice.one_in(CALLS) {
                self.guest.asked.push(heard);
            }
        }
        let mut world = self.stage.beside.borrow_mut();
        for _ in 0..self.guest.dice.below(4) {
            let seconds = self.guest.dice.below(4);
            world.events.push_back(Given {
                partition: self.guest.partition,
                offset: self.guest.offset,
                value: Some(format!(r#"{{"s": {seconds}}}"#).into_bytes()),
                ..Given::default()
            });
            self.guest.offset += 1;
        }
    }

    /// Sends the guest away, if there is one.
    pub(super) fn see_off(&mut self, longest_ms: u64) {
        if self.stage.shard.lanes() > 1 {
            let until = self.stage.now().instant + Duration::from_millis(longest_ms);
            self.stage.shard.remove_lane(self.guest.lane, until);
        }
    }

    /// Sees that all callers have heard, that nothing is committed of a guest that it has not had, and that no guest is left.
    pub(super) fn check_guest(&mut self) {
        for heard in &mut self.guest.asked {
            heard.try_recv().expect("whoever calls is answered");
        }
        assert_eq!(self.stage.shard.lanes(), 1, "a guest stays");
        let world = self.stage.beside.borrow();
        let released = world
            .released
            .iter()
            .filter_map(|(id, last)| Some((*id, last.as_ref()?)));
        let commits = world.commits.iter().map(|(id, commit, _)| (*id, commit));
        for (id, commit) in commits.chain(released) {
            let is_its = id == self.guest.partition;
            assert!(!is_its || commit.offset <= self.guest.offset, "{commit:?}");
        }
    }
}
