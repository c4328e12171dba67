//! Many executions that wait: the memory of each, and what they cost others.

use crate::{Bench, config, engine};
use std::time::{Duration, Instant};

/// How many executions are parked.
const PARKED: u64 = 100_000;
/// How long their task takes: long enough to look at them.
const TASK_MS: u32 = 20_000;

/// Parks executions on a task and prints the resident memory of each beyond that of an idle service.
pub(crate) fn parked(bench: &Bench) {
    bench.broker.create_topic("parked", crate::PARTITIONS);
    bench.runs.set(bench.runs.get() + 1);
    let waiting = config::Workflow {
        definition: config::Definition::Delay(TASK_MS),
        topic: "parked",
        ..config::Workflow::W1
    };
    let address = bench.broker.address();
    let text = config::text(&address, bench.runs.get(), &waiting).replace(
        "mode = \"async\"",
        &format!("mode = \"async\"\nmax_in_flight = {PARKED}\nmax_offset_span = {PARKED}"),
    );
    let (mut child, metrics) = engine::start(&bench.folder, &text, &[]);
    wait(|| engine::metrics_answer(&metrics));
    std::thread::sleep(Duration::from_secs(3));
    let idle = resident(child.id());
    let events = (0..PARKED as usize).map(|at| crate::kafka::Event {
        value: Some(&bench.orders[at % bench.orders.len()]),
        ..crate::kafka::Event::default()
    });
    bench.broker.produce("parked", events);
    wait(|| engine::gauge(&metrics, "stepstream_parked").is_some_and(|parked| parked as u64 >= PARKED));
    let full = resident(child.id());
    let mean = bench.orders.iter().map(Vec::len).sum::<usize>() as f64 / bench.orders.len() as f64;
    let each = (full - idle) * 1024.0 / PARKED as f64 * 1024.0;
    println!(
        "  {PARKED} parked: {:.0} MiB, idle {idle:.0} MiB; {each:.0} bytes each, {:.0} beyond the event",
        full,
        each - mean
    );
    child.kill().expect("killed");
    child.wait().expect("a child");
}

fn wait(mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < until, "not within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns a process's resident memory in MiB.
fn resident(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}
