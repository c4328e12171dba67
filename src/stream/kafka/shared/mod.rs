//! What both sides of Kafka share: configuration, health, administration, and the parts of librdkafka that are neither's.

pub mod admin;
mod amount;
mod brokers;
pub(super) mod buffers;
pub(super) mod client;
pub(super) mod config;
mod coordinator;
pub(super) mod harmless;
pub(super) mod health;
pub(super) mod iam;
mod java;
pub(super) mod mock;
pub(super) mod native_event;
pub(super) mod native_token;
pub(super) mod native_topics;
mod properties;
mod reckoned;
pub(super) mod subscription;
mod tls;
mod together;
