//! The sample workflow.

use super::*;
use crate::drive::VirtualClock;

/// The sample workflow runs on the demo's functions, from the sample configuration.
#[test]
fn order_fulfillment_from_the_sample_configuration() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/config/");
    let read = |name: &str| std::fs::read_to_string(format!("{root}{name}")).expect("a sample");
    let config: toml::Table = toml::from_str(&read("stepstream.toml")).expect("TOML");
    let tasks = tasks(&toml::to_string(&config["tasks"]).expect("TOML"));
    let text = read("workflows/order_fulfillment.asl.json");
    let source = asl::Source {
        name: "order_fulfillment",
        text: &text,
        format: asl::Format::Json,
    };
    let program = compile(
        &asl::check(&source, &asl::Options::default())
            .machine
            .expect("a machine"),
    );
    let bindings = tasks.bind(&program, false).expect("all tasks are served");
    let mut shard = Shard::new(&tasks);
    let (mut succeeded, mut failed) = (0, 0);
    let shortage =
        read("workflows/order_fulfillment.input.json").replace("\"num_of_items\": 5", "\"num_of_items\": 85");
    let events = read("workflows/order_fulfillment.events.ndjson");
    for line in events.lines().chain([shortage.as_str()]) {
        let ends = run(&program, &bindings, &mut shard, line);
        (succeeded, failed) = (succeeded + usize::from(ends), failed + usize::from(!ends));
    }
    assert!(
        succeeded > 0 && failed > 0,
        "{succeeded} succeeded, {failed} failed"
    );
}

/// Runs an execution whose tasks answer at once; says whether it succeeded.
fn run(program: &Program, bindings: &Bindings, shard: &mut Shard, input: &str) -> bool {
    use crate::drive::{Reply, TaskCall, drive};
    let mut run = crate::vm::Run::new();
    let mut clock = VirtualClock::new(0, None);
    let mut host = |call: &TaskCall<'_>| {
        let task = program
            .tasks
            .iter()
            .position(|info| *program.states[info.state.at()].name == *call.state)
            .expect("a task of the program");
        let mut heap = Heap::new();
        let parameters = heap.index(call.parameters).expect("JSON");
        let attempt = Attempt {
            bindings,
            task: TaskId(task as u32),
            request: Request {
                parameters,
                credentials: ValueRef::NONE,
                view: View::new(&heap, &program.constants),
                key: &"k",
                machine: "flow",
                retry: 0,
                execution: ValueRef::NONE,
                state_machine: ValueRef::NONE,
                timeout_seconds: call.timeout_seconds,
                heartbeat_seconds: call.heartbeat_seconds,
                now_ms: 0,
            },
        };
        let mut result = Vec::new();
        match shard
            .connectors
            .call(&attempt, Ticket(1), &mut shard.sink, &mut result)
        {
            Progress::Success => Some(Reply::Success { after_ms: 0, result }),
            other => panic!("{}: {other:?}", call.state),
        }
    };
    let identity = crate::vm::Identified::default();
    drive(
        &mut run,
        program,
        input.as_bytes(),
        &identity,
        &mut clock,
        &mut host,
    )
    .expect("a start");
    run.outcome().status == crate::vm::Status::Succeeded
}
