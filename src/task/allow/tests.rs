//! Lines, and what they grant.

use super::named::{Parameters, targets};
use super::*;
use crate::task::Home;
use crate::value::{Heap, View};

fn home() -> Home {
    Home {
        region: "us-east-1".into(),
        account: "111111111111".into(),
    }
}

fn found(action: &str, parameters: &str) -> Vec<Target> {
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let root = heap.index(parameters.as_bytes()).expect("JSON");
    let view = View::new(&heap, &constants);
    let (service, action) = action.rsplit_once(':').expect("an action");
    targets((service, action), &Parameters::new(view, root), &home()).expect("all is known")
}

#[track_caller]
fn check_target(action: &str, parameters: &str, expected: &[&str]) {
    let found = found(action, parameters);
    let shown: Vec<_> = found
        .iter()
        .map(|target| target.shown().unwrap_or("?".into()))
        .collect();
    assert_eq!(shown, expected, "{action} {parameters}");
}

#[test]
fn targets_of_services() {
    let queue = "arn:aws:sqs:us-east-1:222222222222:orders";
    for url in [
        "https://sqs.us-east-1.amazonaws.com/222222222222/orders",
        "https://us-east-1.queue.amazonaws.com/222222222222/orders",
        "http://127.0.0.1:9324/222222222222/orders",
        "http://localhost:4566/queue/us-east-1/222222222222/orders/",
    ] {
        check_target("sqs:sendMessage", &format!(r#"{{"QueueUrl":"{url}"}}"#), &[queue]);
    }
    check_target(
        "sqs:sendMessage",
        r#"{"QueueUrl":"https://sqs.cn-north-1.amazonaws.com.cn/2/q"}"#,
        &["arn:aws-cn:sqs:cn-north-1:2:q"],
    );
    for none in [
        r#"{"QueueUrl":"orders"}"#,
        r#"{"QueueUrl":"http://h/q"}"#,
        r#"{"QueueUrl":7}"#,
        "{}",
    ] {
        check_target("sqs:sendMessage", none, &["?"]);
    }
    check_target(
        "sns:publish",
        r#"{"TopicArn":"arn:aws:sns:r:1:t"}"#,
        &["arn:aws:sns:r:1:t"],
    );
    check_target("sns:publish", r#"{"PhoneNumber":"+1555"}"#, &["+1555"]);
    let table = "arn:aws:dynamodb:us-east-1:111111111111:table/orders";
    check_target("dynamodb:getItem", r#"{"TableName":"orders"}"#, &[table]);
    check_target(
        "aws-sdk:dynamodb:query",
        &format!(r#"{{"TableName":"{table}"}}"#),
        &[table],
    );
    check_target(
        "aws-sdk:dynamodb:batchGetItem",
        r#"{"RequestItems":{"orders":{},"b":{}}}"#,
        &[table, "arn:aws:dynamodb:us-east-1:111111111111:table/b"],
    );
    check_target(
        "aws-sdk:dynamodb:transactWriteItems",
        r#"{"TransactItems":[{"Put":{"TableName":"orders"}},{"Delete":{"Key":{}}},7]}"#,
        &[table, "?"],
    );
    check_target(
        "aws-sdk:dynamodb:executeStatement",
        r#"{"Statement":"SELECT * FROM secret","TableName":"orders"}"#,
        &["?"],
    );
    check_target(
        "aws-sdk:s3:getObject",
        r#"{"Bucket":"b","Key":"k/1"}"#,
        &["arn:aws:s3:::b/k/1"],
    );
    check_target(
        "aws-sdk:s3:copyObject",
        r#"{"Bucket":"b","Key":"k","CopySource":"/c/d"}"#,
        &["arn:aws:s3:::b/k", "arn:aws:s3:::c/d"],
    );
    check_target(
        "aws-sdk:s3:listObjectsV2",
        r#"{"Bucket":"b"}"#,
        &["arn:aws:s3:::b"],
    );
    check_target(
        "events:putEvents",
        r#"{"Entries":[{"Source":"s"},{"EventBusName":"b"}]}"#,
        &[
            "arn:aws:events:us-east-1:111111111111:event-bus/default",
            "arn:aws:events:us-east-1:111111111111:event-bus/b",
        ],
    );
    check_target(
        "states:startExecution",
        r#"{"StateMachineArn":"arn:a"}"#,
        &["arn:a"],
    );
    check_target(
        "lambda:invoke",
        r#"{"FunctionName":"f","Qualifier":"live"}"#,
        &["f:live"],
    );
    check_target("kafka:produce", r#"{"Topic":"audit"}"#, &["audit"]);
    check_target(
        "http:invoke",
        r#"{"ApiEndpoint":"HTTPS://H/x?y"}"#,
        &["https://h/x"],
    );
    check_target(
        "apigateway:invoke",
        r#"{"ApiEndpoint":"a.b","Stage":"s","Path":"/p"}"#,
        &["https://a.b/s/p"],
    );
    check_target(
        "aws-sdk:ssm:getParameters",
        r#"{"Names":["/a","b"]}"#,
        &[
            "arn:aws:ssm:us-east-1:111111111111:parameter/a",
            "arn:aws:ssm:us-east-1:111111111111:parameter/b",
        ],
    );
    check_target("aws-sdk:comprehend:detectSentiment", r#"{"Text":"x"}"#, &["?"]);
}

#[track_caller]
fn check(line: &str, action: &str, parameters: &str, expected: bool) {
    let allow = Allow::parse(&[line.to_owned()]).unwrap_or_else(|errors| panic!("{errors:?}"));
    let result = allow.check(action, &found(action, parameters));
    assert_eq!(result.is_ok(), expected, "{line}: {action} {parameters}");
}

#[test]
fn what_lines_grant() {
    let send = "sqs:sendMessage";
    let orders = r#"{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/222222222222/orders-new"}"#;
    let other = r#"{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/222222222222/billing"}"#;
    for line in [
        "sqs:sendMessage arn:aws:sqs:*:*:orders-*",
        "sqs:* arn:aws:sqs:eu-west-1:222222222222:orders-new",
        "sqs orders-*",
    ] {
        check(line, send, orders, true);
        check(line, send, other, false);
    }
    check("sqs:sendMessage arn:aws:sqs:us-east-1:*:*", send, orders, false);
    check("*", send, other, true);
    check("sqs", send, "{}", true);
    check("sqs *", send, "{}", true);
    check("sqs orders", send, "{}", false);
    check("aws-sdk:sqs:sendMessage", send, orders, false);
    check("aws-sdk:sqs", "aws-sdk:sqs:sendMessage", orders, true);
    check("aws-sdk:*", "aws-sdk:sqs:sendMessage", orders, true);
    check(
        "aws-sdk:s3:getObject reports/*",
        "aws-sdk:s3:getObject",
        r#"{"Bucket":"reports","Key":"k"}"#,
        true,
    );
    check(
        "aws-sdk:s3:getObject arn:aws:s3:::reports/2026/*",
        "aws-sdk:s3:getObject",
        r#"{"Bucket":"reports","Key":"2025/k"}"#,
        false,
    );
    let all = r#"{"RequestItems":{"orders":{},"secret":{}}}"#;
    check(
        "aws-sdk:dynamodb:* orders",
        "aws-sdk:dynamodb:batchGetItem",
        all,
        false,
    );
    check(
        "states orders",
        "states:startExecution",
        r#"{"StateMachineArn":"arn:aws:states:r:1:stateMachine:orders"}"#,
        true,
    );
    let function = r#"{"FunctionName":"arn:aws:lambda:us-east-1:2:function:orders-in:live"}"#;
    check("lambda orders-*", "lambda:invoke", function, true);
    check(
        "lambda arn:aws:lambda:*:2:function:orders-in",
        "lambda:invoke",
        function,
        true,
    );
    check(
        "lambda arn:aws:lambda:*:3:function:orders-in",
        "lambda:invoke",
        function,
        false,
    );
    check("lambda orders-in:live", "lambda:invoke", function, true);
    check("lambda orders-in:dev", "lambda:invoke", function, false);
    check(
        "aws-sdk:lambda:invoke orders-*",
        "aws-sdk:lambda:invoke",
        function,
        true,
    );
    check(
        "aws-sdk:* orders-in:live",
        "aws-sdk:lambda:invoke",
        function,
        true,
    );
    check(
        "aws-sdk:lambda:invoke pay",
        "aws-sdk:lambda:invoke",
        function,
        false,
    );
    check("kafka audit", "kafka:produce", r#"{"Topic":"audit"}"#, true);
    check("kafka audit", "kafka:produce", r#"{"Topic":"audit2"}"#, false);
    let url = r#"{"ApiEndpoint":"https://api.example.com/v1/x?y"}"#;
    check("http https://api.example.com/*", "http:invoke", url, true);
    check("http https://api.example.com/v2/*", "http:invoke", url, false);
    check("http", "http:invoke", url, true);
    check("apigateway https://api.example.com/*", "http:invoke", url, false);
}

#[test]
fn wrong_lines() {
    for (line, expected) in [
        ("", "an empty line; write an action, such as \"sqs:sendMessage\""),
        ("sqs a b", "\"sqs a b\" has more than an action and a target"),
        (
            "sqss:sendMessage",
            "there is no service \"sqss\"; did you mean \"sqs\"?",
        ),
        (
            "rekognition:detectLabels",
            "there is no service \"rekognition\" with actions of its own; write \"aws-sdk:rekognition:ACTION\" for one that AWS's SDK has",
        ),
        ("sqs:receiveMessage", "\"sqs\" has no action \"receiveMessage\""),
        (
            "sqs/sendMessage",
            "\"sqs/sendMessage\" is not an action; write it as \"sqs:sendMessage\" or \"aws-sdk:s3:getObject\"",
        ),
        (
            "http api.example.com",
            "\"api.example.com\": it has no scheme; write it as \"https://api.example.com/*\"",
        ),
    ] {
        let errors = Allow::parse(&["*".to_owned(), line.to_owned()])
            .map(|_| ())
            .expect_err(line);
        let expected = LineError {
            index: 1,
            message: expected.to_owned(),
        };
        assert_eq!(errors, [expected]);
    }
}

/// The line that a failure names grants the call that failed.
#[test]
fn a_refusal_names_the_line_that_would_grant_it() {
    let nothing = Allow::parse(&[]).expect("no lines");
    for (action, parameters, line) in [
        (
            "sqs:sendMessage",
            r#"{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/2/q"}"#,
            "sqs:sendMessage arn:aws:sqs:eu-west-1:2:q",
        ),
        (
            "http:invoke",
            r#"{"ApiEndpoint":"https://h:8443/a/../b?c"}"#,
            "http https://h:8443/*",
        ),
        ("lambda:invoke", r#"{"FunctionName":"f:live"}"#, "lambda f:live"),
        ("kafka:produce", r#"{"Topic":"t"}"#, "kafka t"),
        (
            "aws-sdk:comprehend:detectSentiment",
            "{}",
            "aws-sdk:comprehend:detectSentiment *",
        ),
        (
            "aws-sdk:s3:getObject",
            r#"{"Bucket":"b","Key":"a b"}"#,
            "aws-sdk:s3:getObject arn:aws:s3:::b/a*b",
        ),
    ] {
        let failure = nothing
            .check(action, &found(action, parameters))
            .expect_err("refused");
        assert_eq!(failure.error.as_deref(), Some("States.Permissions"));
        let cause = failure.cause.unwrap_or_default();
        assert!(
            cause.ends_with(&format!(": add \"{line}\" to its allow.")),
            "{cause}"
        );
        check(line, action, parameters, true);
    }
}

/// What another reader may take for another queue, or another machine, is nothing that a line names.
#[test]
fn ambiguous_names_are_not_known() {
    for url in [
        "https://sqs.us-east-1.amazonaws.com/111111111111/secret?/111111111111/orders",
        "https://sqs.us-east-1.amazonaws.com/111111111111/secret#/111111111111/orders",
        "https://sqs.us-east-1.amazonaws.com/111111111111/secret/../111111111111/orders",
        "https://sqs.us-east-1.amazonaws.com/222222222222/secret/111111111111/orders",
    ] {
        let found = found("sqs:sendMessage", &format!("{{\"QueueUrl\":\"{url}\"}}"));
        assert_eq!(found, [Target::Unknown], "{url}");
    }
    let machine = "arn:aws:states:us-east-1:111111111111:stateMachine:secret:ok";
    let found = found(
        "states:startExecution",
        &format!("{{\"StateMachineArn\":\"{machine}\"}}"),
    );
    let expected = Target::Resource {
        arn: Some(machine.to_owned()),
        name: "secret:ok".to_owned(),
    };
    assert_eq!(found, [expected]);
}
