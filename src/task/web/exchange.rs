//! Calls of web APIs, as a connector.
//!
//! Each call is a task on the shard's thread: it waits for a token if the connection has one, sends the request, and once
//! more with a new token if the first was refused. Must not know parameters. Invariants: a call that nobody waits for any more
//! is dropped with its request; as many calls wait as the entry allows.

use super::connection::TokenRequest;
use super::response::{Integration, answer, failure};
use super::service::{Prepared, Service};
use super::token::{Token, TokenCell};
use crate::guard::guarded_async;
use crate::stream::{Sink, Ticket};
use crate::task::aws::{Author, Signatory, Signing};
use crate::task::http::{Client, Request, Response, Trouble};
use crate::task::{Answer, Answers, Call, Connector, Failure, Progress};
use crate::value::Heap;
use hyper::StatusCode;
use hyper::header::AUTHORIZATION;
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use tokio::task::AbortHandle;

/// Makes the calls of one shard.
pub(super) struct Caller {
    web: Rc<Web>,
    answers: Answers,
    /// Calls that somebody waits for.
    running: FxHashMap<Ticket, AbortHandle>,
}

/// What the calls of a shard share.
struct Web {
    service: Arc<Service>,
    client: Client,
    signing: Option<Signing>,
    /// By connection.
    tokens: Vec<TokenCell>,
    /// How many calls wait for a token.
    waiting: Cell<usize>,
    scratch: RefCell<Heap>,
}

/// A call, ready to be sent.
struct Job {
    integration: Integration,
    prepared: Prepared,
    /// With whose rights it is signed, if it is.
    author: Option<Author>,
}

impl Caller {
    pub(super) fn new(service: Arc<Service>, answers: Answers) -> Caller {
        let client = Client::new(service.limits, service.tls.clone());
        let tokens = service
            .connections
            .ready
            .iter()
            .map(|_| TokenCell::default())
            .collect();
        Caller {
            web: Rc::new(Web {
                signing: service.signatory.as_ref().map(Signatory::on_shard),
                service,
                client,
                tokens,
                waiting: Cell::new(0),
                scratch: RefCell::new(Heap::new()),
            }),
            answers,
            running: FxHashMap::default(),
        }
    }

    fn begin(&mut self, call: &Call<'_>, ticket: Ticket) -> Result<(), Failure> {
        let mut parts = call.resource.rsplit(':');
        let (action, service) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let Some(integration) = Integration::of(service, action) else {
            let cause = format!("This entry of [tasks] does not serve {}.", call.resource);
            return Err(Failure::new(crate::fault::PERMISSIONS, cause));
        };
        let (view, parameters) = (call.request.view, call.request.parameters);
        let prepared = self.web.service.draft(integration, view, parameters)?;
        let author = match (&prepared.unsigned, &self.web.signing) {
            (Some(_), Some(signing)) => Some(signing.author(&call.request)?),
            _ => None,
        };
        let job = Job {
            integration,
            prepared,
            author,
        };
        let (web, answers) = (self.web.clone(), self.answers.clone());
        let task = tokio::task::spawn_local(async move {
            let answer = guarded_async(web.run(job)).await;
            answers.answer(
                ticket,
                answer.unwrap_or_else(|message| Err(Failure::panicked(&message))),
            );
        });
        self.running.insert(ticket, task.abort_handle());
        Ok(())
    }
}

impl Connector for Caller {
    fn call(
        &mut self,
        call: &Call<'_>,
        ticket: Ticket,
        _sink: &mut dyn Sink,
        _result: &mut Vec<u8>,
    ) -> Progress {
        match self.begin(call, ticket) {
            Ok(()) => Progress::Pending,
            Err(failure) => Progress::Failure(failure),
        }
    }

    fn dress(&mut self, ticket: Ticket, answer: Answer, _now_ms: i64) -> Answer {
        self.running.remove(&ticket);
        answer
    }

    fn cancel(&mut self, ticket: Ticket) {
        if let Some(task) = self.running.remove(&ticket) {
            task.abort();
        }
    }

    fn waiting(&self) -> usize {
        self.web.client.waiting() + self.web.waiting.get()
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        for task in self.running.values() {
            task.abort();
        }
    }
}

impl Web {
    async fn run(&self, job: Job) -> Answer {
        let integration = job.integration;
        match self.exchange(job).await {
            Ok(Ok(response)) => answer(integration, &response, &mut self.scratch.borrow_mut()),
            Ok(Err(trouble)) => Err(failure(integration, trouble)),
            Err(failure) => Err(failure),
        }
    }

    /// Sends a request, signed if it has to be, with a token if its connection has one.
    ///
    /// # Errors
    /// When there are no credentials, or there is no token.
    async fn exchange(&self, job: Job) -> Result<Result<Response, Trouble>, Failure> {
        let Prepared {
            origin,
            request,
            connection,
            unsigned,
        } = job.prepared;
        if let (Some(unsigned), Some(signing), Some(author)) = (unsigned, &self.signing, &job.author) {
            let unsent = |reason: &str| Failure::new("ApiGateway.SdkClientException", reason);
            let signed = signing.sign(author, unsigned, unsent).await?;
            return Ok(self.client.send(&origin, signed).await);
        }
        let connection = connection.map(|number| (number, &self.service.connections.ready[number]));
        let token = connection.and_then(|(number, connection)| Some((number, connection.token.as_ref()?)));
        let Some((number, asking)) = token else {
            return Ok(self.client.send(&origin, request).await);
        };
        let token = self.token(number, asking, None).await?;
        let again = request.clone();
        let response = self.client.send(&origin, with(&token, request)).await;
        match response {
            Ok(response) if response.status == StatusCode::UNAUTHORIZED => {
                let token = self.token(number, asking, Some(token.number)).await?;
                Ok(self.client.send(&origin, with(&token, again)).await)
            }
            response => Ok(response),
        }
    }

    async fn token(
        &self,
        number: usize,
        request: &TokenRequest,
        refused: Option<u64>,
    ) -> Result<Token, Failure> {
        if self.waiting.get() >= self.service.limits.queue.max(1) {
            return Err(failure(Integration::Http, Trouble::Full));
        }
        let _waiting = Waits::new(&self.waiting);
        let connections = &self.service.connections;
        let (connection, cell) = (&connections.ready[number], &self.tokens[number]);
        cell.get(&self.client, connection, request, refused, &connections.counts)
            .await
    }
}

/// Counts who waits.
struct Waits<'a>(&'a Cell<usize>);

impl Waits<'_> {
    fn new(count: &Cell<usize>) -> Waits<'_> {
        count.set(count.get() + 1);
        Waits(count)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

fn with(token: &Token, mut request: Request) -> Request {
    request.headers_mut().insert(AUTHORIZATION, token.header.clone());
    request
}
