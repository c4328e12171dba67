//! The memory of one execution, and its face to the driver.

use super::context::{Context, Identity};
use super::event::{Event, EventSet, EventType};
use super::expression::Evaluator;
use super::fault::Fault;
use super::frame::{Activity, Frame, FrameId, Registers};
use super::interpret::Midway;
use super::request::{Request, Token};
use super::trace::{Decision, Traced};
use super::work::Work;
use crate::program::{FlowId, FlowInfo, Program, StateId};
use crate::random::Random;
use crate::value::{Compaction, Heap, IndexError, ValueRef, View};

/// Largest input, output, task parameters or result, in bytes of JSON text (facts 1.2).
pub const PAYLOAD_BYTES_MAX: usize = 262_144;

/// Longest run of an Express workflow (facts 1.2).
pub const RUN_SECONDS_MAX: u32 = 300;

/// The memory of one execution; reset and reused by [`Run::start`].
pub struct Run {
    pub(super) heap: Heap,
    /// The operand stack; empty whenever a frame yields or ends.
    pub(super) stack: Vec<ValueRef>,
    pub(super) frames: Vec<Frame>,
    pub(super) free: Vec<FrameId>,
    /// Frames that can go on, the next one last.
    pub(super) ready: Vec<FrameId>,
    /// The registers of the frame that runs.
    pub(super) current: Registers,
    /// Id of the last event.
    pub(super) last_event: u32,
    pub(super) kept: EventSet,
    pub(super) events: Vec<Event>,
    /// How many of the events are charged.
    pub(super) charged_events: usize,
    pub(super) decisions: Option<Vec<Decision>>,
    pub(super) traced: Vec<Traced>,
    pub(super) requests: Vec<Request>,
    /// The fault that a step has raised.
    pub(super) raised: Fault,
    pub(super) now_ms: i64,
    pub(super) started_ms: i64,
    pub(super) context: Context,
    pub(super) random: Random,
    pub(super) outcome: Outcome,
    pub(super) transitions: u64,
    /// What it may still do before others have their turn.
    pub(super) work: Work,
    /// What its evaluations have taken beyond their grants.
    pub(super) overdrawn: u64,
    /// Bytes of the input's values.
    pub(super) input_bytes: usize,
    /// What the last walk over a value found; see [`crate::program::Gather`].
    pub(super) found: Vec<ValueRef>,
    /// The frame whose operands are on the stack while the run does nothing.
    pub(super) midway: Option<Midway>,
    pub(super) compaction: Compaction,
    /// What evaluates expressions; none before the first.
    pub(super) evaluator: Option<Box<Evaluator>>,
    /// Compact when the heap has more bytes than this.
    pub(super) compact_at: usize,
    /// Bytes of values that were left the last time the heap was compacted.
    pub(super) compacted: usize,
    /// Where the execution pauses; see [`Run::limit_memory`].
    pub(super) pause_at: usize,
    /// What a pause has taken away of the work.
    pub(super) withheld: Option<u64>,
    /// Bytes of heap below which nothing is compacted.
    pub(super) compaction_floor: usize,
    /// Bytes that the execution may hold.
    pub(super) memory_max: usize,
    /// Bytes of all frames with their variables, free ones included.
    pub(super) frame_bytes: usize,
}

/// How far an execution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It ran out of fuel: advance it again.
    Running,
    /// It waits for answers: see [`Run::requests`].
    Waiting,
    /// It succeeded with [`Outcome::output`].
    Succeeded,
    /// It failed with [`Outcome::error`] and [`Outcome::cause`].
    Failed,
    /// It ran longer than it may.
    TimedOut,
}

/// How an execution ended.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// How far it is.
    pub status: Status,
    /// The output of a success.
    pub output: ValueRef,
    /// The error's name, if it failed with one.
    pub error: ValueRef,
    /// The cause, if it failed with one.
    pub cause: ValueRef,
}

impl Outcome {
    const NONE: Outcome = Outcome {
        status: Status::Running,
        output: ValueRef::NONE,
        error: ValueRef::NONE,
        cause: ValueRef::NONE,
    };
}

/// Why an execution could not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// The input is not JSON.
    Invalid(IndexError),
    /// The input is larger than [`PAYLOAD_BYTES_MAX`]; its size in bytes.
    TooLarge(usize),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StartError::Invalid(error) => {
                write!(f, "Invalid State Machine Execution Input: '{}'", error.message)
            }
            StartError::TooLarge(bytes) => write!(
                f,
                "the input has {bytes} bytes; an execution takes at most {PAYLOAD_BYTES_MAX}"
            ),
        }
    }
}

impl std::error::Error for StartError {}

/// What makes one execution different from another, besides its input.
#[derive(Clone, Copy, Debug, Default)]
pub struct Identified<'a> {
    /// Who it is.
    pub identity: Identity<'a>,
    /// The events it keeps.
    pub kept: EventSet,
    /// Keep decisions and traces too.
    pub decisions: bool,
    /// Now, in milliseconds since 1970.
    pub now_ms: i64,
    /// Where its random numbers start.
    pub seed: u64,
}

/// Bytes of heap below which nothing is compacted.
pub(super) const COMPACT_FLOOR: usize = 4 << 20;

impl Default for Run {
    fn default() -> Run {
        Run::new()
    }
}

impl Run {
    /// Creates the memory for executions.
    pub fn new() -> Run {
        Run {
            heap: Heap::new(),
            stack: Vec::new(),
            frames: Vec::new(),
            free: Vec::new(),
            ready: Vec::new(),
            current: Frame::new().registers,
            last_event: 0,
            kept: EventSet::default(),
            events: Vec::new(),
            charged_events: 0,
            decisions: None,
            traced: Vec::new(),
            requests: Vec::new(),
            raised: Fault::NONE,
            now_ms: 0,
            started_ms: 0,
            context: Context::EMPTY,
            random: Random::new(0),
            outcome: Outcome::NONE,
            transitions: 0,
            work: Work::UNBOUNDED,
            overdrawn: 0,
            input_bytes: 0,
            found: Vec::new(),
            midway: None,
            compaction: Compaction::default(),
            evaluator: None,
            compact_at: COMPACT_FLOOR,
            compacted: 0,
            pause_at: super::compact::MEMORY_BYTES_MAX,
            withheld: None,
            compaction_floor: COMPACT_FLOOR,
            memory_max: super::compact::MEMORY_BYTES_MAX,
            frame_bytes: 0,
        }
    }

    /// Sets how many bytes of heap are never compacted; with 0 the heap is compacted at every state's
    /// end. For tests: it must not change what a run does.
    pub fn set_compaction_floor(&mut self, bytes: usize) {
        self.compaction_floor = bytes;
        self.compact_at = bytes;
    }

    /// Forgets the last execution and starts one with an input, as JSON text.
    ///
    /// # Errors
    /// When the input is not JSON or too large; nothing runs then.
    pub fn start(
        &mut self,
        program: &Program,
        input: &[u8],
        with: &Identified<'_>,
    ) -> Result<(), StartError> {
        self.start_wrapped(program, input, 0, with)
    }

    /// As [`Run::start`], with an input of which the limit does not count `around` bytes: what the driver
    /// has put around a payload.
    ///
    /// # Errors
    /// As [`Run::start`].
    pub fn start_wrapped(
        &mut self,
        program: &Program,
        input: &[u8],
        around: usize,
        with: &Identified<'_>,
    ) -> Result<(), StartError> {
        let counted = input.len().saturating_sub(around);
        if counted > PAYLOAD_BYTES_MAX {
            return Err(StartError::TooLarge(counted));
        }
        self.reset(with);
        let input = self.heap.index(input).map_err(StartError::Invalid)?;
        self.input_bytes = self.heap.bytes().0;
        self.start_context(program, &with.identity, input);
        let mut event = Event::new(EventType::ExecutionStarted, 0);
        event.data = input;
        self.record(event);
        let flow = &program.flows[0];
        let frame = self.new_frame();
        self.begin_frame(frame, FlowId(0), flow, input);
        self.ready.push(frame);
        Ok(())
    }

    /// Forgets the last execution and tries one state: as [`Run::start`], but begins there, with
    /// variables by name. Advance it with a fuel of 1.
    ///
    /// # Errors
    /// As [`Run::start`].
    pub fn start_at(
        &mut self,
        program: &Program,
        state: StateId,
        input: &[u8],
        variables: &[(&str, &[u8])],
        with: &Identified<'_>,
    ) -> Result<(), StartError> {
        self.start(program, input, with)?;
        let info = &program.states[state.at()];
        for (name, text) in variables {
            let value = self.heap.index(text).map_err(StartError::Invalid)?;
            let names = &program.flows[0].variables;
            if let Some(slot) = names.iter().position(|known| &**known == *name) {
                self.frames[0].variables[slot] = value;
            }
        }
        self.frames[0].registers.pc = info.enter;
        Ok(())
    }

    fn reset(&mut self, with: &Identified<'_>) {
        self.heap.clear();
        self.stack.clear();
        self.found.clear();
        self.midway = None;
        self.ready.clear();
        self.free.clear();
        for frame in &mut self.frames {
            frame.activity = Activity::Free;
            frame.generation = frame.generation.wrapping_add(1);
        }
        self.free.extend((0..self.frames.len() as u32).rev().map(FrameId));
        self.clear_events();
        self.traced.clear();
        self.decisions = with.decisions.then(Vec::new);
        self.requests.clear();
        self.last_event = 0;
        self.kept = with.kept;
        self.now_ms = with.now_ms;
        self.started_ms = with.now_ms;
        self.random = Random::new(with.seed);
        self.outcome = Outcome::NONE;
        self.transitions = 0;
        self.overdrawn = 0;
        self.input_bytes = 0;
        self.compact_at = self.compaction_floor.min(self.memory_max);
        self.compacted = 0;
        self.pause_at = self.memory_max;
        self.withheld = None;
    }

    /// Says how much work the execution may do before [`Run::advance`] comes back with [`Status::Running`].
    /// Without a grant there is no bound.
    pub fn grant(&mut self, work: Work) {
        self.work = work;
    }

    /// Returns what is left of the grant.
    pub fn work(&self) -> Work {
        self.work
    }

    /// Returns what evaluations have taken beyond what was granted, since the last call: one cannot stop in the middle.
    pub fn take_overdrawn(&mut self) -> u64 {
        std::mem::take(&mut self.overdrawn)
    }

    /// Takes what the execution asks of the world since the last call.
    pub fn requests(&mut self) -> std::vec::Drain<'_, Request> {
        self.requests.drain(..)
    }

    /// As [`Run::requests`], by exchange with a list that is used again; what was in that is forgotten.
    pub fn swap_requests(&mut self, requests: &mut Vec<Request>) {
        requests.clear();
        std::mem::swap(&mut self.requests, requests);
    }

    /// Returns how the execution ended, or how far it is.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Returns a view of the execution's values.
    pub fn view<'a>(&'a self, program: &'a Program) -> View<'a> {
        View::new(&self.heap, &program.constants)
    }

    /// Returns the events kept so far, oldest first.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Forgets the events kept so far, so that a long run with a log does not grow; write them first.
    pub fn clear_events(&mut self) {
        self.events.clear();
        self.charged_events = 0;
    }

    /// Forgets the events in the middle: keeps the first and the last few. For a run whose events hold more
    /// than they may; the gap shows in their ids. Returns how many went.
    pub fn drop_middle_events(&mut self) -> usize {
        const KEPT: usize = 32;
        let end = self.events.len().saturating_sub(KEPT);
        if end <= KEPT {
            return 0;
        }
        let dropped = self.events.drain(KEPT..end).count();
        self.charged_events = self.charged_events.min(self.events.len());
        dropped
    }

    /// Returns how many bytes of values have come to those of the input: what its events may hold, and its data.
    pub fn grown_bytes(&self) -> usize {
        self.heap.bytes().0.saturating_sub(self.input_bytes)
    }

    /// Returns the id of the last event, kept or not; 0 before the first.
    pub fn last_event(&self) -> u32 {
        self.last_event
    }

    /// Returns the decisions so far, if they are kept.
    pub fn decisions(&self) -> &[Decision] {
        self.decisions.as_deref().unwrap_or_default()
    }

    /// Returns the traced values so far.
    pub fn traced(&self) -> &[Traced] {
        &self.traced
    }

    /// Returns how many states were left.
    pub fn transitions(&self) -> u64 {
        self.transitions
    }

    /// Returns how many bytes the run's memory takes, in use and reserved.
    pub fn bytes(&self) -> (usize, usize) {
        let spare_frames = self.frames.capacity() - self.frames.len();
        let reserved = self.heap.bytes().1
            + self.frame_bytes
            + spare_frames * size_of::<Frame>()
            + self.events.capacity() * size_of::<Event>()
            + self.requests.capacity() * size_of::<Request>()
            + (self.stack.capacity() + self.found.capacity()) * size_of::<ValueRef>()
            + self.compaction.bytes()
            + self.evaluator.as_ref().map_or(0, |evaluator| evaluator.bytes());
        (self.held_bytes(), reserved)
    }

    /// Gives the memory back that one execution has taken beyond so many bytes, so that a giant's is not kept for
    /// ever. For a run that holds no execution; says whether there was any.
    pub fn shrink(&mut self, bytes_max: usize) -> bool {
        let is_large = self.bytes().1 > bytes_max;
        if is_large {
            let (memory_max, compaction_floor) = (self.memory_max, self.compaction_floor);
            let pause_at = memory_max;
            *self = Run {
                memory_max,
                pause_at,
                compaction_floor,
                ..Run::new()
            };
        }
        is_large
    }

    /// Returns when the execution must have ended: after `TimeoutSeconds` of the machine, at the latest
    /// after [`RUN_SECONDS_MAX`]; in milliseconds since 1970.
    pub fn deadline_ms(&self, program: &Program) -> i64 {
        let seconds = program
            .timeout_seconds
            .unwrap_or(RUN_SECONDS_MAX)
            .min(RUN_SECONDS_MAX);
        self.started_ms + i64::from(seconds) * 1_000
    }

    /// Ends the execution because its deadline has passed (facts 2.6: the event has no cause).
    pub fn time_out(&mut self, program: &Program, now_ms: i64) {
        if !matches!(self.outcome.status, Status::Running | Status::Waiting) {
            return;
        }
        self.now_ms = now_ms;
        let error =
            crate::value::Store::new(&mut self.heap, &program.constants).string(crate::fault::TIMEOUT);
        let mut event = Event::new(EventType::ExecutionTimedOut, 0);
        event.error = error;
        self.record(event);
        self.outcome = Outcome {
            status: Status::TimedOut,
            ..Outcome::NONE
        };
        self.stop();
    }

    /// Says whether the answer to a request is still waited for.
    pub fn awaits(&self, token: Token) -> bool {
        let frame = self.frames.get(token.frame as usize);
        frame.is_some_and(|frame| frame.waits() && frame.generation == token.generation)
    }

    /// Returns a state that waits for an answer, for tools.
    pub fn waiting_state(&self) -> Option<StateId> {
        let frame = self.frames.iter().find(|frame| frame.waits())?;
        Some(frame.registers.state)
    }

    /// Returns the state that comes next in the top flow, for a run that ran out of fuel.
    pub fn next_state(&self, program: &Program) -> Option<StateId> {
        let frame = self
            .frames
            .first()
            .filter(|frame| frame.activity == Activity::Running)?;
        match program.at(frame.registers.pc) {
            crate::program::Instruction::Enter(state) => Some(state),
            _ => None,
        }
    }

    /// Returns the variables of the top flow that have a value, for tools.
    pub fn variables<'a>(&'a self, program: &'a Program) -> impl Iterator<Item = (&'a str, ValueRef)> {
        let values = self.frames.first().map_or(&[][..], |frame| &frame.variables);
        let names = program.flows[0].variables.iter().map(|name| &**name);
        names
            .zip(values.iter().copied())
            .filter(|(_, value)| !value.is_none())
    }

    /// Takes the next event id; makes and keeps the event only if its type is kept. Returns the id.
    #[inline(always)]
    pub(super) fn tick(
        &mut self,
        kind: EventType,
        previous: u32,
        make: impl FnOnce(&Run, Event) -> Event,
    ) -> u32 {
        if self.kept.has(kind) {
            return self.record(make(self, Event::new(kind, previous)));
        }
        self.last_event = self.last_event.saturating_add(1);
        self.last_event
    }

    /// Takes the next event id, keeps the event if its type is kept, returns the id.
    #[inline]
    pub(super) fn record(&mut self, event: Event) -> u32 {
        self.last_event = self.last_event.saturating_add(1);
        if self.kept.has(event.kind) {
            self.events.push(Event {
                id: self.last_event,
                at_ms: self.now_ms,
                ..event
            });
        }
        self.last_event
    }

    pub(super) fn new_frame(&mut self) -> FrameId {
        if let Some(free) = self.free.pop() {
            return free;
        }
        if self.frames.capacity() == 0 {
            // Most executions have one frame, and each that waits keeps its own.
            self.frames.reserve_exact(1);
        }
        self.frames.push(Frame::new());
        self.frame_bytes += size_of::<Frame>();
        FrameId(self.frames.len() as u32 - 1)
    }

    /// Makes a frame ready for a flow.
    #[inline]
    pub(super) fn begin_frame(&mut self, id: FrameId, flow: FlowId, info: &FlowInfo, input: ValueRef) {
        let frame = &mut self.frames[id.at()];
        frame.begin(flow, info.entry, input);
        if !info.variables.is_empty() {
            let before = frame.variables.capacity();
            frame.variables.resize(info.variables.len(), ValueRef::NONE);
            self.frame_bytes += (frame.variables.capacity() - before) * size_of::<ValueRef>();
        }
    }

    /// Ends the execution with a fault.
    pub(super) fn fail(&mut self, previous: u32, fault: Fault) {
        let mut event = Event::new(EventType::ExecutionFailed, previous);
        event.error = fault.error;
        event.cause = fault.cause;
        self.record(event);
        self.outcome = Outcome {
            status: Status::Failed,
            output: ValueRef::NONE,
            error: fault.error,
            cause: fault.cause,
        };
        self.stop();
    }

    /// Ends the execution with an output.
    pub(super) fn succeed(&mut self, previous: u32, output: ValueRef) {
        self.record(Event::new(EventType::ExecutionSucceeded, previous).data(output));
        self.outcome = Outcome {
            status: Status::Succeeded,
            output,
            ..Outcome::NONE
        };
        self.stop();
    }

    fn stop(&mut self) {
        self.stack.clear();
        self.midway = None;
        self.ready.clear();
        self.requests.clear();
        for frame in &mut self.frames {
            frame.activity = Activity::Free;
            frame.generation = frame.generation.wrapping_add(1);
        }
    }
}
