//! Tokens by OAuth's client credentials (RFC 6749, 4.4), one for each connection of a shard.
//!
//! Owns when a token is asked for: none is there, it will soon expire, or a server has refused it. Must not know what it is
//! used for. Invariants: one request at a time asks for a connection's token, and all that wait share what comes of it; a
//! token and what was sent for it is in no message.

use super::connection::{Ready, TokenRequest};
use super::counts::Counts;
use crate::task::Failure;
use crate::task::http::{Client, Request, Response, Trouble};
use crate::value::{Heap, View};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use std::cell::{Cell, RefCell};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long before its end a token is replaced, at most; of a short one, a quarter of its time.
const MARGIN: Duration = Duration::from_secs(60);
/// How long a token is used whose server does not say how long it lives.
const LIFE: Duration = Duration::from_secs(300);
/// Most time that a token is used, whatever its server says.
const LIFE_MAX: Duration = Duration::from_secs(24 * 3600);
/// Most characters of a server's own error in a cause.
const ERROR_CHARACTERS_MAX: usize = 100;

/// A token, as a header has it.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) header: HeaderValue,
    /// Which one it is.
    pub(super) number: u64,
    replaced_at: Instant,
}

/// The token of one connection, on one shard.
#[derive(Default)]
pub(super) struct TokenCell {
    current: RefCell<Option<Token>>,
    /// How often one was asked for, and what became of the last time.
    turns: Cell<u64>,
    last: RefCell<Option<Failure>>,
    asking: Mutex<()>,
}

impl TokenCell {
    /// Returns a token that is not the refused one; asks for it if there is none.
    ///
    /// # Errors
    /// When the authorization server gives none.
    pub(super) async fn get(
        &self,
        client: &Client,
        connection: &Ready,
        request: &TokenRequest,
        refused: Option<u64>,
        counts: &Counts,
    ) -> Result<Token, Failure> {
        if let Some(token) = self.usable(refused) {
            return Ok(token);
        }
        let turns = self.turns.get();
        let _asking = self.asking.lock().await;
        if let Some(token) = self.usable(refused) {
            return Ok(token);
        }
        if self.turns.get() != turns
            && let Some(failure) = &*self.last.borrow()
        {
            // Somebody asked meanwhile, in vain: each who waited would only ask the same again.
            return Err(failure.clone());
        }
        let response = client.send(&request.origin, request.build()).await;
        let number = self.turns.get() + 1;
        self.turns.set(number);
        let token = read(response, number, Instant::now());
        counts.asked(&connection.name, token.is_ok());
        match token {
            Ok(token) => {
                *self.current.borrow_mut() = Some(token.clone());
                *self.last.borrow_mut() = None;
                Ok(token)
            }
            Err(why) => {
                let cause = format!("Connection {} has no token: {why}", connection.name);
                let failure = Failure::new("Events.ConnectionResource.InvalidConnectionState", cause);
                *self.last.borrow_mut() = Some(failure.clone());
                Err(failure)
            }
        }
    }

    fn usable(&self, refused: Option<u64>) -> Option<Token> {
        let current = self.current.borrow();
        let is_usable = |token: &&Token| Some(token.number) != refused && Instant::now() < token.replaced_at;
        current.as_ref().filter(is_usable).cloned()
    }
}

impl TokenRequest {
    fn build(&self) -> Request {
        let mut request = Request::new(Full::new(Bytes::from(self.body.clone())));
        *request.method_mut() = self.method.clone();
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        // It was read from such a text.
        *request.uri_mut() = path.parse().unwrap_or_default();
        let headers = request.headers_mut();
        if let Some(host) = self.uri.authority() {
            headers.extend(
                HeaderValue::from_str(host.as_str())
                    .ok()
                    .map(|value| (HOST, value)),
            );
        }
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("stepstream/", env!("CARGO_PKG_VERSION"))),
        );
        if !self.body.is_empty() {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(CONTENT_TYPE, form);
        }
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        request
    }
}

/// Reads what the authorization server has answered.
///
/// # Errors
/// Why there is no token, in a sentence.
fn read(response: Result<Response, Trouble>, number: u64, now: Instant) -> Result<Token, String> {
    let response = match response {
        Ok(response) => response,
        Err(Trouble::Late(_)) => return Err("the authorization server did not answer in time.".into()),
        Err(Trouble::Full) => return Err("too many requests wait for the authorization server.".into()),
        Err(Trouble::Broken(what) | Trouble::Forbidden(what) | Trouble::Bug(what)) => {
            return Err(format!("the authorization server cannot be reached: {what}."));
        }
    };
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let root = heap.index(&response.body).ok();
    let view = View::new(&heap, &constants);
    let member = |name: &str| view.member_named(root?, name);
    let text = |name: &str| Some(view.string(member(name)?)?.decode().into_owned());
    if !response.status.is_success() {
        let own = text("error").unwrap_or_default();
        // RFC 6749's codes, such as `invalid_client`; anything else may repeat what it was sent.
        let is_code =
            own.len() <= ERROR_CHARACTERS_MAX && own.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let own = if is_code { own } else { String::new() };
        let separator = if own.is_empty() { "" } else { ", " };
        let status = response.status.as_u16();
        return Err(format!(
            "the authorization server answered {status}{separator}{own}."
        ));
    }
    let token = text("access_token").filter(|token| !token.is_empty());
    let token = token.ok_or("the authorization server's answer has no access_token.")?;
    // `Bearer` is the only type that a client of this kind can use.
    let mut header = HeaderValue::from_bytes(format!("Bearer {token}").as_bytes())
        .map_err(|_| "the access_token cannot be a header's value.")?;
    header.set_sensitive(true);
    let seconds = member("expires_in").and_then(|value| match view.string(value) {
        Some(text) => text.decode().parse().ok(),
        None => view.float(value),
    });
    let life = match seconds {
        Some(seconds) if seconds > 0.0 => Duration::from_secs_f64(seconds.min(LIFE_MAX.as_secs_f64())),
        Some(_) => Duration::ZERO,
        None => LIFE,
    };
    Ok(Token {
        header,
        number,
        replaced_at: now + life - MARGIN.min(life / 4),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::http::Spelling;
    use hyper::{HeaderMap, StatusCode};

    /// Returns the header, and after how many seconds the token is replaced.
    fn read_body(status: u16, body: &str) -> Result<(String, u64), String> {
        let response = Response {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::new(),
            body: body.into(),
            reason: None,
            spelling: Spelling::default(),
        };
        let now = Instant::now();
        let token = read(Ok(response), 1, now)?;
        assert!(token.header.is_sensitive());
        let header = token.header.to_str().expect("a text").to_owned();
        Ok((header, (token.replaced_at - now).as_secs()))
    }

    #[test]
    fn tokens() {
        for (body, seconds) in [
            (r#"{"access_token":"t","expires_in":3600}"#, 3540),
            (
                r#"{"access_token":"t","expires_in":"3600","token_type":"bearer"}"#,
                3540,
            ),
            (r#"{"access_token":"t","expires_in":40}"#, 30),
            (r#"{"access_token":"t","expires_in":-5}"#, 0),
            (r#"{"access_token":"t","expires_in":1e300}"#, 24 * 3600 - 60),
            (r#"{"access_token":"t"}"#, 240),
        ] {
            assert_eq!(
                read_body(200, body),
                Ok(("Bearer t".to_owned(), seconds)),
                "{body}"
            );
        }
    }

    #[test]
    fn no_token() {
        let wrong = "the authorization server's answer has no access_token.";
        for (status, body, expected) in [
            (200, "{}", wrong),
            (200, "<html>", wrong),
            (200, r#"{"access_token":""}"#, wrong),
            (200, r#"{"access_token":7}"#, wrong),
            (
                200,
                r#"{"access_token":"a\nb"}"#,
                "the access_token cannot be a header's value.",
            ),
            (
                400,
                r#"{"error":"invalid_client","error_description":"hush"}"#,
                "the authorization server answered 400, invalid_client.",
            ),
            (503, "", "the authorization server answered 503."),
        ] {
            assert_eq!(read_body(status, body), Err(expected.to_owned()), "{body}");
        }
    }
}
