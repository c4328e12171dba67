//! The world as the sources of credentials see it: files, HTTP, programs.
//!
//! Owns their limits. Must not know a source. Invariant: it runs on the keeper's thread, where nothing else waits; errors never
//! repeat what was sent or read.

use super::super::places::Place;
use crate::secret;
use crate::task::http::connect;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{HOST, HeaderValue};
use hyper::rt::{Read, Write};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use reqsign_core::{CommandExecute, CommandOutput, Error, FileRead, HttpSend, Result};
use rustls::pki_types::ServerName;
use std::fmt::Display;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio_rustls::TlsConnector;

/// How long a source may take to answer.
const HTTP_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the metadata of a machine may take: where there is none, nobody answers.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);
/// Most bytes of an answer.
const HTTP_BYTES_MAX: usize = 256 * 1024;
/// How long a program may take.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(60);
/// Most bytes that a program may say.
const PROGRAM_BYTES_MAX: u64 = 256 * 1024;

/// Reads files.
#[derive(Debug)]
pub(super) struct Files;

impl FileRead for Files {
    async fn file_read(&self, path: &str) -> Result<Vec<u8>> {
        secret::from_file(path)
            .map(String::into_bytes)
            .map_err(Error::config_invalid)
    }
}

/// Runs the program that a profile names.
#[derive(Debug)]
pub(super) struct Programs;

impl CommandExecute for Programs {
    async fn command_execute(&self, program: &str, arguments: &[&str]) -> Result<CommandOutput> {
        let run = async {
            let mut child = Command::new(program)
                .args(arguments)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                // What it says there may be a secret.
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()?;
            let mut stdout = Vec::new();
            if let Some(pipe) = child.stdout.take() {
                pipe.take(PROGRAM_BYTES_MAX).read_to_end(&mut stdout).await?;
            }
            let status = child.wait().await?;
            Ok::<_, std::io::Error>(CommandOutput {
                status: status.code().unwrap_or(-1),
                stdout,
                stderr: Vec::new(),
            })
        };
        match tokio::time::timeout(PROGRAM_TIMEOUT, run).await {
            Ok(output) => {
                output.map_err(|error| Error::unexpected(format!("the program does not run: {error}")))
            }
            Err(_) => Err(Error::unexpected("the program takes too long")),
        }
    }
}

/// Sends requests, one connection each: they are few.
#[derive(Clone)]
pub(in crate::task::aws) struct Http {
    /// What opens encrypted connections, if it could be set up.
    pub(in crate::task::aws) tls: Option<TlsConnector>,
    /// Where STS answers.
    pub(in crate::task::aws) sts: Option<Place>,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

impl HttpSend for Http {
    async fn http_send(&self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        let host = request.uri().host().unwrap_or_default();
        let is_metadata = host.starts_with("169.254.") || host.starts_with("[fd00:ec2:");
        let timeout = if is_metadata {
            METADATA_TIMEOUT
        } else {
            HTTP_TIMEOUT
        };
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(failed("no answer in time")),
        }
    }
}

fn failed(error: impl Display) -> Error {
    Error::unexpected(error.to_string()).set_retryable(true)
}

impl Http {
    /// Returns where a request to STS goes in truth; the signing crate knows AWS's own hosts alone.
    pub(super) fn destination(&self, uri: &Uri) -> Result<Uri> {
        let is_sts = uri
            .host()
            .is_some_and(|host| host == "sts.amazonaws.com" || host.starts_with("sts."));
        let Some(place) = self.sts.as_ref().filter(|_| is_sts) else {
            return Ok(uri.clone());
        };
        let scheme = if place.url.origin.is_encrypted() {
            "https"
        } else {
            "http"
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let text = format!("{scheme}://{}{}{path}", place.url.authority, place.url.path);
        text.parse().map_err(failed)
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        let (mut head, body) = request.into_parts();
        // What is signed goes where its signature says already.
        if !head.headers.contains_key(hyper::header::AUTHORIZATION) {
            head.uri = self.destination(&head.uri)?;
        }
        let uri = std::mem::take(&mut head.uri);
        let authority = uri.authority().ok_or_else(|| failed("it has no host"))?;
        if !head.headers.contains_key(HOST) {
            let host = HeaderValue::from_str(authority.as_str()).map_err(failed)?;
            head.headers.insert(HOST, host);
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = path.parse().map_err(failed)?;
        let is_encrypted = uri.scheme_str() == Some("https");
        let host = authority.host().trim_matches(['[', ']']);
        let port = authority
            .port_u16()
            .unwrap_or(if is_encrypted { 443 } else { 80 });
        let stream = connect(host, port).await.map_err(failed)?;
        let request = Request::from_parts(head, Full::new(body));
        if !is_encrypted {
            return send(TokioIo::new(stream), request).await;
        }
        let tls = self
            .tls
            .as_ref()
            .ok_or_else(|| failed("it is not set up for encryption"))?;
        let name = ServerName::try_from(host.to_owned()).map_err(failed)?;
        let stream = tls.connect(name, stream).await.map_err(failed)?;
        send(TokioIo::new(stream), request).await
    }
}

async fn send<T>(stream: T, request: Request<Full<Bytes>>) -> Result<Response<Bytes>>
where
    T: Read + Write + Unpin + Send + 'static,
{
    let (mut sender, connection) = handshake(stream).await.map_err(failed)?;
    let driver = tokio::spawn(connection);
    let answered = async {
        let (head, body) = sender.send_request(request).await.map_err(failed)?.into_parts();
        let body = Limited::new(body, HTTP_BYTES_MAX)
            .collect()
            .await
            .map_err(failed)?;
        Ok(Response::from_parts(head, body.to_bytes()))
    };
    let answer = answered.await;
    driver.abort();
    answer
}
