//! Where a URL leads: scheme, host and port.

use super::Reach;
use hyper::Uri;
use rustls::pki_types::ServerName;

/// What connections go to; equal origins share them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::task) struct Origin {
    /// A name or an address, without brackets.
    pub(super) host: Box<str>,
    pub(super) port: u16,
    /// The name that the host has to prove, with `https`.
    pub(super) tls: Option<ServerName<'static>>,
    /// Which of the host's addresses may be connected to.
    pub(super) reach: Reach,
}

impl Origin {
    /// Returns where a URL leads.
    ///
    /// # Errors
    /// What is wrong with its scheme, host or port, in a sentence.
    pub(in crate::task) fn of(uri: &Uri) -> Result<Origin, String> {
        let is_encrypted = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(other) => return Err(format!("'{other}' is neither http nor https")),
            None => return Err("it is not a URL".to_owned()),
        };
        let authority = uri.authority().ok_or("it has no host")?;
        let host = authority.host();
        let port = match authority.as_str().strip_prefix(host) {
            None => return Err("the host may have no user name".to_owned()),
            Some("" | ":") if is_encrypted => 443,
            Some("" | ":") => 80,
            Some(port) => {
                let number = port.trim_start_matches(':').parse();
                number.map_err(|_| format!("'{port}' is no port"))?
            }
        };
        let host = host.trim_matches(['[', ']']);
        let name = is_encrypted.then(|| ServerName::try_from(host.to_owned()));
        Ok(Origin {
            host: host.into(),
            port,
            tls: name.transpose().map_err(|error| error.to_string())?,
            reach: Reach::Any,
        })
    }

    /// Returns it with other addresses within reach.
    pub(in crate::task) fn within(self, reach: Reach) -> Origin {
        Origin { reach, ..self }
    }

    /// Returns the name or address, without brackets.
    pub(in crate::task) fn host(&self) -> &str {
        &self.host
    }

    /// Says whether what goes there is encrypted.
    pub(in crate::task) fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Result<(&str, u16, bool), &str>) {
        let origin = Origin::of(&url.parse().expect("a URI"));
        let found = match &origin {
            Ok(origin) => Ok((&*origin.host, origin.port, origin.is_encrypted())),
            Err(message) => Err(message.as_str()),
        };
        assert_eq!(found, expected, "{url}");
    }

    #[test]
    fn origins() {
        check("http://h/f?a=b", Ok(("h", 80, false)));
        check("HTTPS://h.example", Ok(("h.example", 443, true)));
        check("http://127.0.0.1:9001/", Ok(("127.0.0.1", 9001, false)));
        check("https://[::1]:8443/x", Ok(("::1", 8443, true)));
        check("http://h:/", Ok(("h", 80, false)));
    }

    #[test]
    fn no_origins() {
        check("/f", Err("it is not a URL"));
        check("h:80", Err("it is not a URL"));
        check("ftp://h/", Err("'ftp' is neither http nor https"));
        check("http://a:b@h/", Err("the host may have no user name"));
        check("http://h:65536/", Err("':65536' is no port"));
    }
}
