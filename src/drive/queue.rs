//! What is due when.

use crate::vm::Token;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// What will be brought to the run.
#[derive(Debug)]
pub(super) enum Due {
    /// The time of a Wait or a retry has come.
    Time,
    /// The task's time is up.
    TimedOut,
    /// The task succeeded with this JSON text.
    Success(Vec<u8>),
    /// The task failed.
    Failure {
        error: Option<String>,
        cause: Option<String>,
    },
}

/// One thing that is due.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) at_ms: i64,
    /// Counts up, so that things due at the same moment keep their order.
    sequence: u64,
    pub(super) token: Token,
    pub(super) due: Due,
}

/// Things that are due, the next one first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    items: BinaryHeap<Item>,
    pushed: u64,
}

impl Queue {
    pub(super) fn push(&mut self, at_ms: i64, token: Token, due: Due) {
        self.pushed += 1;
        self.items.push(Item {
            at_ms,
            sequence: self.pushed,
            token,
            due,
        });
    }

    /// Takes the next thing that is due before a time.
    pub(super) fn pop_before(&mut self, limit_ms: i64) -> Option<Item> {
        if self.items.peek()?.at_ms >= limit_ms {
            return None;
        }
        self.items.pop()
    }
}

impl Ord for Item {
    /// The earliest is the greatest: the heap gives the greatest first.
    fn cmp(&self, other: &Item) -> Ordering {
        (other.at_ms, other.sequence).cmp(&(self.at_ms, self.sequence))
    }
}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Item) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Item) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Item {}
