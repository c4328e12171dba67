//! What a shard's memory is spent on, in bytes, and what follows when it is short.
//!
//! Owns the sums and the lines at which something changes; must not know how memory is taken. Beyond the first line
//! sources pause, and what was taken from them already waits unread. Beyond the second, which only executions that grow
//! while they run can reach, those go on one after the other, and each may hold its share only. Invariant: whatever
//! has waited ends or begins as long as nothing else can give memory back, so that a shard that is short goes on.

use super::limits::Limit;
use std::cell::Cell;
use std::rc::Rc;

/// Memory that a run keeps from one event to the next.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// What of the room the events that are taken at a time may take, as a divisor: those that find none any more are held.
const BATCH: usize = 8;

/// What of its limit the run keeps at most, as a divisor.
const KEPT: usize = 8;

/// What of its limit the runs in the pool take at most, as a divisor: far below what lets a paused source go on.
const POOLED: usize = 8;

/// What of its limit messages take that do not arrive, as a divisor; beyond it those workflows stop whose they are.
const UNSENT: usize = 2;

/// What a shard may take of memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// All that its account knows.
    pub shard: usize,
    /// One execution.
    pub execution: usize,
}

/// For shards that nobody bounds.
impl Default for MemoryLimits {
    fn default() -> MemoryLimits {
        MemoryLimits {
            shard: usize::MAX,
            execution: crate::vm::MEMORY_BYTES_MAX,
        }
    }
}

/// Bytes that those who hold them count themselves; see [`super::held`].
pub(super) type Meter = Rc<Cell<usize>>;

/// The account of a shard.
pub(super) struct Account {
    execution_max: usize,
    /// Beyond this, sources pause.
    pub(super) line: usize,
    /// Beyond this, executions must not grow.
    pub(super) end: usize,
    /// Decides when a source goes on.
    sources: Limit,
    /// The run in which everything is executed, and those in the pool.
    pub(super) running: usize,
    /// Executions that wait, with what they keep of their events and what their calls hold.
    pub(super) parked: usize,
    /// Events that wait for their turn, or for the commit that lets them run.
    pub(super) held: Meter,
    /// Messages that wait for room, or for their next try.
    pub(super) unsent: Meter,
    /// Log records that have not left the process and must not be dropped.
    pub(super) logged: usize,
}

impl Account {
    pub(super) fn new(limits: MemoryLimits) -> Account {
        // What is between the two lines is for executions that grow.
        let line = limits.shard - limits.shard / 4;
        Account {
            execution_max: limits.execution,
            line,
            end: limits.shard,
            sources: Limit::new(line),
            running: 0,
            parked: 0,
            held: Meter::default(),
            unsent: Meter::default(),
            logged: 0,
        }
    }

    /// Returns all that is spent.
    pub(super) fn used(&self) -> usize {
        self.running + self.parked + self.held.get() + self.unsent.get() + self.logged
    }

    /// Returns what is spent on events that are not over: what one adds is what it takes.
    pub(super) fn waiting(&self) -> usize {
        self.parked + self.held.get() + self.unsent.get()
    }

    /// Says whether nothing new may begin as long as anything can give memory back.
    pub(super) fn is_short(&self) -> bool {
        self.used() >= self.line
    }

    /// Says whether sources are paused for want of memory: some of what they were paused for may be back already.
    pub(super) fn is_paused(&self) -> bool {
        self.sources.is_paused()
    }

    /// Says whether executions have taken so much that they must not grow.
    pub(super) fn is_exhausted(&self) -> bool {
        self.used() >= self.end
    }

    /// Returns how many events of a size may be taken from a source: once it is paused, none until there is a quarter
    /// of room again.
    pub(super) fn room(&mut self, event_bytes: usize) -> usize {
        match self.sources.room(self.used()) {
            0 => 0,
            bytes => (bytes / BATCH / event_bytes.max(1)).max(1),
        }
    }

    /// Says whether an event that was taken may begin, with so many executions that wait. When memory is short it waits
    /// for those: they end, if only by their time limit. With none, one begins: messages of other workflows may not be
    /// delivered for long, and nothing else would give memory back.
    pub(super) fn may_begin(&self, parked: usize) -> bool {
        !self.is_short() || parked == 0
    }

    /// Returns how many bytes the messages of all workflows may take that did not arrive: with the rest of the line
    /// those workflows go on whose messages do.
    pub(super) fn unsent_max(&self) -> usize {
        self.line / UNSENT
    }

    /// Returns how many bytes an execution may hold, beside so many that wait: its limit, or what is left where that is
    /// less. With nothing left those go on that hold no more than an equal share; together they fit. One that is
    /// alone has its limit.
    pub(super) fn execution_max(&self, parked: usize) -> usize {
        if parked == 0 {
            return self.execution_max;
        }
        let left = self.end.saturating_sub(self.used() - self.running);
        let share = self.end / (parked + 1);
        left.max(share).min(self.execution_max)
    }

    /// Returns how many bytes the run keeps from one event to the next.
    pub(super) fn kept_max(&self) -> usize {
        (self.line / KEPT).min(KEPT_BYTES_MAX)
    }

    /// Returns how many bytes the pool keeps of runs that nobody uses.
    pub(super) fn pool_max(&self) -> usize {
        self.line / POOLED
    }
}

#[cfg(test)]
mod tests {
    use super::super::BATCH_EVENTS_MAX;
    use super::*;

    fn account() -> Account {
        Account::new(MemoryLimits {
            shard: 1_000,
            execution: 300,
        })
    }

    #[test]
    fn sources_pause_at_the_line_and_go_on_at_three_quarters_of_it() {
        let mut account = account();
        let mut reads = |held| {
            account.held.set(held);
            account.room(10)
        };
        let got = [0, 649, 749, 750, 700, 562, 561].map(&mut reads);
        assert_eq!(got, [9, 1, 1, 0, 0, 0, 2]);
    }

    #[test]
    fn one_may_begin_when_nothing_else_gives_memory_back() {
        let account = account();
        assert!(account.may_begin(5));
        account.held.set(750);
        assert_eq!([account.may_begin(0), account.may_begin(1)], [true, false]);
        account.unsent.set(750);
        assert!(
            account.may_begin(0),
            "messages of another workflow do not stop it"
        );
    }

    #[test]
    fn an_execution_may_hold_its_share_when_others_have_taken_all() {
        let mut account = account();
        for (parked, expected) in [
            (700, [300, 300, 300]),
            (950, [300, 300, 100]),
            (1_000, [300, 300, 100]),
        ] {
            account.parked = parked;
            let got = [0, 1, 9].map(|count| account.execution_max(count));
            assert_eq!(got, expected, "{parked}");
        }
    }

    #[test]
    fn nobody_bounds_it() {
        let mut account = Account::new(MemoryLimits::default());
        account.parked = 1 << 40;
        assert!(account.room(1) > BATCH_EVENTS_MAX && account.may_begin(9) && !account.is_exhausted());
    }
}
