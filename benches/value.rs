//! What the value module costs: index, look up, write, compact. For ratios beside other parsers, which
//! other load on the machine does not blur, see `value_ratio`.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use stepstream::value::{Compaction, Heap, Key, Store, ValueRef, View};

#[path = "value/documents.rs"]
mod documents;

fn index(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("index");
    for (name, texts) in documents::all() {
        let mut heap = Heap::new();
        assert!(texts.iter().all(|text| heap.index(text).is_ok()));
        group.throughput(Throughput::Bytes(
            texts.iter().map(|text| text.len() as u64).sum(),
        ));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for text in &texts {
                    heap.clear();
                    black_box(heap.index(black_box(text)).is_ok());
                }
            });
        });
    }
}

/// Reads five members of each order, as a workflow's paths do.
fn member(criterion: &mut Criterion) {
    let constants = Heap::for_constants();
    let mut heap = Heap::new();
    let orders: Vec<ValueRef> = documents::orders()
        .iter()
        .map(|order| heap.index(order).unwrap())
        .collect();
    let view = View::new(&heap, &constants);
    let keys = ["order", "total", "customer", "tier", "email", "meta", "ts"].map(Key::new);
    let [order, total, customer, tier, email, meta, ts] = &keys;
    let paths = [
        [order, total],
        [customer, tier],
        [customer, email],
        [meta, ts],
        [order, order],
    ];
    let read = |root: ValueRef| {
        paths
            .iter()
            .filter(|[outer, inner]| {
                view.member(root, outer)
                    .and_then(|o| view.member(o, inner))
                    .is_some()
            })
            .count()
    };
    assert!(orders.iter().all(|&root| read(root) == 4));
    let mut group = criterion.benchmark_group("member");
    group.throughput(Throughput::Elements(orders.len() as u64));
    group.bench_function("five paths of an order", |bencher| {
        bencher.iter(|| orders.iter().map(|&root| read(black_box(root))).sum::<usize>());
    });
}

/// Builds a small answer from parts of an order.
fn build(heap: &mut Heap, constants: &Heap, order: ValueRef) -> ValueRef {
    let mut store = Store::new(heap, constants);
    let key = store.string("order");
    let route = store.string("route");
    let standard = store.string("standard");
    let customer = store
        .view()
        .member_named(order, "customer")
        .unwrap_or(ValueRef::NULL);
    store.object(&[key, customer, route, standard])
}

fn write(criterion: &mut Criterion) {
    let constants = Heap::for_constants();
    let mut heap = Heap::new();
    let orders = documents::orders();
    let answers: Vec<ValueRef> = orders
        .iter()
        .map(|text| {
            let order = heap.index(text).unwrap();
            build(&mut heap, &constants, order)
        })
        .collect();
    let view = View::new(&heap, &constants);
    let mut out = Vec::new();
    for &answer in &answers {
        out.clear();
        view.write(answer, &mut out);
        assert_eq!(out.len(), view.len(answer));
    }
    let mut group = criterion.benchmark_group("write");
    group.throughput(Throughput::Elements(answers.len() as u64));
    group.bench_function("built answer", |bencher| {
        bencher.iter(|| {
            for &answer in &answers {
                out.clear();
                view.write(answer, &mut out);
                black_box(&out);
            }
        });
    });
}

fn compact(criterion: &mut Criterion) {
    let constants = Heap::for_constants();
    let orders = documents::orders();
    let mut compaction = Compaction::default();
    let fill = || {
        let mut heap = Heap::new();
        let mut answer = ValueRef::NULL;
        for text in &orders {
            let order = heap.index(text).unwrap();
            answer = build(&mut heap, &constants, order);
        }
        (heap, answer)
    };
    criterion.bench_function("compact/one answer of 256 orders", |bencher| {
        bencher.iter_batched(
            fill,
            |(mut heap, answer)| {
                compaction.keep(answer);
                compaction.run(&mut heap);
                (compaction.moved(answer), heap)
            },
            BatchSize::LargeInput,
        );
    });
}

criterion_group!(benches, index, member, write, compact);
criterion_main!(benches);
