//! All lines of one workflow.
//!
//! Must not know how a target is found. Invariant: a call is granted when each of its targets is.

use super::line::{self, Line, LineError};
use super::target::Target;
use crate::fault;
use crate::task::Failure;

/// The lines of a workflow's `allow`.
#[derive(Clone, Debug)]
pub struct Allow {
    lines: Vec<Line>,
}

impl Allow {
    /// Reads the lines.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn parse(lines: &[String]) -> Result<Allow, Vec<LineError>> {
        let (mut good, mut wrong) = (Vec::new(), Vec::new());
        for (index, text) in lines.iter().enumerate() {
            match Line::parse(text) {
                Ok(line) => good.push(line),
                Err(message) => wrong.push(LineError { index, message }),
            }
        }
        if wrong.is_empty() {
            Ok(Allow { lines: good })
        } else {
            Err(wrong)
        }
    }

    /// Says whether an action may be done to a target.
    fn grants(&self, action: &str, target: &Target) -> bool {
        self.lines.iter().any(|line| line.grants(action, target))
    }

    /// Checks an action, and all that it is done to.
    ///
    /// # Errors
    /// AWS's failure for missing rights, with the line that would grant the call.
    pub(super) fn check(&self, action: &str, targets: &[Target]) -> Result<(), Failure> {
        match targets.iter().find(|target| !self.grants(action, target)) {
            None => Ok(()),
            Some(target) => Err(refusal(action, target)),
        }
    }
}

/// The failure of a call that no line grants (facts 7.1: its words are not known).
#[cold]
fn refusal(action: &str, target: &Target) -> Failure {
    let what = match target.shown() {
        Some(shown) => format!("call {action} on {shown}"),
        None => format!("call {action}"),
    };
    // A line with the event's own `*` would grant more than this call.
    let has_star = |target: &Target| match target {
        Target::Resource { arn, name } => arn.as_deref().unwrap_or(name).contains('*'),
        _ => false,
    };
    let remedy = match has_star(target) {
        true => "no line grants a target with a * alone".to_owned(),
        false => format!("add \"{}\" to its allow", line::granting(action, target)),
    };
    Failure::new(
        fault::PERMISSIONS,
        format!("The workflow is not allowed to {what}: {remedy}."),
    )
}
