//! The runtime over a world whose every answer the test gives, with the time handed in.

mod async_mode;
mod calls;
mod clock;
mod coming;
mod failures;
mod inspect;
mod lanes;
mod leaving;
mod limits;
mod logs;
mod mail;
mod memory;
mod ordering;
mod outside;
mod panics;
mod replies;
mod seeds;
mod sharing;
mod side_by_side;
mod sync_mode;
mod turns;
mod world;

use super::workflow::{DeadLetter, Mode, Workflow};
use world::{START_MS, Stage};

/// Hands its input on.
const PASS: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#;

/// Calls a task with its input.
const TASK: &str = r#"{"StartAt": "T", "States": {"T": {"Type": "Task",
    "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "End": true}}}"#;

/// Fails with the input's `error`.
const FAIL: &str = r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "ErrorPath": "$.error",
    "Cause": "because"}}}"#;

/// Waits as long as the input says.
const WAIT: &str =
    r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": "$.s", "End": true}}}"#;

fn with_output() -> Workflow {
    Workflow {
        output: Some("out".to_owned()),
        ..Workflow::default()
    }
}

fn with_dead_letter() -> Workflow {
    Workflow {
        dead_letter: Some(DeadLetter {
            topic: "dead".to_owned(),
            ..DeadLetter::default()
        }),
        ..with_output()
    }
}

fn sync() -> Workflow {
    Workflow {
        mode: Mode::Sync,
        sync_batch_max: 3,
        reply: Some("replies".to_owned()),
        ..Workflow::default()
    }
}
