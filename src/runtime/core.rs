//! Runs executions: from an event to an outcome, or to a place in the in-flight table.
//!
//! Owns the one run in which everything is executed, the pool of those that wait, and what is due. An
//! execution that never waits goes through here in a plain loop and leaves nothing behind. Must not know
//! sources and commits. Invariant: an execution that began ends once, in [`Core::finish`], or where poison or
//! a lost partition ends it.

use super::account::{Account, LaneMeter};
use super::flight::{FlightId, Flights, Pending, Trip};
use super::headers;
use super::held::Held;
use super::identity::{CallKey, push_position};
use super::lane::{LaneState, Partition};
use super::ordering::LineId;
use super::outbox::Outbox;
use super::panics::{Step, reach};
use super::shares::{Shares, TURN_WORK};
use super::thirsty::Thirsty;
use super::timers::Timers;
use super::workflow::{Loaded, OnEmpty};
use crate::clock::Now;
use crate::guard::guarded;
use crate::metrics::TaskOutcome;
use crate::random::{Random, push_uuid};
use crate::stream::{Record, Sink};
use crate::task::{self, Attempt, Caller, Progress};
use crate::vm::{
    Answer, Identified, Identity, PAYLOAD_BYTES_MAX, Request, Run, StartError, Status, TaskRequest, Work,
};
use std::collections::VecDeque;
use std::rc::Rc;

/// States that an execution may leave in one turn, some hundred microseconds, before others have theirs.
const FUEL: u64 = 5_000;
/// What a call counts for, in states: more than it costs where a function does little.
const CALL_FUEL: u64 = 10;
/// Work that an execution may do in one turn, in bytes of JSON text; see [`crate::vm::Work`].
const EXECUTION_WORK: u64 = 1 << 20;

/// What runs executions on a shard.
pub(super) struct Core {
    pub(super) now: Now,
    /// What the executions may still do in this turn.
    pub(super) work: Work,
    pub(super) shares: Shares,
    pub(super) run: Box<Run>,
    // Boxes: they move between here and the in-flight table.
    #[allow(clippy::vec_box)]
    pub(super) pool: Vec<Box<Run>>,
    pub(super) pool_bytes: usize,
    pub(super) account: Account,
    pub(super) flights: Flights,
    pub(super) timers: Timers,
    /// Executions that ran out of fuel: each has another turn.
    pub(super) ready: VecDeque<FlightId>,
    /// Executions that wait for memory, and the one that may grow though there is none.
    pub(super) thirsty: Thirsty,
    pub(super) outbox: Outbox,
    pub(super) sink: Box<dyn Sink>,
    pub(super) tasks: Box<dyn Caller>,
    random: Random,
    requests: Vec<Request>,
    /// Buffers that are used again: the execution's name and ARN, its position as JSON, texts.
    pub(super) name: String,
    pub(super) arn: String,
    position: Vec<u8>,
    input: Vec<u8>,
    result: Vec<u8>,
    pub(super) output: Vec<u8>,
    /// Checks values that become part of a larger input.
    pub(super) checked: crate::value::Heap,
    /// Until when replies that cannot be delivered are not told: events choose where they go.
    pub(super) lost_reply_told_until_ms: i64,
    /// Executions that were dropped with their partitions.
    #[cfg(test)]
    pub(super) abandoned: u64,
}

/// Why an event's execution is over before it has an outcome.
pub(super) enum Poison {
    /// The value is not JSON.
    Invalid(String),
    /// The value is too large; its bytes.
    TooLarge(usize),
    /// The headers are too many, or not readable.
    Headers(headers::Refused),
    /// Our own code panicked.
    Panicked(String),
}

impl Core {
    pub(super) fn new(
        sink: Box<dyn Sink>,
        tasks: Box<dyn Caller>,
        outbox: Outbox,
        account: Account,
        now: Now,
    ) -> Core {
        Core {
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
            outbox,
            sink,
            tasks,
            random: Random::from_system(),
            requests: Vec::new(),
            name: String::new(),
            arn: String::new(),
            position: Vec::new(),
            input: Vec::new(),
            result: Vec::new(),
            output: Vec::new(),
            checked: crate::value::Heap::new(),
            lost_reply_told_until_ms: i64::MIN,
            #[cfg(test)]
            abandoned: 0,
        }
    }

    /// Makes the ids and seeds of executions follow from a seed.
    #[cfg(test)]
    pub(super) fn reseed(&mut self, seed: u64) {
        self.random = Random::new(seed);
    }

    /// Takes from the turn what something costs, in bytes.
    #[inline]
    pub(super) fn charge(&mut self, bytes: usize) {
        self.work.charge(bytes);
        self.shares.note(bytes);
    }

    /// Begins a part of the turn that others of the same kind share: each has its part of the work at least, in this
    /// turn or in the next.
    pub(super) fn begin_part(&mut self, sharers: usize) {
        self.work = self.shares.begin_part(self.work, sharers);
    }

    /// Runs an event whose offset was begun, unless it has to wait for its turn.
    pub(super) fn take(&mut self, lane: &mut LaneState, version: &Rc<Loaded>, record: &Record<'_>) {
        let line = lane.workflow.ordering.line(record);
        if let Some(line) = line
            && lane.lines.is_busy(line)
        {
            match copy(record, &lane.held) {
                Ok(event) => {
                    if let Some(partition) = lane.partitions.get_mut(&record.partition) {
                        partition.waiting += 1;
                    }
                    lane.lines.wait(line, event);
                }
                Err(message) => self.never_began(lane, record, message),
            }
            return;
        }
        if !self.may_begin(lane, record) {
            return self.put_off(lane, record, line);
        }
        self.execute(lane, version, record, line, false);
    }

    /// Ends an event that could not even be kept for later.
    #[cold]
    pub(super) fn never_began(&mut self, lane: &mut LaneState, record: &Record<'_>, message: String) {
        let Some(partition) = lane.partitions.get_mut(&record.partition) else {
            return;
        };
        partition.running += 1;
        lane.stats.metrics.counts.started += 1;
        self.panicked(lane, record, Trip::new(None, false, self.now.ms), None, message);
    }

    /// Runs an event. `holds_line`: its line is busy with it already.
    pub(super) fn execute(
        &mut self,
        lane: &mut LaneState,
        version: &Rc<Loaded>,
        record: &Record<'_>,
        line: Option<LineId>,
        holds_line: bool,
    ) {
        let mut trip = Trip::new(line, holds_line, self.now.ms);
        let Some(partition) = lane.partitions.get_mut(&record.partition) else {
            return self.leave_line(lane, &trip);
        };
        partition.running += 1;
        let value = match (record.value, lane.workflow.on_empty) {
            (Some(value), _) if !value.is_empty() => value,
            (_, OnEmpty::Null) => b"null",
            (_, OnEmpty::Skip) => {
                lane.complete(record.partition, record.offset);
                return self.leave_line(lane, &trip);
            }
        };
        // Also what cannot begin: no more executions end than were started.
        lane.stats.metrics.counts.started += 1;
        let started = guarded(|| self.start(lane, version, record, value, &mut trip));
        match started {
            Ok(Ok(())) => self.drive(lane, version, record, trip),
            Ok(Err(poison)) => self.refuse(lane, record, trip, &poison),
            Err(message) => self.panicked(lane, record, trip, None, message),
        }
        // Afterwards: an execution that may begin also does something.
        self.charge(value.len());
    }

    /// Gives the run its input.
    fn start(
        &mut self,
        lane: &LaneState,
        version: &Loaded,
        record: &Record<'_>,
        value: &[u8],
        trip: &mut Trip,
    ) -> Result<(), Poison> {
        reach(Step::Start);
        let program = &*version.program;
        let partition = &lane.partitions[&record.partition];
        if program.uses_context || lane.reads_headers() {
            headers::check(record.headers).map_err(Poison::Headers)?;
        }
        let mut identity = Identity {
            role_arn: &lane.fixed.role_arn,
            state_machine_arn: &lane.fixed.state_machine_arn,
            state_machine_name: &lane.workflow.name,
            sync: lane.workflow.mode == super::workflow::Mode::Sync,
            ..Identity::default()
        };
        trip.uuid = self.random.uuid();
        if program.uses_context {
            self.name_and_arn(lane, partition, record.offset, trip.uuid);
            self.position.clear();
            self.position.push(b'{');
            push_position(record, &partition.topic, partition.number, &mut self.position);
            self.position.push(b'}');
            identity.execution_name = &self.name;
            identity.execution_arn = &self.arn;
            identity.event = Some(&self.position);
        }
        let mut input = value;
        if lane.wraps_input() {
            if value.len() > PAYLOAD_BYTES_MAX {
                return Err(Poison::TooLarge(value.len()));
            }
            // On its own first: a value that closes our object is not JSON.
            self.checked.clear();
            self.checked
                .index(value)
                .map_err(|error| Poison::Invalid(error.message.to_string()))?;
            self.input.clear();
            self.input.push(b'{');
            push_position(record, &partition.topic, partition.number, &mut self.input);
            self.input.extend_from_slice(b",\"value\":");
            self.input.extend_from_slice(value);
            self.input.push(b'}');
            input = &self.input;
        }
        let with = Identified {
            identity,
            kept: lane.fixed.kept,
            decisions: false,
            now_ms: self.now.wall_ms,
            seed: self.random.next_u64(),
        };
        let around = input.len() - value.len();
        self.run
            .start_wrapped(program, input, around, &with)
            .map_err(|error| match error {
                StartError::Invalid(error) => Poison::Invalid(error.message.to_string()),
                StartError::TooLarge(bytes) => Poison::TooLarge(bytes),
            })?;
        // The run began at this turn's wall time, so all of its limit is left.
        trip.deadline_ms = self.now.due_ms(self.run.deadline_ms(program));
        Ok(())
    }

    /// Runs what is in the run until it is over, waits, or has had its turn.
    pub(super) fn drive(
        &mut self,
        lane: &mut LaneState,
        version: &Rc<Loaded>,
        record: &Record<'_>,
        mut trip: Trip,
    ) {
        match guarded(|| self.step(lane, version, record, &mut trip)) {
            Ok(status @ (Status::Running | Status::Waiting)) => {
                self.park(lane, version, record, trip, status == Status::Running);
            }
            Ok(Status::Succeeded | Status::Failed | Status::TimedOut) => {
                self.finish(lane, version, record, trip);
            }
            Err(message) => self.panicked(lane, record, trip, None, message),
        }
    }

    /// Gives the run its share of the turn's work, and takes from the turn what it has used; ends the run at its time
    /// limit.
    fn step(
        &mut self,
        lane: &mut LaneState,
        version: &Loaded,
        record: &Record<'_>,
        trip: &mut Trip,
    ) -> Status {
        if lane.log_is_full() {
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
                let pause_at = self.pause_at(lane, trip);
                let most = self
                    .account
                    .execution_max(lane.index, self.flights.len(), trip.before);
                self.run.limit_memory(most, pause_at);
                let status = self.go(lane, version, record, trip);
                let used = granted.saturating_sub(self.run.work_left()) + self.run.take_overdrawn();
                self.charge(used as usize);
                status
            }
        };
        if matches!(status, Status::Running | Status::Waiting) && self.now.ms >= trip.deadline_ms {
            reach(Step::TimeOut);
            self.run.time_out(&version.program, self.now.wall_ms);
            return Status::TimedOut;
        }
        status
    }

    /// Advances the run, calls its tasks, and goes on with those that answer at once.
    fn go(&mut self, lane: &mut LaneState, version: &Loaded, record: &Record<'_>, trip: &mut Trip) -> Status {
        let program = &*version.program;
        let mut fuel = FUEL;
        loop {
            let before = self.run.transitions();
            let status = self.run.advance(program, self.now.wall_ms, fuel);
            fuel = fuel.saturating_sub(self.run.transitions() - before);
            if !trip.calls.is_empty() {
                self.forget_calls(lane, trip, false);
            }
            self.run.swap_requests(&mut self.requests);
            if !matches!(status, Status::Running | Status::Waiting) {
                return status;
            }
            let mut is_answered = false;
            for at in 0..self.requests.len() {
                let id = *trip
                    .id
                    .get_or_insert_with(|| self.flights.reserve(lane.index, trip.started_ms));
                match self.requests[at] {
                    Request::Timer(timer) => {
                        let due_ms = self.now.due_ms(timer.at_ms);
                        // What would come behind the deadline never comes.
                        if due_ms < trip.deadline_ms {
                            self.timers.add(due_ms, id, timer.token, None);
                        }
                    }
                    Request::Task(task) => {
                        fuel = fuel.saturating_sub(CALL_FUEL);
                        is_answered |= self.call(lane, version, record, trip, id, &task);
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

    /// Calls a task; says whether it has answered.
    fn call(
        &mut self,
        lane: &mut LaneState,
        version: &Loaded,
        record: &Record<'_>,
        trip: &mut Trip,
        id: FlightId,
        request: &TaskRequest,
    ) -> bool {
        if !self.run.awaits(request.token) {
            return false;
        }
        let program = &*version.program;
        let partition = lane.partitions.get(&record.partition);
        let key = CallKey {
            namer: partition.map(|partition| &partition.namer),
            offset: record.offset,
            run: &self.run,
            program,
            token: request.token,
        };
        let attempt = Attempt {
            bindings: &version.bindings,
            task: request.task,
            parameters: request.parameters,
            credentials: request.credentials,
            view: self.run.view(program),
            key: &key,
            timeout_seconds: request.timeout_seconds,
            heartbeat_seconds: request.heartbeat_seconds,
            now_ms: self.now.wall_ms,
        };
        let ticket = Flights::ticket(id, trip.call_count);
        trip.call_count = trip.call_count.wrapping_add(1);
        self.result.clear();
        let progress = self
            .tasks
            .call(&attempt, ticket, &mut *self.sink, &mut self.result);
        let milliseconds =
            |seconds: Option<u32>| seconds.map_or(i64::MAX, |seconds| i64::from(seconds) * 1_000);
        let pending = Pending {
            token: request.token,
            bytes: self.run.view(program).len(request.parameters),
            ticket,
            series: version.series[request.task.at()],
            began_ms: self.now.ms,
            timeout_at_ms: self.now.ms.saturating_add(milliseconds(request.timeout_seconds)),
            heartbeat_ms: milliseconds(request.heartbeat_seconds),
            alive_ms: self.now.ms,
        };
        let answer = match &progress {
            Progress::Pending => {
                trip.calls.push(pending);
                return false;
            }
            Progress::SuccessAfter(after_ms) => {
                let at_ms = self.now.ms.saturating_add(*after_ms);
                // A result that comes too late is a time-out at the limit: that is known now.
                if at_ms >= pending.limit_ms().min(trip.deadline_ms) {
                    trip.calls.push(pending);
                } else {
                    lane.task_ended(&pending, TaskOutcome::Succeeded, at_ms);
                    let result = Some(self.result.as_slice().into());
                    trip.timed_bytes += self.result.len();
                    self.timers.add(at_ms, id, request.token, result);
                }
                return false;
            }
            Progress::Success => Answer::Success(&self.result),
            Progress::Failure(failure) => failed(failure),
        };
        lane.task_ended(&pending, outcome(&answer), self.now.ms);
        let mut work = self.run.work();
        work.charge(pending.bytes + self.result.len());
        self.run.grant(work);
        self.run.resume(program, request.token, answer, self.now.wall_ms)
    }

    /// Writes an execution's name into its buffer.
    pub(super) fn name(&mut self, partition: &Partition, offset: i64) {
        self.name.clear();
        // Writing to a String does not fail.
        let _ = partition.namer.write(offset, &mut self.name);
    }

    /// Writes an execution's name and ARN into their buffers.
    pub(super) fn name_and_arn(&mut self, lane: &LaneState, partition: &Partition, offset: i64, uuid: u128) {
        self.name(partition, offset);
        self.arn.clear();
        self.arn.push_str(&lane.fixed.arn_prefix);
        self.arn.push_str(&self.name);
        self.arn.push(':');
        push_uuid(uuid, &mut self.arn);
    }
}

impl LaneState {
    pub(super) fn task_ended(&mut self, call: &Pending, outcome: TaskOutcome, at_ms: i64) {
        let lasted_ms = (at_ms - call.began_ms).max(0) as u64;
        self.stats
            .metrics
            .task_ended(call.series, outcome, lasted_ms * 1_000);
    }
}

/// Copies an event that is to run later.
///
/// # Errors
/// What a panic said.
pub(super) fn copy(record: &Record<'_>, meter: &LaneMeter) -> Result<Held, String> {
    guarded(|| {
        reach(Step::Hold);
        Held::copy(record, meter)
    })
}

pub(super) fn failed(failure: &task::Failure) -> Answer<'_> {
    Answer::Failure {
        error: failure.error.as_deref(),
        cause: failure.cause.as_deref(),
    }
}

pub(super) fn outcome(answer: &Answer<'_>) -> TaskOutcome {
    match answer {
        Answer::Success(_) => TaskOutcome::Succeeded,
        _ => TaskOutcome::Failed,
    }
}
