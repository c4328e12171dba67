//! What a source needs to know of its workflow: what to read, as which group, and where to begin.
//!
//! Must not know properties of clients. Invariant: a subscription that librdkafka gets is what it says it is, topics
//! or a pattern.

use crate::stream::kafka::Error;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// What a source needs to know of its workflow.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// Names the client at the broker (`client.id`) and its thread.
    pub name: String,
    /// What to read.
    pub subscription: Subscription,
    /// `group.id`.
    pub group: String,
    /// `group.instance.id`: static membership.
    pub instance_id: Option<String>,
    /// Where to begin in a partition for which the group has no offset.
    pub start: Start,
    /// How long a revoked partition may take to finish; below `max.poll.interval.ms`.
    pub drain_timeout: Duration,
    /// Whether no event may come twice. It decides where reading goes on when the partition ends before the commit
    /// and nobody knows whether its events were read: at its end, otherwise at its beginning.
    pub at_most_once: bool,
    /// Whether the source ends at the end offsets that it sees when it gets a partition.
    pub until_end: bool,
}

/// Which topics to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscription {
    /// These.
    Topics(Vec<String>),
    /// All that match a regular expression, which begins with `^`.
    Pattern(String),
}

impl Subscription {
    /// Returns what librdkafka subscribes to.
    pub(crate) fn topics(&self) -> Result<Vec<&str>, Error> {
        match self {
            Subscription::Topics(topics) if topics.is_empty() => Err(Error::Source(
                "topics: name at least one topic, or set topics_pattern".to_owned(),
            )),
            Subscription::Topics(topics) => match topics.iter().find(|topic| topic.starts_with('^')) {
                Some(topic) => Err(Error::Source(format!(
                    "topics: {topic:?} is a pattern; use topics_pattern"
                ))),
                None => Ok(topics.iter().map(String::as_str).collect()),
            },
            Subscription::Pattern(pattern) if pattern.starts_with('^') => Ok(vec![pattern]),
            Subscription::Pattern(pattern) => Err(Error::Source(format!(
                "topics_pattern: {pattern:?} must begin with ^"
            ))),
        }
    }
}

/// Where to begin without an offset: `"earliest"`, `"latest"`, or a time (RFC 3339).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub enum Start {
    /// With the oldest event there is.
    #[default]
    Earliest,
    /// With the first event after the group's first start.
    Latest,
    /// With the first event whose timestamp is not before this, in milliseconds since 1970.
    Time(i64),
}

impl TryFrom<String> for Start {
    type Error = String;

    fn try_from(text: String) -> Result<Start, String> {
        match text.as_str() {
            "earliest" => Ok(Start::Earliest),
            "latest" => Ok(Start::Latest),
            _ => {
                let nanos = crate::timestamp::parse(&text);
                let millis = nanos.and_then(|nanos| i64::try_from(nanos.div_euclid(1_000_000)).ok());
                let millis = millis.filter(|millis| *millis >= 0);
                millis.map(Start::Time).ok_or_else(|| {
                    format!(
                        "{text:?} is not \"earliest\", \"latest\" or a time such as \"2026-01-31T00:00:00Z\""
                    )
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts() {
        let start = |text: &str| Start::try_from(text.to_owned());
        assert_eq!(start("latest"), Ok(Start::Latest));
        assert_eq!(start("1970-01-01T00:00:01.5Z"), Ok(Start::Time(1500)));
        assert!(start("yesterday").is_err());
    }
}
