//! The keys of an entry that calls AWS.
//!
//! Must not know the environment. Invariant: no secret stands here.

use super::region;
use super::url::Url;
use crate::task::config::{Mistake, keys};
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

keys! {
    /// The keys of what calls AWS.
    "aws": pub(in crate::task) struct AwsConfig {
        /// Calls AWS: `true`, or a table of how. It serves `arn:aws:states:::…` of AWS's services, and functions (Lambda's
        /// own `Invoke`).
        aws: Grant,
    }
}

/// That AWS may be called, and how.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub(in crate::task) enum Grant {
    /// As `[aws]` says.
    Plain(bool),
    /// With keys of its own.
    Access(Box<Access>),
}

/// How an entry's calls reach AWS, where that is not as `[aws]` says.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::task) struct Access {
    /// The role whose rights calls have; it is assumed with the credentials of this process.
    pub(super) role_arn: Option<String>,
    /// With `role_arn`: the external id that the role's trust policy asks for.
    pub(super) external_id: Option<String>,
    /// The region of calls whose parameters name none.
    pub(super) region: Option<String>,
    /// Where all services that the entry serves answer.
    pub(super) endpoint_url: Option<String>,
    /// Whether to call endpoints with FIPS 140 modules.
    pub(super) use_fips_endpoint: Option<bool>,
    /// Whether to call endpoints that have IPv6 addresses too.
    pub(super) use_dualstack_endpoint: Option<bool>,
}

impl AwsConfig {
    /// Checks what can be checked without the world.
    ///
    /// # Errors
    /// The first mistake.
    pub(in crate::task) fn check(&self) -> Result<(), Mistake> {
        let mistake = |message: String| Mistake::of_key("aws", message);
        let access = match &self.aws {
            Some(Grant::Access(access)) => access,
            Some(Grant::Plain(false)) => {
                return Err(mistake(
                    "`true` or a table; without the entry AWS is not reachable".to_owned(),
                ));
            }
            _ => return Ok(()),
        };
        if let Some(role) = access.role_arn.as_deref().filter(|role| !is_role(role)) {
            let message = format!("role_arn: '{}' is not the ARN of a role", role.escape_debug());
            return Err(mistake(message));
        }
        if access.external_id.is_some() && access.role_arn.is_none() {
            return Err(mistake("external_id: only `role_arn` needs it".to_owned()));
        }
        if let Some(region) = &access.region {
            region::check(region).map_err(|message| mistake(format!("region: {message}")))?;
        }
        if let Some(url) = &access.endpoint_url {
            Url::parse(url).map_err(|message| mistake(format!("endpoint_url: {message}")))?;
        }
        Ok(())
    }

    /// Returns how the entry's calls reach AWS.
    pub(super) fn access(&self) -> Access {
        match &self.aws {
            Some(Grant::Access(access)) => (**access).clone(),
            _ => Access::default(),
        }
    }
}

/// Says whether a text is the ARN of a role: `arn:aws:iam::111111111111:role/path/name`.
pub(super) fn is_role(text: &str) -> bool {
    const ARN_BYTES_MAX: usize = 2_048;
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = fields[..] else {
        return false;
    };
    let is_partition = partition.starts_with("aws")
        && partition
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    (arn, service, region) == ("arn", "iam", "")
        && is_partition
        && is_account
        && text.len() <= ARN_BYTES_MAX
        && resource.strip_prefix("role/").is_some_and(is_name)
}

impl<'de> Deserialize<'de> for Grant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Grant, D::Error> {
        deserializer.deserialize_any(GrantVisitor)
    }
}

struct GrantVisitor;

impl<'de> Visitor<'de> for GrantVisitor {
    type Value = Grant;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("true or a table")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Grant, E> {
        Ok(Grant::Plain(value))
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Grant, M::Error> {
        let access = Access::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Grant::Access(Box::new(access)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(aws: &str, expected: Result<(), &str>) {
        let mut map: toml::Table = toml::from_str(&format!("aws = {aws}")).expect("TOML");
        let grant = map.remove("aws").expect("the key").try_into();
        let found = grant.map_err(|error: toml::de::Error| error.message().to_owned());
        let found = found.and_then(|grant| {
            let config = AwsConfig { aws: Some(grant) };
            config.check().map_err(|mistake| mistake.message)
        });
        assert_eq!(
            found.as_ref().map(|_| ()).map_err(String::as_str),
            expected,
            "{aws}"
        );
    }

    #[test]
    fn forms() {
        check("true", Ok(()));
        check("{}", Ok(()));
        check(
            "{ role_arn = 'arn:aws:iam::111111111111:role/a/b', external_id = 'x', region = 'eu-west-1', endpoint_url = 'http://127.0.0.1:4566', use_fips_endpoint = true }",
            Ok(()),
        );
    }

    #[test]
    fn mistakes() {
        check(
            "false",
            Err("`true` or a table; without the entry AWS is not reachable"),
        );
        check(
            "'yes'",
            Err("invalid type: string \"yes\", expected true or a table"),
        );
        check(
            "{ rolle = 'x' }",
            Err(
                "unknown field `rolle`, expected one of `role_arn`, `external_id`, `region`, `endpoint_url`, `use_fips_endpoint`, `use_dualstack_endpoint`",
            ),
        );
        check(
            "{ role_arn = 'admin' }",
            Err("role_arn: 'admin' is not the ARN of a role"),
        );
        check(
            "{ external_id = 'x' }",
            Err("external_id: only `role_arn` needs it"),
        );
        check(
            "{ region = 'here' }",
            Err("region: 'here' is not a region, such as eu-west-1"),
        );
        check("{ endpoint_url = 'here' }", Err("endpoint_url: it is not a URL"));
    }
}
