//! The server as its clients see it: pages, limits of a class, TLS, a stop.

use super::*;
use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) const CLASS: Class = Class {
    name: "test",
    connections_max: 8,
    in_flight_max: 1,
    body_bytes_max: 8,
    answer_time_max: Duration::from_millis(200),
};

/// Pages that answer, that need a body, and that never answer.
fn pages() -> Vec<Pages> {
    let router = Router::new()
        .route("/page", get(async || "a page\n"))
        .route("/body", post(async |body: Bytes| body.len().to_string()))
        .route("/never", get(std::future::pending::<()>));
    let other = Router::new().route("/other", get(async || "another\n"));
    vec![
        Pages { class: CLASS, router },
        Pages {
            class: Class {
                name: "other",
                ..CLASS
            },
            router: other,
        },
    ]
}

pub(super) fn connect(http: &Http) -> TcpStream {
    let stream = TcpStream::connect(http.address()).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time");
    stream.set_write_timeout(Some(PATIENCE)).expect("a time");
    stream
}

/// Sends bytes and returns the answer up to the end of the connection.
pub(super) fn exchange(http: &Http, request: &str) -> String {
    let mut stream = connect(http);
    // The server may close before it has read all of a request that is too large.
    let _ = stream.write_all(request.as_bytes());
    rest(&mut stream)
}

pub(super) fn rest(stream: &mut impl Read) -> String {
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

/// Returns an answer's status and body.
fn ask(http: &Http, method: &str, path: &str, more: &str) -> (u16, String) {
    let answer = exchange(
        http,
        &format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}"),
    );
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).expect("a status");
    (status.parse().expect("a number"), body.to_owned())
}

fn start() -> Http {
    Http::start("127.0.0.1:0", None, pages()).expect("a free port")
}

#[test]
fn a_port_in_use_is_named() {
    let http = start();
    let check = |listen: &str, expected: &str| {
        let error = Http::start(listen, None, Vec::new())
            .err()
            .expect("refused")
            .to_string();
        assert!(error.contains(expected), "{error}");
    };
    let port = http.address().port();
    check(
        &format!("127.0.0.1:{port}"),
        &format!("port {port} is in use at 127.0.0.1"),
    );
    check("nowhere", "service.listen: \"nowhere\" is not an address");
}

#[test]
fn a_class_has_limits() {
    let http = start();
    let check = |method: &str, path: &str, more: &str, expected: (u16, &str)| {
        let (status, body) = ask(&http, method, path, more);
        assert_eq!((status, body.as_str()), expected, "{method} {path} {more:?}");
    };
    check("GET", "/page", "\r\n", (200, "a page\n"));
    check("POST", "/body", "content-length: 8\r\n\r\n12345678", (200, "8"));
    check(
        "POST",
        "/body",
        "content-length: 9\r\n\r\n123456789",
        (413, "the body is larger than 8 bytes\n"),
    );
    // What does not say its size is counted.
    let chunks = "transfer-encoding: chunked\r\n\r\n5\r\n12345\r\n5\r\n12345\r\n0\r\n\r\n";
    assert_eq!(ask(&http, "POST", "/body", chunks).0, 413);
    // A body that does not come, and a page that does not answer.
    let late = (503, "the answer took too long\n");
    check("POST", "/body", "content-length: 8\r\n\r\n1", late);
    check("GET", "/never", "\r\n", late);
}

#[test]
fn one_class_takes_nothing_from_another() {
    let http = start();
    let mut waiting = connect(&http);
    let _ = waiting.write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n");
    let busy = (503, "too many requests of this kind at a time\n".to_owned());
    let (mut refused, mut answered) = (false, 0);
    while !refused {
        // The one before may not have been read yet, or be over already.
        let _ = waiting.write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n");
        refused = ask(&http, "GET", "/page", "\r\n") == busy;
        assert_eq!(ask(&http, "GET", "/other", "\r\n").0, 200);
        answered += 1;
        assert!(answered < 1000, "no request of a class that is full is refused");
    }
}

#[test]
fn a_stop_ends_what_is_idle_and_answers_what_has_begun() {
    let http = start();
    let (mut idle, mut begun) = (connect(&http), connect(&http));
    let _ = idle.write_all(b"GET /other HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut first = [0; 12];
    idle.read_exact(&mut first).expect("an answer");
    let _ = begun
        .write_all(b"POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n");
    let mut first = [0; 25];
    begun.read_exact(&mut first).expect("the body is wanted");
    assert!(first.starts_with(b"HTTP/1.1 100"));
    let began = Instant::now();
    let stopping = std::thread::spawn(move || drop(http));
    // Ends with the stop, for which it has not asked.
    let _ = rest(&mut idle);
    let _ = begun.write_all(b"12");
    let answer = rest(&mut begun);
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n2"),
        "{answer}"
    );
    stopping.join().expect("it stops");
    assert!(began.elapsed() < PATIENCE);
}

/// The path of a file of the certificates for tests.
fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/data/tls", name]
        .iter()
        .collect()
}

fn tls(certificate: &str, key: &str) -> Tls {
    Tls {
        certificate: file(certificate),
        key: file(key),
    }
}

#[test]
fn pages_are_served_over_tls_only() {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let http = Http::start("127.0.0.1:0", Some(&tls("server.pem", "server.key")), pages());
    let http = http.expect("a certificate");
    assert_eq!(http.scheme(), "https");
    let mut roots = rustls::RootCertStore::empty();
    let root = CertificateDer::from_pem_file(file("ca.pem")).expect("a root");
    roots.add(root).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().expect("a name");
    let client = rustls::ClientConnection::new(Arc::new(client), name).expect("a client");
    let mut stream = rustls::StreamOwned::new(client, connect(&http));
    let request = b"GET /page HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request).expect("TLS");
    let answer = rest(&mut stream);
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("a page\n"),
        "{answer}"
    );
    let plain = exchange(&http, "GET /page HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(!plain.contains("HTTP/1.1 200"), "{plain}");
}

#[test]
fn files_for_tls_that_do_not_fit_are_named() {
    let check = |certificate: &str, key: &str, expected: &str, named: &str| {
        let error = Http::start("127.0.0.1:0", Some(&tls(certificate, key)), Vec::new());
        let text = error.err().expect("refused").to_string();
        let begin = format!("service.tls.{expected}: {}: ", file(named).display());
        assert!(text.starts_with(&begin), "{text}");
        text[begin.len()..].to_owned()
    };
    check("none.pem", "server.key", "certificate", "none.pem");
    check("server.pem", "none.key", "key", "none.key");
    let text = check("server.key", "server.key", "certificate", "server.key");
    assert_eq!(text, "it has no certificate in PEM form");
    let text = check("server.pem", "ca.pem", "key", "ca.pem");
    assert_eq!(text, "it has no private key in PEM form");
    let text = check("ca.pem", "server.key", "key", "server.key");
    let expected = format!(
        "it is not the key of the certificate in {}",
        file("ca.pem").display()
    );
    assert_eq!(text, expected);
}
