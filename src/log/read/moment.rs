//! One event of an execution, as it is told.
//!
//! Must not know whether it comes from a run or from a log.

use std::borrow::Cow;

/// One event, from a run or from its log.
#[derive(Clone, Debug, Default)]
pub struct Moment<'a> {
    /// Its type, as AWS names it.
    pub kind: &'a str,
    /// Its id, from 1.
    pub id: u32,
    /// The id of the event that caused it, 0 for none.
    pub previous: u32,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The state, where it is said; else the chain of causes tells.
    pub state: Option<Cow<'a, str>>,
    /// ARN of what a task calls, or nothing.
    pub resource: Cow<'a, str>,
    /// Number of items, or the index of one.
    pub number: u32,
    /// Input, output or parameters, as JSON text.
    pub data: Option<Cow<'a, str>>,
    /// Name of an error.
    pub error: Option<Cow<'a, str>>,
    /// Cause of an error.
    pub cause: Option<Cow<'a, str>>,
    /// The variables that a state has assigned, as JSON text.
    pub assigned: Option<Cow<'a, str>>,
}
