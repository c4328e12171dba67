//! HTTP tasks and `allow`, as a user has them in a configuration.

use super::pipe::feed;
use super::{Folder, command, run};
use std::io::{Read, Write};
use std::net::TcpListener;

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
        \"arn:aws:states:::http:invoke\" = {{ endpoints = [\"http://127.0.0.1:{port}/*\", \"http://*/*\"] }}
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
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
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
