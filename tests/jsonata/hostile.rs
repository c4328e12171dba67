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

/// What takes long for what it reads, where that is large in some way.
const LARGE: &[&str] = &[
    "$contains($d.long & 'x', $d.long)",
    "$contains($d.long & 'x', $substring($d.long, 1000) & 'x')",
    "$substringBefore($d.unicode & 'x', $d.unicode)",
    "$split($d.long & 'x', $substring($d.long, 100) & 'y')",
    "$replace($d.long & 'x', $substring($d.long, 100) & 'y', 'z')",
    "$split($d.long, '')",
    "$split($d.unicode, '')",
    "$split($d.umlauts, /b/)",
    "$replace($d.long, 'a', '')",
    "$replace($d.long, /a/, '$0$0')",
    "$replace($d.umlauts, /b/, function($m) { 'c' })",
    "$match($d.long, /a/)",
    "$match($d.unicode, /(.)(.)/)",
    "$match($d.unicode, /\u{1f600}/i)",
    "$contains($d.unicode, /[\u{f6}-\u{fc}x]{3,}$|\\W\\w\\b/i)",
    "$contains($d.list, /(\\w+,)*x/)",
    "$contains($d.long, /^.*?b/)",
    "$contains($d.list, /a\\b(?=,x)/)",
    "$pad($d.unicode, 500000, $d.umlauts)",
    "$pad('', 500000, '\u{1f600}')",
    "$join($d.texts, '\u{1f600}')",
    "$substring($d.unicode, -5)",
    "$substring($d.long, 5, 10)",
    "$length($d.unicode)",
    "$trim($d.umlauts)",
    "$trim($pad('', 100000, ' '))",
    "$uppercase($d.unicode)",
    "$encodeUrlComponent($d.unicode)",
    "$decodeUrlComponent($encodeUrlComponent($d.umlauts))",
    "$base64decode($base64encode($d.unicode))",
    "$hash($d.long, 'SHA-1')",
    "$hash($d.long, 'SHA-256')",
    "$hash($d.long, 'SHA-512')",
    "$string($d)",
    "$string($d, true)",
    "$d & ''",
    "$parse($string($d))",
    "$parse($string($d.objects))",
    "$parse($string($d.texts))",
    "$number('1' & $pad('', 100000, '0'))",
    "$number('0.' & $pad('', 100000, '1') & 'e-5')",
    "$fromMillis(0, $d.long)",
    "$fromMillis(0, '[Y' & $d.long & ']')",
    "$formatNumber(1, $pad('', 10000, '0'))",
    "$formatNumber(1, $pad('', 10000, '#,'))",
    "$formatInteger(1, $pad('', 10000, '0'))",
    "$formatInteger(1, $pad('', 10000, '#,') & '0')",
    "$parseInteger($pad('', 10000, '1'), '0')",
    "$parseInteger($d.long, 'w')",
    "$parseInteger($pad('', 10000, 'one '), 'w')",
    "$toMillis($d.long)",
    "$toMillis($d.long, '[Y]')",
    "$toMillis($pad('', 10000, '1'), '[Y]')",
    "$toMillis('1', $d.list)",
    "$sort($map([1..20], function($i) { $d.long & (20 - $i) }))",
    "$sort($map([1..20], function($i) { $d.unicode & '\u{ffee}' & (20 - $i) }))",
    "$sort($map([1..20], function($i) { $d.long & $i }), function($a, $b) { $a > $b })",
    "$distinct($map([1..20], function($i) { $d.long & $i }))",
    "$sort($d.objects.b)",
    "$sort($d.wide)",
    "$d.objects^(>b)",
    "$d.objects^(b, >a)",
    "$d.unicode & 'x' < $d.unicode & '\u{ffee}'",
    "$d.unicode & 'x' = $d.unicode & 'y'",
    "$d.wide[[0..100]]",
    "$d.wide[$ % 2 = 0]",
    "$d.objects.(a & b)",
    "$d.objects.{'c': a, 'd': b}",
    "$d.objects.[a, b]",
    "$d.objects.*",
    "$d.**.a",
    "$d.*.*",
    "$d.deep.**",
    "$d.objects{b: $count($)}",
    "$d.objects{b: $sum(a)}",
    "$lookup($d.objects, 'zzz')",
    "$spread($d.objects)",
    "$zip($d.wide, $d.texts, $d.wide)",
    "$each($d.object, function($v, $k) { $k })",
    "$map($d.wide, function($v, $i, $a) { $a[$i] })",
    "$map($d.objects, function($v) { $v.a })",
    "$reduce($d.texts, function($a, $b) { $length($a) > 1000 ? $b : $a & $b })",
    "$filter($d.objects, function($v) { $v.b = 's5' })",
    "[1..100000]",
    "$range(1, 100000, 1)",
    "[1..100000].($ + 1)",
    "$sum([1..100000])",
    "$reverse([1..100000])",
    "$sort($shuffle([1..100000]))",
    "$distinct([1..100000])",
    "$d.object ~> |$|{'x': 1}|",
    "$d.digits + 1",
    "$d.digits & ''",
    "$merge($d.objects.{b: a})",
    "$parse('[' & $join($map([1..20000], $string), ',') & ']')",
    "$string($map([1..20000], function($i) { $i / 7 }))",
    "$string($map([1..20000], function($i) { $i * 1e-300 }))",
    "$map([1..20000], function($i) { $formatBase($i, 2) })",
];

/// What reads little: the calls themselves, and what they do whatever they are given.
const CALLS: &[&str] = &[
    "1",
    "$d.objects[0].a",
    "$d.objects[0] ~> |$|{'b': 1}|",
    "[1, 2, 3][1]",
    "{'a': 1, 'b': 2}.b",
    "1 in [2, 1]",
    "1 / 3 & ''",
    "1e-300 & ''",
    "$string(1.7976931348623157e308)",
    "$string({'a': [1, 2.5, 'x']})",
    "$string({'a': [1, 2.5, 'x']}, true)",
    "1 ~> $string ~> $length",
    "$substring(?, 1)('abc')",
    "(function($x) { $x })(1)",
    "$map([1], function($x) { $x })",
    "$map([1], $string)",
    "$filter([1], function($x) { true })",
    "$reduce([1, 2], function($x, $y) { $x + $y })",
    "$single([1], function($x) { true })",
    "$each({'a': 1}, function($v) { $v })",
    "$sift({'a': 1}, function($v) { true })",
    "$sort([3, 1, 2])",
    "$sort([3, 1, 2], function($a, $b) { $a > $b })",
    "[{'a': 2}, {'a': 1}]^(a)",
    "[{'a': 2}, {'a': 1}]^(a, >b)",
    "[{'a': 2}, {'a': 1}]{$string(a): a}",
    "[{'a': 2}, {'a': 1}]#$i.$i",
    "[{'a': 2}, {'a': 1}]@$o.a.%",
    "[{'a': 2}, {'a': [{'b': 1}]}].**",
    "$abs(-5.5)",
    "$round(2.345, 2)",
    "$round(-1234567.891, -3)",
    "$round(1.5e300, 300)",
    "$power(2.5, 0.5)",
    "$sqrt(2)",
    "$number('1.2345678901234567e-300')",
    "$number('0x1FFFFFFFF')",
    "$formatBase(9007199254740991, 2)",
    "$formatBase(1e300, 2)",
    "$formatNumber(12345.678, '#,##0.00')",
    "$formatNumber(1.7e308, '#,##0.00')",
    "$formatNumber(1e-300, '0.0######e0')",
    "$formatNumber(12345.678, '#.##0,00', {'decimal-separator': ',', 'grouping-separator': '.'})",
    "$formatInteger(12345, 'w')",
    "$formatInteger(1e300, 'w')",
    "$formatInteger(3999, 'I')",
    "$formatInteger(123456, '#,##0;o')",
    "$parseInteger('twelve thousand, three hundred and forty-five', 'w')",
    "$parseInteger('MMMCMXCIX', 'I')",
    "$parseInteger('12,345', '#,##0')",
    "$now()",
    "$now('[FNn], [D1o] [MNn] [Y0001] [H01]:[m01]:[s01].[f001] [z]', '+0130')",
    "$fromMillis(1500000000000)",
    "$fromMillis(1500000000000, '[X0001]-W[W01]-[F1] [Y,*-2] [dwo] [w]')",
    "$toMillis('2017-07-14T02:40:00.000Z')",
    "$toMillis('Friday 14 July 2017 02:40 pm', '[FNn] [D1] [MNn] [Y0001] [h01]:[m01] [P]')",
    "$toMillis('two thousand and seventeen', '[Yw]')",
    "$random()",
    "$random(7)",
    "$uuid()",
    "$hash('a', 'MD5')",
    "$hash('a', 'SHA-512')",
    "$base64encode('abc')",
    "$base64decode('YWJj')",
    "$encodeUrl('a b')",
    "$encodeUrlComponent('\u{e4} b')",
    "$decodeUrl('a%20b')",
    "$decodeUrlComponent('%C3%A4')",
    "$length('abc')",
    "$uppercase('abc')",
    "$trim(' a  b ')",
    "$pad('x', 10)",
    "$pad('x', -10000, '\u{e4}')",
    "$substring('abc', 1, 1)",
    "$substringBefore('abc', 'b')",
    "$contains('abc', 'b')",
    "$contains('abc', /b/)",
    "$contains('abc', /(a|b|c)*$/)",
    "$contains('\u{e4}\u{f6}\u{fc}', /^\\w+\\b|[^a-z]+$/i)",
    "$match('abc', /(a)(b)/)",
    "$replace('abc', 'b', 'x')",
    "$replace('abc', /(b)/, '$1$1')",
    "$replace('abc', /b/, function($m) { $m.match })",
    "$split('a b c', ' ')",
    "$split('a b c', /\\s/)",
    "$join(['a', 'b'], ',')",
    "$append([1], [2])",
    "$count([1, 2])",
    "$sum([1, 2])",
    "$max([1, 2])",
    "$average([1, 2])",
    "$reverse([1, 2])",
    "$shuffle([1, 2])",
    "$distinct([1, 1, 2])",
    "$distinct([{'a': 1}, {'a': 1}])",
    "$zip([1, 2], [3, 4])",
    "$keys({'a': 1})",
    "$lookup({'a': 1}, 'a')",
    "$spread({'a': 1})",
    "$merge([{'a': 1}, {'b': 2}])",
    "$clone({'a': [1]})",
    "$type(1)",
    "$exists(1)",
    "$boolean([0, 1])",
    "$not(0)",
    "$parse('{\"a\":[1,2]}')",
    "$range(1, 3, 1)",
    "$partition([1, 2, 3], 2)",
    "$assert(true)",
];

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

/// How much dearer a unit may be than those of a loop that does nothing. All others of a shard wait for an evaluation: so
/// its fuel stands for time. The loop's units tell how fast the machine is, and what else it does.
const DEARER_MAX: f64 = 4.0;

/// Does the same over and over, until a bound is reached. What it needs no more is let go of, but for its memory.
fn repeated(expression: &str) -> String {
    format!("($f := function($n) {{ ({expression}; $f($n + 1)) }}; $f(0))")
}

#[test]
fn no_evaluation_takes_long() {
    if std::env::var_os("STEPSTREAM_HOSTILE").is_none() {
        println!("SKIPPED: STEPSTREAM_HOSTILE is not set");
        return;
    }
    let mut all: Vec<(f64, f64, u64, String, String)> = Vec::new();
    let mut loops = Vec::new();
    for size in [200, 20_000] {
        let document = document(size);
        let measure = |expression: &str| {
            let Some(evaluation) = run(&repeated(expression), &document, Limits::STATES) else {
                panic!("{expression} is no expression");
            };
            let milliseconds = evaluation.time.as_secs_f64() * 1e3;
            let end = evaluation
                .outcome
                .map_or_else(|error| error.to_string(), |_| "a value".to_owned());
            (milliseconds, evaluation.work, end)
        };
        let expressions = CALLS.iter().chain(READERS).chain(LARGE);
        for expression in expressions.filter(|call| size == 200 || call.contains("$d")) {
            let (milliseconds, work, _) = measure("1");
            let unit = milliseconds / work as f64;
            loops.push(unit * 1e6);
            let (milliseconds, work, end) = measure(expression);
            // What ends sooner, since it has no memory left, may be dearer.
            let dearer = milliseconds / unit / Limits::STATES.fuel as f64;
            all.push((dearer, milliseconds, work, format!("{expression} ({size})"), end));
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    loops.sort_by(f64::total_cmp);
    println!("a unit of the loop takes {:.1} ns", loops[loops.len() / 2]);
    for (dearer, milliseconds, work, expression, end) in &all {
        println!("{dearer:5.2} times, {milliseconds:7.2} ms, {work:8} units: {expression:.120}: {end:.40}");
    }
    assert!(all[0].0 <= DEARER_MAX, "{:?}", all[0]);
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
