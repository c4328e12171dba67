//! The engine: event bytes to output bytes, level OFF, one thread.

use stepstream::asl::{self, Format, Options, Source};
use stepstream::compile::compile;
use stepstream::program::Program;
use stepstream::vm::{Answer, EventSet, Identified, Identity, Request, Run, Status};

pub struct Engine {
    program: Program,
    run: Run,
    tasks: Vec<(String, Vec<u8>)>,
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

impl Engine {
    pub fn new(definition: &str) -> Engine {
        let source = Source {
            name: "bench.asl.json",
            text: definition,
            format: Format::Json,
        };
        let report = asl::check(&source, &Options::default());
        let machine = report
            .machine
            .unwrap_or_else(|| panic!("{:?}", report.diagnostics));
        Engine {
            program: compile(&machine),
            run: Run::new(),
            tasks: Vec::new(),
        }
    }

    /// Answers the task of a state with this result, at once.
    pub fn with_task(mut self, state: &str, result: &str) -> Engine {
        self.tasks.push((state.into(), result.into()));
        self
    }

    pub fn run(&mut self, event: &[u8], out: &mut Vec<u8>) {
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
                other => panic!("{other:?}"),
            }
        }
        self.run.view(&self.program).write(self.run.outcome().output, out);
    }

    fn answer(&mut self, now_ms: i64) {
        let requests: smallvec::SmallVec<[Request; 8]> = self.run.requests().collect();
        for request in requests {
            let Request::Task(task) = request else { continue };
            let state = self.program.state_name(task.info(&self.program).state);
            let (_, result) = self.tasks.iter().find(|(name, _)| name == state).expect("task");
            self.run
                .resume(&self.program, task.token, Answer::Success(result), now_ms);
        }
    }
}
