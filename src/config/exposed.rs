//! Secrets that would travel where others can read them.
//!
//! Owns which headers of `[tasks]` are taken for secrets, and which URLs leave the machine in the clear. Must not know
//! how calls are made. Invariant: a header's text is in no message.

use super::mask;
use crate::secret;
use crate::task::config::{Entry, Secret};
use hyper::Uri;
use hyper::http::uri::Scheme;
use std::net::IpAddr;

/// Names the headers of an entry that are secrets and are sent without encryption to another machine, if any.
pub(super) fn exposed(entry: &Entry) -> Option<String> {
    let uri: Uri = entry.url()?.parse().ok()?;
    let host = uri.host()?.trim_matches(['[', ']']);
    if uri.scheme() != Some(&Scheme::HTTP) || is_loopback(host) {
        return None;
    }
    let headers = entry.headers();
    let secret: Vec<&str> = headers
        .filter(|(name, secret)| is_secret(name, secret))
        .map(|(name, _)| match secret::is_header(name) {
            true => name,
            false => "a header",
        })
        .collect();
    (!secret.is_empty()).then(|| {
        format!(
            "{} is sent to {host} unencrypted; anyone on the network path can read it",
            secret.join(", ")
        )
    })
}

/// What is kept out of the file is one, and what is named like one.
fn is_secret(name: &str, secret: &Secret) -> bool {
    match secret {
        Secret::Env { .. } | Secret::File { .. } => true,
        Secret::Text(_) => mask::is_secret(&[name.to_owned()]),
    }
}

fn is_loopback(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let address = host.parse::<IpAddr>().map(|address| address.to_canonical());
    name == "localhost" || name.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(entry: &str, expected: Option<&str>) {
        let entry: Entry = toml::from_str(entry).expect("an entry");
        let found = exposed(&entry);
        let found = found
            .as_deref()
            .and_then(|text| text.split(" unencrypted").next());
        assert_eq!(found, expected);
    }

    #[test]
    fn secrets_in_the_clear() {
        let token = "headers = { Authorization = 'Bearer hush' }";
        for url in [
            "http://fn.internal/f",
            "http://10.0.0.7:8080",
            "http://[fd00::1]:80/x?y",
        ] {
            let text = format!("http = '{url}'\n{token}");
            let entry: Entry = toml::from_str(&text).expect("an entry");
            let told = exposed(&entry).expect("a warning");
            assert!(
                told.starts_with("Authorization is sent to ") && !told.contains("hush"),
                "{told}"
            );
        }
        for url in [
            "https://fn.internal/f",
            "http://localhost:9001/{function}",
            "http://127.0.0.2/",
            "http://[::1]:9001/",
            "http://[::ffff:127.0.0.1]/",
            "http://fn.localhost/",
        ] {
            check(&format!("http = '{url}'\n{token}"), None);
        }
    }

    #[test]
    fn which_headers_are_secrets() {
        for (headers, expected) in [
            ("{ X-Tenant = 'a' }", None),
            ("{ X-Tenant = { env = 'TENANT' } }", Some("X-Tenant is sent to h")),
            (
                "{ B = { file = 'b' }, X-Api-Key = 'k', A = 'a' }",
                Some("B, X-Api-Key is sent to h"),
            ),
        ] {
            check(&format!("http = 'http://h/'\nheaders = {headers}"), expected);
        }
        check("http = 'http://h/'", None);
    }
}
