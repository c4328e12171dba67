//! Servers that do not answer as they should.

use super::server::json;
use super::*;

#[track_caller]
fn starts(found: &(String, String), error: &str, cause: &str) {
    assert!(found.0 == error && found.1.starts_with(cause), "{found:?}");
}

#[test]
fn answers_that_break() {
    run(async {
        let server = serving(|request| {
            let path = request.split(' ').nth(1).unwrap_or_default();
            match path {
                "/reset" => Reply::Reset,
                "/nothing" => Reply::Last(String::new()),
                "/half-head" => Reply::Last("HTTP/1.1 200 OK\r\nContent-Le".into()),
                "/half-body" => Reply::Last("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"a\":".into()),
                "/half-chunk" => {
                    Reply::Last("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"a\"".into())
                }
                "/two-lengths" => {
                    Reply::Last("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12".into())
                }
                "/no-length" => Reply::Last("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n1".into()),
                "/nonsense" => Reply::Last("nonsense\r\n\r\n".into()),
                "/head" => {
                    let header = format!("X-Long: {}\r\n", "x".repeat(1 << 20));
                    Reply::Last(format!("HTTP/1.1 200 OK\r\n{header}Content-Length: 1\r\n\r\n1"))
                }
                "/headers" => {
                    let headers = "X-Many: 1\r\n".repeat(10_000);
                    Reply::Last(format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 1\r\n\r\n1"))
                }
                _ => json("200 OK", "1"),
            }
        })
        .await;
        let mut shard = Shard::new(&granting(&server, ", connections = 1", OPEN), INVOKE);
        for path in [
            "/reset",
            "/nothing",
            "/half-head",
            "/half-body",
            "/half-chunk",
            "/two-lengths",
            "/no-length",
            "/nonsense",
            "/head",
            "/headers",
        ] {
            let found = shard.failure(&to(&server.url(path), "open")).await;
            starts(&found, "States.Http.Socket", "Unable to execute HTTP request: ");
            // The place for a connection is free again.
            assert!(shard.call(&to(&server.url("/"), "open")).await.is_ok(), "{path}");
        }
    });
}

#[test]
fn statuses_are_errors_and_redirects_are_not_followed() {
    run(async {
        let server = serving(|request| {
            let status = request
                .split(' ')
                .nth(1)
                .unwrap_or_default()
                .trim_start_matches('/');
            let text = format!("HTTP/1.1 {status} Why\r\nLocation: /200\r\nContent-Length: 6\r\n\r\nhidden");
            Reply::Text(text)
        })
        .await;
        let mut shard = Shard::new(&granting(&server, "", OPEN), INVOKE);
        for status in [300, 301, 302, 307, 308, 400, 401, 404, 418, 429, 500, 503, 599] {
            let found = shard
                .failure(&to(&server.url(&format!("/{status}")), "open"))
                .await;
            assert_eq!(
                found,
                (format!("States.Http.StatusCode.{status}"), "Why".to_owned())
            );
        }
        assert_eq!(server.requests().len(), 13);
    });
}

#[test]
fn an_answer_that_is_late_or_too_long() {
    run(async {
        let server = serving(|request| match request.starts_with("GET /slow") {
            true => Reply::Stall,
            false => json("200 OK", &"7".repeat(1 << 20)),
        })
        .await;
        let mut shard = Shard::new(&granting(&server, ", timeout = \"50ms\"", OPEN), INVOKE);
        let found = shard.failure(&to(&server.url("/slow"), "open")).await;
        starts(
            &found,
            "States.Http.Socket",
            "The response did not come within 50 ms.",
        );
        let mut shard = Shard::new(&granting(&server, "", OPEN), INVOKE);
        let found = shard.failure(&to(&server.url("/long"), "open")).await;
        starts(
            &found,
            "States.DataLimitExceeded",
            "The state/task 'http' returned a result with a size exceeding",
        );
    });
}

#[test]
fn nobody_listens() {
    run(async {
        let server = serving(|_| Reply::Reset).await;
        let port = {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
                .await
                .expect("a port");
            listener.local_addr().expect("an address").port()
        };
        let config = granting(&server, "", OPEN).replace(&server.port().to_string(), &port.to_string());
        let mut shard = Shard::new(&config, INVOKE);
        let found = shard
            .failure(&to(&format!("http://127.0.0.1:{port}/"), "open"))
            .await;
        let cause = format!("Unable to execute HTTP request: Connect to 127.0.0.1:{port} failed: ");
        starts(&found, "States.Http.Socket", &cause);
    });
}

#[test]
fn calls_that_wait_are_bounded() {
    run(async {
        let server = serving(|_| Reply::Stall).await;
        let mut shard = Shard::new(&granting(&server, ", connections = 1, queue = 2", OPEN), INVOKE);
        for ticket in 1..=3 {
            assert_eq!(
                shard.begin(ticket, &to(&server.url("/"), "open")),
                Progress::Pending
            );
            // It reaches its worker, or the queue.
            tokio::task::yield_now().await;
        }
        assert_eq!(shard.begin(4, &to(&server.url("/"), "open")), Progress::Pending);
        let (ticket, answer) = shard.next().await;
        assert_eq!(ticket, 4);
        let failure = answer.expect_err("a failure");
        assert_eq!(failure.error.as_deref(), Some("States.Http.Socket"));
        assert_eq!(shard.connectors.waiting(), 2);
    });
}
