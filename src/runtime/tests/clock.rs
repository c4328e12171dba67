//! The wall clock is set while executions run: nothing but timestamps changes.

use super::super::workflow::Workflow;
use super::{START_MS, Stage, TASK, WAIT, with_output};

const HOUR_MS: i64 = 3_600_000;

/// The settings of the clock that are tried: an hour and six minutes, back and ahead.
const STEPS_MS: [i64; 4] = [-HOUR_MS, HOUR_MS, -360_000, 360_000];

#[test]
fn commits_go_on_when_the_clock_is_set() {
    for step_ms in STEPS_MS {
        let mut stage = Stage::new(TASK, Workflow::default());
        (0..2).for_each(|at| stage.give(&at.to_string()));
        stage.settle();
        stage.answer_call(0, "0");
        assert_eq!(stage.commit(), Some(1), "{step_ms}");
        stage.wall_off_ms = step_ms;
        stage.answer_call(1, "1");
        assert_eq!(stage.commit(), Some(2), "{step_ms}");
    }
}

#[test]
fn waits_end_on_time_when_the_clock_is_set() {
    let check = |definition: &str, input: &str, step_ms: i64| {
        let mut stage = Stage::new(definition, with_output());
        stage.give(input);
        stage.settle();
        stage.wall_off_ms = step_ms;
        stage.pass(19_999);
        assert!(stage.values("out").is_empty(), "early: {input} {step_ms}");
        stage.pass(1);
        assert_eq!(stage.values("out"), [input], "late: {step_ms}");
    };
    let until = WAIT.replace(r#""SecondsPath": "$.s""#, r#""TimestampPath": "$.t""#);
    let time = crate::timestamp::format(START_MS + 20_000);
    let time = std::str::from_utf8(&time).expect("a time");
    for step_ms in STEPS_MS {
        check(WAIT, r#"{"s":20}"#, step_ms);
        check(&until, &format!(r#"{{"t":"{time}"}}"#), step_ms);
    }
}

#[test]
fn an_absolute_wait_goes_by_the_clock_as_it_was_entered() {
    let until = WAIT.replace(r#""SecondsPath": "$.s""#, r#""TimestampPath": "$.t""#);
    for step_ms in STEPS_MS {
        let mut stage = Stage::new(&until, with_output());
        stage.wall_off_ms = step_ms;
        let time = crate::timestamp::format(START_MS + step_ms + 20_000);
        let time = std::str::from_utf8(&time).expect("a time");
        stage.give(&format!(r#"{{"t":"{time}"}}"#));
        stage.settle();
        stage.pass(19_999);
        assert!(stage.values("out").is_empty(), "{step_ms}");
        stage.pass(1);
        assert_eq!(stage.values("out").len(), 1, "{step_ms}");
    }
}

#[test]
fn time_outs_come_on_time_when_the_clock_is_set() {
    let of_task = TASK.replace("\"End\"", "\"TimeoutSeconds\": 20, \"End\"");
    let of_execution = TASK.replacen('{', "{\"TimeoutSeconds\": 20, ", 1);
    for (definition, step_ms) in [&of_task, &of_execution]
        .into_iter()
        .flat_map(|definition| STEPS_MS.map(|step_ms| (definition, step_ms)))
    {
        let mut stage = Stage::new(definition, Workflow::default());
        stage.give("1");
        stage.settle();
        stage.wall_off_ms = step_ms;
        let ended = |stage: &Stage| stage.world.borrow().cancelled.len();
        // Sweeps for limits come at most a second late.
        stage.pass(19_999);
        assert_eq!(ended(&stage), 0, "early: {step_ms} {definition}");
        stage.pass(1_001);
        assert_eq!(ended(&stage), 1, "late: {step_ms} {definition}");
    }
}

#[test]
fn timestamps_follow_the_wall_clock() {
    let definition = r#"{"StartAt": "W", "States": {
        "W": {"Type": "Wait", "Seconds": 1, "Next": "P"},
        "P": {"Type": "Pass", "End": true, "Parameters": {"at.$": "$$.State.EnteredTime"}}}}"#;
    for step_ms in STEPS_MS {
        let mut stage = Stage::new(definition, with_output());
        stage.give("{}");
        stage.settle();
        stage.wall_off_ms = step_ms;
        stage.pass(1_000);
        let time = crate::timestamp::format(START_MS + 1_000 + step_ms);
        let time = std::str::from_utf8(&time).expect("a time");
        assert_eq!(stage.values("out"), [format!(r#"{{"at":"{time}"}}"#)]);
    }
}
