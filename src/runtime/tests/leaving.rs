//! What is left of a workflow, or of a shard, when it goes.

use super::super::workflow::Workflow;
use super::super::{Address, Call, CallEnd, LaneId, Refused, Turn};
use super::calls::{ask, listen};
use super::{PASS, Stage, with_output};
use crate::execution::machine::{LogSettings, MachineSettings};
use crate::vm::Level;
use std::time::Duration;

fn logged() -> Workflow {
    let log = LogSettings {
        level: Level::All,
        on_failure: Level::All,
        on_failure_bytes_max: 256 << 10,
        include_execution_data: true,
        block: true,
    };
    Workflow {
        machine: MachineSettings {
            log: Some(log),
            ..MachineSettings::default()
        },
        ..Workflow::default()
    }
}

/// Lets a caller have its answer while the log takes no records.
fn call_unlogged(stage: &mut Stage, address: &Address, lane: LaneId) {
    for world in [&stage.world, &stage.beside] {
        world.borrow_mut().log_is_stuck = true;
    }
    let mut heard = ask(address, lane, "1");
    stage.settle();
    assert!(matches!(heard.try_recv(), Ok(CallEnd::Succeeded { .. })));
}

fn has_log(world: &super::world::Shared) -> bool {
    super::outside::text(&world.borrow().log).contains("ExecutionSucceeded")
}

#[test]
fn a_workflow_stays_until_the_records_of_its_callers_have_left() {
    let mut stage = Stage::new(PASS, with_output());
    let address = listen(&mut stage);
    let lane = stage.add_beside(PASS, logged());
    call_unlogged(&mut stage, &address, lane);
    stage.shard.remove_lane(lane, stage.now().instant);
    stage.pass(500);
    assert_eq!((stage.shard.lanes(), has_log(&stage.beside)), (2, false));
    stage.beside.borrow_mut().log_is_stuck = false;
    stage.settle();
    assert_eq!((stage.shard.lanes(), has_log(&stage.beside)), (1, true));
}

#[test]
fn a_shard_that_stops_waits_a_little_for_the_records_of_its_callers() {
    for is_stuck in [false, true] {
        let mut stage = Stage::new(PASS, logged());
        let address = listen(&mut stage);
        let first = address.initial_lane(0);
        call_unlogged(&mut stage, &address, first);
        stage.shard.stop(stage.now().instant + Duration::from_secs(1));
        assert_ne!(stage.pass(1_500), Turn::Done);
        stage.world.borrow_mut().log_is_stuck = is_stuck;
        let wait_ms = if is_stuck { 500 } else { 0 };
        assert_eq!(stage.pass(wait_ms), Turn::Done);
        assert_eq!(has_log(&stage.world), !is_stuck);
    }
}

#[test]
fn a_shard_that_takes_no_more_calls_goes_on() {
    let mut stage = Stage::new(super::WAIT, with_output());
    let address = listen(&mut stage);
    let first = address.initial_lane(0);
    let mut begun = ask(&address, first, r#"{"s":5}"#);
    stage.settle();
    let mut waiting = ask(&address, first, r#"{"s":6}"#);
    address.close();
    let (reply, _heard) = tokio::sync::oneshot::channel();
    let late = Call {
        lane: first,
        name: "late".to_owned(),
        input: b"1".to_vec(),
        reply,
    };
    assert_eq!(address.call(late), Err(Refused::Stopping));
    stage.give(r#"{"s":0}"#);
    stage.settle();
    assert_eq!(waiting.try_recv(), Ok(CallEnd::Refused(Refused::Stopping)));
    assert_eq!(stage.values("out").len(), 1, "events are taken as before");
    stage.pass(5_000);
    assert!(matches!(begun.try_recv(), Ok(CallEnd::Succeeded { .. })));
}
