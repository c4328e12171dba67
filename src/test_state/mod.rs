//! Tries one state on its own, as AWS's TestState does at its deepest inspection level.
//!
//! Owns what is said about the try: the data after each stage of the state's data flow, the variables,
//! which Choice rule, retrier or catcher took it, and where it leads. A state of a branch or an item
//! processor is tried like any other: its flow is compiled as if it were the whole machine. A Parallel or
//! Map that is given a result is tried as the Task that would bring it. Must not know files, arguments or
//! printing.

mod observe;
mod single;

use crate::asl::model::StateMachine;
use crate::asl::suggest;
use crate::asl::syntax::{self, Node};
use crate::compile::{Options, compile_with};
use crate::program::{Program, Stage, StateType};
use crate::vm::{
    Answer, EventSet, Identified, Identity, Level, Request, Run, StartError, Status as RunStatus, Token,
};
use observe::observe;
use std::collections::BTreeMap;

/// What to try.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Name of the state.
    pub state: &'a str,
    /// Its input, as JSON text.
    pub input: &'a str,
    /// The context object, as JSON text; a made-up one unless given.
    pub context: Option<&'a str>,
    /// The variables, as the JSON text of an object.
    pub variables: Option<&'a str>,
    /// What the state's work comes to: a Task's answer, the list a Parallel or Map makes.
    pub mock: Option<Mock<'a>>,
    /// Now, in milliseconds since 1970.
    pub now_ms: i64,
}

/// A prepared result of a state's work.
#[derive(Clone, Copy, Debug)]
pub enum Mock<'a> {
    /// It succeeds with this JSON text.
    Result(&'a str),
    /// It fails.
    Error {
        /// The error's name.
        error: &'a str,
        /// The cause.
        cause: Option<&'a str>,
    },
}

/// How a try ended; AWS's names, and one of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// The state succeeded.
    Succeeded,
    /// The state failed, and so would the execution.
    #[default]
    Failed,
    /// A retrier took the error.
    Retriable,
    /// A catcher took the error.
    CaughtError,
    /// The state's work needs a [`Mock`] (ours).
    NeedsResult,
}

impl Status {
    /// Returns AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            Status::Succeeded => "SUCCEEDED",
            Status::Failed => "FAILED",
            Status::Retriable => "RETRIABLE",
            Status::CaughtError => "CAUGHT_ERROR",
            Status::NeedsResult => "NO_ANSWER",
        }
    }
}

/// What a try showed.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    /// How it ended.
    pub status: Status,
    /// The type of the state.
    pub kind: Option<StateType>,
    /// The input, as dense JSON text.
    pub input: String,
    /// The output, as JSON text.
    pub output: Option<String>,
    /// The error's name.
    pub error: Option<String>,
    /// The cause.
    pub cause: Option<String>,
    /// The state that comes next.
    pub next: Option<String>,
    /// The data after each stage that the state has, as JSON text.
    pub stages: Vec<(Stage, String)>,
    /// The variables afterwards, each as JSON text.
    pub variables: Vec<(String, String)>,
    /// The Choice rule that matched, from 0; `u32::MAX` is Default.
    pub rule: Option<u32>,
    /// The retrier that took the error, from 0, and its delay in milliseconds.
    pub retry: Option<(u32, i64)>,
    /// The catcher that took the error, from 0.
    pub catch: Option<u32>,
    /// Until when a Wait waits, in milliseconds since 1970.
    pub wait_until_ms: Option<i64>,
    /// What a Task calls, as an ARN.
    pub resource: Option<String>,
}

impl Trial {
    /// Returns the data after a stage.
    pub fn stage(&self, stage: Stage) -> Option<&str> {
        let found = self.stages.iter().find(|known| known.0 == stage);
        found.map(|(_, value)| value.as_str())
    }
}

/// Why a state could not be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no such state.
    UnknownState {
        /// The name asked for.
        name: String,
        /// The name that was probably meant.
        meant: Option<String>,
        /// All names.
        known: Vec<String>,
    },
    /// A text is not what it should be.
    Invalid {
        /// Which text: `input`, `context`, `variables`, `result`.
        what: &'static str,
        /// What is wrong.
        message: String,
    },
    /// Only a Task, Parallel or Map has work whose result can be given.
    NoWork(StateType),
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Problem::UnknownState { name, meant, .. } => {
                write!(f, "the definition has no state '{name}'")?;
                meant
                    .iter()
                    .try_for_each(|meant| write!(f, "; did you mean '{meant}'?"))
            }
            Problem::Invalid { what, message } => write!(f, "invalid {what}: {message}"),
            Problem::NoWork(kind) => {
                write!(
                    f,
                    "a {kind:?} state does no work: only Task, Parallel and Map have a result or error"
                )
            }
        }
    }
}

impl std::error::Error for Problem {}

/// Tries a state of an accepted definition.
///
/// # Errors
/// When there is no such state, or a text of the subject is not valid.
pub fn test_state(machine: &StateMachine, subject: &Subject<'_>) -> Result<Trial, Problem> {
    check_texts(subject)?;
    let Some(mut alone) = single::machine_of(machine, subject.state) else {
        return Err(unknown(machine, subject.state));
    };
    let kind = single::kind_of(&alone, subject.state);
    let is_container = matches!(kind, Some(StateType::Parallel | StateType::Map));
    let has_work = is_container || kind == Some(StateType::Task);
    if let (Some(kind), true, false) = (kind, subject.mock.is_some(), has_work) {
        return Err(Problem::NoWork(kind));
    }
    if !is_container {
        return run(&alone, subject);
    }
    // What a container prepares, then what becomes of its result.
    let bare = Subject {
        mock: None,
        ..*subject
    };
    let prepared = run(&alone, &bare)?;
    if subject.mock.is_none() || prepared.status == Status::Failed {
        return Ok(prepared);
    }
    single::as_task(&mut alone, subject.state);
    let mut trial = run(&alone, subject)?;
    let after = |stage: &(Stage, String)| {
        !matches!(
            stage.0,
            Stage::AfterInputPath | Stage::AfterParameters | Stage::AfterArguments
        )
    };
    trial.stages.retain(after);
    trial.stages.splice(0..0, prepared.stages);
    trial.kind = prepared.kind;
    trial.resource = None;
    Ok(trial)
}

/// Returns how many rules a Choice has; 0 for other states.
pub fn choice_rules(machine: &StateMachine, name: &str) -> usize {
    single::choice_rules(&machine.flow, name)
}

fn unknown(machine: &StateMachine, name: &str) -> Problem {
    let known = single::names(&machine.flow);
    let meant = suggest::closest(name, known.iter().map(String::as_str)).map(str::to_owned);
    Problem::UnknownState {
        name: name.to_owned(),
        meant,
        known,
    }
}

fn check_texts(subject: &Subject<'_>) -> Result<(), Problem> {
    let result = match subject.mock {
        Some(Mock::Result(text)) => Some(text),
        _ => None,
    };
    let texts = [
        ("input", Some(subject.input)),
        ("context", subject.context),
        ("result", result),
    ];
    for (what, text) in texts {
        if let Some(text) = text {
            crate::value::Heap::new()
                .index(text.as_bytes())
                .map_err(|error| Problem::Invalid {
                    what,
                    message: error.to_string(),
                })?;
        }
    }
    Ok(())
}

/// Reads the variables: name and JSON text of each.
fn variables(subject: &Subject<'_>) -> Result<Vec<(String, String)>, Problem> {
    let Some(text) = subject.variables else {
        return Ok(Vec::new());
    };
    let reading = syntax::json::read(text, &BTreeMap::new());
    let invalid = |message: &str| Problem::Invalid {
        what: "variables",
        message: message.to_owned(),
    };
    if let Some(problem) = reading.problems.first() {
        return Err(invalid(&problem.message));
    }
    let members = reading.root.as_ref().and_then(Node::as_object);
    let members = members.ok_or_else(|| invalid("they are an object, {\"name\": value, …}"))?;
    Ok(members
        .iter()
        .map(|member| (member.key.clone(), member.value.to_json()))
        .collect())
}

const ARN: &str = "arn:aws:states:us-east-1:111111111111";

fn run(machine: &StateMachine, subject: &Subject<'_>) -> Result<Trial, Problem> {
    let program = compile_with(machine, Options { trace: true });
    let Some(state) = program.find_state(subject.state) else {
        return Err(unknown(machine, subject.state));
    };
    let variables = variables(subject)?;
    let given: Vec<(&str, &[u8])> = variables
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_bytes()))
        .collect();
    let arns = [
        format!("{ARN}:express:machine:test:0"),
        format!("{ARN}:stateMachine:machine"),
    ];
    let with = Identified {
        identity: Identity {
            execution_arn: &arns[0],
            execution_name: "test",
            role_arn: "arn:aws:iam::111111111111:role/stepstream",
            state_machine_arn: &arns[1],
            state_machine_name: "machine",
            // As AWS has it where a state is tried.
            sync: true,
            event: None,
            whole: subject.context.map(str::as_bytes),
        },
        kept: EventSet::of(Level::All),
        decisions: true,
        now_ms: subject.now_ms,
        seed: 1,
    };
    let mut run = Run::new();
    run.start_at(&program, state, subject.input.as_bytes(), &given, &with)
        .map_err(|error| match error {
            StartError::Invalid(error) => Problem::Invalid {
                what: "input",
                message: error.to_string(),
            },
            error @ StartError::TooLarge(_) => Problem::Invalid {
                what: "input",
                message: error.to_string(),
            },
        })?;
    let pause = work(&mut run, &program, subject);
    Ok(observe(&run, &program, state, &variables, pause))
}

/// Where a state stopped before it was left.
#[derive(Clone, Copy, Debug, Default)]
struct Pause {
    /// Its work needs a result.
    needs_result: bool,
    /// A retry would follow.
    retries: bool,
    /// Until when it waited.
    wait_until_ms: Option<i64>,
}

/// Runs the state until it is left or something is missing.
fn work(run: &mut Run, program: &Program, subject: &Subject<'_>) -> Pause {
    let mut pause = Pause::default();
    let mut status = run.advance(program, subject.now_ms, 1);
    let mut requests: Vec<Request> = run.requests().collect();
    if status != RunStatus::Waiting {
        pause.needs_result = status == RunStatus::Running && run.next_state(program).is_none();
        return pause;
    }
    let mut answered = false;
    while let Some(request) = requests.pop() {
        let answer = |run: &mut Run, token: Token, answer: Answer<'_>, now_ms: i64| {
            run.resume(program, token, answer, now_ms);
            run.advance(program, now_ms, 0)
        };
        status = match (request, subject.mock) {
            (Request::Timer(timer), _) if answered => {
                pause.retries = timer.kind == crate::vm::TimerKind::Retry;
                return pause;
            }
            (Request::Timer(timer), _) => {
                pause.wait_until_ms = Some(timer.at_ms);
                answer(run, timer.token, Answer::Time, timer.at_ms)
            }
            (Request::Task(_), None) => {
                pause.needs_result = true;
                return pause;
            }
            (Request::Task(task), Some(mock)) => {
                let reply = match mock {
                    Mock::Result(text) => Answer::Success(text.as_bytes()),
                    Mock::Error { error, cause } => Answer::Failure {
                        error: Some(error),
                        cause,
                    },
                };
                answered = true;
                answer(run, task.token, reply, subject.now_ms)
            }
        };
        if status == RunStatus::Waiting {
            requests = run.requests().collect();
        }
    }
    pause
}

#[cfg(test)]
mod tests;
