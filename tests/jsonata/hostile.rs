//! Expressions and documents that are meant to take long: each must end within its fuel and memory, and a unit of fuel
//! must stand for little work.
//!
//! What is quick counts fuel; the time that a unit takes is measured when `STEPSTREAM_HOSTILE` is set (tests/slow), over
//! the corpora too.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use stepstream::jsonata::{
    Bound, Dialect, Error, Limits, Outcome, Request, Scratch, World, compile, evaluate,
};
use stepstream::value::{Heap, View};

use crate::shared;

/// A document of about `size` in each direction; `$d` of the expressions.
fn document(size: usize) -> String {
    let objects = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|index| json!({"a": index, "b": format!("s{}", index % 100)}))
            .collect()
    };
    let wide: Map<String, Value> = (0..size)
        .map(|index| (format!("k{index}"), json!(index)))
        .collect();
    let text = json!({
        "long": "a".repeat(10 * size),
        "wide": (0..size).collect::<Vec<_>>(),
        "escaped": format!("{}\n", "\u{e4}".repeat(5 * size)),
        "object": wide,
        "deep": (0..900).fold(json!(1), |inner, _| json!([inner])),
        "path": (0..900).fold(json!(1), |inner, _| json!({"a": inner})),
        "objects": objects(size / 2),
        "empties": vec![json!({}); size],
        "texts": (0..size).map(|index| format!("prefixprefixprefix{index}")).collect::<Vec<_>>(),
        "unicode": "\u{e4}\u{f6}\u{fc}\u{1f600}".repeat(size),
        "list": "ab,".repeat(3 * size),
        "umlauts": "\u{e4}b,".repeat(3 * size),
    });
    // serde_json keeps no number that long.
    text.to_string()
        .replacen('{', &format!("{{\"digits\":1.{},", "1".repeat(5 * size)), 1)
}

struct Evaluation {
    outcome: Result<usize, Error>,
    work: u64,
    time: Duration,
    scratch: usize,
}

/// Returns how long this thread has been on a processor, where the system tells it: others do not count then.
fn thread_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// Evaluates an expression over a document, the context and `$d`; returns how long its result is.
fn run(expression: &str, document: &str, limits: Limits) -> Option<Evaluation> {
    let mut code = compile(expression, Dialect::States, &["d"]).ok()?;
    let (mut constants, mut heap, mut scratch) = (Heap::for_constants(), Heap::new(), Scratch::default());
    code.link(&mut constants);
    let input = heap.index(document.as_bytes()).expect("JSON");
    let request = Request {
        code: &code,
        input: Some(input),
        globals: &[Some(input)],
        chains: &[],
        limits,
        world: World::default(),
    };
    let mut work = 0;
    let (start, on_processor) = (Instant::now(), thread_time());
    let outcome = evaluate(&request, &mut heap, &constants, &mut scratch, &mut work);
    let time = match (on_processor, thread_time()) {
        (Some(before), Some(after)) => after - before,
        _ => start.elapsed(),
    };
    let length = |outcome| match outcome {
        Outcome::Value(value) => View::new(&heap, &constants).len(value),
        _ => 0,
    };
    Some(Evaluation {
        outcome: outcome.map(length),
        work,
        time,
        scratch: scratch.bytes(),
    })
}

/// What reads all of something: four times as much of it has to cost at least twice as much.
const READERS: &[&str] = &[
    "$d.wide[-1]",
    "$d.wide[$$.d = 1]",
    "$d.object.zzz",
    "$lookup($d.object, 'zzz')",
    "$d.digits + 1",
    "$d.digits = 5",
    "$d.long = $d.list & ''",
    "$d.long < ($d.long & 'x')",
    "$length($d.long)",
    "$length($d.escaped)",
    "$contains($d.long, 'b')",
    "$contains($d.long, /b/)",
    "$contains($d.unicode, /x/)",
    "$uppercase($d.long)",
    "$lowercase($d.unicode)",
    "$trim($d.long)",
    "$substring($d.long, 5)",
    "$substringBefore($d.long, 'b')",
    "$substringAfter($d.long, 'b')",
    "$split($d.list, ',')",
    "$split($d.list, /,/)",
    "$match($d.umlauts, /b/)",
    "$replace($d.list, 'b', 'c')",
    "$replace($d.list, /b/, 'c')",
    "$join($d.texts)",
    "$base64encode($d.long)",
    "$base64decode($d.long)",
    "$encodeUrl($d.unicode)",
    "$encodeUrlComponent($d.unicode)",
    "$decodeUrl($d.long)",
    "$hash($d.long, 'MD5')",
    "$parse($string($d.wide))",
    "$string($d.wide)",
    "$sum($d.wide)",
    "$max($d.wide)",
    "$average($d.wide)",
    "$boolean($d.empties)",
    "$not($d.empties)",
    "$merge($d.empties)",
    "$merge($d.objects)",
    "$keys($d.object)",
    "$keys($d.objects)",
    "$spread($d.object)",
    "$each($d.object, function($v) { $nope })",
    "$sift($d.object, function($v) { false })",
    "$map($d.wide, $exists)",
    "$filter($d.wide, $not)",
    "$reduce($d.wide, function($a, $b) { $b })",
    "$single($d.wide, function($v) { $v = 0 })",
    "$sort($d.texts)",
    "$sort($d.wide, function($a, $b) { $a < $b })",
    "$reverse($d.wide)",
    "$shuffle($d.wide)",
    "$distinct($d.texts)",
    "$distinct($d.objects)",
    "$zip($d.wide, $d.wide)",
    "$append($d.wide, 1)",
    "$partition($d.wide, 2)",
    "$clone($d.objects)",
    "$d.objects = $clone($d.objects)",
    "-1 in $d.wide",
    "$d.objects.a",
    "$d.objects[a = 1]",
    "$d.objects^(a)",
    "$d.objects^(b, a)",
    "$d.objects{b: a}",
    "$d.objects#$i.$i",
    "$d.objects@$o.$o.a",
    "$d.objects.%.long",
    "$d.*",
    "$d.**",
    "$d ~> |objects|{'a': 1}|",
    "[$d.wide]",
    "[$d.wide, 1]",
];

#[test]
fn what_reads_more_costs_more() {
    let (small, large) = (document(200), document(800));
    for expression in READERS {
        let work = |document: &str| {
            let evaluation = run(expression, document, Limits::PLAIN).expect("an expression");
            evaluation.work
        };
        let (small, large) = (work(&small), work(&large));
        assert!(large >= 2 * small, "{expression}: {small} units, then {large}");
    }
}

/// What is to go on for very long, or to take very much.
const HOSTILE: &[&str] = &[
    "$map([1..1000000], function($i) { $count($d.wide) })",
    "[1..100000].($d.wide[1500])",
    "[1..100000].($d.object.zzz)",
    "[1..100000].($lookup($d.object, 'zzz'))",
    "[1..100000].($d.digits + 1)",
    "[1..100000].($d.digits = 5)",
    "[1..100000].($length($d.escaped))",
    "[1..100000].($d.long < $d.long)",
    "[1..100000].($uppercase($d.long))",
    "[1..100000].($merge($d.empties))",
    "$length($replace($d.long, 'a', $d.long))",
    "$length($replace($d.list, /b/, $join($map([1..5000], function() { '$1' }))))",
    "($a := $d.empties; $map([1..100000], function() { $filter($a, $not) }))",
    "($a := $d.wide; $map([1..100000], function() { $filter($a, $exists) }))",
    "($s := $pad('', 100000, 'x'); [1..100000].($s))",
    "$map([1..100000], function() { $d.long })",
    "$reduce([1..100000], function($a, $x) { [[$a]] }, 1).foo",
    "($x := $reduce([1..100000], function($a, $x) { [[$a]] }, 1); $x.*)",
    "($x := $reduce([1..100000], function($a, $x) { [[$a]] }, 1); $x.**)",
    "($x := $reduce([1..100000], function($a, $x) { {'a': $a} }, 1); $x.**)",
    "($x := $reduce([1..100000], function($a, $x) { {'a': $a} }, 1); $x = $x)",
    "($x := $reduce([1..100000], function($a, $x) { [[$a]] }, 1); $distinct([$x, $x]))",
    "$reduce([1..100000], function($a, $x) { [[$a]] }, 1)",
    "$reduce([1..100], function($a, $x) { [[$a], [$a]] }, 1)",
    "$string($reduce([1..100], function($a, $x) { [[$a], [$a]] }, 1))",
    "($c := function($n, $f) { $n = 0 ? $f : $c($n - 1, $f ~> $string) }; $c(100000, $string)(1))",
    "($c := function($n, $f) { $n = 0 ? $f : $c($n - 1, $string ~> $f) }; $c(100000, $string)(1))",
    "$pad('x', 1e12)",
    "$pad('x', -9999999, '\u{e4}')",
    "[1..9999999]",
    "$range(1, 1e15, 1)",
    "$sort($d.objects, function($a, $b) { $count($distinct($d.wide)) })",
    "$d.objects^($count($distinct($d.wide)))",
    "$d.wide[$d.wide]",
    "$d.objects[$ = $d.objects[999]]",
    "($f := function($n) { $f($n + 1) }; $f(0))",
    "($f := function($n) { 1 + $f($n + 1) }; $f(0))",
    "($f := function($n) { $map([1], function($x) { $f($n + 1) }) }; $f(0))",
    "($f := function($n) { $d.wide[0]^($f($n + 1)) }; $f(0))",
    "$match($d.long, /(a+)+b/)",
    "$match($d.long, /(a|aa)+$/)",
    "$match($d.long, /a.*a.*a.*a.*b/)",
    "$contains($d.long, /(?:a?){50}a{50}b/)",
    "$contains($d.long, /(?=(a+))\\1b/)",
    "$contains($d.unicode, /[^x]+y/)",
    "$map([1..100000], function($i) { $fromMillis(0, '[Y]' & $i) })",
    "$map([1..100000], function($i) { $toMillis('2020' & $i, '[Y0001]' & $i) })",
    "$map([1..100000], function($i) { $formatNumber($i, '0.0' & $i) })",
    "$map([1..100000], function($i) { $formatInteger(1e300, 'w') })",
    "$map([1..100000], function($i) { $parseInteger($d.long, 'w') })",
    "$fromMillis(0, '[Y,*-100000000]')",
    "$map([1..100000], function($i) { $d.objects = $clone($d.objects) })",
    "$map([1..100000], function($i) { $d.object = $merge([$d.object]) })",
    "$map([1..100000], function($i) { $string($d.wide) })",
    "$map([1..100000], function($i) { $d.** })",
    "$map([1..100000], function($i) { $d.deep.a })",
    "$map([1..100000], function($i) { $d.path.** })",
    "$map([1..10000], function() { $match('a', function($s) { {'match': 'a', 'start': 0, 'end': 1, 'groups': $d.wide,
        'next': function() { $nope }} }) })",
    "($m := function() { {'match': 'a', 'start': 0, 'end': 1, 'groups': $d.wide, 'next': $m} }; $replace('a', $m, '$1'))",
];

/// Bounds under which an unoptimized build is quick.
const TIGHT: Limits = Limits {
    fuel: 50_000,
    memory: 4 << 20,
    ..Limits::STATES
};

/// How much memory a scratch may keep.
const SCRATCH_MAX: usize = 40 << 20;

#[test]
fn hostile_expressions_end_within_their_bounds() {
    let document = document(500);
    for expression in HOSTILE.iter().chain(READERS) {
        let evaluation = run(expression, &document, TIGHT).expect("an expression");
        // What was begun is finished, and nothing that is begun is large.
        assert!(
            evaluation.work <= 2 * TIGHT.fuel,
            "{expression}: {} units",
            evaluation.work
        );
        assert!(
            evaluation.scratch <= SCRATCH_MAX,
            "{expression}: {} bytes",
            evaluation.scratch
        );
        if HOSTILE.contains(expression) && evaluation.work > TIGHT.fuel {
            let bound = evaluation.outcome.err().and_then(|error| error.is_bound());
            assert_eq!(bound, Some(Bound::Time), "{expression}");
        }
    }
}

/// Nanoseconds that a unit of fuel may take, in an optimized build on a busy machine; most take 2 to 50.
const UNIT_NANOSECONDS_MAX: f64 = 1_500.0;
/// Evaluations with less work are too short to be measured.
const WORK_MIN: u64 = 20_000;

/// Names of an expression's text, and a document in which each is something hostile.
fn document_for(expression: &str, variant: usize) -> String {
    let is_letter = |character: char| character.is_alphanumeric() || character == '_';
    let names = expression.split(|character| !is_letter(character));
    let names: Vec<&str> = names
        .filter(|name| name.starts_with(|character: char| character.is_alphabetic()))
        .collect();
    let inner: Map<String, Value> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            (
                (*name).to_owned(),
                if index % 2 == 0 {
                    json!(index)
                } else {
                    json!("a,b c")
                },
            )
        })
        .collect();
    let value = |index: usize| match (index + variant) % 5 {
        0 => json!("ab, \u{e4}".repeat(20_000)),
        1 => json!((0..20_000).collect::<Vec<_>>()),
        2 => json!(vec![Value::Object(inner.clone()); 2_000]),
        3 => (0..200).fold(Value::Object(inner.clone()), |value, _| json!([value, 1])),
        _ => json!(
            (0..5_000)
                .map(|index| format!("text {index}"))
                .collect::<Vec<_>>()
        ),
    };
    let members: Map<String, Value> = names
        .iter()
        .enumerate()
        .map(|(index, name)| ((*name).to_owned(), value(index)))
        .collect();
    match variant % 2 {
        0 => Value::Object(members).to_string(),
        _ => json!([members, members]).to_string(),
    }
}

/// The expressions of the corpora.
fn corpora() -> Vec<String> {
    let Some(folder) = shared::folder("jsonata") else {
        return Vec::new();
    };
    let mut files = shared::json_files(&folder.join("suite"));
    files.extend(
        shared::json_files(&folder)
            .into_iter()
            .filter(|(name, _)| name == "aws.json"),
    );
    let cases = files
        .iter()
        .filter_map(|(_, file)| file["cases"].as_array())
        .flatten();
    cases
        .filter_map(|case| case["expr"].as_str())
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_unit_of_fuel_takes_little_time() {
    if std::env::var_os("STEPSTREAM_HOSTILE").is_none() {
        println!("SKIPPED: STEPSTREAM_HOSTILE is not set");
        return;
    }
    let large = document(20_000);
    let mut slowest: Vec<(f64, Duration, u64, String)> = Vec::new();
    let mut note = |expression: &str, document: &str| {
        let Some(evaluation) = run(expression, document, Limits::STATES) else {
            return;
        };
        assert!(
            evaluation.work <= 2 * Limits::STATES.fuel,
            "{expression}: {} units",
            evaluation.work
        );
        let units = evaluation.work.max(WORK_MIN) as f64;
        let each = evaluation.time.as_nanos() as f64 / units;
        slowest.push((each, evaluation.time, evaluation.work, expression.to_owned()));
    };
    HOSTILE
        .iter()
        .chain(READERS)
        .for_each(|expression| note(expression, &large));
    for expression in corpora() {
        (0..5).for_each(|variant| note(&expression, &document_for(&expression, variant)));
    }
    slowest.sort_by(|a, b| b.0.total_cmp(&a.0));
    println!("{} evaluations; the slowest units:", slowest.len());
    for (each, time, work, expression) in slowest.iter().take(25) {
        println!("{each:7.1} ns a unit, {time:9.2?}, {work:8} units: {expression:.150}");
    }
    slowest.sort_by_key(|evaluation| std::cmp::Reverse(evaluation.1));
    println!("the slowest evaluations:");
    for (each, time, work, expression) in slowest.iter().take(10) {
        println!("{each:7.1} ns a unit, {time:9.2?}, {work:8} units: {expression:.150}");
    }
    let worst = slowest
        .iter()
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .expect("evaluations");
    assert!(worst.0 <= UNIT_NANOSECONDS_MAX, "{worst:?}");
}
