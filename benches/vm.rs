//! From event bytes to output bytes, level OFF, one thread: the workloads with their rivals in the same
//! group, and series that grow. Outputs are checked before anything is timed.
//!
//! `cargo bench --bench vm [FILTER]`; `perf/README.md` says what the lines mean. Where other load
//! disturbs, `--bench ratios` measures the same in turn.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod support;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;

fn workloads(criterion: &mut Criterion) {
    for workload in support::NAMES.into_iter().filter_map(support::load) {
        let mut group = criterion.benchmark_group(workload.name);
        group.throughput(Throughput::Elements(1));
        for (who, mut run) in support::contenders::contenders(&workload) {
            let (mut out, mut events) = (Vec::with_capacity(1 << 16), workload.events.iter().cycle());
            group.bench_function(who, |bencher| {
                bencher.iter(|| {
                    let event = events.next().expect("a cycle has no end");
                    out.clear();
                    run(event, &mut out);
                    black_box(&out);
                });
            });
        }
        group.finish();
    }
}

fn growth(criterion: &mut Criterion) {
    for series in support::series::series() {
        let mut group = criterion.benchmark_group(format!("{}, per {}", series.name, series.unit));
        for mut point in series.points {
            group.throughput(Throughput::Elements(point.units));
            let id = BenchmarkId::from_parameter(&point.size);
            group.bench_function(id, |bencher| bencher.iter(|| point.run()));
        }
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
    targets = workloads, growth
}
criterion_main!(benches);
