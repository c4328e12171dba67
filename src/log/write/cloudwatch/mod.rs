//! The records of one machine, to a log group of CloudWatch Logs, as AWS's own Express workflows write them.
//!
//! One record is one log event. A batch is a row of records in the order in which they came, sorted by their times, which
//! `PutLogEvents` asks for; one request of a machine is under way at a time, and a buffer is confirmed when CloudWatch has
//! taken all of it. What is not taken is sent again; only what can never be taken is given up, counted, and told.
//! [`batch`] knows the rules of a request, [`answer`] what a response means, [`log`] one machine's log, and [`thread`] runs
//! those of all machines. Must not know how a request is signed or sent: a [`CloudWatch`] is handed in.

mod answer;
mod batch;
mod log;
mod service;
#[cfg(test)]
mod tests;
mod thread;

pub(super) use log::CloudLog;
pub use service::{Answer, CloudWatch, CloudWatchFactory, Reply, Request};
pub(super) use thread::run;
