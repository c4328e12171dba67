//! The connections of one shard to one service.
//!
//! A worker is a task on the shard's thread with at most one connection; it takes job after job. Invariants:
//! a worker without a job sits in `idle`; the queue has jobs only while no worker is idle and no more may
//! be made; `lives` has the calls that are queued or under way and not cancelled.

use super::Service;
use super::answer;
use super::connection::{Connection, client_failure};
use crate::guard::guarded_async;
use crate::stream::Ticket;
use crate::task::{Answer, Answers, Failure};
use crate::vm::PAYLOAD_BYTES_MAX;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::{Request, Response};
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

/// How long a worker keeps its connection without a call.
const IDLE: Duration = Duration::from_secs(30);

/// One call.
pub(super) struct Job {
    ticket: Ticket,
    request: Request<Full<Bytes>>,
    life: Rc<Life>,
}

impl Job {
    pub(super) fn new(ticket: Ticket, request: Request<Full<Bytes>>) -> Job {
        Job {
            ticket,
            request,
            life: Rc::default(),
        }
    }
}

/// Whether somebody still waits for a call.
#[derive(Default)]
struct Life {
    over: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Life {
    /// Nobody waits any more.
    fn end(&self) {
        self.over.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    async fn ended(&self) {
        poll_fn(|context| {
            if self.over.get() {
                return Poll::Ready(());
            }
            self.waker.set(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

/// Where an idle worker waits for a job.
#[derive(Default)]
struct Seat {
    job: Cell<Option<Job>>,
    waker: Cell<Option<Waker>>,
}

/// The workers of a shard and what waits for them.
pub(super) struct Pool {
    service: Arc<Service>,
    answers: Answers,
    queue: RefCell<VecDeque<Job>>,
    /// The worker that was busy last is taken first, so that connections that are not needed time out.
    idle: RefCell<Vec<Rc<Seat>>>,
    workers: Cell<usize>,
    lives: RefCell<FxHashMap<Ticket, Rc<Life>>>,
}

impl Pool {
    pub(super) fn new(service: Arc<Service>, answers: Answers) -> Pool {
        Pool {
            service,
            answers,
            queue: RefCell::default(),
            idle: RefCell::default(),
            workers: Cell::new(0),
            lives: RefCell::default(),
        }
    }

    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    /// Gives a job to an idle worker, a new one, or the queue.
    pub(super) fn submit(self: &Rc<Pool>, job: Job) -> Result<(), Failure> {
        let (ticket, life) = (job.ticket, job.life.clone());
        if let Some(seat) = self.idle.borrow_mut().pop() {
            seat.job.set(Some(job));
            if let Some(waker) = seat.waker.take() {
                waker.wake();
            }
        } else if self.workers.get() < self.service.connections {
            self.workers.set(self.workers.get() + 1);
            tokio::task::spawn_local(work(self.clone(), job));
        } else {
            let mut queue = self.queue.borrow_mut();
            if queue.len() >= self.service.queue {
                // Those that nobody waits for any more make room.
                queue.retain(|job| !job.life.over.get());
            }
            if queue.len() >= self.service.queue {
                let cause = "Too many calls are waiting for a connection (tasks: queue).";
                return Err(Failure::new("Lambda.TooManyRequestsException", cause));
            }
            queue.push_back(job);
        }
        self.lives.borrow_mut().insert(ticket, life);
        Ok(())
    }

    /// Returns how many jobs wait for a worker.
    pub(super) fn waiting(&self) -> usize {
        self.queue.borrow().len()
    }

    /// Ends a call that nobody waits for any more; one that is over is forgotten already.
    pub(super) fn cancel(&self, ticket: Ticket) {
        let life = self.lives.borrow_mut().remove(&ticket);
        if let Some(life) = life {
            life.end();
        }
    }

    /// Waits for the next job; `None` when there was none for long.
    async fn next(&self, seat: &Rc<Seat>) -> Option<Job> {
        if let Some(job) = self.queue.borrow_mut().pop_front() {
            return Some(job);
        }
        self.idle.borrow_mut().push(seat.clone());
        let seated = poll_fn(|context| match seat.job.take() {
            Some(job) => Poll::Ready(job),
            None => {
                seat.waker.set(Some(context.waker().clone()));
                Poll::Pending
            }
        });
        match tokio::time::timeout(IDLE, seated).await {
            Ok(job) => Some(job),
            Err(_) => {
                self.idle.borrow_mut().retain(|other| !Rc::ptr_eq(other, seat));
                seat.job.take()
            }
        }
    }

    async fn exchange(&self, connection: &mut Option<Connection>, request: Request<Full<Bytes>>) -> Answer {
        let asked = tokio::time::timeout(self.service.timeout, guarded_async(self.ask(connection, request)));
        let Ok(answer) = asked.await else {
            *connection = None;
            let milliseconds = self.service.timeout.as_millis();
            return Err(Failure::new(
                "Lambda.ClientExecutionTimeoutException",
                format!(
                    "Client execution did not complete before the specified timeout configuration: {milliseconds} millis"
                ),
            ));
        };
        answer.unwrap_or_else(|message| {
            // The worker goes on: with it a place for a connection would be gone, and this call's answer.
            *connection = None;
            Err(Failure::panicked(&message))
        })
    }

    /// Takes the connection that is there, if it can be used again.
    async fn reusable(&self, connection: &mut Option<Connection>) -> Option<Connection> {
        let mut open = connection.take()?;
        open.is_ready().await.then_some(open)
    }

    /// Sends a request on the connection that is there or on a new one, and reads the answer.
    async fn ask(&self, connection: &mut Option<Connection>, mut request: Request<Full<Bytes>>) -> Answer {
        let response = loop {
            let mut open = match self.reusable(connection).await {
                Some(open) => open,
                None => self.service.address.connect().await?,
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
                    None => return Err(client_failure(described(&unsent.error))),
                },
            }
        };
        match read(response).await {
            Ok((status, headers, body, whole)) => {
                if !whole {
                    *connection = None;
                }
                answer::answer(status, &headers, body)
            }
            Err(error) => {
                *connection = None;
                Err(client_failure(described(&error)))
            }
        }
    }
}

type Parts = (hyper::StatusCode, hyper::HeaderMap, Vec<u8>, bool);

/// Reads an answer, at most one byte more than a task may return; also says whether that was all of it.
async fn read(response: Response<Incoming>) -> Result<Parts, hyper::Error> {
    let (head, mut body) = response.into_parts();
    let expected = body.size_hint().lower().min(PAYLOAD_BYTES_MAX as u64);
    let mut bytes = Vec::with_capacity(expected as usize);
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            bytes.extend_from_slice(data);
        }
        if bytes.len() > PAYLOAD_BYTES_MAX {
            bytes.truncate(PAYLOAD_BYTES_MAX + 1);
            return Ok((head.status, head.headers, bytes, false));
        }
    }
    Ok((head.status, head.headers, bytes, true))
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

async fn work(pool: Rc<Pool>, first: Job) {
    let (seat, mut connection) = (Rc::<Seat>::default(), None);
    let mut next = Some(first);
    while let Some(Job {
        ticket,
        request,
        life,
    }) = next
    {
        if life.over.get() {
            // Cancelled while it was queued: nothing was sent, the connection stays.
            next = pool.next(&seat).await;
            continue;
        }
        let answer = tokio::select! {
            biased;
            () = life.ended() => None,
            answer = pool.exchange(&mut connection, request) => Some(answer),
        };
        match answer {
            Some(answer) if !life.over.get() => {
                pool.lives.borrow_mut().remove(&ticket);
                pool.answers.answer(ticket, answer);
            }
            Some(_) => {}
            // A call in the middle: its connection cannot be used for another.
            None => connection = None,
        }
        next = pool.next(&seat).await;
    }
    pool.workers.set(pool.workers.get() - 1);
}
