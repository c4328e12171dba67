//! Functions behind a URL: the payload is POSTed, the answer is JSON, in the shape of Lambda's `Invoke` API.
//!
//! `Service` is one entry of the configuration, checked (`target` has the URL); each shard has connections of its own
//! to it ([`crate::task::http`]), and `answer` says what an HTTP response means. Must not know envelopes.
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
mod config;
mod target;
#[cfg(test)]
mod tests;

use super::CallLimits;
use super::invoke::{Invoker, Job, Runner};
use crate::stream::Ticket;
use crate::task::config::Mistake;
use crate::task::http::{ConnectionConfig, Host, Limits, Pool, Request, Trouble, tls};
use crate::task::maker::{Maker, Site};
use crate::task::{Answers, Connector, Failure, Progress};
use answer::FunctionReader;
pub(in crate::task) use answer::{failure as trouble_failure, read as read_response};
pub(in crate::task) use config::HttpConfig;
use http_body_util::Full;
use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;
pub(in crate::task) use target::encode;
use target::{Target, Targets};
use tokio_rustls::TlsConnector;

/// What is said of a header's name that is none: it may be a secret.
const NO_HEADER: &str = "a header's name consists of letters, digits and -; this one has other characters";

const INVOCATION_TYPE: HeaderName = HeaderName::from_static("x-amz-invocation-type");
const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// One entry of the configuration, checked.
pub(in crate::task) struct Service {
    target: Target,
    tls: Option<TlsConnector>,
    /// Of every request; those that differ from call to call have their places here already.
    headers: HeaderMap,
    limits: Limits,
}

impl Service {
    /// Checks an entry; reads its secrets and certificates.
    pub(in crate::task) fn new(
        config: &HttpConfig,
        connections: &ConnectionConfig,
        limits: &CallLimits,
    ) -> Result<Service, Mistake> {
        let url = config.http.as_deref().unwrap_or_default();
        let target = Target::parse(url).map_err(|message| Mistake::of_key("http", message))?;
        let tls = tls_connector(&target, config.ca_file.as_deref())?;
        let mut headers = HeaderMap::new();
        let invalid = |message: String| Mistake::of_key("headers", message);
        let host = HeaderValue::from_str(&target.authority).map_err(|error| invalid(error.to_string()))?;
        headers.insert(HOST, host);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("stepstream/", env!("CARGO_PKG_VERSION"))),
        );
        for (name, value) in config.headers.iter().flatten() {
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
            tls,
            headers,
            limits: connections.limits(limits.queue(), limits.timeout()),
        })
    }
}

/// Returns what opens encrypted connections, if the URL wants them.
fn tls_connector(target: &Target, ca_file: Option<&str>) -> Result<Option<TlsConnector>, Mistake> {
    let roots = match (target.origin.is_encrypted(), ca_file) {
        (false, None) => return Ok(None),
        (false, Some(_)) => return Err(Mistake::of_key("ca_file", "only https needs it")),
        (true, Some(file)) => tls::roots_of(file).map_err(|message| Mistake::of_key("ca_file", message))?,
        (true, None) => tls::roots_of_system().map_err(|message| Mistake::of_key("http", message))?,
    };
    let connector = tls::connector(roots).map_err(|message| Mistake::of_key("http", message))?;
    Ok(Some(connector))
}

/// An entry that has functions behind a URL.
pub(in crate::task) struct HttpMaker(pub(in crate::task) Arc<Service>);

impl Maker for HttpMaker {
    fn make(&self, site: &mut Site) -> Box<dyn Connector> {
        let runner = HttpRunner::new(self.0.clone(), site.answers.clone());
        Box::new(Invoker::new(runner, site.random.next_u64()))
    }
}

/// Runs the functions of a service for one shard.
struct HttpRunner {
    service: Arc<Service>,
    pool: Pool,
    /// The one of the service's URL, once something was sent there.
    host: Option<Rc<Host>>,
    targets: Targets,
    /// A call's key, as it becomes a header.
    key: String,
}

impl HttpRunner {
    fn new(service: Arc<Service>, answers: Answers) -> HttpRunner {
        let (limits, tls) = (service.limits, service.tls.clone());
        HttpRunner {
            service,
            pool: Pool::new(limits, tls, Box::new(FunctionReader), answers),
            host: None,
            targets: Targets::default(),
            key: String::new(),
        }
    }

    fn submit(&mut self, ticket: Ticket, request: Request) -> Result<(), Trouble> {
        let host = match &self.host {
            Some(host) => host,
            None => self.host.insert(self.pool.host(&self.service.target.origin)?),
        };
        host.submit(ticket, request)
    }

    fn request(&mut self, job: &Job<'_>) -> Option<Request> {
        let service = &*self.service;
        let mut request = Request::new(Full::new(Bytes::from(job.payload.to_vec())));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.targets.get(&service.target, job)?;
        let headers = request.headers_mut();
        headers.clone_from(&service.headers);
        if job.is_event {
            headers.insert(INVOCATION_TYPE, HeaderValue::from_static("Event"));
        }
        self.key.clear();
        // Writing to a String does not fail.
        let _ = write!(self.key, "{}", job.key);
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

impl Runner for HttpRunner {
    fn run(&mut self, job: &Job<'_>, ticket: Ticket, _result: &mut Vec<u8>) -> Progress {
        let Some(request) = self.request(job) else {
            let cause = "The function's name makes no URL.";
            return Progress::Failure(Failure::new("Lambda.InvalidParameterValueException", cause));
        };
        match self.submit(ticket, request) {
            Ok(()) => Progress::Pending,
            Err(trouble) => Progress::Failure(answer::failure(trouble)),
        }
    }

    fn cancel(&mut self, ticket: Ticket) {
        self.pool.cancel(ticket);
    }

    fn waiting(&self) -> usize {
        self.pool.waiting()
    }
}
