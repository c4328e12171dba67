//! How an execution ended.

use crate::printable;

/// The status of an execution, as far as its records say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Status {
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
    /// It began, and there is no end: it runs, or was cut off.
    Unfinished,
    /// Only errors were logged and none ended it: it runs, or succeeded.
    Unknown,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 6] = [
        Status::Succeeded,
        Status::Failed,
        Status::TimedOut,
        Status::Aborted,
        Status::Unfinished,
        Status::Unknown,
    ];

    /// Returns its name, AWS's where AWS has one.
    pub fn name(self) -> &'static str {
        match self {
            Status::Succeeded => "SUCCEEDED",
            Status::Failed => "FAILED",
            Status::TimedOut => "TIMED_OUT",
            Status::Aborted => "ABORTED",
            Status::Unfinished => "UNFINISHED",
            Status::Unknown => "UNKNOWN",
        }
    }

    /// Returns the status that an event of this type gives its execution, if it ends it.
    pub fn of_event(kind: &str) -> Option<Status> {
        match kind {
            "ExecutionSucceeded" => Some(Status::Succeeded),
            "ExecutionFailed" => Some(Status::Failed),
            "ExecutionTimedOut" => Some(Status::TimedOut),
            "ExecutionAborted" => Some(Status::Aborted),
            _ => None,
        }
    }
}

/// What there is to say at the end of an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// Its output, JSON text.
    pub output: Option<String>,
    /// Name of the error.
    pub error: Option<String>,
    /// Cause of the error.
    pub cause: Option<String>,
}

impl Ending {
    /// Returns the ending for reading.
    pub fn text(&self, status: &str, lasted_ms: Option<i64>) -> String {
        let mut out = format!("\n{status}");
        if let Some(lasted_ms) = lasted_ms {
            out.push_str(&format!(" after {}", seconds(lasted_ms)));
        }
        out.push('\n');
        // An output may be a JSON text of several lines; error and cause are free text, which could end the line and
        // go on as one of ours.
        let parts = [
            ("output", self.output.as_deref().map(printable::lines)),
            ("error", self.error.as_deref().map(printable::line)),
            ("cause", self.cause.as_deref().map(printable::line)),
        ];
        for (name, text) in parts {
            if let Some(text) = text {
                out.push_str(&format!("  {name:6}  {text}\n"));
            }
        }
        out
    }
}

/// Writes a duration.
pub fn seconds(millis: i64) -> String {
    // Timestamps go back where the wall clock was set back.
    let millis = millis.max(0);
    format!("{}.{:03} s", millis / 1_000, millis % 1_000)
}
