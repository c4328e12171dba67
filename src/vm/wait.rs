//! Wait and Fail.

use super::fault::{self, Fault, Outcome};
use super::frame::{Activity, FrameId};
use super::request::{Request, Timer, TimerKind, Token};
use super::run::Run;
use crate::program::{ExpressionId, FailId, NumberField, PathId, Program, Stage, WaitId, WaitUntil};
use crate::timestamp;
use crate::value::{Kind, ValueRef, View};

/// Most days that a Wait may lie ahead; the largest number of seconds in 31 bits (facts 4.3).
const WAIT_DAYS_MAX: i64 = 24_855;
const DAY_MS: i64 = 86_400_000;

impl Run {
    /// Parks a frame until its time has come; a time that has passed comes at once.
    pub(super) fn wait(&mut self, program: &Program, frame: FrameId, wait: WaitId) -> Outcome<()> {
        let at_ms = match program.waits[wait.at()] {
            WaitUntil::Seconds(seconds) => self.now_ms + i64::from(seconds) * 1_000,
            WaitUntil::SecondsPath(path) => {
                let seconds = self.seconds(program, frame, path)?;
                self.trace_number(program, NumberField::Seconds, seconds as f64);
                self.now_ms.saturating_add(seconds.saturating_mul(1_000))
            }
            WaitUntil::SecondsPopped => {
                let seconds = self.pop_number(program);
                self.trace_number(program, NumberField::Seconds, seconds);
                self.now_ms.saturating_add(seconds as i64 * 1_000)
            }
            WaitUntil::TimestampPopped(expression) => {
                let value = self.pop();
                self.trace_value(Stage::Timestamp, value);
                self.timestamp_of(program, expression, value)?
            }
            WaitUntil::Timestamp(nanos) => millis(nanos),
            WaitUntil::TimestampPath(path) => self.timestamp(program, frame, path)?,
        };
        // Whole days: 24,855 days ahead is accepted at any time of the day (recorded).
        if at_ms.saturating_sub(self.now_ms) / DAY_MS > WAIT_DAYS_MAX {
            return Err(self.runtime_fault(program, |cause| cause.push_str("Wait state delay is too long.")));
        }
        self.park(frame, Activity::Waiting);
        self.request_timer(frame, at_ms, TimerKind::Wait);
        Ok(())
    }

    pub(super) fn request_timer(&mut self, frame: FrameId, at_ms: i64, kind: TimerKind) {
        let generation = self.frames[frame.at()].generation;
        let token = Token {
            frame: frame.0,
            generation,
        };
        self.requests.push(Request::Timer(Timer { token, at_ms, kind }));
    }

    /// Parks the frame that runs, with its registers.
    pub(super) fn park(&mut self, frame: FrameId, activity: Activity) {
        let frame = &mut self.frames[frame.at()];
        frame.registers = self.current;
        frame.activity = activity;
        frame.generation = frame.generation.wrapping_add(1);
    }

    fn seconds(&mut self, program: &Program, frame: FrameId, path: PathId) -> Outcome<i64> {
        let text = &program.paths[path.at()].text;
        let value = self.optional_path(program, frame, path)?;
        let view = View::new(&self.heap, &program.constants);
        let Some(value) = value.filter(|&value| view.kind(value) != Kind::Null) else {
            return Err(self.runtime_fault(program, |cause| {
                cause.push_str("The SecondsPath parameter does not reference an input value: ");
                cause.push_str(text);
            }));
        };
        let shown = shown(view, value);
        let problem = match view.number(value).and_then(whole) {
            Some(seconds) if seconds >= 0 => return Ok(seconds),
            Some(_) => "references a negative value: ",
            None => "cannot be parsed as a long value: ",
        };
        Err(self.runtime_fault(program, |cause| {
            for part in ["The SecondsPath parameter ", problem, text, " == ", &shown] {
                cause.push_str(part);
            }
        }))
    }

    fn timestamp(&mut self, program: &Program, frame: FrameId, path: PathId) -> Outcome<i64> {
        let text = &program.paths[path.at()].text;
        let value = self.optional_path(program, frame, path)?;
        let view = View::new(&self.heap, &program.constants);
        let Some(value) = value.filter(|&value| view.kind(value) != Kind::Null) else {
            return Err(self.runtime_fault(program, |cause| {
                cause.push_str("The TimestampPath parameter does not reference an input value: ");
                cause.push_str(text);
            }));
        };
        let shown = shown(view, value);
        self.trace_value(Stage::Timestamp, value);
        let view = View::new(&self.heap, &program.constants);
        if let Some(nanos) = view
            .string(value)
            .and_then(|text| timestamp::parse(&text.decode()))
        {
            return Ok(millis(nanos));
        }
        Err(self.runtime_fault(program, |cause| {
            cause.push_str(
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: ",
            );
            for part in [text, " == ", &shown] {
                cause.push_str(part);
            }
        }))
    }

    /// Returns the time that an expression has made.
    fn timestamp_of(&mut self, program: &Program, expression: ExpressionId, value: ValueRef) -> Outcome<i64> {
        self.expect(program, expression, value, Kind::String)?;
        let view = View::new(&self.heap, &program.constants);
        let text = shown(view, value);
        if let Some(nanos) = timestamp::parse(&text) {
            return Ok(millis(nanos));
        }
        let field = program.expressions[expression.at()].field;
        Err(self.evaluation_fault(program, field, |cause| {
            cause.push_str(
                "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: ",
            );
            cause.push_str(&text);
        }))
    }

    /// Reads a path whose miss is the caller's to word.
    pub(super) fn optional_path(
        &mut self,
        program: &Program,
        frame: FrameId,
        path: PathId,
    ) -> Outcome<Option<ValueRef>> {
        let using = &program.paths[path.at()];
        let Some(root) = self.source(program, frame, using.source, None) else {
            return Ok(None);
        };
        self.check_root(program, using, root)?;
        let view = View::new(&self.heap, &program.constants);
        Ok(using.accessor.get(view, root))
    }

    /// Makes the fault of a Fail state: its texts, without prefix (facts 7.4).
    pub(super) fn fail_state(&mut self, program: &Program, fail: FailId) -> Outcome<Fault> {
        let using = program.fails[fail.at()];
        let cause = if using.cause { self.pop() } else { ValueRef::NONE };
        let error = if using.error { self.pop() } else { ValueRef::NONE };
        for (value, expression) in [error, cause].into_iter().zip(using.expressions) {
            if let Some(expression) = expression {
                self.expect(program, expression, value, Kind::String)?;
            }
        }
        let view = View::new(&self.heap, &program.constants);
        for (value, field) in [(error, "ErrorPath"), (cause, "CausePath")] {
            if !value.is_none() && view.kind(value) != Kind::String {
                let shown = fault::shown(view, value);
                return Err(self.runtime_fault(program, |cause| {
                    for part in [
                        "The ",
                        field,
                        " field must refer to a string, but refers to ",
                        &shown,
                    ] {
                        cause.push_str(part);
                    }
                }));
            }
        }
        let catchable = view
            .string(error_or_empty(error))
            .is_none_or(|name| name.decode() != crate::fault::RUNTIME);
        Ok(Fault {
            error,
            cause,
            catchable,
            ..Fault::NONE
        })
    }
}

fn error_or_empty(error: ValueRef) -> ValueRef {
    if error.is_none() {
        ValueRef::EMPTY_STRING
    } else {
        error
    }
}

/// Shows a value as causes do: a string without quotes, all else as JSON.
fn shown(view: View<'_>, value: ValueRef) -> String {
    view.string(value)
        .map_or_else(|| fault::shown(view, value), |text| text.decode().into_owned())
}

fn millis(nanos: i128) -> i64 {
    i64::try_from(nanos.div_euclid(1_000_000)).unwrap_or(i64::MAX)
}

/// Reads a number text without fraction or exponent.
fn whole(text: &str) -> Option<i64> {
    text.parse().ok()
}
