//! A caller who waits for the end of an execution.
//!
//! Must not know executions. Invariant: it is answered once, and whether it is still there changes nothing.

use super::call::CallEnd;
use std::cell::Cell;
use std::rc::Rc;
use tokio::sync::oneshot;

/// A caller who waits.
pub(super) struct Caller {
    /// The name of the execution.
    pub(super) name: String,
    /// Where the answer goes, until it was given.
    reply: Cell<Option<oneshot::Sender<CallEnd>>>,
}

impl Caller {
    pub(super) fn new(name: String, reply: oneshot::Sender<CallEnd>) -> Rc<Caller> {
        Rc::new(Caller {
            name,
            reply: Cell::new(Some(reply)),
        })
    }

    /// Returns how many bytes are kept of it.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Caller>() + self.name.len()
    }

    pub(super) fn answer(&self, end: CallEnd) {
        if let Some(reply) = self.reply.take() {
            // Who has gone away needs no answer.
            let _ = reply.send(end);
        }
    }
}
