//! What is a call and what is not.

use super::{Argument, Call, Function, NESTING_MAX, parse};
use crate::path;

fn text(text: &str) -> Argument {
    Argument::Text(text.to_owned())
}

fn number(text: &str) -> Argument {
    Argument::Number(text.to_owned())
}

fn path(text: &str) -> Argument {
    Argument::Path(path::parse(text).unwrap())
}

fn call(text: &str, function: Function, arguments: &[Argument]) -> Call {
    Call {
        text: text.to_owned(),
        function,
        arguments: arguments.to_vec(),
    }
}

#[test]
fn accepts() {
    use Function::*;
    let cases: &[(&str, Function, &[Argument])] = &[
        ("States.UUID()", Uuid, &[]),
        ("States.Array( )", Array, &[]),
        ("States.Array(1)   ", Array, &[number("1")]),
        (
            "States.Array(-1.5e+3,1e309)",
            Array,
            &[number("-1.5e+3"), number("1e309")],
        ),
        (
            "States.Array( true ,false, null , '' )",
            Array,
            &[
                Argument::Boolean(true),
                Argument::Boolean(false),
                Argument::Null,
                text(""),
            ],
        ),
        (
            "States.Array($, $$.a, $x.y[0] )",
            Array,
            &[path("$"), path("$$.a"), path("$x.y[0]")],
        ),
        ("States.Array($['a, b)'],$[?(@.a, 1)])", Array, &[]),
        (
            "States.Array($.a[?(@.b == 'x, )')], $.c)",
            Array,
            &[path("$.a[?(@.b == 'x, )')]"), path("$.c")],
        ),
        (
            "States.Array('it\\'s', '\\{\\}', '\\\\')",
            Array,
            &[text("it's"), text("{}"), text("\\")],
        ),
        (
            "States.Format('\\{it\\'s\\}\\\\{}', '\\{')",
            Format,
            &[text("\\{it's\\}\\\\{}"), text("{")],
        ),
        (
            "States.StringSplit('a\nb', '\n')",
            StringSplit,
            &[text("a\nb"), text("\n")],
        ),
        (
            "States.ArrayGetItem(States.StringSplit($.a, '-'), 0)",
            ArrayGetItem,
            &[
                Argument::Call(call(
                    "States.StringSplit($.a, '-')",
                    StringSplit,
                    &[path("$.a"), text("-")],
                )),
                number("0"),
            ],
        ),
        // How many arguments a function takes is asked when it runs.
        ("States.ArrayRange(1)", ArrayRange, &[number("1")]),
    ];
    for (input, function, arguments) in cases {
        if input.contains("?(@.a, 1)") {
            assert!(parse(input).is_err());
            continue;
        }
        assert_eq!(
            parse(input),
            Ok(call(input.trim_end(), *function, arguments)),
            "{input}"
        );
    }
}

#[test]
fn refuses() {
    let cases = [
        "",
        "  States.Array()",
        "States.",
        "States. ",
        "States.Nope($.a)",
        "States.format('x')",
        "Array()",
        "States\nArray($)",
        "States.Array",
        "States.Array(",
        "States.Array($",
        "States.Array $.a)",
        "States.Array(1,)",
        "States.Array(,1)",
        "States.Array(1 2)",
        "States.Array([1])",
        "States.Array({})",
        "States.Array(\"a\")",
        "States.Array(True)",
        "States.Array(nul)",
        "States.Array('a)",
        "States.Array('a\\')",
        "States.Array('\\n')",
        "States.Array('\\\"')",
        "States.Array(1.)",
        "States.Array(01)",
        "States.Array(-)",
        "States.Array(1e)",
        "States.Array($.)",
        "States.Array($.a b)",
        "States.Array() x",
        "States.Array())",
        "States.Array(@.a)",
        "States.Array(States.Nope())",
    ];
    for text in cases {
        let error = parse(text).expect_err(text);
        assert!(
            error.offset <= text.len() && !error.message.is_empty(),
            "{text}: {error:?}"
        );
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "States.Array(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(NESTING_MAX)).is_ok());
    assert!(parse(&nested(NESTING_MAX + 1)).is_err());
    assert!(parse(&nested(5_000)).is_err());
}

#[test]
fn names_are_found_both_ways() {
    for (name, function) in Function::ALL {
        assert_eq!(
            (Function::from_name(name), function.name()),
            (Some(function), name)
        );
    }
}
