//! The array functions.

use super::{call, check, refuses};

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
#[cfg_attr(miri, ignore = "16,384 texts")]
fn array_unique_of_texts_with_one_hash() {
    // `Aa` and `BB` have one hash in Java, so have all texts of them of one length: comparing each with
    // each took seconds. Objects and arrays of such texts collide as well.
    let text = |at: u32| {
        (0..14)
            .map(|bit| if at >> bit & 1 == 0 { "Aa" } else { "BB" })
            .collect::<String>()
    };
    for (before, behind) in [("\"", "\""), ("[\"", "\"]"), ("{\"k\":\"", "\"}")] {
        let texts: Vec<String> = (0..1 << 13)
            .map(|at| format!("{before}{}{behind}", text(at)))
            .collect();
        let input = format!("[{},{}]", texts.join(","), texts[7]);
        let began = std::time::Instant::now();
        assert_eq!(
            call(&input, "States.ArrayLength(States.ArrayUnique($))"),
            Ok(texts.len().to_string())
        );
        assert!(began.elapsed().as_secs() < 30);
    }
}

#[test]
fn array_unique_finds_equals_of_different_texts() {
    let equal = [
        r#"[1,1.0,10e-1,1]"#,
        r#"["a","\u0061"]"#,
        r#"[{"a":1,"b":[0]},{"b":[-0.0],"a":1.0},{"a":2,"b":[0],"\u0061":1}]"#,
        r#"[[true,null],[true,null]]"#,
    ];
    for input in equal {
        assert_eq!(
            call(input, "States.ArrayLength(States.ArrayUnique($))").as_deref(),
            Ok("1"),
            "{input}"
        );
    }
}
