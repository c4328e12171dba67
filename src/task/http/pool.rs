//! The hosts that one connector of a shard talks to.
//!
//! Owns their number, and the calls that somebody waits for. Must not know how a host is talked to. Invariant: `lives` has
//! the calls that are queued or under way and not cancelled.

use super::host::Host;
use super::names;
use super::shared::Shared;
use super::{Limits, Origin, Reader, Trouble};
use crate::stream::Ticket;
use crate::task::Answers;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::rc::Rc;
use tokio_rustls::TlsConnector;

/// Most hosts that are talked to at a time; one that nobody uses gives way.
const HOSTS_MAX: usize = 256;

/// The hosts of one connector.
pub(in crate::task) struct Pool {
    shared: Rc<Shared>,
    hosts: FxHashMap<Origin, Rc<Host>>,
}

impl Pool {
    /// Creates a pool whose hosts have these limits each; what `reader` says of responses goes to `answers`. Without `tls`
    /// it has no encrypted connections.
    pub(in crate::task) fn new(
        limits: Limits,
        tls: Option<TlsConnector>,
        reader: Box<dyn Reader>,
        answers: Answers,
    ) -> Pool {
        names::prepare();
        Pool {
            shared: Rc::new(Shared {
                limits,
                tls,
                reader,
                answers,
                keeps_spelling: false,
                lives: RefCell::default(),
            }),
            hosts: FxHashMap::default(),
        }
    }

    /// Keeps how the headers of responses are written; to be said before the first host is made.
    pub(in crate::task) fn keeping_spelling(mut self) -> Pool {
        if let Some(shared) = Rc::get_mut(&mut self.shared) {
            shared.keeps_spelling = true;
        }
        self
    }

    /// Returns the host at an origin; whoever keeps it spares the next look.
    ///
    /// # Errors
    /// [`Trouble::Full`] when there are as many as may be, and all are in use.
    pub(in crate::task) fn host(&mut self, origin: &Origin) -> Result<Rc<Host>, Trouble> {
        if let Some(host) = self.hosts.get(origin) {
            return Ok(host.clone());
        }
        if self.hosts.len() >= HOSTS_MAX {
            // A host that is kept elsewhere, or has a connection, has more than this reference.
            self.hosts.retain(|_, host| Rc::strong_count(host) > 1);
        }
        if self.hosts.len() >= HOSTS_MAX {
            return Err(Trouble::Full);
        }
        let host = Rc::new(Host::new(origin.clone(), self.shared.clone()));
        self.hosts.insert(origin.clone(), host.clone());
        Ok(host)
    }

    /// Returns how many requests wait for a connection.
    pub(in crate::task) fn waiting(&self) -> usize {
        self.hosts.values().map(|host| host.waiting()).sum()
    }

    /// Ends a call that nobody waits for any more; one that is over is forgotten already.
    pub(in crate::task) fn cancel(&self, ticket: Ticket) {
        let life = self.shared.lives.borrow_mut().remove(&ticket);
        if let Some(life) = life {
            life.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Wake;
    use crate::task::Answer;
    use crate::task::http::Response;
    use std::time::Duration;

    struct Unread;

    impl Reader for Unread {
        fn read(&self, _ticket: Ticket, _outcome: Result<Response, Trouble>) -> Option<Answer> {
            None
        }
    }

    fn pool() -> Pool {
        let limits = Limits {
            connections: 1,
            queue: 1,
            connect_timeout: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
        };
        Pool::new(limits, None, Box::new(Unread), Answers::new(Wake::new()))
    }

    fn origin(port: usize) -> Origin {
        let uri = format!("http://h:{port}/").parse().expect("a URI");
        Origin::of(&uri).expect("an origin")
    }

    #[test]
    fn equal_origins_share_a_host() {
        let mut pool = pool();
        let first = pool.host(&origin(1)).expect("room");
        assert!(Rc::ptr_eq(&first, &pool.host(&origin(1)).expect("room")));
        assert!(!Rc::ptr_eq(&first, &pool.host(&origin(2)).expect("room")));
    }

    #[test]
    fn hosts_that_nobody_uses_give_way() {
        let mut pool = pool();
        let first = pool.host(&origin(1)).expect("room");
        for port in 0..2 * HOSTS_MAX {
            pool.host(&origin(port)).expect("room");
            assert!(pool.hosts.len() <= HOSTS_MAX);
        }
        assert!(Rc::ptr_eq(&first, &pool.host(&origin(1)).expect("room")));

        let kept: Vec<_> = (0..).map_while(|port| pool.host(&origin(port)).ok()).collect();
        assert_eq!(kept.len(), HOSTS_MAX);
        assert_eq!(pool.host(&origin(HOSTS_MAX)).err(), Some(Trouble::Full));
    }
}
