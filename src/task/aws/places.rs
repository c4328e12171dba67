//! Where an entry's calls go: region, endpoint and signature of each.
//!
//! Owns what counts more: the call's parameters, the entry, `[aws]`, the environment, the profile. Must not know protocols.
//! Invariant: parameters choose a region at most; the host is AWS's or the configuration's.

use super::config::Access;
use super::environment::Environment;
use super::ini::Section;
use super::region;
use super::settings::{Settings, plain_id};
use super::url::Url;
use crate::services::Service;
use crate::services::endpoint::Variant;
use crate::task::config::Mistake;
use std::collections::BTreeMap;

/// How an entry's calls find their way.
#[derive(Debug)]
pub(super) struct Places {
    region: Box<str>,
    variant: Variant,
    /// By the plain id of a service.
    services: BTreeMap<String, Url>,
    /// Of all other services.
    general: Option<Url>,
    takes_host_prefix: bool,
}

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) url: Url,
    /// The region that the signature names.
    pub(super) region: Box<str>,
    /// The service that the signature names.
    pub(super) name: Box<str>,
    /// The endpoint is AWS's own.
    pub(super) is_aws: bool,
}

impl Places {
    /// Joins what all sides say.
    ///
    /// # Errors
    /// What of the entry is no region or no URL.
    pub(super) fn new(
        access: &Access,
        settings: &Settings,
        environment: &Environment,
        home_region: &str,
    ) -> Result<Places, Mistake> {
        let name = environment.profile_name(settings.profile.as_deref());
        let profile = environment.profile(name).unwrap_or_default();
        let said = Said {
            environment,
            profile: &profile,
        };
        let general = access.endpoint_url.as_deref().map(Url::parse).transpose();
        let general =
            general.map_err(|message| Mistake::of_key("aws", format!("endpoint_url: {message}")))?;
        let region = access.region.as_deref().or(settings.region.as_deref());
        let region = region.or_else(|| said.either(&["AWS_REGION", "AWS_DEFAULT_REGION"], "region"));
        let region = region.unwrap_or(home_region);
        region::check(region).map_err(|message| Mistake::of_key("aws", format!("region: {message}")))?;
        let flag = |own: Option<bool>, of_all: Option<bool>, variable: &str, key: &str| {
            own.or(of_all).unwrap_or_else(|| said.is_true(variable, key))
        };
        let mut places = Places {
            region: region.into(),
            variant: Variant {
                is_fips: flag(
                    access.use_fips_endpoint,
                    settings.use_fips_endpoint,
                    "AWS_USE_FIPS_ENDPOINT",
                    "use_fips_endpoint",
                ),
                is_dual_stack: flag(
                    access.use_dualstack_endpoint,
                    settings.use_dualstack_endpoint,
                    "AWS_USE_DUALSTACK_ENDPOINT",
                    "use_dualstack_endpoint",
                ),
            },
            services: BTreeMap::new(),
            general: None,
            takes_host_prefix: !said.is_true(
                "AWS_DISABLE_HOST_PREFIX_INJECTION",
                "disable_host_prefix_injection",
            ),
        };
        if general.is_some() {
            // It is for all services that the entry serves.
            places.general = general;
            return Ok(places);
        }
        let is_ignored = flag(
            None,
            settings.ignore_configured_endpoint_urls,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
            "ignore_configured_endpoint_urls",
        );
        if !is_ignored {
            places.take_surrounding(&said)?;
        }
        places.take_settings(settings)?;
        Ok(places)
    }

    /// Takes the endpoints that profile and environment name.
    fn take_surrounding(&mut self, said: &Said<'_>) -> Result<(), Mistake> {
        let read = |from: &str, text: &str| {
            Url::parse(text).map_err(|message| Mistake::of_key("aws", format!("{from}: {message}")))
        };
        let of_key = said.profile.get("endpoint_url").filter(|text| !text.is_empty());
        if let Some(text) = of_key {
            self.general = Some(read("endpoint_url of the profile", text)?);
        }
        let services = said.profile.get("services");
        let services = services.and_then(|name| said.environment.section("services", name));
        for (key, text) in services.into_iter().flatten() {
            if let Some(service) = key.strip_suffix(".endpoint_url") {
                let url = read(&format!("endpoint_url of {service} in the profile"), text)?;
                self.services.insert(plain_id(service), url);
            }
        }
        // A variable for all services counts more than a profile's for one.
        if let Some(text) = said.environment.variable("AWS_ENDPOINT_URL") {
            self.general = Some(read("AWS_ENDPOINT_URL", text)?);
            self.services.clear();
        }
        for (variable, text) in said.environment.variables() {
            if let Some(service) = variable
                .strip_prefix("AWS_ENDPOINT_URL_")
                .filter(|_| !text.is_empty())
            {
                self.services.insert(plain_id(service), read(variable, text)?);
            }
        }
        Ok(())
    }

    /// Takes the endpoints of `[aws]`, which count more.
    fn take_settings(&mut self, settings: &Settings) -> Result<(), Mistake> {
        let mistake = |message: String| Mistake::of_key("aws", message);
        if let Some(text) = &settings.endpoint_url {
            self.general = Some(Url::parse(text).map_err(mistake)?);
            self.services.clear();
        }
        for (name, service) in &settings.services {
            if let Some(text) = &service.endpoint_url {
                self.services
                    .insert(plain_id(name), Url::parse(text).map_err(mistake)?);
            }
        }
        Ok(())
    }

    /// Returns the region of calls whose parameters name none.
    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// Says whether some call may go to a place that has to prove its name.
    pub(super) fn may_be_encrypted(&self) -> bool {
        let mut given = self.services.values().chain(&self.general);
        self.general.is_none() || given.any(|url| url.origin.is_encrypted())
    }

    /// Returns where a call of a service goes, whose parameters may name a region, and whose operation may put something in
    /// front of the host.
    ///
    /// # Errors
    /// Why it goes nowhere, in a sentence.
    pub(super) fn find(
        &self,
        service: &Service,
        region: Option<&str>,
        host_prefix: Option<&str>,
    ) -> Result<Place, String> {
        let region = region.unwrap_or(&self.region);
        let endpoint = service.endpoint(region, self.variant);
        if let Some(url) = self
            .services
            .get(&plain_id(service.id()))
            .or(self.general.as_ref())
        {
            let prefix = host_prefix.filter(|_| self.takes_host_prefix && !url.takes_no_prefix());
            return Ok(Place {
                url: prefix.map_or_else(|| Ok(url.clone()), |prefix| with_prefix(url, prefix))?,
                region: region.into(),
                name: endpoint.map_or_else(
                    || service.signing_name().into(),
                    |endpoint| endpoint.signing_name.into(),
                ),
                is_aws: false,
            });
        }
        let endpoint = endpoint.ok_or_else(|| {
            format!(
                "{} has no {}endpoint in {region}",
                service.id(),
                words(self.variant)
            )
        })?;
        let url = Url::parse(&endpoint.url)?;
        Ok(Place {
            url: host_prefix.map_or_else(|| Ok(url.clone()), |prefix| with_prefix(&url, prefix))?,
            region: endpoint.signing_region.into(),
            name: endpoint.signing_name.into(),
            is_aws: true,
        })
    }
}

fn words(variant: Variant) -> &'static str {
    match (variant.is_fips, variant.is_dual_stack) {
        (false, false) => "",
        (true, false) => "FIPS ",
        (false, true) => "dual-stack ",
        (true, true) => "dual-stack FIPS ",
    }
}

/// Puts a name in front of a host; it may come from an event.
fn with_prefix(url: &Url, prefix: &str) -> Result<Url, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    if prefix.is_empty() || prefix.starts_with('.') || prefix.contains("..") || !prefix.bytes().all(is_plain)
    {
        return Err(format!(
            "'{}' cannot stand in the name of a host",
            prefix.escape_debug()
        ));
    }
    url.prefixed(prefix)
}

/// What environment and profile say.
struct Said<'a> {
    environment: &'a Environment,
    profile: &'a Section,
}

impl<'a> Said<'a> {
    /// Returns the first of the variables that is set, else the profile's key.
    fn either(&self, variables: &[&str], key: &str) -> Option<&'a str> {
        let mut set = variables
            .iter()
            .filter_map(|name| self.environment.variable(name));
        let of_profile = self.profile.get(key).filter(|value| !value.is_empty());
        set.next().or(of_profile.map(String::as_str))
    }

    fn is_true(&self, variable: &str, key: &str) -> bool {
        self.either(&[variable], key)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::Services;

    /// Joins an entry's keys, `[aws]` and variables, all as texts.
    fn places(access: &str, settings: &str, variables: &[(&str, &str)]) -> Result<Places, Mistake> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Places::new(
            &toml::from_str(access).expect("the entry"),
            &toml::from_str(settings).expect("[aws]"),
            &Environment::new(variables.collect()),
            "eu-central-1",
        )
    }

    fn place(
        places: &Places,
        service: &str,
        region: Option<&str>,
        prefix: Option<&str>,
    ) -> Result<String, String> {
        let service = Services::shipped()
            .service(service)
            .expect("models")
            .expect("a service");
        let place = places.find(&service, region, prefix)?;
        let scheme = if place.url.origin.is_encrypted() {
            "https"
        } else {
            "http"
        };
        Ok(format!(
            "{scheme}://{}{} {} {}",
            place.url.authority, place.url.path, place.name, place.region
        ))
    }

    #[track_caller]
    fn check(access: &str, settings: &str, variables: &[(&str, &str)], service: &str, expected: &str) {
        let places = places(access, settings, variables).expect("places");
        assert_eq!(
            place(&places, service, None, None).unwrap_or_else(|error| error),
            expected
        );
    }

    #[test]
    fn regions_by_who_says_them() {
        let at = |region: &str| format!("https://sqs.{region}.amazonaws.com sqs {region}");
        check("", "", &[], "sqs", &at("eu-central-1"));
        check(
            "",
            "",
            &[("AWS_DEFAULT_REGION", "eu-west-3")],
            "sqs",
            &at("eu-west-3"),
        );
        let variables = [("AWS_DEFAULT_REGION", "eu-west-3"), ("AWS_REGION", "eu-west-2")];
        check("", "", &variables, "sqs", &at("eu-west-2"));
        check("", "region = 'eu-west-1'", &variables, "sqs", &at("eu-west-1"));
        check(
            "region = 'us-east-1'",
            "region = 'eu-west-1'",
            &variables,
            "sqs",
            &at("us-east-1"),
        );
        let places = places("region = 'us-east-1'", "", &[]).expect("places");
        assert_eq!(
            place(&places, "sqs", Some("us-west-2"), None),
            Ok(at("us-west-2"))
        );
    }

    #[test]
    fn endpoints_of_aws() {
        check("", "", &[], "iam", "https://iam.amazonaws.com iam us-east-1");
        check(
            "region = 'cn-north-1'",
            "",
            &[],
            "sns",
            "https://sns.cn-north-1.amazonaws.com.cn sns cn-north-1",
        );
        check(
            "region = 'us-east-1'\nuse_fips_endpoint = true",
            "",
            &[],
            "sqs",
            "https://sqs-fips.us-east-1.amazonaws.com sqs us-east-1",
        );
        check(
            "",
            "use_dualstack_endpoint = true",
            &[],
            "sqs",
            "https://sqs.eu-central-1.api.aws sqs eu-central-1",
        );
        check(
            "",
            "",
            &[("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_REGION", "us-east-2")],
            "sqs",
            "https://sqs-fips.us-east-2.amazonaws.com sqs us-east-2",
        );
        check(
            "",
            "",
            &[],
            "bedrockruntime",
            "https://bedrock-runtime.eu-central-1.amazonaws.com bedrock eu-central-1",
        );
        let places = places("", "", &[]).expect("places");
        let sync = place(&places, "sfn", None, Some("sync-"));
        assert_eq!(
            sync.as_deref(),
            Ok("https://sync-states.eu-central-1.amazonaws.com states eu-central-1")
        );
        for prefix in ["evil.example/", "a..", ".", "a@", ""] {
            assert!(place(&places, "sfn", None, Some(prefix)).is_err(), "{prefix}");
        }
    }

    #[test]
    fn endpoints_that_somebody_names() {
        let at = |url: &str| format!("{url} sqs eu-central-1");
        let general = ("AWS_ENDPOINT_URL", "http://all:1");
        let own = ("AWS_ENDPOINT_URL_SQS", "http://own:2/base/");
        check("", "", &[general], "sqs", &at("http://all:1"));
        check("", "", &[general, own], "sqs", &at("http://own:2/base"));
        let settings = "endpoint_url = 'http://file:3'\n[services.dynamodb]\nendpoint_url = 'http://table:4'";
        check("", settings, &[general, own], "sqs", &at("http://file:3"));
        check(
            "",
            settings,
            &[general],
            "dynamodb",
            "http://table:4 dynamodb eu-central-1",
        );
        check(
            "endpoint_url = 'http://entry:5'",
            settings,
            &[general, own],
            "dynamodb",
            "http://entry:5 dynamodb eu-central-1",
        );
        check(
            "",
            "ignore_configured_endpoint_urls = true",
            &[general, own],
            "sqs",
            &at("https://sqs.eu-central-1.amazonaws.com"),
        );
        check(
            "",
            "",
            &[general, own, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")],
            "sqs",
            &at("https://sqs.eu-central-1.amazonaws.com"),
        );
        check(
            "",
            "",
            &[("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://logs:6")],
            "cloudwatchlogs",
            "http://logs:6 logs eu-central-1",
        );
    }

    #[test]
    fn a_prefix_needs_a_name() {
        let prefixed = |url: &str, variables: &[(&str, &str)]| {
            let places = places(&format!("endpoint_url = '{url}'"), "", variables).expect("places");
            place(&places, "sfn", None, Some("sync-"))
        };
        assert_eq!(
            prefixed("http://emulator:1", &[]).as_deref(),
            Ok("http://sync-emulator:1 states eu-central-1")
        );
        assert_eq!(
            prefixed("http://127.0.0.1:1", &[]).as_deref(),
            Ok("http://127.0.0.1:1 states eu-central-1")
        );
        let off = [("AWS_DISABLE_HOST_PREFIX_INJECTION", "true")];
        assert_eq!(
            prefixed("http://emulator:1", &off).as_deref(),
            Ok("http://emulator:1 states eu-central-1")
        );
    }

    #[test]
    fn what_the_environment_says_wrong_is_named() {
        let wrong = |variables: &[(&str, &str)]| places("", "", variables).expect_err("a mistake").message;
        assert_eq!(
            wrong(&[("AWS_REGION", "here")]),
            "region: 'here' is not a region, such as eu-west-1"
        );
        assert_eq!(
            wrong(&[("AWS_ENDPOINT_URL_SQS", "here")]),
            "AWS_ENDPOINT_URL_SQS: it is not a URL"
        );
    }
}
