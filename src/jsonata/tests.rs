//! Bounds, refusals and what callers are told. That values are right is what `tests/jsonata.rs` checks.

use super::batch::{Answer, Batch, Question};
use super::{Dialect, Error, Limits, Outcome, Request, Scratch, World, evaluate, parse};
use crate::value::{Heap, View};

/// Evaluates an expression of AWS's dialect with an input, and returns the answer as text and the work it took.
fn states(text: &str, input: &str) -> (String, u64) {
    let (mut heap, mut constants, mut scratch) = (Heap::new(), Heap::for_constants(), Scratch::default());
    let compiled = parse(text).and_then(|expression| expression.compile(Dialect::States, &["states.input"]));
    let mut code = match compiled {
        Ok(code) => code,
        Err(error) => return (error.to_string(), 0),
    };
    code.link(&mut constants);
    let input = heap.index(input.as_bytes()).ok();
    let request = Request {
        code: &code,
        input: None,
        globals: &[input],
        chains: &[],
        limits: Limits::STATES,
        world: World::default(),
    };
    let mut work = 0;
    let result = evaluate(&request, &mut heap, &constants, &mut scratch, &mut work);
    let text = match result {
        Ok(Outcome::Value(value)) => View::new(&heap, &constants).to_json(value),
        Ok(other) => format!("{other:?}"),
        Err(error) => error.to_string(),
    };
    (text, work)
}

fn check(text: &str, expected: &str) {
    let (found, _) = states(text, r#"{"a": [{"n": 1}, {"n": 2}], "s": "x"}"#);
    assert_eq!(found, expected, "{text}");
}

const DEEP: &str = "Stack overflow error";
const LARGE: &str = "Expression evaluation memory limit exceeded";
const LONG: &str = "Expression evaluation timeout";

#[test]
#[cfg_attr(miri, ignore = "millions of steps")]
fn hostile_expressions_hit_a_bound() {
    let cases = [
        ("($f := function($n) { $f($n + 1) }; $f(0))", LONG),
        ("($f := function($n) { 1 + $f($n + 1) }; $f(0))", DEEP),
        ("($f := function($n) { $map([$n], $f) }; $f(0))", DEEP),
        (
            "($f := function($n, $a) { $n = 0 ? $string($a) : $f($n - 1, [[$a]]) }; $f(5000, 1))",
            DEEP,
        ),
        (
            "($f := function($n, $a) { $n = 0 ? $a : $f($n - 1, [[$a]]) }; $f(5000, 1))",
            DEEP,
        ),
        (
            "($f := function($n, $a) { $n = 0 ? $a = $a : $f($n - 1, {'a': $a}) }; $f(5000, 1))",
            DEEP,
        ),
        ("$pad('x', 1000000000)", LARGE),
        ("($f := function($s) { $f($s & $s) }; $f('xxxx'))", LARGE),
        ("[1..10000000]", LARGE),
        ("[[1..500000], [1..500000]]", LARGE),
        ("$range(1, 1e300, 1)", LARGE),
        ("$count([1..2000].([1..2000]))", LARGE),
        (
            "$reduce([1..100000], function($a, $b) { $append($a, $b) })",
            LARGE,
        ),
        ("$match($pad('a', 40, 'a'), /(a*)*(a*)*(a*)*b/)", LONG),
        (
            "$join($map([1..300000], function($x) { 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' }))",
            LARGE,
        ),
        ("$replace($pad('', 10000, 'a'), 'a', $pad('', 10000, 'b'))", LARGE),
        (
            "$map([1..3000], function($x) { $map([1..3000], function($y) { $x * $y }) })",
            LONG,
        ),
        ("$sum($map([1..20000], function($x) { $sum([1..20000]) }))", LARGE),
    ];
    for (text, expected) in cases {
        let (found, work) = states(text, "{}");
        assert!(found.starts_with(expected), "{text}: {found}");
        assert!(work <= Limits::STATES.fuel, "{text}: {work}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "millions of steps")]
fn hostile_texts_are_refused_without_end() {
    let repeated = |open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(100_000), close.repeat(100_000))
    };
    let texts = [
        repeated("(", "1", ")"),
        repeated("[", "", "]"),
        repeated("{'a':", "1", "}"),
        repeated("-", "1", ""),
        repeated("1+", "1", ""),
        repeated("a.", "a", ""),
        repeated("a[", "0", "]"),
        repeated("1?", "1", ""),
        repeated("$x:=", "1", ""),
        repeated("function(){", "1", "}"),
        repeated("f(", "1", ")"),
        repeated("", "a", "[0]"),
        repeated("", "a", "^(b)"),
        repeated("", "a", "{b:c}"),
        repeated("1~>", "$f", ""),
        repeated("|", "a", "|a|"),
        repeated("(", "", ""),
        repeated("%.", "a", ""),
    ];
    for text in &texts {
        let error = parse(text).map(|_| ()).expect_err("it is too deep");
        assert!(!error.code().is_empty(), "{error}");
    }
}

/// What is just allowed does not overflow the stack of a thread.
#[test]
#[cfg_attr(miri, ignore = "millions of steps")]
fn the_deepest_expressions_are_evaluated() {
    let depth = super::NESTING_MAX as usize - 2;
    let repeated = |open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(depth), close.repeat(depth))
    };
    for text in [
        repeated("(", "1", ")"),
        repeated("[", "", "]"),
        repeated("{'a':", "1", "}"),
        repeated("1+", "1", ""),
        repeated("a.", "a", ""),
        repeated("$f(", "1", ")"),
        repeated("function(){", "1", "}"),
        repeated("1?", "1", ""),
    ] {
        let (found, _) = states(&text, "{}");
        let refused = parse(&text).is_err();
        assert!(!refused && !found.is_empty(), "{}: {found}", &text[..20]);
    }
}

#[test]
fn members_of_a_variable_come_on_their_own() {
    check("$states.input.a.n", "[1,2]");
    check("$states.input.a[n > 1].n", "2");
    check("$states.input.s & '!'", "\"x!\"");
    check("$states.input", r#"{"a":[{"n":1},{"n":2}],"s":"x"}"#);
    check("$states.input.a[0].n", "1");
    check("$states.input.a^(>n)[0].n", "2");
    check("$states.input.missing", "Nothing");
    check("($states := {'input': {'s': 'own'}}; $states.input.s)", "\"own\"");
    check("$map($states.input.a, function($x) { $x.n + 1 })", "[2,3]");
    check("$sum", "Function");
}

#[test]
fn chains_are_known_and_can_be_handed_in() {
    let expression = parse("$states.input.a.b & $v & $states.input.c[0]").expect("an expression");
    let references = expression.references();
    let names = |list: &[super::Reference]| {
        let names: Vec<String> = list.iter().map(|reference| reference.name.clone()).collect();
        names.join(" ")
    };
    assert_eq!(
        (names(&references.states), names(&references.variables)),
        ("input".into(), "v".into())
    );
    assert!(!references.whole_states);
    let mut code = expression
        .compile(Dialect::States, &["states.input", "v", "w"])
        .expect("code");
    assert_eq!([code.reads(0), code.reads(1), code.reads(2)], [true, true, false]);
    let chains: Vec<(usize, Vec<&str>)> = code
        .chains()
        .map(|chain| {
            let (global, keys) = chain.expect("of a name of the caller");
            (global, keys.iter().map(crate::value::Key::name).collect())
        })
        .collect();
    assert_eq!(chains, [(0, vec!["a", "b"])]);
    let (mut heap, mut constants) = (Heap::new(), Heap::for_constants());
    code.link(&mut constants);
    let found = heap.index(br#""found""#).ok();
    let request = Request {
        code: &code,
        input: None,
        globals: &[None, None, None],
        chains: &[found],
        limits: Limits::STATES,
        world: World::default(),
    };
    let result = evaluate(&request, &mut heap, &constants, &mut Scratch::default(), &mut 0);
    let Ok(Outcome::Value(value)) = result else {
        panic!("{result:?}")
    };
    assert_eq!(View::new(&heap, &constants).to_json(value), "\"found\"");
}

#[test]
fn errors_tell_their_place() {
    let check = |text: &str, code: &str, position: u32| {
        let error: Error = match parse(text) {
            Err(error) => error,
            Ok(expression) => {
                let mut code = expression.compile(Dialect::Plain, &[]).expect("code");
                let (mut heap, mut constants) = (Heap::new(), Heap::for_constants());
                code.link(&mut constants);
                let request = Request {
                    code: &code,
                    input: None,
                    globals: &[],
                    chains: &[],
                    limits: Limits::PLAIN,
                    world: World::default(),
                };
                let result = evaluate(&request, &mut heap, &constants, &mut Scratch::default(), &mut 0);
                result.expect_err("it fails")
            }
        };
        assert_eq!(
            (error.code(), error.position()),
            (code, Some(position)),
            "{text}: {error}"
        );
    };
    check("1 +", "S0207", 3);
    check("'a\u{1F600}' + 1", "T2001", 7);
    check("$sum(1, 2)", "T0410", 5);
    check("sum(1)", "T1005", 4);
    check("sum(1 + 'a')", "T1005", 4);
    check("1 + 'a' ~> sum()", "T2002", 3);
    check("1 ~> sum(1 + 'a')", "T1005", 9);
    check("nobody(1 + 'a')", "T2002", 10);
    check("false or $error('x')", "D3137", 8);
    check("$map([1], function($x) { $x + 'a' })", "T2002", 5);
    check("a[1,2)", "S0202", 4);
}

#[test]
fn functions_as_values_answer_as_called_by_name() {
    let cases = [
        // What a function of a composition finds is closed before the next one gets it.
        ("($f := $keys ~> $trim; $f(5))", "Nothing"),
        (
            "($f := $exists ~> $min; $f(1))",
            "T0412: Argument 1 of function \"g\" must be an array of \"numbers\"",
        ),
        (
            "($f := $floor ~> $boolean; $f('x'))",
            "T0410: Argument 1 of function \"f\" does not match function signature",
        ),
        // A call in tail position has the context item of its function's call; what natives call has none.
        (
            "$map([1], function($x) { $uppercase() })",
            "T0411: Context value is not a compatible type with argument 1 of function \"uppercase\"",
        ),
        ("['a', 'b'].(function() { $uppercase() })()", "[\"A\",\"B\"]"),
        // A matcher that returns something has found something.
        ("$contains('a', function($s) { false })", "true"),
        ("$contains('a', function($s) { $nope })", "false"),
        ("$contains('a', /b/)", "false"),
    ];
    for (text, expected) in cases {
        check(text, expected);
    }
}

#[test]
#[cfg_attr(miri, ignore = "millions of steps")]
fn what_is_long_but_not_too_long_is_done() {
    let cases = [
        ("$count($split($join([1..50000].('ab'), ','), /,/))", "50000"),
        (
            "$length($replace($join([1..50000].('ab'), ','), /b/, 'x'))",
            "149999",
        ),
        ("$count($match($join([1..20000].('\u{e4}b'), ','), /b/))", "20000"),
        (
            "$count($distinct([1..2000].{'a': 1, 'b': $, 'c': [1, 2, 3, 4, 5, 6, 7, 8, $]}))",
            "2000",
        ),
        // AWS is known to do this.
        ("$sum($map([1..200000], function($v){$v * 2}))", "40000200000"),
    ];
    for (text, expected) in cases {
        check(text, expected);
    }
}

#[test]
fn nothing_has_no_descendants_but_is_looked_at() {
    check("$nope{'q': **[$error('x')]}", "D3137: x");
    check("$nope{'q': *[$error('x')]}", "{}");
    check("$nope{'q': [**]}", r#"{"q":[]}"#);
    check("$states.input.nope.**[$error('x')]", "Nothing");
}

#[test]
fn a_square_is_a_product() {
    check("$power(0.00012, 2) = 0.00012 * 0.00012", "true");
    check("$power(-3, 2)", "9");
}

#[test]
fn a_composition_reads_its_argument_as_a_variable() {
    // What `$map` gives here is an empty sequence, which as a variable is nothing.
    check("($f := $abs ~> $abs; $f($map('x', $keys)))", "Nothing");
    check("(function($x){ $abs($x) })($map('x', $keys))", "Nothing");
    check("$count($map('x', $keys))", "0");
}

#[test]
fn objects_of_the_input_are_equal_whatever_their_order() {
    let input = r#"{"a": {"x": 1, "y": [1, {"z": "\u0061"}]}, "b": {"y": [1.0, {"z": "a"}], "x": 1e0},
        "c": {"x": 2, "x": 1, "y": [1, {"z": "a"}]}, "d": {"x": 1}}"#;
    let cases = [
        ("a = b", "true"),
        ("a = c", "true"),
        ("c = a", "true"),
        ("a = d", "false"),
        ("d = a", "false"),
        ("a = {'y': [1, {'z': 'a'}], 'x': 1}", "true"),
    ];
    for (text, expected) in cases {
        let text = ["a", "b", "c", "d"]
            .iter()
            .fold(format!(" {text}"), |text, name| {
                text.replace(&format!(" {name} "), &format!(" $states.input.{name} "))
                    .replace(&format!("= {name}"), &format!("= $states.input.{name}"))
            });
        assert_eq!(states(&text, input).0, expected, "{text}");
    }
}

#[test]
fn sorting_by_keys_is_stable_and_keeps_the_first_error() {
    let cases = [
        (
            "[{'k': 2, 'v': 1}, {'k': 1, 'v': 2}, {'k': 2, 'v': 3}]^(k).v",
            "[2,1,3]",
        ),
        (
            "[{'k': 2, 'v': 1}, {'k': 1, 'v': 2}, {'k': 2, 'v': 3}]^(>k).v",
            "[1,3,2]",
        ),
        (
            "[{'v': 1}, {'k': 'b', 'v': 2}, {'k': 'a', 'v': 3}]^(>k).v",
            "[2,3,1]",
        ),
        (
            "[{'k': 1}, {'k': 'a'}]^(k)",
            "T2007: Type mismatch when comparing values 1 and \"a\" in order-by clause",
        ),
        ("['b', 'a', 'c']^($)", r#"["a","b","c"]"#),
        ("$sort([3, 1, 2])", "[1,2,3]"),
    ];
    for (text, expected) in cases {
        check(text, expected);
    }
}

/// AWS accepts an expression that is nested however deeply, and fails when it evaluates it.
#[test]
#[cfg_attr(miri, ignore = "millions of steps")]
fn what_is_nested_too_deeply_is_no_refusal() {
    let mut constants = Heap::for_constants();
    for text in [
        format!("1{}", "+1".repeat(150)),
        format!("1{}", "+1".repeat(5_000)),
        "(".repeat(5_000),
    ] {
        let question = Question {
            text: &text,
            dialect: Dialect::States,
            input: None,
            bindings: None,
            limits: Limits::STATES,
            world: World::default(),
        };
        let answer = Batch::default().ask(&question, &mut constants);
        let Answer::Failed(error) = answer else {
            panic!("{answer:?}");
        };
        assert!(error.is_bound().is_some(), "{error}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "millions of steps")]
fn functions_take_however_many_arguments() {
    for count in [255, 256, 300, 65_536] {
        let zip = format!("$count($zip([1]{})[0])", ",[1]".repeat(count - 1));
        assert_eq!(states(&zip, "{}").0, count.to_string());
        let many = format!("$sum([1]{})", ",1".repeat(count - 1));
        let (answer, _) = states(&many, "{}");
        assert!(answer.contains("Argument 2 of function"), "{answer}");
        let applied = format!("[1] ~> $zip({}[1]) ~> $count", "[1],".repeat(count - 1));
        assert_eq!(states(&applied, "{}").0, "1");
    }
}

/// An array without elements that the last step finds alone stays one; what finds nothing is nothing.
#[test]
fn the_one_empty_array_that_names_find_is_a_value() {
    let input = r#"{"a":[{"b":1,"d":[]},{"b":2}],"e":[{"d":{"x":[]}},{"d":5}],"f":[{"d":[]},{"d":[]}],"g":[{"d":[[]]}]}"#;
    let cases = [
        ("$states.input.a.d", "[]"),
        ("$states.input.e.d.x", "[]"),
        ("$states.input.f.d", "Nothing"),
        ("$states.input.g.d", "[[]]"),
        ("$states.input.a.c", "Nothing"),
        ("$states.input.a.d.x", "Nothing"),
        ("$exists($states.input.a.d)", "true"),
        ("$states.input.a{'k': d}", r#"{"k":[]}"#),
        ("$states.input.a#$i{'k': (d)}", r#"{"k":[]}"#),
        ("$states.input.(a.d)", "[]"),
        ("$count($states.input.a.d)", "0"),
    ];
    for (text, answer) in cases {
        assert_eq!(states(text, input).0, answer, "{text}");
    }
}
