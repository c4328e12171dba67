//! Execution-log records: history events as AWS writes them to CloudWatch Logs (facts 2.2 to 2.7).
//!
//! Owns the form of a record and nothing about where it goes. [`Encoder::write`] turns one event of a
//! run straight into bytes; which events a run keeps is said by its level
//! ([`crate::vm::EventSet`]). Must not know files, time or sinks. Invariant: writing a record
//! allocates nothing once the buffer has grown to its size.

mod details;
mod encoder;
mod record;
mod text;

pub use encoder::Encoder;
pub use text::TEXT_BYTES_MAX;

#[cfg(test)]
mod tests;
