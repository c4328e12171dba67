//! Executions that wait: into the in-flight table, and out of it when something has come.
//!
//! Owns the small runs that the table's executions lie in. Must not know what ends an execution. Invariant:
//! one that is taken out is driven on at once, or dropped.

use super::account::{Account, Before};
use super::asker::{Asker, Askers};
use super::executor::Executor;
use super::flight::{Flight, Flights};
use super::machine::{Loaded, Machine};
use super::records;
use super::state::{ExecutionState, FlightId};
use super::steps::{Step, reach};
use super::thirsty::Growth;
use super::timers::Due;
use crate::guard::guarded;
use crate::vm::{Answer, Run};
use std::rc::Rc;

/// Runs of executions that waited, kept for the next ones.
const POOL_MAX: usize = 4_096;

/// Memory that a run in the pool keeps.
const POOLED_BYTES_MAX: usize = 16 << 10;

impl<K> Executor<K> {
    /// Lets the execution wait in the in-flight table.
    pub(crate) fn park<A: Asker<Kept = K>>(
        &mut self,
        machine: &mut Machine,
        version: &Rc<Loaded>,
        asker: &mut A,
        mut state: ExecutionState,
        is_ready: bool,
    ) {
        let copied = self.part(machine, asker, |executor, machine, asker| {
            executor.keep_records(machine, version, asker, &mut state);
            reach(Step::Park);
            let mut run = executor.take_pooled();
            let moved = executor.run.park_into(&mut run);
            executor.charge(moved);
            (run, asker.keep())
        });
        let (run, kept) = match copied {
            Ok(copied) => copied,
            Err(message) => return self.panicked(machine, asker, state, message),
        };
        let id = *state
            .id
            .get_or_insert_with(|| self.flights.reserve(machine.index, state.started_ms));
        asker.parked();
        machine.parked += 1;
        let beside = A::kept_bytes(&kept) + state.outside_bytes() + size_of::<Run>() + size_of::<Flight<K>>();
        let (held, reserved) = run.bytes();
        let bytes = reserved + beside;
        state.before = Before {
            held,
            beside: bytes - held,
        };
        self.account.park(machine.index, bytes);
        let is_paused = is_ready && run.is_paused();
        let was_thirsty = state.is_thirsty;
        state.is_thirsty |= is_paused;
        self.thirsty.parked(id, &state, !is_ready, self.now.ms);
        let flight = Flight {
            machine: machine.index,
            version: Rc::clone(version),
            kept,
            state,
            run,
            bytes,
        };
        self.flights.put(id, flight);
        match is_ready {
            false => {}
            true if is_paused => {
                if !was_thirsty {
                    self.thirsty.push(machine.index, id, self.now.ms);
                }
            }
            // One after the other: each that ends gives memory back.
            true if self.account.is_exhausted() => self.ready.push_front(id),
            true => self.ready.push_back(id),
        }
    }

    /// Returns a small run for an execution that waits.
    fn take_pooled(&mut self) -> Box<Run> {
        let run = self.pool.pop().unwrap_or_default();
        self.pool_bytes = self.pool_bytes.saturating_sub(run.bytes().1);
        run
    }

    /// Writes the records that are written whatever comes, so that a long run does not gather them.
    fn keep_records(
        &mut self,
        machine: &mut Machine,
        version: &Loaded,
        asker: &impl Asker<Kept = K>,
        state: &mut ExecutionState,
    ) {
        let Some(log) = machine.log().filter(|_| !self.run.events().is_empty()) else {
            return;
        };
        if log.keeps_for_failure() {
            if self.run.grown_bytes() > log.on_failure_bytes_max {
                self.run.drop_middle_events();
            }
            return;
        }
        if machine.log_is_full() {
            // The execution does not go on before records have left, so it gathers no more.
            return;
        }
        self.write_name_and_arn(machine, asker, state.uuid);
        let encoder = machine.fixed.encoder(&machine.settings, version, &self.arn, log);
        if let Some(journal) = &mut machine.journal {
            state.has_records |= records::write_early(&encoder, &mut self.run, journal, log);
        }
    }

    /// Gives the memory of the pool back.
    pub(crate) fn empty_pool(&mut self) {
        self.pool.clear();
        self.pool_bytes = 0;
    }

    /// Gives the small run of an execution that was taken up back to the pool.
    fn pool(&mut self, run: Box<Run>) {
        let bytes = run.bytes().1;
        let has_room =
            self.pool.len() < POOL_MAX && self.pool_bytes.saturating_add(bytes) <= self.account.pool_max();
        if has_room && bytes <= POOLED_BYTES_MAX {
            self.pool_bytes += bytes;
            self.pool.push(run);
        }
    }

    /// Takes an execution up, brings it something, and runs it.
    pub(crate) fn go_on(
        &mut self,
        askers: &mut impl Askers<Kept = K>,
        id: FlightId,
        bring: impl FnOnce(&mut Executor<K>, &mut Machine, &Loaded, &mut ExecutionState),
    ) {
        let Some(flight) = self.flights.take(id) else {
            return;
        };
        let Flight {
            version,
            kept,
            mut state,
            mut run,
            ..
        } = flight;
        let (machine, mut asker) = askers.find(flight.machine, &kept);
        machine.parked -= 1;
        self.account.unpark(flight.machine, flight.bytes);
        self.thirsty.taken_up(&state);
        let mut moved = 0;
        let brought = guarded(|| {
            reach(Step::Unpark);
            moved = self.run.unpark_from(&mut run);
            bring(self, machine, &version, &mut state);
        });
        match brought {
            Ok(()) => {
                self.pool(run);
                self.drive(machine, &version, &mut asker, state);
            }
            Err(message) => self.panicked(machine, &mut asker, state, message),
        }
        // Charged afterwards, so that an execution that is taken up also does something.
        self.charge(moved);
    }

    /// Gives an execution that ran out of fuel its next turn, unless its log is full; says whether it had one.
    pub(crate) fn next_turn(&mut self, askers: &mut impl Askers<Kept = K>, id: FlightId) -> bool {
        let flight = self.flights.get(id);
        if flight.is_some_and(|flight| askers.machine(flight.machine).log_is_full()) {
            // Whoever writes the log wakes the shard when there is room.
            self.ready.push_back(id);
            return false;
        }
        self.go_on(askers, id, |_, _, _, _| {});
        true
    }

    /// Drops timers that nobody waits for any more, now and then.
    pub(crate) fn sweep_timers(&mut self) {
        let Executor {
            flights,
            account,
            timers,
            ..
        } = self;
        timers.sweep(|due| {
            let is_awaited = flights.awaits(due.flight, due.token);
            if !is_awaited {
                forget_result(flights, account, due);
            }
            is_awaited
        });
    }

    /// Brings what was due.
    pub(crate) fn due(&mut self, askers: &mut impl Askers<Kept = K>, due: Due) {
        if !self.flights.awaits(due.flight, due.token) {
            return forget_result(&mut self.flights, &mut self.account, &due);
        }
        self.go_on(askers, due.flight, |executor, _, version, state| {
            let answer = match &due.result {
                Some(result) => {
                    state.timed_bytes = state.timed_bytes.saturating_sub(result.len());
                    Answer::Success(result)
                }
                None => Answer::Time,
            };
            reach(Step::Resume);
            executor
                .run
                .resume(&version.program, due.token, answer, executor.now.wall_ms);
        });
        self.charge(due.result.as_deref().map_or(0, <[u8]>::len));
    }

    /// Gives the next execution that waits for memory its turn, if there is any: one at a time, since it takes some.
    pub(crate) fn quench(&mut self, askers: &impl Askers<Kept = K>) {
        let account = &self.account;
        let growth = |machine: u32| match askers.machine(machine).log_is_full() {
            true => Growth::Blocked,
            false if account.has_room_to_grow(machine) => Growth::Room,
            false => Growth::None,
        };
        let is_within = account.is_within();
        let next = self.thirsty.next(&self.flights, growth, is_within, self.now.ms);
        let Some((id, flight)) = next.and_then(|id| Some((id, self.flights.get_mut(id)?))) else {
            return;
        };
        self.thirsty.taken_up(&flight.state);
        flight.state.is_thirsty = false;
        self.ready.push_back(id);
    }

    /// Drops an execution that nobody wants any more.
    pub(crate) fn abandon(&mut self, askers: &mut impl Askers<Kept = K>, id: FlightId) {
        let Some(flight) = self.flights.take(id) else {
            return;
        };
        let mut state = flight.state;
        let (machine, mut asker) = askers.find(flight.machine, &flight.kept);
        #[cfg(test)]
        {
            self.abandoned += 1;
        }
        machine.parked -= 1;
        self.account.unpark(flight.machine, flight.bytes);
        self.thirsty.taken_up(&state);
        if let Err(message) = guarded(|| self.forget_calls(machine, &mut state, true)) {
            asker.panicked(machine, &message);
        }
        self.flights.release(id);
        asker.abandoned();
    }
}

/// Takes a result off the account that a branch was to have which is over, while its execution is not.
fn forget_result<K>(flights: &mut Flights<K>, account: &mut Account, due: &Due) {
    let bytes = due.result.as_deref().map_or(0, <[u8]>::len);
    let Some(flight) = flights.get_mut(due.flight).filter(|_| bytes > 0) else {
        return;
    };
    let bytes = bytes.min(flight.state.timed_bytes);
    flight.state.timed_bytes -= bytes;
    flight.state.before.beside -= bytes;
    flight.bytes -= bytes;
    account.unpark(flight.machine, bytes);
}
