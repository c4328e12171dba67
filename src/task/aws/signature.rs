//! Signature Version 4, for requests whose headers and body are at hand.
//!
//! The signing crate derives its key for every request and copies each header several times: that takes longer than all else
//! that a call does here. So the text that is signed is written here in one pass, and the day's key is kept; hashes and HMACs are the
//! crate's. Owns that text. Must not know where requests go. Invariant: a signature is the one that the crate makes (a test
//! compares them).

use super::credentials::Session;
use crate::timestamp;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use reqsign_core::hash::{hex_hmac_sha256, hmac_sha256};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Most keys that are kept: one for each service, region and identity of a shard's calls.
const KEYS_MAX: usize = 64;

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const HASH: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
/// The hash of a body that is not signed.
pub(super) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// What a signature is for.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    /// Path and query as they are sent.
    pub(super) path: &'a str,
    pub(super) now_ms: i64,
}

/// Makes signatures on one shard.
#[derive(Default)]
pub(super) struct Signatures {
    keys: Vec<DayKey>,
    /// The text that is signed.
    text: Vec<u8>,
    names: Vec<u8>,
}

/// The key of a day, a region and a service.
struct DayKey {
    session: Arc<Session>,
    day: [u8; 8],
    region: Box<str>,
    service: Box<str>,
    key: Vec<u8>,
}

impl Signatures {
    /// Signs a request: adds its date, the hash of its body (`None`: the body is not signed), the session's token and the
    /// signature over all headers that it then has.
    ///
    /// # Errors
    /// When something cannot be a header.
    pub(super) fn sign(
        &mut self,
        head: &mut Parts,
        body: Option<&[u8]>,
        scope: &Scope<'_>,
        session: &Arc<Session>,
    ) -> Result<(), String> {
        let date = date(scope.now_ms);
        let mut hash = [0; 64];
        let hash: &[u8] = match body {
            Some(body) => {
                hex(&Sha256::digest(body), &mut hash);
                &hash
            }
            None => UNSIGNED.as_bytes(),
        };
        let value = |bytes: &[u8]| HeaderValue::from_bytes(bytes).map_err(|error| error.to_string());
        head.headers.insert(DATE, value(&date)?);
        head.headers.insert(HASH, value(hash)?);
        let credential = &session.credential;
        if let Some(token) = &credential.session_token {
            let mut token = value(token.as_bytes())?;
            token.set_sensitive(true);
            head.headers.insert(TOKEN, token);
        }
        self.write(head, scope, hash);
        let mut digest = [0; 64];
        hex(&Sha256::digest(&self.text), &mut digest);
        let Scope { service, region, .. } = scope;
        let day = text(&date[..8]);
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{}\n{day}/{region}/{service}/aws4_request\n{}",
            text(&date),
            text(&digest)
        );
        let signature = hex_hmac_sha256(self.key(&date, scope, session), to_sign.as_bytes());
        let (id, names) = (&credential.access_key_id, text(&self.names));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={id}/{day}/{region}/{service}/aws4_request, SignedHeaders={names}, Signature={signature}"
        );
        let mut authorization = value(authorization.as_bytes())?;
        authorization.set_sensitive(true);
        head.headers.insert(AUTHORIZATION, authorization);
        Ok(())
    }

    /// Writes the text that is signed, and the names of the headers in it.
    fn write(&mut self, head: &Parts, scope: &Scope<'_>, hash: &[u8]) {
        let Signatures { text, names, .. } = self;
        text.clear();
        names.clear();
        text.extend_from_slice(head.method.as_str().as_bytes());
        text.push(b'\n');
        let (path, query) = scope.path.split_once('?').unwrap_or((scope.path, ""));
        // AWS encodes a path once more for the signature, but for S3's.
        let is_s3 = scope.service.starts_with("s3");
        for &byte in path.as_bytes() {
            match byte {
                b'%' if is_s3 => text.push(byte),
                b'/' => text.push(byte),
                _ => push_encoded(byte, text),
            }
        }
        text.push(b'\n');
        write_query(query, text);
        text.push(b'\n');
        write_headers(&head.headers, text, names);
        text.push(b'\n');
        text.extend_from_slice(names);
        text.push(b'\n');
        text.extend_from_slice(hash);
    }

    /// Returns the key of a day.
    fn key(&mut self, date: &[u8; 16], scope: &Scope<'_>, session: &Arc<Session>) -> &[u8] {
        let is_it = |known: &DayKey| {
            known.day == date[..8]
                && Arc::ptr_eq(&known.session, session)
                && *known.region == *scope.region
                && *known.service == *scope.service
        };
        let index = match self.keys.iter().position(is_it) {
            Some(index) => index,
            None => {
                if self.keys.len() >= KEYS_MAX {
                    self.keys.clear();
                }
                let mut day = [0; 8];
                day.copy_from_slice(&date[..8]);
                let secret = format!("AWS4{}", session.credential.secret_access_key);
                let parts = [
                    &day[..],
                    scope.region.as_bytes(),
                    scope.service.as_bytes(),
                    b"aws4_request",
                ];
                let key = parts
                    .iter()
                    .fold(secret.into_bytes(), |key, part| hmac_sha256(&key, part));
                self.keys.push(DayKey {
                    session: session.clone(),
                    day,
                    region: scope.region.into(),
                    service: scope.service.into(),
                    key,
                });
                self.keys.len() - 1
            }
        };
        &self.keys[index].key
    }
}

/// Writes the parameters of a query in the order of a signature.
fn write_query(query: &str, out: &mut Vec<u8>) {
    if query.is_empty() {
        return;
    }
    let split = |pair| -> (&str, &str) { str::split_once(pair, '=').unwrap_or((pair, "")) };
    let mut pairs: Vec<(&str, &str)> = query.split('&').map(split).collect();
    pairs.sort_unstable();
    for (index, (name, value)) in pairs.into_iter().enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        out.extend_from_slice(value.as_bytes());
    }
}

/// Writes all headers in the order of a signature, and their names.
fn write_headers(headers: &HeaderMap, out: &mut Vec<u8>, names: &mut Vec<u8>) {
    let mut sorted: Vec<&HeaderName> = headers.keys().collect();
    sorted.sort_unstable_by_key(|name| name.as_str());
    for (index, name) in sorted.into_iter().enumerate() {
        if index > 0 {
            names.push(b';');
        }
        names.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(name.as_str().as_bytes());
        out.push(b':');
        for (index, value) in headers.get_all(name).iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_value(value.as_bytes(), out);
        }
        out.push(b'\n');
    }
}

/// Writes a header's value; blanks around it do not count, and several count as one.
fn write_value(value: &[u8], out: &mut Vec<u8>) {
    let mut was_blank = false;
    for &byte in value.trim_ascii() {
        let is_blank = byte == b' ' || byte == b'\t';
        if !(is_blank && was_blank) {
            out.push(if is_blank { b' ' } else { byte });
        }
        was_blank = is_blank;
    }
}

fn push_encoded(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        out.push(byte);
    } else {
        out.extend_from_slice(&[
            b'%',
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 15)],
        ]);
    }
}

/// Returns a time as signatures have it: `20251106T123325Z`.
fn date(now_ms: i64) -> [u8; 16] {
    // `2025-11-06T12:33:25.000Z`
    let long = timestamp::format(now_ms);
    let mut date = *b"00000000T000000Z";
    for (out, place) in [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14]
        .into_iter()
        .zip([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])
    {
        date[out] = long[place];
    }
    date
}

fn hex(bytes: &[u8], out: &mut [u8; 64]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in out.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

/// Returns ASCII as a text.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Method;
    use reqsign_aws_v4::{Credential, RequestSigner};
    use reqsign_core::{Context, SignRequest};
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Poll, Waker};

    fn session(token: Option<&str>) -> Arc<Session> {
        let credential = Credential {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: token.map(Into::into),
            expires_in: None,
        };
        Arc::new(Session::new(credential, 0))
    }

    fn head(method: &Method, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Parts {
        let mut request = hyper::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut hash = [0; 64];
        hex(&Sha256::digest(body), &mut hash);
        let request = request.header(HASH, &hash[..]).header("host", "h.example:81");
        request.body(()).expect("a request").into_parts().0
    }

    /// Returns what the signing crate makes of a request whose path is encoded as it wants it.
    fn of_crate(mut head: Parts, service: &str, session: &Session) -> Parts {
        let (signer, context) = (RequestSigner::new(service, "eu-west-1"), Context::new());
        {
            let signed = pin!(signer.sign_request(&context, &mut head, Some(&session.credential), None));
            match signed.poll(&mut std::task::Context::from_waker(Waker::noop())) {
                Poll::Ready(signed) => signed.expect("a signature"),
                Poll::Pending => panic!("it waits"),
            }
        }
        head
    }

    #[track_caller]
    fn check(method: Method, service: &str, path: &str, headers: &[(&str, &str)], token: Option<&str>) {
        let session = session(token);
        let body = b"{\"a\":1}";
        // The crate knows S3's rule alone.
        let (only_path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)));
        let mut encoded = match service.starts_with("s3") {
            true => only_path.to_owned(),
            false => only_path.replace('%', "%25"),
        };
        encoded.extend(query.iter().flat_map(|query| ["?", query]));
        let expected = of_crate(
            head(&method, &format!("https://h.example:81{encoded}"), headers, body),
            service,
            &session,
        );
        let date = expected.headers["x-amz-date"].to_str().expect("a date");
        let (day, time) = date.split_once('T').expect("a time");
        let iso = format!(
            "{}-{}-{}T{}:{}:{}Z",
            &day[..4],
            &day[4..6],
            &day[6..],
            &time[..2],
            &time[2..4],
            &time[4..6]
        );
        let now_ms = (timestamp::parse(&iso).expect("a time") / 1_000_000) as i64;
        let mut found = head(&method, "/", headers, body);
        let scope = Scope {
            service,
            region: "eu-west-1",
            path,
            now_ms,
        };
        let mut signatures = Signatures::default();
        // The second has the key of the first.
        for _ in 0..2 {
            found.headers.remove(AUTHORIZATION);
            signatures
                .sign(&mut found, Some(body), &scope, &session)
                .expect("a signature");
            assert_eq!(
                found.headers[AUTHORIZATION], expected.headers[AUTHORIZATION],
                "{path}"
            );
        }
        assert_eq!(signatures.keys.len(), 1);
    }

    /// But for several blanks in a row, which the crate leaves as they are: AWS takes them for one.
    #[test]
    fn signatures_are_those_of_the_crate() {
        let target = [
            ("x-amz-target", "AmazonSQS.SendMessage"),
            ("content-type", "application/x-amz-json-1.0"),
        ];
        check(Method::POST, "sqs", "/", &target, None);
        check(
            Method::POST,
            "sqs",
            "/base",
            &target,
            Some("a-token//with==signs"),
        );
        check(
            Method::GET,
            "s3",
            "/a%20b/%C3%BC%2B%281%29.txt?list-type=2&prefix=a%2Fb&delimiter=%2F",
            &[],
            Some("t"),
        );
        check(
            Method::PUT,
            "s3",
            "/b/k?tagging",
            &[("x-amz-meta-a", "  two blanks ")],
            None,
        );
        let arn = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af/invocations?Qualifier=live";
        check(Method::POST, "lambda", arn, &[], Some("t"));
        check(
            Method::GET,
            "execute-api",
            "/live/a:b/c@d?b=2&a=1&a=0&=x",
            &[],
            None,
        );
    }

    /// Printed, and held to its limit where the code is optimized.
    #[test]
    fn a_signature_takes_microseconds() {
        const COUNT: u32 = 2_000;
        let session = session(Some(&"t".repeat(400)));
        let headers = [
            ("x-amz-target", "AmazonSQS.SendMessage"),
            ("content-type", "application/x-amz-json-1.0"),
        ];
        let (mut signatures, body) = (Signatures::default(), vec![b'x'; 300]);
        let first = head(&Method::POST, "/", &headers, &body);
        let scope = Scope {
            service: "sqs",
            region: "eu-west-1",
            path: "/",
            now_ms: 0,
        };
        let mut best = std::time::Duration::MAX;
        for _ in 0..20 {
            let mut heads: Vec<Parts> = (0..COUNT).map(|_| first.clone()).collect();
            let started = std::time::Instant::now();
            for head in &mut heads {
                signatures
                    .sign(head, Some(&body), &scope, &session)
                    .expect("a signature");
            }
            best = best.min(started.elapsed() / COUNT);
        }
        println!("a signature takes {best:?}");
        assert!(
            cfg!(debug_assertions) || best <= std::time::Duration::from_micros(5),
            "{best:?}"
        );
    }
}
