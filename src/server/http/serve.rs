//! Accepts connections and accompanies each to its end.
//!
//! Owns the times and sizes that hold for every connection, whatever it asks for. Must not know routes. Invariant:
//! no connection outlives [`CONNECTION_TIME_MAX`] by more than one answer, or a stop by more than [`STOP_TIME_MAX`].

use super::class::Pages;
use super::limits::limited;
use super::places::{Places, Taken};
use super::wire::Wire;
use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::Service;

/// Bytes of a request's line and headers.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Headers of a request.
pub const HEADERS_MAX: usize = 64;
/// How long a connection may take until a request's headers are whole, the first one's or the next one's; and until TLS
/// is agreed on.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may live: after it, its request is answered, and the client opens a new one.
pub const CONNECTION_TIME_MAX: Duration = Duration::from_secs(600);
/// How long a server that stops waits for the answers that it has begun.
const STOP_TIME_MAX: Duration = Duration::from_secs(2);
/// How long nothing is accepted after the kernel refused to give a connection.
const REFUSED_PAUSE: Duration = Duration::from_millis(50);

/// Connections that are accepted before those that are there have their turn: few beside the places for arrivals, so that
/// a flood does not have one closed before it was looked at.
const ACCEPTED_MAX: usize = 32;

/// Times that tests shorten.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) header: Duration,
    pub(super) write: Duration,
    pub(super) connection: Duration,
}

impl Default for Times {
    fn default() -> Times {
        Times {
            header: HEADER_TIMEOUT,
            write: super::WRITE_TIME_MAX,
            connection: CONNECTION_TIME_MAX,
        }
    }
}

/// What every connection is served with.
pub(super) struct Site {
    router: Router,
    tls: Option<TlsAcceptor>,
    times: Times,
    /// How long the last answer of a connection may take.
    answer_time_max: Duration,
}

impl Site {
    pub(super) fn new(pages: Vec<Pages>, tls: Option<TlsAcceptor>, times: Times) -> Site {
        let slowest = pages.iter().map(|pages| pages.class.answer_time_max).max();
        let routers = pages.into_iter().map(limited);
        Site {
            router: routers.fold(Router::new(), Router::merge),
            tls,
            times,
            answer_time_max: slowest.unwrap_or_default() + times.write,
        }
    }
}

/// Serves until it is told to stop, and then what it has begun.
pub(super) async fn serve(listener: TcpListener, site: Arc<Site>, stop: &Notify) {
    let places = Places::new();
    let (stopping, stopped) = watch::channel(false);
    let mut accepted = 0;
    loop {
        let connection = tokio::select! {
            connection = listener.accept() => connection,
            () = stop.notified() => break,
        };
        match connection {
            Ok(connection) => begin(connection, &places, &site, &stopped),
            // Too many open files, or the peer is gone: neither ends the service.
            Err(error) => {
                tracing::debug!("an HTTP connection was not accepted: {error}");
                tokio::time::sleep(REFUSED_PAUSE).await;
            }
        }
        accepted += 1;
        if accepted % ACCEPTED_MAX == 0 {
            tokio::task::yield_now().await;
        }
    }
    drop((listener, stopped));
    stopping.send_replace(true);
    let _ = timeout(STOP_TIME_MAX, stopping.closed()).await;
}

fn begin(
    (stream, peer): (TcpStream, SocketAddr),
    places: &Places,
    site: &Arc<Site>,
    stopped: &watch::Receiver<bool>,
) {
    let place = Arc::new(places.take(peer.ip()));
    let id = place.id();
    let task = tokio::spawn(accompany(stream, place, site.clone(), stopped.clone()));
    // It has not begun: nothing else runs on this thread meanwhile.
    places.serves(id, task.abort_handle());
}

/// Serves a connection. A peer that breaks off, or takes too long, is its own affair.
async fn accompany(stream: TcpStream, place: Arc<Taken>, site: Arc<Site>, stopping: watch::Receiver<bool>) {
    // An answer is written in one go: it need not wait for more.
    let _ = stream.set_nodelay(true);
    let wire = Wire::new(stream, site.times.write);
    let Some(acceptor) = &site.tls else {
        return exchange(wire, place, &site, stopping).await;
    };
    match timeout(site.times.header, acceptor.accept(wire)).await {
        Ok(Ok(stream)) => exchange(stream, place, &site, stopping).await,
        Ok(Err(error)) => tracing::debug!("TLS failed on an HTTP connection: {error}"),
        Err(_) => {}
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    place: Arc<Taken>,
    site: &Site,
    mut stopping: watch::Receiver<bool>,
) {
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(place.clone());
        let answer = site.router.clone().call(request);
        async move {
            // Whoever sends many requests at once has one answered at a time, as the others have.
            tokio::task::yield_now().await;
            answer.await
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(site.times.header)
        .max_buf_size(HEADER_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = tokio::time::sleep(site.times.connection) => {}
        _ = stopping.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(site.answer_time_max, connection).await;
}
