//! What the machine says about AWS: variables of the environment, and the shared files of AWS's tools.
//!
//! Owns which file is read, and what a profile is. Must not know what is done with it. Invariant: nothing here is shown;
//! there may be secrets in it.

use super::ini::{Ini, Section};
use crate::secret;
use std::collections::BTreeMap;

/// Variables, and what stands in the shared files now.
pub(super) struct Environment {
    variables: BTreeMap<String, String>,
    config: Ini,
    credentials: Ini,
}

impl Environment {
    /// Reads the machine's.
    pub(super) fn of_machine() -> Environment {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
            (name.starts_with("AWS_") || name == "HOME").then_some((name, value))
        });
        Environment::new(variables.collect())
    }

    /// Reads the shared files that variables name.
    pub(super) fn new(variables: BTreeMap<String, String>) -> Environment {
        let file = |variable: &str, usual: &str| {
            let named = variables.get(variable).filter(|path| !path.is_empty());
            let path = named.map_or_else(|| format!("~/.aws/{usual}"), Clone::clone);
            let path = match (path.strip_prefix("~/"), variables.get("HOME")) {
                (Some(rest), Some(home)) => format!("{home}/{rest}"),
                (Some(_), None) => return Ini::default(),
                (None, _) => path,
            };
            // What is not there says nothing, as AWS's tools have it.
            secret::from_file(&path).map_or_else(|_| Ini::default(), |text| Ini::parse(&text))
        };
        Environment {
            config: file("AWS_CONFIG_FILE", "config"),
            credentials: file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            variables,
        }
    }

    /// Returns all variables that matter to AWS.
    pub(super) fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// Returns a variable that is set to something.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name)?;
        (!value.is_empty()).then_some(value)
    }

    /// Returns the name of the profile: the configured one, or the environment's.
    pub(super) fn profile_name<'a>(&'a self, configured: Option<&'a str>) -> &'a str {
        let named = configured.or_else(|| self.variable("AWS_PROFILE"));
        named
            .or_else(|| self.variable("AWS_DEFAULT_PROFILE"))
            .unwrap_or("default")
    }

    /// Returns what both files say of a profile; the file of credentials counts more. Nothing if neither knows it.
    pub(super) fn profile(&self, name: &str) -> Option<Section> {
        let of_config = match name {
            // The older form counts where the newer one is not there.
            "default" => self
                .config
                .section("profile default")
                .or(self.config.section("default")),
            _ => self.config.section(&format!("profile {name}")),
        };
        let of_credentials = self.credentials.section(name);
        if of_config.is_none() && of_credentials.is_none() {
            return None;
        }
        let mut profile = of_config.cloned().unwrap_or_default();
        profile.extend(of_credentials.cloned().unwrap_or_default());
        Some(profile)
    }

    /// Returns a section of the configuration file that is no profile, such as `sso-session corp`.
    pub(super) fn section(&self, kind: &str, name: &str) -> Option<&Section> {
        self.config.section(&format!("{kind} {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_of_both_files() {
        let folder = std::env::temp_dir().join(format!("stepstream-aws-{}", std::process::id()));
        std::fs::create_dir_all(folder.join(".aws")).expect("a folder");
        std::fs::write(
            folder.join(".aws/config"),
            "[default]\nregion = eu-west-1\n[profile dev]\nregion = eu-west-2\naws_access_key_id = OLD\n",
        )
        .expect("a file");
        let credentials = folder.join("keys");
        std::fs::write(
            &credentials,
            "[dev]\naws_access_key_id = NEW\n[only]\naws_access_key_id = X\n",
        )
        .expect("a file");
        let variables = [
            ("HOME", folder.display().to_string()),
            ("AWS_SHARED_CREDENTIALS_FILE", credentials.display().to_string()),
            ("AWS_PROFILE", "dev".to_owned()),
            ("AWS_REGION", String::new()),
        ];
        let environment = Environment::new(variables.map(|(name, value)| (name.to_owned(), value)).into());
        std::fs::remove_dir_all(&folder).expect("it is removed");
        let get = |profile: &str, key: &str| environment.profile(profile)?.get(key).cloned();
        assert_eq!(get("default", "region").as_deref(), Some("eu-west-1"));
        assert_eq!(get("dev", "region").as_deref(), Some("eu-west-2"));
        assert_eq!(get("dev", "aws_access_key_id").as_deref(), Some("NEW"));
        assert_eq!(get("only", "aws_access_key_id").as_deref(), Some("X"));
        assert!(environment.profile("none").is_none());
        assert_eq!(environment.profile_name(None), "dev");
        assert_eq!(environment.profile_name(Some("only")), "only");
        assert_eq!(environment.variable("AWS_REGION"), None);
    }
}
