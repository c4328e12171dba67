//! The Runtime API, as one process sees it.
//!
//! Each process has an address of its own, so that whoever asks is known. Must not know how a process ends. Invariants:
//! a process gets its next call only after it has answered the last one; an answer counts for the call whose id it has.

use super::fleet::Fleet;
use super::instance::Instance;
use super::words::{self, ANSWER_BYTES_MAX};
use crate::services::protocol::text_member;
use crate::task::Failure;
use crate::task::http::BODY_BYTES_MAX;
use crate::task::lambda::thrown::thrown;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Where the paths of the API begin.
const ROOT: &str = "/2018-06-01/runtime/";

/// Most connections of a process: a runtime has one or two.
const CONNECTIONS_MAX: usize = 16;

/// How long to wait when the system has no connection to give.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

const ERROR_TYPE: &str = "lambda-runtime-function-error-type";

type Reply = Response<Full<Bytes>>;

/// Serves a process; never returns.
pub(super) async fn serve(listener: TcpListener, fleet: &Rc<Fleet>, instance: &Rc<Instance>) {
    let mut connections = JoinSet::new();
    loop {
        if connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                tokio::time::sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        // Small answers, each waited for.
        let _ = stream.set_nodelay(true);
        let (fleet, instance) = (fleet.clone(), instance.clone());
        connections.spawn_local(async move {
            let service = service_fn(|request| answer(&fleet, &instance, request));
            let server = hyper::server::conn::http1::Builder::new();
            // A runtime that closes its connection is its own affair.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(
    fleet: &Rc<Fleet>,
    instance: &Rc<Instance>,
    request: Request<Incoming>,
) -> Result<Reply, Infallible> {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.strip_prefix(ROOT).unwrap_or_default().split('/').collect();
    Ok(match (request.method(), &*parts) {
        (&Method::GET, ["invocation", "next"]) => next(fleet, instance).await,
        (&Method::POST, ["invocation", id, "response"]) => responded(instance, id, request).await,
        (&Method::POST, ["invocation", id, "error"]) => failed(instance, id, request).await,
        (&Method::POST, ["init", "error"]) => not_started(instance, request).await,
        _ => refusal(
            StatusCode::NOT_FOUND,
            "NotFound",
            "The Runtime API has no such path.",
        ),
    })
}

/// Gives a process its next call.
async fn next(fleet: &Rc<Fleet>, instance: &Rc<Instance>) -> Reply {
    if instance.is_running() || instance.is_idle() {
        let message =
            "Transition from Running to Ready is not allowed: the last invocation has not been answered.";
        return refusal(StatusCode::FORBIDDEN, "InvalidStateTransition", message);
    }
    let Some(invocation) = fleet.next(instance).await else {
        return std::future::pending().await;
    };
    let timeout = fleet.command.timeout;
    let mut reply = Response::new(Full::new(Bytes::copy_from_slice(&invocation.payload)));
    // The clock of the call, which has gone on since.
    let now_ms = invocation.since_ms + invocation.since.elapsed().as_millis() as i64;
    let deadline = now_ms + timeout.as_millis() as i64;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in [
        ("lambda-runtime-aws-request-id", &*invocation.request_id),
        (
            "lambda-runtime-trace-id",
            &*trace_id(&invocation.request_id, now_ms),
        ),
        ("lambda-runtime-deadline-ms", &*deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", &*invocation.arn),
        ("lambda-runtime-client-context", &*invocation.client_context),
    ] {
        // All of these are visible ASCII.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    instance.begin(timeout, invocation);
    reply
}

/// Returns a trace of its own for a request, which nobody samples: some runtimes insist on one.
fn trace_id(request_id: &str, now_ms: i64) -> String {
    let digits: String = request_id
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(24)
        .collect();
    format!("Root=1-{:08x}-{digits};Sampled=0", now_ms / 1000)
}

/// Takes what a handler has returned.
async fn responded(instance: &Instance, id: &str, request: Request<Incoming>) -> Reply {
    let Ok(told) = Told::read(request, ANSWER_BYTES_MAX).await else {
        return broken();
    };
    if told.is_too_large {
        finish(instance, id, Err(words::too_large()));
        let message = format!("Exceeded maximum allowed payload size ({ANSWER_BYTES_MAX} bytes).");
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message);
    }
    let Told { body, trailer, .. } = &told;
    let answer = match trailer {
        Some(error) => Err(typed(thrown(body), Some(error))),
        None if body.is_empty() => Ok(b"null".to_vec()),
        // One byte beyond what a state may return tells that it is too much.
        None => Ok(body[..body.len().min(BODY_BYTES_MAX + 1)].to_vec()),
    };
    finish(instance, id, answer)
}

/// Takes the error that a handler has raised.
async fn failed(instance: &Instance, id: &str, request: Request<Incoming>) -> Reply {
    match Told::read(request, BODY_BYTES_MAX).await {
        Ok(told) => finish(instance, id, Err(told.failure())),
        Err(_) => broken(),
    }
}

/// Takes the reason why a handler could not be started. The process ends by itself then.
async fn not_started(instance: &Instance, request: Request<Incoming>) -> Reply {
    match Told::read(request, BODY_BYTES_MAX).await {
        Ok(told) => {
            instance.note_start_error(told.failure());
            accepted()
        }
        Err(_) => broken(),
    }
}

/// What a process tells. All of it is read, also what does not count: else the connection could not go on.
struct Told {
    /// So much of the body as may be.
    body: Vec<u8>,
    is_too_large: bool,
    /// The type of an error, in front of the body and behind it: a handler that streams its answer tells its error at the end.
    header: Option<HeaderValue>,
    trailer: Option<HeaderValue>,
}

impl Told {
    async fn read(request: Request<Incoming>, bytes_max: usize) -> Result<Told, hyper::Error> {
        let (head, mut incoming) = request.into_parts();
        let mut told = Told {
            body: Vec::new(),
            is_too_large: false,
            header: head.headers.get(ERROR_TYPE).cloned(),
            trailer: None,
        };
        while let Some(frame) = incoming.frame().await {
            match frame?.into_data() {
                Ok(data) => {
                    let room = bytes_max - told.body.len();
                    told.is_too_large |= data.len() > room;
                    told.body.extend_from_slice(&data[..data.len().min(room)]);
                }
                Err(frame) => {
                    let trailers = frame.trailers_ref();
                    told.trailer = trailers.and_then(|trailers| trailers.get(ERROR_TYPE)).cloned();
                }
            }
        }
        Ok(told)
    }

    /// Returns the error that the body is; a header gives its type if the body does not.
    fn failure(&self) -> Failure {
        let has_type = text_member(&self.body, &["errorType"]).is_some();
        typed(thrown(&self.body), self.header.as_ref().filter(|_| !has_type))
    }
}

/// Gives a failure the type that a header names.
fn typed(failure: Failure, error: Option<&HeaderValue>) -> Failure {
    match error
        .and_then(|error| error.to_str().ok())
        .filter(|error| !error.is_empty())
    {
        Some(error) => Failure {
            error: Some(error.to_owned()),
            ..failure
        },
        None => failure,
    }
}

fn finish(instance: &Instance, id: &str, answer: Result<Vec<u8>, Failure>) -> Reply {
    match instance.end(id) {
        Some(invocation) => {
            invocation.answer(answer);
            accepted()
        }
        // It was late, and its call is over.
        None => unknown(),
    }
}

fn accepted() -> Reply {
    json(StatusCode::ACCEPTED, r#"{"status":"OK"}"#.to_owned())
}

/// A body that broke off: the process may send it again, or ends.
fn broken() -> Reply {
    refusal(
        StatusCode::BAD_REQUEST,
        "InvalidRequest",
        "The body is not complete.",
    )
}

fn unknown() -> Reply {
    refusal(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
}

fn refusal(status: StatusCode, error: &str, message: &str) -> Reply {
    json(
        status,
        format!(r#"{{"errorMessage":"{message}","errorType":"{error}"}}"#),
    )
}

fn json(status: StatusCode, text: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(text)));
    *reply.status_mut() = status;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *reply.headers_mut() = headers;
    reply
}
