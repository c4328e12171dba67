//! What is due at a time: the ends of Waits and retry delays, and answers that a connector has promised.
//!
//! A binary heap; what falls due at the same moment comes in the order it was added. Deadlines and time
//! limits are not here: nearly all of them never come to pass, so the flights are swept for them instead.

use super::state::FlightId;
use crate::vm::Token;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Something that is due.
pub(crate) struct Due {
    at_ms: i64,
    order: u64,
    pub(crate) flight: FlightId,
    pub(crate) token: Token,
    /// The result of a task; `None` when a time has come.
    pub(crate) result: Option<Box<[u8]>>,
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
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<Due>>,
    order: u64,
    /// Bytes of all results.
    bytes: usize,
    /// How many, and how much, the last sweep has left.
    swept: usize,
    swept_bytes: usize,
}

impl Timers {
    pub(crate) fn add(&mut self, at_ms: i64, flight: FlightId, token: Token, result: Option<Box<[u8]>>) {
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
    pub(crate) fn take(&mut self, now_ms: i64) -> Option<Due> {
        if self.next_ms()? > now_ms {
            return None;
        }
        let Reverse(due) = self.heap.pop()?;
        self.bytes -= due.bytes();
        // What a sweep has left may be gone by now, and then what comes later is not all awaited.
        self.swept = self.swept.min(self.heap.len());
        self.swept_bytes = self.swept_bytes.min(self.bytes);
        Some(due)
    }

    /// Drops what nobody waits for, if there may be as much of it as of the rest.
    pub(crate) fn sweep(&mut self, mut is_awaited: impl FnMut(&Due) -> bool) {
        let are_many = self.heap.len() >= SWEEP_MIN.max(2 * self.swept);
        if !are_many && self.bytes < SWEEP_BYTES_MIN.max(2 * self.swept_bytes) {
            return;
        }
        self.heap.retain(|Reverse(due)| is_awaited(due));
        self.bytes = self.heap.iter().map(|Reverse(due)| due.bytes()).sum();
        (self.swept, self.swept_bytes) = (self.heap.len(), self.bytes);
    }

    /// Returns how many bytes the results have.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Returns when the next thing is due.
    pub(crate) fn next_ms(&self) -> Option<i64> {
        self.heap.peek().map(|Reverse(due)| due.at_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::super::flight::Flights;
    use super::*;

    /// What was much once does not keep what comes later from being swept.
    #[test]
    fn what_was_taken_since_counts_no_more() {
        let mut timers = Timers::default();
        let flight = Flights::<()>::default().reserve(0, 0);
        let token = Token::default();
        let fill = |timers: &mut Timers, at_ms| {
            for _ in 0..8 {
                timers.add(at_ms, flight, token, Some(vec![0; SWEEP_BYTES_MIN].into()));
            }
        };
        fill(&mut timers, 1);
        timers.sweep(|_| true);
        while timers.take(1).is_some() {}
        fill(&mut timers, 2);
        timers.sweep(|_| false);
        assert_eq!((timers.len(), timers.bytes()), (0, 0));
    }
}
