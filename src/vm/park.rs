//! Parking: a run that waits for the world keeps what is live in exact buffers.
//!
//! A driver with many executions in flight runs all of them in one [`Run`], whose buffers stay large and
//! warm; what waits lies in small ones. Owns the exchange between the two. Invariant: a run that was
//! parked and taken up again is the same execution: tokens, events and values keep their names.

use super::run::Run;

/// Bytes of values above which parking compacts first: below, copying what is dead costs less than
/// finding it.
const COMPACT_ABOVE: usize = 6 << 10;

/// Bytes of values above which an execution moves with its buffers: copying them would take longer than all that a
/// turn may do, and hold them twice.
const MOVE_ABOVE: usize = 1 << 20;

/// How much more an execution holds than after the last time before parking compacts it again, as a divisor of that.
const GROWN: usize = 8;

impl Run {
    /// Moves the execution into `small`, which holds none; its values are copied into buffers of
    /// their size. This run keeps its own buffers for the next one, unless the execution is large. Returns what that
    /// cost, in bytes that were compacted or copied.
    pub fn park_into(&mut self, small: &mut Run) -> usize {
        let before = self.heap.bytes().0;
        // One that goes on in the next turn is compacted when it is due, unless it waits for memory.
        let goes_on = !self.ready.is_empty() && before > MOVE_ABOVE && !self.is_paused();
        let mut cost = 0;
        // One that waits again and again is not compacted each time.
        let has_grown = before > self.compacted + self.compacted / GROWN;
        if before > COMPACT_ABOVE && has_grown && !goes_on {
            self.compact_now();
            cost += before;
        }
        if self.heap.bytes().0 <= MOVE_ABOVE {
            small.heap.copy_exact(&self.heap);
            cost += self.heap.bytes().0;
            self.exchange(small);
            return cost;
        }
        std::mem::swap(self, small);
        std::mem::swap(&mut self.evaluator, &mut small.evaluator);
        small.compaction.shrink();
        let (used, reserved) = small.heap.bytes();
        if !goes_on && reserved > used + used / 4 {
            small.heap.shrink();
            cost += used;
        }
        cost
    }

    /// Takes a parked execution up again, in this run's buffers or with its own; `small` is left without one.
    /// Returns how many bytes were copied.
    pub fn unpark_from(&mut self, small: &mut Run) -> usize {
        if small.heap.bytes().0 > MOVE_ABOVE {
            std::mem::swap(self, small);
            std::mem::swap(&mut self.evaluator, &mut small.evaluator);
            small.heap.clear();
            self.withheld = None;
            return 0;
        }
        let copied = small.heap.bytes().0;
        self.heap.copy_from(&small.heap);
        small.heap.clear();
        self.exchange(small);
        self.withheld = None;
        copied
    }

    /// Exchanges the executions, but not the values and the buffers of work.
    fn exchange(&mut self, other: &mut Run) {
        std::mem::swap(self, other);
        std::mem::swap(&mut self.heap, &mut other.heap);
        std::mem::swap(&mut self.requests, &mut other.requests);
        // Operands and gathered values go with an execution that stopped in the middle of a template; other
        // executions have none, and the buffers stay with the run that works.
        if self.stack.is_empty() && other.stack.is_empty() {
            std::mem::swap(&mut self.stack, &mut other.stack);
            std::mem::swap(&mut self.found, &mut other.found);
            self.found.clear();
            other.found.clear();
        }
        std::mem::swap(&mut self.compaction, &mut other.compaction);
        std::mem::swap(&mut self.evaluator, &mut other.evaluator);
    }
}
