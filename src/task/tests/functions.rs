//! What functions get, and what is made of their answers.

use super::*;

#[test]
fn a_raw_function_gets_its_parameters_and_answers_bare() {
    let function = "arn:aws:lambda:us-east-1:111111111111:function:f:live";
    assert_eq!(
        call(ECHO, function, "", r#"{"a": [1.10]}"#),
        Ok(r#"{"a":[1.10]}"#.into())
    );
    assert_eq!(call(ECHO, function, "", r#""text""#), Ok(r#""text""#.into()));
}

#[test]
fn lambda_invoke_answers_the_envelope() {
    let fields = r#","Parameters":{"FunctionName":"f:7","Payload.$":"$"}"#;
    let result = call(
        ECHO,
        INVOKE,
        fields,
        r#"{"FunctionName":"f:7","Payload":{"a":1}}"#,
    )
    .expect("a result");
    let result: serde_json::Value = serde_json::from_str(&result).expect("JSON");
    assert_eq!(result["Payload"], serde_json::json!({"a": 1}));
    assert_eq!(result["ExecutedVersion"], "7");
    assert_eq!(result["SdkHttpMetadata"]["HttpHeaders"]["Content-Length"], "7");
}

#[test]
fn metadata_that_nobody_sees_is_not_written() {
    let fields =
        r#","Parameters":{"FunctionName":"f","Payload.$":"$"},"ResultSelector":{"a.$":"$.Payload.a"}"#;
    let parameters = r#"{"FunctionName":"f","Payload":{"a":1}}"#;
    let payload = r#"{"Payload":{"a":1}}"#;
    assert_eq!(call(ECHO, INVOKE, fields, parameters), Ok(payload.into()));
    let code = fields.replace("$.Payload.a", "$.StatusCode");
    let short = r#"{"ExecutedVersion":"$LATEST","Payload":{"a":1},"StatusCode":200}"#;
    assert_eq!(call(ECHO, INVOKE, &code, parameters), Ok(short.into()));

    let tasks = tasks(ECHO);
    let bindings = tasks.bind(&program(INVOKE, fields), true).expect("served");
    let (_, full) = Shard::new(&tasks).call(&bindings, parameters, 1);
    assert!(full.contains("SdkHttpMetadata"), "{full}");
}

/// A result's size counts with its metadata, whether or not somebody reads that.
#[test]
fn near_the_limit_an_envelope_is_whole() {
    let fields = r#","Parameters":{"FunctionName":"f","Payload.$":"$"},"OutputPath":"$.Payload""#;
    let answer = |bytes: usize| {
        let parameters = format!(r#"{{"FunctionName":"f","Payload":"{}"}}"#, "x".repeat(bytes - 2));
        call(ECHO, INVOKE, fields, &parameters).expect("a result")
    };
    let enough = PAYLOAD_BYTES_MAX - ENVELOPE_BYTES_MAX;
    assert_eq!(answer(enough).len(), enough + r#"{"Payload":}"#.len());
    let whole = answer(enough + 1);
    assert!(whole.starts_with(r#"{"ExecutedVersion":"$LATEST","Payload":"xxx"#));
    assert!(whole.ends_with(r#""StatusCode":200}"#), "{}", whole.len());
}

#[test]
fn an_envelope_is_dense() {
    let fields = r#","Parameters":{"FunctionName":"f"},"ResultSelector":{"a.$":"$.Payload"}"#;
    let config = r#"f = { function = "spaced" }"#;
    assert_eq!(
        call(config, INVOKE, fields, r#"{"FunctionName":"f"}"#),
        Ok(r#"{"Payload":{"a":"b c"}}"#.into())
    );
}

/// Recorded: `error_handling/test_task_service_lambda`, `test_task_lambda`.
#[test]
fn a_thrown_error() {
    let config = r#"f = { function = "throws" }"#;
    let fields = r#","Parameters":{"FunctionName":"f"}"#;
    let cause = r#"{"errorMessage":"","errorType":"CustomException"}"#;
    assert_eq!(
        call(config, INVOKE, fields, r#"{"FunctionName":"f"}"#),
        Err(("CustomException".into(), cause.into()))
    );
    let spaced = r#"{"errorMessage": "", "errorType": "CustomException"}"#;
    let function = "arn:aws:lambda:us-east-1:111111111111:function:f";
    assert_eq!(
        call(config, function, "", "{}"),
        Err(("CustomException".into(), spaced.into()))
    );
}

#[test]
fn an_event_is_accepted_even_if_the_function_throws() {
    let fields = r#","Parameters":{"FunctionName":"f","InvocationType":"Event"}"#;
    let config = r#"f = { function = "throws" }"#;
    let result = call(
        config,
        INVOKE,
        fields,
        r#"{"FunctionName":"f","InvocationType":"Event"}"#,
    );
    assert!(result.expect("accepted").contains(r#""StatusCode":202"#));
}

#[test]
fn a_function_that_is_named_at_run_time() {
    let fields = r#","Parameters":{"FunctionName.$":"$.f","Payload.$":"$"}"#;
    let config = r#""arn:aws:lambda:*:*:function:known-*" = { function = "echo" }"#;
    for name in ["known-1", "111111111111:function:known-2:live"] {
        let parameters = format!(r#"{{"FunctionName":"{name}","Payload":1}}"#);
        let result = call(config, INVOKE, fields, &parameters).expect("a result");
        assert!(
            result.starts_with(r#"{"ExecutedVersion":"$LATEST","Payload":1,"#),
            "{result}"
        );
    }
    let (error, cause) = call(config, INVOKE, fields, r#"{"FunctionName":"other"}"#).expect_err("a failure");
    assert_eq!(error, "Lambda.ResourceNotFoundException");
    let arn = "Function not found: arn:aws:lambda:us-east-1:111111111111:function:other:$LATEST (Service: ";
    assert!(cause.starts_with(arn), "{cause}");
}

#[test]
fn delay_answers_later() {
    let tasks = tasks(r#"f = { function = "delay", milliseconds = 10 }"#);
    let function = "arn:aws:lambda:us-east-1:111111111111:function:f";
    let bindings = tasks.bind(&program(function, ""), false).expect("served");
    let answered = Shard::new(&tasks).call(&bindings, "[1]", 1);
    assert_eq!(answered, (Progress::SuccessAfter(10), "[1]".into()));
}

/// Calls a function behind a URL that answers with a text, through `lambda:invoke`.
fn call_http(text: &'static str) -> Answer {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::task::spawn_local(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len());
            let _ = stream.write_all(head.as_bytes()).await;
        });
        let tasks = tasks(&format!(r#"f = {{ http = "http://127.0.0.1:{port}/" }}"#));
        let fields = r#","Parameters":{"FunctionName":"f"},"ResultSelector":{"a.$":"$.Payload"}"#;
        let bindings = tasks.bind(&program(INVOKE, fields), false).expect("served");
        let mut shard = Shard::new(&tasks);
        let wake = Wake::new();
        shard.connectors = tasks.connect(Answers::new(wake.clone()), 1);
        let (progress, _) = shard.call(&bindings, r#"{"FunctionName":"f"}"#, 9);
        assert_eq!(progress, Progress::Pending);
        loop {
            if let Some((ticket, Report::Answer(answer))) = shard.connectors.take(0) {
                assert_eq!(ticket, Ticket(9));
                return answer;
            }
            wake.woken().await;
        }
    })
}

#[test]
fn an_answer_over_http_is_dressed() {
    let dressed = br#"{"Payload":{"a":[1]}}"#;
    assert_eq!(call_http(r#"{ "a": [1] }"#), Ok(dressed.to_vec()));
}

#[test]
fn an_answer_over_http_cannot_break_out_of_the_envelope() {
    for text in [r#"1,"StatusCode":500"#, "", "<html>", "{"] {
        let answer = call_http(text);
        if text.is_empty() {
            assert_eq!(answer, Ok(br#"{"Payload":null}"#.to_vec()));
        } else {
            let failure = answer.expect_err(text);
            assert_eq!(failure.error.as_deref(), Some("Lambda.SdkClientException"));
        }
    }
}
