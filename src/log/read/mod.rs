//! Histories read back from execution logs, ours and those exported from CloudWatch.
//!
//! A [`Parser`] finds records in lines; a [`Table`] sums up executions, a [`Collection`] gathers the
//! records of one, a [`Story`] tells them for reading, and tells a live run as well. Must not know
//! files or terminals. Invariants: records may come in any order, twice, torn or not at all; memory is
//! bounded whatever the size of the log.

mod collection;
mod ending;
mod moment;
mod record;
mod scope;
mod story;
mod table;

pub use collection::{Collection, RECORDS_BYTES_MAX, Recorded};
pub use ending::{Ending, Status, seconds};
pub use moment::Moment;
pub use record::{Parser, Record, execution_name, state_machine_name};
pub use story::Story;
pub use table::{ROWS_MAX, Row, Table};

#[cfg(test)]
mod tests;
