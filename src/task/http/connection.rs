//! One connection to a service, kept alive between calls.

use super::Problem;
use super::target::Target;
use crate::task::Failure;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::rt::{Read, Write};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

/// Where connections go.
pub(super) struct Address {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    connect_timeout: Duration,
}

impl Address {
    pub(super) fn new(
        target: &Target,
        ca_file: Option<&str>,
        connect_timeout: Duration,
    ) -> Result<Address, Problem> {
        if ca_file.is_some() && !target.tls {
            return Err((Some("ca_file"), "only https needs it".into()));
        }
        let tls = match target.tls {
            false => None,
            true => {
                let name = ServerName::try_from(target.host.clone())
                    .map_err(|error| (Some("http"), error.to_string()))?;
                Some((connector(ca_file)?, name))
            }
        };
        Ok(Address {
            host: target.host.clone(),
            port: target.port,
            tls,
            connect_timeout,
        })
    }

    /// Opens a connection; call it inside the shard's `LocalSet`.
    pub(super) async fn connect(&self) -> Result<Connection, Failure> {
        let unable = |error: String| {
            let (host, port) = (&self.host, self.port);
            client_failure(format!("Connect to {host}:{port} failed: {error}"))
        };
        match tokio::time::timeout(self.connect_timeout, self.open()).await {
            Ok(opened) => opened.map_err(unable),
            Err(_) => {
                let milliseconds = self.connect_timeout.as_millis();
                Err(unable(format!("timed out after {milliseconds} ms")))
            }
        }
    }

    async fn open(&self) -> Result<Connection, String> {
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|error| error.to_string())?;
        // A request is one write: waiting for more to send would only delay it.
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        match &self.tls {
            None => Connection::new(TokioIo::new(stream)).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                Connection::new(TokioIo::new(stream.map_err(|error| error.to_string())?)).await
            }
        }
    }
}

/// Returns the failure of a client that could not make a call (facts 7.3).
pub(super) fn client_failure(what: String) -> Failure {
    Failure::new(
        "Lambda.SdkClientException",
        format!("Unable to execute HTTP request: {what}"),
    )
}

fn connector(ca_file: Option<&str>) -> Result<TlsConnector, Problem> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(file) => {
            let invalid = |message: String| (Some("ca_file"), format!("{file}: {message}"));
            let text = std::fs::read(file).map_err(|error| invalid(error.to_string()))?;
            for certificate in CertificateDer::pem_slice_iter(&text) {
                let certificate = certificate.map_err(|error| invalid(error.to_string()))?;
                roots
                    .add(certificate)
                    .map_err(|error| invalid(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(invalid("it has no certificate".into()));
            }
        }
        None => {
            // What the operating system trusts; a root that cannot be read is not trusted.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                let message = "the operating system has no root certificates; set ca_file";
                return Err((Some("http"), message.into()));
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| (Some("http"), error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// An open connection.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

/// A request that was not answered.
pub(super) struct Unsent {
    /// The request, if nothing of it was sent: then it may be sent on another connection.
    pub(super) request: Option<Request<Full<Bytes>>>,
    pub(super) error: hyper::Error,
}

impl Connection {
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

    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Box<Unsent>> {
        self.sender.try_send_request(request).await.map_err(|mut error| {
            Box::new(Unsent {
                request: error.take_message(),
                error: error.into_error(),
            })
        })
    }
}

/// A connection whose answer was not read to its end is of no use: it is cut.
impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
