//! Runs a program: one execution, from its input to its outcome.
//!
//! A [`Run`] is the memory of one execution. [`Run::start`] gives it an input, [`Run::advance`] runs it
//! until it is over or waits for the world; then [`Run::requests`] says for what (a task, a time),
//! and [`Run::resume`] brings the answer. Time and randomness are handed in; there is no I/O here.
//!
//! Parallel and Map are child frames (`frame`) of one run; the events of its history (`event`) are
//! kept as references into its heap, if anyone wants them. Must not know the document model or the
//! compiler. Invariants: event ids count whether events are kept or not, since causes name them; a
//! fault is data (`fault::Fault`), never a panic.

mod answer;
mod choice;
mod compact;
mod container;
mod context;
mod event;
mod expression;
mod fault;
mod frame;
mod fused;
mod gather;
mod handler;
mod inline;
mod interpret;
mod operand;
mod park;
mod place;
mod request;
mod run;
mod task;
mod trace;
mod wait;
mod work;

#[cfg(test)]
mod tests;

pub use compact::MEMORY_BYTES_MAX;
pub use context::Identity;
pub use event::{Event, EventCost, EventSet, EventType, Level};
pub use request::{Answer, Request, TaskRequest, Timer, TimerKind, Token};
pub use run::{Identified, Outcome, PAYLOAD_BYTES_MAX, RUN_SECONDS_MAX, Run, StartError, Status};
pub use trace::{Decision, Traced};
pub use work::{RECORD_BYTES_PER_WORK, Work};
