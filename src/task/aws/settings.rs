//! `[aws]`: how services of AWS are reached, for all entries of `[tasks]` that call them.
//!
//! Owns the section and its check. Must not know the environment (`environment` joins the two). Invariant: no secret stands
//! here; keys have the names that AWS's own files give them.

use super::region;
use super::url::Url;
use crate::services::Services;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// How services of AWS are reached. What is left out here, the environment says (`AWS_REGION`, `AWS_PROFILE`,
/// `AWS_ENDPOINT_URL`…), then the profile of AWS's shared files.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The region of calls whose parameters name none. Default: `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's region,
    /// `service.region`.
    pub region: Option<String>,
    /// The profile of AWS's shared files that credentials come from; then no other source is asked. Default: `AWS_PROFILE`,
    /// after the environment's own keys.
    pub profile: Option<String>,
    /// Where all services answer: an emulator, or a proxy. Default: `AWS_ENDPOINT_URL`, else AWS itself.
    pub endpoint_url: Option<String>,
    /// Whether to call endpoints with FIPS 140 modules. Default: `AWS_USE_FIPS_ENDPOINT`, the profile, false.
    pub use_fips_endpoint: Option<bool>,
    /// Whether to call endpoints that have IPv6 addresses too. Default: `AWS_USE_DUALSTACK_ENDPOINT`, the profile, false.
    pub use_dualstack_endpoint: Option<bool>,
    /// Whether to pass over the endpoint URLs of environment and profile. Default:
    /// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, the profile, false.
    pub ignore_configured_endpoint_urls: Option<bool>,
    /// A PEM file of root certificates to trust instead of the operating system's.
    pub ca_file: Option<String>,
    /// Single services by their ids in lower case, such as `sqs` or `cloudwatch_logs`.
    pub services: BTreeMap<String, ServiceSettings>,
}

/// How one service is reached.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceSettings {
    /// Where it answers: an emulator, or a VPC endpoint.
    pub endpoint_url: Option<String>,
}

/// What is wrong with the section: the way to the key, and a sentence.
pub(crate) type Slip = (Vec<String>, String);

impl Settings {
    /// Returns what is wrong with the section.
    pub(crate) fn problems(&self) -> Vec<Slip> {
        let mut slips = Vec::new();
        let mut add = |keys: &[&str], message: String| {
            slips.push((keys.iter().map(|key| (*key).to_owned()).collect(), message));
        };
        if let Some(Err(message)) = self.region.as_deref().map(region::check) {
            add(&["region"], message);
        }
        if let Some(Err(message)) = self.endpoint_url.as_deref().map(Url::parse) {
            add(&["endpoint_url"], message);
        }
        for (name, service) in &self.services {
            if let Some(Err(message)) = service.endpoint_url.as_deref().map(Url::parse) {
                add(&["services", name, "endpoint_url"], message);
            }
            if let Some(message) = unknown(name) {
                add(&["services", name], message);
            }
        }
        slips
    }
}

/// Says that AWS has no service of this id, with the nearest one that it has.
fn unknown(name: &str) -> Option<String> {
    let plain = plain_id(name);
    let ids = || Services::shipped().ids();
    if ids().any(|id| plain_id(id) == plain) {
        return None;
    }
    let nearest = ids().min_by_key(|id| strsim::damerau_levenshtein(&plain_id(id), &plain));
    let nearest = nearest
        .map(|id| id.to_lowercase().replace([' ', '-'], "_"))
        .unwrap_or_default();
    Some(format!(
        "AWS has no service of this id; did you mean `{nearest}`?"
    ))
}

/// Returns the id of a service as keys and variables have it, all in one case and without what joins its words.
pub(super) fn plain_id(id: &str) -> String {
    let letters = id.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let settings: Settings = toml::from_str(text).expect("the section");
        let found = settings.problems();
        let found: Vec<(String, &str)> = found
            .iter()
            .map(|(keys, message)| (keys.join("."), message.as_str()))
            .collect();
        let found: Vec<(&str, &str)> = found.iter().map(|(keys, message)| (&**keys, *message)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn slips() {
        check("", &[]);
        check(
            "region = 'eu-west-1'\nendpoint_url = 'http://127.0.0.1:1'\n[services.sqs]\nendpoint_url = 'http://h'",
            &[],
        );
        check(
            "region = 'Ireland'",
            &[("region", "'Ireland' is not a region, such as eu-west-1")],
        );
        check("endpoint_url = 'here'", &[("endpoint_url", "it is not a URL")]);
        let unknown = "AWS has no service of this id; did you mean `sqs`?";
        check(
            "[services.sqss]\nendpoint_url = 'http://h'",
            &[("services.sqss", unknown)],
        );
        check("[services.cloudwatch_logs]\nendpoint_url = 'http://h'", &[]);
        check(
            "[services.sqs]\nendpoint_url = 'ftp://h/'",
            &[("services.sqs.endpoint_url", "'ftp' is neither http nor https")],
        );
    }

    #[test]
    fn ids() {
        for id in [
            "CloudWatch Logs",
            "cloudwatch_logs",
            "CLOUDWATCH_LOGS",
            "cloudwatch-logs",
        ] {
            assert_eq!(plain_id(id), "cloudwatchlogs");
        }
    }
}
