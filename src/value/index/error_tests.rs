//! What the explanations say, and where.

use super::errors::explain;
use super::words;

#[track_caller]
fn check(text: impl AsRef<[u8]>, offset: usize, message: &str) {
    let error = explain(text.as_ref());
    assert_eq!((error.offset, error.message.as_str()), (offset, message));
}

#[test]
fn says_what_aws_says() {
    check(
        "not json",
        0,
        "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
    );
    check(
        "{'a':1}",
        1,
        "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
    );
    check("", 0, "Invalid execution input.");
    check(" \n", 0, "Invalid execution input.");
}

#[test]
fn names_the_place_in_the_structure() {
    check(
        "{\"a\":1,}",
        7,
        "Unexpected character ('}' (code 125)): was expecting double-quote to start field name",
    );
    check(
        "{\"a\" 1}",
        5,
        "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
    );
    check(
        "{\"a\":1 \"b\"}",
        7,
        "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
    );
    check(
        "[1 2]",
        3,
        "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
    );
    check(
        "[1,]",
        3,
        "Unexpected character (']' (code 93)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
    );
    check(
        "{\"a\":[1}",
        7,
        "Unexpected close marker '}': expected ']' (for Array starting at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 6])",
    );
    check("{} {}", 3, "Trailing token found after value");
    check(
        "1x",
        1,
        "Unexpected character ('x' (code 120)): Expected space separating root-level values",
    );
}

#[test]
fn names_the_end() {
    check(
        "{\"a\":\n[1",
        8,
        "Unexpected end-of-input: expected close marker for Array (start marker at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 2, column: 1])",
    );
    check(
        "{\"a\":",
        5,
        "Unexpected end-of-input within/between Object entries",
    );
    check("[1,", 3, "Unexpected end-of-input within/between Array entries");
    check("{\"a", 3, "Unexpected end-of-input in field name");
    check(
        "\"a",
        2,
        "Unexpected end-of-input: was expecting closing quote for a string value",
    );
    check("\"a\\", 3, "Unexpected end-of-input in character escape sequence");
}

#[test]
fn names_what_is_wrong_in_scalars() {
    check("[01]", 1, "Invalid numeric value: Leading zeroes not allowed");
    check(
        "-x",
        1,
        "Unexpected character ('x' (code 120)) in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value",
    );
    check(
        "[1.]",
        3,
        "Unexpected character (']' (code 93)) in numeric value: Decimal point not followed by a digit",
    );
    check(
        "1e",
        2,
        "Unexpected end-of-inputexpected a digit for number exponent",
    );
    check("[NaN]", 1, "Non-standard token 'NaN'");
    check(
        "\"a\nb\"",
        2,
        "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value",
    );
    check(
        "[\0]",
        1,
        "Illegal character ((CTRL-CHAR, code 0)): only regular white space (\\r, \\n, \\t) is allowed between tokens",
    );
    check("\"\\x\"", 2, "Unrecognized character escape 'x' (code 120)");
    check(
        "\"\\u12g4\"",
        5,
        "Unexpected character ('g' (code 103)): expected a hex-digit for character escape sequence",
    );
    check("[€]", 1, words::unrecognized("€").as_str());
    check(
        "[\u{2028}]",
        1,
        "Unexpected character ('\u{2028}' (code 8232 / 0x2028)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
    );
}

#[test]
fn names_limits_and_encoding() {
    check(b"\"a\xFF\"", 2, "Invalid UTF-8 start byte 0xff");
    check(b"\"a\xC3(\"", 2, "Invalid UTF-8 middle byte 0x28");
    check(
        b"\"a\xC3",
        2,
        "Unexpected end-of-input: was expecting closing quote for a string value",
    );
    check(b"x \xFF", 0, words::unrecognized("x").as_str());
    check(
        "[".repeat(1001),
        1000,
        "Document nesting depth (1001) exceeds the maximum allowed (1000)",
    );
}

/// Where Jackson 2.19 stands when it complains, as line and column.
#[test]
fn names_the_place_as_jackson_does() {
    let cases = [
        ("{bad json}", "1, column: 2"),
        ("\r\n\n  {bad}", "3, column: 4"),
        ("\rnot json", "2, column: 4"),
        ("[tru€]", "1, column: 6"),
        ("[\"\u{1F600}\" x]", "1, column: 7"),
        ("[1,", "1, column: 4"),
        ("{\"a\":\n[1", "2, column: 3"),
        ("{\"a\":01}", "1, column: 7"),
        ("[-01]", "1, column: 4"),
        ("[1.e5]", "1, column: 3"),
        ("[1.", "1, column: 3"),
        ("[1.2e]", "1, column: 3"),
        ("[1.2e", "1, column: 6"),
        ("[\0]", "1, column: 3"),
        ("[NaN]", "1, column: 5"),
        ("[-Infinity]", "1, column: 11"),
        ("[+1]", "1, column: 3"),
        ("[1 //]", "1, column: 4"),
    ];
    for (text, place) in cases {
        let located = explain(text.as_bytes()).located(text.as_bytes());
        let end = format!(
            "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {place}]"
        );
        assert!(located.ends_with(&end), "{text:?}: {located}");
    }
    let long = "x".repeat(300);
    let located = explain(long.as_bytes()).located(long.as_bytes());
    assert!(located.ends_with("line: 1, column: 257]"), "{located}");
}

#[test]
fn only_a_located_message_gives_advice() {
    let error = explain(b"[NaN]");
    assert_eq!(error.message, "Non-standard token 'NaN'");
    let advice =
        "Non-standard token 'NaN': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow\n at ";
    assert!(error.located(b"[NaN]").starts_with(advice));
}

#[test]
fn names_other_dialects() {
    check(
        "{\"a\":1}}",
        7,
        "Unexpected close marker '}': no open Object to close",
    );
    check(
        "[1,}",
        3,
        "Unexpected character ('}' (code 125)): expected a value",
    );
    check("-", 1, "Unexpected end-of-inputNo digit following sign");
    check("+", 1, "Unexpected end-of-input in a Number value");
    check("[tru$x]", 1, words::unrecognized("tru$x").as_str());
    check("[-Inf]", 1, words::unrecognized("-Inf").as_str());
    check("-INF", 0, "Non-standard token '-INF'");
    check(
        "-.5",
        1,
        "Unexpected character ('.' (code 46)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
    );
    check(
        "[+1]",
        1,
        "Unexpected character ('+' (code 43)) in numeric value: JSON spec does not allow numbers to have plus signs",
    );
    check(
        "# comment",
        0,
        "Unexpected character ('#' (code 35)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
    );
    check(
        "/* comment */ 1",
        0,
        "Unexpected character ('/' (code 47)): maybe a (non-standard) comment?",
    );
}
