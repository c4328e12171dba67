//! Plays a case and tells what differs.

use super::answer::Answer;
use super::compare::{DIFFERENCES_MAX, Extent, Rules};
use super::coverage::Reached;
use super::expect::{Expected, status_name};
use super::{Case, history};
use crate::asl::syntax::{self, Node, Value};
use crate::drive::{Clock, End, Host, Reply, TaskCall, VirtualClock, drive};
use crate::log::encode::Encoder;
use crate::program::Program;
use crate::value::{ValueRef, View};
use crate::vm::{EventSet, Identified, Identity, Level, Outcome, Run, StartError, Status};
use std::collections::{BTreeMap, HashSet};

const ARN: &str = "arn:aws:states:us-east-1:111111111111";
const ROLE_ARN: &str = "arn:aws:iam::111111111111:role/stepstream";
const REGION: &str = "us-east-1";

/// What playing a case showed.
#[derive(Debug, Default)]
pub struct Played {
    /// How long the execution took, in virtual milliseconds.
    pub duration_ms: i64,
    /// Where it was not as expected; empty when the case passed.
    pub differences: Vec<Difference>,
    /// What of the definition it reached.
    pub reached: Reached,
    /// How it ended, where nothing particular is expected.
    pub execution: Option<Execution>,
    /// Why it could not go on: no mock answers this call.
    pub unanswered: Option<String>,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// Its status, as AWS names it.
    pub status: &'static str,
    /// Its output, as JSON text.
    pub output: Option<String>,
    /// The name of its error.
    pub error: Option<String>,
    /// The cause of its error.
    pub cause: Option<String>,
}

/// Something that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What was looked at: `status`, `output`, `events` …
    pub what: String,
    /// Where in it, as a JSONPath; empty for the whole.
    pub path: String,
    /// What was expected; `None`: nothing.
    pub expected: Option<String>,
    /// What came; `None`: nothing.
    pub actual: Option<String>,
    /// What can be done.
    pub help: Option<String>,
}

impl Difference {
    pub(super) fn new(
        what: impl Into<String>,
        expected: Option<String>,
        actual: Option<String>,
    ) -> Difference {
        Difference {
            what: what.into(),
            path: String::new(),
            expected,
            actual,
            help: None,
        }
    }
}

/// Plays a case over a program with an input, as JSON text. What was reached is complete for a program
/// compiled for tracing.
pub fn play(case: &Case, program: &Program, input: &[u8]) -> Played {
    let rules = Rules {
        placeholders: case.expect.placeholders.clone(),
        arns: if case.expect.recorded {
            arns()
        } else {
            Default::default()
        },
    };
    let execution_arn = arns().0;
    let mut world = World::new(case, &rules, &execution_arn);
    let mut run = Run::new();
    let (end, now_ms) = execute(case, program, input, &mut run, &mut world);
    world.settle(&run, program, end, now_ms)
}

/// The ARN of a case's execution, as Express and as Standard.
fn arns() -> (String, String) {
    let express = format!("{ARN}:express:machine:case:00000000-0000-0000-0000-000000000000");
    (express, format!("{ARN}:execution:machine:case"))
}

/// Runs a case's execution in a world, and returns how it ended and when.
pub(super) fn execute(
    case: &Case,
    program: &Program,
    input: &[u8],
    run: &mut Run,
    world: &mut dyn Host,
) -> (Result<End, StartError>, i64) {
    let execution_arn = arns().0;
    let machine_arn = format!("{ARN}:stateMachine:machine");
    let identity = Identity {
        execution_arn: &execution_arn,
        execution_name: "case",
        role_arn: ROLE_ARN,
        state_machine_arn: &machine_arn,
        state_machine_name: "machine",
        sync: case.sync,
        event: None,
        whole: None,
    };
    let with = Identified {
        identity,
        kept: EventSet::of(Level::All),
        decisions: true,
        now_ms: case.now_ms,
        seed: 1,
    };
    let mut clock = VirtualClock::new(case.now_ms, None);
    let end = drive(run, program, input, &with, &mut clock, world);
    (end, clock.now_ms())
}

/// The world of a case: it answers tasks and notes what happens.
pub(super) struct World<'a> {
    case: &'a Case,
    rules: &'a Rules,
    execution_arn: &'a str,
    used: Vec<bool>,
    calls: BTreeMap<String, u64>,
    events: Vec<Node>,
    reached: Reached,
    differences: Vec<Difference>,
    execution: Option<Execution>,
    unanswered: Option<String>,
}

impl Host for World<'_> {
    fn call(&mut self, call: &TaskCall<'_>) -> Option<Reply> {
        *self.calls.entry(call.state.to_owned()).or_default() += 1;
        let given = parse(&String::from_utf8_lossy(call.parameters));
        match self.answer(call.state, &given) {
            Some(at) => {
                self.used[at] = true;
                let answer = &self.case.answers[at];
                self.check_parameters(answer, &given);
                Some(answer.reply.clone())
            }
            None => {
                let answer = self.case.defaults.get(call.state)?;
                self.check_parameters(answer, &given);
                Some(answer.reply.clone())
            }
        }
    }

    fn observe(&mut self, run: &mut Run, program: &Program) {
        let encoder = Encoder {
            program,
            execution_arn: self.execution_arn,
            role_arn: ROLE_ARN,
            region: REGION,
            include_execution_data: true,
        };
        let view = run.view(program);
        for event in run.events() {
            let mut record = Vec::new();
            encoder.write(view, event, &mut record);
            self.reached.note_event(program, event);
            self.events
                .push(history::event(&parse(&String::from_utf8_lossy(&record))));
        }
        run.clear_events();
    }
}

impl<'a> World<'a> {
    pub(super) fn new(case: &'a Case, rules: &'a Rules, execution_arn: &'a str) -> World<'a> {
        World {
            case,
            rules,
            execution_arn,
            used: vec![false; case.answers.len()],
            calls: BTreeMap::new(),
            events: Vec::new(),
            reached: Reached::default(),
            differences: Vec::new(),
            execution: None,
            unanswered: None,
        }
    }

    /// Picks the answer of this very call; else the unused one with equal parameters, else one without, else the first.
    fn answer(&self, state: &str, given: &Node) -> Option<usize> {
        let call = self.calls.get(state).map_or(0, |count| count - 1);
        let is_of_call = |answer: &Answer| {
            let calls = answer.calls.as_ref();
            calls.is_some_and(|calls| calls.contains(&call)) && answer.state == state
        };
        if let Some(index) = self.case.answers.iter().position(is_of_call) {
            return Some(index);
        }
        let unused = || {
            let answers = self.case.answers.iter().enumerate();
            answers.filter(|(at, answer)| !self.used[*at] && answer.calls.is_none() && answer.state == state)
        };
        let fits = |answer: &Answer| {
            answer
                .parameters
                .as_ref()
                .is_some_and(|wanted| self.rules.equal(wanted, given, Extent::Whole))
        };
        let found = unused()
            .find(|(_, answer)| fits(answer))
            .or_else(|| unused().find(|(_, answer)| answer.parameters.is_none()))
            .or_else(|| unused().next());
        found.map(|(at, _)| at)
    }

    fn check_parameters(&mut self, answer: &Answer, given: &Node) {
        let Some(wanted) = &answer.parameters else {
            return;
        };
        let what = format!("parameters of '{}'", answer.state);
        let found = self.rules.differences(&what, wanted, given, Extent::Whole);
        self.differences.extend(found);
    }

    /// Compares everything with what is expected.
    fn settle(mut self, run: &Run, program: &Program, end: Result<End, StartError>, now_ms: i64) -> Played {
        self.reached.note_decisions(program, run.decisions());
        let duration_ms = now_ms - self.case.now_ms;
        match end {
            Err(error) => self.differ("start", Some("a valid input".to_owned()), Some(error.to_string())),
            Ok(End::NoAnswer { state, .. }) if self.case.expect.is_open => {
                self.unanswered = Some(self.no_mock(program.state_name(state)));
            }
            Ok(End::NoAnswer { state, parameters }) => self.no_answer(program.state_name(state), &parameters),
            Ok(End::Interrupted(_)) => {}
            Ok(End::Over(outcome)) => {
                self.check_outcome(run.view(program), &outcome);
                self.check_history(duration_ms);
                self.check_tasks(program);
            }
        }
        self.differences.truncate(DIFFERENCES_MAX);
        Played {
            duration_ms,
            differences: self.differences,
            reached: self.reached,
            execution: self.execution,
            unanswered: self.unanswered,
        }
    }

    /// Says which call no mock answers, and what to add.
    fn no_mock(&self, state: &str) -> String {
        let call = self.calls.get(state).map_or(0, |count| count - 1);
        match self.case.answers.iter().find(|answer| answer.state == state) {
            Some(answer) => format!(
                "call {call} of state '{state}' (counted from 0) has no mocked response: add \"{call}\" to the one \
                 that begins in line {}",
                answer.line
            ),
            None => format!(
                "state '{state}' calls a task and has no mock in this test case: add \"{state}\": \"RESPONSE\" to \
                 it, and RESPONSE to \"MockedResponses\""
            ),
        }
    }

    fn differ(&mut self, what: &str, expected: Option<String>, actual: Option<String>) {
        self.differences.push(Difference::new(what, expected, actual));
    }

    fn no_answer(&mut self, state: &str, parameters: &[u8]) {
        let calls = self.calls.get(state).copied().unwrap_or_default();
        let mut difference = Difference::new(
            format!("tasks of '{state}'"),
            Some(format!("{} calls", calls.saturating_sub(1))),
            Some(format!(
                "call {calls} with {}",
                String::from_utf8_lossy(parameters)
            )),
        );
        let mut name = String::new();
        syntax::write_text(state, &mut name);
        difference.help = Some(format!(
            "no answer is left: add one to \"tasks\": {{{name}: [… {{\"result\": …}}]}}, or to \"default_tasks\""
        ));
        self.differences.push(difference);
    }

    fn check_outcome(&mut self, view: View<'_>, outcome: &Outcome) {
        let expect = &self.case.expect;
        let text = |value: ValueRef| view.string(value).map(|text| text.decode().into_owned());
        let text = |value: ValueRef| if value.is_none() { None } else { text(value) };
        let (error, cause) = (text(outcome.error), text(outcome.cause));
        if expect.is_open {
            self.execution = Some(Execution {
                status: status_name(outcome.status),
                output: (!outcome.output.is_none()).then(|| view.to_json(outcome.output)),
                error: error.clone(),
                cause: cause.clone(),
            });
        }
        if outcome.status != expect.status {
            let actual = match (&error, &cause) {
                (None, None) => status_name(outcome.status).to_owned(),
                (error, cause) => format!(
                    "{}: {}: {}",
                    status_name(outcome.status),
                    error.as_deref().unwrap_or("(no error)"),
                    cause.as_deref().unwrap_or("(no cause)")
                ),
            };
            return self.differ(
                "status",
                Some(status_name(expect.status).to_owned()),
                Some(actual),
            );
        }
        if let (Some(wanted), Status::Succeeded) = (&expect.output, outcome.status) {
            let given = parse(&view.to_json(outcome.output));
            self.differences
                .extend(self.rules.differences("output", wanted, &given, Extent::Whole));
        }
        match (&expect.error, &error) {
            (Expected::Any, _) | (Expected::None, None) => {}
            (Expected::Text(wanted), Some(given)) if self.rules.texts_match(wanted, given) => {}
            (wanted, _) => self.differ("error", wanted.as_option(), error),
        }
        match (&expect.cause, &cause) {
            (Expected::Any, _) | (Expected::None, None) => {}
            (Expected::Text(wanted), Some(given)) => {
                self.differences
                    .extend(self.rules.cause_differences(wanted, given));
            }
            (wanted, _) => self.differ("cause", wanted.as_option(), cause),
        }
    }

    fn check_history(&mut self, duration_ms: i64) {
        let expect = &self.case.expect;
        if let Some(wanted) = expect.duration_ms.filter(|&wanted| wanted != duration_ms) {
            let seconds = |ms: i64| Some(format!("{} seconds", ms as f64 / 1_000.0));
            self.differ("duration", seconds(wanted), seconds(duration_ms));
        }
        if let Some(wanted) = &expect.states {
            let given = history::states(&self.events);
            if *wanted != given {
                self.differ("states", Some(wanted.join(" → ")), Some(given.join(" → ")));
            }
        }
        self.differences
            .extend(history::differences(self.rules, &expect.events, &self.events));
    }

    fn check_tasks(&mut self, program: &Program) {
        let expect = &self.case.expect;
        let all: u64 = self.calls.values().sum();
        if let Some(wanted) = expect.all_calls.filter(|&wanted| wanted != all) {
            self.differ("task_calls", Some(wanted.to_string()), Some(all.to_string()));
        }
        for (state, &wanted) in &expect.task_calls {
            let given = self.calls.get(state).copied().unwrap_or_default();
            if given != wanted {
                let mut difference =
                    Difference::new("task_calls", Some(wanted.to_string()), Some(given.to_string()));
                difference.path = format!("of '{state}'");
                difference.help = unknown_state(program, state);
                self.differences.push(difference);
            }
        }
        let mut told = HashSet::new();
        for (at, answer) in self.case.answers.iter().enumerate() {
            if answer.calls.is_some() {
                // Responses may be left over, but a state that is not there is a slip.
                if let Some(help) = unknown_state(program, &answer.state)
                    && told.insert(&answer.state)
                {
                    let what = format!("mock of '{}'", answer.state);
                    let mut difference = Difference::new(what, Some("a state".to_owned()), None);
                    difference.help = Some(help);
                    self.differences.push(difference);
                }
            } else if !self.used[at] && told.insert(&answer.state) {
                let left = self.case.answers.iter().zip(&self.used);
                let left = left
                    .filter(|(other, used)| !**used && other.state == answer.state)
                    .count();
                let mut difference = Difference::new(
                    format!("tasks of '{}'", answer.state),
                    Some("all answers used".to_owned()),
                    Some(format!("{left} left (line {})", answer.line)),
                );
                difference.help = unknown_state(program, &answer.state);
                self.differences.push(difference);
            }
        }
    }
}

/// Says that a state does not exist, if so, and which one was meant.
fn unknown_state(program: &Program, state: &str) -> Option<String> {
    if program.find_state(state).is_some() {
        return None;
    }
    let names = program.states.iter().map(|state| &*state.name);
    let meant = crate::asl::suggest::did_you_mean(state, names);
    Some(match meant {
        Some(meant) => format!("the definition has no state '{state}': {meant}"),
        None => format!("the definition has no state '{state}'"),
    })
}

/// Reads a JSON text that we wrote; a text that is none is kept as a text.
pub(super) fn parse(text: &str) -> Node {
    let reading = syntax::json::read(text, &BTreeMap::new());
    reading
        .root
        .filter(|_| reading.problems.is_empty())
        .unwrap_or_else(|| Node {
            span: 0..0,
            value: Value::Text(text.to_owned()),
        })
}
