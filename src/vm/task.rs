//! Task: schedule, yield, take the answer.

use super::event::{Event, EventType};
use super::fault::{Fault, Outcome, Raised, shown};
use super::frame::{Activity, FrameId};
use super::request::{Answer, Request, TaskRequest, Token};
use super::run::{PAYLOAD_BYTES_MAX, Run};
use crate::fault;
use crate::program::{Limit, NumberField, PathId, Program, TaskId};
use crate::value::{DEPTH_MAX, Kind, Store, ValueRef, View};

/// Largest `TimeoutSeconds` and `HeartbeatSeconds` (facts 4.3).
pub(super) const SECONDS_MAX: i64 = 99_999_999;

impl Run {
    /// Yields a task with the popped parameters.
    pub(super) fn schedule(&mut self, program: &Program, frame: FrameId, task: TaskId) -> Outcome<()> {
        let info = &program.tasks[task.at()];
        let heartbeat = self.pop_limit(program, info.heartbeat);
        let timeout = self.pop_limit(program, info.timeout);
        let parameters = self.pop();
        let credentials = if info.credentials {
            self.pop()
        } else {
            ValueRef::NONE
        };
        let timeout = self.limit_seconds(program, frame, timeout, "TimeoutSeconds")?;
        let heartbeat = self.limit_seconds(program, frame, heartbeat, "HeartbeatSeconds")?;
        if View::new(&self.heap, &program.constants).depth(parameters) > DEPTH_MAX {
            return Err(self.too_deep(program, "task's parameters are"));
        }
        let limits = [
            (NumberField::TimeoutSeconds, timeout),
            (NumberField::HeartbeatSeconds, heartbeat),
        ];
        for (field, seconds) in limits {
            if let Some(seconds) = seconds {
                self.trace_number(program, field, seconds.into());
            }
        }
        self.check_parameters(program, task, parameters)?;
        self.park(frame, Activity::Task(task));
        let view = View::new(&self.heap, &program.constants);
        if view.len(parameters) > PAYLOAD_BYTES_MAX {
            let name = resource_name(program, task);
            let Raised = self.too_large(program, name, "provided parameters", true);
            self.fail_state_of(program, frame, self.raised);
            return Ok(());
        }
        let scheduled = self.record_scheduled(program, task, parameters, credentials, timeout, heartbeat);
        let started = if info.resource.integration.is_some() {
            EventType::TaskStarted
        } else {
            EventType::LambdaFunctionStarted
        };
        let started = self.record(Event::new(started, scheduled).of(info.state));
        self.current.last = started;
        self.frames[frame.at()].registers.last = started;
        let retry = self.frames[frame.at()].retries;
        let token = Token {
            frame: frame.0,
            generation: self.frames[frame.at()].generation,
        };
        self.requests.push(Request::Task(TaskRequest {
            token,
            task,
            parameters,
            credentials,
            timeout_seconds: timeout,
            heartbeat_seconds: heartbeat,
            retry,
        }));
        Ok(())
    }

    fn record_scheduled(
        &mut self,
        program: &Program,
        task: TaskId,
        parameters: ValueRef,
        credentials: ValueRef,
        timeout: Option<u32>,
        heartbeat: Option<u32>,
    ) -> u32 {
        let info = &program.tasks[task.at()];
        let kind = if info.resource.integration.is_some() {
            EventType::TaskScheduled
        } else {
            EventType::LambdaFunctionScheduled
        };
        let mut event = Event::new(kind, self.current.last)
            .of(info.state)
            .data(parameters);
        event.extra = credentials;
        event.number = timeout.unwrap_or(0);
        event.heartbeat = heartbeat.unwrap_or(0);
        self.record(event)
    }

    /// Takes a computed limit from the stack: it is as good as a literal then.
    pub(super) fn pop_limit(&mut self, program: &Program, limit: Limit) -> Limit {
        match limit {
            Limit::Popped => Limit::Literal(self.pop_number(program) as u32),
            other => other,
        }
    }

    fn limit_seconds(
        &mut self,
        program: &Program,
        frame: FrameId,
        limit: Limit,
        field: &str,
    ) -> Outcome<Option<u32>> {
        let path = match limit {
            Limit::None | Limit::Popped => return Ok(None),
            Limit::Literal(seconds) => return Ok(Some(seconds)),
            Limit::Path(path) => path,
        };
        let value = self.data_path(program, frame, path)?;
        let view = View::new(&self.heap, &program.constants);
        match view.number(value).and_then(|text| text.parse::<i64>().ok()) {
            Some(seconds @ 1..=SECONDS_MAX) => Ok(Some(seconds as u32)),
            _ => Err(self.bad_limit(program, path, field, "integer")),
        }
    }

    /// The fault of a path that must refer to a number: facts 5.4, recorded for Map's fields.
    #[cold]
    pub(super) fn bad_limit(&mut self, program: &Program, path: PathId, field: &str, wanted: &str) -> Raised {
        let using = &program.paths[path.at()];
        let shown = self.limit_text(program, path);
        self.runtime_fault(program, |cause| {
            for part in [
                "The ",
                field,
                "Path field refers to value \"",
                &shown,
                "\" which is not a valid ",
                wanted,
                ": ",
            ] {
                cause.push_str(part);
            }
            cause.push_str(&using.text);
        })
    }

    /// Shows what a path of a limit refers to; objects as `{}` (recorded).
    fn limit_text(&self, program: &Program, path: PathId) -> String {
        let view = View::new(&self.heap, &program.constants);
        let using = &program.paths[path.at()];
        let root = if using.source == crate::program::Source::Data {
            self.current.data
        } else {
            return String::new();
        };
        match using.accessor.get(view, root) {
            Some(value) if view.kind(value) == Kind::Object => "{}".into(),
            Some(value) => match view.string(value) {
                Some(text) => text.decode().into_owned(),
                None => shown(view, value),
            },
            None => String::new(),
        }
    }

    /// Checks the few parameters whose shape AWS checks before it calls (facts 5.4).
    fn check_parameters(&mut self, program: &Program, task: TaskId, parameters: ValueRef) -> Outcome<()> {
        let view = View::new(&self.heap, &program.constants);
        for field in &program.tasks[task.at()].lists {
            let Some(value) = view.member_named(parameters, field) else {
                continue;
            };
            let has_lists = view
                .members(value)
                .all(|(_, member)| view.kind(member) == Kind::Array);
            if view.kind(value) == Kind::Object && has_lists {
                continue;
            }
            let shown = shown(view, parameters);
            return Err(self.runtime_fault(program, |cause| {
                for part in [
                    "The Parameters '",
                    &shown,
                    "' could not be used to start the Task: [The value of the field '",
                    field,
                    "' has an invalid format]",
                ] {
                    cause.push_str(part);
                }
            }));
        }
        Ok(())
    }

    /// Takes the answer of a task.
    pub(super) fn answer(&mut self, program: &Program, frame: FrameId, task: TaskId, answer: Answer<'_>) {
        self.current = self.frames[frame.at()].registers;
        let info = &program.tasks[task.at()];
        let function = info.resource.integration.is_none();
        let fault = match answer {
            Answer::Success(text) => match self.task_result(program, task, text) {
                Ok(result) => {
                    let kind = if function {
                        EventType::LambdaFunctionSucceeded
                    } else {
                        EventType::TaskSucceeded
                    };
                    let last = self.record(Event::new(kind, self.current.last).of(info.state).data(result));
                    let frame_state = &mut self.frames[frame.at()];
                    frame_state.registers.last = last;
                    frame_state.registers.result = result;
                    frame_state.registers.output = result;
                    frame_state.activity = Activity::Running;
                    self.ready.push(frame);
                    return;
                }
                Err(Raised) => self.raised,
            },
            Answer::Failure { error, cause } => self.task_fault(program, error, cause),
            Answer::TimedOut | Answer::Time => {
                let mut fault = self.task_fault(program, Some(fault::TIMEOUT), None);
                fault.cause = ValueRef::NONE;
                self.task_failed(program, frame, task, fault, true);
                return;
            }
        };
        self.task_failed(program, frame, task, fault, false);
    }

    fn task_result(&mut self, program: &Program, task: TaskId, text: &[u8]) -> Outcome<ValueRef> {
        if text.len() > PAYLOAD_BYTES_MAX {
            let name = resource_name(program, task);
            return Err(self.too_large(program, name, "returned a result", true));
        }
        self.heap.index(text).map_err(|error| {
            self.runtime_fault(program, |cause| {
                cause.push_str("The task's result is not JSON: ");
                cause.push_str(&error.to_string());
            })
        })
    }

    fn task_fault(&mut self, program: &Program, error: Option<&str>, cause: Option<&str>) -> Fault {
        let mut store = Store::new(&mut self.heap, &program.constants);
        Fault {
            error: error.map_or(ValueRef::NONE, |text| store.string(text)),
            cause: cause.map_or(ValueRef::NONE, |text| store.string(text)),
            catchable: error != Some(fault::RUNTIME),
            ..Fault::NONE
        }
    }

    fn task_failed(
        &mut self,
        program: &Program,
        frame: FrameId,
        task: TaskId,
        fault: Fault,
        timed_out: bool,
    ) {
        let info = &program.tasks[task.at()];
        let kind = match (info.resource.integration.is_some(), timed_out) {
            (true, false) => EventType::TaskFailed,
            (true, true) => EventType::TaskTimedOut,
            (false, false) => EventType::LambdaFunctionFailed,
            (false, true) => EventType::LambdaFunctionTimedOut,
        };
        let mut event = Event::new(kind, self.current.last).of(info.state);
        event.error = fault.error;
        event.cause = fault.cause;
        let last = self.record(event);
        self.frames[frame.at()].registers.last = last;
        self.fail_state_of(program, frame, fault);
    }
}

/// Returns how size faults name a task: its service, or the function's ARN (facts 7.3).
fn resource_name(program: &Program, task: TaskId) -> &str {
    let resource = &program.tasks[task.at()].resource;
    resource
        .integration
        .as_ref()
        .map_or(&resource.arn, |(kind, _)| kind)
}
