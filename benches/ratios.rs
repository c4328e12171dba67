//! Prints how the engine stands beside its rivals, all measured in turn in one process: the median
//! of many short rounds each, so that a noisy machine disturbs all alike. Then how it grows.
//!
//! `cargo bench --bench ratios [NAME...] [engine]`: only those of `w1 w2 w3 w3b w4 w1j w2j w4j growth`; `engine`
//! leaves the rivals out, for a profiler. `perf/README.md` says what the lines mean.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod support;

use std::hint::black_box;
use std::time::Instant;
use support::contenders::{Contender, contenders};
use support::series::{Point, Series, series};
use support::{Workload, median};

const ROUNDS: usize = 41;
/// Events of one round of a contender.
const ROUND_EVENTS: usize = 10_000;
/// Units of one round of a point of a series.
const ROUND_UNITS: u64 = 40_000;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    let names: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|&name| name != "engine")
        .collect();
    let alone = names.len() < arguments.len();
    let wanted = |name: &str| names.is_empty() || names.contains(&name);
    for workload in support::NAMES
        .into_iter()
        .filter(|name| wanted(name))
        .filter_map(support::load)
    {
        compare(&workload, alone);
    }
    if wanted("growth") {
        series().iter_mut().for_each(grow);
    }
}

fn compare(workload: &Workload, alone: bool) {
    let mut contenders = contenders(workload);
    if alone {
        contenders.truncate(1);
    }
    let mut times = vec![Vec::with_capacity(ROUNDS); contenders.len()];
    for _ in 0..ROUNDS {
        for (times, contender) in times.iter_mut().zip(&mut contenders) {
            times.push(round(workload, contender));
        }
    }
    let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
    println!("{}", workload.name);
    for ((who, _), ns) in contenders.iter().zip(&medians) {
        println!(
            "  {who:22} {ns:7.1} ns  {:6.3} M/s  engine is {:.2} x",
            1e3 / ns,
            ns / medians[0]
        );
    }
}

/// Runs a contender over some thousand events; returns nanoseconds per event.
fn round(workload: &Workload, (_, run): &mut Contender) -> f64 {
    let passes = ROUND_EVENTS.div_ceil(workload.events.len());
    let mut out = Vec::with_capacity(1 << 16);
    let start = Instant::now();
    for _ in 0..passes {
        for event in &workload.events {
            out.clear();
            run(event, &mut out);
            black_box(&out);
        }
    }
    start.elapsed().as_nanos() as f64 / (passes * workload.events.len()) as f64
}

fn grow(series: &mut Series) {
    let mut times = vec![Vec::with_capacity(ROUNDS); series.points.len()];
    for _ in 0..ROUNDS {
        for (times, point) in times.iter_mut().zip(&mut series.points) {
            times.push(round_of(point));
        }
    }
    let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
    println!("{}", series.name);
    for (point, ns) in series.points.iter().zip(&medians) {
        let per = format!("ns per {}", series.unit);
        println!(
            "  {:>22} {ns:7.1} {per}  {:.2} x the smallest",
            point.size,
            ns / medians[0]
        );
    }
}

/// Runs a point until enough units are done; returns nanoseconds per unit.
fn round_of(point: &mut Point) -> f64 {
    let runs = (ROUND_UNITS / point.units).max(1);
    let start = Instant::now();
    (0..runs).for_each(|_| point.run());
    start.elapsed().as_nanos() as f64 / (runs * point.units) as f64
}
