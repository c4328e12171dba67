//! Callers who ask for executions beside the events, over the mailbox.

use super::super::workflow::Workflow;
use super::super::{
    Address, CALLS_MAX, Call, CallEnd, INVALID_INPUT, LaneId, MemoryLimits, PANIC, Refused, Turn, mailbox,
    spawn,
};
use super::world::{Shared, lane, parts, version};
use super::{FAIL, PASS, Stage, TASK, WAIT, with_output};
use crate::execution::machine::{LogSettings, MachineSettings};
use crate::execution::steps::Step;
use crate::execution::tests::fault;
use crate::metrics::Metrics;
use crate::stream::Wake;
use crate::task::Failure;
use crate::vm::Level;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

/// What a caller has heard: nothing yet, nothing ever, or an end.
type Heard = Result<CallEnd, TryRecvError>;

/// Lets a shard listen.
pub(super) fn listen(stage: &mut Stage) -> Address {
    let (address, mailbox) = mailbox(Wake::new());
    stage.shard.listen(mailbox);
    address
}

/// Asks for an execution, which nobody has begun yet.
pub(super) fn ask(address: &Address, lane: LaneId, input: &str) -> oneshot::Receiver<CallEnd> {
    let (reply, heard) = oneshot::channel();
    let call = Call {
        lane,
        name: format!("call-{}", input.len()),
        input: input.as_bytes().to_vec(),
        reply,
    };
    address.call(call).expect("room for a call");
    heard
}

fn succeeded(output: &str) -> Heard {
    Ok(CallEnd::Succeeded {
        output: output.to_owned(),
    })
}

fn refused(why: Refused) -> Heard {
    Ok(CallEnd::Refused(why))
}

fn failed(status: &'static str, error: &str, cause: &str) -> Heard {
    Ok(CallEnd::Failed {
        status,
        error: error.to_owned(),
        cause: cause.to_owned(),
    })
}

/// Asks a shard for one execution of a definition; returns what the caller has heard after so many milliseconds.
fn call(definition: &str, input: &str, ms: i64) -> Heard {
    let mut stage = Stage::new(definition, with_output());
    let address = listen(&mut stage);
    let mut heard = ask(&address, address.initial_lane(0), input);
    stage.settle();
    stage.pass(ms);
    assert!(
        stage.values("out").is_empty(),
        "a caller is answered, not written to"
    );
    assert_eq!(stage.shard.leftover(), None);
    heard.try_recv()
}

#[test]
fn a_caller_hears_how_its_execution_has_ended() {
    assert_eq!(call(PASS, r#"{"a": 1}"#, 0), succeeded(r#"{"a":1}"#));
    assert_eq!(call(WAIT, r#"{"s": 5}"#, 5_000), succeeded(r#"{"s":5}"#));
    let error = r#"{"error": "E"}"#;
    assert_eq!(call(FAIL, error, 0), failed("FAILED", "E", "because"));
    let slow = WAIT.replacen('{', r#"{"TimeoutSeconds": 3, "#, 1);
    let timed_out = failed("TIMED_OUT", "States.Timeout", "");
    assert_eq!(call(&slow, r#"{"s": 5}"#, 5_000), timed_out);
}

#[test]
fn an_input_that_cannot_begin_is_said_to_be_the_callers() {
    match call(PASS, "no JSON", 0) {
        Ok(CallEnd::Failed { error, cause, .. }) => {
            assert_eq!(error, INVALID_INPUT);
            assert!(cause.starts_with("The input "), "{cause}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_panic_ends_the_call_and_nothing_else() {
    let mut stage = Stage::new(PASS, with_output());
    let address = listen(&mut stage);
    fault::arm(Step::Advance, 0);
    let mut heard = [
        ask(&address, address.initial_lane(0), "1"),
        ask(&address, address.initial_lane(0), "2"),
    ];
    stage.settle();
    assert!(!fault::disarm());
    match heard[0].try_recv() {
        Ok(CallEnd::Failed { error, .. }) => assert_eq!(error, PANIC),
        other => panic!("{other:?}"),
    }
    assert_eq!(heard[1].try_recv(), succeeded("2"));
    assert_eq!(stage.metric("stepstream_panics_total", &[]), 1.0);
    assert_eq!(stage.shard.leftover(), None);
}

#[test]
fn events_and_calls_run_side_by_side() {
    let mut stage = Stage::new(TASK, with_output());
    let address = listen(&mut stage);
    stage.give("1");
    let mut heard = ask(&address, address.initial_lane(0), "2");
    stage.settle();
    let inputs: Vec<String> = {
        let world = stage.world.borrow();
        world.called.iter().map(|call| call.parameters.clone()).collect()
    };
    assert_eq!(inputs.len(), 2);
    let of_call = inputs.iter().position(|input| input == "2").expect("the call's");
    assert_eq!(heard.try_recv(), Err(TryRecvError::Empty));
    stage.answer_call(of_call, "\"called\"");
    assert_eq!(heard.try_recv(), succeeded("\"called\""));
    assert_eq!((stage.values("out").len(), stage.commit()), (0, None));
    stage.answer_call(1 - of_call, "\"streamed\"");
    assert_eq!(stage.values("out"), ["\"streamed\""]);
    assert_eq!(stage.commit(), Some(1));
    assert_eq!(stage.shard.leftover(), None);
}

#[test]
fn the_answer_does_not_wait_for_the_log_which_has_the_execution() {
    let machine = MachineSettings {
        log: Some(LogSettings {
            level: Level::All,
            on_failure: Level::All,
            on_failure_bytes_max: 256 << 10,
            include_execution_data: true,
            block: true,
        }),
        ..MachineSettings::default()
    };
    let mut stage = Stage::new(
        PASS,
        Workflow {
            machine,
            ..with_output()
        },
    );
    stage.world.borrow_mut().log_confirmed = 0;
    let address = listen(&mut stage);
    let mut heard = ask(&address, address.initial_lane(0), "1");
    stage.settle();
    assert_eq!(heard.try_recv(), succeeded("1"));
    stage.pass(2_000);
    let log = stage.log().join("\n");
    assert!(
        log.contains(":call-1:") && log.contains("ExecutionSucceeded"),
        "{log}"
    );
    assert_eq!(stage.shard.leftover(), None);
}

#[test]
fn a_caller_who_goes_away_changes_nothing() {
    let mut stage = Stage::new(TASK, with_output());
    let address = listen(&mut stage);
    drop(ask(&address, address.initial_lane(0), "1"));
    stage.settle();
    assert_eq!(stage.shard.executions().0, 1);
    stage.answer_call(0, "2");
    drop(ask(&address, address.initial_lane(0), "no JSON"));
    stage.settle();
    assert_eq!(stage.shard.leftover(), None);
    assert_eq!(stage.metric("stepstream_panics_total", &[]), 0.0);
}

#[test]
fn stop_answers_those_that_wait() {
    let mut stage = Stage::new(WAIT, with_output());
    let address = listen(&mut stage);
    let mut heard = [5, 500].map(|s| ask(&address, address.initial_lane(0), &format!("{{\"s\":{s}}}")));
    stage.settle();
    stage.shard.stop(stage.now().instant + Duration::from_secs(10));
    let mut late = ask(&address, address.initial_lane(0), "1");
    assert_ne!(stage.settle(), Turn::Done, "calls may run until the time is over");
    assert_eq!(late.try_recv(), refused(Refused::Stopping));
    stage.pass(5_000);
    assert_eq!(heard[0].try_recv(), succeeded("{\"s\":5}"));
    assert_eq!(heard[1].try_recv(), Err(TryRecvError::Empty));
    assert_eq!(stage.pass(5_000), Turn::Done);
    assert_eq!(heard[1].try_recv(), Ok(CallEnd::Stopped));
    assert_eq!(stage.shard.leftover(), None);
    let mut never_taken = ask(&address, address.initial_lane(0), "1");
    drop(stage);
    assert_eq!(never_taken.try_recv(), refused(Refused::Stopping));
    let (reply, _heard) = oneshot::channel();
    let call = Call {
        lane: address.initial_lane(0),
        name: "late".to_owned(),
        input: Vec::new(),
        reply,
    };
    assert_eq!(address.call(call), Err(Refused::Stopping));
}

#[test]
fn what_finds_no_room_is_refused() {
    let workflow = Workflow {
        max_in_flight: 2,
        ..with_output()
    };
    let mut stage = Stage::new(TASK, workflow);
    let address = listen(&mut stage);
    let mut heard: Vec<_> = (0..3)
        .map(|_| ask(&address, address.initial_lane(0), "1"))
        .collect();
    stage.settle();
    let heard: Vec<Heard> = heard.iter_mut().map(oneshot::Receiver::try_recv).collect();
    let waits = || Err(TryRecvError::Empty);
    assert_eq!(heard, [waits(), waits(), refused(Refused::Busy)]);
    // Between two turns the channel itself is full.
    let held: Vec<_> = (0..CALLS_MAX)
        .map(|_| ask(&address, address.initial_lane(0), "1"))
        .collect();
    let (reply, _heard) = oneshot::channel();
    let call = Call {
        lane: address.initial_lane(0),
        name: "late".to_owned(),
        input: Vec::new(),
        reply,
    };
    assert_eq!(address.call(call), Err(Refused::Busy));
    drop(held);
    stage.settle();
    stage.answer_call(0, "1");
    let second = stage.world.borrow().called[1].ticket;
    stage.answer(second, Err(Failure::new("E", "because")));
    assert_eq!(stage.shard.leftover(), None);
}

#[test]
fn a_call_of_a_workflow_that_is_gone_reaches_no_other() {
    let mut stage = Stage::new(PASS, with_output());
    let address = listen(&mut stage);
    let lane = stage.add_beside(WAIT, Workflow::default());
    let mut begun = ask(&address, lane, r#"{"s":50}"#);
    stage.settle();
    let until = stage.now().instant + Duration::from_secs(1);
    address.remove_lane(lane, until).expect("room for an order");
    let mut leaving = ask(&address, lane, "1");
    stage.settle();
    assert_eq!(leaving.try_recv(), refused(Refused::Gone));
    assert_eq!(
        (begun.try_recv(), stage.shard.lanes()),
        (Err(TryRecvError::Empty), 2)
    );
    stage.pass(1_000);
    assert_eq!((begun.try_recv(), stage.shard.lanes()), (Ok(CallEnd::Stopped), 1));
    let next = stage.add_beside(PASS, Workflow::default());
    assert_eq!(next.index, lane.index);
    let (mut old, mut new) = (ask(&address, lane, "1"), ask(&address, next, "2"));
    stage.settle();
    assert_eq!(old.try_recv(), refused(Refused::Gone));
    assert_eq!(new.try_recv(), succeeded("2"));
    let mut nowhere = ask(&address, address.initial_lane(77), "1");
    stage.settle();
    assert_eq!(nowhere.try_recv(), refused(Refused::Gone));
}

/// On a thread of its own, with the real clock: the way from the handle into the shard.
#[test]
fn a_shard_on_its_thread_hears_orders_and_calls() {
    let build = |_: &Wake| {
        Ok(parts(
            &Shared::default(),
            Vec::new(),
            MemoryLimits::default(),
            &Metrics::new(),
        ))
    };
    let handle = spawn("shard", None, Wake::new(), build, || {}).expect("a thread");
    let address = handle.address().clone();
    let add = |definition: &'static str| {
        let lane = move || {
            let (world, metrics) = (Shared::default(), Metrics::new());
            Ok(lane(
                &world,
                version(definition),
                Workflow::default(),
                &metrics,
                "added",
            ))
        };
        let added = address.add_lane(lane).expect("room for an order");
        added.blocking_recv().expect("an answer").expect("a lane")
    };
    let (passes, waits) = (add(PASS), add(WAIT));
    let heard = ask(&address, passes, "1").blocking_recv();
    assert_eq!(heard.map_err(|_| TryRecvError::Closed), succeeded("1"));
    let waiting = ask(&address, waits, r#"{"s":500}"#);
    assert_eq!(
        ask(&address, passes, "2").blocking_recv().ok(),
        succeeded("2").ok()
    );
    handle.stop(Duration::ZERO);
    assert_eq!(handle.join(), Ok(()));
    assert_eq!(waiting.blocking_recv(), Ok(CallEnd::Stopped));
}

#[test]
fn orders_reach_a_shard_that_runs() {
    let mut stage = Stage::new(TASK, with_output());
    let address = listen(&mut stage);
    address
        .publish(address.initial_lane(0), version(PASS))
        .expect("room for an order");
    stage.give("1");
    stage.settle();
    assert_eq!(stage.values("out"), ["1"]);
    for (build, says) in [
        (
            (|| Err("no broker".to_owned())) as fn() -> Result<_, String>,
            "no broker",
        ),
        (|| panic!("a bug"), "a bug"),
    ] {
        let mut added = address.add_lane(build).expect("room for an order");
        stage.settle();
        assert_eq!(added.try_recv().expect("an answer"), Err(says.to_owned()));
    }
    address
        .remove_lane(address.initial_lane(0), stage.now().instant)
        .expect("room for an order");
    stage.settle();
    assert_eq!(stage.shard.lanes(), 0);
    // All three find nobody, and harm nobody.
    address
        .publish(address.initial_lane(0), version(PASS))
        .expect("room for an order");
    address
        .remove_lane(address.initial_lane(0), stage.now().instant)
        .expect("room for an order");
    assert_eq!(stage.settle(), Turn::Idle(None));
}
