//! Workflows that come to a shard that runs, and go.

use super::super::workflow::Workflow;
use super::super::{Call, LaneId, Refused, Turn};
use super::calls::listen;
use super::world::{Given, Stage};
use super::{PASS, TASK, WAIT, with_output};
use crate::stream::offsets::Restored;
use crate::stream::{Change, PartitionId};
use std::time::Duration;

fn beside() -> Workflow {
    Workflow {
        output: Some("beside".to_owned()),
        ..Workflow::default()
    }
}

/// Gives the workflow beside its partition, and events.
pub(super) fn feed(stage: &Stage, values: &[&str]) {
    let mut world = stage.beside.borrow_mut();
    world.changes.push_back(Change::Assigned {
        partition: PartitionId(0),
        topic: "payments".into(),
        number: 0,
        restored: Restored::default(),
    });
    for (offset, value) in values.iter().enumerate() {
        world.events.push_back(Given {
            offset: offset as i64,
            value: Some(value.as_bytes().to_vec()),
            ..Given::default()
        });
    }
}

fn remove(stage: &mut Stage, lane: LaneId, ms: u64) {
    let until = stage.now().instant + Duration::from_millis(ms);
    stage.shard.remove_lane(lane, until);
    stage.settle();
}

/// Returns how many partitions the workflow beside has given back, and up to where it has committed.
fn given_back(stage: &Stage) -> (usize, Option<i64>) {
    let world = stage.beside.borrow();
    let last = world.released.last().and_then(|(_, last)| last.as_ref());
    let last = last.or(world.commits.last().map(|(_, commit, _)| commit));
    (world.released.len(), last.map(|commit| commit.offset))
}

#[test]
fn a_workflow_comes_and_goes_after_its_drain() {
    let mut stage = Stage::new(TASK, with_output());
    stage.give("1");
    stage.settle();
    let lane = stage.add_beside(WAIT, beside());
    feed(&stage, &[r#"{"s": 0}"#, r#"{"s": 5}"#]);
    stage.settle();
    assert_eq!((stage.values("beside").len(), stage.shard.lanes()), (1, 2));
    remove(&mut stage, lane, 60_000);
    assert_eq!((given_back(&stage).0, stage.shard.lanes()), (0, 2));
    stage.pass(5_000);
    assert_eq!(stage.values("beside").len(), 2);
    assert_eq!((given_back(&stage), stage.shard.lanes()), ((1, Some(2)), 1));
    assert_eq!(
        stage.beside.borrow().settled,
        2,
        "each event leaves with one commit"
    );
    // The other workflow has noticed nothing.
    stage.answer_call(0, "2");
    assert_eq!(stage.values("out"), ["2"]);
    assert_eq!(stage.commit(), Some(1));
    assert_eq!(stage.shard.leftover(), None);
}

#[test]
fn what_does_not_end_in_time_is_not_committed() {
    let mut stage = Stage::new(PASS, with_output());
    let lane = stage.add_beside(WAIT, beside());
    feed(&stage, &[r#"{"s": 0}"#, r#"{"s": 500}"#]);
    stage.settle();
    remove(&mut stage, lane, 1_000);
    stage.pass(3_000);
    assert_eq!((given_back(&stage), stage.shard.lanes()), ((1, Some(1)), 1));
    assert_eq!(stage.shard.leftover(), None);
}

#[test]
fn a_workflow_stays_until_its_messages_have_arrived() {
    let mut stage = Stage::new(PASS, with_output());
    let lane = stage.add_beside(PASS, beside());
    stage.world.borrow_mut().holds_acks = true;
    feed(&stage, &["1"]);
    stage.settle();
    remove(&mut stage, lane, 0);
    stage.pass(5_000);
    assert_eq!((given_back(&stage), stage.shard.lanes()), ((1, None), 2));
    stage.acknowledge(0, Ok(()));
    assert_eq!(stage.shard.lanes(), 1);
    assert_eq!(stage.shard.leftover(), None);
}

#[test]
fn the_last_workflow_to_leave_does_not_end_the_shard() {
    let mut stage = Stage::new(PASS, with_output());
    stage.world.borrow_mut().holds_acks = true;
    stage.give("1");
    stage.settle();
    let lane = stage.shard.first_lane();
    remove(&mut stage, lane, 0);
    stage.pass(5_000);
    let now = stage.now();
    assert_ne!(stage.shard.turn(now), Turn::Done, "nobody has stopped it");
    assert_eq!(stage.shard.lanes(), 1);
    stage.acknowledge(0, Ok(()));
    assert_ne!(stage.settle(), Turn::Done);
    assert_eq!((stage.shard.lanes(), stage.shard.leftover()), (0, None));
}

#[test]
fn a_number_is_used_again_and_a_name_is_not() {
    let mut stage = Stage::new(PASS, with_output());
    let mut gone: Vec<LaneId> = Vec::new();
    for round in 1..4 {
        let lane = stage.add_beside(TASK, beside());
        assert_eq!(lane.index, 1);
        // What is told to a lane that is gone does not reach the one that has its number now.
        for gone in &gone {
            stage.shard.publish(*gone, super::world::version(PASS));
            remove(&mut stage, *gone, 0);
        }
        feed(&stage, &["1"]);
        stage.settle();
        let calls = stage.world.borrow().called.len();
        stage.answer_call(calls - 1, "2");
        assert_eq!(stage.values("beside").len(), round);
        remove(&mut stage, lane, 1_000);
        assert_eq!(stage.shard.lanes(), 1);
        gone.push(lane);
    }
}

#[test]
fn a_shard_without_workflows_waits_for_one() {
    let mut stage = Stage::without_partitions(PASS, with_output());
    let lane = stage.shard.first_lane();
    remove(&mut stage, lane, 0);
    assert_eq!((stage.shard.lanes(), stage.settle()), (0, Turn::Idle(None)));
    stage.add_beside(PASS, beside());
    feed(&stage, &["1"]);
    stage.settle();
    assert_eq!(stage.values("beside"), ["1"]);
    stage.shard.stop(stage.now().instant);
    assert_eq!(stage.settle(), Turn::Done);
}

#[test]
fn a_workflow_of_another_shard_is_none_of_ours() {
    let mut ours = Stage::new(PASS, with_output());
    let mut others = Stage::new(PASS, with_output());
    let (address, foreign) = (listen(&mut ours), listen(&mut others).initial_lane(0));
    let version = || super::world::version(TASK);
    assert_eq!(address.publish(foreign, version()), Err(Refused::Gone));
    let now = ours.now().instant;
    assert_eq!(address.remove_lane(foreign, now).map(|_| ()), Err(Refused::Gone));
    let (reply, _heard) = tokio::sync::oneshot::channel();
    let call = Call {
        lane: foreign,
        name: "call".to_owned(),
        input: b"1".to_vec(),
        reply,
    };
    assert_eq!(address.call(call), Err(Refused::Gone));
    // Nor does the shard itself know it.
    ours.shard.publish(foreign, version());
    ours.shard.remove_lane(foreign, now);
    ours.give("1");
    ours.settle();
    assert_eq!((ours.values("out").len(), ours.shard.lanes()), (1, 1));
}
