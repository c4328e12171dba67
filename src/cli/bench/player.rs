//! Runs one event after the other with nothing around it: no clock, no allocation once warm.

use crate::drive::{Reply, Script};
use crate::log::encode::Encoder;
use crate::program::Program;
use crate::value::ValueRef;
use crate::vm::{
    Answer, EventSet, Identified, Identity, Level, Request, Run, StartError, Status, TaskRequest, Token,
};

/// States after which an execution counts as endless.
const FUEL: u64 = 50_000_000;

/// Every execution starts at this moment, so that all give the same output.
const NOW_MS: i64 = 1_735_689_600_000;

const WITH: Identity<'static> = Identity {
    execution_arn: "arn:aws:states:us-east-1:111111111111:express:bench:bench:00000000-0000-0000-0000-000000000000",
    execution_name: "bench",
    role_arn: "arn:aws:iam::111111111111:role/stepstream",
    state_machine_arn: "arn:aws:states:us-east-1:111111111111:stateMachine:bench",
    state_machine_name: "bench",
    sync: false,
    event: None,
    whole: None,
};

/// Why events cannot be measured.
#[derive(Debug)]
pub(super) enum Trouble {
    Start(StartError),
    NoAnswer { state: String, parameters: String },
    Endless,
    Differs,
}

/// A prepared answer for one task.
pub(super) struct Answered {
    reply: Reply,
    /// Among the program's constants, so that comparing needs no third heap.
    parameters: Option<ValueRef>,
    /// The execution that used it last.
    used_in: u64,
}

/// Sorts a script's answers by task.
pub(super) fn prepare(script: &Script, program: &mut Program) -> Vec<Vec<Answered>> {
    let mut answers: Vec<Vec<Answered>> = program.tasks.iter().map(|_| Vec::new()).collect();
    for (state, parameters, reply) in script.entries() {
        let named = |task: &crate::program::TaskInfo| program.state_name(task.state) == state;
        let Some(task) = program.tasks.iter().position(named) else {
            continue;
        };
        let constant = |text: String| program.constants.constant(text.as_bytes()).ok();
        answers[task].push(Answered {
            reply: reply.clone(),
            parameters: parameters.and_then(constant),
            used_in: 0,
        });
    }
    answers
}

/// Something that is due: an answer of a task, by its place, or a time.
#[derive(Clone, Copy)]
struct Due {
    at_ms: i64,
    token: Token,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Reply { task: usize, answer: usize },
    TimedOut,
    Time,
}

/// The memory of the loop.
pub(super) struct Player<'a> {
    program: &'a Program,
    answers: Vec<Vec<Answered>>,
    encoder: Encoder<'a>,
    with: Identified<'a>,
    run: Run,
    requests: Vec<Request>,
    due: Vec<Due>,
    /// What the last execution wrote.
    pub(super) output: Vec<u8>,
    log: Vec<u8>,
    executions: u64,
}

impl<'a> Player<'a> {
    pub(super) fn new(program: &'a Program, answers: Vec<Vec<Answered>>, level: Level) -> Player<'a> {
        Player {
            program,
            answers,
            encoder: Encoder {
                program,
                execution_arn: WITH.execution_arn,
                role_arn: WITH.role_arn,
                region: "us-east-1",
                include_execution_data: true,
            },
            with: Identified {
                identity: WITH,
                kept: EventSet::of(level),
                decisions: false,
                now_ms: NOW_MS,
                seed: 1,
            },
            run: Run::new(),
            requests: Vec::new(),
            due: Vec::new(),
            output: Vec::new(),
            log: Vec::new(),
            executions: 0,
        }
    }

    /// Returns the run of the last execution.
    pub(super) fn last(&self) -> &Run {
        &self.run
    }

    /// Runs one event; `write`: output and log records too.
    #[inline]
    pub(super) fn play(&mut self, event: &[u8], write: bool) -> Result<Status, Trouble> {
        self.executions += 1;
        self.due.clear();
        self.log.clear();
        self.output.clear();
        self.run
            .start(self.program, event, &self.with)
            .map_err(Trouble::Start)?;
        let mut now_ms = NOW_MS;
        let status = loop {
            let status = self.run.advance(self.program, now_ms, FUEL);
            if !self.with.kept.is_empty() {
                self.take_events(write);
            }
            match status {
                Status::Running => return Err(Trouble::Endless),
                Status::Waiting => now_ms = self.wait(now_ms)?,
                ended => break ended,
            }
        };
        if write && status == Status::Succeeded {
            self.run
                .view(self.program)
                .write(self.run.outcome().output, &mut self.output);
        }
        Ok(status)
    }

    fn take_events(&mut self, write: bool) {
        if write {
            let view = self.run.view(self.program);
            for event in self.run.events() {
                self.encoder.write(view, event, &mut self.log);
                self.log.push(b'\n');
            }
        }
        self.run.clear_events();
    }

    /// Brings the next thing that is due; returns when that is.
    fn wait(&mut self, now_ms: i64) -> Result<i64, Trouble> {
        self.requests.extend(self.run.requests());
        for at in 0..self.requests.len() {
            match self.requests[at] {
                Request::Timer(timer) => self.due.push(Due {
                    at_ms: timer.at_ms,
                    token: timer.token,
                    what: What::Time,
                }),
                Request::Task(task) => self.schedule(&task, now_ms)?,
            }
        }
        self.requests.clear();
        let deadline_ms = self.run.deadline_ms(self.program);
        loop {
            let Some(next) = self.next_due() else {
                self.run.time_out(self.program, deadline_ms);
                return Ok(deadline_ms);
            };
            if next.at_ms >= deadline_ms {
                self.run.time_out(self.program, deadline_ms);
                return Ok(deadline_ms);
            }
            let at_ms = next.at_ms.max(now_ms);
            let answer = match next.what {
                What::Time => Answer::Time,
                What::TimedOut => Answer::TimedOut,
                What::Reply { task, answer } => match &self.answers[task][answer].reply {
                    Reply::Success { result, .. } => Answer::Success(result),
                    Reply::Failure { error, cause, .. } => Answer::Failure {
                        error: error.as_deref(),
                        cause: cause.as_deref(),
                    },
                    Reply::Never => continue,
                },
            };
            if self.run.resume(self.program, next.token, answer, at_ms) {
                return Ok(at_ms);
            }
        }
    }

    /// Takes the earliest thing that is due; of several the one that was scheduled first.
    fn next_due(&mut self) -> Option<Due> {
        let earliest = (0..self.due.len()).min_by_key(|&at| self.due[at].at_ms)?;
        Some(self.due.remove(earliest))
    }

    fn schedule(&mut self, request: &TaskRequest, now_ms: i64) -> Result<(), Trouble> {
        let task = request.task.at();
        let Some(answer) = self.pick(task, request.parameters) else {
            let view = self.run.view(self.program);
            return Err(Trouble::NoAnswer {
                state: self
                    .program
                    .state_name(request.info(self.program).state)
                    .to_owned(),
                parameters: view.to_json(request.parameters),
            });
        };
        let entry = &mut self.answers[task][answer];
        entry.used_in = self.executions;
        let after_ms = match entry.reply {
            Reply::Success { after_ms, .. } | Reply::Failure { after_ms, .. } => Some(after_ms),
            Reply::Never => None,
        };
        let limit = [request.timeout_seconds, request.heartbeat_seconds]
            .into_iter()
            .flatten()
            .min();
        let limit_ms = limit.map(|seconds| i64::from(seconds) * 1_000);
        let token = request.token;
        let what = What::Reply { task, answer };
        // An answer that comes in time makes the time-out pointless: only one of the two is kept.
        match (after_ms, limit_ms) {
            (Some(after_ms), limit) if limit.is_none_or(|limit| after_ms <= limit) => self.due.push(Due {
                at_ms: now_ms.saturating_add(after_ms),
                token,
                what,
            }),
            (_, Some(limit)) => self.due.push(Due {
                at_ms: now_ms + limit,
                token,
                what: What::TimedOut,
            }),
            (_, None) => {}
        }
        Ok(())
    }

    /// Picks the first unused answer with equal parameters, else the first unused one.
    fn pick(&self, task: usize, parameters: ValueRef) -> Option<usize> {
        let answers = &self.answers[task];
        let first = answers
            .iter()
            .position(|answer| answer.used_in != self.executions)?;
        if answers[first].parameters.is_none() || answers.len() - first == 1 {
            return Some(first);
        }
        let view = self.run.view(self.program);
        let fits = |answer: &Answered| {
            answer
                .parameters
                .is_none_or(|wanted| view.equal(wanted, parameters))
        };
        let fitting = answers[first..]
            .iter()
            .position(|answer| answer.used_in != self.executions && fits(answer));
        Some(fitting.map_or(first, |at| first + at))
    }
}
