//! Shards: poll, run, wait, send, complete, commit.
//!
//! A shard is one thread with its own share of the partitions of every workflow. It owns what it touches:
//! the executor with what is in flight ([`execution`](crate::execution)), the messages on their way (`outbox`) and
//! the events that wait for them (`settlements`), the offsets that are begun (`lane`, `partition`). Shards share
//! nothing that changes and talk to the rest through the ends they are given: a [`Source`](crate::stream::Source) per
//! workflow, one [`Sink`](crate::stream::Sink), one [`Caller`](crate::task::Caller) of tasks, a [`Journal`] per
//! workflow. Workflows come and go while a shard runs; orders for that, and executions that callers ask for, come over its
//! [`Mailbox`]. Must not know Kafka, configuration files or metric names.
//!
//! # One event's way
//!
//! [`Shard::turn`] takes a batch; `intake` begins an execution for each event, unless it has to wait for its turn. Who
//! asks for the execution is the event (`event_asker`): it gives a name and an input. How an execution runs, waits and
//! ends is [`execution`](crate::execution)'s affair; nearly all are over at once. At its end the event sends what it
//! leaves behind (`messages`, `replies`). Its offset is complete when that is acknowledged, at once if there is nothing.
//! What leaves with which commit is a [`Checkpoint`](crate::stream::Checkpoint): after the executions (`commit`), or in
//! sync mode before (`precommit`).
//!
//! A caller (`call`) asks for an execution in the same way, with a name and an input of its own, and is answered over a
//! channel (`mailbox`, `calls`, `call_asker`); it has no offset and leaves log records behind, for which it does not wait.
//! `askers` tells the two apart when an execution has waited.
//!
//! # Where to look
//!
//! | for | file |
//! |---|---|
//! | how many events are taken, and why none are | `taking`, `limits` |
//! | which events wait for which | `ordering`, `intake` |
//! | an output, a dead letter, a reply | `messages`, `letter_headers`, `replies` |
//! | a message that does not arrive | `outbox`, `resend`, `trials`, `deliveries` |
//! | when an event is finished | `settlements`, `event_asker` |
//! | an offset's commit | `commit`; in sync mode `precommit`, `cut_off` |
//! | a partition that goes, a shard that stops | `drain` |
//! | a workflow that comes or goes | `coming`, `leaving` |
//! | memory | `reckoning`, `held`, and `execution::account` |
//!
//! # Invariants
//!
//! - An offset is completed once, and only when everything its event leaves behind is acknowledged.
//! - A caller whose call was taken is answered once: at the end, or when the shard or the workflow stops.
//! - Neither events nor callers keep the other out, whatever there is little of.
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

mod askers;
mod call;
mod call_asker;
mod caller;
mod calls;
mod coming;
mod commit;
mod cut_off;
mod deliveries;
mod dispatch;
mod drain;
mod event;
mod event_asker;
mod handle;
mod headers;
mod hear;
mod held;
mod intake;
mod kept;
mod lane;
mod lane_id;
mod leaving;
mod letter_headers;
mod limits;
mod mailbox;
mod messages;
mod ordering;
mod outbox;
mod partition;
mod parts;
mod position;
mod precommit;
mod reckoning;
pub mod redrive;
mod refusal;
mod removed;
mod replies;
mod report;
mod resend;
mod settlements;
mod shard;
mod stats;
mod stop;
mod taking;
#[cfg(test)]
mod tests;
mod ticket;
mod trials;
mod workflow;

pub use crate::clock::Now;
pub use crate::execution::{Journal, LogSettings, MachineSettings, MemoryLimits, Version};
pub use crate::guard::PANIC;
pub use call::{Call, CallEnd, INVALID_INPUT, Refused};
pub use deliveries::{Deliveries, REFUSED_AFTER, STUCK_AFTER, Standstill};
pub use handle::{Failure, Handle, spawn};
pub use headers::{HEADERS_BYTES_MAX, HEADERS_MAX};
pub use intake::BATCH_EVENTS_MAX;
pub use lane_id::LaneId;
pub use leaving::FAREWELL;
pub use mailbox::{Address, CALL_BYTES_MAX, CALLS_MAX, Mailbox, ORDERS_MAX, mailbox};
pub use messages::CAUSE_BYTES_MAX;
pub use ordering::Ordering;
pub use parts::{LaneParts, Parts, Renew};
pub use refusal::{CUT_OFF, EVENT_TOO_LARGE, INVALID_EVENT};
pub use removed::Removed;
pub use shard::{Shard, Turn};
pub use stats::Stats;
pub use stop::Stop;
pub use workflow::{DeadLetter, Input, Mode, OnEmpty, Workflow};
