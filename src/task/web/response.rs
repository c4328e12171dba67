//! What a response is to its task (facts 8.9, 8.10).
//!
//! Owns results and errors of both integrations. Must not know requests. Invariant: a body that is no text of ours to hand on
//! fails its task; it is never changed silently.

use crate::fault;
use crate::task::http::{BODY_BYTES_MAX, Response, Trouble};
use crate::task::{Answer, Failure};
use crate::value::{Heap, escape_into};
use hyper::header::{CONTENT_TYPE, HeaderMap};

/// Which integration a task calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::task) enum Integration {
    /// `http:invoke`.
    Http,
    /// `apigateway:invoke`.
    Gateway,
}

impl Integration {
    /// Reads service and action.
    pub(super) fn of(service: &str, action: &str) -> Option<Integration> {
        match (service, action) {
            ("http", "invoke") => Some(Integration::Http),
            ("apigateway", "invoke") => Some(Integration::Gateway),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Integration::Http => "http",
            Integration::Gateway => "apigateway",
        }
    }
}

/// Makes a task's answer of a response; `scratch` is what a body is read with.
pub(super) fn answer(integration: Integration, response: &Response, scratch: &mut Heap) -> Answer {
    let status = response.status.as_u16();
    let text = status_text(response);
    if !response.status.is_success() {
        return Err(match integration {
            Integration::Http => Failure::new(format!("States.Http.StatusCode.{status}"), text),
            Integration::Gateway => Failure::new(
                format!("ApiGateway.{status}"),
                String::from_utf8_lossy(&response.body),
            ),
        });
    }
    if response.body.len() > BODY_BYTES_MAX {
        return Err(too_large(integration));
    }
    if let (Integration::Http, Some(kind)) = (integration, binary_type(&response.headers)) {
        let cause = format!("The response has the content type {kind}, which an HTTP Task does not support.");
        return Err(Failure::new(fault::RUNTIME, cause));
    }
    let Ok(body) = std::str::from_utf8(&response.body) else {
        let cause = "The response cannot be read as a text.";
        return Err(Failure::new(fault::RUNTIME, cause));
    };
    let mut out = Vec::with_capacity(body.len() + 512);
    out.extend_from_slice(b"{\"Headers\":{");
    write_headers(response, &mut out);
    out.extend_from_slice(b"},\"ResponseBody\":");
    scratch.clear();
    if scratch.index(body.as_bytes()).is_ok() {
        out.extend_from_slice(body.trim().as_bytes());
    } else {
        write_text(body, &mut out);
    }
    out.extend_from_slice(format!(",\"StatusCode\":{status},\"StatusText\":").as_bytes());
    write_text(&text, &mut out);
    out.push(b'}');
    Ok(out)
}

/// The failure of a call without a response.
pub(super) fn failure(integration: Integration, trouble: Trouble) -> Failure {
    let (gateway, cause) = match trouble {
        Trouble::Bug(message) => return Failure::panicked(&message),
        Trouble::Forbidden(reason) => return Failure::new(fault::PERMISSIONS, format!("{reason}.")),
        Trouble::Broken(what) => (
            "ApiGateway.SdkClientException",
            format!("Unable to execute HTTP request: {what}"),
        ),
        Trouble::Late(timeout) => (
            "ApiGateway.ClientExecutionTimeoutException",
            format!("The response did not come within {} ms.", timeout.as_millis()),
        ),
        Trouble::Full => (
            "ApiGateway.TooManyRequestsException",
            "Too many calls are waiting for a connection (tasks: queue).".to_owned(),
        ),
    };
    match integration {
        Integration::Http => Failure::new("States.Http.Socket", cause),
        Integration::Gateway => Failure::new(gateway, cause),
    }
}

fn too_large(integration: Integration) -> Failure {
    let name = integration.name();
    Failure::new(
        fault::DATA_LIMIT_EXCEEDED,
        format!(
            "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
        ),
    )
}

/// Returns the text behind the status's number: the server's own, or the usual one.
fn status_text(response: &Response) -> String {
    match &response.reason {
        Some(reason) => String::from_utf8_lossy(reason).into_owned(),
        None => response.status.canonical_reason().unwrap_or_default().to_owned(),
    }
}

/// Returns a content type that is no text.
fn binary_type(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let kind = given.split(';').next()?.trim().to_ascii_lowercase();
    let is_binary = kind == "application/octet-stream"
        || ["image/", "video/", "audio/"]
            .iter()
            .any(|start| kind.starts_with(start));
    is_binary.then_some(kind)
}

/// Writes each name with the list of its values.
fn write_headers(response: &Response, out: &mut Vec<u8>) {
    let mut separator: &[u8] = b"";
    for name in response.headers.keys() {
        out.extend_from_slice(separator);
        separator = b",";
        write_text(response.spelling.of(name.as_str()), out);
        out.extend_from_slice(b":[");
        for (at, value) in response.headers.get_all(name).iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_text(&String::from_utf8_lossy(value.as_bytes()), out);
        }
        out.push(b']');
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    escape_into(out, text);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::http::Spelling;
    use hyper::StatusCode;
    use std::time::Duration;

    fn response(status: u16, content_type: &str, body: &[u8]) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type.parse().expect("a value"));
        headers.append("x-a", "1".parse().expect("a value"));
        headers.append("x-a", "\"2\"".parse().expect("a value"));
        Response {
            status: StatusCode::from_u16(status).expect("a status"),
            headers,
            body: body.to_vec(),
            reason: None,
            spelling: Spelling::default(),
        }
    }

    #[track_caller]
    fn check(content_type: &str, body: &str, expected: &str) {
        for integration in [Integration::Http, Integration::Gateway] {
            let answer = answer(
                integration,
                &response(200, content_type, body.as_bytes()),
                &mut Heap::new(),
            );
            let answer = String::from_utf8(answer.expect("a result")).expect("UTF-8");
            let expected = format!(
                r#"{{"Headers":{{"content-type":["{content_type}"],"x-a":["1","\"2\""]}},"ResponseBody":{expected},"StatusCode":200,"StatusText":"OK"}}"#
            );
            assert_eq!(answer, expected);
        }
    }

    #[track_caller]
    fn check_error(integration: Integration, response: &Response, error: &str, cause: &str) {
        let answer = answer(integration, response, &mut Heap::new());
        assert_eq!(answer, Err(Failure::new(error, cause)));
    }

    #[test]
    fn bodies() {
        check("application/json", r#"{"a": [1, null]}"#, r#"{"a": [1, null]}"#);
        check("text/plain", " 17\n", "17");
        check("text/html", "<a href=\"x\">\n</a>", r#""<a href=\"x\">\n</a>""#);
        check("application/json", r#"{"a":"#, r#""{\"a\":""#);
        check("application/json", "", r#""""#);
        check("application/problem+json", r#""text""#, r#""text""#);
    }

    #[test]
    fn statuses() {
        let (http, gateway) = (Integration::Http, Integration::Gateway);
        let body = br#"{"message":"Missing Authentication Token"}"#;
        let refused = response(403, "application/json", body);
        check_error(http, &refused, "States.Http.StatusCode.403", "Forbidden");
        check_error(
            gateway,
            &refused,
            "ApiGateway.403",
            r#"{"message":"Missing Authentication Token"}"#,
        );
        let mut own = response(404, "image/png", b"\xff");
        own.reason = Some((*b"Not here").into());
        check_error(http, &own, "States.Http.StatusCode.404", "Not here");
        check_error(
            http,
            &response(302, "text/plain", b""),
            "States.Http.StatusCode.302",
            "Found",
        );
    }

    #[test]
    fn what_is_no_text() {
        for kind in [
            "image/png",
            "Video/mp4; a=b",
            "audio/x",
            "application/octet-stream",
        ] {
            let cause = format!(
                "The response has the content type {}, which an HTTP Task does not support.",
                kind.to_ascii_lowercase().split(';').next().unwrap_or_default()
            );
            check_error(
                Integration::Http,
                &response(200, kind, b"x"),
                fault::RUNTIME,
                &cause,
            );
        }
        for integration in [Integration::Http, Integration::Gateway] {
            let cause = "The response cannot be read as a text.";
            check_error(
                integration,
                &response(200, "text/plain", b"\xff"),
                fault::RUNTIME,
                cause,
            );
        }
    }

    #[test]
    fn what_is_too_large() {
        let body = vec![b'7'; BODY_BYTES_MAX + 1];
        let cause = "The state/task 'http' returned a result with a size exceeding the maximum number of bytes service limit.";
        let large = response(200, "text/plain", &body);
        check_error(Integration::Http, &large, fault::DATA_LIMIT_EXCEEDED, cause);
    }

    #[test]
    fn no_response() {
        let late = || Trouble::Late(Duration::from_secs(60));
        let cause = "The response did not come within 60000 ms.";
        assert_eq!(
            failure(Integration::Http, late()),
            Failure::new("States.Http.Socket", cause)
        );
        assert_eq!(
            failure(Integration::Gateway, late()),
            Failure::new("ApiGateway.ClientExecutionTimeoutException", cause)
        );
        let refused = failure(Integration::Http, Trouble::Forbidden("h is at ::1, which".into()));
        assert_eq!(refused, Failure::new(fault::PERMISSIONS, "h is at ::1, which."));
    }
}
