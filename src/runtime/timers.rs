//! What is due at a time: the ends of Waits and retry delays, and answers that a connector has promised.
//!
//! A binary heap; what falls due at the same moment comes in the order it was added. Deadlines and time
//! limits are not here: nearly all of them never come to pass, so the flights are swept for them instead.

use super::flight::FlightId;
use crate::vm::Token;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Something that is due.
pub(super) struct Due {
    at_ms: i64,
    order: u64,
    pub(super) flight: FlightId,
    pub(super) token: Token,
    /// The result of a task; `None` when a time has come.
    pub(super) result: Option<Box<[u8]>>,
}

impl Due {
    fn bytes(&self) -> usize {
        self.result.as_deref().map_or(0, <[u8]>::len)
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Due) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Due) -> Ordering {
        (self.at_ms, self.order).cmp(&(other.at_ms, other.order))
    }
}

/// How many may be there, and how many bytes of results, before those are looked for that nobody waits for any more.
const SWEEP_MIN: usize = 1_024;
const SWEEP_BYTES_MIN: usize = 1 << 20;

/// What is due, soonest first. At most twice as many, and twice as much, as executions in flight wait for, and
/// [`SWEEP_MIN`]: a branch or an execution that ends leaves its own here, until a sweep.
#[derive(Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<Due>>,
    order: u64,
    /// Bytes of all results.
    bytes: usize,
    /// How many, and how much, the last sweep has left.
    swept: usize,
    swept_bytes: usize,
}

impl Timers {
    pub(super) fn add(&mut self, at_ms: i64, flight: FlightId, token: Token, result: Option<Box<[u8]>>) {
        self.order += 1;
        self.bytes += result.as_deref().map_or(0, <[u8]>::len);
        self.heap.push(Reverse(Due {
            at_ms,
            order: self.order,
            flight,
            token,
            result,
        }));
    }

    /// Takes the next thing that is due by now.
    pub(super) fn take(&mut self, now_ms: i64) -> Option<Due> {
        if self.next_ms()? > now_ms {
            return None;
        }
        let Reverse(due) = self.heap.pop()?;
        self.bytes -= due.bytes();
        Some(due)
    }

    /// Drops what nobody waits for, if there may be as much of it as of the rest.
    pub(super) fn sweep(&mut self, is_awaited: impl Fn(FlightId, Token) -> bool) {
        let are_many = self.heap.len() >= SWEEP_MIN.max(2 * self.swept);
        if !are_many && self.bytes < SWEEP_BYTES_MIN.max(2 * self.swept_bytes) {
            return;
        }
        self.heap.retain(|Reverse(due)| is_awaited(due.flight, due.token));
        self.bytes = self.heap.iter().map(|Reverse(due)| due.bytes()).sum();
        (self.swept, self.swept_bytes) = (self.heap.len(), self.bytes);
    }

    /// Returns how many bytes the results have.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns how many there are.
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Returns when the next thing is due.
    pub(super) fn next_ms(&self) -> Option<i64> {
        self.heap.peek().map(|Reverse(due)| due.at_ms)
    }
}
