//! Functions that stand as the resource: Lambda's `Invoke`, with all parameters as the payload.
//!
//! Owns the request. Must not know envelopes, nor who signs. Invariant: what a function's name does not say, region and account,
//! is the entry's region and the account of the credentials.

use super::client::{Client, Meaning, Sending};
use super::counts::{Calls, Ended};
use super::entry::Entry;
use super::sign::{Cover, Outgoing};
use super::{identity_of, region};
use crate::services::protocol::Draft;
use crate::services::{Service, Services};
use crate::stream::Ticket;
use crate::task::http::{Response, Trouble};
use crate::task::lambda::http::{encode, read_response, trouble_failure};
use crate::task::lambda::invoke::{Job, Runner};
use crate::task::{Answer, Failure, Progress};
use std::rc::Rc;
use std::sync::Arc;

/// Runs functions at AWS for one shard.
pub(super) struct FunctionRunner {
    client: Rc<Client>,
    entry: Arc<Entry>,
    service: Option<Arc<Service>>,
    meaning: Rc<dyn Meaning>,
}

impl FunctionRunner {
    pub(super) fn new(client: Rc<Client>, entry: Arc<Entry>) -> FunctionRunner {
        FunctionRunner {
            client,
            service: Services::shipped().service("lambda").ok().flatten(),
            meaning: Rc::new(Function(entry.counts.of("lambda", "invoke"))),
            entry,
        }
    }

    fn sending(&self, job: &Job<'_>) -> Result<Sending, Failure> {
        let service = self
            .service
            .as_ref()
            .ok_or_else(|| self.meaning.unsent("There is no model of Lambda."))?;
        let home = &self.entry.home;
        let of_home = format!("arn:aws:lambda:{}:{}:", home.region, home.account);
        // A name that says nothing of them was made one of the service's own region and account, which need not be AWS's.
        let is_home = job.arn.starts_with(&of_home);
        let (name, named_region) = match is_home {
            true => (job.name, None),
            false => (job.arn, region::of(job.arn)),
        };
        let place = self.entry.places.find(service, named_region, None);
        let place = place.map_err(|reason| self.meaning.unsent(&reason))?;
        let (identity, session_name) = identity_of(&self.entry, job.request)?;
        Ok(Sending {
            outgoing: Outgoing {
                draft: draft(job, name),
                place,
                cover: Cover::All,
            },
            meaning: self.meaning.clone(),
            identity,
            name: session_name,
        })
    }
}

/// Returns the request of a call.
fn draft(job: &Job<'_>, name: &str) -> Draft {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let mut path = format!("/2015-03-31/functions/{}/invocations", encode(name, plain));
    if let Some(qualifier) = job.qualifier {
        path.push_str("?Qualifier=");
        path.push_str(&encode(qualifier, plain));
    }
    let kind = if job.is_event { "Event" } else { "RequestResponse" };
    let headers = [
        ("Content-Type", "application/json"),
        ("X-Amz-Invocation-Type", kind),
    ];
    Draft {
        method: "POST".to_owned(),
        path,
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        body: job.payload.to_vec(),
        host_prefix: None,
    }
}

impl Runner for FunctionRunner {
    fn run(&mut self, job: &Job<'_>, ticket: Ticket, _result: &mut Vec<u8>) -> Progress {
        let sent = self
            .sending(job)
            .and_then(|sending| self.client.send(ticket, sending));
        match sent {
            Ok(()) => Progress::Pending,
            Err(failure) => Progress::Failure(failure),
        }
    }

    fn cancel(&mut self, ticket: Ticket) {
        self.client.cancel(ticket);
    }
}

/// What a function's answer means.
struct Function(Arc<Calls>);

impl Meaning for Function {
    fn read(&self, response: Response) -> Answer {
        let answer = read_response(response);
        let error = answer.as_ref().err().and_then(|failure| failure.error.as_deref());
        self.0.add(match error {
            None if answer.is_ok() => Ended::Succeeded,
            Some("Lambda.TooManyRequestsException") => Ended::Throttled,
            _ => Ended::Failed,
        });
        answer
    }

    fn trouble(&self, trouble: Trouble) -> Failure {
        self.0.add(Ended::Unanswered);
        trouble_failure(trouble)
    }

    fn unsent(&self, reason: &str) -> Failure {
        self.0.add(Ended::Unanswered);
        Failure::new("Lambda.SdkClientException", reason)
    }
}
