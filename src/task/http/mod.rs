//! Functions behind a URL: the payload is POSTed, the answer is JSON, in the shape of Lambda's `Invoke` API.
//!
//! `Service` is one entry of the configuration, checked (`target` has the URL); each shard has a pool of
//! keep-alive connections to it (`pool`, `connection`), and `answer` says what an HTTP answer means. Must not
//! know ARNs or envelopes. Invariants: connections and waiting calls are bounded; a call is sent again only
//! when none of it was sent before.
//!
//! | what happens | error |
//! |---|---|
//! | the answer has `X-Amz-Function-Error` | its `errorType`; `Lambda.Unknown` without one |
//! | 429; as many calls wait as may | `Lambda.TooManyRequestsException` |
//! | 404 | `Lambda.ResourceNotFoundException` |
//! | 5xx | `Lambda.ServiceException` |
//! | another status that is no success | what `X-Amzn-ErrorType` says, or `Lambda.AWSLambdaException` |
//! | no connection, an answer that is cut off or not JSON | `Lambda.SdkClientException` |
//! | no answer within `timeout` | `Lambda.ClientExecutionTimeoutException` |
//! | an answer above 256 KiB | `States.DataLimitExceeded` |

mod answer;
mod connection;
mod pool;
mod target;
#[cfg(test)]
mod tests;

use super::config::Http;
use super::{Answers, Call, Connector, Failure, Progress};
use crate::stream::{Sink, Ticket};
use connection::Address;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use pool::{Job, Pool};
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use target::{Target, Targets};

/// What is said of a header's name that is none: it may be a secret.
const NO_HEADER: &str = "a header's name consists of letters, digits and -; this one has other characters";

/// A key of the configuration and what is wrong with it.
type Problem = (Option<&'static str>, String);

const INVOCATION_TYPE: HeaderName = HeaderName::from_static("x-amz-invocation-type");
const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// One entry of the configuration, checked.
pub(super) struct Service {
    target: Target,
    address: Address,
    /// Of every request; those that differ from call to call have their places here already.
    headers: HeaderMap,
    connections: usize,
    queue: usize,
    timeout: Duration,
}

impl Service {
    /// Checks an entry; reads its secrets and certificates.
    pub(super) fn new(entry: &Http<'_>) -> Result<Service, Problem> {
        let target = Target::parse(entry.url).map_err(|message| (Some("http"), message))?;
        let address = Address::new(&target, entry.ca_file, entry.connect_timeout)?;
        let mut headers = HeaderMap::new();
        let invalid = |message: String| (Some("headers"), message);
        let host = HeaderValue::from_str(&target.authority).map_err(|error| invalid(error.to_string()))?;
        headers.insert(HOST, host);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("stepstream/", env!("CARGO_PKG_VERSION"))),
        );
        for (name, value) in &entry.headers {
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid(NO_HEADER.to_owned()))?;
            let text = value
                .read()
                .map_err(|error| invalid(format!("{name}: {error}")))?;
            // The message must not show the text.
            let mut value = HeaderValue::from_str(&text)
                .map_err(|_| invalid(format!("{name}: the text cannot be a header's value")))?;
            value.set_sensitive(true);
            headers.insert(key, value);
        }
        headers.insert(INVOCATION_TYPE, HeaderValue::from_static("RequestResponse"));
        headers.insert(KEY, HeaderValue::from_static(""));
        Ok(Service {
            target,
            address,
            headers,
            connections: entry.connections,
            queue: entry.queue,
            timeout: entry.timeout,
        })
    }
}

/// Calls a service from one shard.
pub(super) struct HttpConnector {
    pool: Rc<Pool>,
    targets: Targets,
    /// A call's key, as it becomes a header.
    key: String,
}

impl HttpConnector {
    pub(super) fn new(service: Arc<Service>, answers: Answers) -> HttpConnector {
        HttpConnector {
            pool: Rc::new(Pool::new(service, answers)),
            targets: Targets::default(),
            key: String::new(),
        }
    }

    fn request(&mut self, call: &Call<'_>) -> Option<Request<Full<Bytes>>> {
        let service = self.pool.service();
        let mut request = Request::new(Full::new(Bytes::from(call.payload.to_vec())));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.targets.get(&service.target, call)?;
        let headers = request.headers_mut();
        headers.clone_from(&service.headers);
        if call.event {
            headers.insert(INVOCATION_TYPE, HeaderValue::from_static("Event"));
        }
        self.key.clear();
        // Writing to a String does not fail.
        let _ = write!(self.key, "{}", call.key);
        headers.insert(KEY, key_value(&self.key)?);
        Some(request)
    }
}

/// Returns a key as a header's value: state names may have any character.
fn key_value(key: &str) -> Option<HeaderValue> {
    if key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'%') {
        return HeaderValue::from_str(key).ok();
    }
    HeaderValue::try_from(target::encode(key, |byte| {
        byte.is_ascii_graphic() && byte != b'%'
    }))
    .ok()
}

impl Connector for HttpConnector {
    fn call(
        &mut self,
        call: &Call<'_>,
        ticket: Ticket,
        _sink: &mut dyn Sink,
        _result: &mut Vec<u8>,
    ) -> Progress {
        let Some(request) = self.request(call) else {
            let cause = "The function's name makes no URL.";
            return Progress::Failure(Failure::new("Lambda.InvalidParameterValueException", cause));
        };
        match self.pool.submit(Job::new(ticket, request)) {
            Ok(()) => Progress::Pending,
            Err(failure) => Progress::Failure(failure),
        }
    }

    fn cancel(&mut self, ticket: Ticket) {
        self.pool.cancel(ticket);
    }

    fn waiting(&self) -> usize {
        self.pool.waiting()
    }
}
