//! Prints how the engine stands beside its rivals, all measured in turn in one process: the median
//! of many short rounds each, so that a noisy machine disturbs all alike.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod support;

use std::hint::black_box;
use std::time::Instant;
use support::engine::Engine;
use support::{Workload, check, rivals};

type Contender<'a> = (&'static str, Box<dyn FnMut(&[u8], &mut Vec<u8>) + 'a>);

const ROUNDS: usize = 41;
const PASSES: usize = 40;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    for name in ["w1", "w2", "w3", "w3b"] {
        if !arguments.is_empty() && !arguments.iter().any(|argument| argument == name) {
            continue;
        }
        let Some(workload) = support::load(name) else {
            println!("the shared workloads are not here; set STEPSTREAM_SHARED");
            return;
        };
        compare(&workload, arguments.iter().any(|argument| argument == "engine"));
    }
}

/// Measures one workload; `alone` leaves the rivals out, for a profiler.
fn compare(workload: &Workload, alone: bool) {
    let lazy = rivals::SonicLazy::new();
    let mut engine = Engine::new(&workload.definition);
    let mut by_hand = rivals::ByHand::new();
    let mut index = rivals::ByHand::new();
    let mut tape = rivals::Tape::new();
    let mut tape_w1 = rivals::Tape::new();
    let mut contenders: Vec<Contender<'_>> = vec![(
        "engine",
        Box::new(|event: &[u8], out: &mut Vec<u8>| engine.run(event, out)),
    )];
    match workload.name {
        "w1" => {
            contenders.push(("sonic lazy", Box::new(|event, out| lazy.w1(event, out))));
            contenders.push(("sonic typed", Box::new(rivals::typed_w1)));
            contenders.push(("simd-json tape", Box::new(|event, out| tape_w1.w1(event, out))));
            contenders.push((
                "by hand, own index",
                Box::new(|event, out| by_hand.w1(event, out)),
            ));
        }
        "w2" => {
            contenders.push(("sonic lazy", Box::new(|event, out| lazy.w2(event, out))));
            contenders.push(("sonic typed", Box::new(rivals::typed_w2)));
        }
        "w3" => contenders.push(("sonic lazy", Box::new(|event, out| lazy.w3(event, out)))),
        _ => contenders.push(("sonic lazy", Box::new(|event, out| lazy.w3b(event, out)))),
    }
    for (who, run) in &mut contenders {
        check(workload, who, run);
    }
    contenders.push((
        "index alone",
        Box::new(|event, _| {
            black_box(index.index(event));
        }),
    ));
    contenders.push((
        "simd-json fill_tape",
        Box::new(|event, _| {
            tape.fill(event, |tape| {
                black_box(tape.as_value());
            })
        }),
    ));
    if alone {
        contenders.truncate(1);
    }
    report(workload, &mut contenders);
}

fn report(workload: &Workload, contenders: &mut [Contender<'_>]) {
    let mut times = vec![Vec::with_capacity(ROUNDS); contenders.len()];
    let mut out = Vec::with_capacity(1 << 16);
    for _ in 0..ROUNDS {
        for (at, (_, run)) in contenders.iter_mut().enumerate() {
            let start = Instant::now();
            for _ in 0..PASSES {
                for event in &workload.events {
                    out.clear();
                    run(event, &mut out);
                    black_box(&out);
                }
            }
            let count = (PASSES * workload.events.len()) as f64;
            times[at].push(start.elapsed().as_nanos() as f64 / count);
        }
    }
    let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
    println!("{}", workload.name);
    for ((who, _), ns) in contenders.iter().zip(&medians) {
        println!(
            "  {who:22} {ns:7.1} ns  {:5.2} M/s  engine is {:.2} x",
            1e3 / ns,
            ns / medians[0]
        );
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
