//! HTTP calls of one shard.
//!
//! `origin` is where a URL leads, `pool` has a host for each origin, `host` the connections to one and what waits for them,
//! `connection` opens them, `names` finds their hosts, `reach` says which addresses count, `tls` whom they trust; `shared`
//! is what hosts have in common, `client` waits for single responses, `spelling` keeps how their headers are written.
//! Must not know what a request asks for, nor what its response means: a [`Reader`] does. Invariants: hosts, connections, waiting requests and the bytes of a response are bounded; a
//! request is sent again only when none of it was sent before.

mod client;
mod config;
mod connection;
mod host;
mod names;
mod origin;
mod pool;
mod reach;
mod shared;
mod spelling;
pub(super) mod tls;

pub(super) use client::Client;
pub(super) use config::ConnectionConfig;
pub(super) use host::Host;
pub(super) use names::connect;
pub(super) use origin::Origin;
pub(super) use pool::Pool;
pub(super) use reach::{Reach, forbidden};
pub(super) use spelling::Spelling;

use super::Answer;
use crate::stream::Ticket;
use crate::vm::PAYLOAD_BYTES_MAX;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{HeaderMap, StatusCode};
use std::time::Duration;

/// Most bytes of a response's body that count; of a longer one, one more is read, which tells that it is too long.
pub(super) const BODY_BYTES_MAX: usize = PAYLOAD_BYTES_MAX;

/// A request, whole before it is sent.
pub(super) type Request = hyper::Request<Full<Bytes>>;

/// How many connections and requests a host may have, and how long they may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Most connections to a host.
    pub(super) connections: usize,
    /// Most requests that wait for one of them.
    pub(super) queue: usize,
    /// How long connecting may take.
    pub(super) connect_timeout: Duration,
    /// How long a response may take, from the request's first byte to the response's last.
    pub(super) timeout: Duration,
}

/// A response, read to its end.
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// At most one byte more than [`BODY_BYTES_MAX`].
    pub(super) body: Vec<u8>,
    /// What stood behind the status's number, where it is not the usual word.
    pub(super) reason: Option<Box<[u8]>>,
    /// How the names of the headers were written, where the pool keeps that.
    pub(super) spelling: Spelling,
}

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is no connection, or it broke: a sentence without its end.
    Broken(String),
    /// It took longer than this.
    Late(Duration),
    /// As many wait for a connection as may.
    Full,
    /// The address may not be reached: a sentence.
    Forbidden(String),
    /// Our own code panicked, and said this.
    Bug(String),
}

/// Says what a response means.
pub(super) trait Reader {
    /// Makes a task's answer of a response, or of there being none; `None` where somebody else waits for it, who has it now.
    fn read(&self, ticket: Ticket, outcome: Result<Response, Trouble>) -> Option<Answer>;
}
