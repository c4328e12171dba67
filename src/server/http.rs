//! `/metrics`, `/health/live` and `/health/ready` over HTTP/1.1.
//!
//! One small thread of its own, so that a busy shard does not delay an answer and an answer does not
//! delay a shard. Must not know what is measured. Invariant: connections, headers and times are
//! bounded; a body is never read.

use super::health::{Findings, Health};
use super::places::Places;
use crate::clock::monotonic_ms;
use crate::metrics::Metrics;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::Notify;

/// Connections at a time; for one more the idlest is closed.
pub const CONNECTIONS_MAX: usize = 64;
/// Bytes of a request's line and headers.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Headers of a request.
pub const HEADERS_MAX: usize = 64;
/// How long a connection may take until a request's headers are whole, the first one's or the next one's.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may live; a scraper opens a new one.
pub const CONNECTION_TIME_MAX: Duration = Duration::from_secs(600);

/// Why the pages are not served.
#[derive(Debug)]
pub enum HttpError {
    /// The address has no meaning.
    Address {
        /// As configured.
        listen: String,
        /// Why.
        reason: io::Error,
    },
    /// The address cannot be listened on.
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        reason: io::Error,
    },
    /// The thread cannot be started.
    Thread(io::Error),
}

impl fmt::Display for HttpError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HttpError::Address { listen, reason } => write!(
                out,
                "service.listen: {listen:?} is not an address such as \"127.0.0.1:9464\": {reason}"
            ),
            HttpError::Listen { address, reason } if reason.kind() == io::ErrorKind::AddrInUse => write!(
                out,
                "service.listen: port {} is in use at {}; another process listens there, or another stepstream",
                address.port(),
                address.ip()
            ),
            HttpError::Listen { address, reason } => {
                write!(out, "service.listen: cannot listen on {address}: {reason}")
            }
            HttpError::Thread(reason) => write!(out, "cannot start the HTTP thread: {reason}"),
        }
    }
}

impl std::error::Error for HttpError {}

/// The running pages; dropping it stops them.
pub struct Http {
    address: SocketAddr,
    stop: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

impl Http {
    /// Listens on an address (`host:port`; port 0 takes a free one) and answers from then on.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub fn start(listen: &str, metrics: Metrics, health: Health) -> Result<Http, HttpError> {
        Http::start_with(listen, metrics, health, HEADER_TIMEOUT)
    }

    fn start_with(
        listen: &str,
        metrics: Metrics,
        health: Health,
        header_timeout: Duration,
    ) -> Result<Http, HttpError> {
        let listener = bind(listen)?;
        let address = listener.local_addr().map_err(HttpError::Thread)?;
        let stop = Arc::new(Notify::new());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(HttpError::Thread)?;
        let (stopped, pages) = (stop.clone(), Arc::new(Pages { metrics, health }));
        let serve = move || runtime.block_on(serve(listener, pages, header_timeout, &stopped));
        let thread = std::thread::Builder::new()
            .name("stepstream-http".to_owned())
            .spawn(move || {
                if let Err(error) = serve() {
                    tracing::error!(%address, "metrics and health are not served: {error}");
                }
            })
            .map_err(HttpError::Thread)?;
        Ok(Http {
            address,
            stop,
            thread: Some(thread),
        })
    }

    /// Returns the address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            // It panicked: the panic has been printed.
            let _ = thread.join();
        }
    }
}

fn bind(listen: &str) -> Result<TcpListener, HttpError> {
    let wrong = |reason| HttpError::Address {
        listen: listen.to_owned(),
        reason,
    };
    let address = listen.to_socket_addrs().map_err(wrong)?.next();
    let nothing = || wrong(io::Error::new(io::ErrorKind::NotFound, "it has no address"));
    let address = address.ok_or_else(nothing)?;
    let failed = |reason| HttpError::Listen { address, reason };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

async fn serve(
    listener: TcpListener,
    pages: Arc<Pages>,
    header_timeout: Duration,
    stop: &Notify,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let places = Places::new(CONNECTIONS_MAX);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.notified() => return Ok(()),
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, peer.ip()),
            // Too many open files, or the peer is gone: neither ends the service.
            Err(error) => {
                tracing::debug!("a connection for metrics or health was not taken: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let place = places.take(peer);
        let (id, pages) = (place.id(), pages.clone());
        let task = tokio::spawn(async move {
            let answer = service_fn(|request| {
                let response = pages.answer(&request);
                place.answered();
                async move { Ok::<_, Infallible>(response) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(header_timeout)
                .max_buf_size(HEADER_BYTES_MAX)
                .max_headers(HEADERS_MAX)
                .serve_connection(TokioIo::new(stream), answer);
            // A peer that breaks off, or takes too long, is its own affair.
            let _ = tokio::time::timeout(CONNECTION_TIME_MAX, connection).await;
        });
        // It has not begun: nothing else runs on this thread meanwhile.
        places.serves(id, task.abort_handle());
    }
}

struct Pages {
    metrics: Metrics,
    health: Health,
}

impl Pages {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        match request.uri().path() {
            "/metrics" | "/health/live" | "/health/ready" if !is_read => {
                let mut refused = text(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "only GET and HEAD are allowed here\n",
                );
                let allowed = hyper::header::HeaderValue::from_static("GET, HEAD");
                refused.headers_mut().insert(ALLOW, allowed);
                refused
            }
            "/metrics" => {
                let body = self.metrics.render(monotonic_ms());
                page(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", body)
            }
            "/health/live" => findings(&self.health.live(), "live"),
            "/health/ready" => findings(&self.health.ready(), "ready"),
            _ => text(
                StatusCode::NOT_FOUND,
                "there are /metrics, /health/live and /health/ready here\n",
            ),
        }
    }
}

fn findings(findings: &Findings, word: &str) -> Response<Full<Bytes>> {
    let status = match findings.are_good() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    page(status, "application/json", findings.json(word))
}

fn text(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    page(status, "text/plain; charset=utf-8", body.to_owned())
}

fn page(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        hyper::header::HeaderValue::from_static(content_type),
    );
    headers.insert(CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    fn start() -> (Http, Health) {
        let health = Health::starting();
        let http = Http::start("127.0.0.1:0", Metrics::new(), health.clone()).expect("a free port");
        (http, health)
    }

    /// Sends bytes and returns the answer up to the end of the connection.
    fn exchange(http: &Http, request: &str) -> String {
        let mut stream = TcpStream::connect(http.address()).expect("connected");
        // The server may close before it has read all of a request that is too large.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    fn get(http: &Http, method: &str, path: &str) -> (u16, String) {
        let answer = exchange(
            http,
            &format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
        );
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).expect("a status");
        (status.parse().expect("a number"), body.to_owned())
    }

    #[test]
    fn pages_answer() {
        let (http, health) = start();
        let (status, body) = get(&http, "GET", "/metrics");
        assert!(
            status == 200 && body.contains("stepstream_build_info{version="),
            "{status} {body}"
        );
        assert_eq!(get(&http, "GET", "/health/live").0, 200);
        let (status, body) = get(&http, "GET", "/health/ready");
        assert!(status == 503 && body.contains("starting"), "{status} {body}");
        health.open();
        assert_eq!(get(&http, "GET", "/health/ready").0, 200);
        assert_eq!(get(&http, "HEAD", "/health/ready?x=1"), (200, String::new()));
        assert_eq!(get(&http, "GET", "/").0, 404);
        assert_eq!(get(&http, "POST", "/metrics").0, 405);
        assert_eq!(get(&http, "POST", "/other").0, 404);
    }

    #[test]
    fn a_port_in_use_is_named() {
        let (http, health) = start();
        let error = Http::start(&http.address().to_string(), Metrics::new(), health).err();
        let text = error.expect("in use").to_string();
        let expected = format!("port {} is in use at 127.0.0.1", http.address().port());
        assert!(text.contains(&expected), "{text}");
        let error = Http::start("nowhere", Metrics::new(), Health::default()).err();
        let text = error.expect("no port").to_string();
        assert!(
            text.starts_with("service.listen: \"nowhere\" is not an address"),
            "{text}"
        );
    }

    #[test]
    fn large_and_many_headers_are_refused() {
        let (http, _) = start();
        let large = format!(
            "GET /metrics HTTP/1.1\r\na: {}\r\n\r\n",
            "x".repeat(2 * HEADER_BYTES_MAX)
        );
        assert!(!exchange(&http, &large).starts_with("HTTP/1.1 200"));
        let many = format!(
            "GET /metrics HTTP/1.1\r\n{}\r\n",
            "a: b\r\n".repeat(HEADERS_MAX + 1)
        );
        assert!(exchange(&http, &many).starts_with("HTTP/1.1 431"));
    }

    #[test]
    fn whoever_is_silent_gives_way() {
        let (http, _) = start();
        let connect = || TcpStream::connect(http.address()).expect("connected");
        let ask = |stream: &mut TcpStream| {
            let _ = stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n");
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).is_ok()
        };
        // The oldest, but not the idlest once it is answered.
        let mut kept = connect();
        let mut silent: Vec<_> = (1..CONNECTIONS_MAX).map(|_| connect()).collect();
        assert!(ask(&mut kept));
        // Silent ones that come again and again keep nobody out.
        for _ in 0..3 {
            assert_eq!(get(&http, "GET", "/health/live").0, 200);
            silent.extend((0..CONNECTIONS_MAX).map(|_| connect()));
        }
        assert_eq!(get(&http, "GET", "/health/live").0, 200);
        let mut first = silent.swap_remove(0);
        assert!(matches!(first.read(&mut [0]), Ok(0) | Err(_)), "closed");
    }

    #[test]
    fn headers_that_do_not_end_and_idle_connections_are_closed() {
        let timeout = Duration::from_millis(50);
        let http = Http::start_with("127.0.0.1:0", Metrics::new(), Health::starting(), timeout);
        let http = http.expect("a free port");
        for begin in [
            "",
            "GET /health/live HTTP/1.1\r\nhost: x\r\n",
            "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n",
        ] {
            // Returns at the end of the connection only.
            let answer = exchange(&http, begin);
            assert_eq!(
                answer.starts_with("HTTP/1.1 200"),
                begin.ends_with("\r\n\r\n"),
                "{answer}"
            );
        }
    }
}
