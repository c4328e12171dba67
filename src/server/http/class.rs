//! A class of requests: what the requests of some pages may take together.
//!
//! Must not know which classes there are: whoever has pages names theirs. Invariant: every limit has a number.

use axum::Router;
use std::time::Duration;

/// The limits of a class. The classes share a thread and a port, but no place and no waiting line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// What tells it from the others.
    pub name: &'static str,
    /// Connections whose last request was of this class. For one more the idlest is closed, of the peer that has most.
    pub connections_max: usize,
    /// Requests that are answered at a time; one more is refused with 503.
    pub in_flight_max: usize,
    /// Bytes of a request's body; a larger one is refused with 413.
    pub body_bytes_max: usize,
    /// How long an answer may take, the reading of the body included; a later one becomes 503.
    pub answer_time_max: Duration,
}

/// Pages of one class.
pub struct Pages {
    /// What their requests may take.
    pub class: Class,
    /// Their routes; of all pages of a server one may have a fallback.
    pub router: Router,
}
