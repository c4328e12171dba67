//! Many executions that wait: the memory of each, and what they cost another workflow.

use crate::engine::{Measured, Progress, Watch};
use crate::sealed::Sealed;
use crate::{Bench, config, engine};
use std::process::Child;
use std::time::{Duration, Instant};

/// How many executions are parked.
const PARKED: u64 = 100_000;
/// How long their task takes: longer than all that is measured meanwhile, shorter than an execution may.
const TASK_MS: u32 = 280_000;
/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Parks executions on a task and prints the memory of each; then the throughput of W1 in the same process as
/// as many parked ones, and as none.
pub(crate) fn parked(bench: &Bench) {
    for topic in ["parked", "nobody"] {
        bench.broker.create_topic(topic, crate::PARTITIONS);
    }
    memory(bench);
    let medians = bench.compare(&[
        ("W1, none parked", &|| beside(bench, "nobody", 0), None),
        (
            "W1 beside 100,000 parked",
            &|| beside(bench, "parked", PARKED),
            Some(0),
        ),
    ]);
    let loss = 1.0 - medians[1].hot / medians[0].hot;
    println!(
        "  {PARKED} parked executions cost another workflow {:.1} %",
        loss * 100.0
    );
}

/// The resident memory of each beyond that of an idle service, which is before its clients have fetched anything:
/// what they keep for it counts too.
fn memory(bench: &Bench) {
    let service = Service::start(bench, &[("bench", waiting("parked"))]);
    service.wait("ready", || engine::is_ready(&service.metrics));
    let idle = resident(service.child.id());
    let events = (0..PARKED as usize).map(|at| crate::kafka::Event {
        value: Some(&bench.orders[at % bench.orders.len()]),
        ..crate::kafka::Event::default()
    });
    bench.broker.produce("parked", events);
    service.wait("parked", || service.parked() >= PARKED);
    let full = resident(service.child.id());
    let mean = bench.orders.iter().map(Vec::len).sum::<usize>() as f64 / bench.orders.len() as f64;
    let each = (full - idle) * 1024.0 / PARKED as f64 * 1024.0;
    let known = engine::gauge(&service.metrics, "stepstream_run_memory_bytes").unwrap_or(0.0);
    println!(
        "  {PARKED} parked: {full:.0} MiB, idle {idle:.0} MiB; {each:.0} bytes each, {:.0} beyond the event \
         ({:.0} as the service counts it)",
        each - mean,
        known / PARKED as f64 - mean
    );
}

/// Runs W1 in a service with a second workflow, of which so many are parked by then. All events of W1 come at once.
fn beside(bench: &Bench, topic: &str, parked: u64) -> Measured {
    let sealed = format!("sealed-{}", bench.runs.get() + 1);
    let events = Sealed::fill(bench, &sealed);
    let w1 = config::Workflow {
        topic: &sealed,
        ..config::Workflow::W1
    };
    let service = Service::start(bench, &[("bench", w1), ("waiting", waiting(topic))]);
    service.wait("ready", || engine::is_ready(&service.metrics));
    service.wait("parked", || service.parked() >= parked);
    let mut watch = Watch::new(service.child.id());
    watch.look();
    let before = watch.cpu;
    events.open();
    let mut progress = Progress::new(bench.events);
    service.wait("done", || progress.look(&service.metrics));
    watch.look();
    watch.cpu -= before;
    let still = service.parked();
    assert!(
        still >= parked,
        "only {still} of {parked} waited to the end; see {}",
        bench.folder.display()
    );
    progress.measured(&watch)
}

/// A workflow whose task takes its time.
fn waiting(topic: &str) -> config::Workflow<'_> {
    config::Workflow {
        definition: config::Definition::Delay(TASK_MS),
        topic,
        ..config::Workflow::W1
    }
}

/// A service that is killed in the end: what is parked does not end by itself.
struct Service {
    child: Child,
    metrics: String,
}

impl Service {
    /// Starts one whose limits leave room for all, also if they all come to one shard: each has its share of the
    /// total.
    fn start(bench: &Bench, workflows: &[(&str, config::Workflow<'_>)]) -> Service {
        bench.runs.set(bench.runs.get() + 1);
        let shards = std::thread::available_parallelism().map_or(1, usize::from);
        let mut text = format!(
            "[service]\nlisten = \"LISTEN\"\nmax_in_flight = {}\n[kafka]\nbrokers = \"{}\"\n",
            PARKED * shards as u64,
            bench.broker.address()
        );
        for (name, workflow) in workflows {
            text.push_str(&config::section(bench.runs.get(), name, workflow));
        }
        let text = text.replace(
            "mode = \"async\"",
            &format!("mode = \"async\"\nmax_in_flight = {PARKED}"),
        );
        let (_, last) = workflows.last().expect("a workflow");
        let text = text + &config::tasks(last);
        let (child, metrics) = engine::start(&bench.folder, &text, &[]);
        Service { child, metrics }
    }

    fn parked(&self) -> u64 {
        engine::gauge(&self.metrics, "stepstream_parked").unwrap_or(0.0) as u64
    }

    fn wait(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is_so() {
            let parked = self.parked();
            assert!(Instant::now() < until, "not {what} in time; {parked} are parked");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a process's resident memory in MiB.
fn resident(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}
