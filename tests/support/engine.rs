//! A machine with its run: tasks are answered at once, and the memory is watched.

use stepstream::asl;
use stepstream::compile::compile;
use stepstream::program::Program;
use stepstream::vm::{Answer, EventSet, Identified, Identity, Request, Run, Status};

const IDENTITY: Identity<'static> = Identity {
    execution_arn: "arn:aws:states:us-east-1:111111111111:express:machine:run:id",
    execution_name: "run",
    role_arn: "arn:aws:iam::111111111111:role/stepstream",
    state_machine_arn: "arn:aws:states:us-east-1:111111111111:stateMachine:machine",
    state_machine_name: "machine",
    sync: false,
    event: None,
    whole: None,
};

/// States to leave between two looks at the memory.
const FUEL: u64 = 1_000;

/// A program, the memory of its runs, and what its tasks answer.
pub(crate) struct Engine {
    pub(crate) program: Program,
    pub(crate) run: Run,
    /// What every task answers.
    answer: &'static str,
    requests: Vec<Request>,
    /// Most bytes that the last run had in use.
    pub(crate) bytes_max: usize,
    /// Most requests of the last run that were outstanding at once.
    pub(crate) outstanding_max: usize,
}

impl Engine {
    /// Compiles a definition that must be accepted.
    pub(crate) fn new(definition: &str) -> Engine {
        let source = asl::Source {
            name: "definition",
            text: definition,
            format: asl::Format::Json,
        };
        let report = asl::check(&source, &asl::Options::default());
        let machine = report
            .machine
            .unwrap_or_else(|| panic!("{:?}", report.diagnostics));
        Engine {
            program: compile(&machine),
            run: Run::new(),
            answer: "{}",
            requests: Vec::new(),
            bytes_max: 0,
            outstanding_max: 0,
        }
    }

    /// Sets what every task answers.
    pub(crate) fn answering(mut self, answer: &'static str) -> Engine {
        self.answer = answer;
        self
    }

    /// Runs an input to its end, with its output appended to `output`.
    ///
    /// # Panics
    /// When the run fails.
    pub(crate) fn run(&mut self, input: &[u8], output: &mut Vec<u8>) {
        let with = Identified {
            identity: IDENTITY,
            kept: EventSet::default(),
            decisions: false,
            now_ms: 1_700_000_000_000,
            seed: 1,
        };
        (self.bytes_max, self.outstanding_max) = (0, 0);
        self.run
            .start(&self.program, input, &with)
            .expect("the input is JSON");
        loop {
            let status = self.run.advance(&self.program, with.now_ms, FUEL);
            self.requests.extend(self.run.requests());
            self.bytes_max = self.bytes_max.max(self.run.bytes().0);
            self.outstanding_max = self.outstanding_max.max(self.requests.len());
            match status {
                Status::Running => {}
                Status::Waiting => self.answer_all(with.now_ms),
                Status::Succeeded => break,
                Status::Failed | Status::TimedOut => panic!("{}", self.cause()),
            }
        }
        let outcome = self.run.outcome();
        self.run.view(&self.program).write(outcome.output, output);
    }

    fn answer_all(&mut self, now_ms: i64) {
        for request in self.requests.drain(..) {
            let (token, answer) = match request {
                Request::Task(task) => (task.token, Answer::Success(self.answer.as_bytes())),
                Request::Timer(timer) => (timer.token, Answer::Time),
            };
            assert!(self.run.resume(&self.program, token, answer, now_ms));
        }
    }

    fn cause(&self) -> String {
        self.run.view(&self.program).to_json(self.run.outcome().cause)
    }
}
