//! Calls of functions, as a connector.
//!
//! Owns what is between a task and whatever runs functions: parameters become a payload, the function's answer becomes
//! the task's. Must not know where functions are. Invariant: an answer is dressed as the task's style wants it, whether
//! it comes at once or later.

use super::envelope::{self, Style};
use super::function::Function;
use super::payload::Payload;
use super::response::Responses;
use crate::stream::{Sink, Ticket};
use crate::task::{Answer, Call, Connector, Progress, Request, Target};
use crate::value::Key;
use rustc_hash::FxHashMap;
use std::fmt::Display;

/// Runs functions, on one shard.
pub(in crate::task) trait Runner {
    /// Begins to run a function. Its answer, if it is there at once, is appended to `result`; what stands there
    /// already is not the runner's.
    fn run(&mut self, job: &Job<'_>, ticket: Ticket, result: &mut Vec<u8>) -> Progress;

    /// Forgets a function that nobody waits for any more.
    fn cancel(&mut self, _ticket: Ticket) {}

    /// Returns how many functions are not yet under way.
    fn waiting(&self) -> usize {
        0
    }
}

/// A function to run.
pub(in crate::task) struct Job<'a> {
    /// Its name; of what is no function, the resource's ARN.
    pub(in crate::task) name: &'a str,
    /// Its ARN without a version or alias.
    pub(in crate::task) arn: &'a str,
    /// Its version or alias, if one was given.
    pub(in crate::task) qualifier: Option<&'a str>,
    /// What it is given.
    pub(in crate::task) payload: Payload<'a>,
    /// Nobody waits for what it makes of that.
    pub(in crate::task) is_event: bool,
    /// What the call is made with beside that.
    pub(in crate::task) request: &'a Request<'a>,
    /// See [`Request::key`](crate::task::Request::key).
    pub(in crate::task) key: &'a dyn Display,
    /// Now, in milliseconds since 1970.
    pub(in crate::task) now_ms: i64,
}

/// Serves tasks with functions.
pub(in crate::task) struct Invoker<R> {
    runner: R,
    responses: Responses,
    /// How pending calls are to be answered whose style is not bare.
    pending: FxHashMap<Ticket, Pending>,
    payload: Key,
}

struct Pending {
    style: Style,
    version: Box<str>,
}

impl<R: Runner> Invoker<R> {
    /// Creates a connector whose ids follow from `seed`.
    pub(in crate::task) fn new(runner: R, seed: u64) -> Invoker<R> {
        Invoker {
            runner,
            responses: Responses::new(seed),
            pending: FxHashMap::default(),
            payload: Key::new("Payload"),
        }
    }
}

impl<R: Runner> Connector for Invoker<R> {
    fn call(
        &mut self,
        call: &Call<'_>,
        ticket: Ticket,
        _sink: &mut dyn Sink,
        result: &mut Vec<u8>,
    ) -> Progress {
        let (function, style) = match call.target {
            Target::Resource => (None, Style::Bare),
            Target::Function(invocation) => (Some(invocation.function), invocation.style),
        };
        let payload = if style == Style::Bare {
            Payload::new(call.request.view, call.request.parameters)
        } else {
            let given = call.request.view.member(call.request.parameters, &self.payload);
            Payload::invoked(call.request.view, given, self.responses.scratch())
        };
        let job = Job {
            name: function.map_or(call.resource, |function| &function.name),
            arn: function.map_or(call.resource, |function| &function.arn),
            qualifier: function.and_then(|function| function.qualifier.as_deref()),
            payload,
            is_event: style == Style::Accepted,
            request: &call.request,
            key: call.request.key,
            now_ms: call.request.now_ms,
        };
        let version = function.map_or("", Function::version);
        if let Style::Envelope(detail) = style {
            envelope::open(detail, version, result);
        }
        let start = result.len();
        match self.runner.run(&job, ticket, result) {
            Progress::Pending => {
                if style != Style::Bare {
                    let version = version.into();
                    self.pending.insert(ticket, Pending { style, version });
                }
                Progress::Pending
            }
            Progress::Failure(failure) => self
                .responses
                .failure(style, failure, call.request.now_ms, result),
            progress => match self
                .responses
                .success(style, version, start, call.request.now_ms, result)
            {
                Ok(()) => progress,
                Err(failure) => Progress::Failure(failure),
            },
        }
    }

    fn dress(&mut self, ticket: Ticket, answer: Answer, now_ms: i64) -> Answer {
        match self.pending.remove(&ticket) {
            Some(Pending { style, version }) => self.responses.answer(style, &version, answer, now_ms),
            None => self.responses.answer(Style::Bare, "", answer, now_ms),
        }
    }

    fn cancel(&mut self, ticket: Ticket) {
        self.pending.remove(&ticket);
        self.runner.cancel(ticket);
    }

    fn waiting(&self) -> usize {
        self.runner.waiting()
    }
}
