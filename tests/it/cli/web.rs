//! HTTP tasks and `allow`, as a user has them in a configuration.

use super::pipe::feed;
use super::{Folder, command, run};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

/// Calls the URL that the input names, and keeps the error if there is one.
const DEFINITION: &str = r#"{"StartAt": "Call", "States": {"Call": {"Type": "Task", "End": true,
    "Resource": "arn:aws:states:::http:invoke",
    "Parameters": {"Method": "GET", "ApiEndpoint.$": "$.url",
        "InvocationConfig": {"ConnectionArn": "arn:aws:events:us-east-1:111111111111:connection/shop/1"}},
    "ResultSelector": {"said.$": "$.ResponseBody"},
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Kept"}]}, "Kept": {"Type": "Pass", "End": true}}}"#;

/// Answers each request with the path and the key that it has.
fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let (mut request, mut buffer) = (String::new(), [0; 4096]);
            while !request.contains("\r\n\r\n") {
                let count = stream.read(&mut buffer).expect("a request");
                request.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
            let path = request.split(' ').nth(1).unwrap_or_default();
            let key = request.lines().find_map(|line| line.strip_prefix("x-api-key: "));
            let body = format!(r#"{{"path":"{path}","key":"{}"}}"#, key.unwrap_or("none"));
            let head = "Content-Type: application/json\r\nConnection: close\r\n";
            let length = body.len();
            let answer = format!("HTTP/1.1 200 OK\r\n{head}Content-Length: {length}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).expect("an answer");
        }
    });
    port
}

fn config(port: u16, more: &str) -> String {
    format!(
        "[[workflow]]
        name = \"w\"
        definition = \"w.asl.json\"
        topics = [\"t\"]
        {more}
        [tasks]
        \"arn:aws:states:::http:invoke\" = {{ endpoints = [\"http://127.0.0.1:{port}/*\", \"http://*:*/*\"] }}
        [connections.shop]
        api_key = {{ name = \"X-Api-Key\", value = {{ env = \"SHOP_KEY\" }} }}
        endpoints = [\"http://127.0.0.1:{port}/*\"]"
    )
}

#[test]
fn a_pipe_calls_what_it_may() {
    let (folder, port) = (Folder::new(), serve());
    let definition = folder.write("w.asl.json", DEFINITION);
    let allow = format!("allow = [\"http http://127.0.0.1:{port}/open/*\"]");
    let settings = folder.write("stepstream.toml", &config(port, &allow));
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let input = format!(
        "{{\"url\":\"{}\"}}\n{{\"url\":\"{}\"}}\n{{\"url\":\"http://2852039166/latest\"}}\n",
        url("/open/a?b"),
        url("/shut")
    );
    let mut pipe = command(&["pipe", &definition, "--config", &settings]);
    pipe.env("SHOP_KEY", "hush");
    let (code, out, err) = feed(&mut pipe, &input);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let refused = |place: &str| {
        format!(
            r#"{{"Error":"States.Permissions","Cause":"The workflow is not allowed to call http:invoke on {place}: add \"http {place}\" to its allow."}}"#
        )
    };
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines,
        [
            r#"{"said":{"path":"/open/a?b","key":"hush"}}"#,
            &refused(&url("/shut")),
            &refused("http://2852039166/latest"),
        ]
    );
}

/// Without `allow` the entry and the addresses still have their limits.
#[test]
fn a_pipe_never_reaches_metadata() {
    let (folder, port) = (Folder::new(), serve());
    let definition = folder.write("w.asl.json", DEFINITION);
    let open = config(port, "").replace(&format!("endpoints = [\"http://127.0.0.1:{port}/*\"]"), "");
    let settings = folder.write("stepstream.toml", &open);
    let input = "{\"url\":\"http://2852039166/latest\"}\n{\"url\":\"http://localhost:1/\"}\n";
    let mut pipe = command(&["pipe", &definition, "--config", &settings]);
    pipe.env("SHOP_KEY", "hush");
    let (code, out, err) = feed(&mut pipe, input);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("its secrets are sent to * unencrypted"), "{err}");
    for (line, reason) in out
        .lines()
        .zip(["which no task may reach", "which is not on the internet"])
    {
        assert!(
            line.contains("States.Permissions") && line.contains(reason),
            "{line}"
        );
    }
    assert_eq!(out.lines().count(), 2);
}

#[test]
fn a_check_lists_what_a_workflow_reaches() {
    let folder = Folder::new();
    folder.write(
        "w.asl.json",
        &DEFINITION.replace(
            "\"ApiEndpoint.$\": \"$.url\"",
            "\"ApiEndpoint\": \"http://h/shut\"",
        ),
    );
    let allow = "allow = [\"http http://h/open/*\", \"sqss:sendMessage\"]";
    let wrong = folder.write("wrong.toml", &config(1, allow));
    let (code, out, _) = run(&["check", "--config", &wrong]);
    assert_eq!(code, 1, "{out}");
    assert!(
        out.contains("there is no service \"sqss\"; did you mean \"sqs\"?"),
        "{out}"
    );
    let good = folder.write(
        "good.toml",
        &config(1, &allow.replace(", \"sqss:sendMessage\"", "")),
    );
    let (code, out, _) = run(&["check", "--config", &good]);
    assert_eq!(code, 0, "{out}");
    for text in [
        "environment variable SHOP_KEY is not set",
        "State 'Call' will fail with States.Permissions: The workflow is not allowed to call http:invoke on http://h/shut: add \"http http://h/shut\" to its allow.",
        "  workflow \"w\" reaches:\n    Call: http:invoke http://h/shut by tasks.\"arn:aws:states:::http:invoke\" (not allowed)\n",
    ] {
        assert!(out.contains(text), "{text} is not in\n{out}");
    }
}

/// Takes requests with their bodies, and answers each with `{}`.
fn record() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (sender, requests) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let (mut request, mut buffer) = (String::new(), [0; 4096]);
            let is_whole = |request: &str| {
                let (head, body) = request.split_once("\r\n\r\n")?;
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))?;
                (body.len() >= length.parse().ok()?).then_some(())
            };
            while is_whole(&request).is_none() {
                let count = stream.read(&mut buffer).expect("a request");
                request.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
            stream.write_all(answer.as_bytes()).expect("an answer");
            sender.send(request).expect("somebody waits");
        }
    });
    (port, requests)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let with = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::digest([&with(0x36)[..], text.as_bytes()].concat());
    Sha256::digest([&with(0x5c)[..], &inner[..]].concat()).to_vec()
}

/// Computes the signature of a request once more, as AWS documents it (version 4).
fn signature(request: &str, secret: &str, scope: &str) -> String {
    let (head, body) = request.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    let mut first = lines.next().expect("a line").split(' ');
    let (method, target) = (first.next().expect("a method"), first.next().expect("a target"));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let header = |name: &str| {
        headers
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    };
    let authorization = header("authorization").expect("a signature");
    let part = |name: &str| {
        let (_, rest) = authorization.split_once(&format!("{name}=")).expect("a part");
        rest.split(',').next().expect("a value")
    };
    assert_eq!(
        part("Credential"),
        format!("AKIDEXAMPLE/{scope}").replace("DATE", &header("x-amz-date").expect("a time")[..8])
    );
    let names = part("SignedHeaders");
    let signed: String = names
        .split(';')
        .map(|name| format!("{name}:{}\n", header(name).expect(name)))
        .collect();
    let mut query: Vec<&str> = query.split('&').collect();
    query.sort_unstable();
    let canonical = format!(
        "{method}\n{}\n{}\n{signed}\n{names}\n{}",
        path.replace('%', "%25"),
        query.join("&"),
        hex(&Sha256::digest(body))
    );
    let time = header("x-amz-date").expect("a time");
    let scope = scope.replace("DATE", &time[..8]);
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
        hex(&Sha256::digest(&canonical))
    );
    let key = scope
        .split('/')
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| hmac(&key, part));
    assert_eq!(part("Signature"), hex(&hmac(&key, &to_sign)), "{canonical}");
    names.to_owned()
}

#[test]
fn a_gateway_that_wants_a_role_is_called_with_a_signature() {
    let (folder, (port, requests)) = (Folder::new(), record());
    let definition = folder.write(
        "w.asl.json",
        r#"{"StartAt": "Call", "States": {"Call": {"Type": "Task", "End": true,
            "Resource": "arn:aws:states:::apigateway:invoke",
            "Parameters": {"Method": "POST", "ApiEndpoint": "a1.execute-api.eu-west-1.amazonaws.com", "AuthType": "IAM_ROLE",
                "Stage": "prod", "Path.$": "$.path", "QueryParameters": {"b": ["2 3"], "a": ["1"]}, "RequestBody.$": "$"},
            "ResultSelector": {"status.$": "$.StatusCode"}}}}"#,
    );
    let config = format!(
        "[tasks]\n\"arn:aws:states:::apigateway:invoke\" = {{ endpoints = [\"https://a1.execute-api.eu-west-1.amazonaws.com/*\"], gateway_url = \"http://127.0.0.1:{port}\", aws = true }}\n"
    );
    let settings = folder.write("stepstream.toml", &config);
    let mut pipe = command(&["pipe", &definition, "--config", &settings]);
    pipe.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG")
        .env_remove("AWS_SESSION_TOKEN")
        .env_remove("AWS_PROFILE");
    let (code, out, err) = feed(&mut pipe, "{\"path\":\"orders/a b\"}\n");
    assert_eq!((code, out.as_str()), (0, "{\"status\":200}\n"), "{err}");
    let request = requests.recv().expect("a request");
    assert!(
        request.starts_with("POST /prod/orders/a%20b?b=2%203&a=1 HTTP/1.1\r\n"),
        "{request}"
    );
    let names = signature(
        &request,
        "wJalrXUtnFEMI/K7MDENG",
        "DATE/eu-west-1/execute-api/aws4_request",
    );
    assert!(names.contains("host") && names.contains("x-amz-date"), "{names}");
}
