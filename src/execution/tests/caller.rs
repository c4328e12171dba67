//! A caller who waits for the answer: executions that no event has asked for.

use super::super::account::{Account, MemoryLimits};
use super::super::asker::{Asker, Askers, Ended, Ending, Failed, Input};
use super::super::executor::Executor;
use super::super::journal::Receipt;
use super::super::machine::{Machine, MachineSettings, Version};
use super::super::steps::Step;
use super::fault;
use crate::clock::Now;
use crate::guard::PANIC;
use crate::metrics::Metrics;
use crate::program::Program;
use crate::stream::{Message, Returned, SendError, Sink, Ticket, TopicId};
use crate::task::{Attempt, Caller as Connectors, Progress, Report};
use crate::vm::StartError;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

/// What a caller hears.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Succeeded(String),
    Failed(String),
    Over,
    Abandoned,
}

/// Who asks, and is answered over a channel.
#[derive(Clone)]
struct Caller {
    name: &'static str,
    input: &'static str,
    answers: Sender<Heard>,
}

impl Caller {
    fn hear(&self, heard: Heard) {
        self.answers.send(heard).expect("the test listens");
    }
}

impl Asker for Caller {
    type Kept = Caller;

    type Refusal = StartError;

    fn write_name(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_str(self.name)
    }

    fn write_event(&self, _out: &mut Vec<u8>) -> bool {
        false
    }

    fn is_sync(&self) -> bool {
        true
    }

    fn check(&self, _program: &Program) -> Result<(), StartError> {
        Ok(())
    }

    fn input(&mut self) -> Result<Input<'_>, StartError> {
        Ok(Input {
            text: self.input.as_bytes(),
            around: 0,
        })
    }

    fn explain(&self, refusal: &StartError) -> (&'static str, String) {
        ("InvalidExecutionInput", refusal.to_string())
    }

    fn keep(&self) -> Caller {
        self.clone()
    }

    fn kept_bytes(_kept: &Caller) -> usize {
        0
    }

    fn parked(&mut self) {}

    fn expects(&mut self, _machine: &mut Machine, _succeeded: bool, _sink: &mut dyn Sink) -> bool {
        true
    }

    fn ended(&mut self, _machine: &mut Machine, ending: Ending<'_>) {
        assert_eq!(ending.name, self.name);
        self.hear(match ending.ended {
            Ended::Succeeded { view, output } => Heard::Succeeded(view.to_json(output)),
            Ended::Failed(failed) => Heard::Failed(failed.error.to_owned()),
        });
    }

    fn refused(&mut self, _machine: &mut Machine, name: &str, _sink: &mut dyn Sink, failed: &Failed<'_>) {
        assert_eq!(name, self.name);
        self.hear(Heard::Failed(failed.error.to_owned()));
    }

    fn receipt(&mut self) -> Option<Receipt> {
        unreachable!("the machine has no log")
    }

    fn take_back(&mut self, _receipt: Receipt) {
        unreachable!("none was given")
    }

    fn panicked(&mut self, machine: &mut Machine, _message: &str) {
        machine.metrics.counts.panics += 1;
    }

    fn over(&mut self) {
        self.hear(Heard::Over);
    }

    fn abandoned(&mut self) {
        self.hear(Heard::Abandoned);
    }
}

/// The one machine that callers ask for.
struct Desk(Machine);

impl Askers for Desk {
    type Kept = Caller;

    type Asker<'a> = Caller;

    fn machine(&self, _index: u32) -> &Machine {
        &self.0
    }

    fn find<'a>(&'a mut self, _machine: u32, kept: &'a Caller) -> (&'a mut Machine, Caller) {
        (&mut self.0, kept.clone())
    }
}

/// Nothing is sent: there is nowhere to send it to.
struct Nowhere;

impl Sink for Nowhere {
    fn topic(&mut self, name: &str) -> TopicId {
        unreachable!("{name}")
    }

    fn send(&mut self, _message: &Message<'_>, _ticket: Ticket) -> Result<(), SendError> {
        unreachable!("nothing is sent")
    }

    fn acknowledged(&mut self) -> Option<(Ticket, Result<(), SendError>)> {
        None
    }

    fn returned(&mut self) -> Option<Returned> {
        None
    }

    fn push(&mut self) {}
}

/// Tasks that answer later: each call's ticket and key.
#[derive(Clone, Default)]
struct Later(Rc<RefCell<Vec<(Ticket, String)>>>);

impl Connectors for Later {
    fn call(
        &mut self,
        attempt: &Attempt<'_>,
        ticket: Ticket,
        _sink: &mut dyn Sink,
        _result: &mut Vec<u8>,
    ) -> Progress {
        self.0
            .borrow_mut()
            .push((ticket, attempt.request.key.to_string()));
        Progress::Pending
    }

    fn take(&mut self, _now_ms: i64) -> Option<(Ticket, Report)> {
        None
    }
}

/// An executor, and who asks it.
struct Stage {
    executor: Executor<Caller>,
    desk: Desk,
    calls: Later,
    answers: (Sender<Heard>, Receiver<Heard>),
}

const PASS: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#;
const FAIL: &str = r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "because"}}}"#;
const TASK: &str = r#"{"StartAt": "T", "States": {"T": {"Type": "Task",
    "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "End": true}}}"#;

impl Stage {
    fn new(definition: &str) -> Stage {
        let source = crate::asl::Source {
            name: "test.asl.json",
            text: definition,
            format: crate::asl::Format::Json,
        };
        let report = crate::asl::check(&source, &crate::asl::Options::default());
        let version = Version {
            program: Arc::new(crate::compile::compile(
                &report.machine.expect("a valid definition"),
            )),
            bindings: Arc::default(),
            revision: "1".into(),
        };
        let metrics = Metrics::new().workflow("machine");
        let machine = Machine::new(0, MachineSettings::default(), version, None, metrics);
        let now = Now {
            ms: 1_000,
            wall_ms: 1_000,
            instant: Instant::now(),
        };
        let (calls, account) = (Later::default(), Account::new(MemoryLimits::default()));
        let mut account = account;
        account.add(0);
        let mut executor = Executor::new(Box::new(Nowhere), Box::new(calls.clone()), account, now);
        executor.begin_turn(now);
        Stage {
            executor,
            desk: Desk(machine),
            calls,
            answers: channel(),
        }
    }

    fn ask(&mut self, input: &'static str) {
        let mut caller = Caller {
            name: "mine",
            input,
            answers: self.answers.0.clone(),
        };
        let version = Rc::clone(&self.desk.0.version);
        self.executor.begin(&mut self.desk.0, &version, &mut caller);
    }

    fn heard(&self) -> Vec<Heard> {
        self.answers.1.try_iter().collect()
    }
}

#[track_caller]
fn check(definition: &str, input: &'static str, expected: Heard) {
    let mut stage = Stage::new(definition);
    stage.ask(input);
    assert_eq!(stage.heard(), [expected, Heard::Over]);
}

#[test]
fn a_caller_hears_how_its_execution_has_ended() {
    check(PASS, r#"{"a": 1}"#, Heard::Succeeded(r#"{"a":1}"#.to_owned()));
    check(FAIL, "1", Heard::Failed("E".to_owned()));
    check(PASS, "no JSON", Heard::Failed("InvalidExecutionInput".to_owned()));
}

#[test]
fn a_caller_hears_of_a_panic_too() {
    fault::arm(Step::Advance, 0);
    check(PASS, "1", Heard::Failed(PANIC.to_owned()));
    assert!(!fault::disarm());
}

#[test]
fn an_execution_that_waited_finds_who_has_asked() {
    let mut stage = Stage::new(TASK);
    stage.ask("1");
    assert_eq!((stage.heard(), stage.executor.flights.len()), (vec![], 1));
    let (ticket, key) = stage.calls.0.borrow()[0].clone();
    assert!(key.starts_with("mine/"), "{key}");
    stage
        .executor
        .answered(&mut stage.desk, ticket, &Ok(b"84".to_vec()));
    assert_eq!(stage.heard(), [Heard::Succeeded("84".to_owned()), Heard::Over]);
    assert_eq!(
        (stage.executor.flights.len(), stage.executor.account.parked),
        (0, 0)
    );
}

#[test]
fn who_has_asked_hears_that_an_execution_is_dropped() {
    let mut stage = Stage::new(TASK);
    stage.ask("1");
    let all = stage.executor.flights.find(|_| true);
    for id in all {
        stage.executor.abandon(&mut stage.desk, id);
    }
    assert_eq!(stage.heard(), [Heard::Abandoned]);
    assert_eq!(stage.executor.account.parked, 0);
}
