//! Small machines, run by hand: each test answers what the machine asks for.
//!
//! They need no clock, file or thread, and are small enough for Miri, which runs them all but those that
//! say why not.

mod jsonata;
mod jsonata_chains;
mod jsonata_rules;
mod jsonata_work;
mod limits;
mod midway;
mod names;
mod park;
mod place;
mod states;
mod work;

use super::*;
use crate::asl::{self, Format, Source};
use crate::compile::compile;
use crate::program::Program;

const IDENTITY: Identity<'static> = Identity {
    execution_arn: "arn:aws:states:us-east-1:111111111111:express:m:r:1",
    execution_name: "r",
    role_arn: "arn:aws:iam::111111111111:role/r",
    state_machine_arn: "arn:aws:states:us-east-1:111111111111:stateMachine:m",
    state_machine_name: "m",
    sync: false,
    event: None,
    whole: None,
};

/// A machine, its memory, and what it has asked for.
struct Player {
    program: Program,
    run: Run,
    asked: Vec<Request>,
    now_ms: i64,
}

/// Compiles `States` with their first state and starts them with all events.
#[track_caller]
fn start(first: &str, states: &str, input: &str) -> Player {
    start_with(first, states, input, Level::All)
}

#[track_caller]
fn start_with(first: &str, states: &str, input: &str, level: Level) -> Player {
    let text = format!("{{\"StartAt\":\"{first}\",\"States\":{{{states}}}}}");
    let source = Source {
        name: "test",
        text: &text,
        format: Format::Json,
    };
    let report = asl::check(&source, &asl::Options::default());
    let machine = report
        .machine
        .unwrap_or_else(|| panic!("{:#?}", report.diagnostics));
    let mut player = Player {
        program: compile(&machine),
        run: Run::new(),
        asked: Vec::new(),
        now_ms: 0,
    };
    player.restart(input, level);
    player
}

impl Player {
    #[track_caller]
    fn restart(&mut self, input: &str, level: Level) {
        let with = Identified {
            identity: IDENTITY,
            kept: EventSet::of(level),
            decisions: false,
            now_ms: self.now_ms,
            seed: 1,
        };
        self.asked.clear();
        self.run.start(&self.program, input.as_bytes(), &with).unwrap();
    }

    /// Runs until it waits or is over.
    fn go(&mut self) -> Status {
        self.go_with(u64::MAX)
    }

    fn go_with(&mut self, fuel: u64) -> Status {
        let status = self.run.advance(&self.program, self.now_ms, fuel);
        self.asked.extend(self.run.requests());
        status
    }

    fn token(&self, at: usize) -> Token {
        match self.asked[at] {
            Request::Task(task) => task.token,
            Request::Timer(timer) => timer.token,
        }
    }

    /// Answers a request and goes on.
    #[track_caller]
    fn answer(&mut self, at: usize, answer: Answer<'_>) -> Status {
        assert!(
            self.run
                .resume(&self.program, self.token(at), answer, self.now_ms)
        );
        self.go()
    }

    /// Answers all tasks that are asked for now, first come first served.
    fn answer_all(&mut self, text: &str) -> Status {
        let tokens: Vec<Token> = (0..self.asked.len()).map(|at| self.token(at)).collect();
        self.asked.clear();
        for token in tokens {
            self.run.resume(
                &self.program,
                token,
                Answer::Success(text.as_bytes()),
                self.now_ms,
            );
        }
        self.go()
    }

    /// Returns the parameters of a task asked for.
    #[track_caller]
    fn parameters(&self, at: usize) -> String {
        match self.asked[at] {
            Request::Task(task) => self.run.view(&self.program).to_json(task.parameters),
            Request::Timer(timer) => panic!("{timer:?}"),
        }
    }

    /// Returns when a timer asked for is due.
    #[track_caller]
    fn timer_ms(&self, at: usize) -> i64 {
        match self.asked[at] {
            Request::Timer(timer) => timer.at_ms,
            Request::Task(task) => panic!("{task:?}"),
        }
    }

    #[track_caller]
    fn succeeds(&mut self, output: &str) {
        assert_eq!(self.go(), Status::Succeeded, "{:?}", self.failure());
        self.has_output(output);
    }

    #[track_caller]
    fn has_output(&self, output: &str) {
        let mut written = Vec::new();
        self.run
            .view(&self.program)
            .write(self.run.outcome().output, &mut written);
        assert_eq!(String::from_utf8(written).unwrap(), output);
    }

    fn failure(&self) -> (String, String) {
        let view = self.run.view(&self.program);
        let text = |value: crate::value::ValueRef| match value.is_none() {
            true => String::new(),
            false => view.string(value).unwrap().decode().into_owned(),
        };
        (text(self.run.outcome().error), text(self.run.outcome().cause))
    }

    #[track_caller]
    fn fails(&mut self, error: &str, cause: &str) {
        assert_eq!(self.go(), Status::Failed);
        let failure = self.failure();
        assert_eq!(failure.0, error);
        assert!(failure.1.contains(cause), "{}", failure.1);
    }

    fn events(&self) -> Vec<&'static str> {
        self.run.events().iter().map(|event| event.kind.name()).collect()
    }
}
