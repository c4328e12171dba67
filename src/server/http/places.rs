//! The places that connections have: some for those that have just come, some for each class of requests.
//!
//! A connection arrives, and moves to the class of its latest request. When all places of its kind are taken, the idlest
//! connection of the peer that has most is closed for it, so that nobody keeps the others out by being silent, slow, or
//! deaf. Must not know HTTP. Invariant: there are never more connections of a kind than places, and none of one kind gives
//! way to one of another.

use super::class::Class;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// Connections at a time that have not asked for anything yet.
pub const ARRIVING_MAX: usize = 256;
/// Bits of an IPv6 address that tell one peer from another: a host has all addresses behind them.
const PEER_BITS: u32 = 64;

/// The connections there are; clones are the same.
#[derive(Clone)]
pub(super) struct Places(Arc<Mutex<Inner>>);

struct Inner {
    next: u64,
    taken: Vec<Place>,
}

struct Place {
    id: u64,
    peer: IpAddr,
    /// The class of its latest request; none has come yet.
    class: Option<&'static str>,
    /// When it came, or was answered last.
    active: Instant,
    /// Whether a request of it is being answered.
    is_served: bool,
    /// What serves it, once that runs.
    task: Option<AbortHandle>,
}

/// A place that a connection has; dropping it gives it back.
pub(super) struct Taken {
    places: Places,
    id: u64,
}

impl Places {
    /// Creates them, all free.
    pub(super) fn new() -> Places {
        Places(Arc::new(Mutex::new(Inner {
            next: 0,
            taken: Vec::new(),
        })))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a place for a connection that arrives, whose peer may cost another connection its own.
    pub(super) fn take(&self, peer: IpAddr) -> Taken {
        let (id, closed) = self.with(|inner| {
            let closed = inner.make_room(None, ARRIVING_MAX).ok().flatten();
            inner.next += 1;
            let id = inner.next;
            inner.taken.push(Place {
                id,
                peer: host(peer),
                class: None,
                active: Instant::now(),
                is_served: false,
                task: None,
            });
            (id, closed)
        });
        close(closed);
        Taken {
            places: self.clone(),
            id,
        }
    }

    /// Notes what serves a connection, so that it can be closed. One that has given its place back needs nothing.
    pub(super) fn serves(&self, id: u64, task: AbortHandle) {
        self.with(|inner| inner.change(id, |place| place.task = Some(task)));
    }
}

impl Inner {
    fn change(&mut self, id: u64, change: impl FnOnce(&mut Place)) {
        if let Some(place) = self.taken.iter_mut().find(|place| place.id == id) {
            change(place);
        }
    }

    /// Takes a connection's place for another when all of a kind are taken.
    ///
    /// # Errors
    /// When every one of them is being served.
    fn make_room(&mut self, class: Option<&'static str>, places_max: usize) -> Result<Option<Place>, ()> {
        let of_class = |place: &&Place| place.class == class;
        if self.taken.iter().filter(of_class).count() < places_max {
            return Ok(None);
        }
        let index = idlest(&self.taken, class).ok_or(())?;
        Ok(Some(self.taken.swap_remove(index)))
    }

    /// Moves a connection to a class.
    ///
    /// # Errors
    /// When the class has no room.
    fn enter(&mut self, id: u64, class: &Class) -> Result<Option<Place>, ()> {
        let is_there = |place: &Place| place.id == id && place.class == Some(class.name);
        let closed = match self.taken.iter().any(is_there) {
            true => None,
            false => self.make_room(Some(class.name), class.connections_max)?,
        };
        self.change(id, |place| {
            place.class = Some(class.name);
            place.is_served = true;
        });
        Ok(closed)
    }
}

impl Taken {
    /// Returns what names the place.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Moves the connection to the class of a request that has come; says whether there was room.
    pub(super) fn enter(&self, class: &Class) -> bool {
        let entered = self.places.with(|inner| inner.enter(self.id, class));
        entered.map(close).is_ok()
    }

    /// Notes that the connection was answered.
    pub(super) fn answered(&self) {
        self.places.with(|inner| {
            inner.change(self.id, |place| {
                place.active = Instant::now();
                place.is_served = false;
            });
        });
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.places
            .with(|inner| inner.taken.retain(|place| place.id != self.id));
    }
}

/// Ends what has lost its place. Not under the lock: what is aborted gives its place back.
fn close(place: Option<Place>) {
    if let Some(task) = place.and_then(|place| place.task) {
        task.abort();
    }
}

/// Returns what counts as one peer.
fn host(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() >> PEER_BITS << PEER_BITS;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        address => address,
    }
}

/// Returns the connection of a class that was not answered for longest, of the peer that has most of those that can go.
fn idlest(taken: &[Place], class: Option<&'static str>) -> Option<usize> {
    let can_go = |place: &Place| place.class == class && !place.is_served;
    let idle = || taken.iter().enumerate().filter(|(_, place)| can_go(place));
    let mut of_peer: HashMap<IpAddr, usize> = HashMap::new();
    for (_, place) in idle() {
        *of_peer.entry(place.peer).or_default() += 1;
    }
    let most = *of_peer.values().max()?;
    idle()
        .filter(|(_, place)| of_peer[&place.peer] == most)
        .min_by_key(|(_, place)| place.active)
        .map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn place(begin: Instant, peer: u8, active: u64) -> Place {
        Place {
            id: 0,
            peer: IpAddr::from([10, 0, 0, peer]),
            class: None,
            active: begin + Duration::from_secs(active),
            is_served: false,
            task: None,
        }
    }

    #[test]
    fn the_idlest_of_the_peer_that_has_most_goes() {
        let begin = Instant::now();
        let check = |places: &[(u8, u64)], expected| {
            let places = places.iter().map(|&(peer, active)| place(begin, peer, active));
            assert_eq!(
                idlest(&places.collect::<Vec<_>>(), None),
                expected,
                "{expected:?}"
            );
        };
        check(&[], None);
        check(&[(1, 5)], Some(0));
        check(&[(1, 5), (1, 3), (1, 4)], Some(1));
        // The first peer has the idlest of all, but only one.
        check(&[(1, 0), (2, 5), (2, 3), (2, 4)], Some(2));
    }

    #[test]
    fn neither_a_busy_one_nor_one_of_another_class_goes() {
        let begin = Instant::now();
        let busy = Place {
            is_served: true,
            ..place(begin, 1, 0)
        };
        let other = Place {
            class: Some("api"),
            ..place(begin, 1, 0)
        };
        let places = [busy, other, place(begin, 1, 5)];
        assert_eq!(idlest(&places, None), Some(2));
        assert_eq!(idlest(&places, Some("api")), Some(1));
        assert_eq!(idlest(&places[..1], None), None);
    }

    #[test]
    fn a_class_that_is_busy_takes_no_more() {
        let class = Class {
            name: "api",
            connections_max: 1,
            in_flight_max: 1,
            body_bytes_max: 0,
            answer_time_max: Duration::ZERO,
        };
        let places = Places::new();
        let [first, second] = [1, 2].map(|peer| places.take(IpAddr::from([10, 0, 0, peer])));
        assert!(first.enter(&class) && first.enter(&class));
        assert!(!second.enter(&class));
        first.answered();
        assert!(second.enter(&class));
        let taken = |places: &Places| places.with(|inner| inner.taken.len());
        assert_eq!(taken(&places), 1, "the first has lost its place");
        drop((first, second));
        assert_eq!(taken(&places), 0);
    }

    #[test]
    fn a_network_of_addresses_is_one_peer() {
        let check = |left: &str, right: &str, is_same: bool| {
            let [left, right] = [left, right].map(|text| host(text.parse().expect("an address")));
            assert_eq!(left == right, is_same, "{left} {right}");
        };
        check("2001:db8::1", "2001:db8::2", true);
        check("2001:db8::1", "2001:db8:0:1::1", false);
        check("::ffff:10.0.0.1", "10.0.0.1", true);
        check("10.0.0.1", "10.0.0.2", false);
    }
}
