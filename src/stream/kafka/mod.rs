//! Kafka as source and sink: the only module that knows rdkafka.
//!
//! One consumer per workflow and process. Its control thread ([`Control`]) follows the group: it answers
//! rebalances, reads and writes commits and watches the brokers. Events never pass it: the queue of each
//! partition is forwarded to the queue of one shard before the partition is assigned, and the shard takes
//! batches from there ([`KafkaSource`]). Letters between the two go through a mailbox per shard that holds
//! at most a few per partition. A [`KafkaSink`] is a producer of one shard; the wait for company that makes its
//! batches large under load is cut short while there is little to send.
//!
//! What a cooperative rebalance leaves unevenly on the shards moves from one to another some seconds later, as if it
//! went to another member and came back.
//!
//! Where a partition goes on is asked on a thread beside the control thread, leader by leader: what is known is handed
//! out, what is not is asked again, so a partition that is slow or has no leader holds up itself only.
//!
//! A topic that is deleted and made anew has other events at the same offsets: commits name the topic's id,
//! and a running consumer looks at the ids once a second. What it takes of the new topic until then is read
//! again; a sync workflow, which runs nothing twice, should be stopped before its topic is replaced.
//!
//! A partition may lose its last events (an unclean leader election), and others may be written in their place. An async
//! workflow that is reading it goes back to where its offsets do; one that finds it to end before its commit reads it from
//! its beginning: events run twice. A sync workflow goes on at its commit, or at the end if that is before it: some
//! may not be run. An error says so.
//!
//! Calls into librdkafka that rdkafka's safe interface does not have are unsafe code, in six files: `native`
//! of each side, and `native_event`, `native_token`, `native_topics` and `mock` of what they share.
//!
//! Three rooms: `consumer`, `producer`, and what both share, `shared`, which knows neither.
//!
//! Must not know workflows, executions or logs. Invariant: a partition is given back to the group only
//! when its shard has released it or the drain time is over, and nothing is committed for it afterwards.

mod consumer;
mod producer;
mod shared;

pub use consumer::{Control, KafkaSource};
pub use producer::KafkaSink;
pub use shared::admin;
pub use shared::buffers::Buffers;
pub use shared::config::{Config, Properties, Property, Secret};
pub(crate) use shared::harmless::is_harmless;
pub use shared::health::{Absence, Health, PartitionHealth};
pub use shared::iam::{Token, TokenMaker, Tokens};
pub use shared::mock::Mock;
pub use shared::subscription::{SourceConfig, Start, Subscription};

use std::fmt;

/// Why a client cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A property that is stepstream's to set, and what to use instead.
    Owned {
        /// The property.
        key: String,
        /// What to do instead.
        instead: &'static str,
    },
    /// A property that librdkafka does not take, in its words (without the value if that is a secret).
    Property {
        /// The property.
        key: String,
        /// Why not.
        reason: String,
    },
    /// A secret that cannot be read.
    Secret {
        /// The property it is for.
        key: String,
        /// Why not; names the variable or file, never the value.
        reason: String,
    },
    /// A list of brokers that is none; names nothing of it.
    Brokers(&'static str),
    /// Settings of the source that do not fit.
    Source(String),
    /// The client itself, in librdkafka's words.
    Client(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Owned { key, instead } => write!(f, "kafka property {key:?} cannot be set: {instead}"),
            Error::Property { key, reason } => write!(f, "kafka property {key:?}: {reason}"),
            Error::Secret { key, reason } => write!(f, "kafka.secrets {key:?}: {reason}"),
            Error::Brokers(reason) => write!(f, "kafka.brokers: {reason}"),
            Error::Source(reason) => f.write_str(reason),
            Error::Client(reason) => write!(f, "kafka client: {reason}"),
        }
    }
}

impl std::error::Error for Error {}
