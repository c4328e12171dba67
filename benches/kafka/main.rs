//! The whole service on a real broker, beside what a bare Kafka client costs in the same run:
//! `cargo bench --bench kafka -- [SCENARIO...] [--events N] [--rounds N]`.
//!
//! Starts Apache Kafka on this machine (Java and Maven needed), fills a topic with the W1 orders, runs
//! `stepstream run --until-end` and the yardsticks in turn, and prints medians and ratios. What each
//! scenario shows, and the figures wanted, are in `perf/README.md`. The scenario `hold` only fills the topic
//! and keeps the broker, for a profiler.

mod bare;
mod config;
mod engine;
#[path = "../../tests/support/kafka.rs"]
#[allow(dead_code)] // Shared with the tests, which use more of it.
mod kafka;
mod latency;
mod parked;
mod sealed;

use engine::Measured;
use std::path::{Path, PathBuf};

/// As the binary's, and librdkafka's with it: the yardsticks get every advantage the engine has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PARTITIONS: i32 = 8;
const TOPIC: &str = "orders";

/// What all scenarios share.
pub(crate) struct Bench {
    pub(crate) broker: kafka::Broker,
    pub(crate) folder: PathBuf,
    pub(crate) orders: Vec<Vec<u8>>,
    pub(crate) events: u64,
    pub(crate) rounds: usize,
    /// Each run has a group of its own.
    pub(crate) runs: std::cell::Cell<u32>,
}

type Scenario = fn(&Bench);

/// A name, what runs it, and which of the others it is compared with.
type Contender<'a> = (&'a str, &'a dyn Fn() -> Measured, Option<usize>);

fn main() {
    let mut arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    if arguments.first().is_some_and(|word| word == "yardstick") {
        return yardstick(&arguments[1..]);
    }
    let events = option(&mut arguments, "--events").unwrap_or(1_000_000);
    let rounds = option(&mut arguments, "--rounds").unwrap_or(3) as usize;
    let Some(orders) = orders() else {
        return eprintln!("no orders: ../shared/workloads is absent (or set STEPSTREAM_SHARED)");
    };
    let broker = match kafka::Broker::start() {
        Ok(broker) => broker,
        Err(reason) => return eprintln!("no Kafka: {reason}"),
    };
    let folder = std::env::temp_dir().join(format!("stepstream-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let bench = Bench {
        broker,
        folder,
        orders,
        events,
        rounds,
        runs: std::cell::Cell::new(0),
    };
    for topic in [TOPIC, "fulfillment"] {
        bench.broker.create_topic(topic, PARTITIONS);
    }
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|word| word == name);
    if ["consume", "output", "sync", "jsonata", "logs", "delay", "hold"]
        .iter()
        .any(|name| wanted(name))
    {
        bench.fill(TOPIC, &bench.orders);
    }
    let all: [(&str, Scenario); 9] = [
        ("consume", consume),
        ("output", output),
        ("sync", sync),
        ("jsonata", jsonata),
        ("logs", logs),
        ("delay", delay),
        ("fulfillment", fulfillment),
        ("parked", parked::parked),
        ("latency", latency::latency),
    ];
    if arguments.iter().any(|word| word == "hold") {
        bench.broker.create_topic("out", PARTITIONS);
        bench.fill("fulfillment", &fulfillment_events());
        println!(
            "the broker {} has `{TOPIC}`, `fulfillment` and an empty `out`; it stays until a line is read",
            bench.broker.address()
        );
        let _ = std::io::stdin().read_line(&mut String::new());
        return;
    }
    for (name, run) in all {
        if wanted(name) {
            println!("\n{name}");
            run(&bench);
        }
    }
    let _ = std::fs::remove_dir_all(&bench.folder);
}

fn option(arguments: &mut Vec<String>, name: &str) -> Option<u64> {
    let at = arguments.iter().position(|word| word == name)?;
    let value = arguments.get(at + 1)?.parse().ok();
    arguments.drain(at..at + 2);
    value
}

fn orders() -> Option<Vec<Vec<u8>>> {
    lines(&config::workloads().join("orders.ndjson"))
}

fn lines(file: &Path) -> Option<Vec<Vec<u8>>> {
    let text = std::fs::read_to_string(file).ok()?;
    Some(text.lines().map(|line| line.as_bytes().to_vec()).collect())
}

fn yardstick(arguments: &[String]) {
    let number = |at: usize| arguments[at].parse::<u64>().expect("a number");
    match arguments[0].as_str() {
        "consume" => bare::consume(&arguments[1], &arguments[2], PARTITIONS, number(3)),
        "copy" => bare::copy(
            &arguments[1],
            &arguments[2],
            &arguments[3],
            PARTITIONS,
            number(4),
            number(5) as usize,
        ),
        other => panic!("no yardstick {other}"),
    }
}

impl Bench {
    fn fill(&self, topic: &str, values: &[Vec<u8>]) {
        eprintln!("filling the topic {topic} with {} events", self.events);
        let keys: Vec<String> = (0..4096).map(|key| format!("order-{key}")).collect();
        let events = (0..self.events as usize).map(|at| kafka::Event {
            key: Some(keys[at % keys.len()].as_bytes()),
            value: Some(&values[at % values.len()]),
            ..kafka::Event::default()
        });
        self.broker.produce(topic, events);
    }

    /// Runs contenders in turn, prints and returns their medians, with the ratio of each to the one named for it.
    fn compare(&self, contenders: &[Contender<'_>]) -> Vec<Measured> {
        let mut seen: Vec<Vec<Measured>> = vec![Vec::new(); contenders.len()];
        for _ in 0..self.rounds {
            for (at, (_, run, _)) in contenders.iter().enumerate() {
                seen[at].push(run());
            }
        }
        let medians: Vec<Measured> = seen.iter().map(|runs| median(runs)).collect();
        for ((name, _, beside), measured) in contenders.iter().zip(&medians) {
            let ratio = beside.map_or(String::new(), |beside| {
                format!(
                    "  {:.2} x {}, CPU {:+.2} s",
                    measured.hot / medians[beside].hot,
                    contenders[beside].0,
                    measured.cpu - medians[beside].cpu
                )
            });
            println!(
                "  {name:24} {:>9.0}/s hot {:>9.0}/s whole  {:.2} CPU-s/M  {:.0} MiB{ratio}",
                measured.hot, measured.whole, measured.cpu, measured.memory
            );
        }
        medians
    }

    fn engine(&self, config: &config::Workflow<'_>) -> Measured {
        self.runs.set(self.runs.get() + 1);
        let out = config::output(self.runs.get());
        if config.output {
            self.broker.create_topic(&out, PARTITIONS);
        }
        let text = config::text(&self.broker.address(), self.runs.get(), config);
        let measured = engine::until_end(&self.folder, &text, self.events);
        if config.output {
            self.broker.delete_topic(&out);
        }
        // Gigabytes of log would be written back during the next run.
        let _ = std::fs::remove_dir_all(self.folder.join(format!("log-{}", self.runs.get())));
        measured
    }

    fn bare_consumer(&self) -> Measured {
        let words = ["consume", &self.broker.address(), TOPIC, &self.events.to_string()];
        engine::yardstick(&words.map(str::to_owned))
    }

    fn bare_copier(&self, bytes: usize) -> Measured {
        self.runs.set(self.runs.get() + 1);
        let out = config::output(self.runs.get());
        self.broker.create_topic(&out, PARTITIONS);
        let (events, bytes) = (self.events.to_string(), bytes.to_string());
        let words = ["copy", &self.broker.address(), TOPIC, &out, &events, &bytes];
        let measured = engine::yardstick(&words.map(str::to_owned));
        self.broker.delete_topic(&out);
        measured
    }
}

fn median(runs: &[Measured]) -> Measured {
    let mut sorted = runs.to_vec();
    sorted.sort_by(|a, b| a.hot.total_cmp(&b.hot));
    sorted[sorted.len() / 2]
}

const W1: config::Workflow<'static> = config::Workflow::W1;

/// Consume, execute, commit; no output.
fn consume(bench: &Bench) {
    bench.compare(&[
        ("bare consumer", &|| bench.bare_consumer(), None),
        ("W1, no output", &|| bench.engine(&W1), Some(0)),
    ]);
}

/// With an output topic.
fn output(bench: &Bench) {
    // The mean of W1's outputs, and the header that each carries.
    const BYTES: usize = 170;
    bench.compare(&[
        ("bare copier", &|| bench.bare_copier(BYTES), None),
        (
            "W1 with output",
            &|| bench.engine(&config::Workflow { output: true, ..W1 }),
            Some(0),
        ),
    ]);
}

fn sync(bench: &Bench) {
    bench.compare(&[
        ("async, no output", &|| bench.engine(&W1), None),
        (
            "sync, no reply",
            &|| bench.engine(&config::Workflow { sync: true, ..W1 }),
            Some(0),
        ),
    ]);
}

/// The same work in the other query language.
fn jsonata(bench: &Bench) {
    let with_output = |workflow| {
        move || {
            bench.engine(&config::Workflow {
                output: true,
                ..workflow
            })
        }
    };
    bench.compare(&[
        ("W1, no output", &|| bench.engine(&W1), None),
        (
            "W1J, no output",
            &|| bench.engine(&config::Workflow::W1J),
            Some(0),
        ),
        ("W1 with output", &with_output(W1), None),
        ("W1J with output", &with_output(config::Workflow::W1J), Some(2)),
    ]);
}

fn logs(bench: &Bench) {
    let at = |log: &'static str| move || bench.engine(&config::Workflow { log, ..W1 });
    bench.compare(&[
        ("ERROR", &at("level = \"ERROR\"\non_failure = \"ERROR\""), None),
        (
            "on_failure ALL",
            &at("level = \"ERROR\"\non_failure = \"ALL\""),
            Some(0),
        ),
        ("ALL", &at("level = \"ALL\""), Some(0)),
        (
            "ALL with data",
            &at("level = \"ALL\"\ninclude_execution_data = true"),
            Some(0),
        ),
    ]);
}

/// A task that takes 10 ms.
fn delay(bench: &Bench) {
    bench.compare(&[
        ("W1, no output", &|| bench.engine(&W1), None),
        (
            "a task of 10 ms",
            &|| bench.engine(&config::Workflow::DELAY),
            Some(0),
        ),
    ]);
}

fn fulfillment_events() -> Vec<Vec<u8>> {
    lines(&config::sample("order_fulfillment.events.ndjson")).expect("a sample")
}

/// The sample of the documentation with built-in functions.
fn fulfillment(bench: &Bench) {
    bench.fill("fulfillment", &fulfillment_events());
    bench.compare(&[(
        "order fulfillment",
        &|| bench.engine(&config::Workflow::FULFILLMENT),
        None,
    )]);
}
