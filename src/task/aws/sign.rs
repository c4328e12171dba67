//! Signed requests: a draft, a place and credentials become what is sent.
//!
//! Owns what goes into a signature. Must not know where credentials come from. Invariant: the signature is over what is sent;
//! neither headers nor path change afterwards but for what no signature covers.

use super::credentials::Session;
use super::places::Place;
use crate::services::protocol::Draft;
use crate::task::http::Request;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue, USER_AGENT};
use hyper::http::request::Parts;
use hyper::{Method, Uri};
use reqsign_aws_v4::RequestSigner;
use reqsign_core::SignRequest;
use sha2::{Digest, Sha256};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Most pairs of service and region whose signers are kept, on one shard.
const SIGNERS_MAX: usize = 64;

const SHA_256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// What is to be sent to a place.
pub(super) struct Outgoing {
    pub(super) draft: Draft,
    pub(super) place: Place,
    /// How much of it is signed.
    pub(super) cover: Cover,
}

/// How much of a request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cover {
    All,
    /// All but the body.
    Head,
    Nothing,
}

/// Signs the requests of one shard.
#[derive(Default)]
pub(super) struct Signer {
    known: Vec<(Box<str>, Box<str>, RequestSigner)>,
    /// The signing crate wants one; a signature needs nothing of it.
    context: reqsign_core::Context,
}

impl Signer {
    /// Makes a request of what is to be sent; without credentials it has no signature.
    ///
    /// # Errors
    /// Why there is no such request, in a sentence.
    pub(super) fn request(
        &mut self,
        outgoing: Outgoing,
        session: Option<&Session>,
    ) -> Result<Request, String> {
        let Outgoing { draft, place, cover } = outgoing;
        let path = format!("{}{}", place.url.path, draft.path);
        if leads_elsewhere(&path) {
            return Err(
                "the path of the request would lead elsewhere: a parameter is '.' or '..'".to_owned(),
            );
        }
        let (mut head, ()) = hyper::Request::new(()).into_parts();
        head.method = Method::from_bytes(draft.method.as_bytes()).map_err(|error| error.to_string())?;
        for (name, value) in &draft.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            let name = name.map_err(|_| "a parameter makes no name of a header".to_owned())?;
            let value = HeaderValue::from_str(value);
            let value = value.map_err(|_| {
                format!("the parameter for the header {name} has characters that no header has")
            })?;
            head.headers.append(name, value);
        }
        let authority = HeaderValue::from_str(&place.url.authority).map_err(|error| error.to_string())?;
        head.headers.insert(hyper::header::HOST, authority);
        if let (Some(session), true) = (session, cover != Cover::Nothing) {
            let hash = match cover {
                Cover::Head => HeaderValue::from_static(UNSIGNED),
                _ => hex_value(&Sha256::digest(&draft.body)),
            };
            head.headers.insert(SHA_256, hash);
            head.uri = signed_uri(&place, &path)?;
            self.sign(&mut head, &place, session)?;
        }
        head.uri = path
            .parse()
            .map_err(|error: hyper::http::uri::InvalidUri| error.to_string())?;
        let agent = concat!("stepstream/", env!("CARGO_PKG_VERSION"));
        head.headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        Ok(Request::from_parts(head, Full::new(Bytes::from(draft.body))))
    }

    fn sign(&mut self, head: &mut Parts, place: &Place, session: &Session) -> Result<(), String> {
        let is_it = |(name, region, _): &(Box<str>, Box<str>, RequestSigner)| {
            *name == place.name && *region == place.region
        };
        let index = match self.known.iter().position(is_it) {
            Some(index) => index,
            None => {
                if self.known.len() >= SIGNERS_MAX {
                    self.known.clear();
                }
                let signer = RequestSigner::new(&place.name, &place.region);
                self.known
                    .push((place.name.clone(), place.region.clone(), signer));
                self.known.len() - 1
            }
        };
        let (_, _, signer) = &self.known[index];
        let signed = pin!(signer.sign_request(&self.context, head, Some(&session.credential), None));
        // With credentials at hand it waits for nothing.
        match signed.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(signed) => signed.map_err(|error| error.to_string()),
            Poll::Pending => Err("the signature takes too long".to_owned()),
        }
    }
}

/// Returns the URI that a signature is made of. AWS encodes a path once more for it, but for S3's; the signing crate knows
/// S3's rule alone, so it is handed the encoded path.
fn signed_uri(place: &Place, path: &str) -> Result<Uri, String> {
    let (only_path, query) = match path.split_once('?') {
        Some((only_path, query)) => (only_path, Some(query)),
        None => (path, None),
    };
    let mut text = format!("https://{}", place.url.authority);
    match place.name.starts_with("s3") {
        true => text.push_str(only_path),
        false => text.push_str(&only_path.replace('%', "%25")),
    }
    if let Some(query) = query {
        text.push('?');
        text.push_str(query);
    }
    text.parse()
        .map_err(|error: hyper::http::uri::InvalidUri| error.to_string())
}

/// Says whether a path has a part that means another one.
fn leads_elsewhere(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    path.split('/').any(|part| matches!(part, "." | ".."))
}

fn hex_value(bytes: &[u8]) -> HeaderValue {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let text: Vec<u8> = digits.map(|digit| DIGITS[usize::from(digit)]).collect();
    // Hex digits are characters of a header.
    HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static(UNSIGNED))
}
