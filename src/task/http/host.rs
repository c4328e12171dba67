//! The connections of one shard to one host.
//!
//! A worker is a task on the shard's thread with at most one connection; it takes request after request. Invariants:
//! a worker without a request sits in `idle`; the queue has requests only while no worker is idle and no more may be
//! made.

use super::connection::Connection;
use super::shared::{Life, Shared};
use super::spelling::Spelling;
use super::{BODY_BYTES_MAX, Origin, Request, Response, Trouble};
use crate::guard::{guarded, guarded_async};
use crate::stream::Ticket;
use crate::task::{Answer, Failure};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::ext::ReasonPhrase;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

/// How long a worker keeps its connection without a request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A request that somebody waits for.
struct Queued {
    ticket: Ticket,
    request: Request,
    life: Rc<Life>,
}

/// Where an idle worker waits for a request.
#[derive(Default)]
struct Seat {
    next: Cell<Option<Queued>>,
    waker: Cell<Option<Waker>>,
}

/// The workers of a host, and what waits for them.
pub(in crate::task) struct Host {
    origin: Origin,
    shared: Rc<Shared>,
    queue: RefCell<VecDeque<Queued>>,
    /// The worker that was busy last is taken first, so that connections that are not needed time out.
    idle: RefCell<Vec<Rc<Seat>>>,
    workers: Cell<usize>,
}

impl Host {
    pub(super) fn new(origin: Origin, shared: Rc<Shared>) -> Host {
        Host {
            origin,
            shared,
            queue: RefCell::default(),
            idle: RefCell::default(),
            workers: Cell::new(0),
        }
    }

    /// Gives a request to an idle worker, a new one, or the queue.
    ///
    /// # Errors
    /// [`Trouble::Full`].
    pub(in crate::task) fn submit(self: &Rc<Host>, ticket: Ticket, request: Request) -> Result<(), Trouble> {
        let life = Rc::<Life>::default();
        let queued = Queued {
            ticket,
            request,
            life: life.clone(),
        };
        if let Some(seat) = self.idle.borrow_mut().pop() {
            seat.next.set(Some(queued));
            if let Some(waker) = seat.waker.take() {
                waker.wake();
            }
        } else if self.workers.get() < self.shared.limits.connections {
            self.workers.set(self.workers.get() + 1);
            tokio::task::spawn_local(work(self.clone(), queued));
        } else {
            self.wait(queued)?;
        }
        self.shared.lives.borrow_mut().insert(ticket, life);
        Ok(())
    }

    /// Puts a request into the queue.
    fn wait(&self, queued: Queued) -> Result<(), Trouble> {
        let (mut queue, limit) = (self.queue.borrow_mut(), self.shared.limits.queue);
        if queue.len() >= limit {
            // Those that nobody waits for any more make room.
            queue.retain(|queued| !queued.life.is_over());
        }
        if queue.len() >= limit {
            return Err(Trouble::Full);
        }
        queue.push_back(queued);
        Ok(())
    }

    /// Returns how many requests wait for a worker.
    pub(super) fn waiting(&self) -> usize {
        self.queue.borrow().len()
    }

    /// Waits for the next request; `None` when there was none for long.
    async fn next(&self, seat: &Rc<Seat>) -> Option<Queued> {
        if let Some(queued) = self.queue.borrow_mut().pop_front() {
            return Some(queued);
        }
        self.idle.borrow_mut().push(seat.clone());
        let seated = poll_fn(|context| match seat.next.take() {
            Some(queued) => Poll::Ready(queued),
            None => {
                seat.waker.set(Some(context.waker().clone()));
                Poll::Pending
            }
        });
        match tokio::time::timeout(IDLE_TIMEOUT, seated).await {
            Ok(queued) => Some(queued),
            Err(_) => {
                self.idle.borrow_mut().retain(|other| !Rc::ptr_eq(other, seat));
                seat.next.take()
            }
        }
    }

    /// Sends a request and reads what its response means.
    async fn exchange(
        &self,
        connection: &mut Option<Connection>,
        ticket: Ticket,
        request: Request,
    ) -> Option<Answer> {
        let timeout = self.shared.limits.timeout;
        let asked = tokio::time::timeout(timeout, guarded_async(self.ask(connection, request)));
        let outcome = match asked.await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => Err(Trouble::Bug(panic)),
            Err(_) => Err(Trouble::Late(timeout)),
        };
        if outcome.is_err() {
            *connection = None;
        }
        let answer = guarded(|| self.shared.reader.read(ticket, outcome));
        answer.unwrap_or_else(|message| {
            // The worker goes on: with it a place for a connection would be gone, and this call's answer.
            *connection = None;
            Some(Err(Failure::panicked(&message)))
        })
    }

    /// Takes the connection that is there, if it can be used again.
    async fn reusable(&self, connection: &mut Option<Connection>) -> Option<Connection> {
        let mut open = connection.take()?;
        open.is_ready().await.then_some(open)
    }

    /// Sends a request on the connection that is there or on a new one, and reads the response.
    async fn ask(
        &self,
        connection: &mut Option<Connection>,
        mut request: Request,
    ) -> Result<Response, Trouble> {
        let response = loop {
            let mut open = match self.reusable(connection).await {
                Some(open) => open,
                None => Connection::open(&self.origin, &self.shared).await?,
            };
            match open.send(request).await {
                Ok(response) => {
                    *connection = Some(open);
                    break response;
                }
                // It was closed while it was idle. Each turn needs a connection that opened, and the time
                // is limited.
                Err(unsent) => match unsent.request {
                    Some(again) => request = again,
                    None => return Err(Trouble::Broken(described(&unsent.error))),
                },
            }
        };
        let spelling = connection.as_ref().map(Connection::spelling);
        let read = read(response, spelling.unwrap_or_default()).await;
        let (response, is_whole) = read.map_err(|error| Trouble::Broken(described(&error)))?;
        if !is_whole {
            *connection = None;
        }
        Ok(response)
    }
}

/// Reads a response, at most one byte more than counts; also says whether that was all of it.
async fn read(
    response: hyper::Response<Incoming>,
    spelling: Spelling,
) -> Result<(Response, bool), hyper::Error> {
    let (head, mut body) = response.into_parts();
    let expected = body.size_hint().lower().min(BODY_BYTES_MAX as u64);
    let mut bytes = Vec::with_capacity(expected as usize);
    let mut is_whole = true;
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            bytes.extend_from_slice(data);
        }
        if bytes.len() > BODY_BYTES_MAX {
            bytes.truncate(BODY_BYTES_MAX + 1);
            is_whole = false;
            break;
        }
    }
    let response = Response {
        status: head.status,
        headers: head.headers,
        body: bytes,
        reason: head
            .extensions
            .get::<ReasonPhrase>()
            .map(|reason| reason.as_bytes().into()),
        spelling,
    };
    Ok((response, is_whole))
}

/// Returns an error with what caused it.
fn described(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Takes request after request, until there is none for long.
async fn work(host: Rc<Host>, first: Queued) {
    let (seat, mut connection) = (Rc::<Seat>::default(), None);
    let mut next = Some(first);
    while let Some(Queued {
        ticket,
        request,
        life,
    }) = next
    {
        if life.is_over() {
            // Cancelled while it was queued: nothing was sent, the connection stays.
            next = host.next(&seat).await;
            continue;
        }
        let answer = tokio::select! {
            biased;
            () = life.ended() => None,
            answer = host.exchange(&mut connection, ticket, request) => Some(answer),
        };
        match answer {
            Some(answer) if !life.is_over() => {
                host.shared.lives.borrow_mut().remove(&ticket);
                if let Some(answer) = answer {
                    host.shared.answers.answer(ticket, answer);
                }
            }
            Some(_) => {}
            // A call in the middle: its connection cannot be used for another.
            None => connection = None,
        }
        next = host.next(&seat).await;
    }
    host.workers.set(host.workers.get() - 1);
}
