//! A source and a sink without a broker, for pipes, tests and benches.
//!
//! [`source()`] makes a [`MemorySource`] fed with [`Block`]s of events through a bounded channel, and
//! [`MemorySource::repeat`] one that brings the same events again and again. [`outbox()`] makes sinks whose
//! messages arrive as [`Parcel`]s at one place, which acknowledges them. Both copy bytes in blocks, so a
//! thread on the other side costs little per event. Must not know what the events are. Invariant: nothing
//! is lost on the way: what is not taken is refused, what is taken arrives and is answered once.

mod block;
mod parcel;
mod sink;
mod source;
#[cfg(test)]
mod tests;

pub use block::Block;
pub use parcel::{Letter, Parcel};
pub use sink::{Acknowledge, Bounds, Desk, MemorySink, Outbox, outbox};
pub use source::{Closed, Feed, Ledger, MemorySource, source};
