//! Requests whose responses somebody waits for, one at a time.
//!
//! A call that takes several requests (a token first, then what it is for) is written as one piece of code that waits. Must
//! not know what is asked. Invariant: whoever stops waiting ends the request.

use super::{Limits, Origin, Pool, Reader, Request, Response, Trouble};
use crate::stream::{Ticket, Wake};
use crate::task::{Answer, Answers};
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;

/// Who waits for which request.
type Waiting = Rc<RefCell<FxHashMap<Ticket, oneshot::Sender<Result<Response, Trouble>>>>>;

/// Sends requests of one shard and waits for their responses.
pub(in crate::task) struct Client {
    pool: RefCell<Pool>,
    waiting: Waiting,
    next: Cell<u64>,
}

/// Gives each response to whoever waits for it.
struct Outlet(Waiting);

impl Reader for Outlet {
    fn read(&self, ticket: Ticket, outcome: Result<Response, Trouble>) -> Option<Answer> {
        if let Some(sender) = self.0.borrow_mut().remove(&ticket) {
            // Whoever has stopped waiting is not told.
            let _ = sender.send(outcome);
        }
        None
    }
}

impl Client {
    /// Creates a client of hosts that have these limits each. Responses tell how their headers are written.
    pub(in crate::task) fn new(limits: Limits, tls: Option<TlsConnector>) -> Client {
        let waiting = Waiting::default();
        let outlet = Box::new(Outlet(waiting.clone()));
        // Nobody is answered there: the outlet has all responses.
        let answers = Answers::new(Wake::new());
        Client {
            pool: RefCell::new(Pool::new(limits, tls, outlet, answers).keeping_spelling()),
            waiting,
            next: Cell::new(0),
        }
    }

    /// Sends a request and waits for its response; call it inside the shard's `LocalSet`.
    pub(in crate::task) async fn send(&self, origin: &Origin, request: Request) -> Result<Response, Trouble> {
        let ticket = Ticket(self.next.get());
        self.next.set(ticket.0 + 1);
        let (sender, receiver) = oneshot::channel();
        self.waiting.borrow_mut().insert(ticket, sender);
        let _call = Call { client: self, ticket };
        let host = self.pool.borrow_mut().host(origin)?;
        host.submit(ticket, request)?;
        drop(host);
        let lost = || Trouble::Bug("a response was lost".to_owned());
        receiver.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Returns how many requests wait for a connection.
    pub(in crate::task) fn waiting(&self) -> usize {
        self.pool.borrow().waiting()
    }
}

/// A request that somebody waits for.
struct Call<'a> {
    client: &'a Client,
    ticket: Ticket,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.client.waiting.borrow_mut().remove(&self.ticket);
        self.client.pool.borrow().cancel(self.ticket);
    }
}
