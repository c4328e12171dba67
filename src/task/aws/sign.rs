//! Signed requests: a draft, a place and credentials become what is sent.
//!
//! Owns what goes into a signature. Must not know where credentials come from. Invariant: the signature is over what is sent;
//! neither headers nor path change afterwards but for what no signature covers.

use super::credentials::Session;
use super::places::Place;
use super::signature::{Scope, Signatures};
use crate::clock;
use crate::services::protocol::Draft;
use crate::task::http::Request;
use http_body_util::Full;
use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{HOST, HeaderName, HeaderValue, USER_AGENT};
use std::sync::Arc;

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
    signatures: Signatures,
}

impl Signer {
    /// Makes a request of what is to be sent; without credentials it has no signature.
    ///
    /// # Errors
    /// Why there is no such request, in a sentence.
    pub(super) fn request(
        &mut self,
        outgoing: Outgoing,
        session: Option<&Arc<Session>>,
    ) -> Result<Request, String> {
        self.signed(outgoing, session)
            .map(|request| request.map(Full::new))
    }

    /// Makes a request with a body of plain bytes.
    ///
    /// # Errors
    /// As [`Signer::request`].
    pub(super) fn signed(
        &mut self,
        outgoing: Outgoing,
        session: Option<&Arc<Session>>,
    ) -> Result<hyper::Request<Bytes>, String> {
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
        head.headers.insert(HOST, authority);
        if let (Some(session), true) = (session, cover != Cover::Nothing) {
            let scope = Scope {
                service: &place.name,
                region: &place.region,
                path: &path,
                now_ms: clock::wall_ms(),
            };
            let body = (cover == Cover::All).then_some(&draft.body[..]);
            self.signatures.sign(&mut head, body, &scope, session)?;
        }
        head.uri = path
            .parse()
            .map_err(|error: hyper::http::uri::InvalidUri| error.to_string())?;
        let agent = concat!("stepstream/", env!("CARGO_PKG_VERSION"));
        head.headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        Ok(hyper::Request::from_parts(head, Bytes::from(draft.body)))
    }
}

/// Says whether a path has a part that means another one.
fn leads_elsewhere(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    path.split('/').any(|part| matches!(part, "." | ".."))
}
