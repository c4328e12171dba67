//! What the hosts of a pool have in common.

use super::{Limits, Reader};
use crate::stream::Ticket;
use crate::task::Answers;
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use tokio_rustls::TlsConnector;

/// What the hosts have in common.
pub(super) struct Shared {
    /// For each of them.
    pub(super) limits: Limits,
    /// What opens encrypted connections, if there are to be any.
    pub(super) tls: Option<TlsConnector>,
    pub(super) reader: Box<dyn Reader>,
    pub(super) answers: Answers,
    /// Whether responses tell how their headers were written.
    pub(super) keeps_spelling: bool,
    pub(super) lives: RefCell<FxHashMap<Ticket, Rc<Life>>>,
}

/// Whether somebody still waits for a call.
#[derive(Default)]
pub(super) struct Life {
    over: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Life {
    /// Says whether nobody waits any more.
    pub(super) fn is_over(&self) -> bool {
        self.over.get()
    }

    /// Nobody waits any more.
    pub(super) fn end(&self) {
        self.over.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    pub(super) async fn ended(&self) {
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
