//! What is left of a workflow, or of a shard, when it goes.

use super::super::workflow::Workflow;
use super::super::{Address, Call, CallEnd, FAREWELL, LaneId, Refused, Removed, Turn};
use super::calls::{ask, listen};
use super::{PASS, Stage, with_output};
use crate::execution::machine::{LogSettings, MachineSettings};
use crate::stream::SendError;
use crate::vm::Level;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

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
    let (reply, _heard) = oneshot::channel();
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

type Gone = Result<Removed, Refused>;

/// Removes the workflow beside after it has had events; returns what hears of its end.
fn remove(stage: &mut Stage, workflow: Workflow, ms: u64) -> oneshot::Receiver<Gone> {
    let address = listen(stage);
    let lane = stage.add_beside(PASS, workflow);
    stage.beside.borrow_mut().log_confirmed = 0;
    super::coming::feed(stage, &["1", "2"]);
    stage.settle();
    let until = stage.now().instant + Duration::from_millis(ms);
    let heard = address.remove_lane(lane, until).expect("room for an order");
    stage.settle();
    heard
}

#[test]
fn whoever_removes_a_workflow_hears_that_it_has_left() {
    let mut stage = Stage::new(PASS, with_output());
    stage.world.borrow_mut().holds_acks = true;
    let mut heard = remove(&mut stage, with_output(), 1_000);
    stage.pass(10_000);
    assert_eq!(heard.try_recv(), Err(TryRecvError::Empty));
    stage.acknowledge(0, Ok(()));
    assert_eq!(heard.try_recv(), Err(TryRecvError::Empty));
    stage.acknowledge(1, Ok(()));
    assert_eq!(heard.try_recv(), Ok(Ok(Removed { given_up: 0 })));
    assert_eq!(stage.shard.lanes(), 1);
}

#[test]
fn a_workflow_that_is_not_there_has_left() {
    let mut stage = Stage::new(PASS, with_output());
    let address = listen(&mut stage);
    let lane = stage.add_beside(PASS, with_output());
    let now = stage.now().instant;
    let mut both = [(); 2].map(|()| address.remove_lane(lane, now).expect("room for an order"));
    stage.settle();
    let mut late = address.remove_lane(lane, now).expect("room for an order");
    stage.settle();
    let gone = Ok(Ok(Removed { given_up: 0 }));
    assert_eq!(
        both.each_mut().map(oneshot::Receiver::try_recv),
        [gone.clone(), gone]
    );
    assert_eq!(late.try_recv(), Ok(Err(Refused::Gone)));
}

/// What does not arrive: messages to a topic that is not there, messages that the sink does not answer, records.
#[test]
fn what_does_not_arrive_is_given_up_when_the_time_is_over() {
    let farewell_ms = FAREWELL.as_millis() as i64;
    for case in ["missing", "unanswered", "full", "unwritten"] {
        let mut stage = Stage::new(PASS, Workflow::default());
        {
            let mut world = stage.world.borrow_mut();
            match case {
                "missing" => world.missing = Some("out"),
                "unanswered" => world.holds_acks = true,
                "full" => world.sink_room = Some(0),
                _ => {}
            }
        }
        let workflow = match case {
            "unwritten" => logged(),
            _ => with_output(),
        };
        if case == "unwritten" {
            stage.beside.borrow_mut().log_is_stuck = true;
        }
        let mut heard = remove(&mut stage, workflow, 1_000);
        stage.pass(1_000 + farewell_ms - 1);
        assert_eq!(heard.try_recv(), Err(TryRecvError::Empty), "{case}");
        assert_eq!(stage.shard.lanes(), 2, "{case}");
        stage.pass(1);
        assert_eq!(heard.try_recv(), Ok(Ok(Removed { given_up: 2 })), "{case}");
        if case == "unanswered" {
            assert_eq!(stage.shard.lanes(), 2, "the sink has messages of it");
            stage.acknowledge(0, Err(SendError::Failed("too late".to_owned())));
            stage.acknowledge(1, Ok(()));
            assert_eq!(stage.world.borrow().sent.len(), 2, "nothing is sent again");
        }
        assert_eq!((stage.shard.lanes(), stage.shard.leftover()), (1, None), "{case}");
        let last = stage.beside.borrow().released.last().cloned();
        let committed = last.and_then(|(_, last)| last).map_or(0, |commit| commit.offset);
        assert_eq!(committed, 0, "{case}: nothing is committed of what was given up");
        assert!(stage.beside.borrow().commits.is_empty(), "{case}");
    }
}
