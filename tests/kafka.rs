//! Kafka as source and sink, on a real broker: see tests/support/kafka.rs for what that needs.

#[path = "support/kafka.rs"]
#[allow(dead_code, reason = "other test binaries use the rest")]
mod broker;
#[path = "kafka/cut.rs"]
mod cut;
#[path = "kafka/demo.rs"]
mod demo;
#[path = "kafka/group.rs"]
mod group;
#[path = "kafka/outage.rs"]
mod outage;
#[path = "kafka/reader.rs"]
mod reader;
#[path = "kafka/redrive.rs"]
mod redrive;
#[cfg(feature = "kafka-tls")]
#[path = "kafka/security.rs"]
mod security;
#[path = "kafka/sink.rs"]
mod sink;
#[path = "kafka/source.rs"]
mod source;
