//! Executions that wait: into the in-flight table, and out of it when something has come.
//!
//! Owns the small runs that the table's executions lie in. Must not know what ends an execution. Invariant:
//! one that is taken out is driven on at once, or dropped with its partition.

use super::account::{Account, Before};
use super::core::{Core, copy, failed, outcome};
use super::event::Event;
use super::flight::{Flight, FlightId, Flights, Trip};
use super::held::Held;
use super::history;
use super::lane::LaneState;
use super::ordering::LineId;
use super::panics::{Step, reach, tell};
use super::shard::BATCH_EVENTS_MAX;
use super::timers::Due;
use super::workflow::Loaded;
use crate::fault::DATA_LIMIT_EXCEEDED;
use crate::guard::{PANIC, guarded};
use crate::metrics::TaskOutcome;
use crate::stream::{Record, Ticket};
use crate::task;
use crate::vm::{Answer, Run};
use std::rc::Rc;

/// Runs of executions that waited, kept for the next ones.
const POOL_MAX: usize = 4_096;

/// When executions that have reached their time limit, but whose log is full, are looked at again, in milliseconds.
const LOG_LOOK_MS: i64 = 100;

/// Why an answer is not taken in.
const NO_ROOM: &str =
    "The shard's memory is exhausted, and the answer cannot be kept until the log accepts records again.";

/// Memory that a run in the pool keeps.
const POOLED_BYTES_MAX: usize = 16 << 10;

impl Core {
    /// Lets the execution wait in the in-flight table.
    pub(super) fn park(
        &mut self,
        lane: &mut LaneState,
        version: &Rc<Loaded>,
        record: &Record<'_>,
        mut trip: Trip,
        is_ready: bool,
    ) {
        let copied = self.part(lane, &mut None, |core, lane, _| {
            core.keep_records(lane, version, record, &mut trip);
            reach(Step::Park);
            let mut run = core.take_pooled();
            let moved = core.run.park_into(&mut run);
            core.charge(moved);
            (run, Event::copy(record, lane.keep))
        });
        let (run, event) = match copied {
            Ok(copied) => copied,
            Err(message) => return self.panicked(lane, record, trip, None, message),
        };
        let id = *trip
            .id
            .get_or_insert_with(|| self.flights.reserve(lane.index, trip.started_ms));
        if let Some(line) = trip.line
            && !std::mem::replace(&mut trip.holds_line, true)
        {
            lane.lines.begin(line);
        }
        lane.parked += 1;
        let beside = event.bytes() + trip.outside_bytes() + size_of::<Run>() + size_of::<Flight>();
        let (held, reserved) = run.bytes();
        let bytes = reserved + beside;
        trip.before = Before {
            held,
            beside: bytes - held,
        };
        self.account.park(lane.index, bytes);
        let is_paused = is_ready && run.is_paused();
        let was_thirsty = trip.is_thirsty;
        trip.is_thirsty |= is_paused;
        self.thirsty.parked(id, &trip, !is_ready, self.now.ms);
        let flight = Flight {
            lane: lane.index,
            version: Rc::clone(version),
            event,
            trip,
            run,
            bytes,
        };
        self.flights.put(id, flight);
        match is_ready {
            false => {}
            true if is_paused => {
                if !was_thirsty {
                    self.thirsty.push(lane.index, id, self.now.ms);
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
    fn keep_records(&mut self, lane: &mut LaneState, version: &Loaded, record: &Record<'_>, trip: &mut Trip) {
        let Some(log) = lane.log().filter(|_| !self.run.events().is_empty()) else {
            return;
        };
        let Some(partition) = lane.partitions.get(&record.partition) else {
            return;
        };
        if log.keeps_for_failure() {
            if self.run.grown_bytes() > log.on_failure_bytes_max {
                self.run.drop_middle_events();
            }
            return;
        }
        if lane.log_is_full() {
            // It does not go on before records have left, so it gathers no more.
            return;
        }
        self.name_and_arn(lane, partition, record.offset, trip.uuid);
        let encoder = lane.fixed.encoder(&lane.workflow, version, &self.arn, log);
        if let Some(journal) = &mut lane.journal {
            trip.has_records |= history::write_early(&encoder, &mut self.run, journal, log);
        }
    }

    /// Gives the memory of the pool back.
    pub(super) fn empty_pool(&mut self) {
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
    fn go_on(
        &mut self,
        lanes: &mut [super::lane::Lane],
        id: FlightId,
        bring: impl FnOnce(&mut Core, &mut LaneState, &mut Flight),
    ) {
        let Some(mut flight) = self.flights.take(id) else {
            return;
        };
        let lane = &mut lanes[flight.lane as usize].state;
        lane.parked -= 1;
        self.account.unpark(flight.lane, flight.bytes);
        self.thirsty.taken_up(&flight.trip);
        let mut moved = 0;
        let brought = guarded(|| {
            reach(Step::Unpark);
            moved = self.run.unpark_from(&mut flight.run);
            bring(self, lane, &mut flight);
        });
        let Flight {
            version,
            event,
            trip,
            run,
            ..
        } = flight;
        match brought {
            Ok(()) => {
                self.pool(run);
                self.drive(lane, &version, &event.record(), trip);
            }
            Err(message) => self.panicked(lane, &event.record(), trip, None, message),
        }
        // Afterwards: an execution that is taken up also does something.
        self.charge(moved);
    }

    /// Gives an execution that ran out of fuel its next turn.
    pub(super) fn next_turn(&mut self, lanes: &mut [super::lane::Lane], id: FlightId) {
        self.go_on(lanes, id, |_, _, _| {});
    }

    /// Drops timers that nobody waits for any more, now and then.
    pub(super) fn sweep_timers(&mut self) {
        let Core {
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
    pub(super) fn due(&mut self, lanes: &mut [super::lane::Lane], due: Due) {
        if !self.flights.awaits(due.flight, due.token) {
            return forget_result(&mut self.flights, &mut self.account, &due);
        }
        self.go_on(lanes, due.flight, |core, _, flight| {
            let answer = match &due.result {
                Some(result) => {
                    flight.trip.timed_bytes = flight.trip.timed_bytes.saturating_sub(result.len());
                    Answer::Success(result)
                }
                None => Answer::Time,
            };
            reach(Step::Resume);
            core.run
                .resume(&flight.version.program, due.token, answer, core.now.wall_ms);
        });
        self.charge(due.result.as_deref().map_or(0, <[u8]>::len));
    }

    /// Brings the answer of a pending call.
    pub(super) fn answered(
        &mut self,
        lanes: &mut [super::lane::Lane],
        ticket: Ticket,
        answer: &task::Answer,
    ) {
        let Some(id) = self.flights.of_ticket(ticket) else {
            return;
        };
        let Some(flight) = self.flights.get(id) else {
            return;
        };
        let Some(at) = flight.trip.calls.iter().position(|call| call.ticket == ticket) else {
            return;
        };
        self.go_on(lanes, id, |core, lane, flight| {
            let call = flight.trip.calls.swap_remove(at);
            if let Err(failure) = answer
                && failure.error.as_deref() == Some(PANIC)
            {
                // It has been told already.
                lane.stats.metrics.counts.panics += 1;
            }
            let answer = match answer {
                // It does not go on before the log has room, and would keep the answer until then.
                Ok(_) if lane.log_is_full() && core.account.takes_no_answers() => Answer::Failure {
                    error: Some(DATA_LIMIT_EXCEEDED),
                    cause: Some(NO_ROOM),
                },
                Ok(result) => Answer::Success(result),
                Err(failure) => failed(failure),
            };
            lane.task_ended(&call, outcome(&answer), core.now.ms);
            reach(Step::Resume);
            core.run
                .resume(&flight.version.program, call.token, answer, core.now.wall_ms);
        });
        self.charge(answer.as_ref().map_or(0, Vec::len));
    }

    /// Lets the time begin anew within which a call is to send its next heartbeat.
    pub(super) fn heartbeat(&mut self, ticket: Ticket) {
        let id = self.flights.of_ticket(ticket);
        let Some(flight) = id.and_then(|id| self.flights.get_mut(id)) else {
            return;
        };
        let mut calls = flight.trip.calls.iter_mut();
        if let Some(call) = calls.find(|call| call.ticket == ticket) {
            call.beat(self.now.ms);
        }
    }

    /// Ends what has reached a time limit: the whole execution, or its tasks.
    pub(super) fn overdue(&mut self, lanes: &mut [super::lane::Lane], id: FlightId) {
        if let Some(flight) = self.flights.get(id)
            && self.now.ms >= flight.trip.deadline_ms
            && !self.may_end(&lanes[flight.lane as usize].state)
        {
            return self.flights.look_again(self.now.ms + LOG_LOOK_MS);
        }
        self.go_on(lanes, id, |core, lane, flight| {
            let program = &flight.version.program;
            if core.now.ms >= flight.trip.deadline_ms {
                reach(Step::TimeOut);
                core.run.time_out(program, core.now.wall_ms);
                return;
            }
            let mut at = 0;
            while let Some(call) = flight.trip.calls.get(at) {
                if call.limit_ms() > core.now.ms {
                    at += 1;
                    continue;
                }
                let call = flight.trip.calls.swap_remove(at);
                core.tasks.cancel(call.ticket);
                lane.task_ended(&call, TaskOutcome::TimedOut, core.now.ms);
                reach(Step::Resume);
                core.run
                    .resume(program, call.token, Answer::TimedOut, core.now.wall_ms);
            }
        });
    }

    /// Says whether there is room, and time, for the records of an execution's end.
    fn may_end(&self, lane: &LaneState) -> bool {
        lane.log().is_none() || !lane.log_is_full() && !self.work.is_spent()
    }

    /// Forgets the calls that nobody waits for any more, or all of them.
    pub(super) fn forget_calls(&mut self, lane: &mut LaneState, trip: &mut Trip, all: bool) {
        reach(Step::Cancel);
        let (run, tasks, now_ms) = (&self.run, &mut self.tasks, self.now.ms);
        trip.calls.retain(|call| {
            let is_awaited = !all && run.awaits(call.token);
            if !is_awaited {
                tasks.cancel(call.ticket);
                lane.task_ended(call, TaskOutcome::Cancelled, now_ms);
            }
            is_awaited
        });
    }

    /// Drops an execution: its partition is gone, and another member will run the event.
    pub(super) fn abandon(&mut self, lanes: &mut [super::lane::Lane], id: FlightId) {
        let Some(mut flight) = self.flights.take(id) else {
            return;
        };
        let lane = &mut lanes[flight.lane as usize].state;
        #[cfg(test)]
        {
            self.abandoned += 1;
        }
        lane.parked -= 1;
        self.account.unpark(flight.lane, flight.bytes);
        self.thirsty.taken_up(&flight.trip);
        let trip = &mut flight.trip;
        if let Err(message) = guarded(|| self.forget_calls(lane, trip, true)) {
            tell(lane, &flight.event.record(), &message);
        }
        self.flights.release(id);
        self.leave_line(lane, &flight.trip);
    }

    /// Lets the next event of the line have its turn.
    pub(super) fn leave_line(&mut self, lane: &mut LaneState, trip: &Trip) {
        if let Some(line) = trip.line.filter(|_| trip.holds_line)
            && let Some(next) = lane.lines.end(line)
        {
            lane.turns.push_back((Some(line), next));
        }
    }

    /// Says whether an event of a lane may begin: there is work left in this turn, memory, and room for the messages
    /// that it will leave.
    pub(super) fn may_begin(&self, lane: &LaneState, record: &Record<'_>) -> bool {
        let bytes = record.value.map_or(0, <[u8]>::len);
        !self.work.is_spent()
            && self.account.may_begin(lane.index, lane.parked, bytes)
            && !self.outbox.is_over(lane.index)
    }

    /// Lets an event wait until there is memory or work for its execution; it holds its line.
    #[cold]
    pub(super) fn put_off(&mut self, lane: &mut LaneState, record: &Record<'_>, line: Option<LineId>) {
        let event = match copy(record, &lane.held) {
            Ok(event) => event,
            Err(message) => return self.never_began(lane, record, message),
        };
        if let Some(partition) = lane.partitions.get_mut(&record.partition) {
            partition.waiting += 1;
        }
        if let Some(line) = line {
            lane.lines.begin(line);
        }
        lane.turns.push_back((line, event));
    }

    /// Takes a held event, as [`Core::take`] does, without copying it.
    pub(super) fn take_held(&mut self, lane: &mut LaneState, version: &Rc<Loaded>, event: Held) {
        let line = lane.workflow.ordering.line(&event.record());
        let is_behind = line.is_some_and(|line| lane.lines.is_busy(line));
        if !is_behind && self.may_begin(lane, &event.record()) {
            return self.execute(lane, version, &event.record(), line, false);
        }
        if let Some(partition) = lane.partitions.get_mut(&event.partition) {
            partition.waiting += 1;
        }
        match line {
            Some(line) if is_behind => return lane.lines.wait(line, event),
            Some(line) => lane.lines.begin(line),
            None => {}
        }
        lane.turns.push_back((line, event));
    }

    /// Runs the events whose turn in their line has come, and those for which there is memory or work again. One that is over
    /// lets the next of its line follow, so not all of a long line.
    pub(super) fn take_turns(&mut self, lane: &mut LaneState) -> usize {
        let version = Rc::clone(&lane.version);
        for taken in 0..BATCH_EVENTS_MAX {
            let Some((_, next)) = lane.turns.front() else {
                return taken;
            };
            if !self.may_begin(lane, &next.record()) {
                return taken;
            }
            let Some((line, event)) = lane.turns.pop_front() else {
                return taken;
            };
            if let Some(partition) = lane.partitions.get_mut(&event.partition) {
                partition.waiting -= 1;
            }
            self.execute(lane, &version, &event.record(), line, true);
        }
        BATCH_EVENTS_MAX
    }
}

/// Takes a result off the account that a branch was to have which is over, while its execution is not.
fn forget_result(flights: &mut Flights, account: &mut Account, due: &Due) {
    let bytes = due.result.as_deref().map_or(0, <[u8]>::len);
    let Some(flight) = flights.get_mut(due.flight).filter(|_| bytes > 0) else {
        return;
    };
    let bytes = bytes.min(flight.trip.timed_bytes);
    flight.trip.timed_bytes -= bytes;
    flight.trip.before.beside -= bytes;
    flight.bytes -= bytes;
    account.unpark(flight.lane, bytes);
}
