//! The pages of metrics and health, and the classes of their requests.
//!
//! Must not know how they are served. Invariant: health answers without waiting for anything, metrics included.

use super::health::{Findings, Health};
use super::http::{Class, Pages};
use crate::clock::monotonic_ms;
use crate::metrics::Metrics;
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Requests for health: the kubelet's, a load balancer's, an operator's.
pub const HEALTH: Class = Class {
    name: "health",
    connections_max: 64,
    in_flight_max: 64,
    body_bytes_max: BODY_BYTES_MAX,
    answer_time_max: Duration::from_secs(2),
};
/// Requests for metrics: some scrapers; their text takes time.
pub const METRICS: Class = Class {
    name: "metrics",
    // Each may hold a text of some MiB while it reads it as slowly as it may.
    connections_max: 8,
    in_flight_max: 8,
    body_bytes_max: BODY_BYTES_MAX,
    answer_time_max: Duration::from_secs(10),
};
/// Requests for what is not there.
pub const UNKNOWN: Class = Class {
    name: "unknown",
    connections_max: 16,
    in_flight_max: 16,
    body_bytes_max: BODY_BYTES_MAX,
    answer_time_max: Duration::from_secs(2),
};

/// Bytes of a body that nobody reads.
const BODY_BYTES_MAX: usize = 4 * 1024;
/// Texts of metrics that are written at a time; the others wait their turn.
const RENDERS_MAX: usize = 1;

/// Returns the pages of a service.
pub fn pages(metrics: &Metrics, health: &Health) -> Vec<Pages> {
    let (live, ready) = (health.clone(), health.clone());
    let health = Router::new()
        .route(
            "/health/live",
            page(get(async move || findings(&live.live(), "live"))),
        )
        .route(
            "/health/ready",
            page(get(async move || findings(&ready.ready(), "ready"))),
        );
    let (metrics, turns) = (metrics.clone(), Arc::new(Semaphore::new(RENDERS_MAX)));
    let render = async move || render(metrics, turns).await;
    let metrics = Router::new().route("/metrics", page(get(render)));
    let nothing = "this server has /metrics, /health/live and /health/ready\n";
    let unknown = Router::new().fallback(async move || text(StatusCode::NOT_FOUND, nothing));
    let of = |class, router| Pages { class, router };
    vec![of(HEALTH, health), of(METRICS, metrics), of(UNKNOWN, unknown)]
}

fn page(page: MethodRouter) -> MethodRouter {
    let refused = "only GET and HEAD are allowed here\n";
    page.fallback(async move || text(StatusCode::METHOD_NOT_ALLOWED, refused))
}

/// Writes the metrics, away from the thread that answers the others.
async fn render(metrics: Metrics, turns: Arc<Semaphore>) -> Response {
    let Ok(turn) = turns.acquire_owned().await else {
        return text(StatusCode::SERVICE_UNAVAILABLE, "it stops\n");
    };
    let written = tokio::task::spawn_blocking(move || {
        let text = metrics.render(monotonic_ms());
        // Not when the client is gone: the text is written all the same.
        drop(turn);
        text
    });
    match written.await {
        Ok(body) => answer(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", body),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "a bug in stepstream\n"),
    }
}

fn findings(findings: &Findings, word: &str) -> Response {
    let status = match findings.are_good() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    answer(status, "application/json", findings.json(word))
}

fn text(status: StatusCode, body: &str) -> Response {
    answer(status, "text/plain; charset=utf-8", body.to_owned())
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let headers = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::http::Http;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    fn ask(http: &Http, method: &str, path: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(http.address()).expect("connected");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        )
        .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).expect("a status");
        (
            status.parse().expect("a number"),
            head.to_owned(),
            body.to_owned(),
        )
    }

    #[test]
    fn pages_answer() {
        let health = Health::starting();
        let http = Http::start("127.0.0.1:0", None, pages(&Metrics::new(), &health)).expect("a free port");
        let check = |method: &str, path: &str, expected: u16, parts: &[&str]| {
            let (status, head, body) = ask(&http, method, path);
            assert_eq!(status, expected, "{method} {path}: {head}");
            for part in parts {
                let is_there = head.contains(part) || body.contains(part);
                assert!(is_there, "{method} {path} has no {part:?}: {head}\n{body}");
            }
            body
        };
        let text = "content-type: text/plain; version=0.0.4; charset=utf-8";
        check(
            "GET",
            "/metrics",
            200,
            &[text, "no-store", "stepstream_build_info{version="],
        );
        check("GET", "/health/live", 200, &["content-type: application/json"]);
        check("GET", "/health/ready", 503, &["starting"]);
        health.open();
        check("GET", "/health/ready", 200, &[]);
        assert_eq!(check("HEAD", "/health/ready?x=1", 200, &[]), "");
        check("GET", "/", 404, &["this server has /metrics, /health/live"]);
        check("POST", "/metrics", 405, &["allow: GET,HEAD", "only GET and HEAD"]);
        check("POST", "/other", 404, &[]);
    }
}
