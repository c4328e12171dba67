//! What a shard's memory is spent on, in bytes, and what follows when it is short.
//!
//! Owns the sums and the lines at which something changes; must not know how memory is taken. Beyond the first line
//! sources pause, and events that were taken already wait unread. Beyond the second, which only executions that grow
//! while they run can reach, an execution that needs much more waits for others to end. One at a time may grow beyond it;
//! when that is taken too, whatever grows fails. Each workflow has a part of the first line that no other can take.
//! Invariant: when nothing else can give memory back, something that has waited begins or ends, so that a shard that is
//! short goes on.

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

/// What of the first line is divided evenly among the workflows, as a divisor: nobody else can have one's part.
const OWN: usize = 2;

/// What of the account is for executions that wait for memory, which may all grow a little, as a divisor.
const SPARE: usize = 8;

/// What of that, or of what one may hold where that is less, they may take when nothing else is left, as a divisor.
const REST: usize = 8;

/// How much room there has to be before another one of those goes on, as a divisor of the account.
const ROOM: usize = 8;

/// What a shard may take of memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// All that its account knows. Beyond it and what one execution may hold, whatever grows fails.
    pub shard: usize,
    /// One execution. One at a time may hold that much beyond the account.
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

/// Bytes that those who hold them count themselves; `runtime::held` does so for events.
pub(crate) type Meter = Rc<Cell<usize>>;

/// Bytes that count for a machine and for the shard.
#[derive(Clone, Debug, Default)]
pub(crate) struct MachineMeter {
    machine: Meter,
    shard: Meter,
}

impl MachineMeter {
    #[cfg(test)]
    pub(crate) fn get(&self) -> usize {
        self.machine.get()
    }

    pub(crate) fn add(&self, bytes: usize) {
        for meter in [&self.machine, &self.shard] {
            meter.set(meter.get() + bytes);
        }
    }

    pub(crate) fn take_off(&self, bytes: usize) {
        for meter in [&self.machine, &self.shard] {
            meter.set(meter.get().saturating_sub(bytes));
        }
    }
}

/// What an execution had on the account before it was taken up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before {
    /// What it held.
    pub(crate) held: usize,
    /// What was kept for it beside that: its event, what its calls hold.
    pub(crate) beside: usize,
}

/// What one machine has of the account.
#[derive(Default)]
struct Part {
    held: Meter,
    parked: usize,
    /// What it had not taken of its own part when the turn began: nothing if it reads nothing and needs no such part.
    unclaimed: usize,
    /// Whether it was full, and has not had a quarter of room since.
    is_paused: bool,
}

impl Part {
    fn used(&self) -> usize {
        self.parked + self.held.get()
    }
}

/// The account of a shard.
pub(crate) struct Account {
    execution_max: usize,
    /// Beyond this, sources pause.
    pub(crate) line: usize,
    /// Beyond this, executions that grow wait.
    growth_end: usize,
    /// Beyond this, executions must not grow.
    pub(crate) end: usize,
    /// Beyond this, whatever grows fails: what one execution may hold beyond the end has been taken.
    hard_end: usize,
    /// What all executions together may hold even so, in equal parts, so that small ones end.
    rest: usize,
    /// How many machines there are.
    machines: usize,
    /// What each machine has of the line in any case.
    own: usize,
    /// What the active machines had not taken of that, all together, when the turn began.
    unclaimed: usize,
    parts: Vec<Part>,
    /// The run in which everything is executed, and those in the pool.
    pub(crate) running: usize,
    /// Executions that wait, with what they keep of their events and what their calls hold.
    pub(crate) parked: usize,
    /// Events that wait for their turn, or for the commit that lets them run.
    pub(crate) held: Meter,
    /// Messages that wait for room, or for their next try.
    pub(crate) unsent: Meter,
    /// Log records that have not left the process and must not be dropped.
    pub(crate) logged: usize,
}

impl Account {
    /// Creates the account of a shard without machines.
    pub(crate) fn new(limits: MemoryLimits) -> Account {
        // What is between the two lines is for executions that grow.
        let line = limits.shard - limits.shard / 4;
        let rest = (limits.shard / SPARE).min(limits.execution) / REST;
        Account {
            execution_max: limits.execution,
            line,
            growth_end: limits.shard - limits.shard / SPARE,
            end: limits.shard,
            hard_end: limits.shard.saturating_add(limits.execution - rest),
            rest,
            machines: 0,
            own: 0,
            unclaimed: 0,
            parts: Vec::new(),
            running: 0,
            parked: 0,
            held: Meter::default(),
            unsent: Meter::default(),
            logged: 0,
        }
    }

    /// Gives a machine that comes its part; the others have the less for their own.
    pub(crate) fn add(&mut self, machine: usize) {
        if machine >= self.parts.len() {
            self.parts.resize_with(machine + 1, Part::default);
        }
        self.parts[machine] = Part::default();
        self.divide(self.machines + 1);
    }

    /// Takes the part of a machine back that goes; nothing of it may be on the account any more.
    pub(crate) fn remove(&mut self, machine: usize) {
        debug_assert_eq!(
            self.parts[machine].used(),
            0,
            "what a machine holds goes before it"
        );
        self.unclaimed -= self.parts[machine].unclaimed;
        self.parts[machine] = Part::default();
        self.divide(self.machines - 1);
    }

    /// Divides what machines have for their own among so many.
    fn divide(&mut self, machines: usize) {
        self.machines = machines;
        self.own = match machines {
            // One that is alone may have all.
            0 | 1 => 0,
            _ => self.line / OWN / machines,
        };
    }

    /// Returns where the events of a machine are counted that are held.
    pub(crate) fn held_of(&self, machine: usize) -> MachineMeter {
        MachineMeter {
            machine: Meter::clone(&self.parts[machine].held),
            shard: Meter::clone(&self.held),
        }
    }

    /// Notes an execution of a machine that waits.
    pub(crate) fn park(&mut self, machine: u32, bytes: usize) {
        self.parked += bytes;
        self.parts[machine as usize].parked += bytes;
    }

    /// Notes an execution of a machine that waits no more.
    pub(crate) fn unpark(&mut self, machine: u32, bytes: usize) {
        self.parked -= bytes;
        self.parts[machine as usize].parked -= bytes;
    }

    /// Sets which machines are fed at all, each by its number, and reckons what is theirs.
    pub(crate) fn share_out(&mut self, are_active: impl Iterator<Item = (usize, bool)>) {
        let mut unclaimed = 0usize;
        for (machine, is_active) in are_active {
            let part = &mut self.parts[machine];
            part.unclaimed = if is_active {
                self.own.saturating_sub(part.used())
            } else {
                0
            };
            unclaimed = unclaimed.saturating_add(part.unclaimed);
        }
        self.unclaimed = unclaimed;
    }

    /// Returns all that is spent.
    pub(crate) fn used(&self) -> usize {
        self.running + self.waiting() + self.logged
    }

    /// Returns what is spent on events that are not over: what one adds is what it takes.
    pub(crate) fn waiting(&self) -> usize {
        self.parked + self.held.get() + self.unsent.get()
    }

    /// Says whether nothing new may begin as long as anything can give memory back, but for what has a part of its own.
    pub(crate) fn is_short(&self) -> bool {
        self.used() >= self.line
    }

    /// Says whether a source is paused for want of memory: some of what it was paused for may be back already.
    pub(crate) fn is_paused(&self) -> bool {
        self.parts.iter().any(|part| part.is_paused)
    }

    /// Says whether executions have taken so much that they must not grow.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.used() >= self.end
    }

    /// Returns how many bytes a machine may take: its own part, and of the rest what no other machine has for its own. One that
    /// has nothing begins with its own part, whatever others have taken before they had to leave it.
    fn room_of(&self, machine: usize) -> usize {
        let used = self.used();
        let common = self
            .line
            .saturating_sub(used)
            .saturating_sub(self.others(machine));
        let own = match self.parts[machine].used() {
            0 => self.own,
            taken => {
                let left = self.hard_end.saturating_sub(used);
                self.own.saturating_sub(taken).min(left)
            }
        };
        common.max(own)
    }

    /// Returns what the other machines have for their own and had not taken when the turn began.
    fn others(&self, machine: usize) -> usize {
        self.unclaimed - self.parts[machine].unclaimed
    }

    /// Returns how many events of a size a machine may take from its source: once it is paused, none until there is a
    /// quarter of room again.
    pub(crate) fn room(&mut self, machine: u32, event_bytes: usize) -> usize {
        let room = self.room_of(machine as usize);
        let part = &mut self.parts[machine as usize];
        let whole = part.used().saturating_add(room);
        if room == 0 {
            part.is_paused = true;
        } else if part.used() <= whole / 4 * 3 {
            part.is_paused = false;
        }
        match part.is_paused {
            true => 0,
            false => (room / BATCH / event_bytes.max(1)).max(1),
        }
    }

    /// Says whether an event of a machine that was taken may begin, of so many bytes and with so many executions of the machine
    /// that wait. When memory is short it waits for those of its machine: they end, if only by their time limit. With
    /// none, one begins: messages of other workflows may not be delivered for long, and nothing else would give memory
    /// back.
    pub(crate) fn may_begin(&self, machine: u32, parked_of_machine: usize, bytes: usize) -> bool {
        parked_of_machine == 0 || self.room_of(machine as usize) > bytes
    }

    /// Returns how many bytes the messages of all workflows may take that did not arrive: with the rest of the line
    /// those workflows go on whose messages do.
    pub(crate) fn unsent_max(&self) -> usize {
        self.line / UNSENT
    }

    /// Returns how many bytes an execution of a machine may hold beside so many that wait: beyond it, it fails. That is its
    /// limit, or what is left of the account and of what one may hold beyond it, but for what other machines have for their
    /// own. What it held before it may go on to hold, since that is on the account already.
    pub(crate) fn execution_max(&self, machine: u32, parked: usize, before: Before) -> usize {
        if parked == 0 {
            return self.execution_max;
        }
        let part = &self.parts[machine as usize];
        let left = self.hard_end.saturating_sub(self.committed() + before.beside);
        let fair = left.saturating_sub(self.others(machine as usize).saturating_add(self.rest));
        let own = self.own.saturating_sub(part.used() + before.beside);
        // The one that begins because none of its machine waits has it all.
        let little = match part.parked {
            0 => self.rest,
            _ => self.rest / (parked + 1),
        };
        let kept = left.min(before.held.saturating_add(little));
        fair.max(own).max(kept).max(little).min(self.execution_max)
    }

    /// Says whether no answer of a task is taken in any more: what is kept until it can go on would not stay within
    /// bounds.
    pub(crate) fn takes_no_answers(&self) -> bool {
        self.committed() >= self.hard_end
    }

    /// Returns what is spent beside the execution in the run.
    fn committed(&self) -> usize {
        self.waiting() + self.logged
    }

    /// Returns from how many bytes on an execution of a machine waits until others have ended, beside so many that wait:
    /// what is left of the account. With nothing left, each may grow a little beyond what it held, so that those end
    /// that are about to. One that is alone waits for nobody.
    pub(crate) fn pause_at(&self, machine: u32, parked: usize, held: usize) -> usize {
        if parked == 0 {
            return usize::MAX;
        }
        let left = self.growth_end.saturating_sub(self.committed());
        let left = left.saturating_sub(self.others(machine as usize));
        let own = self.own.saturating_sub(self.parts[machine as usize].used());
        let little = (self.end - self.growth_end) / (parked + 1);
        left.max(own).max(held.saturating_add(little))
    }

    /// Says whether an execution of a machine may go on that waits for memory: with less room it would soon wait again.
    pub(crate) fn has_room_to_grow(&self, machine: u32) -> bool {
        let used = self.committed().saturating_add(self.others(machine as usize));
        let part = self.parts[machine as usize].used();
        used < self.growth_end - self.growth_end / ROOM
            || part < self.own - self.own / ROOM && self.committed() < self.hard_end
    }

    /// Says whether executions that wait, with all that waits beside them, have not taken more than there is: one may
    /// grow beyond.
    pub(crate) fn is_within(&self) -> bool {
        self.committed() <= self.end
    }

    /// Returns how many bytes the run keeps from one event to the next.
    pub(crate) fn kept_max(&self) -> usize {
        (self.line / KEPT).min(KEPT_BYTES_MAX)
    }

    /// Returns how many bytes the pool keeps of runs that nobody uses.
    pub(crate) fn pool_max(&self) -> usize {
        self.line / POOLED
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::BATCH_EVENTS_MAX;

    /// An account of so many machines, all of which read.
    fn account(machines: usize) -> Account {
        let limits = MemoryLimits {
            shard: 1_000,
            execution: 300,
        };
        let mut account = Account::new(limits);
        (0..machines).for_each(|machine| account.add(machine));
        account.share_out((0..machines).map(|machine| (machine, true)));
        account
    }

    /// Sets what the events of a machine take that are held.
    fn hold(account: &mut Account, machine: usize, bytes: usize) {
        let meter = account.held_of(machine);
        meter.take_off(account.parts[machine].held.get());
        meter.add(bytes);
        account.share_out((0..account.parts.len()).map(|machine| (machine, true)));
    }

    #[test]
    fn sources_pause_at_the_line_and_go_on_at_three_quarters_of_it() {
        let mut account = account(1);
        let mut reads = |held| {
            hold(&mut account, 0, held);
            account.room(0, 10)
        };
        let got = [0, 649, 749, 750, 700, 562, 561].map(&mut reads);
        assert_eq!(got, [9, 1, 1, 0, 0, 0, 2]);
    }

    #[test]
    fn one_may_begin_when_nothing_else_gives_memory_back() {
        let mut account = account(1);
        assert!(account.may_begin(0, 5, 9));
        hold(&mut account, 0, 750);
        assert_eq!(
            [account.may_begin(0, 0, 9), account.may_begin(0, 1, 0)],
            [true, false]
        );
        account.unsent.set(750);
        assert!(
            account.may_begin(0, 0, 9),
            "messages of another workflow do not stop it"
        );
    }

    #[test]
    fn a_lane_leaves_the_others_their_parts() {
        // Of the line of 750, each of three machines has 125 for its own.
        let mut account = account(3);
        assert_eq!([0, 1, 2].map(|machine| account.room_of(machine)), [500; 3]);
        hold(&mut account, 0, 500);
        assert_eq!([0, 1, 2].map(|machine| account.room_of(machine)), [0, 125, 125]);
        assert!(!account.may_begin(0, 9, 0) && account.may_begin(1, 9, 124) && !account.may_begin(1, 9, 125));
        // It has grown until all is taken that executions may take, but for what others have for their own.
        assert_eq!(account.pause_at(0, 9, 50), 875 - 500 - 250);
        hold(&mut account, 0, 900);
        assert_eq!([account.room(0, 1), account.room(1, 1)], [0, 15]);
        // The other takes its part; beyond it there is none.
        hold(&mut account, 1, 125);
        assert_eq!(account.room(1, 1), 0);
        // Lanes that read nothing need no part.
        hold(&mut account, 0, 500);
        hold(&mut account, 1, 0);
        account.share_out([true, false, false].into_iter().enumerate());
        assert_eq!(account.room_of(0), 250);
    }

    #[test]
    fn an_execution_waits_when_others_have_taken_all() {
        let mut account = account(1);
        let mut check = |parked, held, expected| {
            account.parked = parked;
            let got = [0, 1, 4].map(|count| account.pause_at(0, count, held));
            assert_eq!(got, expected, "{parked}");
        };
        check(700, 10, [usize::MAX, 175, 175]);
        check(860, 10, [usize::MAX, 72, 35]);
        check(1_000, 100, [usize::MAX, 162, 125]);
        let mut can_grow = |parked| {
            account.parked = parked;
            account.has_room_to_grow(0)
        };
        assert_eq!(
            [700, 765, 766, 2_000].map(&mut can_grow),
            [true, true, false, false]
        );
    }

    #[test]
    fn what_grows_fails_beyond_the_account_and_one_execution() {
        // Of the 1,300 the last 30 are for what grows a little, and for small ones.
        let mut account = account(1);
        let mut check = |parked, held, expected| {
            account.unpark(0, account.parked);
            account.park(0, parked);
            account.share_out([true].into_iter().enumerate());
            let before = Before { held, beside: 10 };
            let got = [0, 1, 30].map(|count| account.execution_max(0, count, before));
            assert_eq!(got, expected, "{parked}");
        };
        check(700, 100, [300, 300, 300]);
        check(1_000, 100, [300, 260, 260]);
        // What it held stays within bounds.
        check(1_100, 200, [300, 175, 175]);
        check(1_100, 165, [300, 172, 165]);
        check(2_000, 200, [300, 7, 0]);
        account.parked = 1_284;
        assert!(!account.takes_no_answers());
        account.parked = 1_285;
        assert!(account.takes_no_answers());
    }

    #[test]
    fn a_machine_that_comes_has_its_part_of_the_others() {
        let mut account = account(2);
        assert_eq!(account.own, account.line / OWN / 2);
        account.add(2);
        assert_eq!(account.own, account.line / OWN / 3);
        account.share_out((0..3).map(|machine| (machine, true)));
        account.remove(1);
        assert_eq!(account.own, account.line / OWN / 2);
        account.share_out([(0, true), (2, true)].into_iter());
        assert_eq!(account.unclaimed, 2 * account.own);
        account.remove(0);
        assert_eq!(account.own, 0, "who is alone may have all");
    }

    #[test]
    fn nobody_bounds_it() {
        let mut account = Account::new(MemoryLimits::default());
        (0..2).for_each(|machine| account.add(machine));
        account.parked = 1 << 40;
        assert!(account.room(0, 1) > BATCH_EVENTS_MAX && account.may_begin(1, 9, 0));
        assert!(!account.is_exhausted());
    }
}
