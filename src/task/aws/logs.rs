//! CloudWatch Logs, for a writer of execution logs: its requests, signed and sent.
//!
//! Runs on the writer's thread, where requests may wait. Must not know what is logged. Invariants: a request is answered in
//! bounded time; credentials that the service refuses are not used again.

use super::action::ResponseHeaders;
use super::credentials::{Http, Identity, Session};
use super::entry::Entry;
use super::places::Place;
use super::settings::Settings;
use super::sign::{Cover, Outgoing, Signer};
use crate::log::write::{self, CloudWatch, CloudWatchAnswer, CloudWatchFactory, Reply};
use crate::services::protocol::{self, Draft};
use crate::services::{Service, Services, Style};
use crate::task::Home;
use hyper::body::Bytes;
use hyper::{Request, Response, Uri};
use reqsign_core::HttpSend;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How long a request may take, with credentials and connection.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The name of a role's session for logs.
const SESSION: &str = "stepstream-log";

/// What the service says when it does not know credentials (any more).
const REFUSALS: [&str; 4] = [
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidSignatureException",
];

/// Returns what reaches CloudWatch Logs with the credentials and at the endpoint of `[aws]`.
///
/// # Errors
/// What of the section cannot be used.
pub fn cloudwatch(settings: &Settings, home: &Home) -> Result<CloudWatchFactory, String> {
    let entry = Entry::of_process(settings, home)?;
    let service = Services::shipped().service("cloudwatchlogs");
    let service = service
        .ok()
        .flatten()
        .ok_or("the service models lack CloudWatch Logs")?;
    Ok(Box::new(move || {
        let http = entry.http();
        Ok(Rc::new(Logs(Rc::new(Inner {
            http,
            entry,
            service,
            signer: RefCell::default(),
            refused: RefCell::default(),
        }))))
    }))
}

/// The way to CloudWatch Logs from one thread.
struct Logs(Rc<Inner>);

struct Inner {
    entry: Entry,
    service: Arc<Service>,
    http: Http,
    signer: RefCell<Signer>,
    /// The credentials that were refused last.
    refused: RefCell<Option<Arc<Session>>>,
}

impl CloudWatch for Logs {
    fn ask(&self, request: write::Request) -> CloudWatchAnswer {
        let inner = self.0.clone();
        Box::pin(async move {
            match tokio::time::timeout(REQUEST_TIMEOUT, inner.ask(request)).await {
                Ok(answer) => answer,
                Err(_) => Err(format!("no answer within {} s", REQUEST_TIMEOUT.as_secs())),
            }
        })
    }
}

impl Inner {
    async fn ask(&self, request: write::Request) -> Result<Reply, String> {
        let refused = self.refused.borrow_mut().take();
        let session = self
            .entry
            .keeper
            .session(&Identity::default(), SESSION, refused)
            .await;
        let session = session.map_err(|denial| denial.text().to_string())?;
        let place = self
            .entry
            .places
            .find(&self.service, request.region.as_deref(), None)?;
        let request = self.signed(request, &place, &session)?;
        let sent = self.http.http_send(request).await;
        let reply = self.read(sent.map_err(|error| error.to_string())?)?;
        if let Reply::Refused { code, .. } = &reply
            && REFUSALS.contains(&code.as_str())
        {
            *self.refused.borrow_mut() = Some(session);
        }
        Ok(reply)
    }

    fn signed(
        &self,
        request: write::Request,
        place: &Place,
        session: &Arc<Session>,
    ) -> Result<Request<Bytes>, String> {
        let target = format!("Logs_20140328.{}", request.operation);
        let draft = Draft {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            headers: vec![
                ("Content-Type".to_owned(), "application/x-amz-json-1.1".to_owned()),
                ("X-Amz-Target".to_owned(), target),
            ],
            body: request.body,
            host_prefix: None,
        };
        let outgoing = Outgoing {
            draft,
            place: place.clone(),
            cover: Cover::All,
        };
        let mut signed = self.signer.borrow_mut().signed(outgoing, Some(session))?;
        let scheme = if place.url.origin.is_encrypted() {
            "https"
        } else {
            "http"
        };
        let uri = format!("{scheme}://{}{}", place.url.authority, signed.uri());
        *signed.uri_mut() = uri.parse::<Uri>().map_err(|error| error.to_string())?;
        Ok(signed)
    }

    fn read(&self, response: Response<Bytes>) -> Result<Reply, String> {
        let (head, body) = response.into_parts();
        if head.status.is_success() {
            return Ok(Reply::Done(body.into()));
        }
        let operation = self
            .service
            .operation("putLogEvents")
            .ok_or("the service models lack PutLogEvents")?;
        let headers = ResponseHeaders(&head.headers);
        let status = head.status.as_u16();
        let answer = protocol::response(&self.service, operation, Style::Sdk, status, &headers, &body);
        let reported = match answer {
            Err(error) => error.reported,
            Ok(_) => return Err(format!("status {status}")),
        };
        match reported.code {
            Some(code) => Ok(Reply::Refused {
                code,
                message: reported.message.unwrap_or_default(),
            }),
            None => Err(format!("status {status}")),
        }
    }
}
