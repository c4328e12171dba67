//! Texts, hashes and numbers.

use super::{call, check, refuses};
use crate::intrinsic::IntrinsicError;

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
    for arguments in ["", "$, $", "1, 2, 3"] {
        let error = call("{}", &format!("States.JsonToString({arguments})")).unwrap_err();
        assert_eq!(
            error,
            "Invalid arguments in States.JsonToString: only a single argument is allowed."
        );
    }
    // The place is that in the whole text (recorded: without blanks around).
    let error = call("{}", "States.StringToJson(' \n {bad json}')").unwrap_err();
    assert_eq!(
        error,
        "Cannot convert String to Json in States.StringToJson, caused by: Unexpected character ('b' (code 98)): \
        was expecting double-quote to start field name\n at [Source: REDACTED \
        (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 2, column: 3]"
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
    for arguments in ["1", "'x'", "$", "null, 2"] {
        let uuid = call("{}", &format!("States.UUID({arguments})")).unwrap();
        assert_eq!(uuid.len(), 38, "arguments are ignored (recorded): {arguments}");
    }
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
