//! The places that connections for metrics and health have.
//!
//! Whoever connects gets one: when all are taken, the idlest connection of the peer that has most is
//! closed for it, so that nobody keeps the others out by being silent. Must not know HTTP. Invariant:
//! there are never more connections than places.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// The connections there are; clones are the same.
#[derive(Clone)]
pub(super) struct Places(Arc<Mutex<Inner>>);

struct Inner {
    places_max: usize,
    next: u64,
    taken: Vec<Place>,
}

struct Place {
    id: u64,
    peer: IpAddr,
    /// When it came, or was answered last.
    active: Instant,
    /// What serves it, once that runs.
    task: Option<AbortHandle>,
}

/// A place that a connection has; dropping it gives it back.
pub(super) struct Taken {
    places: Places,
    id: u64,
}

impl Places {
    /// Creates so many.
    pub(super) fn new(places_max: usize) -> Places {
        Places(Arc::new(Mutex::new(Inner {
            places_max,
            next: 0,
            taken: Vec::new(),
        })))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a place for a connection, whose peer may cost another connection its own.
    pub(super) fn take(&self, peer: IpAddr) -> Taken {
        let (id, closed) = self.with(|inner| {
            let closed = (inner.taken.len() >= inner.places_max)
                .then(|| idlest(&inner.taken))
                .flatten()
                .map(|index| inner.taken.swap_remove(index));
            inner.next += 1;
            let id = inner.next;
            inner.taken.push(Place {
                id,
                peer,
                active: Instant::now(),
                task: None,
            });
            (id, closed)
        });
        // Not under the lock: what is aborted gives its place back.
        if let Some(task) = closed.and_then(|place| place.task) {
            task.abort();
        }
        Taken {
            places: self.clone(),
            id,
        }
    }

    /// Notes what serves a connection, so that it can be closed. One that has given its place back needs nothing.
    pub(super) fn serves(&self, id: u64, task: AbortHandle) {
        self.change(id, |place| place.task = Some(task));
    }

    fn change(&self, id: u64, change: impl FnOnce(&mut Place)) {
        self.with(|inner| {
            if let Some(place) = inner.taken.iter_mut().find(|place| place.id == id) {
                change(place);
            }
        });
    }
}

impl Taken {
    /// Returns what names the place.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Notes that the connection was answered.
    pub(super) fn answered(&self) {
        self.places.change(self.id, |place| place.active = Instant::now());
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.places
            .with(|inner| inner.taken.retain(|place| place.id != self.id));
    }
}

/// Returns the connection that was not answered for longest, of the peer that has most.
fn idlest(taken: &[Place]) -> Option<usize> {
    let of_peer = |peer: IpAddr| taken.iter().filter(|place| place.peer == peer).count();
    let most = taken.iter().map(|place| of_peer(place.peer)).max()?;
    let places = taken.iter().enumerate();
    let places = places.filter(|(_, place)| of_peer(place.peer) == most);
    places
        .min_by_key(|(_, place)| place.active)
        .map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_idlest_of_the_peer_that_has_most_goes() {
        let begin = Instant::now();
        let idlest = |places: &[(u8, u64)]| {
            let place = |&(peer, active): &(u8, u64)| Place {
                id: 0,
                peer: IpAddr::from([10, 0, 0, peer]),
                active: begin + Duration::from_secs(active),
                task: None,
            };
            super::idlest(&places.iter().map(place).collect::<Vec<_>>())
        };
        assert_eq!(idlest(&[]), None);
        assert_eq!(idlest(&[(1, 5)]), Some(0));
        assert_eq!(idlest(&[(1, 5), (1, 3), (1, 4)]), Some(1));
        // The first peer has the idlest of all, but only one.
        assert_eq!(idlest(&[(1, 0), (2, 5), (2, 3), (2, 4)]), Some(2));
    }
}
