//! URLs that are granted: patterns, and what they match.
//!
//! A pattern is `https://host/path`, with `*` for any text in the host or in the path; it is compared part by part, so that
//! a `*` of the path never reaches into the host. Owns their grammar. Must not know who asks. Invariants: the query counts
//! for nothing; a path that a server may read as another one (`/a/../b`) is granted only by `/*`.

use crate::program::Pattern;
use crate::task::http::{Reach, forbidden};
use core::net::IpAddr;
use hyper::Uri;

/// How often over a path may be encoded for what it means to be found out.
const ENCODED_TWICE_MAX: usize = 4;

/// A pattern of URLs.
#[derive(Clone, Debug)]
pub(in crate::task) struct Endpoint {
    /// `None` is both.
    is_encrypted: Option<bool>,
    host: Pattern,
    /// The host, where it has no `*`.
    named: Option<Box<str>>,
    /// `None` is any.
    port: Option<u16>,
    path: Pattern,
    is_any_path: bool,
}

/// Where a URL leads, for patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::task) struct Place {
    is_encrypted: bool,
    /// In lower case, without brackets and without a dot at its end.
    host: String,
    port: u16,
    path: String,
}

impl Endpoint {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub(in crate::task) fn parse(text: &str) -> Result<Endpoint, String> {
        if text == "*" {
            return Endpoint::parse("*://*:*/*");
        }
        let wrong = |what: &str| format!("\"{text}\": {what}");
        let example = "write it as \"https://api.example.com/*\"";
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(wrong(&format!("it has no scheme; {example}")));
        };
        let is_encrypted = match scheme.to_ascii_lowercase().as_str() {
            "https" => Some(true),
            "http" => Some(false),
            "*" => None,
            _ => return Err(wrong("the scheme is neither http nor https")),
        };
        let Some(slash) = rest.find('/') else {
            return Err(wrong(&format!(
                "it has no path; write \"{text}/*\" for all paths"
            )));
        };
        let (authority, path) = rest.split_at(slash);
        if authority.contains('@') {
            return Err(wrong("the host may have no user name"));
        }
        if path.contains(['?', '#']) {
            return Err(wrong(
                "a query is no part of it: leave out what begins with ? or #",
            ));
        }
        let (host, port) = split_port(authority);
        let port = match port {
            Some("*") => None,
            Some(port) => Some(port.parse().map_err(|_| wrong("the port is not a number"))?),
            None => is_encrypted.map(default_port),
        };
        let host = plain_host(host);
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-._*:".contains(c);
        if host.is_empty() || !host.chars().all(is_part) {
            return Err(wrong(&format!("the host is not a name or an address; {example}")));
        }
        if host.parse::<IpAddr>().is_ok_and(forbidden) {
            return Err(wrong("no task may reach this address"));
        }
        Ok(Endpoint {
            is_encrypted,
            named: (!host.contains('*')).then(|| host.as_str().into()),
            host: Pattern::parse(&host),
            port,
            path: Pattern::parse(path),
            is_any_path: path == "/*",
        })
    }

    /// Says whether it grants a place.
    pub(in crate::task) fn matches(&self, place: &Place) -> bool {
        self.is_encrypted.is_none_or(|is| is == place.is_encrypted)
            && self.port.is_none_or(|port| port == place.port)
            && self.host.matches(&place.host)
            && (self.is_any_path || self.path.matches(&place.path) && !is_ambiguous(&place.path))
    }

    /// Says whether URLs that it grants may be encrypted.
    pub(in crate::task) fn may_be_encrypted(&self) -> bool {
        self.is_encrypted != Some(false)
    }

    /// Returns which addresses of a place that it grants may be connected to.
    fn reach(&self) -> Reach {
        match self.named {
            Some(_) => Reach::Named,
            None => Reach::Public,
        }
    }
}

impl Place {
    /// Returns where a URL leads; `None` when it leads nowhere.
    pub(in crate::task) fn of(uri: &Uri) -> Option<Place> {
        let is_encrypted = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        Some(Place {
            is_encrypted,
            host: plain_host(uri.host()?),
            port: uri.port_u16().unwrap_or(default_port(is_encrypted)),
            path: uri.path().to_owned(),
        })
    }
}

/// The place as a pattern that grants it, and nothing else but its queries.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.is_encrypted { "https" } else { "http" };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]", self.host)?,
            false => write!(f, "{scheme}://{}", self.host)?,
        }
        if self.port != default_port(self.is_encrypted) {
            write!(f, ":{}", self.port)?;
        }
        match is_ambiguous(&self.path) {
            true => f.write_str("/*"),
            false => f.write_str(&self.path),
        }
    }
}

/// Returns which addresses a place may be connected at, if one of the patterns grants it.
pub(in crate::task) fn granted(endpoints: &[Endpoint], place: &Place) -> Option<Reach> {
    let granting = endpoints.iter().filter(|endpoint| endpoint.matches(place));
    granting
        .map(Endpoint::reach)
        .reduce(|found, other| match (found, other) {
            (Reach::Public, Reach::Public) => Reach::Public,
            _ => Reach::Named,
        })
}

fn default_port(is_encrypted: bool) -> u16 {
    if is_encrypted { 443 } else { 80 }
}

/// Splits a port from a host, which may be an address in brackets.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let end = authority.find(']').map_or(0, |end| end + 1);
    match authority[end..].find(':') {
        Some(colon) => (&authority[..end + colon], Some(&authority[end + colon + 1..])),
        None => (authority, None),
    }
}

fn plain_host(host: &str) -> String {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.trim_end_matches('.').to_ascii_lowercase()
}

/// Says whether a server may take a path for another one: a segment is `.` or `..`, however it is written.
fn is_ambiguous(path: &str) -> bool {
    let mut plain = path.to_ascii_lowercase();
    for turn in 0.. {
        if !plain.contains("%25") {
            break;
        }
        if turn == ENCODED_TWICE_MAX {
            return true;
        }
        plain = plain.replace("%25", "%");
    }
    for (code, meant) in [("%2e", "."), ("%2f", "/"), ("%5c", "/"), ("\\", "/")] {
        plain = plain.replace(code, meant);
    }
    // What stands behind `;` is a parameter of the segment to some servers.
    let mut segments = plain
        .split('/')
        .map(|segment| segment.split(';').next().unwrap_or(segment));
    segments.any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Place {
        Place::of(&url.parse().expect("a URI")).expect("a place")
    }

    #[track_caller]
    fn check(pattern: &str, granted: &[&str], refused: &[&str]) {
        let endpoint = Endpoint::parse(pattern).unwrap_or_else(|error| panic!("{error}"));
        for url in granted {
            assert!(endpoint.matches(&place(url)), "{pattern} grants {url}");
        }
        for url in refused {
            assert!(!endpoint.matches(&place(url)), "{pattern} does not grant {url}");
        }
    }

    #[test]
    fn parts_are_compared_one_by_one() {
        check(
            "https://api.example.com/*",
            &[
                "https://api.example.com/",
                "https://api.example.com",
                "HTTPS://API.example.com:443/v1?x=/y",
                "https://api.example.com./v1",
                "https://api.example.com/a/../b",
            ],
            &[
                "http://api.example.com/",
                "https://api.example.com:8443/",
                "https://api.example.com.evil.org/",
                "https://evil.org/api.example.com/",
                "https://xapi.example.com/",
            ],
        );
        check(
            "https://*.example.com/v1/*",
            &["https://a.example.com/v1/x", "https://a.b.example.com/v1/"],
            &[
                "https://example.com/v1/x",
                "https://evil.org/.example.com/v1/x",
                "https://a.example.com/v1",
                "https://a.example.com/v1/../admin",
                "https://a.example.com/v1/%2E%2e/admin",
                "https://a.example.com/v1/..%2fadmin",
                "https://a.example.com/v1/..;/admin",
                "https://a.example.com/v1/%252e%252e/admin",
                "https://a.example.com/v1/.",
            ],
        );
        check(
            "http://127.0.0.1:9001/f",
            &["http://127.0.0.1:9001/f?q"],
            &[
                "http://127.0.0.1:9001/f/",
                "http://127.0.0.1/f",
                "http://127.0.0.1:9001/F",
            ],
        );
        check(
            "http://[::1]:*/*",
            &["http://[::1]/", "http://[::1]:8080/x"],
            &["http://[::2]/", "https://[::1]/"],
        );
        check("*", &["http://h/", "https://h:1/x/../y"], &[]);
        check(
            "*://h/*",
            &["http://h/", "https://h/", "http://h:8080/"],
            &["http://i/"],
        );
    }

    #[test]
    fn wrong_patterns() {
        for (pattern, expected) in [
            (
                "api.example.com/*",
                "\"api.example.com/*\": it has no scheme; write it as \"https://api.example.com/*\"",
            ),
            (
                "https://api.example.com",
                "\"https://api.example.com\": it has no path; write \"https://api.example.com/*\" for all paths",
            ),
            ("ftp://h/", "\"ftp://h/\": the scheme is neither http nor https"),
            (
                "http://u:p@h/",
                "\"http://u:p@h/\": the host may have no user name",
            ),
            (
                "http://h/?q=*",
                "\"http://h/?q=*\": a query is no part of it: leave out what begins with ? or #",
            ),
            ("http://h:x/", "\"http://h:x/\": the port is not a number"),
            (
                "http://169.254.169.254/*",
                "\"http://169.254.169.254/*\": no task may reach this address",
            ),
            (
                "http://[::ffff:169.254.169.254]/*",
                "\"http://[::ffff:169.254.169.254]/*\": no task may reach this address",
            ),
            (
                "http:///x",
                "\"http:///x\": the host is not a name or an address; write it as \"https://api.example.com/*\"",
            ),
        ] {
            assert_eq!(Endpoint::parse(pattern).map(|_| ()), Err(expected.to_owned()));
        }
    }

    #[test]
    fn a_place_is_shown_as_its_pattern() {
        for (url, expected) in [
            ("https://H.example/v1?q", "https://h.example/v1"),
            ("http://[::1]:8080", "http://[::1]:8080/"),
            ("https://h/a/../b", "https://h/*"),
        ] {
            let place = place(url);
            assert_eq!(place.to_string(), expected);
            assert!(Endpoint::parse(expected).is_ok_and(|endpoint| endpoint.matches(&place)));
        }
    }

    #[test]
    fn private_addresses_are_for_those_who_name_the_host() {
        let endpoints =
            ["http://*/*", "http://db.internal/*"].map(|text| Endpoint::parse(text).expect("a pattern"));
        for (url, expected) in [
            ("http://db.internal/x", Some(Reach::Named)),
            ("http://DB.internal./x", Some(Reach::Named)),
            ("http://other.internal/x", Some(Reach::Public)),
            ("https://db.internal/x", None),
        ] {
            assert_eq!(granted(&endpoints, &place(url)), expected, "{url}");
        }
    }
}
