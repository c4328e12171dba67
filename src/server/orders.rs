//! Orders to a service that runs, and the news that a shard is over.
//!
//! Owns what was ordered and not yet heard. Must not know what is done about it. Invariant: no order is lost and
//! none waits, however many come: each is a mark that stays until it is taken, and only the bell may ring in vain.

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Gives orders to a service that runs; clones give them to the same one.
#[derive(Clone, Debug)]
pub struct Orders {
    given: Arc<Mutex<Given>>,
    bell: Sender<()>,
}

/// What was ordered, or has happened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) stop: bool,
    pub(super) reload: bool,
    /// Shards that are over.
    pub(super) over: BTreeSet<usize>,
}

/// Where orders are heard.
#[derive(Debug)]
pub(super) struct Desk {
    given: Arc<Mutex<Given>>,
    rung: Receiver<()>,
}

/// Creates both ends.
pub(super) fn orders() -> (Orders, Desk) {
    let given = Arc::default();
    // One ring that was not heard yet is as good as many.
    let (bell, rung) = bounded(1);
    let desk = Desk {
        given: Arc::clone(&given),
        rung,
    };
    (Orders { given, bell }, desk)
}

impl Orders {
    /// Lets running executions finish, commits, and ends the service.
    pub fn stop(&self) {
        self.give(|given| given.stop = true);
    }

    /// Reads all definitions again.
    pub fn reload(&self) {
        self.give(|given| given.reload = true);
    }

    /// Tells that a shard is over.
    pub(super) fn shard_over(&self, number: usize) {
        self.give(|given| {
            given.over.insert(number);
        });
    }

    fn give(&self, write: impl FnOnce(&mut Given)) {
        write(&mut self.given.lock().unwrap_or_else(PoisonError::into_inner));
        let _ = self.bell.try_send(());
    }
}

impl Desk {
    /// Waits for orders, at the longest so long, and takes them; `None` when nobody is left to give any, and all
    /// were taken.
    pub(super) fn take(&self, timeout: Duration) -> Option<Given> {
        let is_deserted = self.rung.recv_timeout(timeout) == Err(RecvTimeoutError::Disconnected);
        let given = std::mem::take(&mut *self.given.lock().unwrap_or_else(PoisonError::into_inner));
        (!is_deserted || given != Given::default()).then_some(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_heard_however_many_came_before() {
        let (orders, desk) = orders();
        for number in 0..1_000 {
            orders.reload();
            orders.shard_over(number);
        }
        orders.stop();
        let given = desk.take(Duration::ZERO).expect("orders");
        assert!(given.stop && given.reload);
        assert_eq!(given.over.len(), 1_000);
        assert_eq!(desk.take(Duration::ZERO), Some(Given::default()));
        orders.stop();
        drop(orders);
        assert!(desk.take(Duration::ZERO).is_some_and(|given| given.stop));
        assert_eq!(desk.take(Duration::ZERO), None);
    }
}
