//! One partition that a shard has: what of it is begun, held, and on its way to a commit.
//!
//! Must not know how an execution runs. Invariant: an offset that was begun is completed once, and only while its
//! partition is here.

use super::held::Held;
use super::position::Namer;
use crate::stream::Checkpoint;
use crate::stream::offsets::{Restored, Tracker};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

/// One partition that the shard has.
pub(super) struct Partition {
    pub(super) topic: Arc<str>,
    pub(super) number: i32,
    pub(super) namer: Namer,
    pub(super) tracker: Tracker,
    /// Events that are begun and not finished, without those that wait for their turn.
    pub(super) running: usize,
    /// Events that wait for their turn: in a line, or with their turn come.
    pub(super) waiting: usize,
    /// Set when it is taken away: nothing begins any more, and at this time what runs is given up.
    pub(super) until: Option<Instant>,
    /// What was given up, once that time has come.
    pub(super) given_up: Option<GivenUp>,
    pub(super) precommit: PreCommit,
}

/// Events of a partition that its time was too short for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GivenUp {
    /// Executions that were running.
    pub(super) executions: usize,
    /// Events that waited for their turn.
    pub(super) waiting: usize,
}

/// Sync mode: events that wait for the commit that lets them run.
#[derive(Default)]
pub(super) struct PreCommit {
    /// Taken from the source, not begun.
    pub(super) held: VecDeque<Held>,
    /// The offsets of events that are held without their data, since copying them panicked, and what was said.
    pub(super) broken: Vec<(i64, String)>,
    /// Begun; they run when the commit is acknowledged.
    pub(super) asked: VecDeque<Held>,
    /// What leaves with the commit that is under way.
    pub(super) commit: Option<Checkpoint>,
    /// When the commit was asked for.
    pub(super) asked_ms: Option<i64>,
    /// When the commit is asked for again, after an answer that says nothing.
    pub(super) again_ms: Option<i64>,
    /// One above the last offset that was committed ahead.
    pub(super) next: Option<i64>,
    /// Where the source has come to, behind the held events.
    pub(super) passed: Option<i64>,
    /// Cut-off events that are still being named: until then no commit forgets them.
    pub(super) naming: usize,
    /// Whether the partition belongs to somebody else: nothing of it runs.
    pub(super) is_fenced: bool,
}

impl Partition {
    /// Creates what is known of a partition that goes on where a commit left it.
    pub(super) fn new(topic: Arc<str>, number: i32, restored: &Restored) -> Partition {
        Partition {
            namer: Namer::new(&topic, number),
            topic,
            number,
            tracker: Tracker::new(restored),
            running: 0,
            waiting: 0,
            until: None,
            given_up: None,
            precommit: PreCommit {
                next: restored.offset,
                ..PreCommit::default()
            },
        }
    }
}

impl PreCommit {
    /// Returns how many events wait.
    pub(super) fn events(&self) -> usize {
        self.held.len() + self.asked.len()
    }
}
