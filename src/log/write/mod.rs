//! The way out of execution logs: from a shard's buffer to stdout, files, a topic or CloudWatch Logs.
//!
//! A shard encodes records ([`encode`](crate::log::encode)) into its [`Buffer`]; whole buffers go to the [`Writer`], which
//! confirms them by number and wakes the shard. One writer serves all machines, with one thread for stdout, one for topics,
//! one for CloudWatch Logs and few for folders of files; machines come and go while it runs, and each has its own [`Health`]. Must not
//! know executions, shards' loops or Kafka itself: a topic is reached through a
//! [`Sink`](crate::stream::Sink) that is handed in, CloudWatch Logs through a [`CloudWatch`]. Invariants: with `overflow = "block"` a number is
//! confirmed only when every byte up to it has left the process; a file has whole lines only once it has
//! its final name; nothing waits on a shard's thread;
//! the number of threads does not grow with that of machines.

mod bell;
mod buffer;
mod cloudwatch;
mod config;
mod destination;
mod disk;
mod files;
mod health;
mod lines;
mod stdout;
mod topic;
mod topics;
mod writer;

pub use buffer::{BUFFER_BYTES, Buffer, PARCELS_MAX, WAITING_BYTES_MAX};
pub use cloudwatch::{Answer as CloudWatchAnswer, CloudWatch, CloudWatchFactory, Reply, Request};
pub use config::{CloudWatchConfig, Config, Destination, FileConfig, KafkaConfig, LogLevel, Overflow};
pub use destination::SinkFactory;
pub use files::{CLOSED_ENDING, OPEN_ENDING};
pub use health::Health;
pub use writer::{Log, Setup, StartError, Writer, finish_all};

#[cfg(test)]
mod files_tests;
#[cfg(test)]
mod many_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod topic_tests;
