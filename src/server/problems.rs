//! What goes wrong with a service, in words for whoever runs it.
//!
//! Must not know what a service is made of.

use std::fmt;

/// Why a service does not start, or what went wrong while it ran: everything, a sentence each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// Why a service ended otherwise than it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub problems: Problems,
    /// Whether it could not begin: the coordinator of a group does not take it as a member.
    pub is_refused: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problems.fmt(out)
    }
}

impl std::error::Error for Failure {}

impl From<String> for Problems {
    fn from(problem: String) -> Problems {
        Problems(vec![problem])
    }
}
