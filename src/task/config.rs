//! `[tasks]`: what runs tasks, as the configuration says it.
//!
//! Owns the keys and their check. Must not know connectors' inner life. Invariant: an entry that passes
//! `Entry::connector` names exactly one connector, with keys that this connector has.

use super::http::Limits;
use crate::secret;
use crate::units::Period;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// What runs tasks. Keys are patterns: a resource's ARN, or a function's ARN, partial ARN or name; `*` stands for any
/// text. The longest matching pattern wins. A resource that matches no pattern is unreachable.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Config {
    /// Pattern to connector.
    pub entries: BTreeMap<String, Entry>,
}

impl Config {
    /// Takes out the headers whose texts cannot be read on this machine, and says why. Whoever only checks need not
    /// have the secrets of whoever runs.
    pub fn take_unreadable(&mut self) -> Vec<ConfigError> {
        let mut found = Vec::new();
        for (pattern, entry) in &mut self.entries {
            entry.headers.iter_mut().for_each(|headers| {
                headers.retain(|name, secret| {
                    let Err(error) = secret.read() else { return true };
                    found.push(ConfigError {
                        pattern: pattern.clone(),
                        key: Some("headers"),
                        message: format!("{name}: {error}"),
                    });
                    false
                });
            });
        }
        found
    }
}

/// The connector that serves a pattern: exactly one of `function`, `http` and `kafka`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// A built-in function's name, such as `delay` or `demo.check_inventory`.
    pub function: Option<String>,
    /// With `function = "delay"`: how many milliseconds pass before it returns its payload.
    pub milliseconds: Option<u32>,
    /// A function's URL, such as `http://127.0.0.1:9001/2015-03-31/functions/{function}/invocations`;
    /// `{function}` in its path stands for the function's name.
    pub http: Option<String>,
    /// With `http`: limit on connections of each shard; default 64.
    pub connections: Option<u16>,
    /// With `http`: limit on calls of each shard that wait for a connection; default 10000.
    pub queue: Option<u32>,
    /// With `http`: time limit for connecting, such as "250ms"; default 5s.
    pub connect_timeout: Option<Period>,
    /// With `http`: time limit for the response, from the request's first byte to the response's last; default 60s. A
    /// task's own `TimeoutSeconds` also applies.
    pub timeout: Option<Period>,
    /// With `http`: a PEM file of root certificates to trust instead of the operating system's.
    pub ca_file: Option<String>,
    /// With `http`: headers for each request; each value is a text, `{ env = "NAME" }` or `{ file = "PATH" }`.
    pub headers: Option<BTreeMap<String, Secret>>,
    /// The topics that `arn:aws:states:::kafka:produce` may write to; `*` stands for any text.
    pub kafka: Option<Vec<String>>,
}

/// A text that may stand elsewhere.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Secret {
    /// The text itself.
    Text(String),
    /// In an environment variable.
    Env {
        /// Its name.
        env: String,
    },
    /// In a file; blanks at the end are cut.
    File {
        /// Its path.
        file: String,
    },
}

impl Secret {
    /// Returns the text.
    pub(super) fn read(&self) -> Result<String, String> {
        let text = match self {
            Secret::Text(text) => return Ok(text.clone()),
            Secret::Env { env } => secret::from_variable(env)?,
            Secret::File { file } => secret::from_file(file)?,
        };
        Ok(text.trim_end().to_owned())
    }
}

/// Never shows a text: it may be a password.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Secret::Text(_) => f.write_str("Text(..)"),
            Secret::Env { env } if secret::is_variable(env) => write!(f, "Env({env})"),
            Secret::File { file } if secret::is_path(file) => write!(f, "File({file})"),
            Secret::Env { .. } => f.write_str("Env(..)"),
            Secret::File { .. } => f.write_str("File(..)"),
        }
    }
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Its pattern.
    pub pattern: String,
    /// The key, if it is one.
    pub key: Option<&'static str>,
    /// What is wrong with it.
    pub message: String,
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.key {
            Some(key) => write!(f, "tasks.\"{}\".{key}: {}", self.pattern, self.message),
            None => write!(f, "tasks.\"{}\": {}", self.pattern, self.message),
        }
    }
}

impl std::error::Error for ConfigError {}

/// The connector that an entry names.
#[derive(Clone, Debug)]
pub(super) enum Named<'a> {
    Function(&'a str),
    Delay(u32),
    Http(Http<'a>),
    Kafka(&'a [String]),
}

/// An entry of a function behind a URL, defaults filled in.
#[derive(Clone, Debug)]
pub(super) struct Http<'a> {
    pub(super) url: &'a str,
    pub(super) limits: Limits,
    pub(super) ca_file: Option<&'a str>,
    pub(super) headers: Vec<(&'a str, &'a Secret)>,
}

impl Entry {
    /// Says what is wrong with the entry itself, if anything; whether a function exists, [`super::Tasks`] knows.
    pub fn problem(&self) -> Option<String> {
        let (key, message) = self.connector().err()?;
        Some(match key {
            Some(key) => format!("{key}: {message}"),
            None => message,
        })
    }

    /// Returns the connector that the entry names.
    ///
    /// # Errors
    /// When it names none or several, or has keys of another; the key, if it is one, and a sentence.
    pub(super) fn connector(&self) -> Result<Named<'_>, (Option<&'static str>, String)> {
        let named = match (&self.function, &self.http, &self.kafka) {
            (Some(name), None, None) => match (name.as_str(), self.milliseconds) {
                ("delay", Some(milliseconds)) => Named::Delay(milliseconds),
                ("delay", None) => {
                    let message = "`delay` needs it: after how many milliseconds to answer";
                    return Err((Some("milliseconds"), message.into()));
                }
                _ => Named::Function(name),
            },
            (None, Some(url), None) => Named::Http(self.http(url)?),
            (None, None, Some(topics)) => Named::Kafka(topics),
            _ => {
                let message = "give exactly one of `function`, `http` and `kafka`";
                return Err((None, message.into()));
            }
        };
        let foreign = self.keys().into_iter().find(|(_, given, owner)| {
            let fits = match named {
                Named::Delay(_) => *owner == "delay",
                Named::Http(_) => *owner == "http",
                Named::Function(_) | Named::Kafka(_) => false,
            };
            *given && !fits
        });
        match foreign {
            Some((key, _, owner)) => Err((Some(key), format!("only `{owner}` has this key"))),
            None => Ok(named),
        }
    }

    /// Returns the keys that belong to one connector: name, whether it is given, and whose it is.
    fn keys(&self) -> [(&'static str, bool, &'static str); 7] {
        [
            ("milliseconds", self.milliseconds.is_some(), "delay"),
            ("connections", self.connections.is_some(), "http"),
            ("queue", self.queue.is_some(), "http"),
            ("connect_timeout", self.connect_timeout.is_some(), "http"),
            ("timeout", self.timeout.is_some(), "http"),
            ("ca_file", self.ca_file.is_some(), "http"),
            ("headers", self.headers.is_some(), "http"),
        ]
    }

    fn http<'a>(&'a self, url: &'a str) -> Result<Http<'a>, (Option<&'static str>, String)> {
        if self.connections == Some(0) {
            return Err((Some("connections"), "at least 1".into()));
        }
        let headers = self.headers.iter().flatten();
        Ok(Http {
            url,
            limits: Limits {
                connections: usize::from(self.connections.unwrap_or(64)),
                queue: self.queue.unwrap_or(10_000) as usize,
                connect_timeout: period(self.connect_timeout, 5),
                timeout: period(self.timeout, 60),
            },
            ca_file: self.ca_file.as_deref(),
            headers: headers.map(|(name, value)| (name.as_str(), value)).collect(),
        })
    }
}

fn period(given: Option<Period>, default_seconds: u64) -> Duration {
    given.map_or(Duration::from_secs(default_seconds), |period| period.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entry: &str, expected: Result<&str, &str>) {
        let text = format!("\"f\" = {entry}");
        let config: Config = match toml::from_str(&text) {
            Ok(config) => config,
            Err(error) => {
                let message = error.message();
                return assert_eq!(Err(message), expected, "{entry}");
            }
        };
        let got = match config.entries["f"].connector() {
            Ok(Named::Function(_)) => Ok("function"),
            Ok(Named::Delay(_)) => Ok("delay"),
            Ok(Named::Http(_)) => Ok("http"),
            Ok(Named::Kafka(_)) => Ok("kafka"),
            Err((key, message)) => Err(format!("{}: {message}", key.unwrap_or_default())),
        };
        assert_eq!(
            got.as_ref().map(|name| *name).map_err(String::as_str),
            expected,
            "{entry}"
        );
    }

    #[test]
    fn forms() {
        check(r#"{ function = "demo.cancel_order" }"#, Ok("function"));
        check(r#"{ function = "delay", milliseconds = 10 }"#, Ok("delay"));
        check(
            r#"{ http = "http://h/{function}", connections = 64, timeout = "5s", connect_timeout = "250ms" }"#,
            Ok("http"),
        );
        check(
            r#"{ http = "http://h/", headers = { Authorization = { env = "TOKEN" }, A = "b" } }"#,
            Ok("http"),
        );
        check(r#"{ kafka = ["audit", "billing-*"] }"#, Ok("kafka"));
    }

    #[test]
    fn mistakes() {
        check("{}", Err(": give exactly one of `function`, `http` and `kafka`"));
        check(
            r#"{ function = "f", kafka = [] }"#,
            Err(": give exactly one of `function`, `http` and `kafka`"),
        );
        check(
            r#"{ function = "delay" }"#,
            Err("milliseconds: `delay` needs it: after how many milliseconds to answer"),
        );
        check(
            r#"{ function = "f", milliseconds = 1 }"#,
            Err("milliseconds: only `delay` has this key"),
        );
        check(
            r#"{ kafka = ["t"], connections = 1 }"#,
            Err("connections: only `http` has this key"),
        );
        check(
            r#"{ http = "http://h/", connections = 0 }"#,
            Err("connections: at least 1"),
        );
    }

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(format!("{:?}", Secret::Text("hush".into())), "Text(..)");
    }
}
