//! From a definition's text to a program: check and compile, and compile alone.
//!
//! `cargo bench --bench compile`. Done once per definition, so it is not tuned; it must not explode.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;
use stepstream::compile::compile;
use support::engine::check;

fn definitions() -> Vec<(&'static str, String)> {
    let shared = support::load("w1").map(|workload| ("w1", workload.definition));
    let own = [
        ("order fulfillment", support::orders::fulfillment().definition),
        ("100 states", support::definitions::chain(100)),
        ("1000 states", support::definitions::chain(1_000)),
        ("1000 rules", support::definitions::choice(1_000)),
    ];
    shared.into_iter().chain(own).collect()
}

fn compilation(criterion: &mut Criterion) {
    for (name, text) in definitions() {
        let machine = check(&text);
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("check and compile", |bencher| {
            bencher.iter(|| compile(&check(black_box(&text))));
        });
        group.bench_function("compile", |bencher| bencher.iter(|| compile(black_box(&machine))));
        group.finish();
    }
}

fn configured() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(30)
}

criterion_group! {
    name = benches;
    config = configured();
    targets = compilation
}
criterion_main!(benches);
