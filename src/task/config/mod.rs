//! `[tasks]`: what runs tasks, as the configuration says it.
//!
//! Owns which kinds of connectors there are. The keys of each, and their check, are the kind's own: it declares them with
//! `keys!` in its own folder, has a field in [`Entry`], and a variant in `Kind`. Must not know connectors' inner life.
//! Invariant: an entry that passes `Entry::kind` names exactly one kind, with keys that this kind has.

mod keys;
mod mistake;
mod secret;

pub(super) use keys::{Keys, keys};
pub use mistake::ConfigError;
pub(super) use mistake::Mistake;
pub use secret::Secret;

use super::aws::{AwsConfig, Settings};
use super::http::ConnectionConfig;
use super::lambda::CallLimits;
use super::lambda::functions::{DelayConfig, FunctionConfig};
use super::lambda::http::HttpConfig;
use super::lambda::process::ProcessConfig;
use super::produce::ProduceConfig;
use super::web::connection::Connection;
use super::web::{WebConfig, WebKeys};
use schemars::JsonSchema;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::Path;

/// What runs tasks. Keys are patterns: a resource's ARN, or a function's ARN, partial ARN or name; `*` stands for any
/// text. The longest matching pattern wins. A resource that matches no pattern is unreachable.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Config {
    /// Pattern to connector.
    pub entries: BTreeMap<String, Entry>,
    /// `[aws]`, which is for all entries that call AWS.
    #[serde(skip)]
    pub aws: Settings,
    /// `[connections]`, which is for all entries that call web APIs.
    #[serde(skip)]
    pub connections: BTreeMap<String, Connection>,
}

impl Config {
    /// Makes the directories of processes absolute, as far as the folder of the configuration file is: what is relative is
    /// relative to it.
    pub fn locate(&mut self, folder: &Path) {
        if let Some(file) = &mut self.aws.ca_file {
            *file = folder.join(&*file).display().to_string();
        }
        for entry in self.entries.values_mut() {
            entry.process.locate(folder);
        }
    }

    /// Takes out the headers and variables whose texts cannot be read on this machine, and says why. Whoever only checks need not
    /// have the secrets of whoever runs.
    pub fn take_unreadable(&mut self) -> Vec<ConfigError> {
        let of_connection = |(name, connection): (&String, &mut Connection)| {
            let mistakes = connection.take_unreadable().into_iter();
            let name = name.clone();
            mistakes.map(move |mistake| mistake.at_connection(&name))
        };
        let mut found: Vec<ConfigError> = self.connections.iter_mut().flat_map(of_connection).collect();
        let of_entry = |(pattern, entry): (&String, &mut Entry)| {
            let mut mistakes = entry.http.take_unreadable();
            mistakes.extend(entry.process.take_unreadable());
            let pattern = pattern.clone();
            mistakes.into_iter().map(move |mistake| mistake.at(&pattern))
        };
        found.extend(self.entries.iter_mut().flat_map(of_entry));
        found
    }
}

/// The connector that serves a pattern: exactly one of `function`, `http`, `runtime`, `kafka`, `aws` and
/// `endpoints`, which may have `aws` beside it.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Entry {
    #[schemars(flatten)]
    function: FunctionConfig,
    #[schemars(flatten)]
    delay: DelayConfig,
    #[schemars(flatten)]
    http: HttpConfig,
    #[schemars(flatten)]
    connections: ConnectionConfig,
    #[schemars(flatten)]
    process: ProcessConfig,
    #[schemars(flatten)]
    limits: CallLimits,
    #[schemars(flatten)]
    kafka: ProduceConfig,
    #[schemars(flatten)]
    aws: AwsConfig,
    #[schemars(flatten)]
    web: WebConfig,
}

/// The kind of connector that an entry names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind<'a> {
    /// A function of the process, by its name.
    Function(&'a str),
    /// Answers after so many milliseconds.
    Delay(u32),
    Http(&'a HttpConfig, &'a ConnectionConfig, &'a CallLimits),
    Process(&'a ProcessConfig, &'a CallLimits),
    Kafka(&'a ProduceConfig),
    Aws(&'a AwsConfig, &'a ConnectionConfig, &'a CallLimits),
    Web(WebKeys<'a>),
}

impl Entry {
    /// Creates the entry of a function of the process.
    pub fn of_function(name: &str) -> Entry {
        let mut entry = Entry::default();
        entry.function.function = Some(name.to_owned());
        entry
    }

    /// Returns the URL that calls go to, if they go to one.
    pub fn url(&self) -> Option<&str> {
        self.http.http.as_deref()
    }

    /// Returns the headers that calls have.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &Secret)> {
        let headers = self.http.headers.iter().flatten();
        headers.map(|(name, secret)| (name.as_str(), secret))
    }

    /// Returns the URLs that are granted.
    pub fn endpoints(&self) -> impl Iterator<Item = &str> {
        self.web.endpoints.iter().flatten().map(String::as_str)
    }

    /// Says whether topics are granted.
    pub fn grants_topics(&self) -> bool {
        self.kafka.kafka.is_some()
    }

    /// Says what is wrong with the entry itself, if anything; whether a function exists, [`super::Tasks`] knows.
    pub fn problem(&self) -> Option<String> {
        let Mistake { key, message } = self.kind().err()?;
        Some(match key {
            Some(key) => format!("{key}: {message}"),
            None => message,
        })
    }

    /// Returns the kind that the entry names.
    ///
    /// # Errors
    /// When it names none or several, or has keys of another.
    pub(super) fn kind(&self) -> Result<Kind<'_>, Mistake> {
        let named = (
            &self.function.function,
            &self.http.http,
            &self.process.runtime,
            &self.kafka.kafka,
            &self.aws.aws,
            &self.web.endpoints,
        );
        let (kind, owners): (_, &[&str]) = match named {
            (Some(name), None, None, None, None, None) => match self.delay.of(name)? {
                Some(milliseconds) => (
                    Kind::Delay(milliseconds),
                    &[FunctionConfig::OWNER, DelayConfig::OWNER],
                ),
                None => (Kind::Function(name), &[FunctionConfig::OWNER]),
            },
            (None, Some(_), None, None, None, None) => (
                Kind::Http(&self.http, &self.connections, &self.limits),
                &[HttpConfig::OWNER, ConnectionConfig::OWNER, CallLimits::OWNER],
            ),
            (None, None, Some(_), None, None, None) => (
                Kind::Process(&self.process, &self.limits),
                &[ProcessConfig::OWNER, CallLimits::OWNER],
            ),
            (None, None, None, Some(_), None, None) => (Kind::Kafka(&self.kafka), &[ProduceConfig::OWNER]),
            (None, None, None, None, Some(_), None) => (
                Kind::Aws(&self.aws, &self.connections, &self.limits),
                &[AwsConfig::OWNER, ConnectionConfig::OWNER, CallLimits::OWNER],
            ),
            (None, None, None, None, aws, Some(_)) => (
                Kind::Web(WebKeys {
                    web: &self.web,
                    http: &self.http,
                    limits: &self.connections,
                    calls: &self.limits,
                    aws: aws.as_ref().map(|_| &self.aws),
                }),
                // Of `http`'s own keys it has `ca_file` alone.
                &[
                    WebConfig::OWNER,
                    HttpConfig::OWNER,
                    ConnectionConfig::OWNER,
                    CallLimits::OWNER,
                    AwsConfig::OWNER,
                ],
            ),
            _ => {
                return Err(Mistake::of_entry(
                    "give exactly one of `function`, `http`, `runtime`, `kafka`, `aws` and `endpoints`",
                ));
            }
        };
        self.check_owners(owners)?;
        match kind {
            Kind::Http(_, connections, _) => connections.check()?,
            Kind::Web(keys) => keys.check()?,
            Kind::Process(config, _) => config.check()?,
            Kind::Aws(config, connections, _) => {
                config.check()?;
                connections.check()?;
            }
            Kind::Function(_) | Kind::Delay(_) | Kind::Kafka(_) => {}
        }
        Ok(kind)
    }

    /// Checks that all keys are of these owners.
    fn check_owners(&self, owners: &[&str]) -> Result<(), Mistake> {
        let given = [
            self.function.first(),
            self.delay.first(),
            self.http.first(),
            self.connections.first(),
            self.process.first(),
            self.limits.first(),
            self.kafka.first(),
            self.aws.first(),
            self.web.first(),
        ];
        let is_foreign = |(owner, _): &(&str, &str)| !owners.contains(owner);
        match given.into_iter().flatten().find(is_foreign) {
            Some((owner, key)) => Err(Mistake::of_key(key, format!("only `{owner}` has this key"))),
            None => Ok(()),
        }
    }

    /// Reads the value of a key; says whether some kind has it.
    fn read<'de, M: MapAccess<'de>>(&mut self, name: &str, map: &mut M) -> Result<bool, M::Error> {
        Ok(self.function.read(name, map)?
            || self.delay.read(name, map)?
            || self.http.read(name, map)?
            || self.connections.read(name, map)?
            || self.process.read(name, map)?
            || self.limits.read(name, map)?
            || self.kafka.read(name, map)?
            || self.aws.read(name, map)?
            || self.web.read(name, map)?)
    }
}

/// The keys of all kinds, in the order of the documentation.
fn names() -> impl Iterator<Item = &'static str> {
    let names = [
        FunctionConfig::NAMES,
        DelayConfig::NAMES,
        HttpConfig::NAMES,
        ConnectionConfig::NAMES,
        ProcessConfig::NAMES,
        CallLimits::NAMES,
        ProduceConfig::NAMES,
        AwsConfig::NAMES,
        WebConfig::NAMES,
    ];
    names.into_iter().flatten().copied()
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entry, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("struct Entry")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Entry, M::Error> {
        let mut entry = Entry::default();
        while let Some(name) = map.next_key::<String>()? {
            if !entry.read(&name, &mut map)? {
                let names: Vec<String> = names().map(|name| format!("`{name}`")).collect();
                let message = format!("unknown field `{name}`, expected one of {}", names.join(", "));
                return Err(M::Error::custom(message));
            }
        }
        Ok(entry)
    }
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
        let got = match config.entries["f"].kind() {
            Ok(Kind::Function(_)) => Ok("function"),
            Ok(Kind::Delay(_)) => Ok("delay"),
            Ok(Kind::Http(..)) => Ok("http"),
            Ok(Kind::Process(..)) => Ok("runtime"),
            Ok(Kind::Kafka(_)) => Ok("kafka"),
            Ok(Kind::Aws(..)) => Ok("aws"),
            Ok(Kind::Web(..)) => Ok("endpoints"),
            Err(Mistake { key, message }) => Err(format!("{}: {message}", key.unwrap_or_default())),
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
        check(
            "{ aws = true, connections = 8, queue = 10, timeout = '5s' }",
            Ok("aws"),
        );
        check(
            r#"{ endpoints = ["https://api.example.com/*"], gateway_url = "http://h", ca_file = "f", connections = 1, queue = 2 }"#,
            Ok("endpoints"),
        );
    }

    #[test]
    fn mistakes() {
        check(
            "{}",
            Err(": give exactly one of `function`, `http`, `runtime`, `kafka`, `aws` and `endpoints`"),
        );
        check(
            r#"{ function = "f", kafka = [] }"#,
            Err(": give exactly one of `function`, `http`, `runtime`, `kafka`, `aws` and `endpoints`"),
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
            Err("connections: only `http`, `endpoints` or `aws` has this key"),
        );
        check(
            r#"{ endpoints = [], aws = { role_arn = "x" } }"#,
            Err("aws: role_arn: 'x' is not the ARN of a role"),
        );
        check(
            r#"{ endpoints = [], headers = {} }"#,
            Err("headers: only `http` has this key"),
        );
        check(
            r#"{ kafka = ["t"], gateway_url = "http://h" }"#,
            Err("gateway_url: only `endpoints` has this key"),
        );
        check(
            r#"{ http = "http://h/", connections = 0 }"#,
            Err("connections: at least 1"),
        );
        check(
            "{ functoin = 'f' }",
            Err(
                "unknown field `functoin`, expected one of `function`, `milliseconds`, `http`, `ca_file`, `headers`, `connections`, `connect_timeout`, `runtime`, `instances`, `memory`, `environment`, `directory`, `queue`, `timeout`, `kafka`, `aws`, `endpoints`, `gateway_url`",
            ),
        );
        check(
            "'http://h/'",
            Err("invalid type: string \"http://h/\", expected struct Entry"),
        );
        check(
            "{ http = 'http://h/', queue = 'x' }",
            Err("invalid type: string \"x\", expected u32"),
        );
    }
}
