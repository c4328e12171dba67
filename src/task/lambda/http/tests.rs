//! Calls to a real server on the loopback.

use super::*;
use crate::stream::Wake;
use crate::task::Home;
use crate::task::config::Secret;
use crate::task::lambda::function::Function;
use crate::task::lambda::payload::Payload;
use crate::task::{Answer, Report, Request};
use crate::units::Period;
use crate::value::{Heap, ValueRef, View};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server that answers as the function's name says, and counts.
#[derive(Default)]
struct Server {
    connections: Cell<usize>,
    requests: RefCell<Vec<String>>,
}

impl Server {
    async fn start(self: &Rc<Server>, tls: bool) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (server, acceptor) = (self.clone(), tls.then(acceptor));
        tokio::task::spawn_local(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                server.connections.set(server.connections.get() + 1);
                let server = server.clone();
                let acceptor = acceptor.clone();
                tokio::task::spawn_local(async move {
                    match acceptor {
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                server.serve(TokioIo::new(stream)).await;
                            }
                        }
                        None => server.serve(TokioIo::new(stream)).await,
                    }
                });
            }
        });
        port
    }

    async fn serve<T: hyper::rt::Read + hyper::rt::Write + Unpin + 'static>(self: Rc<Server>, stream: T) {
        let service = hyper::service::service_fn(|request| self.clone().answer(request));
        let builder = hyper::server::conn::http1::Builder::new();
        let _ = builder.serve_connection(stream, service).await;
    }

    async fn answer(
        self: Rc<Server>,
        request: hyper::Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let header = |name: &str| {
            let value = request.headers().get(name);
            value.map_or("-".into(), |value| {
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            })
        };
        let seen = format!(
            "{} {} key={} type={} auth={}",
            request.method(),
            request.uri(),
            header("idempotency-key"),
            header("x-amz-invocation-type"),
            header("authorization")
        );
        let name = request
            .uri()
            .path()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        self.requests.borrow_mut().push(seen);
        let body = request.into_body().collect().await?.to_bytes();
        let mut response = Response::new(Full::new(body));
        match name.as_str() {
            "slow" => std::future::pending().await,
            "huge" => *response.body_mut() = Full::new(Bytes::from(vec![b'7'; 1 << 20])),
            "broken" => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
            "throws" => {
                response
                    .headers_mut()
                    .insert("X-Amz-Function-Error", "Unhandled".parse().expect("a value"));
                *response.body_mut() = Full::new(r#"{"errorType":"Oops","errorMessage":"x"}"#.into());
            }
            "panics" => {
                response
                    .headers_mut()
                    .insert("X-Fault", "1".parse().expect("a value"));
            }
            "closes" => {
                response
                    .headers_mut()
                    .insert("Connection", "close".parse().expect("a value"));
            }
            _ => {}
        }
        Ok(response)
    }
}

fn acceptor() -> tokio_rustls::TlsAcceptor {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/");
    let chain = CertificateDer::pem_file_iter(format!("{folder}server.pem")).expect("a file");
    let chain: Result<Vec<_>, _> = chain.collect();
    let key = PrivateKeyDer::from_pem_file(format!("{folder}server.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain.expect("certificates"), key)
        .expect("a certificate");
    tokio_rustls::TlsAcceptor::from(Arc::new(config))
}

/// The limits of an entry.
#[derive(Default)]
struct Limited {
    connections: ConnectionConfig,
    calls: CallLimits,
}

/// The shard's side: calls, and their answers.
struct Client {
    runner: HttpRunner,
    answers: Answers,
    wake: Wake,
}

impl Client {
    fn new(url: String, change: impl FnOnce(&mut HttpConfig, &mut Limited)) -> Client {
        let mut config = HttpConfig {
            http: Some(url),
            ..HttpConfig::default()
        };
        let mut limited = Limited::default();
        limited.calls.timeout = Some(Period(Duration::from_secs(10)));
        change(&mut config, &mut limited);
        let service = Service::new(&config, &limited.connections, &limited.calls);
        let service = service.unwrap_or_else(|mistake| panic!("{mistake:?}"));
        let wake = Wake::new();
        let answers = Answers::new(wake.clone());
        Client {
            runner: HttpRunner::new(Arc::new(service), answers.clone()),
            answers,
            wake,
        }
    }

    fn begin(&mut self, name: &str, payload: &str, ticket: u64) -> Progress {
        let home = Home {
            region: "r".into(),
            account: "1".into(),
        };
        let (mut heap, function) = (Heap::new(), Function::parse(name, None, &home));
        let value = heap.index(payload.as_bytes()).expect("JSON");
        let view = View::new(&heap, &heap);
        let job = Job {
            arn: "",
            now_ms: 0,
            name: function.as_ref().map_or("resource", |function| &function.name),
            qualifier: function
                .as_ref()
                .and_then(|function| function.qualifier.as_deref()),
            payload: Payload::new(view, value),
            is_event: false,
            key: &"orders-0-17/größe",
            request: &Request {
                parameters: value,
                credentials: ValueRef::NONE,
                view,
                key: &"orders-0-17/größe",
                machine: "flow",
                retry: 0,
                execution: ValueRef::NONE,
                state_machine: ValueRef::NONE,
                timeout_seconds: None,
                heartbeat_seconds: None,
                now_ms: 0,
            },
        };
        self.runner.run(&job, Ticket(ticket), &mut Vec::new())
    }

    async fn next(&self) -> (u64, Answer) {
        loop {
            if let Some((ticket, Report::Answer(answer))) = self.answers.take() {
                return (ticket.0, answer);
            }
            self.wake.woken().await;
        }
    }

    async fn call(&mut self, name: &str, payload: &str) -> Answer {
        assert_eq!(self.begin(name, payload, 1), Progress::Pending);
        self.next().await.1
    }
}

fn error(answer: &Answer) -> (&str, &str) {
    let failure = answer.as_ref().expect_err("a failure");
    (
        failure.error.as_deref().unwrap_or_default(),
        failure.cause.as_deref().unwrap_or_default(),
    )
}

/// Runs a test on a shard's kind of runtime, with a server; it must end soon.
fn with_server<F: Future<Output = ()>>(test: impl FnOnce(Rc<Server>, String) -> F) {
    run(async {
        let server = Rc::<Server>::default();
        let port = server.start(false).await;
        test(server, format!("http://127.0.0.1:{port}/functions/{{function}}")).await;
    });
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let local = tokio::task::LocalSet::new();
    let limited = async { tokio::time::timeout(Duration::from_secs(60), test).await };
    local.block_on(&runtime, limited).expect("the test ends");
}

#[test]
fn calls_share_a_connection() {
    with_server(|server, url| async move {
        let mut client = Client::new(url, |config, _| {
            let secret = Secret::Text("Bearer hush".into());
            config.headers = Some(BTreeMap::from([("Authorization".into(), secret)]));
        });
        for payload in ["1", "[2]", r#"{"a":3}"#] {
            assert_eq!(client.call("f:live", payload).await, Ok(payload.into()));
        }
        assert_eq!(server.connections.get(), 1);
        let seen = "POST /functions/f?Qualifier=live key=orders-0-17/gr%C3%B6%C3%9Fe type=RequestResponse auth=Bearer hush";
        assert_eq!(server.requests.borrow()[0], seen);
    });
}

#[test]
fn connections_and_waiting_calls_are_bounded() {
    with_server(|server, url| async move {
        let mut client = Client::new(url, |_, limited| {
            limited.connections.connections = Some(2);
            limited.calls.queue = Some(3);
        });
        for ticket in 0..5 {
            assert_eq!(client.begin("f", &ticket.to_string(), ticket), Progress::Pending);
        }
        match client.begin("f", "5", 5) {
            Progress::Failure(failure) => {
                assert_eq!(failure.error.as_deref(), Some("Lambda.TooManyRequestsException"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(client.runner.waiting(), 3);
        let mut tickets = Vec::new();
        for _ in 0..5 {
            let (ticket, answer) = client.next().await;
            assert_eq!(answer, Ok(ticket.to_string().into_bytes()));
            tickets.push(ticket);
        }
        assert_eq!(client.runner.waiting(), 0);
        tickets.sort_unstable();
        assert_eq!(tickets, [0, 1, 2, 3, 4]);
        assert_eq!(server.connections.get(), 2);
        // Both workers are idle now: a burst uses both, and opens nothing.
        for ticket in 6..10 {
            assert_eq!(client.begin("f", "1", ticket), Progress::Pending);
        }
        for _ in 6..10 {
            assert_eq!(client.next().await.1, Ok("1".into()));
        }
        assert_eq!(server.connections.get(), 2);
    });
}

#[test]
fn a_connection_that_the_server_closes_is_replaced() {
    with_server(|server, url| async move {
        let mut client = Client::new(url, |_, _| {});
        assert_eq!(client.call("closes", "1").await, Ok("1".into()));
        assert_eq!(client.call("f", "2").await, Ok("2".into()));
        assert_eq!(server.connections.get(), 2);
    });
}

#[test]
fn errors() {
    with_server(|_, url| async move {
        let mut client = Client::new(url, |_, _| {});
        assert_eq!(
            error(&client.call("broken", "1").await).0,
            "Lambda.ServiceException"
        );
        let cause = r#"{"errorType":"Oops","errorMessage":"x"}"#;
        assert_eq!(error(&client.call("throws", "1").await), ("Oops", cause));
    });
}

/// The place for a connection stays, and so does what waits for it.
#[test]
fn an_answer_that_makes_us_panic_fails_its_call_only() {
    with_server(|_, url| async move {
        let mut client = Client::new(url, |_, limited| limited.connections.connections = Some(1));
        let calls = [("panics", 1), ("f", 2), ("panics", 3), ("f", 4)];
        for (name, ticket) in calls {
            assert_eq!(client.begin(name, "1", ticket), Progress::Pending);
        }
        for (name, ticket) in calls {
            let (answered, answer) = client.next().await;
            assert_eq!(answered, ticket);
            match name {
                "f" => assert_eq!(answer, Ok("1".into())),
                _ => {
                    let cause = "A bug in stepstream ended the call: a fault of the test";
                    assert_eq!(error(&answer), (crate::guard::PANIC, cause));
                }
            }
        }
    });
}

#[test]
fn a_huge_answer_is_cut_above_the_limit() {
    with_server(|_, url| async move {
        let mut client = Client::new(url, |_, _| {});
        let answer = client.call("huge", "1").await.expect("an answer");
        assert_eq!(answer.len(), crate::vm::PAYLOAD_BYTES_MAX + 1);
        assert_eq!(client.call("f", "2").await, Ok("2".into()));
    });
}

#[test]
fn a_slow_answer_times_out() {
    with_server(|_, url| async move {
        let mut client = Client::new(url, |_, limited| {
            limited.calls.timeout = Some(Period(Duration::from_millis(20)));
        });
        let answer = client.call("slow", "1").await;
        let cause = "Client execution did not complete before the specified timeout configuration: 20 millis";
        assert_eq!(error(&answer), ("Lambda.ClientExecutionTimeoutException", cause));
    });
}

#[test]
fn cancelled_calls_are_not_answered_and_make_room() {
    with_server(|server, url| async move {
        let mut client = Client::new(url, |_, limited| limited.connections.connections = Some(1));
        client.begin("slow", "1", 1);
        client.begin("never", "2", 2);
        client.begin("f", "3", 3);
        while server.requests.borrow().is_empty() {
            tokio::task::yield_now().await;
        }
        client.runner.cancel(Ticket(2));
        client.runner.cancel(Ticket(1));
        assert_eq!(client.next().await, (3, Ok("3".into())));
        assert!(client.answers.take().is_none());
        let requests = server.requests.borrow();
        assert!(
            !requests.iter().any(|seen| seen.contains("never")),
            "{requests:?}"
        );
    });
}

#[test]
fn a_refused_connection() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let mut client = Client::new(format!("http://127.0.0.1:{port}/"), |_, _| {});
        let answer = client.call("f", "1").await;
        let (error, cause) = error(&answer);
        assert_eq!(error, "Lambda.SdkClientException");
        let start = format!("Unable to execute HTTP request: Connect to 127.0.0.1:{port} failed: ");
        assert!(cause.starts_with(&start), "{cause}");
    });
}

/// Answers each connection's first request with a text, then closes it.
async fn raw_server(text: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::task::spawn_local(async move {
        loop {
            let (mut stream, _): (TcpStream, _) = listener.accept().await.expect("a connection");
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(text.as_bytes()).await;
        }
    });
    port
}

#[test]
fn answers_that_are_cut_off() {
    run(async {
        for text in [
            "",
            "HTTP/1.1 200 OK\r\nContent-Le",
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"a\":",
            "nonsense\r\n\r\n",
        ] {
            let port = raw_server(text).await;
            let mut client = Client::new(format!("http://127.0.0.1:{port}/"), |_, _| {});
            let answer = client.call("f", "1").await;
            assert_eq!(error(&answer).0, "Lambda.SdkClientException", "{text:?}");
        }
    });
}

fn root() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/ca.pem").into()
}

#[test]
fn tls_with_a_root_of_ones_own() {
    run(async {
        let server = Rc::<Server>::default();
        let port = server.start(true).await;
        let mut client = Client::new(format!("https://localhost:{port}/f"), |config, _| {
            config.ca_file = Some(root());
        });
        assert_eq!(client.call("f", "1").await, Ok("1".into()));
        assert_eq!(client.call("f", "2").await, Ok("2".into()));
        assert_eq!(server.connections.get(), 1);
    });
}

#[test]
fn tls_with_a_root_that_is_not_trusted() {
    run(async {
        let server = Rc::<Server>::default();
        let port = server.start(true).await;
        // The server's own certificate is no root.
        let mut client = Client::new(format!("https://localhost:{port}/f"), |config, _| {
            config.ca_file = Some(root().replace("ca.pem", "server.pem"));
        });
        let answer = client.call("f", "1").await;
        let (error, cause) = error(&answer);
        assert_eq!(error, "Lambda.SdkClientException");
        assert!(cause.contains("certificate"), "{cause}");
    });
}

#[test]
fn wrong_entries() {
    let check = |config: HttpConfig, key: &str| {
        let limited = Limited::default();
        let mistake = Service::new(&config, &limited.connections, &limited.calls).err();
        assert_eq!(mistake.and_then(|mistake| mistake.key), Some(key));
    };
    let config = |url: &str| HttpConfig {
        http: Some(url.into()),
        ..HttpConfig::default()
    };
    check(config("localhost"), "http");
    let mut plain = config("http://localhost/");
    plain.ca_file = Some(root());
    check(plain, "ca_file");
    let mut missing = config("https://localhost/");
    missing.ca_file = Some("/does/not/exist".into());
    check(missing, "ca_file");
    let mut unset = config("http://localhost/");
    let secret = Secret::Env {
        env: "STEPSTREAM_TEST_IS_NOT_SET".into(),
    };
    unset.headers = Some(BTreeMap::from([("A".into(), secret)]));
    check(unset, "headers");
}
