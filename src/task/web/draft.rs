//! A request as a task has it, before anything is sent.
//!
//! Owns what both integrations share: methods, and headers that tasks may not set. Must not know connections. Invariant: how
//! long a request is and where it goes is never a header's to say.

use super::value::{Parameters, scalar};
use crate::task::Failure;
use crate::value::{Kind, ValueRef, View};
use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};

/// A request.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) method: Method,
    /// Absolute, with the query.
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// The number of the connection that it uses, if it uses one.
    pub(super) connection: Option<usize>,
    /// Whether it has to be signed.
    pub(super) is_signed: bool,
}

/// Headers that no HTTP Task may set (facts 8.9); `*` stands for any text.
pub(super) const FORBIDDEN_IN_TASKS: &[&str] = &[
    "a-im",
    "accept-charset",
    "accept-datetime",
    "accept-encoding",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-md5",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "if-*",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authorization",
    "referer",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "warning",
    "x-forwarded-*",
    "x-amz-*",
    "x-amzn-*",
];

/// Headers that no call of an API Gateway may set (AWS's documentation of the integration).
pub(super) const FORBIDDEN_IN_GATEWAYS: &[&str] = &[
    "authorization",
    "connection",
    "content-md5",
    "expect",
    "host",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "www-authenticate",
    "x-forwarded*",
    "x-amz*",
];

/// Reads `Method`.
pub(super) fn method(parameters: Parameters<'_>) -> Result<Method, Failure> {
    Ok(match parameters.required("Method")?.as_str() {
        "GET" => Method::GET,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "DELETE" => Method::DELETE,
        "PATCH" => Method::PATCH,
        "OPTIONS" => Method::OPTIONS,
        "HEAD" => Method::HEAD,
        _ => return Err(parameters.invalid("Method")),
    })
}

/// Reads `Headers`: an object of texts, numbers and switches, or lists of them.
pub(super) fn headers(parameters: Parameters<'_>, forbidden: &[&str]) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    let Some(given) = parameters.get("Headers") else {
        return Ok(headers);
    };
    let view = parameters.view;
    let invalid = || parameters.invalid("Headers");
    if view.kind(given) != Kind::Object {
        return Err(invalid());
    }
    for (name, value) in view.members(given) {
        let name = view.string(name).map(|name| name.decode()).unwrap_or_default();
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        if is_forbidden(parsed.as_str(), forbidden) {
            let why = format!("The 'Headers' field contains unsupported values: {name}");
            return Err(parameters.unusable(&why));
        }
        if parsed == CONTENT_LENGTH {
            continue;
        }
        let values = match view.kind(value) {
            Kind::Null => continue,
            Kind::Array => view.elements(value).collect(),
            _ => vec![value],
        };
        for value in values {
            headers.append(&parsed, header_value(view, value).ok_or_else(invalid)?);
        }
    }
    Ok(headers)
}

fn header_value(view: View<'_>, value: ValueRef) -> Option<HeaderValue> {
    HeaderValue::from_bytes(scalar(view, value)?.as_bytes()).ok()
}

/// Says whether a name, in lower case, is among those that may not be set.
fn is_forbidden(name: &str, forbidden: &[&str]) -> bool {
    forbidden.iter().any(|entry| match entry.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *entry,
    })
}
