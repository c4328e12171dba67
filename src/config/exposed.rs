//! Secrets that would travel where others can read them.
//!
//! Owns which headers of `[tasks]` are taken for secrets, and which URLs leave the machine in the clear. Must not know
//! how calls are made. Invariant: a header's text is in no message.

use super::mask;
use crate::secret;
use crate::task::config::{Entry, Secret};
use crate::task::web::connection::Connection;
use hyper::Uri;
use hyper::http::uri::Scheme;
use std::collections::BTreeMap;
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

/// Says that secrets of a connection are sent without encryption to another machine, if they are: to the server that gives
/// tokens, or to an endpoint.
pub(super) fn exposed_connection(
    connection: &Connection,
    entries: &BTreeMap<String, Entry>,
) -> Option<String> {
    let granted = entries.values().flat_map(Entry::endpoints);
    let endpoints: Vec<&str> = match &connection.endpoints {
        Some(own) => own.iter().map(String::as_str).collect(),
        None => granted.collect(),
    };
    let tokens = connection.oauth.as_ref().map(|oauth| oauth.endpoint.as_str());
    let is_secret = connection.has_authorization();
    let urls = endpoints.into_iter().filter(|_| is_secret).chain(tokens);
    let host = |url: &str| {
        let rest = url.strip_prefix("http://")?;
        let authority = rest.split('/').next()?;
        let end = match authority.find(']') {
            Some(end) => Some(end + 1),
            None => authority.find(':'),
        };
        Some(authority[..end.unwrap_or(authority.len())].to_owned())
    };
    let mut hosts = urls.filter_map(host);
    let host = hosts.find(|host| !is_loopback(host.trim_matches(['[', ']'])))?;
    Some(format!(
        "its secrets are sent to {host} unencrypted; anyone on the network path can read them"
    ))
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
    fn connections_in_the_clear() {
        let entries = |url: &str| {
            let entry = toml::from_str(&format!("endpoints = ['{url}']")).expect("an entry");
            BTreeMap::from([("a".to_owned(), entry)])
        };
        for (connection, url, expected) in [
            (
                "basic = { username = 'u', password = 'p' }",
                "http://10.0.0.7:80/*",
                Some("10.0.0.7"),
            ),
            (
                "basic = { username = 'u', password = 'p' }",
                "http://*/*",
                Some("*"),
            ),
            (
                "basic = { username = 'u', password = 'p' }",
                "http://[::1]:80/*",
                None,
            ),
            ("basic = { username = 'u', password = 'p' }", "https://h/*", None),
            ("headers = { A = 'b' }", "http://h/*", None),
            (
                "endpoints = ['https://h/*']\napi_key = { name = 'k', value = 'v' }",
                "http://h/*",
                None,
            ),
            (
                "oauth = { endpoint = 'http://login/x', client_id = 'i', client_secret = 's' }",
                "https://h/*",
                Some("login"),
            ),
        ] {
            let connection: Connection = toml::from_str(connection).expect("a connection");
            let expected = expected.map(|host| {
                format!(
                    "its secrets are sent to {host} unencrypted; anyone on the network path can read them"
                )
            });
            assert_eq!(exposed_connection(&connection, &entries(url)), expected, "{url}");
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
