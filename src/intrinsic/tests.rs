//! What the functions give. Rows marked "recorded" are AWS's own answers (facts 6.3).

use super::{Argument, Call, Function, IntrinsicError, Random, evaluate, parse};
use crate::path::Accessor;
use crate::value::{Heap, Store, ValueRef};
use proptest::prelude::*;

/// Evaluates a call over an input as the machine does: inner calls first, paths from the input.
fn run(
    store: &mut Store,
    random: &mut Random,
    input: ValueRef,
    call: &Call,
) -> Result<ValueRef, IntrinsicError> {
    let mut arguments = Vec::new();
    for argument in &call.arguments {
        arguments.push(match argument {
            Argument::Text(text) => store.string(text),
            Argument::Number(text) => store.number(text),
            Argument::Boolean(value) => ValueRef::boolean(*value),
            Argument::Null => ValueRef::NULL,
            Argument::Path(path) => Accessor::compile(path).select(store, input, input).unwrap(),
            Argument::Call(call) => run(store, random, input, call)?,
        });
    }
    evaluate(store, random, call.function, &arguments)
}

fn call(input: &str, text: &str) -> Result<String, String> {
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let mut store = Store::new(&mut heap, &constants);
    let input = store.index(input.as_bytes()).unwrap();
    let call = parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    let result = run(&mut store, &mut Random::new(7), input, &call).map_err(|error| error.to_string())?;
    let json = store.view().to_json(result);
    assert_eq!(store.view().len(result), json.len(), "{text}");
    assert!(Heap::new().index(json.as_bytes()).is_ok(), "{text} gives {json}");
    Ok(json)
}

/// `name(x, y, z)` over an input that has these members.
#[track_caller]
fn check(cases: &[(&str, &str, &str)]) {
    for (input, text, expected) in cases {
        assert_eq!(call(input, text).as_deref(), Ok(*expected), "{text} of {input}");
    }
}

#[track_caller]
fn refuses(function: &str, cases: &[(&str, &str)]) {
    for (input, text) in cases {
        let expected = format!("Invalid arguments in States.{function}");
        assert_eq!(call(input, text), Err(expected), "{text} of {input}");
    }
}

#[test]
fn array() {
    check(&[
        ("{}", "States.Array()", "[]"),
        (
            r#"{"a":{"b":null}}"#,
            "States.Array($.a, 'x', 1.10, true, null)",
            r#"[{"b":null},"x",1.10,true,null]"#,
        ),
        ("{}", "States.ArrayLength(States.Array(1, 2))", "2"),
        ("[]", "States.ArrayLength($)", "0"),
    ]);
    refuses(
        "ArrayLength",
        &[
            ("{}", "States.ArrayLength($)"),
            ("{}", "States.ArrayLength()"),
            ("{}", "States.ArrayLength('x')"),
        ],
    );
}

#[test]
fn array_partition() {
    check(&[
        ("[1,2,3]", "States.ArrayPartition($, 2)", "[[1,2],[3]]"),
        ("[1,2,3]", "States.ArrayPartition($, 9)", "[[1,2,3]]"),
        ("[]", "States.ArrayPartition($, 1)", "[]"),
        ("[1,2,3]", "States.ArrayPartition($, 1.9)", "[[1],[2],[3]]"),
    ]);
    refuses(
        "ArrayPartition",
        &[
            ("[1]", "States.ArrayPartition($, 0.49)"),
            ("[1]", "States.ArrayPartition($, 0.6)"),
            ("[1]", "States.ArrayPartition($, -1)"),
            ("[1]", "States.ArrayPartition($, '2')"),
            ("[1]", "States.ArrayPartition($, null)"),
            ("{}", "States.ArrayPartition($, 1)"),
            ("[1]", "States.ArrayPartition($)"),
            ("[1]", "States.ArrayPartition($, 1, 1)"),
        ],
    );
}

#[test]
fn array_contains() {
    let cases = [
        // Recorded.
        ("[]", "null", false),
        ("[]", "[]", false),
        ("[]", "1", false),
        ("[[1,2,3],2]", "null", false),
        ("[[1,2,3],2]", "[1,2,3]", true),
        (r#"[{"1":2,"2":[]}]"#, "[]", false),
        (r#"[{"1":2,"2":[]}]"#, r#"{"1":2,"2":[]}"#, true),
        ("[true,false]", "true", true),
        ("[true,false]", "false", true),
        (r#"[{"a":1,"b":2}]"#, r#"{"b":2,"a":1}"#, false),
        (r#"["true"]"#, "true", true),
        ("[true]", r#""true""#, true),
        ("[1]", r#""1""#, true),
        (r#"["1"]"#, "1", true),
        ("[0]", "false", false),
        // By the same rule.
        ("[null]", "null", true),
        (r#"["a\u0062"]"#, r#""ab""#, true),
        ("[1,2]", "3", false),
    ];
    for (array, value, expected) in cases {
        let input = format!(r#"{{"a":{array},"v":{value}}}"#);
        let found = call(&input, "States.ArrayContains($.a, $.v)");
        assert_eq!(found, Ok(expected.to_string()), "{input}");
    }
    refuses(
        "ArrayContains",
        &[
            ("{}", "States.ArrayContains($, 1)"),
            ("[]", "States.ArrayContains($)"),
        ],
    );
}

#[test]
fn array_range() {
    check(&[
        ("{}", "States.ArrayRange(0, 9, 3)", "[0,3,6,9]"),
        ("{}", "States.ArrayRange(0, 10, 3)", "[0,3,6,9]"),
        ("{}", "States.ArrayRange(1, 9, 9)", "[1]"),
        ("{}", "States.ArrayRange(1, 9, 2)", "[1,3,5,7,9]"),
        ("{}", "States.ArrayRange(3, 1, -1)", "[3,2,1]"),
        ("{}", "States.ArrayRange(3, 1, 1)", "[]"),
        ("{}", "States.ArrayRange(1, 3, -1)", "[]"),
        ("{}", "States.ArrayRange(1.9, 3.9, 1.9)", "[1,2,3]"),
        ("{}", "States.ArrayLength(States.ArrayRange(1, 1000, 1))", "1000"),
    ]);
    refuses(
        "ArrayRange",
        &[
            ("{}", "States.ArrayRange('a', 5, 1)"),
            ("{}", "States.ArrayRange(1, 5)"),
            ("{}", "States.ArrayRange(1, 5, 0)"),
            ("{}", "States.ArrayRange(1, 5, 0.4)"),
            ("{}", "States.ArrayRange(0, 1000, 1)"),
            ("{}", "States.ArrayRange(0, 1e309, 1)"),
            ("{}", "States.ArrayRange(-2147483648, 2147483647, 1)"),
            ("{}", "States.ArrayRange(null, 5, 1)"),
        ],
    );
}

#[test]
fn array_get_item() {
    check(&[
        ("[1,2,3]", "States.ArrayGetItem($, 1)", "2"),
        ("[1,2,3]", "States.ArrayGetItem($, 1.2)", "2"),
        ("[]", "States.ArrayGetItem($, 0)", "null"),
        ("[]", "States.ArrayGetItem($, 5)", "null"),
        ("[]", "States.ArrayGetItem($, -1)", "null"),
    ]);
    refuses(
        "ArrayGetItem",
        &[
            ("[1]", "States.ArrayGetItem($, 1)"),
            ("[1]", "States.ArrayGetItem($, -1)"),
            ("[1]", "States.ArrayGetItem($, '0')"),
            ("{}", "States.ArrayGetItem($, 0)"),
        ],
    );
}

#[test]
fn array_unique() {
    check(&[
        // Recorded.
        ("[true,false,true]", "States.ArrayUnique($)", "[false,true]"),
        ("[[1,2],[1,2],[2,1]]", "States.ArrayUnique($)", "[[2,1],[1,2]]"),
        ("[1,2,3,3,3,3,3,3,4]", "States.ArrayUnique($)", "[1,2,3,4]"),
        // By the same rule.
        ("[]", "States.ArrayUnique($)", "[]"),
        ("[1,1.0,\"1\"]", "States.ArrayUnique($)", "[1,\"1\"]"),
        (
            r#"[{"a":1,"b":2},{"b":2,"a":1}]"#,
            "States.ArrayUnique($)",
            r#"[{"a":1,"b":2}]"#,
        ),
        (r#"["b","a","b"]"#, "States.ArrayUnique($)", r#"["a","b"]"#),
        ("[17,1,33,null]", "States.ArrayUnique($)", "[null,17,1,33]"),
        (
            "[12,11,10,9,8,7,6,5,4,3,2,1,17]",
            "States.ArrayUnique($)",
            "[1,2,3,4,5,6,7,8,9,10,11,12,17]",
        ),
    ]);
    refuses(
        "ArrayUnique",
        &[("{}", "States.ArrayUnique($)"), ("{}", "States.ArrayUnique()")],
    );
}

#[test]
fn base64() {
    check(&[
        (
            "{}",
            "States.Base64Encode('Data to encode')",
            "\"RGF0YSB0byBlbmNvZGU=\"",
        ),
        ("{}", "States.Base64Encode('')", "\"\""),
        (
            "{}",
            "States.Base64Decode('RGVjb2RlZCBkYXRh')",
            "\"Decoded data\"",
        ),
        ("{}", "States.Base64Decode('')", "\"\""),
        // Lenient (recorded): no padding, blanks, characters outside the alphabet.
        (
            "{}",
            "States.Base64Decode('RGF0YSB0byBlbmNvZGU')",
            "\"Data to encode\"",
        ),
        (
            "{}",
            "States.Base64Decode('RG F0\nYSB0*byBl-bmNvZGU=')",
            "\"Data to encode\"",
        ),
        ("{}", "States.Base64Decode('%%%')", "\"\""),
        ("{}", "States.Base64Decode('QQ=')", "\"A\""),
        ("{}", "States.Base64Decode('QUJDR')", "\"ABC\""),
        ("{}", "States.Base64Decode('/w==')", "\"\u{fffd}\""),
    ]);
    let long = format!("\"{}\"", "a".repeat(10_001));
    refuses(
        "Base64Decode",
        &[("1", "States.Base64Decode($)"), (&long, "States.Base64Decode($)")],
    );
    refuses(
        "Base64Encode",
        &[
            ("null", "States.Base64Encode($)"),
            (&long, "States.Base64Encode($)"),
        ],
    );
    let most = format!("\"{}\"", "é".repeat(10_000));
    assert!(call(&most, "States.Base64Encode($)").is_ok());
}

#[test]
fn hash() {
    check(&[
        (
            "{}",
            "States.Hash('input data', 'SHA-1')",
            "\"aaff4a450a104cd177d28d18d74485e8cae074b7\"",
        ),
        (
            "{}",
            "States.Hash('hello', 'SHA-256')",
            "\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"",
        ),
        (
            "{}",
            "States.Hash('hello', 'MD5')",
            "\"5d41402abc4b2a76b9719d911017c592\"",
        ),
        (
            "123",
            "States.Hash($, 'MD5')",
            "\"202cb962ac59075b964b07152d234b70\"",
        ),
    ]);
    for (algorithm, digits) in [("SHA-384", 96), ("SHA-512", 128)] {
        let text = call("{}", &format!("States.Hash('x', '{algorithm}')")).unwrap();
        assert_eq!(text.len(), digits + 2);
    }
    let long = format!("\"{}\"", "a".repeat(10_001));
    refuses(
        "Hash",
        &[
            ("{}", "States.Hash('x', 'sha-1')"),
            ("{}", "States.Hash('x', 'SHA-224')"),
            ("{}", "States.Hash('x')"),
            ("{}", "States.Hash('x', null)"),
            ("{}", "States.Hash(null, 'MD5')"),
            (&long, "States.Hash($, 'MD5')"),
        ],
    );
}

#[test]
fn json_functions() {
    check(&[
        (
            r#"{"l":{"a":{"a1":1},"b":2,"d":3},"r":{"a":{"a3":1},"c":3,"d":4}}"#,
            "States.JsonMerge($.l, $.r, false)",
            r#"{"a":{"a3":1},"b":2,"d":4,"c":3}"#,
        ),
        (
            r#"{"l":{"a":1,"\u0061":2}}"#,
            "States.JsonMerge($.l, $.l, 'no')",
            r#"{"a":2}"#,
        ),
        ("{}", "States.JsonMerge($, $, null)", "{}"),
        (
            "{}",
            "States.StringToJson('{\"number\": 20}')",
            r#"{"number":20}"#,
        ),
        ("{}", "States.StringToJson('')", "null"),
        ("{}", "States.StringToJson(' ')", "null"),
        ("{}", "States.StringToJson(' 1.50 ')", "1.50"),
        ("{}", "States.JsonToString(null)", "\"null\""),
        ("{}", "States.JsonToString('x\"')", r#""\"x\\\"\"""#),
        (
            r#"{"a": 1, "b": []}"#,
            "States.JsonToString($)",
            r#""{\"a\":1,\"b\":[]}""#,
        ),
        ("{}", "States.JsonToString(1.10)", "\"1.10\""),
    ]);
    refuses(
        "JsonMerge",
        &[
            ("{}", "States.JsonMerge($, $, true)"),
            ("{}", "States.JsonMerge($, 1, false)"),
            ("{}", "States.JsonMerge($, $)"),
        ],
    );
    refuses(
        "StringToJson",
        &[("1", "States.StringToJson($)"), ("{}", "States.StringToJson()")],
    );
    let error = call("{}", "States.StringToJson('{a')").unwrap_err();
    assert!(
        error.starts_with("Cannot convert String to Json in States.StringToJson, caused by: "),
        "{error}"
    );
}

#[test]
fn math_add() {
    // Recorded.
    let cases = [
        ("-9", "3", "-6"),
        ("1.49", "1.5", "3"),
        ("1.5", "1.51", "4"),
        ("-1.49", "-1.5", "-2"),
        ("-1.5", "-1.51", "-3"),
        ("1.49", "-1.49", "0"),
        ("1.51", "0", "2"),
        ("-1.51", "0", "-2"),
        ("0.5", "0", "1"),
        ("2.5", "0", "3"),
        ("-0.5", "0.5", "1"),
        ("-0.5", "0", "0"),
        ("-2.5", "0", "-2"),
        ("-3.5", "0", "-3"),
        ("1e3", "1", "1001"),
        ("2147483647", "0", "2147483647"),
        ("-2147483648", "0", "-2147483648"),
    ];
    for (a, b, expected) in cases {
        assert_eq!(
            call("{}", &format!("States.MathAdd({a}, {b})")).as_deref(),
            Ok(expected),
            "{a} + {b}"
        );
    }
    refuses(
        "MathAdd",
        &[
            ("{}", "States.MathAdd('1', 2)"),
            ("{}", "States.MathAdd(true, 2)"),
            ("{}", "States.MathAdd(null, 2)"),
            ("{}", "States.MathAdd(1)"),
            ("{}", "States.MathAdd(2147483647, 1)"),
            ("{}", "States.MathAdd(2147483648, -1)"),
            ("{}", "States.MathAdd(1e309, 0)"),
        ],
    );
}

#[test]
fn math_random_and_uuid() {
    let seeded = |seed: &str| call("{}", &format!("States.MathRandom(0, 999, {seed})")).unwrap();
    assert_eq!(seeded("3"), seeded("3"));
    assert_ne!(seeded("3"), seeded("-4"));
    assert_eq!(call("{}", "States.MathRandom(1.6, 2.4)").as_deref(), Ok("1"));
    assert_eq!(call("{}", "States.MathRandom(-5, -4, 0)").as_deref(), Ok("-5"));
    assert!(call("{}", "States.MathRandom(-2147483648, 2147483647, 1)").is_ok());
    refuses(
        "MathRandom",
        &[
            ("{}", "States.MathRandom(1, 1)"),
            ("{}", "States.MathRandom(2, 1)"),
            ("{}", "States.MathRandom(1.4, 1.6)"),
            ("{}", "States.MathRandom(1, 5, null)"),
            ("{}", "States.MathRandom(1, 5, 'x')"),
            ("{}", "States.MathRandom(1)"),
        ],
    );
    let uuid = call("{}", "States.UUID()").unwrap();
    assert_eq!((uuid.len(), &uuid[15..16]), (38, "4"));
    assert!("89ab".contains(&uuid[20..21]), "{uuid}");
    assert_eq!(uuid, call("{}", "States.UUID()").unwrap());
    refuses("UUID", &[("{}", "States.UUID(1)")]);
}

#[test]
fn string_split() {
    // Recorded.
    let cases = [
        (r#"" ""#, r#"",""#, r#"[" "]"#),
        (r#"" , ""#, r#"",""#, r#"[" "," "]"#),
        (r#"", , ,""#, r#"",""#, r#"[" "," "]"#),
        (r#"",,,,""#, r#"",""#, "[]"),
        (r#""1,2,3""#, r#"",""#, r#"["1","2","3"]"#),
        (
            r#""This.is+a,test=string""#,
            r#"".+,=""#,
            r#"["This","is","a","test","string"]"#,
        ),
        (
            r#""split on T and \nnew line""#,
            r#""T\n""#,
            r#"["split on "," and ","new line"]"#,
        ),
        (r#""""#, r#"",""#, "[]"),
        (r#""a,b""#, r#""""#, r#"["a,b"]"#),
        (r#""é|ü""#, r#""|""#, r#"["é","ü"]"#),
    ];
    for (text, delimiters, expected) in cases {
        let input = format!(r#"{{"t":{text},"d":{delimiters}}}"#);
        assert_eq!(
            call(&input, "States.StringSplit($.t, $.d)").as_deref(),
            Ok(expected),
            "{input}"
        );
    }
    refuses(
        "StringSplit",
        &[
            ("1", "States.StringSplit($, ',')"),
            ("{}", "States.StringSplit('a', 1)"),
        ],
    );
}

#[test]
fn format() {
    check(&[
        ("{}", "States.Format('no placeholder')", "\"no placeholder\""),
        (
            r#"{"a":"","b":" "}"#,
            "States.Format('fst={} and snd={}.', $.a, $.b)",
            "\"fst= and snd= .\"",
        ),
        (
            "{}",
            "States.Format('{}{}{}', null, true, 1.10)",
            "\"nulltrue1.10\"",
        ),
        // Recorded: Java's way of printing maps and lists.
        (
            r#"{"a":{"Arg1": 1, "Arg2": []}, "b": [1, "x", null, {"y": true}]}"#,
            "States.Format('{} {}', $.a, $.b)",
            "\"{Arg1=1, Arg2=[]} [1, x, null, {y=true}]\"",
        ),
        (
            r#""{\"Arg1\": 1}""#,
            "States.Format('fst={}.', $)",
            r#""fst={\"Arg1\": 1}.""#,
        ),
        ("{}", "States.Format('\\{\\}\\\\{}\\'', 'é')", r#""{}\\é'""#),
        (
            r#"{"t":"Hi {} \\{\\}\n","v":"\u00e9\t"}"#,
            "States.Format($.t, $.v)",
            r#""Hi é\t {}\n""#,
        ),
        ("{}", "States.Format('C:\\\\x{}', 1)", r#""C:\\x1""#),
    ]);
    let template = |found, missing| Err(IntrinsicError::Template { found, missing }.to_string());
    assert_eq!(call("{}", "States.Format('Hello {', 1)"), template('{', '}'));
    assert_eq!(call("{}", "States.Format('Hello }', 1)"), template('}', '{'));
    assert_eq!(call("{}", "States.Format('{{}}', 1)"), template('{', '}'));
    assert_eq!(
        call("{}", "States.Format('Hello {', 1)").unwrap_err(),
        "Invalid template in States.Format: matching '}' not found for '{'."
    );
    refuses(
        "Format",
        &[
            ("{}", "States.Format()"),
            ("{}", "States.Format(1)"),
            ("{}", "States.Format('{}')"),
            ("{}", "States.Format('x', 1)"),
            ("{}", "States.Format('{}', 1, 2)"),
            (r#"{"t":"x\\"}"#, "States.Format($.t)"),
        ],
    );
}

#[test]
fn every_function_refuses_what_it_does_not_take() {
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let mut store = Store::new(&mut heap, &constants);
    let number = store.number("1e999");
    let values = [
        ValueRef::NULL,
        ValueRef::TRUE,
        ValueRef::EMPTY_OBJECT,
        ValueRef::EMPTY_ARRAY,
        ValueRef::EMPTY_STRING,
        number,
    ];
    for (_, function) in Function::ALL {
        for count in 0..5 {
            for value in values {
                let result = evaluate(&mut store, &mut Random::new(1), function, &vec![value; count]);
                assert!(
                    result.is_err() || function.arity().contains(&count),
                    "{function:?}"
                );
            }
        }
    }
}

#[test]
fn results_are_measured_before_they_are_built() {
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let mut store = Store::new(&mut heap, &constants);
    // 2^40 elements in 41 nodes.
    let mut shared = store.string("x");
    for _ in 0..40 {
        shared = store.array(&[shared, shared]);
    }
    let long = store.string(&"{},".repeat(40_000));
    let template = store.string("{}{}{}");
    let quotes = store.string(&"\"".repeat(100_000));
    let size = store.integer(1);
    let comma = store.string(",");
    let cases: &[(Function, &[ValueRef])] = &[
        (Function::Array, &[shared]),
        (Function::ArrayPartition, &[shared, size]),
        (Function::ArrayContains, &[shared, size]),
        (Function::ArrayUnique, &[shared]),
        (Function::Hash, &[shared, comma]),
        (Function::JsonToString, &[shared]),
        (Function::JsonToString, &[quotes]),
        (Function::Format, &[template, long, long, long]),
        (Function::Format, &[template, shared, comma, comma]),
    ];
    for (function, arguments) in cases {
        let before = store.view().len(shared);
        let result = evaluate(&mut store, &mut Random::new(1), *function, arguments);
        assert_eq!(result, Err(IntrinsicError::TooLarge), "{function:?}");
        assert_eq!(store.view().len(shared), before);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 128 }, ..ProptestConfig::default() })]

    #[test]
    fn decode_after_encode(text in "\\PC{0,20}") {
        let input = format!("{{\"t\":\"{}\"}}", text.replace('\\', "\\\\").replace('"', "\\\""));
        let result = call(&input, "States.Base64Decode(States.Base64Encode($.t))").unwrap();
        prop_assert_eq!(result, call(&input, "States.Format('{}', $.t)").unwrap());
    }

    #[test]
    fn parse_after_print(numbers in prop::collection::vec(any::<i32>(), 0..6)) {
        let input = format!("{numbers:?}").replace(' ', "");
        let result = call(&input, "States.StringToJson(States.JsonToString($))").unwrap();
        prop_assert_eq!(result, input);
    }

    /// No text makes the parser or a function panic.
    #[test]
    fn never_panics(text in r"[ASftatesrmoy.()'{}\\$, 0-9é]{0,20}") {
        for text in [text.clone(), format!("States.Format('{text}', 1)"), format!("States.{text}")] {
            if parse(&text).is_ok() && !text.contains('$') {
                let _any = call("{}", &text);
            }
        }
    }
}
