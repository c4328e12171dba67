//! Retry and Catch, and what happens when neither takes an error (facts 4.5, 7.2).

use super::event::{self, Event, EventType};
use super::fault::Fault;
use super::frame::{Activity, FrameId};
use super::request::{Request, TimerKind, Token};
use super::run::Run;
use super::trace::Decision;
use crate::fault;
use crate::program::{Program, Retrier, StateType};
use crate::value::{Store, ValueRef, View};

impl Run {
    /// Handles a fault of the frame that runs, found while its instructions were interpreted.
    pub(super) fn raise(&mut self, program: &Program, frame: FrameId) {
        let fault = self.raised;
        if fault.is_evaluation {
            self.record_evaluation_failed(program, frame, fault);
        }
        self.frames[frame.at()].registers = self.current;
        if fault.catchable {
            self.fail_state_of(program, frame, fault);
        } else {
            // A fault of processing ends the whole run from whatever depth, without further events.
            self.fail(self.current.last, fault);
        }
    }

    /// Handles the failure of a frame's current state: Retry, then Catch, then the frame fails.
    pub(super) fn fail_state_of(&mut self, program: &Program, frame: FrameId, fault: Fault) {
        if !fault.catchable {
            return self.fail(self.frames[frame.at()].registers.last, fault);
        }
        // What fails in a catcher is not for its own state: the catcher might catch itself without end.
        let catching = self.frames[frame.at()].catching;
        if !catching && self.retry(program, frame, fault) {
            return;
        }
        let state = self.frames[frame.at()].registers.state;
        self.frames[frame.at()].registers.before = self.frames[frame.at()].registers.last;
        let is_container = matches!(
            program.states[state.at()].kind,
            StateType::Map | StateType::Parallel
        );
        let is_running = matches!(self.frames[frame.at()].activity, Activity::Container(_));
        // An expression fails where no branch runs, too.
        if is_running || is_container && fault.is_evaluation {
            self.record_container_failed(program, frame, state);
        }
        if catching || !self.catch(program, frame, fault) {
            self.fail_frame(program, frame, fault);
        }
    }

    /// Records an `EvaluationFailed`. As recorded, its cause is what came before the step that failed: before the state
    /// was entered, unless something has happened since, but for a Wait, which is entered before it evaluates; in a
    /// catcher before the failure that it caught.
    fn record_evaluation_failed(&mut self, program: &Program, frame: FrameId, fault: Fault) {
        let current = self.current;
        let is_wait = program.states[current.state.at()].kind == StateType::Wait;
        let is_first = current.last == current.entered && !is_wait;
        let previous = match is_first || self.frames[frame.at()].catching {
            true => current.before,
            false => current.last,
        };
        let mut event = Event::new(EventType::EvaluationFailed, previous).of(current.state);
        event.error = fault.error;
        event.cause = fault.cause;
        event.extra = fault.location;
        self.current.last = self.record(event);
    }

    fn retry(&mut self, program: &Program, frame: FrameId, fault: Fault) -> bool {
        let state = self.frames[frame.at()].registers.state;
        let retriers = &program.states[state.at()].retriers;
        let Some(at) = retriers
            .iter()
            .position(|retrier| self.takes(program, &retrier.errors, fault))
        else {
            return false;
        };
        let frame_state = &mut self.frames[frame.at()];
        frame_state.attempts.resize(retriers.len(), 0);
        let attempt = frame_state.attempts[at];
        if attempt >= retriers[at].max_attempts {
            return false;
        }
        frame_state.attempts[at] += 1;
        frame_state.retries += 1;
        let delay_ms = self.delay_ms(&retriers[at], attempt);
        self.decide(Decision::Retry {
            state,
            retrier: at as u32,
            delay_ms,
        });
        let frame_state = &mut self.frames[frame.at()];
        frame_state.activity = Activity::Retrying;
        frame_state.generation = frame_state.generation.wrapping_add(1);
        self.request_timer(frame, self.now_ms.saturating_add(delay_ms), TimerKind::Retry);
        true
    }

    /// Interval × rate^attempt, at most the maximum, perhaps a random part of it.
    fn delay_ms(&mut self, retrier: &Retrier, attempt: u32) -> i64 {
        let mut seconds = f64::from(retrier.interval_seconds) * power(retrier.backoff_rate, attempt);
        if let Some(max) = retrier.max_delay_seconds {
            seconds = seconds.min(f64::from(max));
        }
        if retrier.full_jitter {
            seconds *= self.random.fraction();
        }
        (seconds * 1_000.0).min(1e15) as i64
    }

    fn catch(&mut self, program: &Program, frame: FrameId, fault: Fault) -> bool {
        let state = self.frames[frame.at()].registers.state;
        let catchers = &program.states[state.at()].catchers;
        let Some(at) = catchers
            .iter()
            .position(|catcher| self.takes(program, &catcher.errors, fault))
        else {
            return false;
        };
        self.decide(Decision::Catch {
            state,
            catcher: at as u32,
        });
        let or_null = |value: ValueRef| if value.is_none() { ValueRef::NULL } else { value };
        // A time-out has no cause in its events, but an empty one for who catches it (recorded).
        let cause = match self.is_time_out(program, fault) && fault.cause.is_none() {
            true => ValueRef::EMPTY_STRING,
            false => or_null(fault.cause),
        };
        let words = &program.words;
        let output = Store::new(&mut self.heap, &program.constants).object(&[
            words.error,
            or_null(fault.error),
            words.cause,
            cause,
        ]);
        let frame_state = &mut self.frames[frame.at()];
        frame_state.registers.result = output;
        frame_state.registers.output = output;
        frame_state.registers.pc = catchers[at].target;
        frame_state.activity = Activity::Running;
        frame_state.catching = true;
        self.ready.push(frame);
        true
    }

    fn takes(&self, program: &Program, patterns: &[Box<str>], fault: Fault) -> bool {
        let name = match fault.error.is_none() {
            true => std::borrow::Cow::Borrowed(""),
            false => match View::new(&self.heap, &program.constants).string(fault.error) {
                Some(name) => name.decode(),
                None => return false,
            },
        };
        patterns.iter().any(|pattern| fault::matches(pattern, &name))
    }

    fn is_time_out(&self, program: &Program, fault: Fault) -> bool {
        let view = View::new(&self.heap, &program.constants);
        let is = |name: &str| view.string(fault.error).is_some_and(|error| error.is(name));
        !fault.error.is_none() && (is(fault::TIMEOUT) || is(fault::HEARTBEAT_TIMEOUT))
    }

    /// Fails a frame: the run, or the branch of a container.
    pub(super) fn fail_frame(&mut self, program: &Program, frame: FrameId, fault: Fault) {
        let last = self.frames[frame.at()].registers.last;
        match self.frames[frame.at()].parent {
            None => self.fail(last, fault),
            Some(parent) => self.branch_failed(program, parent, frame, fault),
        }
    }

    /// Aborts every frame in flight below a frame; `cause` is the failing event.
    pub(super) fn abort_below(&mut self, program: &Program, frame: FrameId, cause: u32) {
        // Collected once: a Map in a Map in a Map may have 64,000 frames in flight.
        let mut families: Vec<(FrameId, FrameId)> = (0..self.frames.len() as u32)
            .map(FrameId)
            .filter(|id| self.is_live(*id))
            .filter_map(|id| Some((self.frames[id.at()].parent?, id)))
            .collect();
        families.sort_unstable_by_key(|(parent, child)| (parent.0, child.0));
        self.abort_families(program, frame, cause, &families);
        let mut requests = std::mem::take(&mut self.requests);
        requests.retain(|request| self.awaits(request_token(request)));
        self.requests = requests;
        let mut ready = std::mem::take(&mut self.ready);
        ready.retain(|&frame| self.is_live(frame));
        self.ready = ready;
    }

    /// Aborts the children of a frame, each after its own.
    fn abort_families(
        &mut self,
        program: &Program,
        frame: FrameId,
        cause: u32,
        families: &[(FrameId, FrameId)],
    ) {
        let from = families.partition_point(|(parent, _)| parent.0 < frame.0);
        for &(_, child) in families[from..].iter().take_while(|(parent, _)| *parent == frame) {
            self.abort_families(program, child, cause, families);
            let registers = self.frames[child.at()].registers;
            let kind = program.states[registers.state.at()].kind;
            if let Some(kind) = event::aborted(kind) {
                self.record(Event::new(kind, cause).of(registers.state));
            }
            self.record_iteration(program, frame, child, EventType::MapIterationAborted, cause);
            self.release(child);
        }
    }

    pub(super) fn is_live(&self, frame: FrameId) -> bool {
        self.frames[frame.at()].activity != Activity::Free
    }

    /// Records an event of an iteration, if the parent is a Map; returns the last event's id.
    pub(super) fn record_iteration(
        &mut self,
        program: &Program,
        parent: FrameId,
        frame: FrameId,
        kind: EventType,
        previous: u32,
    ) -> u32 {
        let state = self.frames[parent.at()].registers.state;
        if program.states[state.at()].kind != StateType::Map {
            return previous;
        }
        let branch = self.frames[frame.at()].branch;
        self.record(Event::new(kind, previous).of(state).number(branch))
    }

    /// Gives a frame back; answers to it are ignored from now on.
    pub(super) fn release(&mut self, frame: FrameId) {
        let slot = &mut self.frames[frame.at()];
        slot.activity = Activity::Free;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(frame);
    }
}

/// Raises a number to a power. `f64::powi` may be off in the last digit, differently on each machine, and
/// a delay of 6 seconds is then 5,999 milliseconds (Miri showed it).
fn power(mut base: f64, mut exponent: u32) -> f64 {
    let mut result = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    result
}

fn request_token(request: &Request) -> Token {
    match request {
        Request::Task(task) => task.token,
        Request::Timer(timer) => timer.token,
    }
}
