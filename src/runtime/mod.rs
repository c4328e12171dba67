//! Shards: poll, run, wait, send, complete, commit.
//!
//! A shard is one thread with its own share of the partitions of every workflow. It owns what it touches:
//! the executions in flight (`flight`), what is due (`timers`), the messages on their way (`outbox`) and the
//! events that wait for them (`settlements`), the offsets that are begun (`lane`). Shards share nothing that
//! changes and talk to the rest through the ends they are given: a [`Source`](crate::stream::Source) per
//! workflow, one [`Sink`](crate::stream::Sink), one [`Caller`](crate::task::Caller) of tasks, a [`Journal`] per
//! workflow. Must not know Kafka, configuration files or metric names.
//!
//! # One event's way
//!
//! [`Shard::turn`] takes a batch, `core` runs each event in the shard's one run. Nearly all are over then:
//! `finish` (or `refuse`) writes their records and sends (`messages`) what they leave behind, and the offset is complete
//! when that is acknowledged, at once if there is nothing. One that waits is copied into a small run in the
//! in-flight table and comes back when an answer or its time does. `commit` asks for commits: after the
//! executions, or in sync mode before.
//!
//! # Invariants
//!
//! - An offset is completed once, and only when everything its event leaves behind is acknowledged.
//! - In sync mode nothing runs before the commit past it was acknowledged, and nothing runs twice.
//! - A turn never waits and has a bounded length: a workflow that loops, or works on large data, has turns as all
//!   others. What executions may do in one is `TURN_WORK`, counted by [`Work`](crate::vm::Work), and one evaluation of
//!   JSONata, which cannot be stopped: what would come behind it comes first in the next turn (`shares`).
//! - Everything that waits is counted against a limit; what is full stops its own workflow's source. Only the
//!   total of waiting executions is the shard's, and stops all. Of the `account` of memory and of the sink's queue each
//!   workflow has a share. A shard whose memory is short begins what it has taken when nothing else can give memory
//!   back, and an execution that needs more than there is waits for others to end (`thirsty`); when also
//!   what one may hold beyond the account is taken, what grows fails.
//! - A panic on an event's way, in running, ending, logging or sending it, ends that event: it goes where poison goes,
//!   without its data if that is what breaks.

mod account;
mod ages;
mod commit;
mod core;
mod deliveries;
mod drain;
mod event;
mod finish;
mod flight;
mod handle;
mod headers;
mod held;
mod history;
mod identity;
mod lane;
mod limits;
mod messages;
mod ordering;
mod outbox;
mod panics;
mod parts;
pub mod redrive;
mod refuse;
mod settlements;
mod shard;
mod shares;
mod stats;
#[cfg(test)]
mod tests;
mod thirsty;

mod ticket;
mod timers;
mod waiting;
mod workflow;

pub use crate::clock::Now;
pub use crate::guard::PANIC;
pub use account::MemoryLimits;
pub use deliveries::{Deliveries, REFUSED_AFTER, STUCK_AFTER, Standstill};
pub use handle::{Failure, Handle, Stop, spawn};
pub use headers::{HEADERS_BYTES_MAX, HEADERS_MAX};
pub use messages::CAUSE_BYTES_MAX;
pub use ordering::Ordering;
pub use parts::{Journal, LaneParts, Parts, Renew};
pub use refuse::{CUT_OFF, EVENT_TOO_LARGE, INVALID_EVENT};
pub use shard::{BATCH_EVENTS_MAX, Shard, Turn};
pub use stats::Stats;
pub use workflow::{DeadLetter, Input, LogSettings, Mode, OnEmpty, Version, Workflow};
