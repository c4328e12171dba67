//! The URL of a call.

use crate::task::Call;
use hyper::Uri;
use rustc_hash::FxHashMap;

/// Stands for the function's name in the path of a URL.
const PLACEHOLDER: &str = "{function}";

/// Most URLs that are remembered on one shard.
const REMEMBERED_MAX: usize = 1024;

/// A URL as configured.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// Host and, where the URL has one, port.
    pub(super) authority: String,
    /// Path and query, perhaps with a placeholder.
    path: String,
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Target, String> {
        let (scheme, rest) = url.split_once("://").ok_or("it is not a URL")?;
        let tls = match scheme {
            "http" => false,
            "https" => true,
            _ => return Err(format!("'{scheme}' is neither http nor https")),
        };
        let (authority, path) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        if authority.contains(['{', '@']) {
            return Err("the host may have no placeholder and no user name".into());
        }
        let path = match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("/{path}"),
        };
        let parsed: hyper::http::uri::Authority = authority
            .parse()
            .map_err(|error| format!("'{authority}' is not a host: {error}"))?;
        path.replace(PLACEHOLDER, "f")
            .parse::<Uri>()
            .map_err(|error| format!("'{path}' is not a path: {error}"))?;
        Ok(Target {
            tls,
            host: parsed.host().trim_matches(['[', ']']).to_owned(),
            port: parsed.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            authority: authority.to_owned(),
            path,
        })
    }

    /// Returns path and query for a function; the qualifier goes where the `Invoke` API has it.
    fn uri(&self, name: &str, qualifier: Option<&str>) -> Option<Uri> {
        if !self.path.contains(PLACEHOLDER) {
            return self.path.parse().ok();
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let mut path = self.path.replace(PLACEHOLDER, &encode(name, plain));
        if let Some(qualifier) = qualifier {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str("Qualifier=");
            path.push_str(&encode(qualifier, plain));
        }
        path.parse().ok()
    }
}

/// Writes the bytes that are not plain as `%XX`.
pub(super) fn encode(text: &str, plain: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The URLs of the functions that a shard has called: making one costs more than remembering it.
#[derive(Default)]
pub(super) struct Targets {
    known: FxHashMap<Box<str>, Uri>,
    /// What is looked up, without the allocator.
    name: String,
}

impl Targets {
    /// Returns the URL of a call; `None` when the name makes none.
    pub(super) fn get(&mut self, target: &Target, call: &Call<'_>) -> Option<Uri> {
        let (name, qualifier) = match call.function {
            Some(function) => (&*function.name, function.qualifier.as_deref()),
            None => (call.resource, None),
        };
        self.name.clear();
        self.name.push_str(name);
        if let Some(qualifier) = qualifier {
            self.name.push(':');
            self.name.push_str(qualifier);
        }
        if let Some(known) = self.known.get(self.name.as_str()) {
            return Some(known.clone());
        }
        if self.known.len() >= REMEMBERED_MAX {
            self.known.clear();
        }
        let uri = target.uri(name, qualifier)?;
        self.known.insert(self.name.as_str().into(), uri.clone());
        Some(uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, name: &str, qualifier: Option<&str>, expected: Result<(&str, u16, &str), &str>) {
        let target = Target::parse(url);
        let uri = target
            .as_ref()
            .ok()
            .map(|target| target.uri(name, qualifier).expect("a URL").to_string());
        let got = match (&target, &uri) {
            (Ok(target), Some(uri)) => Ok((target.host.as_str(), target.port, uri.as_str())),
            (Err(message), _) => Err(message.as_str()),
            _ => unreachable!(),
        };
        assert_eq!(got, expected, "{url}");
    }

    #[test]
    fn urls() {
        check(
            "http://127.0.0.1:9001/2015-03-31/functions/{function}/invocations",
            "stock",
            Some("live"),
            Ok((
                "127.0.0.1",
                9001,
                "/2015-03-31/functions/stock/invocations?Qualifier=live",
            )),
        );
        check("https://h", "f", Some("1"), Ok(("h", 443, "/")));
        check("http://h?a=b", "f", None, Ok(("h", 80, "/?a=b")));
        check(
            "http://[::1]:80/{function}?a=b",
            "a/b",
            Some("1"),
            Ok(("::1", 80, "/a%2Fb?a=b&Qualifier=1")),
        );
    }

    #[test]
    fn no_urls() {
        check("h/f", "f", None, Err("it is not a URL"));
        check("ftp://h/f", "f", None, Err("'ftp' is neither http nor https"));
        let message = "the host may have no placeholder and no user name";
        check("http://{function}.local/", "f", None, Err(message));
        check("http://a:b@h/", "f", None, Err(message));
    }
}
