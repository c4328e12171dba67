//! What a log costs: one execution at level OFF, at ALL with its records encoded, and the encoding alone.
//!
//! `cargo bench --bench log [NAME...]`: medians of many short rounds in turn, nanoseconds and bytes per
//! execution. `once` runs a single round of each, for a profiler that counts instructions.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod support;

use std::hint::black_box;
use std::time::Instant;
use stepstream::compile::compile;
use stepstream::log::encode::Encoder;
use stepstream::program::Program;
use stepstream::vm::{Answer, EventSet, Identified, Identity, Level, Request, Run, Status};
use support::engine::check;
use support::{Workload, median};

const ROUNDS: usize = 41;

/// Executions of one round.
const ROUND_EVENTS: usize = 4_000;

const ARN: &str = "arn:aws:states:us-east-1:111111111111:express:orders:orders-3-1234567:01234567-89ab-4cde-8f01-23456789abcd";

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    let once = arguments.iter().any(|argument| argument == "once");
    let names = arguments.iter().filter(|argument| *argument != "once");
    let names: Vec<&str> = names.map(String::as_str).collect();
    for name in ["w1", "w4"] {
        if !names.is_empty() && !names.contains(&name) {
            continue;
        }
        if let Some(workload) = support::load(name) {
            measure(&workload, if once { 1 } else { ROUNDS });
        }
    }
}

fn measure(workload: &Workload, rounds: usize) {
    let mut player = Player::new(workload);
    let modes = [
        ("level OFF", Level::Off, None),
        ("ALL kept, not written", Level::All, None),
        ("ALL without data", Level::All, Some(false)),
        ("ALL with data", Level::All, Some(true)),
    ];
    let mut times = vec![Vec::with_capacity(rounds); modes.len()];
    let mut bytes = vec![0; modes.len()];
    for _ in 0..rounds {
        for (at, (_, level, data)) in modes.iter().enumerate() {
            let start = Instant::now();
            bytes[at] = 0;
            for event in workload.events.iter().cycle().take(ROUND_EVENTS) {
                bytes[at] += player.play(event, *level, *data);
            }
            times[at].push(start.elapsed().as_nanos() as f64 / ROUND_EVENTS as f64);
        }
    }
    println!("{}", workload.name);
    let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
    for (at, (name, ..)) in modes.iter().enumerate() {
        let (ns, bytes) = (medians[at], bytes[at] / ROUND_EVENTS);
        let encoding = ns - medians[1];
        print!("  {name:22} {ns:8.1} ns");
        match bytes {
            0 => println!(),
            _ => println!(
                "  {bytes:6} bytes, encoding {encoding:7.1} ns, {:.2} GB/s",
                bytes as f64 / encoding
            ),
        }
    }
}

/// Plays executions and writes their records.
struct Player {
    program: Program,
    run: Run,
    answers: Vec<Vec<u8>>,
    records: Vec<u8>,
}

impl Player {
    fn new(workload: &Workload) -> Player {
        let program = compile(&check(&workload.definition));
        let answer = |state: &str| {
            let known = workload.tasks.iter().find(|(name, _)| name == state);
            known.map_or("{}", |(_, result)| result).as_bytes().to_vec()
        };
        let states = program.tasks.iter().map(|task| program.state_name(task.state));
        Player {
            answers: states.map(answer).collect(),
            program,
            run: Run::new(),
            records: Vec::with_capacity(1 << 20),
        }
    }

    /// Returns how many bytes of records were written.
    fn play(&mut self, event: &[u8], level: Level, data: Option<bool>) -> usize {
        let now_ms = 1_700_000_000_000;
        let with = Identified {
            identity: Identity {
                execution_arn: ARN,
                execution_name: "orders-3-1234567",
                role_arn: "arn:aws:iam::111111111111:role/stepstream",
                state_machine_arn: "arn:aws:states:us-east-1:111111111111:stateMachine:orders",
                state_machine_name: "orders",
                sync: false,
                event: None,
                whole: None,
            },
            kept: EventSet::of(level),
            decisions: false,
            now_ms,
            seed: 1,
        };
        self.run.start(&self.program, event, &with).expect("input");
        loop {
            match self.run.advance(&self.program, now_ms, u64::MAX) {
                Status::Waiting => self.answer(now_ms),
                Status::Running => {}
                _ => break,
            }
        }
        self.records.clear();
        if let Some(include_execution_data) = data {
            let encoder = Encoder {
                program: &self.program,
                execution_arn: ARN,
                role_arn: with.identity.role_arn,
                region: "us-east-1",
                include_execution_data,
            };
            for event in self.run.events() {
                encoder.write(self.run.view(&self.program), event, &mut self.records);
                self.records.push(b'\n');
            }
        }
        black_box(&self.records).len()
    }

    fn answer(&mut self, now_ms: i64) {
        let requests: Vec<Request> = self.run.requests().collect();
        for request in requests {
            if let Request::Task(task) = request {
                let answer = Answer::Success(&self.answers[task.task.at()]);
                self.run.resume(&self.program, task.token, answer, now_ms);
            }
        }
    }
}
