//! What is sent, and what comes of what is answered.

use super::server::json;
use super::*;

#[test]
fn a_request_and_its_result() {
    run(async {
        let server = serving(|_| {
            let head = "HTTP/1.1 201 Made it\r\nX-Request-ID: 7\r\nset-cookie: a\r\nSet-Cookie: b\r\nContent-Length: 9\r\n";
            Reply::Text(format!("{head}\r\n{{\"a\": 1}}\n"))
        })
        .await;
        let connection = "[connections.shop]\nbasic = { username = 'me', password = 'hush' }";
        let mut shard = Shard::new(&granting(&server, "", connection), INVOKE);
        let parameters = to(&server.url("/v1/x"), "shop").replace("GET", "POST").replacen(
            '{',
            r#"{"RequestBody":{"n":1.50},"QueryParameters":{"q":"ä b"},"#,
            1,
        );
        let expected = r#"{"Headers":{"X-Request-ID":["7"],"set-cookie":["a","b"],"Content-Length":["9"]},"ResponseBody":{"a": 1},"StatusCode":201,"StatusText":"Made it"}"#;
        assert_eq!(shard.call(&parameters).await, Ok(expected.into()));
        let mut lines: Vec<String> = server.requests()[0].lines().map(str::to_owned).collect();
        lines[1..].sort();
        assert_eq!(
            lines,
            [
                "POST /v1/x?q=%C3%A4%20b HTTP/1.1",
                "",
                "authorization: Basic bWU6aHVzaA==",
                "content-length: 10",
                "content-type: application/json",
                &format!("host: 127.0.0.1:{}", server.port()),
                "range: bytes=0-262144",
                "user-agent: Amazon|StepFunctions|HttpInvoke|eu-west-1",
                r#"{"n":1.50}"#,
            ]
        );
    });
}

#[test]
fn methods() {
    run(async {
        let server = serving(|request| match request.starts_with("HEAD") {
            true => Reply::Text("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n".into()),
            false => Reply::Text("HTTP/1.1 204 No Content\r\n\r\n".into()),
        })
        .await;
        let mut shard = Shard::new(&granting(&server, "", OPEN), INVOKE);
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"] {
            let parameters = to(&server.url("/"), "open").replace("GET", method);
            let result = shard.call(&parameters).await.expect("a result");
            let result = String::from_utf8(result).expect("UTF-8");
            assert!(result.contains(r#""ResponseBody":"""#), "{result}");
            let requests = server.requests();
            assert!(requests.last().is_some_and(|request| request.starts_with(method)));
        }
    });
}

/// As recorded in `services/test_apigetway_task_service`: AWS's answers, and what they are to the task.
#[test]
fn a_gateway_as_recorded() {
    run(async {
        let server = serving(|request| {
            if request.starts_with("POST /restapis/restapi0a000004/none") {
                return json("403 Forbidden", r#"{"message":"Missing Authentication Token"}"#);
            }
            let body = request.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            let body = if body.is_empty() { "{}" } else { body };
            let head = "Connection: keep-alive\r\nContent-Type: application/json\r\nDate: d\r\nx-amzn-RequestId: i\r\nX-Amzn-Trace-Id: t\r\nX-Cache: Miss from cloudfront";
            Reply::Text(format!("HTTP/1.1 200 OK\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
        })
        .await;
        let base = server.url("/restapis/{api}/");
        let config = format!(
            "[tasks]\n\"{GATEWAY}\" = {{ endpoints = [\"https://*.execute-api.us-east-1.amazonaws.com/*\"], gateway_url = \"{base}\" }}"
        );
        let mut shard = Shard::new(&config, GATEWAY);
        let with = |stage: &str, body: &str| {
            format!(
                r#"{{"ApiEndpoint":"restapi0a000004.execute-api.us-east-1.amazonaws.com","Method":"POST","Path":"id_func","Stage":"{stage}"{body}}}"#
            )
        };
        for (given, sent, answered) in [
            (r#","RequestBody":"""#, r#""""#, r#""""#),
            (
                r#","RequestBody":"HelloWorld""#,
                r#""HelloWorld""#,
                r#""HelloWorld""#,
            ),
            (r#","RequestBody":null"#, "", "{}"),
            (
                r#","RequestBody":{"message":"HelloWorld!"},"Headers":{"custom_header":["arrayHeader0"]}"#,
                r#"{"message":"HelloWorld!"}"#,
                r#"{"message":"HelloWorld!"}"#,
            ),
        ] {
            let expected = format!(
                r#"{{"Headers":{{"Connection":["keep-alive"],"Content-Type":["application/json"],"Date":["d"],"x-amzn-RequestId":["i"],"X-Amzn-Trace-Id":["t"],"X-Cache":["Miss from cloudfront"],"Content-Length":["{}"]}},"ResponseBody":{answered},"StatusCode":200,"StatusText":"OK"}}"#,
                answered.len()
            );
            assert_eq!(
                shard.call(&with("sfn-apigw-api", given)).await,
                Ok(expected.into())
            );
            let requests = server.requests();
            let request = requests.last().expect("a request");
            assert!(
                request.starts_with("POST /restapis/restapi0a000004/sfn-apigw-api/id_func HTTP/1.1\r\n"),
                "{request}"
            );
            assert!(request.ends_with(&format!("\r\n\r\n{sent}")), "{request}");
        }
        let (error, cause) = shard.failure(&with("none", "")).await;
        assert_eq!(error, "ApiGateway.403");
        assert_eq!(cause, r#"{"message":"Missing Authentication Token"}"#);
    });
}

#[test]
fn a_call_that_nobody_waits_for_is_dropped() {
    run(async {
        let server = serving(|request| match request.starts_with("GET /slow") {
            true => Reply::Stall,
            false => json("200 OK", "1"),
        })
        .await;
        let mut shard = Shard::new(&granting(&server, ", connections = 1", OPEN), INVOKE);
        assert_eq!(
            shard.begin(1, &to(&server.url("/slow"), "open")),
            Progress::Pending
        );
        assert_eq!(
            shard.begin(2, &to(&server.url("/never"), "open")),
            Progress::Pending
        );
        assert_eq!(shard.begin(3, &to(&server.url("/x"), "open")), Progress::Pending);
        while server.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        shard.connectors.cancel(Ticket(2));
        shard.connectors.cancel(Ticket(1));
        let (ticket, answer) = shard.next().await;
        assert!(ticket == 3 && answer.is_ok(), "{ticket} {answer:?}");
        assert!(!server.requests().iter().any(|request| request.contains("never")));
        assert_eq!(shard.connectors.pending(), 0);
    });
}
