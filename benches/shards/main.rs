//! Shards without a broker: `cargo bench --bench shards -- [SCENARIO...] [--shards N] [--rounds N] [--events N] [--calls N] [--in-flight N]`.
//!
//! | scenario | what is run, each in a process of its own, in turn |
//! |---|---|
//! | `scale` | W1 on one shard, on N shards (2), and on one shard each in N processes at the same time |
//! | `http` | one HTTP task per event on N shards, beside a bare hyper client with as many connections |
//!
//! What is in the figures: the shards of the service, pinned as there, from the source to the sink: an execution with its
//! limits, outputs written, offsets tracked and committed, metrics counted. What is not: reading. Each shard has a
//! partition of its own that repeats orders from its memory, more of them than the caches next to a core hold, and
//! its sink copies messages as a client would and throws them away. No log is written (level OFF). Times are from
//! the start of the shards' threads to their end; definitions are compiled and orders loaded before.

mod bare;
mod child;
mod engine;
mod serve;
mod sink;

use child::{Child, Figures};
use std::path::{Path, PathBuf};

/// As the binary's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Connections of a shard to a service; the default of `[tasks]`.
const CONNECTIONS: usize = 64;

/// What all scenarios share.
struct Bench {
    shards: usize,
    rounds: usize,
    events: u64,
    calls: u64,
    /// Executions that a shard lets wait for their calls.
    in_flight: u64,
}

type Scenario = fn(&Bench);

/// One measurement.
type Contender<'a> = (&'a str, &'a dyn Fn() -> Figures);

fn main() {
    let mut arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let Some(orders) = orders() else {
        return println!("SKIPPED: ../shared/workloads is absent (or set STEPSTREAM_SHARED)");
    };
    if arguments.first().is_some_and(|word| word == child::ROLE) {
        return role(&arguments[1..], &orders);
    }
    let bench = Bench {
        shards: option(&mut arguments, "--shards").unwrap_or(2) as usize,
        rounds: option(&mut arguments, "--rounds").unwrap_or(5) as usize,
        events: option(&mut arguments, "--events").unwrap_or(4_000_000),
        calls: option(&mut arguments, "--calls").unwrap_or(100_000),
        in_flight: option(&mut arguments, "--in-flight").unwrap_or(10_000),
    };
    let all: [(&str, Scenario); 2] = [("scale", scale), ("http", http)];
    for (name, run) in all {
        if arguments.is_empty() || arguments.iter().any(|word| word == name) {
            println!("\n{name}");
            run(&bench);
        }
    }
}

fn option(arguments: &mut Vec<String>, name: &str) -> Option<u64> {
    let at = arguments.iter().position(|word| word == name)?;
    let value = arguments.get(at + 1)?.parse().ok();
    arguments.drain(at..at + 2);
    value
}

/// What a process that this program has started does.
fn role(words: &[String], orders: &[Vec<u8>]) {
    let number = |at: usize| words[at].parse::<u64>().expect("a number");
    let size = |at: usize| number(at) as usize;
    match words[0].as_str() {
        "w1" => {
            let file = workloads().join("w1.asl.json");
            let definition = std::fs::read_to_string(file).expect("W1");
            engine::run(&definition, "", orders, number(1), size(2)..size(3), 10_000);
        }
        "task" => {
            let tasks = format!("\"*\" = {{ http = \"http://{}/{{function}}\" }}", words[2]);
            let definition = match words[1].as_str() {
                "invoke" => engine::INVOKE,
                _ => engine::RAW,
            };
            engine::run(definition, &tasks, orders, number(3), 0..size(4), size(5));
        }
        "bare" => bare::run(&words[1], orders, number(2), size(3)),
        "serve" => serve::run(size(1)),
        other => panic!("no role {other}"),
    }
}

/// Whether shards share something that costs: they must do as much as processes that share nothing.
fn scale(bench: &Bench) {
    let events = bench.events;
    let start = |shards: std::ops::Range<usize>| {
        let events = events * shards.len() as u64;
        Child::start(&[
            "w1".to_owned(),
            events.to_string(),
            shards.start.to_string(),
            shards.end.to_string(),
        ])
    };
    let medians = bench.compare(&[
        ("1 shard", &|| Figures::together(vec![start(0..1)])),
        ("N shards", &|| Figures::together(vec![start(0..bench.shards)])),
        ("N processes of 1 shard", &|| {
            Figures::together((0..bench.shards).map(|at| start(at..at + 1)).collect())
        }),
    ]);
    let [one, shards, processes] = [0, 1, 2].map(|at: usize| medians[at].rate());
    println!(
        "  {} shards are {:.2} x as many processes, {:.2} x 1 shard",
        bench.shards,
        shards / processes,
        shards / one
    );
}

/// What a call of an HTTP task costs, with its service on the same cores.
fn http(bench: &Bench) {
    let server = Child::start(&["serve".to_owned(), bench.shards.to_string()]);
    let (calls, shards) = (bench.calls.to_string(), bench.shards.to_string());
    let in_flight = bench.in_flight.to_string();
    let beside = |words: &[&str]| {
        let before = server.processor_seconds();
        let child = Child::start(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        let figures = Figures::together(vec![child]);
        Figures {
            beside: Some(server.processor_seconds() - before),
            ..figures
        }
    };
    let address = server.greeting().to_owned();
    let task = |style: &str| beside(&["task", style, &address, &calls, &shards, &in_flight]);
    let medians = bench.compare(&[
        ("bare hyper client", &|| {
            beside(&["bare", &address, &calls, &shards])
        }),
        ("task, function ARN", &|| task("raw")),
        ("task, lambda:invoke", &|| task("invoke")),
    ]);
    println!(
        "  with a function ARN {:.2} x, with lambda:invoke {:.2} x the bare client; {} x {CONNECTIONS} connections",
        medians[1].rate() / medians[0].rate(),
        medians[2].rate() / medians[0].rate(),
        bench.shards
    );
    server.end();
}

impl Bench {
    /// Runs contenders in turn, prints and returns the median of each.
    fn compare(&self, contenders: &[Contender<'_>]) -> Vec<Figures> {
        let mut seen: Vec<Vec<Figures>> = vec![Vec::new(); contenders.len()];
        for _ in 0..self.rounds {
            for (at, (_, run)) in contenders.iter().enumerate() {
                seen[at].push(run());
            }
        }
        let mut medians = Vec::new();
        for ((name, _), mut runs) in contenders.iter().zip(seen) {
            runs.sort_by(|a, b| a.rate().total_cmp(&b.rate()));
            let (least, most) = (runs[0].rate(), runs[runs.len() - 1].rate());
            let median = runs[runs.len() / 2];
            let million = median.count as f64 / 1e6;
            let beside = median.beside.map_or(String::new(), |seconds| {
                format!(" and {:.2} of the server", seconds / million)
            });
            println!(
                "  {name:24} {:>9.0}/s ({least:.0} to {most:.0})  {:.2} CPU-s/M{beside}",
                median.rate(),
                median.processor / million
            );
            medians.push(median);
        }
        medians
    }
}

/// Where the shared workloads are.
fn workloads() -> PathBuf {
    let shared = std::env::var_os("STEPSTREAM_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    shared.join("workloads")
}

fn orders() -> Option<Vec<Vec<u8>>> {
    let text = std::fs::read_to_string(workloads().join("orders.ndjson")).ok()?;
    Some(text.lines().map(|line| line.as_bytes().to_vec()).collect())
}
