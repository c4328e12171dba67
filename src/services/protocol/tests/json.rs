//! Protocol `json`.

use super::{EXECUTION, MACHINE, check_body, check_error, check_result, draft};

const ID: &[(&str, &str)] = &[("x-amzn-RequestId", "R1")];

#[test]
fn head_of_a_request() {
    let draft = draft("aws-sdk:dynamodb:getItem", r#"{"TableName":"t"}"#).unwrap();
    assert_eq!(
        (&*draft.method, &*draft.path, draft.host_prefix.as_deref()),
        ("POST", "/", None)
    );
    assert_eq!(draft.header("content-type"), Some("application/x-amz-json-1.0"));
    assert_eq!(draft.header("x-amz-target"), Some("DynamoDB_20120810.GetItem"));
    assert_eq!(draft.header("x-amzn-query-mode"), None);
    let draft = super::draft("sqs:sendMessage", "{}").unwrap();
    assert_eq!(draft.header("x-amzn-query-mode"), Some("true"));
    let draft = super::draft("aws-sdk:ssm:getParameter", "{}").unwrap();
    assert_eq!(draft.header("content-type"), Some("application/x-amz-json-1.1"));
}

#[test]
fn bodies() {
    for (of, parameters, expected) in [
        // Names of the SDK, of the model and of the wire; nulls are nothing.
        (
            "dynamodb:putItem",
            r#"{"Item":{"a":{"S":"x"},"b":{"BOOL":true},"c":{"Nul":true},"d":{"Ss":["y"]},"e":{"N":"1.10"}},"TableName":null}"#,
            r#"{"Item":{"a":{"S":"x"},"b":{"BOOL":true},"c":{"NULL":true},"d":{"SS":["y"]},"e":{"N":"1.10"}}}"#,
        ),
        // Anything for a text is JSON text.
        (
            "sqs:sendMessage",
            r#"{"QueueUrl":"u","MessageBody":{"a":[1.0,"x"]},"DelaySeconds":"5"}"#,
            r#"{"QueueUrl":"u","MessageBody":"{\"a\":[1.0,\"x\"]}","DelaySeconds":5}"#,
        ),
        (
            "states:startExecution",
            r#"{"StateMachineArn":"m","Input":{"k":1}}"#,
            r#"{"stateMachineArn":"m","input":"{\"k\":1}"}"#,
        ),
        // Blobs are the bytes of the text, times are seconds.
        (
            "aws-sdk:kinesis:putRecord",
            r#"{"StreamName":"s","Data":"héllo","PartitionKey":1}"#,
            r#"{"StreamName":"s","Data":"aMOpbGxv","PartitionKey":"1"}"#,
        ),
        (
            "aws-sdk:cloudtrail:lookupEvents",
            r#"{"StartTime":"2024-07-15T12:59:18.123Z","EndTime":1721048359}"#,
            r#"{"StartTime":1721048358.123,"EndTime":1721048359}"#,
        ),
        // Tokens.
        (
            "aws-sdk:secretsmanager:createSecret",
            r#"{"Name":"n"}"#,
            r#"{"Name":"n","ClientRequestToken":"token"}"#,
        ),
        (
            "aws-sdk:secretsmanager:createSecret",
            r#"{"Name":"n","ClientRequestToken":"mine"}"#,
            r#"{"Name":"n","ClientRequestToken":"mine"}"#,
        ),
        ("aws-sdk:secretsmanager:listSecrets", "{}", "{}"),
        (
            "aws-sdk:sfn:startExecution",
            r#"{"Input":null,"StateMachineArn":"m"}"#,
            r#"{"stateMachineArn":"m"}"#,
        ),
    ] {
        check_body(of, parameters, expected);
    }
}

#[test]
fn events_name_their_execution() {
    let own = format!(r#""{EXECUTION}","{MACHINE}""#);
    check_body(
        "events:putEvents",
        r#"{"Entries":[{"Detail":{"a":1},"Source":"s"},{"Resources":["r"]},{}]}"#,
        &format!(
            r#"{{"Entries":[{{"Source":"s","Detail":"{{\"a\":1}}","Resources":[{own}]}},{{"Resources":["r",{own}]}},{{"Resources":[{own}]}}]}}"#
        ),
    );
    check_body(
        "aws-sdk:eventbridge:putEvents",
        r#"{"Entries":[{"Source":"s"}]}"#,
        r#"{"Entries":[{"Source":"s"}]}"#,
    );
}

#[test]
fn problems_of_parameters() {
    for (parameters, expected) in [
        (
            r#"{"Table":"t"}"#,
            "[The field 'Table' is not supported by Step Functions]",
        ),
        (
            r#"{"Key":{"a":{"Q":1}}}"#,
            "[The field 'Q' is not supported by Step Functions]",
        ),
        (
            r#"{"Key":[]}"#,
            "[The value of the field 'Key' has an invalid format]",
        ),
        (
            r#"{"ConsistentRead":"maybe"}"#,
            "[The value of the field 'ConsistentRead' has an invalid format]",
        ),
        (
            r#"{"AttributesToGet":"a"}"#,
            "[The value of the field 'AttributesToGet' has an invalid format]",
        ),
    ] {
        let problem = draft("dynamodb:getItem", parameters).unwrap_err();
        assert_eq!(problem.to_string(), expected, "{parameters}");
    }
    let problem = draft("sqs:sendMessage", r#"{"DelaySeconds":1.5}"#).unwrap_err();
    assert_eq!(
        problem.to_string(),
        "[The value of the field 'DelaySeconds' has an invalid format]"
    );
}

#[test]
fn results() {
    for (of, body, expected) in [
        (
            "aws-sdk:dynamodb:query",
            r#"{"ScannedCount":1,"Items":[{"id":{"S":"1"},"ok":{"BOOL":true},"no":{"NULL":true},"n":{"N":"1.0"},"l":{"SS":["a"]},"b":{"B":"aGk="}}],"Count":1,"Other":2}"#,
            r#"{"Count":1,"Items":[{"id":{"S":"1"},"ok":{"Bool":true},"no":{"Nul":true},"n":{"N":"1.0"},"l":{"Ss":["a"]},"b":{"B":"hi"}}],"ScannedCount":1}"#,
        ),
        ("aws-sdk:dynamodb:putItem", "{}", "{}"),
        ("aws-sdk:dynamodb:putItem", "", "{}"),
        (
            "aws-sdk:sfn:startExecution",
            r#"{"executionArn":"e","startDate":1.721048358123E9}"#,
            r#"{"ExecutionArn":"e","StartDate":"2024-07-15T12:59:18.123Z"}"#,
        ),
        (
            "aws-sdk:sfn:startExecution",
            r#"{"startDate":1721048358}"#,
            r#"{"StartDate":"2024-07-15T12:59:18Z"}"#,
        ),
        (
            "aws-sdk:secretsmanager:listSecrets",
            r#"{"SecretList":[]}"#,
            r#"{"SecretList":[]}"#,
        ),
        (
            "events:putEvents",
            r#"{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}"#,
            r#"{"Entries":[{"EventId":"1"}],"FailedEntryCount":0}"#,
        ),
        // What is not as the model says is handed on.
        (
            "aws-sdk:sfn:startExecution",
            r#"{"startDate":"soon","executionArn":[1]}"#,
            r#"{"ExecutionArn":[1],"StartDate":"soon"}"#,
        ),
    ] {
        check_result(of, ID, body, expected);
    }
}

#[test]
fn results_with_metadata() {
    let headers = [
        ("x-amzn-RequestId", "R1"),
        ("connection", "keep-alive"),
        ("Content-Length", "106"),
        ("Date", "today"),
        ("Content-Type", "application/x-amz-json-1.0"),
    ];
    check_result(
        "sqs:sendMessage",
        &headers,
        r#"{"MessageId":"1","MD5OfMessageBody":"2"}"#,
        concat!(
            r#"{"MD5OfMessageBody":"2","MessageId":"1","SdkHttpMetadata":{"AllHttpHeaders":{"x-amzn-RequestId":["R1"],"#,
            r#""connection":["keep-alive"],"Content-Length":["106"],"Date":["today"],"Content-Type":["application/x-amz-json-1.0"]},"#,
            r#""HttpHeaders":{"connection":"keep-alive","Content-Length":"106","Content-Type":"application/x-amz-json-1.0","Date":"today","x-amzn-RequestId":"R1"},"#,
            r#""HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"R1"}}"#
        ),
    );
    check_result(
        "states:startExecution",
        ID,
        r#"{"executionArn":"e","startDate":0}"#,
        r#"{"ExecutionArn":"e","SdkHttpMetadata":{"AllHttpHeaders":{"x-amzn-RequestId":["R1"]},"HttpHeaders":{"x-amzn-RequestId":"R1"},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"R1"},"StartDate":"1970-01-01T00:00:00Z"}"#,
    );
}

/// HTTP libraries lower the names; these services were recorded to write them unlike the others.
#[test]
fn names_of_headers_are_the_services_own() {
    let headers = [("Connection", "c"), ("x-amzn-RequestId", "R1")];
    for (of, connection, id) in [
        ("sqs:sendMessage", "connection", "x-amzn-RequestId"),
        ("dynamodb:putItem", "Connection", "x-amzn-RequestId"),
        ("dynamodb:getItem", "Connection", "x-amzn-requestid"),
    ] {
        let result = super::answer(of, 200, &headers, b"{}").unwrap();
        assert!(
            result.contains(&format!(r#""{connection}":"c","{id}":"R1"}}"#)),
            "{result}"
        );
    }
}

#[test]
fn errors() {
    for (of, body, name, cause) in [
        (
            "aws-sdk:dynamodb:putItem",
            r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"m"}"#,
            "DynamoDb.DynamoDbException",
            "m (Service: DynamoDb, Status Code: 400, Request ID: R1) (SDK Attempt Count: 1)",
        ),
        (
            "aws-sdk:dynamodb:putItem",
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"m"}"#,
            "DynamoDb.ResourceNotFoundException",
            "m (Service: DynamoDb, Status Code: 400, Request ID: R1) (SDK Attempt Count: 1)",
        ),
        (
            "dynamodb:putItem",
            r#"{"__type":"x#ValidationException","Message":"m"}"#,
            "DynamoDB.AmazonDynamoDBException",
            "m (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ValidationException; Request ID: R1; Proxy: null)",
        ),
        (
            "states:startExecution",
            r#"{"__type":"StateMachineDoesNotExist","message":"m"}"#,
            "StepFunctions.StateMachineDoesNotExistException",
            "m (Service: AWSStepFunctions; Status Code: 400; Error Code: StateMachineDoesNotExist; Request ID: R1; Proxy: null)",
        ),
        (
            "aws-sdk:sfn:sendTaskFailure",
            r#"{"__type":"InvalidToken","message":"m"}"#,
            "Sfn.InvalidTokenException",
            "m (Service: Sfn, Status Code: 400, Request ID: R1) (SDK Attempt Count: 1)",
        ),
        (
            "aws-sdk:sfn:sendTaskFailure",
            "<html>",
            "Sfn.SfnException",
            "null (Service: Sfn, Status Code: 400, Request ID: R1) (SDK Attempt Count: 1)",
        ),
    ] {
        check_error(of, 400, ID, body, (name, cause));
    }
}

#[test]
fn a_service_that_spoke_query_before_tells_its_old_code() {
    check_error(
        "sqs:sendMessage",
        400,
        &[
            ("x-amzn-RequestId", "R1"),
            (
                "x-amzn-query-error",
                "AWS.SimpleQueueService.NonExistentQueue;Sender",
            ),
        ],
        r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"}"#,
        (
            "SQS.QueueDoesNotExistException",
            "m (Service: AmazonSQS; Status Code: 400; Error Code: AWS.SimpleQueueService.NonExistentQueue; Request ID: R1; Proxy: null)",
        ),
    );
}

#[test]
fn entries_that_failed() {
    check_error(
        "events:putEvents",
        200,
        ID,
        r#"{"FailedEntryCount":1,"Entries":[{"EventId":"1"},{"ErrorMessage":"m","ErrorCode":"c"}]}"#,
        (
            "EventBridge.FailedEntry",
            r#"{"Entries":[{"EventId":"1"},{"ErrorCode":"c","ErrorMessage":"m"}],"FailedEntryCount":1}"#,
        ),
    );
}

#[test]
fn answers_that_nobody_can_read() {
    check_error(
        "aws-sdk:dynamodb:query",
        200,
        ID,
        "{",
        (
            "DynamoDb.SdkClientException",
            "Unable to unmarshall response (the body is not JSON). Response Code: 200",
        ),
    );
    let deep = format!("{}{}", r#"{"Item":{"a":{"L":["#, r#"{"L":["#.repeat(300));
    let deep = deep + &"]}".repeat(301) + "}}";
    check_error(
        "aws-sdk:dynamodb:getItem",
        200,
        ID,
        &deep,
        (
            "DynamoDb.SdkClientException",
            "Unable to unmarshall response (the response is nested too deeply). Response Code: 200",
        ),
    );
}
