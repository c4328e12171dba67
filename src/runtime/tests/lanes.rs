//! What a workflow whose messages do not arrive means for the one beside it.

use super::super::MemoryLimits;
use super::super::workflow::Workflow;
use super::world::version;
use super::{PASS, Stage, TASK, with_output};
use crate::stream::offsets::Restored;
use crate::stream::{Change, PartitionId};
use crate::task::Progress;

/// How many events each workflow has: what they leave is several times what there is memory for.
const EVENTS: usize = 200;

const LIMITS: MemoryLimits = MemoryLimits {
    shard: 4 << 20,
    execution: 1 << 20,
};

fn large() -> String {
    format!("\"{}\"", "x".repeat(60_000))
}

/// Makes much of a small event.
fn wide() -> String {
    format!(
        r#"{{"StartAt": "P", "States": {{"P": {{"Type": "Pass", "Result": {}, "End": true}}}}}}"#,
        large()
    )
}

/// Waits longer than the tests.
const WAITS_LONG: &str =
    r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 250, "End": true}}}"#;

/// Makes a shard of two workflows, of which the second calls a task that takes a second.
fn stage(definition: &str) -> Stage {
    let beside = Workflow {
        output: Some("beside".to_owned()),
        ..Workflow::default()
    };
    let beside = Some((version(TASK), beside));
    let mut stage = Stage::with_beside(version(definition), with_output(), LIMITS, beside);
    stage.world.borrow_mut().task = Some(|_| Progress::SuccessAfter(1_000));
    stage.assign(0, Restored::default());
    stage.beside.borrow_mut().changes.push_back(Change::Assigned {
        partition: PartitionId(0),
        topic: "payments".into(),
        number: 0,
        restored: Restored::default(),
    });
    stage
}

fn give_beside(stage: &Stage, offset: i64) {
    stage.beside.borrow_mut().events.push_back(super::world::Given {
        offset,
        value: Some(large().into_bytes()),
        ..super::world::Given::default()
    });
}

/// The topic of the first workflow's output is missing: the second one goes on, and the first one does when it is there.
fn check(definition: &str, value: &str) {
    let mut stage = stage(definition);
    stage.world.borrow_mut().missing = Some("out");
    (0..EVENTS).for_each(|_| stage.give(value));
    let line = LIMITS.shard / 4 * 3;
    for _ in 0..20 {
        stage.pass(100);
        let (used, _) = stage.shard.memory();
        assert!(used < line, "{used} of {line}: one workflow has all the memory");
    }
    (0..EVENTS as i64).for_each(|offset| give_beside(&stage, offset));
    (0..100).for_each(|_| _ = stage.pass(1_000));
    assert_eq!(
        (stage.values("out").len(), stage.values("beside").len()),
        (0, EVENTS)
    );
    stage.world.borrow_mut().missing = None;
    (0..100).for_each(|_| _ = stage.pass(10_000));
    assert_eq!(stage.values("out").len(), EVENTS);
    assert!(stage.shard.memory().0 <= LIMITS.shard / 4);
}

/// What executions of one workflow hold that wait leaves the other one its part of the memory, and what a workflow held
/// whose partitions are gone is there for others.
#[test]
fn executions_that_wait_leave_the_other_workflow_its_part() {
    let mut stage = stage(WAITS_LONG);
    (0..EVENTS).for_each(|_| stage.give(&large()));
    stage.pass(1_000);
    let (held, end) = stage.shard.memory();
    assert!(held > end / 3, "{held} of {end}");
    let paused = |stage: &Stage| stage.metric("stepstream_paused_partitions", &["\"workflow\""]);
    assert_eq!(paused(&stage), 1.0, "the first workflow has all that it may have");
    (0..EVENTS as i64).for_each(|offset| give_beside(&stage, offset));
    for _ in 0..100 {
        stage.pass(1_000);
        let (used, _) = stage.shard.memory();
        assert!(used <= end, "{used} of {end}");
    }
    assert_eq!(
        (stage.values("out").len(), stage.values("beside").len()),
        (0, EVENTS)
    );
    stage.change(Change::Lost {
        partition: PartitionId(0),
    });
    assert!(stage.shard.memory().0 <= end / 8, "{:?}", stage.shard.memory());
    // Without the first workflow the other may have all.
    (0..EVENTS as i64).for_each(|offset| give_beside(&stage, EVENTS as i64 + offset));
    stage.pass(100);
    assert!(stage.shard.memory().0 > end / 2, "{:?}", stage.shard.memory());
}

/// Makes much of what it has, step by step, and holds it until the test is over.
const GROWS_LONG: &str = r#"{"StartAt": "B", "States": {
    "B": {"Type": "Wait", "Seconds": 1, "Next": "G"},
    "G": {"Type": "Pass", "Assign": {"a.$": "States.Format('{}1{}', $.x, $.x)"}, "Next": "H"},
    "H": {"Type": "Pass", "Assign": {"b.$": "States.Format('{}2{}', $.x, $.x)"}, "Next": "I"},
    "I": {"Type": "Pass", "Assign": {"c.$": "States.Format('{}3{}', $.x, $.x)"}, "Next": "L"},
    "L": {"Type": "Wait", "Seconds": 280, "End": true}}}"#;

/// As that, for a short time.
const GROWS: &str = r#"{"StartAt": "W", "TimeoutSeconds": 60, "States": {
    "W": {"Type": "Wait", "Seconds": 1, "Next": "G"},
    "G": {"Type": "Pass", "Assign": {"a.$": "States.Format('{}1{}', $.x, $.x)"}, "Next": "H"},
    "H": {"Type": "Pass", "Assign": {"b.$": "States.Format('{}2{}', $.x, $.x)"}, "Next": "V"},
    "V": {"Type": "Wait", "Seconds": 1, "OutputPath": "$.n", "Next": "E"},
    "E": {"Type": "Succeed"}}}"#;

/// Executions of one workflow that grow take what there is, but not what the other has for its own: that one begins,
/// grows and ends while many of the first wait for memory, and before those are over.
#[test]
fn executions_that_grow_leave_the_other_workflow_its_part() {
    let limits = MemoryLimits {
        shard: 10 << 20,
        execution: 2 << 20,
    };
    let with = |output: &str| Workflow {
        output: Some(output.to_owned()),
        ..Workflow::default()
    };
    let beside = Some((version(GROWS), with("beside")));
    let mut stage = Stage::with_beside(version(GROWS_LONG), with("out"), limits, beside);
    stage.assign(0, Restored::default());
    stage.beside.borrow_mut().changes.push_back(Change::Assigned {
        partition: PartitionId(0),
        topic: "payments".into(),
        number: 0,
        restored: Restored::default(),
    });
    let event = |kib: usize| format!(r#"{{"n":1,"x":"{}"}}"#, "x".repeat(kib << 10));
    (0..60).for_each(|_| stage.give(&event(100)));
    for _ in 0..5 {
        stage.pass(1_000);
    }
    let (used, end) = stage.shard.memory();
    assert!(used > end / 2, "{used} of {end}");
    for offset in 0..4 {
        stage.beside.borrow_mut().events.push_back(super::world::Given {
            offset,
            value: Some(event(80).into_bytes()),
            ..super::world::Given::default()
        });
    }
    let mut most = 0;
    for _ in 0..20 {
        stage.pass(1_000);
        most = most.max(stage.shard.memory().0);
    }
    assert_eq!(stage.values("beside"), ["1"; 4]);
    assert!(most <= limits.shard + limits.execution, "{most}");
}

#[test]
fn a_missing_topic_stops_its_own_workflow_only() {
    check(PASS, &large());
}

#[test]
fn events_that_were_taken_wait_too() {
    check(&wide(), "1");
}
