//! Clients that mean harm: whatever they do, health answers and they are rid of.
//!
//! Uses the service's own pages and raw sockets. What a client does is over when the server closes its connection, which
//! the tests wait for; the server's times are made short for that.

use super::tests::{connect, exchange, rest};
use super::*;
use crate::metrics::Metrics;
use crate::server::health::Health;
use crate::server::pages;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Connections of an attacker, many times the places there are.
const FLOOD: usize = 2_000;
/// Of those, the ones that are open at the same time: a process has 1,024 files.
const OPEN_MAX: usize = 300;
const HEAD: &str = "host: x\r\n\r\n";

fn start(times: Times) -> Http {
    let pages = pages::pages(&Metrics::new(), &Health::starting());
    Http::start_with("127.0.0.1:0", None, pages, times).expect("a free port")
}

fn is_alive(http: &Http) -> bool {
    let answer = exchange(
        http,
        "GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    );
    answer.starts_with("HTTP/1.1 200")
}

/// Has an attacker open connections again and again, and asks for health meanwhile.
fn flood(attack: impl Fn(&mut TcpStream)) {
    let http = start(Times::default());
    let mut open = Vec::new();
    for number in 0..FLOOD {
        let mut stream = connect(&http);
        stream.set_nonblocking(true).expect("a mode");
        attack(&mut stream);
        open.push(stream);
        if open.len() > OPEN_MAX {
            open.remove(0);
        }
        if number % (FLOOD / 20) == 0 {
            assert!(is_alive(&http), "after {number} connections");
        }
    }
    assert!(is_alive(&http));
}

/// Sends as much as fits into the sockets' buffers.
fn send(stream: &mut TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes());
}

#[test]
fn silent_ones_starve_nobody() {
    flood(|_| {});
}

#[test]
fn half_a_request_starves_nobody() {
    flood(|stream| send(stream, "GET /health/live HTTP/1.1\r\nhost: "));
}

#[test]
fn whoever_sends_and_never_reads_starves_nobody() {
    for path in ["/health/live", "/metrics", "/none"] {
        let requests = format!("GET {path} HTTP/1.1\r\n{HEAD}").repeat(200);
        flood(|stream| send(stream, &requests));
    }
}

#[test]
fn whoever_never_reads_is_closed() {
    let http = start(Times {
        write: Duration::from_millis(50),
        ..Times::default()
    });
    let requests = format!("GET /metrics HTTP/1.1\r\n{HEAD}").repeat(100);
    let mut stream = connect(&http);
    // Ends when the server has closed the connection: until then it is only slow.
    let error = loop {
        if let Err(error) = stream.write_all(requests.as_bytes()) {
            break error.kind();
        }
    };
    assert!(
        matches!(error, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
        "{error}"
    );
    assert!(is_alive(&http));
}

#[test]
fn headers_that_do_not_end_and_idle_connections_are_closed() {
    let http = start(Times {
        header: Duration::from_millis(50),
        ..Times::default()
    });
    for begin in [
        "",
        "GET /health/live HTTP/1.1\r\nhost: x\r\n",
        "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        // Returns at the end of the connection only.
        let answer = exchange(&http, begin);
        let is_whole = begin.ends_with("\r\n\r\n");
        assert_eq!(answer.starts_with("HTTP/1.1 200"), is_whole, "{answer}");
    }
}

#[test]
fn nobody_stays_for_ever() {
    let http = start(Times {
        connection: Duration::from_millis(50),
        ..Times::default()
    });
    let mut stream = connect(&http);
    send(&mut stream, &format!("GET /health/live HTTP/1.1\r\n{HEAD}"));
    assert!(rest(&mut stream).starts_with("HTTP/1.1 200"));
}

#[test]
fn large_and_many_headers_are_refused() {
    let http = start(Times::default());
    let check = |headers: &str| {
        let answer = exchange(&http, &format!("GET /metrics HTTP/1.1\r\n{headers}\r\n"));
        // Whoever is still sending may lose the answer to the end of the connection.
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
            "{answer}"
        );
    };
    check(&format!("a: {}\r\n", "x".repeat(2 * HEADER_BYTES_MAX)));
    check(&format!("a: {}\r\n", "x".repeat(1 << 20)));
    check(&"a: b\r\n".repeat(HEADERS_MAX + 1));
    let long = format!("GET /{} HTTP/1.1\r\n{HEAD}", "x".repeat(1 << 20));
    let answer = exchange(&http, &long);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert!(is_alive(&http));
}

#[test]
fn whoever_is_answered_keeps_its_connection_before_the_silent() {
    let http = start(Times::default());
    let ask = |stream: &mut TcpStream| {
        send(stream, &format!("GET /health/live HTTP/1.1\r\n{HEAD}"));
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).is_ok()
    };
    // The oldest, but of another kind once it is answered.
    let mut kept = connect(&http);
    assert!(ask(&mut kept));
    let mut silent: Vec<_> = (0..ARRIVING_MAX + 8).map(|_| connect(&http)).collect();
    assert!(ask(&mut kept) && is_alive(&http));
    let mut first = silent.swap_remove(0);
    assert!(matches!(first.read(&mut [0]), Ok(0) | Err(_)), "closed");
}
