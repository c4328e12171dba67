//! Messages out: the producer of a shard, and what cuts its wait for company short.

mod flusher;
mod maker;
mod native;
mod sink;

pub use sink::KafkaSink;
