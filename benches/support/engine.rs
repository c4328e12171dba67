//! The engine: event bytes to output bytes, level OFF, one thread.

use stepstream::asl::{self, Format, Options, Source, model::StateMachine};
use stepstream::compile::compile;
use stepstream::program::Program;
use stepstream::vm::{Answer, EventSet, Identified, Identity, Request, Run, Status};

pub(crate) struct Engine {
    program: Program,
    run: Run,
    /// What each task of the program answers.
    answers: Vec<Vec<u8>>,
    requests: Vec<Request>,
}

const IDENTITY: Identity<'static> = Identity {
    execution_arn: "arn:aws:states:us-east-1:111111111111:express:bench:name:id",
    execution_name: "name",
    role_arn: "arn:aws:iam::111111111111:role/bench",
    state_machine_arn: "arn:aws:states:us-east-1:111111111111:stateMachine:bench",
    state_machine_name: "bench",
    sync: false,
    event: None,
    whole: None,
};

/// Checks a definition that must be accepted.
pub(crate) fn check(definition: &str) -> StateMachine {
    let source = Source {
        name: "bench.asl.json",
        text: definition,
        format: Format::Json,
    };
    let report = asl::check(&source, &Options::default());
    report
        .machine
        .unwrap_or_else(|| panic!("{:?}", report.diagnostics))
}

impl Engine {
    pub(crate) fn new(definition: &str) -> Engine {
        Engine {
            program: compile(&check(definition)),
            run: Run::new(),
            answers: Vec::new(),
            requests: Vec::new(),
        }
    }

    /// Answers the tasks at once, by their states; a state that is not named answers `{}`.
    pub(crate) fn answering(mut self, tasks: &[(String, String)]) -> Engine {
        let states = self
            .program
            .tasks
            .iter()
            .map(|task| self.program.state_name(task.state));
        let answer = |state: &str| {
            let known = tasks.iter().find(|(name, _)| name == state);
            known.map_or("{}", |(_, result)| result).as_bytes().to_vec()
        };
        self.answers = states.map(answer).collect();
        self
    }

    /// Runs an event to its end and appends its output.
    pub(crate) fn run(&mut self, event: &[u8], out: &mut Vec<u8>) {
        let with = Identified {
            identity: IDENTITY,
            kept: EventSet::default(),
            decisions: false,
            now_ms: 1_700_000_000_000,
            seed: 1,
        };
        self.run.start(&self.program, event, &with).expect("input");
        loop {
            match self.run.advance(&self.program, with.now_ms, u64::MAX) {
                Status::Waiting => self.answer(with.now_ms),
                Status::Succeeded => break,
                other => panic!("{other:?}: {}", self.cause()),
            }
        }
        self.run.view(&self.program).write(self.run.outcome().output, out);
    }

    /// Returns how many states the last run left.
    pub(crate) fn transitions(&self) -> u64 {
        self.run.transitions()
    }

    fn answer(&mut self, now_ms: i64) {
        self.requests.extend(self.run.requests());
        for request in self.requests.drain(..) {
            if let Request::Task(task) = request {
                let answer = Answer::Success(&self.answers[task.task.at()]);
                self.run.resume(&self.program, task.token, answer, now_ms);
            }
        }
    }

    fn cause(&self) -> String {
        self.run.view(&self.program).to_json(self.run.outcome().cause)
    }
}
