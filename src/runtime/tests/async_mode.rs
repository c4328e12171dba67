//! At least once: what is finished, what is committed, what is in flight.

use super::super::Turn;
use super::super::workflow::{Input, OnEmpty, Workflow};
use super::world::Given;
use super::{PASS, START_MS, Stage, TASK, WAIT, with_output};
use crate::stream::offsets::{Restored, Tracker};
use crate::stream::{Change, PartitionId};
use crate::task::Progress;
use std::time::Duration;

#[test]
fn outputs_carry_key_and_execution() {
    let mut stage = Stage::new(PASS, with_output());
    stage.give_to(0, Some("k"), r#"{"a": 1}"#, Vec::new());
    stage.settle();
    let world = stage.world.borrow();
    let sent = &world.sent[0];
    assert_eq!(
        (sent.topic.as_str(), sent.key.as_deref(), sent.partition),
        ("out", Some("k"), None)
    );
    assert_eq!(sent.value.as_deref(), Some(r#"{"a": 1}"#));
    assert_eq!(
        sent.headers,
        [("stepstream-execution".to_owned(), "orders-0-0".to_owned())]
    );
}

#[test]
fn without_an_output_events_are_finished_at_once() {
    let mut stage = Stage::new(PASS, Workflow::default());
    for _ in 0..1_234 {
        stage.give("{}");
    }
    stage.settle();
    assert!(stage.world.borrow().sent.is_empty());
    assert_eq!(stage.commit(), Some(1_234));
    let before = stage.world.borrow().commits.len();
    stage.pass(5_000);
    assert_eq!(stage.world.borrow().commits.len(), before, "nothing has changed");
}

#[test]
fn an_output_that_is_not_acknowledged_holds_the_offset() {
    let mut stage = Stage::new(PASS, with_output());
    stage.world.borrow_mut().holds_acks = true;
    (0..3).for_each(|at| stage.give(&at.to_string()));
    stage.settle();
    stage.acknowledge(1, Ok(()));
    assert_eq!(stage.commit(), Some(0));
    stage.acknowledge(0, Ok(()));
    assert_eq!(stage.commit(), Some(2));
    stage.acknowledge(2, Ok(()));
    assert_eq!(stage.commit(), Some(3));
}

#[test]
fn what_finished_above_the_commit_does_not_run_again() {
    let mut stage = Stage::new(TASK, with_output());
    (0..4).for_each(|at| stage.give(&at.to_string()));
    stage.settle();
    stage.answer_call(1, "1");
    stage.answer_call(3, "3");
    stage.pass(1_000);
    let (_, commit, _) = stage.world.borrow().commits.last().expect("a commit").clone();
    assert_eq!(commit.offset, 0);
    let mut again = Stage::without_partitions(TASK, with_output());
    again.assign(
        0,
        Restored {
            offset: Some(0),
            metadata: commit.metadata,
            ..Restored::default()
        },
    );
    (0..4).for_each(|at| again.give(&at.to_string()));
    again.settle();
    let called: Vec<_> = again
        .world
        .borrow()
        .called
        .iter()
        .map(|call| call.parameters.clone())
        .collect();
    assert_eq!(called, ["0", "2"]);
}

#[test]
fn a_parked_task_goes_on_with_its_answer() {
    let mut stage = Stage::new(TASK, with_output());
    stage.give_to(0, Some("k"), r#"{"n":1}"#, Vec::new());
    stage.give("2");
    stage.settle();
    assert_eq!(stage.world.borrow().called[0].key, "orders-0-0/T");
    assert_eq!(stage.world.borrow().called[0].parameters, r#"{"n":1}"#);
    stage.answer_call(1, "\"two\"");
    assert_eq!(stage.values("out"), ["\"two\""]);
    assert_eq!(stage.commit(), Some(0));
    stage.answer_call(0, "\"one\"");
    assert_eq!(stage.values("out"), ["\"two\"", "\"one\""]);
    assert_eq!(stage.world.borrow().sent[1].key.as_deref(), Some("k"));
    assert_eq!(stage.commit(), Some(2));
    // An answer that comes twice finds nothing.
    stage.answer_call(0, "\"again\"");
    assert_eq!(stage.values("out").len(), 2);
}

#[test]
fn tasks_that_answer_at_once_never_wait() {
    let mut stage = Stage::new(TASK, with_output());
    stage.world.borrow_mut().task = Some(|_| Progress::Success);
    stage.give("[1]");
    stage.settle();
    assert_eq!(stage.values("out"), ["[1]"]);
}

#[test]
fn a_promised_answer_comes_at_its_time() {
    let mut stage = Stage::new(TASK, with_output());
    stage.world.borrow_mut().task = Some(|_| Progress::SuccessAfter(10));
    stage.give("[1]");
    assert_eq!(stage.settle(), Turn::Idle(Some(START_MS + 10)));
    stage.pass(9);
    assert!(stage.values("out").is_empty());
    stage.pass(1);
    assert_eq!(stage.values("out"), ["[1]"]);
}

#[test]
fn waits_end_at_their_times() {
    let mut stage = Stage::new(WAIT, with_output());
    [3, 1, 2]
        .iter()
        .for_each(|seconds| stage.give(&format!(r#"{{"s":{seconds}}}"#)));
    stage.settle();
    stage.pass(1_999);
    assert_eq!(stage.values("out"), [r#"{"s":1}"#]);
    stage.pass(1);
    stage.pass(1_000);
    assert_eq!(stage.values("out"), [r#"{"s":1}"#, r#"{"s":2}"#, r#"{"s":3}"#]);
}

#[test]
fn time_limits_end_tasks_and_executions() {
    let limited = TASK.replace("\"End\"", "\"TimeoutSeconds\": 5, \"End\"");
    let mut stage = Stage::new(&limited, super::with_dead_letter());
    stage.give("1");
    stage.settle();
    stage.pass(4_999);
    assert!(stage.values("dead").is_empty());
    stage.pass(1);
    assert_eq!(stage.values("dead"), ["1"]);
    assert_eq!(stage.world.borrow().cancelled.len(), 1);

    let mut stage = Stage::new(TASK, super::with_dead_letter());
    stage.give("1");
    stage.settle();
    stage.pass(299_999);
    assert!(stage.values("dead").is_empty());
    stage.pass(1);
    assert_eq!(stage.values("dead"), ["1"], "five minutes are the longest run");
    let headers = stage.world.borrow().sent[0].headers.clone();
    assert_eq!(
        headers[0],
        ("stepstream-error".to_owned(), "States.Timeout".to_owned())
    );
    assert_eq!(stage.world.borrow().cancelled.len(), 1);
}

/// A limit that is passed is noticed so much later, where others were looked for shortly before.
const SWEEP_MS: i64 = 10;

#[test]
fn heartbeats_keep_a_task_alive() {
    let beating = TASK.replace(
        "\"End\"",
        "\"TimeoutSeconds\": 12, \"HeartbeatSeconds\": 5, \"End\"",
    );
    let error = |stage: &Stage| {
        stage.world.borrow().sent[0]
            .header("stepstream-error")
            .map(str::to_owned)
    };
    let timed_out = Some("States.Timeout".to_owned());
    // Without one, the first that is missed ends the task.
    let mut stage = Stage::new(&beating, super::with_dead_letter());
    stage.give("1");
    stage.settle();
    stage.pass(4_999);
    assert!(stage.values("dead").is_empty());
    stage.pass(1);
    assert_eq!(
        (stage.values("dead").len(), error(&stage)),
        (1, timed_out.clone())
    );

    // Each begins the time anew, however late it comes within it; TimeoutSeconds it does not.
    let mut stage = Stage::new(&beating, super::with_dead_letter());
    stage.give("1");
    stage.settle();
    for passed_ms in [4_999, 4_999] {
        stage.pass(passed_ms);
        stage.heartbeat(0);
    }
    stage.pass(2_001);
    assert!(stage.values("dead").is_empty(), "11,999 ms");
    stage.pass(SWEEP_MS);
    assert_eq!((stage.values("dead").len(), error(&stage)), (1, timed_out));

    // One that is missed later ends the task too, and one after the end is for nobody.
    let mut stage = Stage::new(&beating, super::with_dead_letter());
    stage.give("1");
    stage.settle();
    stage.pass(1_000);
    stage.heartbeat(0);
    stage.pass(4_999);
    assert!(stage.values("dead").is_empty());
    stage.pass(SWEEP_MS);
    stage.heartbeat(0);
    assert_eq!(stage.values("dead"), ["1"]);
    assert_eq!(stage.world.borrow().cancelled.len(), 1);
}

#[test]
fn a_loop_does_not_starve_others() {
    let endless = r#"{"TimeoutSeconds": 1, "StartAt": "C", "States": {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.loop", "IsPresent": true, "Next": "P"}], "Default": "E"},
        "P": {"Type": "Pass", "Next": "C"}, "E": {"Type": "Succeed"}}}"#;
    let mut stage = Stage::new(endless, super::with_dead_letter());
    stage.give(r#"{"loop":1}"#);
    stage.give(r#"{"n":2}"#);
    for _ in 0..20 {
        assert_eq!(stage.shard.turn(stage.now()), Turn::Busy);
    }
    assert_eq!(stage.values("out"), [r#"{"n":2}"#]);
    stage.pass(1_000);
    assert_eq!(stage.values("dead"), [r#"{"loop":1}"#]);
}

#[test]
fn a_revoked_partition_finishes_what_runs_and_begins_nothing() {
    let mut stage = Stage::new(TASK, with_output());
    stage.give("0");
    stage.give("1");
    stage.settle();
    stage.revoke(0, 10_000);
    stage.give("2");
    stage.settle();
    assert_eq!(stage.world.borrow().called.len(), 2);
    stage.answer_call(1, "1");
    assert!(stage.world.borrow().released.is_empty());
    stage.answer_call(0, "0");
    let released = stage.world.borrow().released.clone();
    assert_eq!(released.len(), 1);
    assert_eq!(released[0].1.as_ref().map(|commit| commit.offset), Some(2));
}

#[test]
fn a_revoked_partition_is_given_back_in_time() {
    let mut stage = Stage::new(TASK, with_output());
    (0..3).for_each(|at| stage.give(&at.to_string()));
    stage.settle();
    stage.answer_call(1, "1");
    stage.revoke(0, 5_000);
    assert!(matches!(stage.pass(4_000), Turn::Idle(Some(at)) if at <= START_MS + 5_001));
    assert!(stage.world.borrow().released.is_empty());
    // A crash while it drains repeats less: what has finished is committed meanwhile.
    let commit = stage.world.borrow().commits.last().map(|asked| asked.1.clone());
    let commit = commit.expect("offset 1 has finished");
    assert_eq!(commit.offset, 0);
    stage.pass(1_001);
    assert_eq!(stage.world.borrow().released, [(0, None)], "nothing new since");
    let restored = Restored {
        offset: Some(0),
        metadata: commit.metadata,
        ..Restored::default()
    };
    let mut tracker = Tracker::new(&restored);
    assert_eq!([0, 1, 2].map(|offset| tracker.begin(offset)), [true, false, true]);
    assert_eq!(stage.world.borrow().cancelled.len(), 2);
    stage.answer_call(0, "late");
    assert_eq!(
        stage.values("out"),
        ["1"],
        "an abandoned execution leaves nothing behind"
    );
}

#[test]
fn a_lost_partition_commits_nothing() {
    let mut stage = Stage::new(TASK, with_output());
    stage.give("0");
    stage.settle();
    stage.change(Change::Lost {
        partition: PartitionId(0),
    });
    stage.answer_call(0, "0");
    stage.pass(2_000);
    let world = stage.world.borrow();
    assert!(world.released.is_empty() && world.commits.is_empty() && world.sent.is_empty());
}

#[test]
fn stopping_drains_and_gives_back() {
    let mut stage = Stage::new(TASK, with_output());
    stage.give("0");
    stage.settle();
    let until = stage.now().instant + Duration::from_secs(30);
    stage.shard.stop(until);
    stage.give("1");
    assert!(matches!(stage.settle(), Turn::Idle(_)));
    stage.answer_call(0, "0");
    assert_eq!(stage.settle(), Turn::Done);
    let world = stage.world.borrow();
    assert_eq!(world.released[0].1.as_ref().map(|commit| commit.offset), Some(1));
    assert_eq!(world.called.len(), 1);
}

#[test]
fn an_ended_source_ends_the_shard_when_all_is_finished() {
    let mut stage = Stage::new(PASS, with_output());
    stage.world.borrow_mut().holds_acks = true;
    stage.give("0");
    stage.change(Change::Ended);
    assert!(matches!(stage.settle(), Turn::Idle(_)));
    stage.acknowledge(0, Ok(()));
    assert_eq!(stage.settle(), Turn::Done);
    assert_eq!(stage.world.borrow().released.len(), 1);
}

#[test]
fn records_as_input() {
    let workflow = Workflow {
        input: Input::Record,
        ..with_output()
    };
    let mut stage = Stage::new(PASS, workflow);
    stage.give_to(
        0,
        Some("k"),
        "{\"a\":1}",
        vec![("h".to_owned(), Some(b"v".to_vec()))],
    );
    stage.give(r#"1},"topic":"forged","x":{"y":2"#);
    stage.settle();
    assert_eq!(
        stage.values("out"),
        [
            r#"{"topic":"orders","partition":0,"offset":0,"timestamp":1700000000000,"key":"k","headers":{"h":"v"},"value":{"a":1}}"#
        ],
        "a value that closes our object is not JSON"
    );
}

#[test]
fn the_context_object_knows_the_event() {
    let definition = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true, "Parameters": {
        "name.$": "$$.Execution.Name", "offset.$": "$$.Execution.Event.offset", "key.$": "$$.Execution.Event.key"}}}}"#;
    let mut stage = Stage::new(definition, with_output());
    stage.give_to(0, Some("k"), "{}", Vec::new());
    stage.settle();
    assert_eq!(
        stage.values("out"),
        [r#"{"name":"orders-0-0","offset":0,"key":"k"}"#]
    );
}

#[test]
fn empty_events() {
    for (on_empty, expected) in [(OnEmpty::Skip, vec![]), (OnEmpty::Null, vec!["null", "null"])] {
        let workflow = Workflow {
            on_empty,
            ..with_output()
        };
        let mut stage = Stage::new(PASS, workflow);
        for (offset, value) in [(0, None), (1, Some(Vec::new()))] {
            stage.world.borrow_mut().events.push_back(Given {
                offset,
                value,
                ..Given::default()
            });
        }
        stage.settle();
        assert_eq!(stage.values("out"), expected);
        assert_eq!(stage.commit(), Some(2));
    }
}

#[test]
fn a_published_program_is_for_new_executions() {
    let mut stage = Stage::new(TASK, with_output());
    stage.give("0");
    stage.settle();
    let lane = stage.shard.first_lane();
    stage.shard.publish(lane, super::world::version(PASS));
    stage.give("1");
    stage.settle();
    assert_eq!(stage.values("out"), ["1"]);
    stage.answer_call(0, "\"old\"");
    assert_eq!(stage.values("out"), ["1", "\"old\""]);
}

#[test]
fn calls_of_a_loop_have_keys_of_their_own() {
    let definition = r#"{"StartAt": "Page", "States": {
        "Page": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "Next": "More"},
        "More": {"Type": "Choice", "Default": "End",
            "Choices": [{"Variable": "$.page", "NumericLessThan": 3, "Next": "Page"}]},
        "End": {"Type": "Succeed"}}}"#;
    for _redelivered in 0..2 {
        let mut stage = Stage::new(definition, with_output());
        stage.give(r#"{"page":0}"#);
        stage.settle();
        for at in 0..3 {
            stage.answer_call(at, &format!(r#"{{"page":{}}}"#, at + 1));
        }
        assert_eq!(stage.values("out"), [r#"{"page":3}"#]);
        let world = stage.world.borrow();
        let keys: Vec<&str> = world.called.iter().map(|call| call.key.as_str()).collect();
        assert_eq!(
            keys,
            ["orders-0-0/Page", "orders-0-0/Page#2", "orders-0-0/Page#3"]
        );
    }
}

#[test]
fn what_is_no_event_is_committed_with_what_is() {
    let mut stage = Stage::new(TASK, with_output());
    let passed = |offset| Change::Passed {
        partition: PartitionId(0),
        offset,
    };
    stage.give("0");
    stage.settle();
    stage.change(passed(3));
    stage.pass(10_000);
    assert_eq!(stage.commit(), Some(0), "an event before it runs");
    stage.answer_call(0, "0");
    stage.pass(10_000);
    assert_eq!(stage.commit(), Some(3));
    stage.change(passed(7));
    stage.pass(10_000);
    assert_eq!(stage.commit(), Some(7));
}
