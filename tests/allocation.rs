//! No heap allocation per execution once a run is warm.
//!
//! A binary of its own, because it counts what the global allocator is asked for. Warm: every event has
//! been run before, so that all buffers have their size. The shared workloads are at
//! `../shared/workloads`, or below where `STEPSTREAM_SHARED` says; the other workflows are always there.

#[path = "support/definitions.rs"]
#[allow(dead_code)]
mod definitions;
#[path = "support/engine.rs"]
#[allow(dead_code)]
mod engine;
#[path = "it/shared.rs"]
#[allow(dead_code)]
mod shared;

use engine::Engine;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use stepstream::jsonata::{Dialect, Limits, Outcome, Request, Scratch, World, compile, evaluate};
use stepstream::value::{Heap, View};

thread_local! {
    /// Counts of this thread, so that the test harness does not disturb.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[allow(unsafe_code)]
// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs all events twice to get warm, then says how many allocations a third pass makes.
fn allocations(engine: &mut Engine, events: &[&[u8]]) -> u64 {
    let mut output = Vec::new();
    let mut pass = || {
        for event in events {
            output.clear();
            engine.run(event, &mut output);
        }
    };
    pass();
    pass();
    let before = ALLOCATIONS.get();
    pass();
    ALLOCATIONS.get() - before
}

fn check(name: &str, engine: &mut Engine, events: &[&[u8]]) {
    let count = allocations(engine, events);
    assert_eq!(count, 0, "{name}: allocations in {} executions", events.len());
}

/// The counter counts: without this, all that follows proves nothing.
#[test]
fn allocations_are_counted() {
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(vec![1, 2, 3]));
    assert_eq!(ALLOCATIONS.get(), before + 1);
}

#[test]
fn the_shared_workloads_do_not_allocate() {
    let Some(folder) = shared::folder("workloads") else {
        return;
    };
    let text = std::fs::read(folder.join("orders.ndjson")).expect("the orders are there");
    let lines = text.split(|&byte| byte == b'\n');
    let events: Vec<&[u8]> = lines.filter(|line| !line.is_empty()).collect();
    for name in ["w1", "w2", "w3", "w3b", "w1j", "w2j", "w4j"] {
        let file = folder.join(format!("{name}.asl.json"));
        let definition = std::fs::read_to_string(file).expect("the definition is there");
        check(name, &mut Engine::new(&definition), &events);
    }
}

#[test]
fn templates_choices_and_formats_do_not_allocate() {
    let definition = include_str!("data/disasm/routing.asl.json");
    let order = |total: f64, tier: &str| {
        format!(
            r#"{{"order":{{"id":"o-1","total":{total:.2}}},"customer":{{"name":"Zo\u00eb","tier":"{tier}"}}}}"#
        )
    };
    let orders = [
        order(20.0, "gold"),
        order(200.5, "platinum"),
        order(2_000.25, "none"),
    ];
    let events: Vec<&[u8]> = orders.iter().map(String::as_bytes).collect();
    check("routing", &mut Engine::new(definition), &events);
}

#[test]
fn maps_and_parallels_do_not_allocate() {
    let states = r#"{"StartAt":"P","States":{"P":{"Type":"Pass",
        "Parameters":{"kind":"line","sku.$":"$.sku"},"End":true}}}"#;
    let input = format!("[{}]", [r#"{"sku":"a","qty":1}"#; 50].join(","));
    check(
        "map",
        &mut Engine::new(&definitions::map(states)),
        &[input.as_bytes()],
    );
    let branch = r#"{"StartAt":"NAME","States":{"NAME":{"Type":"Pass","End":true}}}"#;
    let definition = format!(
        r#"{{"StartAt":"P","States":{{"P":{{"Type":"Parallel","Branches":[{},{}],"ResultPath":"$.both","End":true}}}}}}"#,
        branch.replace("NAME", "A"),
        branch.replace("NAME", "B")
    );
    check(
        "parallel",
        &mut Engine::new(&definition),
        &[br#"{"a":[1,2,{"b":null}]}"#],
    );
}

#[test]
fn tasks_do_not_allocate() {
    let definition = include_str!("../config/workflows/order_fulfillment.asl.json");
    let input = include_str!("../config/workflows/order_fulfillment.input.json");
    let answer = r#"{"StatusCode":200,"Payload":{"quantity_in_stock":84,"sku":"S0001","status":"COMPLETE"}}"#;
    let mut engine = Engine::new(definition).answering(answer);
    check("order fulfillment", &mut engine, &[input.as_bytes()]);
}

#[test]
fn loops_and_tables_do_not_allocate() {
    let input = br#"{"n":0,"end":20000,"items":[]}"#;
    check("counter", &mut Engine::new(&definitions::counter()), &[input]);
    check(
        "choice",
        &mut Engine::new(&definitions::choice(100)),
        &[br#"{"k":"k77"}"#, br#"{"k":1}"#],
    );
    check(
        "chain",
        &mut Engine::new(&definitions::chain(100)),
        &[br#"{"n":1.5e0}"#],
    );
}

/// Evaluates an expression over all documents twice to get warm, then says how many allocations a third pass makes.
fn evaluations(expression: &str, documents: &[&[u8]]) -> u64 {
    let mut code = compile(expression, Dialect::Plain, &[]).expect("an expression");
    let (mut constants, mut heap) = (Heap::for_constants(), Heap::new());
    code.link(&mut constants);
    let (mut scratch, mut output) = (Scratch::default(), Vec::new());
    let mut pass = || {
        for document in documents {
            heap.clear();
            output.clear();
            let request = Request {
                code: &code,
                input: heap.index(document).ok(),
                globals: &[],
                chains: &[],
                limits: Limits::STATES,
                world: World::default(),
            };
            let outcome = evaluate(&request, &mut heap, &constants, &mut scratch, &mut 0);
            match outcome {
                Ok(Outcome::Value(value)) => View::new(&heap, &constants).write(value, &mut output),
                Ok(Outcome::Nothing) => {}
                outcome => panic!("{expression}: {outcome:?}"),
            }
        }
    };
    pass();
    pass();
    let before = ALLOCATIONS.get();
    pass();
    ALLOCATIONS.get() - before
}

#[test]
fn the_shared_expressions_do_not_allocate() {
    let (Some(expressions), Some(orders)) = (shared::folder("jsonata"), shared::folder("workloads")) else {
        return;
    };
    let expressions = std::fs::read(expressions.join("expressions.json")).expect("expressions");
    let expressions: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&expressions).expect("JSON");
    let orders = std::fs::read_to_string(orders.join("orders.ndjson")).expect("orders");
    let orders: Vec<&[u8]> = orders.lines().map(str::as_bytes).collect();
    for (name, expression) in &expressions {
        let count = evaluations(expression.as_str().expect("a text"), &orders);
        assert_eq!(count, 0, "{name}: allocations in {} evaluations", orders.len());
    }
}

/// Every family of operators and functions, over strings with escapes too. Left out are pictures, times that
/// are read and base64, which make small texts of their own.
#[test]
fn expressions_do_not_allocate() {
    let document =
        br#"{"s":"B\u00e4r \"x\" und Hase","n":[3,1,2.5],"o":{"a":1,"b":"\n"},"d":"2024-05-01T12:21:03Z",
        "items":[{"k":"a","v":1},{"k":"b","v":2},{"k":"a","v":3}]}"#;
    let expressions = [
        "s & ' ' & $uppercase(s) & $string(o)",
        "$length(s) + $sum(n) * $max(n) - $average(n)",
        "items[v > 1]{k: $sum(v)}",
        "items^(<k, >v).{'key': k, 'index': v}",
        "$map(n, function($x, $i) { $x * $i })",
        "$reduce(items, function($a, $x) { $a + $x.v }, 0)",
        "$sort(items, function($a, $b) { $a.v < $b.v }).k",
        "$distinct(items.k) ~> $join('-')",
        "$match(s, /([a-z]+)/i).match",
        "$replace(s, /[aeiou]/, '<$0>') & $split(s, ' ')[1]",
        "$replace(s, 'Hase', function($m) { $m })",
        "$merge([o, {'c': $keys(o)}])",
        "$spread(o) ~> $count",
        "$each(o, function($v, $k) { $k & $v })",
        "$sift(o, function($v) { $v = 1 })",
        "items ~> |$|{'v': v + 1}, 'k'|",
        "$round($sum(n) / 7, 2) & $formatInteger(12, 'w')",
        "$fromMillis(0)",
        "$encodeUrlComponent(s) & $replace(s, 'a', 'b')",
        "items@$i.$i.k",
        "items#$p[$p > 0].(%.s & $p)",
        "[1..100][$ % 7 = 0]",
        "**[$type($) = 'string']",
        "($f := function($n) { $n < 2 ? 1 : $n * $f($n - 1) }; $f(20))",
        "($f := $append(?, 1); $f(n) ~> $reverse)",
        "items.a & $trim('  a  b ') & $pad('x', 5, '-')",
        "s = 'x' or s in ['a', s] and s < 'z'",
        "$lookup(items, 'a') & $substringBefore(s, ' ')",
    ];
    for expression in expressions {
        assert_eq!(
            evaluations(expression, &[document]),
            0,
            "{expression}: allocations"
        );
    }
}
