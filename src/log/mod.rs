//! Execution logs: one room with three parts, which know nothing of each other.
//!
//! [`encode`] turns a run's history events into records, `write` (with the feature `runtime`) ships records to stdout,
//! files or a topic, and [`read`] reads them back.

pub mod encode;
pub mod read;
#[cfg(feature = "runtime")]
pub mod write;
