//! What holds for any text: an answer is a result or an error, parameters a request or a problem.

use super::{answer, draft};
use proptest::prelude::*;

const RESOURCES: [&str; 8] = [
    "dynamodb:getItem",
    "events:putEvents",
    "aws-sdk:sns:listTopics",
    "aws-sdk:ec2:describeInstances",
    "aws-sdk:s3:listObjectsV2",
    "aws-sdk:s3:getObject",
    "lambda:invoke",
    "aws-sdk:lambda:listFunctions",
];

/// Text that looks like an answer, cut and joined anyhow.
fn texts() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\u",
        "1.0e9",
        "-",
        "null",
        "true",
        "\"Item\":{\"a\":{\"B\":\"aGk\"}}",
        "\"Entries\":[{}]",
        "\"FailedEntryCount\":1",
        "\"__type\":\"x#y\"",
        "<a>",
        "</a>",
        "<member>",
        "</member>",
        "<ListTopicsResult>",
        "<Contents><Key>k</Key></Contents>",
        "<LastModified>99999-01-01T00:00:00Z</LastModified>",
        "<![CDATA[",
        "]]>",
        "&lt;",
        "&#x110000;",
        "&e;",
        "<?xml?>",
        "<!--",
        "-->",
        " xsi:type='x'",
        "é",
        "\u{0}",
    ];
    let piece = prop_oneof![
        4 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_answer_is_read_or_refused(index in 0..RESOURCES.len(), status in 190u16..600, text in texts()) {
        // `answer` checks that a result is JSON.
        let of_text = answer(RESOURCES[index], status, &[], text.as_bytes());
        if let Err(error) = of_text {
            prop_assert!(!error.name().is_empty());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(index in 0..RESOURCES.len(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = answer(RESOURCES[index], 200, &[], &bytes);
    }

    #[test]
    fn any_parameters_are_written_or_refused(index in 0..RESOURCES.len(), key in "[A-Za-z]{1,9}", text in any::<String>()) {
        let value = serde_json::json!({"Bucket": text, "Key": {&key: text}, "FunctionName": [&text], &key: {&key: 1e300}});
        if let Ok(draft) = draft(RESOURCES[index], &value.to_string()) {
            prop_assert!(draft.path.bytes().all(|byte| byte.is_ascii_graphic()));
        }
        let value = serde_json::json!({"Bucket": text, "Key": text, "FunctionName": text, "Payload": text});
        for of in ["aws-sdk:s3:getObject", "lambda:invoke"] {
            if let Ok(draft) = draft(of, &value.to_string()) {
                prop_assert!(draft.path.bytes().all(|byte| byte.is_ascii_graphic()), "{}", draft.path);
            }
        }
    }

    #[test]
    fn times_are_read_or_kept(text in "[0-9TZe:.+-]{0,40}") {
        let body = format!(r#"{{"executionArn":"e","startDate":"{text}"}}"#);
        prop_assert!(answer("aws-sdk:sfn:startExecution", 200, &[], body.as_bytes()).is_ok());
    }
}
