//! URLs that the configuration or the environment gives for services.
//!
//! Must not know services. Invariant: where requests go is fixed when the configuration is read; no event changes it.

use crate::task::http::Origin;
use hyper::Uri;

/// Where a service answers, as somebody wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) origin: Origin,
    /// Host and, where the URL has one, port.
    pub(super) authority: Box<str>,
    /// What paths begin with, without a slash at its end.
    pub(super) path: Box<str>,
}

impl Url {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub(super) fn parse(text: &str) -> Result<Url, String> {
        let uri: Uri = match text.trim().parse() {
            Ok(uri) => uri,
            Err(error) => return Err(format!("it is not a URL: {error}")),
        };
        if uri.query().is_some() {
            return Err("it may have no query".to_owned());
        }
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        if authority.contains('@') {
            return Err("the host may have no user name".to_owned());
        }
        Ok(Url {
            origin: Origin::of(&uri)?,
            authority: authority.into(),
            path: uri.path().trim_end_matches('/').into(),
        })
    }

    /// Says whether a name in front of its host would lead nowhere: it is an address or this machine.
    pub(super) fn takes_no_prefix(&self) -> bool {
        let host = self.origin.host();
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok()
    }

    /// Returns it with a name in front of its host.
    ///
    /// # Errors
    /// When that makes no host.
    pub(super) fn prefixed(&self, prefix: &str) -> Result<Url, String> {
        let scheme = if self.origin.is_encrypted() {
            "https"
        } else {
            "http"
        };
        Url::parse(&format!("{scheme}://{prefix}{}{}", self.authority, self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, &str), &str>) {
        let found = Url::parse(text);
        let found = found.as_ref().map(|url| (&*url.authority, &*url.path));
        assert_eq!(found.map_err(String::as_str), expected, "{text}");
    }

    #[test]
    fn urls() {
        check("http://127.0.0.1:4566", Ok(("127.0.0.1:4566", "")));
        check(
            "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/",
            Ok(("vpce-1.sqs.eu-west-1.vpce.amazonaws.com", "")),
        );
        check("http://gate/aws/sqs/", Ok(("gate", "/aws/sqs")));
        check("gate", Err("it is not a URL"));
        check("http://a b/", Err("it is not a URL: invalid uri character"));
        check("http://a:b@h/", Err("the host may have no user name"));
        check("http://h/?a=b", Err("it may have no query"));
        check("ftp://h/", Err("'ftp' is neither http nor https"));
    }

    #[test]
    fn prefixes() {
        let url = Url::parse("http://h.example:81/base").expect("a URL");
        assert!(!url.takes_no_prefix());
        let url = url.prefixed("sync-").expect("a URL");
        assert_eq!((&*url.authority, &*url.path), ("sync-h.example:81", "/base"));
        for own in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"] {
            assert!(Url::parse(own).expect("a URL").takes_no_prefix(), "{own}");
        }
    }
}
