//! The shared workloads give the outputs that they are known to have, line by line.
//!
//! Those in JSONata have the same as those in JSONPath: W1J as W1, W2J as W2.

use crate::compare::Rules;
use crate::shared;
use serde_json::Value;
use std::path::Path;
use stepstream::asl;
use stepstream::compile::compile;
use stepstream::drive::{End, Reply, TaskCall, VirtualClock, drive};
use stepstream::program::Program;
use stepstream::vm::{EventSet, Identified, Level, Run};

/// Each workload with the file of its outputs.
const WORKLOADS: [(&str, &str); 6] = [
    ("w1", "expected.w1.ndjson"),
    ("w2", "expected.w2.ndjson"),
    ("w3b", "expected.w3b.ndjson"),
    ("w1j", "expected.w1.ndjson"),
    ("w2j", "expected.w2.ndjson"),
    ("w4j", "expected.w4j.ndjson"),
];

fn read(folder: &Path, file: &str) -> String {
    std::fs::read_to_string(folder.join(file)).expect("a file of the workloads")
}

fn load(folder: &Path, name: &str) -> Program {
    let text = read(folder, &format!("{name}.asl.json"));
    let source = asl::Source {
        name,
        text: &text,
        format: asl::Format::Json,
    };
    let report = asl::check(&source, &asl::Options::default());
    compile(
        &report
            .machine
            .unwrap_or_else(|| panic!("{name}: {:?}", report.diagnostics)),
    )
}

/// Runs an order and returns the output, or how it ended.
fn play(run: &mut Run, program: &Program, order: &str, level: Level) -> Value {
    let with = Identified {
        kept: EventSet::of(level),
        ..Identified::default()
    };
    let mut nobody = |_: &TaskCall<'_>| None::<Reply>;
    let mut clock = VirtualClock::new(0, None);
    let end = drive(run, program, order.as_bytes(), &with, &mut clock, &mut nobody);
    match end {
        Ok(End::Over(outcome)) if !outcome.output.is_none() => {
            let output = run.view(program).to_json(outcome.output);
            serde_json::from_str(&output).expect("the output is JSON")
        }
        other => Value::String(format!("{other:?}")),
    }
}

#[test]
fn orders_come_out_as_they_are_known_to() {
    let Some(folder) = shared::folder("workloads") else {
        return;
    };
    let orders = read(&folder, "orders.ndjson");
    let rules = Rules {
        placeholders: Vec::new(),
        arns: Default::default(),
    };
    for (name, expected) in WORKLOADS {
        let program = load(&folder, name);
        let expected = read(&folder, expected);
        assert_eq!(orders.lines().count(), expected.lines().count(), "{name}");
        let mut run = Run::new();
        for (order, expected) in orders.lines().zip(expected.lines()) {
            let expected: Value = serde_json::from_str(expected).expect("an output is JSON");
            // Without events the machine may take short cuts.
            for level in [Level::Off, Level::All] {
                let output = play(&mut run, &program, order, level);
                let difference = rules.difference(&expected, &output);
                assert_eq!(difference, None, "{name} at {level:?}: {order}");
            }
        }
    }
}
