//! An identity provider for tests: an endpoint on loopback that gives a client with the right secret a token.
//!
//! Tokens are signed with the key in `tests/data/oidc`, which the broker knows the public half of. Its thread
//! lives as long as the test process.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the broker's `sasl.oauthbearer.jwks.endpoint.url` leads to.
pub(crate) const JWKS: &str = include_str!("../data/oidc/jwks.json");
/// Who issues the tokens, and for whom.
pub(crate) const ISSUER: &str = "https://issuer.test";
pub(crate) const AUDIENCE: &str = "kafka";
/// The client that gets a token.
pub(crate) const CLIENT: &str = "stepstream-test";
pub(crate) const CLIENT_SECRET: &str = "open sesame, once";

/// The endpoint.
pub(crate) struct Endpoint {
    port: u16,
    issued: Arc<Mutex<Vec<String>>>,
}

/// What kind of tokens it gives.
#[derive(Clone, Copy)]
pub(crate) enum Tokens {
    /// Good for an hour.
    Good,
    /// Good for so many seconds.
    Short(u64),
    /// The claims were changed after they were signed.
    Forged,
}

impl Endpoint {
    pub(crate) fn start(tokens: Tokens) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let issued = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&issued);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A client that went away in the middle will ask again.
                let _ = answer(&stream, tokens, &noted);
            }
        });
        Endpoint { port, issued }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/token", self.port)
    }

    /// Returns all tokens that it has given.
    pub(crate) fn issued(&self) -> Vec<String> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What a client sends as its name and password.
pub(crate) fn credentials() -> String {
    STANDARD.encode(format!("{CLIENT}:{CLIENT_SECRET}"))
}

fn answer(mut stream: &TcpStream, tokens: Tokens, issued: &Mutex<Vec<String>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut reader = BufReader::new(stream);
    let (mut authorization, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                value.clone_into(&mut authorization)
            }
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap_or_default();
            }
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let is_known = authorization == format!("Basic {}", credentials())
        && String::from_utf8_lossy(&body).starts_with("grant_type=client_credentials");
    let (status, body) = if is_known {
        let token = token(tokens);
        let body = serde_json::json!({"access_token": token, "token_type": "Bearer"});
        issued.lock().unwrap_or_else(PoisonError::into_inner).push(token);
        ("200 OK", body)
    } else {
        ("401 Unauthorized", serde_json::json!({"error": "invalid_client"}))
    };
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn token(tokens: Tokens) -> String {
    let (seconds, signed_for) = match tokens {
        Tokens::Good => (3600, CLIENT),
        Tokens::Short(seconds) => (seconds, CLIENT),
        Tokens::Forged => (3600, "guest"),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    // The next whole second, so that a token lasts no shorter than said.
    let expiry = now.as_secs() + 1 + seconds;
    let claims = |subject: &str| {
        let claims = serde_json::json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now.as_secs(), "exp": expiry,
        });
        URL_SAFE_NO_PAD.encode(claims.to_string())
    };
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT","kid":"test"}"#);
    let signature = sign(format!("{header}.{}", claims(signed_for)).as_bytes());
    format!(
        "{header}.{}.{}",
        claims(CLIENT),
        URL_SAFE_NO_PAD.encode(signature)
    )
}

fn sign(text: &[u8]) -> Vec<u8> {
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/oidc/key.pem");
    let mut child = Command::new("openssl")
        .args(["dgst", "-sha256", "-sign", key])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl");
    child.stdin.take().expect("piped").write_all(text).expect("read");
    let output = child.wait_with_output().expect("openssl");
    assert!(output.status.success(), "openssl dgst: {}", output.status);
    output.stdout
}
