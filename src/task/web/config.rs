//! The keys of calls to web APIs.

use crate::task::config::keys;

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
