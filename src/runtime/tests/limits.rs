//! Backpressure.

use super::super::workflow::Workflow;
use super::{PASS, Stage, TASK, with_output};

#[test]
fn parked_executions_are_limited() {
    let workflow = Workflow {
        max_in_flight: 4,
        ..with_output()
    };
    let mut stage = Stage::new(TASK, workflow);
    (0..10).for_each(|at| stage.give(&at.to_string()));
    stage.settle();
    let called = |stage: &Stage| stage.world.borrow().called.len();
    assert_eq!(called(&stage), 4);
    stage.answer_call(0, "0");
    assert_eq!(called(&stage), 5, "three quarters are room enough");
    stage.answer_call(1, "0");
    assert_eq!(called(&stage), 6);
}

#[test]
fn the_span_of_offsets_is_limited() {
    let workflow = Workflow {
        max_offset_span: 8,
        max_in_flight: 2_000,
        ..with_output()
    };
    let mut stage = Stage::new(TASK, workflow);
    stage.give("0");
    stage.settle();
    (1..10).for_each(|at| stage.give(&at.to_string()));
    stage.settle();
    (1..10).for_each(|at| stage.answer_call(at, "1"));
    (10..20).for_each(|at| stage.give(&at.to_string()));
    stage.settle();
    assert_eq!(stage.world.borrow().called.len(), 10, "offset 0 is unfinished");
    stage.answer_call(0, "0");
    assert_eq!(stage.world.borrow().called.len(), 20);
}

#[test]
fn a_full_log_pauses_the_source() {
    let mut stage = Stage::new(PASS, with_output());
    stage.world.borrow_mut().log_is_full = true;
    stage.give("1");
    stage.settle();
    assert!(stage.values("out").is_empty());
    stage.world.borrow_mut().log_is_full = false;
    stage.settle();
    assert_eq!(stage.values("out"), ["1"]);
}

#[test]
fn a_parked_execution_is_small() {
    let event = include_str!("../../../config/workflows/order_fulfillment.input.json");
    let definition = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "ResultPath": "$.r", "End": true,
        "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f"}}}"#;
    let mut stage = Stage::new(definition, Workflow::default());
    (0..100).for_each(|_| stage.give(event));
    stage.settle();
    let bytes = stage.shard.parked_bytes() / 100;
    assert!(
        bytes - event.len() <= 2 << 10,
        "{bytes} bytes, {} of them the event",
        event.len()
    );
    (0..100).for_each(|at| stage.answer_call(at, "1"));
    assert_eq!(stage.shard.parked_bytes(), 0);
}
