//! Executions, each with the world around it: asked for, named, run, made to wait, taken up again, ended.
//!
//! A shard has one executor, which runs the executions of its machines for whoever asks. An asker (the trait `Asker`)
//! gives an execution its name and its input, and decides what its ending means: an event of a partition is completed, a
//! caller who waits is answered. Must not know partitions, offsets, topics or events; a test checks that.
//!
//! # One execution's way
//!
//! `executor` begins it in the shard's one run, and drives it until it is over or has to wait; `call` calls its tasks.
//! One that waits is copied into a small run in the table (`park`, `flight`), with what is kept of who asked, and comes
//! back when an answer, a time (`timers`) or memory (`thirsty`) does. `ending` writes its records (`records`) and tells
//! who asked. What a panic comes to stands in `guarded`.
//!
//! # Invariants
//!
//! - An execution that began ends once, and who asked for it hears so once: that it is over, or that it was dropped.
//! - An execution has a bounded part of a turn, in states and in bytes of JSON text.
//! - What executions take of memory is on the shard's account (`account`). One that needs more than there is waits for
//!   others to end; when also what one may hold beyond the account is taken, what grows fails.
//! - A panic ends the execution in which it happens, and no other.

pub(crate) mod account;
pub(crate) mod ages;
pub(crate) mod asker;
pub(crate) mod call;
pub(crate) mod call_key;
pub(crate) mod ending;
pub(crate) mod executor;
pub(crate) mod flight;
pub(crate) mod guarded;
pub(crate) mod journal;
pub(crate) mod machine;
pub(crate) mod name;
pub(crate) mod park;
pub(crate) mod records;
pub(crate) mod shares;
pub(crate) mod state;
pub(crate) mod steps;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod thirsty;
pub(crate) mod timers;

pub use account::MemoryLimits;
pub use journal::Journal;
pub use machine::{LogSettings, MachineSettings, Version};
