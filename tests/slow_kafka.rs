//! The slow suite on a real Kafka: processes that are killed, brokers that die, disks that fill, topics that
//! change. `tests/slow/kafka` runs it; tests/slow/README.md has its results.
//!
//! Each test lets `stepstream run` process events whose acknowledgement by the broker is the ground truth, and
//! prints one line of counts, beginning with `RESULT`.

#[path = "support/kafka.rs"]
#[allow(dead_code)] // The quick tests use more of it.
mod broker;
#[path = "slow_kafka/calls.rs"]
mod calls;
#[path = "slow_kafka/cluster.rs"]
mod cluster;
#[path = "slow_kafka/disk.rs"]
mod disk;
#[path = "slow_kafka/feed.rs"]
mod feed;
#[path = "slow_kafka/kills.rs"]
mod kills;
#[path = "slow_kafka/leaderless.rs"]
mod leaderless;
#[path = "slow_kafka/members.rs"]
mod members;
#[path = "slow_kafka/outage.rs"]
mod outage;
#[path = "slow_kafka/process.rs"]
mod process;
#[path = "slow_kafka/site.rs"]
mod site;
#[path = "slow_kafka/tally.rs"]
mod tally;
#[path = "slow_kafka/tokens.rs"]
mod tokens;
#[path = "slow_kafka/topics.rs"]
mod topics;
