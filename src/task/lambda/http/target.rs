//! The URL of a call.

use crate::services::percent::{encode_into, is_unreserved};
use crate::task::http::Origin;
use crate::task::lambda::invoke::Job;
use hyper::Uri;
use rustc_hash::FxHashMap;

/// Stands for the function's name in the path of a URL.
const PLACEHOLDER: &str = "{function}";

/// What is said of a URL that would let an event say where calls go, or that has a password.
const FIXED_HOST: &str = "the host may have no placeholder and no user name";

/// Most URLs that are remembered on one shard.
const REMEMBERED_MAX: usize = 1024;

/// A URL as configured.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) origin: Origin,
    /// Host and, where the URL has one, port.
    pub(super) authority: String,
    /// Path and query, perhaps with a placeholder.
    path: String,
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Target, String> {
        let uri = match url.parse::<Uri>() {
            Ok(uri) => uri,
            Err(_) if !url.contains("://") => return Err("it is not a URL".into()),
            // A path may have braces, a host may not.
            Err(_) if url.replace(PLACEHOLDER, "f").parse::<Uri>().is_ok() => return Err(FIXED_HOST.into()),
            Err(error) => return Err(format!("it is not a URL: {error}")),
        };
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        if authority.contains('@') {
            return Err(FIXED_HOST.into());
        }
        Ok(Target {
            origin: Origin::of(&uri)?,
            path: uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            authority,
        })
    }

    /// Returns path and query for a function; the qualifier goes where the `Invoke` API has it.
    fn uri(&self, name: &str, qualifier: Option<&str>) -> Option<Uri> {
        if !self.path.contains(PLACEHOLDER) {
            return self.path.parse().ok();
        }
        let mut path = self.path.replace(PLACEHOLDER, &encode(name, is_unreserved));
        if let Some(qualifier) = qualifier {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str("Qualifier=");
            path.push_str(&encode(qualifier, is_unreserved));
        }
        path.parse().ok()
    }
}

/// Writes the bytes that are not plain as `%XX`.
pub(in crate::task) fn encode(text: &str, plain: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    encode_into(&mut out, text, plain);
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
    /// Returns the URL of a function; `None` when the name makes none.
    pub(super) fn get(&mut self, target: &Target, job: &Job<'_>) -> Option<Uri> {
        let (name, qualifier) = (job.name, job.qualifier);
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

    fn check(url: &str, name: &str, qualifier: Option<&str>, expected: Result<(&str, &str), &str>) {
        let target = Target::parse(url);
        let uri = target
            .as_ref()
            .ok()
            .map(|target| target.uri(name, qualifier).expect("a URL").to_string());
        let got = match (&target, &uri) {
            (Ok(target), Some(uri)) => Ok((target.authority.as_str(), uri.as_str())),
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
                "127.0.0.1:9001",
                "/2015-03-31/functions/stock/invocations?Qualifier=live",
            )),
        );
        check("https://h", "f", Some("1"), Ok(("h", "/")));
        check("http://h?a=b", "f", None, Ok(("h", "/?a=b")));
        check(
            "http://[::1]:80/{function}?a=b",
            "a/b",
            Some("1"),
            Ok(("[::1]:80", "/a%2Fb?a=b&Qualifier=1")),
        );
    }

    #[test]
    fn no_urls() {
        check("h/f", "f", None, Err("it is not a URL"));
        check("ftp://h/f", "f", None, Err("'ftp' is neither http nor https"));
        let message = "the host may have no placeholder and no user name";
        check("http://{function}.local/", "f", None, Err(message));
        check("http://a:b@h/", "f", None, Err(message));
        check(
            "http://h h/",
            "f",
            None,
            Err("it is not a URL: invalid uri character"),
        );
        check("http://h:http/", "f", None, Err("':http' is no port"));
    }
}
