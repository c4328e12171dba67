//! Events that wait for their turn.

use super::super::Ordering;
use super::super::workflow::Workflow;
use super::{PASS, Stage, TASK, with_output};
use crate::stream::offsets::Restored;

fn ordered(ordering: Ordering) -> Stage {
    let workflow = Workflow {
        ordering,
        ..with_output()
    };
    Stage::new(TASK, workflow)
}

fn called(stage: &Stage) -> Vec<String> {
    let world = stage.world.borrow();
    world.called.iter().map(|call| call.parameters.clone()).collect()
}

#[test]
fn by_key_others_overtake() {
    let mut stage = ordered(Ordering::Key);
    for (key, value) in [
        (Some("a"), "1"),
        (Some("a"), "2"),
        (Some("b"), "3"),
        (None, "4"),
        (None, "5"),
        (Some("a"), "6"),
    ] {
        stage.give_to(0, key, value, Vec::new());
    }
    stage.settle();
    assert_eq!(called(&stage), ["1", "3", "4", "5"]);
    stage.answer_call(1, "0");
    assert_eq!(called(&stage).len(), 4, "nothing waits behind b");
    stage.answer_call(0, "0");
    assert_eq!(called(&stage)[4..], ["2"]);
    stage.answer_call(4, "0");
    assert_eq!(called(&stage)[5..], ["6"]);
    stage.answer_call(2, "0");
    stage.answer_call(3, "0");
    stage.answer_call(5, "0");
    assert_eq!(stage.commit(), Some(6));
    stage.give_to(0, Some("a"), "7", Vec::new());
    stage.settle();
    assert_eq!(called(&stage)[6..], ["7"], "the line is free again");
}

#[test]
fn by_partition_all_wait() {
    let mut stage = ordered(Ordering::Partition);
    stage.assign(1, Restored::default());
    for (partition, value) in [(0, "1"), (0, "2"), (1, "3"), (1, "4")] {
        stage.give_to(partition, None, value, Vec::new());
    }
    stage.settle();
    assert_eq!(called(&stage), ["1", "3"]);
    stage.answer_call(1, "0");
    stage.answer_call(0, "0");
    assert_eq!(called(&stage)[2..], ["4", "2"]);
}

#[test]
fn thousands_that_end_at_once_leave_in_order() {
    let workflow = Workflow {
        ordering: Ordering::Partition,
        ..with_output()
    };
    let definition = r#"{"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.t", "IsPresent": true, "Next": "T"}], "Default": "E"},
        "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "Next": "E"},
        "E": {"Type": "Succeed"}}}"#;
    let mut stage = Stage::new(definition, workflow);
    stage.give(r#"{"t":1}"#);
    (0..5_000).for_each(|at| stage.give(&at_object(at)));
    stage.settle();
    assert!(stage.values("out").is_empty());
    stage.answer_call(0, "{}");
    let expected: Vec<String> = std::iter::once("{}".to_owned())
        .chain((0..5_000).map(at_object))
        .collect();
    assert_eq!(stage.values("out"), expected);
    assert_eq!(stage.commit(), Some(5_001));
}

fn at_object(at: i64) -> String {
    format!(r#"{{"n":{at}}}"#)
}

#[test]
fn what_waits_counts_as_in_flight_and_goes_with_its_partition() {
    let workflow = Workflow {
        ordering: Ordering::Key,
        max_in_flight: 3,
        ..with_output()
    };
    let mut stage = Stage::new(TASK, workflow);
    (0..6).for_each(|at| stage.give_to(0, Some("a"), &at.to_string(), Vec::new()));
    stage.settle();
    assert_eq!((called(&stage).len(), stage.world.borrow().events.len()), (1, 3));
    stage.revoke(0, 1_000);
    stage.answer_call(0, "0");
    assert_eq!(called(&stage).len(), 1);
    let released = stage.world.borrow().released.clone();
    assert_eq!(released[0].1.as_ref().map(|commit| commit.offset), Some(1));
}

#[test]
fn events_that_end_at_once_need_no_line() {
    let workflow = Workflow {
        ordering: Ordering::Key,
        ..with_output()
    };
    let mut stage = Stage::new(PASS, workflow);
    (0..3).for_each(|at| stage.give_to(0, Some("a"), &at.to_string(), Vec::new()));
    stage.settle();
    assert_eq!(stage.values("out"), ["0", "1", "2"]);
}
