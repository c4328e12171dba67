//! One connection to a host, kept alive between requests.

use super::names;
use super::shared::Shared;
use super::{Origin, Request, Trouble};
use http_body_util::Full;
use hyper::Response;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

/// An open connection.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
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
        match tokio::time::timeout(timeout, connect(origin, shared.tls.as_ref())).await {
            Ok(opened) => opened.map_err(unable),
            Err(_) => Err(unable(format!("timed out after {} ms", timeout.as_millis()))),
        }
    }

    async fn new<T: Read + Write + Unpin + 'static>(stream: T) -> Result<Connection, String> {
        let (sender, connection) = handshake(stream).await.map_err(|error| error.to_string())?;
        // Its errors come back through the sender too.
        let driver = tokio::task::spawn_local(async move {
            let _ = connection.await;
        });
        Ok(Connection { sender, driver })
    }

    /// Says whether the connection can be used again: the last answer was read, and nobody closed it.
    pub(super) async fn is_ready(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    pub(super) async fn send(&mut self, request: Request) -> Result<Response<Incoming>, Box<Unsent>> {
        self.sender.try_send_request(request).await.map_err(|mut error| {
            Box::new(Unsent {
                request: error.take_message(),
                error: error.into_error(),
            })
        })
    }
}

async fn connect(origin: &Origin, tls: Option<&TlsConnector>) -> Result<Connection, String> {
    let stream = names::connect(&origin.host, origin.port).await;
    let stream = stream.map_err(|error| error.to_string())?;
    // A request is one write: waiting for more to send would only delay it.
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let Some(name) = &origin.tls else {
        return Connection::new(TokioIo::new(stream)).await;
    };
    let tls = tls.ok_or("it is not set up for encryption")?;
    let stream = tls.connect(name.clone(), stream).await;
    Connection::new(TokioIo::new(stream.map_err(|error| error.to_string())?)).await
}

/// A connection whose answer was not read to its end is of no use: it is cut.
impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
