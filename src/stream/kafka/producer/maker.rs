//! Makes clients on a thread of its own, which was started before the shard was pinned to a core.
//!
//! Threads inherit the cores of the one that starts them, and a client starts several: made on a pinned thread they would
//! all run on the shard's core. Must not know what is made. Invariant: asking never waits.

use crate::stream::Wake;
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use std::io;

/// Makes things when it is asked to; gone, its thread ends.
pub(super) struct Maker<T> {
    orders: Sender<()>,
    made: Receiver<T>,
    is_ordered: bool,
}

impl<T: Send + 'static> Maker<T> {
    /// Starts the thread. It wakes a shard when something `is_news` that it has made.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn start(
        make: impl Fn() -> T + Send + 'static,
        wake: Wake,
        is_news: fn(&T) -> bool,
    ) -> io::Result<Maker<T>> {
        let (orders, ordered) = bounded::<()>(1);
        let (finished, made) = bounded(1);
        let work = move || {
            while ordered.recv().is_ok() {
                let made = make();
                let is_news = is_news(&made);
                if finished.send(made).is_err() {
                    return;
                }
                if is_news {
                    wake.wake();
                }
            }
        };
        std::thread::Builder::new()
            .name("kafka-maker".to_owned())
            .spawn(work)?;
        Ok(Maker {
            orders,
            made,
            is_ordered: false,
        })
    }

    /// Orders one, unless it is ordered already; returns it once it is made.
    pub(super) fn make(&mut self) -> Option<T> {
        if !self.is_ordered {
            self.is_ordered = self.orders.try_send(()).is_ok();
        }
        match self.made.try_recv() {
            Ok(made) => {
                self.is_ordered = false;
                Some(made)
            }
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::{self, ThreadId};

    #[tokio::test]
    async fn what_is_ordered_is_made_elsewhere_and_once() {
        let wake = Wake::new();
        let mut maker = Maker::<ThreadId>::start(|| thread::current().id(), wake.clone(), |_| true);
        let maker = maker.as_mut().expect("a thread");
        for _ in 0..2 {
            let early = maker.make();
            wake.woken().await;
            let made = early.or_else(|| maker.make()).expect("what it was woken for");
            assert_ne!(made, thread::current().id());
        }
        assert!(!maker.is_ordered && maker.made.is_empty());
    }
}
