//! The one HTTP server of the process: a router, and limits for each class of requests.
//!
//! One small thread of its own, so that a busy shard does not delay an answer and an answer does not
//! delay a shard. Whoever adds pages gives a [`Class`] and a router ([`Pages`]). Must not know what the pages
//! say. Invariant: whatever clients send, send slowly, send and never read, or do not send, connections, bytes and
//! times are bounded, and the requests of one class take nothing from another's.

mod class;
mod limits;
mod places;
mod serve;
mod tls;
mod wire;

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod tests;

pub use class::{Class, Pages};
pub use places::ARRIVING_MAX;
pub use serve::{CONNECTION_TIME_MAX, HEADER_BYTES_MAX, HEADER_TIMEOUT, HEADERS_MAX};
pub use wire::{WRITE_RATE_MIN, WRITE_TIME_MAX};

use crate::config::Tls;
use crate::guard::guarded;
use crate::secret;
use serve::{Site, Times};
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::Notify;

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: u32 = 1024;
/// Threads for answers that take processor time; the server's own thread stays free for the others.
const WORKERS_MAX: usize = 2;

/// Why the pages are not served.
#[derive(Debug)]
pub enum HttpError {
    /// The address has no meaning.
    Address {
        /// As configured.
        listen: String,
        /// Why.
        reason: io::Error,
    },
    /// The address cannot be listened on.
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        reason: io::Error,
    },
    /// A file for TLS cannot be used.
    Tls {
        /// The key of the configuration that names it, below `service.tls`.
        key: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The thread cannot be started.
    Thread(io::Error),
}

impl fmt::Display for HttpError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HttpError::Address { listen, reason } => write!(
                out,
                "service.listen: {listen:?} is not an address such as \"127.0.0.1:9464\": {reason}"
            ),
            HttpError::Listen { address, reason } if reason.kind() == io::ErrorKind::AddrInUse => write!(
                out,
                "service.listen: port {} is in use at {}; another process listens there, or another stepstream",
                address.port(),
                address.ip()
            ),
            HttpError::Listen { address, reason } => {
                write!(out, "service.listen: cannot listen on {address}: {reason}")
            }
            HttpError::Tls { key, file, reason } if file.to_str().is_none_or(secret::is_shown) => {
                write!(out, "service.tls.{key}: {}: {reason}", file.display())
            }
            HttpError::Tls { key, reason, .. } => write!(out, "service.tls.{key}: {reason}"),
            HttpError::Thread(reason) => write!(out, "cannot start the HTTP thread: {reason}"),
        }
    }
}

impl std::error::Error for HttpError {}

/// The running server; dropping it stops it, once the requests that it has begun to answer are answered.
pub struct Http {
    address: SocketAddr,
    scheme: &'static str,
    stop: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

impl Http {
    /// Listens on an address (`host:port`; port 0 takes a free one) and answers from then on.
    ///
    /// # Errors
    /// When the address cannot be listened on, or a file for TLS cannot be used.
    pub fn start(listen: &str, tls: Option<&Tls>, pages: Vec<Pages>) -> Result<Http, HttpError> {
        Http::start_with(listen, tls, pages, Times::default())
    }

    fn start_with(
        listen: &str,
        tls: Option<&Tls>,
        pages: Vec<Pages>,
        times: Times,
    ) -> Result<Http, HttpError> {
        let acceptor = tls.map(tls::acceptor).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .thread_name("stepstream-http-worker")
            .max_blocking_threads(WORKERS_MAX)
            .build()
            .map_err(HttpError::Thread)?;
        let listener = bind(listen, &runtime)?;
        let address = listener.local_addr().map_err(HttpError::Thread)?;
        let stop = Arc::new(Notify::new());
        let site = Arc::new(Site::new(pages, acceptor, times));
        let stopped = stop.clone();
        let thread = std::thread::Builder::new()
            .name("stepstream-http".to_owned())
            .spawn(move || {
                if let Err(message) = guarded(|| runtime.block_on(serve::serve(listener, site, &stopped))) {
                    tracing::error!(%address, "a bug in stepstream ended the HTTP server, please report it: {message}");
                }
            })
            .map_err(HttpError::Thread)?;
        Ok(Http {
            address,
            scheme: if tls.is_some() { "https" } else { "http" },
            stop,
            thread: Some(thread),
        })
    }

    /// Returns the address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns what its URLs begin with: `https` with TLS.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            // It panicked: the panic has been printed.
            let _ = thread.join();
        }
    }
}

fn bind(listen: &str, runtime: &Runtime) -> Result<TcpListener, HttpError> {
    let wrong = |reason| HttpError::Address {
        listen: listen.to_owned(),
        reason,
    };
    let address = listen.to_socket_addrs().map_err(wrong)?.next();
    let nothing = || wrong(io::Error::new(io::ErrorKind::NotFound, "it has no address"));
    let address = address.ok_or_else(nothing)?;
    // A socket belongs to the runtime that waits for it.
    let _inside = runtime.enter();
    let listen = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        // A restart takes the port again while old connections linger.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|reason| HttpError::Listen { address, reason })
}
