//! One connection to a host, kept alive between requests.

use super::names;
use super::shared::Shared;
use super::spelling::{Head, Kept, Spelling};
use super::{Origin, Request, Trouble};
use http_body_util::Full;
use hyper::Response;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

/// An open connection.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
    /// The head of the last response, where that is kept.
    head: Option<Head>,
}

/// A request that was not answered.
pub(super) struct Unsent {
    /// The request, if nothing of it was sent: then it may be sent on another connection.
    pub(super) request: Option<Request>,
    pub(super) error: hyper::Error,
}

impl Connection {
    /// Opens a connection; call it inside the shard's `LocalSet`.
    pub(super) async fn open(origin: &Origin, shared: &Shared) -> Result<Connection, Trouble> {
        let unable = |error: String| {
            let (host, port) = (&origin.host, origin.port);
            Trouble::Broken(format!("Connect to {host}:{port} failed: {error}"))
        };
        let timeout = shared.limits.connect_timeout;
        let head = shared.keeps_spelling.then(Head::default);
        match tokio::time::timeout(timeout, connect(origin, shared.tls.as_ref(), head)).await {
            Ok(opened) => opened.map_err(|error| match names::forbidden(&error) {
                Some(reason) => Trouble::Forbidden(reason),
                None => unable(error.to_string()),
            }),
            Err(_) => Err(unable(format!("timed out after {} ms", timeout.as_millis()))),
        }
    }

    async fn new<T>(stream: T, head: Option<Head>) -> io::Result<Connection>
    where
        T: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let stream = TokioIo::new(Kept::new(stream, head.clone()));
        let (sender, connection) = handshake(stream).await.map_err(io::Error::other)?;
        // Its errors come back through the sender too.
        let driver = tokio::task::spawn_local(async move {
            let _ = connection.await;
        });
        Ok(Connection { sender, driver, head })
    }

    /// Returns how the headers of the last response were written; nothing where that is not kept.
    pub(super) fn spelling(&self) -> Spelling {
        self.head.as_ref().map(Head::spelling).unwrap_or_default()
    }

    /// Says whether the connection can be used again: the last answer was read, and nobody closed it.
    pub(super) async fn is_ready(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    pub(super) async fn send(&mut self, request: Request) -> Result<Response<Incoming>, Box<Unsent>> {
        if let Some(head) = &self.head {
            head.begin();
        }
        self.sender.try_send_request(request).await.map_err(|mut error| {
            Box::new(Unsent {
                request: error.take_message(),
                error: error.into_error(),
            })
        })
    }
}

async fn connect(origin: &Origin, tls: Option<&TlsConnector>, head: Option<Head>) -> io::Result<Connection> {
    let stream = names::connect_within(&origin.host, origin.port, origin.reach).await?;
    // A request is one write: waiting for more to send would only delay it.
    stream.set_nodelay(true)?;
    let Some(name) = &origin.tls else {
        return Connection::new(stream, head).await;
    };
    let tls = tls.ok_or_else(|| io::Error::other("it is not set up for encryption"))?;
    Connection::new(tls.connect(name.clone(), stream).await?, head).await
}

/// A connection whose answer was not read to its end is of no use: it is cut.
impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
