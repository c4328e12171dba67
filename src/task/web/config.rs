//! The keys of calls to web APIs.

use crate::task::aws::AwsConfig;
use crate::task::config::{Mistake, keys};
use crate::task::http::{ConnectionConfig, tls};
use crate::task::lambda::CallLimits;
use crate::task::lambda::http::HttpConfig;
use tokio_rustls::TlsConnector;

keys! {
    /// The keys of `http:invoke` and `apigateway:invoke`.
    "endpoints": pub(in crate::task) struct WebConfig {
        /// The URLs that `arn:aws:states:::http:invoke` and `arn:aws:states:::apigateway:invoke` may call, such as
        /// `https://api.example.com/*`; `*` stands for any text in the host or in the path. Addresses that are not on the
        /// internet are reached only where the host has no `*`; link-local and metadata addresses never.
        endpoints: Vec<String>,
        /// With `endpoints`: where requests of `apigateway:invoke` go instead of `https://` and their `ApiEndpoint`, such as
        /// `http://127.0.0.1:4566/restapis/{api}`; `{api}` stands for the first label of the `ApiEndpoint`.
        gateway_url: String,
    }
}

/// All keys of an entry that grants URLs.
#[derive(Clone, Copy, Debug)]
pub(in crate::task) struct WebKeys<'a> {
    pub(in crate::task) web: &'a WebConfig,
    /// Of these `ca_file` alone.
    pub(in crate::task) http: &'a HttpConfig,
    pub(in crate::task) limits: &'a ConnectionConfig,
    pub(in crate::task) calls: &'a CallLimits,
    /// With whose rights requests to API gateways are signed, if they are.
    pub(in crate::task) aws: Option<&'a AwsConfig>,
}

impl WebKeys<'_> {
    /// Checks what can be checked without the world.
    ///
    /// # Errors
    /// The first mistake.
    pub(in crate::task) fn check(self) -> Result<(), Mistake> {
        self.limits.check()?;
        if self.http.headers.is_some() {
            return Err(Mistake::of_key("headers", "only `http` has this key"));
        }
        self.aws.map_or(Ok(()), AwsConfig::check)
    }

    /// Returns what opens encrypted connections, if there are to be any.
    ///
    /// # Errors
    /// When the file has no certificates, or the operating system trusts nobody.
    pub(super) fn tls(self, is_encrypted: bool) -> Result<Option<TlsConnector>, Mistake> {
        let of_file = |message: String| Mistake::of_key("ca_file", message);
        let of_urls = |message: String| Mistake::of_key("endpoints", message);
        let roots = match (is_encrypted, self.http.ca_file.as_deref()) {
            (false, None) => return Ok(None),
            (_, Some(file)) => tls::roots_of(file).map_err(of_file)?,
            (true, None) => tls::roots_of_system().map_err(of_urls)?,
        };
        tls::connector(roots).map(Some).map_err(of_urls)
    }
}
