//! Runs executions: from an input to an outcome, or to a place in the in-flight table.
//!
//! Owns the one run in which everything is executed, the pool of those that wait, and what is due. An
//! execution that never waits goes through here in a plain loop and leaves nothing behind. Must not know who asks for
//! executions, nor why. Invariant: an execution that began ends once: with its outcome, as one that broke, or dropped.

use super::account::Account;
use super::asker::{Asker, Input};
use super::flight::Flights;
use super::machine::{Loaded, Machine};
use super::shares::{Shares, TURN_WORK};
use super::state::{ExecutionState, FlightId};
use super::steps::{Step, reach};
use super::thirsty::Thirsty;
use super::timers::Timers;
use crate::clock::Now;
use crate::guard::guarded;
use crate::random::{Random, push_uuid};
use crate::stream::Sink;
use crate::task::Caller;
use crate::vm::{Identified, Identity, Request, Run, Status, Work};
use std::collections::VecDeque;
use std::rc::Rc;

/// States that an execution may leave in one turn, some hundred microseconds, before others have theirs.
const FUEL: u64 = 5_000;
/// What a call counts for, in states: more than it costs where a function does little.
const CALL_FUEL: u64 = 10;
/// How much later a time limit may count as reached when answers that may be in time have not been heard yet.
const UNHEARD_MS_MAX: i64 = 1_000;
/// Work that an execution may do in one turn, in bytes of JSON text; see [`crate::vm::Work`].
const EXECUTION_WORK: u64 = 1 << 20;

/// What runs executions on a shard; `K` is what is kept of who asked for one that waits.
pub(crate) struct Executor<K> {
    pub(crate) now: Now,
    /// What the executions may still do in this turn.
    pub(crate) work: Work,
    pub(crate) shares: Shares,
    pub(crate) run: Box<Run>,
    // Boxes: they move between here and the in-flight table.
    #[allow(clippy::vec_box)]
    pub(crate) pool: Vec<Box<Run>>,
    pub(crate) pool_bytes: usize,
    pub(crate) account: Account,
    pub(crate) flights: Flights<K>,
    pub(crate) timers: Timers,
    /// Executions that ran out of fuel: each has another turn.
    pub(crate) ready: VecDeque<FlightId>,
    /// Executions that wait for memory, and the one that may grow though there is none.
    pub(crate) thirsty: Thirsty,
    /// Where messages go: those of tasks, and those that askers send.
    pub(crate) sink: Box<dyn Sink>,
    pub(crate) tasks: Box<dyn Caller>,
    /// When all answers had been heard last, and whether some may not have been in this turn.
    heard_ms: i64,
    is_unheard: bool,
    random: Random,
    requests: Vec<Request>,
    /// Buffers that are used again: the execution's name and ARN, who asked for it as JSON, a task's result.
    pub(crate) name: String,
    pub(crate) arn: String,
    event: Vec<u8>,
    pub(crate) result: Vec<u8>,
    /// Executions that were dropped.
    #[cfg(test)]
    pub(crate) abandoned: u64,
}

impl<K> Executor<K> {
    pub(crate) fn new(
        sink: Box<dyn Sink>,
        tasks: Box<dyn Caller>,
        account: Account,
        now: Now,
    ) -> Executor<K> {
        Executor {
            now,
            work: Work::of(TURN_WORK),
            shares: Shares::default(),
            run: Box::default(),
            pool: Vec::new(),
            pool_bytes: 0,
            account,
            flights: Flights::default(),
            timers: Timers::default(),
            ready: VecDeque::new(),
            thirsty: Thirsty::default(),
            sink,
            tasks,
            heard_ms: now.ms,
            is_unheard: false,
            random: Random::from_system(),
            requests: Vec::new(),
            name: String::new(),
            arn: String::new(),
            event: Vec::new(),
            result: Vec::new(),
            #[cfg(test)]
            abandoned: 0,
        }
    }

    /// Makes the ids and seeds of executions follow from a seed.
    #[cfg(test)]
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.random = Random::new(seed);
    }

    /// Begins a turn, with the work of its first part.
    pub(crate) fn begin_turn(&mut self, now: Now) {
        self.now = now;
        self.work = self.shares.begin_turn();
    }

    /// Begins a part of the turn that others of the same kind share: each has its part of the work at least, in this
    /// turn or in the next.
    pub(crate) fn begin_part(&mut self, sharers: usize) {
        self.work = self.shares.begin_part(self.work, sharers);
    }

    /// Notes that answers were heard, as far as there was work for them.
    pub(crate) fn note_heard(&mut self) {
        self.is_unheard = self.work.is_spent();
        if !self.is_unheard {
            self.heard_ms = self.now.ms;
        }
    }

    /// Returns the time that time limits are compared with: an answer that came before its limit, but could not be heard
    /// since the turn's work was spent, is not taken for missing.
    pub(crate) fn limits_ms(&self) -> i64 {
        match self.is_unheard {
            true => self.heard_ms.max(self.now.ms - UNHEARD_MS_MAX),
            false => self.now.ms,
        }
    }

    /// Takes from the turn what something costs, in bytes.
    #[inline]
    pub(crate) fn charge(&mut self, bytes: usize) {
        self.work.charge(bytes);
        self.shares.note(bytes);
    }

    /// Says whether an execution of a machine may begin, with an input of so many bytes: there is work left in this turn,
    /// and memory.
    pub(crate) fn may_begin(&self, machine: &Machine, bytes: usize) -> bool {
        !self.work.is_spent() && self.account.may_begin(machine.index, machine.parked, bytes)
    }

    /// Returns how long an execution has lasted.
    pub(crate) fn lasted_us(&self, state: &ExecutionState) -> u64 {
        (self.now.ms - state.started_ms).max(0) as u64 * 1_000
    }

    /// Writes an execution's name into its buffer.
    pub(crate) fn write_name(&mut self, asker: &impl Asker<Kept = K>) {
        self.name.clear();
        // Writing to a String does not fail.
        let _ = asker.write_name(&mut self.name);
    }

    /// Writes an execution's name and ARN into their buffers.
    pub(crate) fn write_name_and_arn(&mut self, machine: &Machine, asker: &impl Asker<Kept = K>, uuid: u128) {
        self.write_name(asker);
        self.arn.clear();
        self.arn.push_str(&machine.fixed.arn_prefix);
        self.arn.push_str(&self.name);
        self.arn.push(':');
        push_uuid(uuid, &mut self.arn);
    }

    /// Begins an execution and runs it, until it is over or has to wait.
    pub(crate) fn begin<A: Asker<Kept = K>>(
        &mut self,
        machine: &mut Machine,
        version: &Rc<Loaded>,
        asker: &mut A,
    ) {
        let mut state = ExecutionState::new(self.now.ms);
        // An execution that cannot begin counts as started too: it also ends, and no more may end than were started.
        machine.metrics.counts.started += 1;
        let started = guarded(|| self.start(machine, version, asker, &mut state));
        match started {
            Ok(Ok(())) => self.drive(machine, version, asker, state),
            Ok(Err(refusal)) => self.refuse(machine, asker, state, &refusal),
            Err(message) => self.panicked(machine, asker, state, message),
        }
    }

    /// Gives the run its input.
    fn start<A: Asker<Kept = K>>(
        &mut self,
        machine: &Machine,
        version: &Loaded,
        asker: &mut A,
        state: &mut ExecutionState,
    ) -> Result<(), A::Refusal> {
        reach(Step::Start);
        let program = &*version.program;
        asker.check(program)?;
        let mut identity = Identity {
            role_arn: &machine.fixed.role_arn,
            state_machine_arn: &machine.fixed.state_machine_arn,
            state_machine_name: &machine.settings.name,
            sync: asker.is_sync(),
            ..Identity::default()
        };
        state.uuid = self.random.uuid();
        if program.uses_context {
            self.write_name_and_arn(machine, asker, state.uuid);
            self.event.clear();
            let has_event = asker.write_event(&mut self.event);
            identity.execution_name = &self.name;
            identity.execution_arn = &self.arn;
            identity.event = has_event.then_some(&self.event);
        }
        let with = Identified {
            identity,
            kept: machine.fixed.kept,
            decisions: false,
            now_ms: self.now.wall_ms,
            seed: self.random.next_u64(),
        };
        let Input { text, around } = asker.input()?;
        self.run.start_wrapped(program, text, around, &with)?;
        // The run began at this turn's wall time, so all of its limit is left.
        state.deadline_ms = self.now.due_ms(self.run.deadline_ms(program));
        Ok(())
    }

    /// Runs what is in the run until it is over, waits, or has had its turn.
    pub(crate) fn drive<A: Asker<Kept = K>>(
        &mut self,
        machine: &mut Machine,
        version: &Rc<Loaded>,
        asker: &mut A,
        mut state: ExecutionState,
    ) {
        match guarded(|| self.step(machine, version, asker, &mut state)) {
            Ok(status @ (Status::Running | Status::Waiting)) => {
                self.park(machine, version, asker, state, status == Status::Running);
            }
            Ok(Status::Succeeded | Status::Failed | Status::TimedOut) => {
                self.finish(machine, version, asker, state);
            }
            Err(message) => self.panicked(machine, asker, state, message),
        }
    }

    /// Gives the run its share of the turn's work, and takes from the turn what it has used; ends the run at its time
    /// limit.
    fn step(
        &mut self,
        machine: &mut Machine,
        version: &Loaded,
        asker: &impl Asker<Kept = K>,
        state: &mut ExecutionState,
    ) -> Status {
        if machine.log_is_full() {
            // Also when it has reached its time limit: its end is written too. It is ready when there is room again.
            return Status::Running;
        }
        let status = match self.work.is_spent() {
            // The turn is over for executions: this one begins, or goes on, in the next.
            true => Status::Running,
            false => {
                reach(Step::Advance);
                let granted = EXECUTION_WORK.min(self.work.left());
                self.run.grant(Work::of(granted));
                let pause_at = self.pause_at(machine, state);
                let most = self
                    .account
                    .execution_max(machine.index, self.flights.len(), state.before);
                self.run.limit_memory(most, pause_at);
                let status = self.advance(machine, version, asker, state);
                let used = granted.saturating_sub(self.run.work_left()) + self.run.take_overdrawn();
                self.charge(used as usize);
                status
            }
        };
        if matches!(status, Status::Running | Status::Waiting) && self.now.ms >= state.deadline_ms {
            reach(Step::TimeOut);
            self.run.time_out(&version.program, self.now.wall_ms);
            return Status::TimedOut;
        }
        status
    }

    /// Advances the run, calls its tasks, and goes on with those that answer at once.
    fn advance(
        &mut self,
        machine: &mut Machine,
        version: &Loaded,
        asker: &impl Asker<Kept = K>,
        state: &mut ExecutionState,
    ) -> Status {
        let program = &*version.program;
        let mut fuel = FUEL;
        loop {
            let before = self.run.transitions();
            let status = self.run.advance(program, self.now.wall_ms, fuel);
            fuel = fuel.saturating_sub(self.run.transitions() - before);
            if !state.calls.is_empty() {
                self.forget_calls(machine, state, false);
            }
            self.run.swap_requests(&mut self.requests);
            if !matches!(status, Status::Running | Status::Waiting) {
                return status;
            }
            let mut is_answered = false;
            for index in 0..self.requests.len() {
                let id = *state
                    .id
                    .get_or_insert_with(|| self.flights.reserve(machine.index, state.started_ms));
                match self.requests[index] {
                    Request::Timer(timer) => {
                        let due_ms = self.now.due_ms(timer.at_ms);
                        // A timer behind the execution's deadline would never come.
                        if due_ms < state.deadline_ms {
                            self.timers.add(due_ms, id, timer.token, None);
                        }
                    }
                    Request::Task(task) => {
                        fuel = fuel.saturating_sub(CALL_FUEL);
                        is_answered |= self.call(machine, version, asker, state, id, &task);
                    }
                }
            }
            if status == Status::Running || !is_answered {
                return status;
            }
            if fuel == 0 || self.run.work().is_spent() {
                return Status::Running;
            }
        }
    }

    /// Returns from how many bytes on the execution in the run has to wait for others.
    fn pause_at(&self, machine: &Machine, state: &mut ExecutionState) -> usize {
        let parked = self.flights.len();
        if parked == 0 || self.thirsty.may_grow(state.id) {
            return usize::MAX;
        }
        if state.held_bytes == 0 || self.account.has_room_to_grow(machine.index) {
            state.held_bytes = self.run.held_bytes();
        }
        self.account.pause_at(machine.index, parked, state.held_bytes)
    }
}
