//! What is spent of memory stays within the account, and what waits for it goes on.

use super::super::workflow::{Mode, Workflow};
use super::super::{MemoryLimits, Ordering, Turn};
use super::{PASS, Stage, TASK, WAIT, with_dead_letter};
use crate::stream::offsets::Restored;
use crate::stream::{Change, PartitionId, SendError};
use crate::task::Progress;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// A large event.
const LARGE: usize = 60 * KIB;

/// How many events there are: ten times what the account has room for.
const EVENTS: usize = 160;

/// The account of the tests. An execution that waits takes as much as its event, for the event's value, and for that
/// of its dead letter; one that has never waited nothing.
const LIMITS: MemoryLimits = MemoryLimits {
    shard: 4 * MIB,
    execution: MIB,
};

/// Waits for the world twice, so that it is parked with all it has.
const TWICE: &str = r#"{"StartAt": "W", "States": {
    "W": {"Type": "Wait", "Seconds": 10, "Next": "T"},
    "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "End": true}}}"#;

fn large(number: usize) -> String {
    format!("[{number},\"{}\"]", "x".repeat(LARGE))
}

/// Returns the most that was on the account while time passed until there was nothing to do any more.
fn most_until_idle(stage: &mut Stage) -> usize {
    let mut most = 0;
    for _ in 0..100_000 {
        let now = stage.now();
        let turn = stage.shard.turn(now);
        most = most.max(stage.shard.memory().0);
        match turn {
            Turn::Busy => {}
            Turn::Idle(Some(at_ms)) => stage.now_ms = at_ms.max(stage.now_ms),
            Turn::Idle(None) | Turn::Done => return most,
        }
        if stage.world.borrow().events.is_empty() && stage.metric("stepstream_in_flight", &[]) == 0.0 {
            return most;
        }
    }
    panic!("it does not come to an end");
}

/// All events run, and what they take stays within the account.
fn check(definition: &str, workflow: Workflow, give: impl Fn(&mut Stage, usize)) {
    let mut stage = Stage::with_memory(definition, workflow, LIMITS);
    stage.world.borrow_mut().task = Some(|_| Progress::SuccessAfter(1_000));
    stage.world.borrow_mut().commits_at_once = true;
    (0..EVENTS).for_each(|number| give(&mut stage, number));
    let most = most_until_idle(&mut stage);
    let (left, end) = stage.shard.memory();
    // A task's answer comes to what an execution has that waits already.
    assert!(most <= end + end / 4, "{most} of {end}");
    assert!(most >= end / 2, "the test takes {most} only");
    assert!(left <= end / 4, "{left} left");
    assert_eq!(stage.values("out").len(), EVENTS);
}

fn give_large(stage: &mut Stage, number: usize) {
    stage.give(&large(number));
}

fn give_hot(stage: &mut Stage, number: usize) {
    stage.give_to(0, Some("hot"), &large(number), Vec::new());
}

#[test]
fn executions_that_wait_stay_within_the_account() {
    check(TWICE, with_dead_letter(), give_large);
    check(TASK, with_dead_letter(), give_large);
}

#[test]
fn events_that_wait_for_their_turn_stay_within_the_account() {
    for ordering in [Ordering::Key, Ordering::Partition] {
        let workflow = Workflow {
            ordering,
            ..with_dead_letter()
        };
        check(TWICE, workflow, give_hot);
    }
}

#[test]
fn events_that_wait_for_their_commit_stay_within_the_account() {
    for ordering in [Ordering::Unordered, Ordering::Key] {
        let workflow = Workflow {
            mode: Mode::Sync,
            ordering,
            ..with_dead_letter()
        };
        check(TWICE, workflow, give_hot);
    }
}

#[test]
fn keys_and_headers_count_like_values() {
    let ordered = Workflow {
        ordering: Ordering::Partition,
        ..with_dead_letter()
    };
    let sync = Workflow {
        mode: Mode::Sync,
        ..with_dead_letter()
    };
    let text = "x".repeat(LARGE);
    for workflow in [ordered, sync] {
        check(TWICE, workflow.clone(), |stage, _| {
            stage.give_to(0, Some(&text), "1", Vec::new());
        });
        check(TWICE, workflow, |stage, _| {
            let header = ("h".to_owned(), Some(text.clone().into_bytes()));
            stage.give_to(0, None, "1", vec![header]);
        });
    }
}

#[test]
fn messages_that_do_not_arrive_stay_within_the_account() {
    let mut stage = Stage::with_memory(PASS, with_dead_letter(), LIMITS);
    let failed = SendError::Failed("the broker is away".to_owned());
    stage.world.borrow_mut().refusal = Some(failed);
    (0..EVENTS).for_each(|number| give_large(&mut stage, number));
    for _ in 0..100 {
        stage.pass(100);
        let (used, end) = stage.shard.memory();
        assert!(used <= end, "{used} of {end}");
    }
    assert!(!stage.world.borrow().events.is_empty(), "the source is paused");
    assert_eq!(stage.metric("stepstream_paused_partitions", &[]), 1.0);
    stage.world.borrow_mut().refusal = None;
    for _ in 0..100 {
        stage.pass(10_000);
    }
    assert_eq!(stage.values("out").len(), EVENTS);
    assert!(stage.shard.memory().0 <= LIMITS.shard / 4);
}

#[test]
fn an_event_that_alone_is_more_than_the_account_runs() {
    let limits = MemoryLimits {
        shard: 30 * KIB,
        execution: 4 * MIB,
    };
    let mut stage = Stage::with_memory(TASK, with_dead_letter(), limits);
    stage.world.borrow_mut().task = Some(|_| Progress::SuccessAfter(1_000));
    (0..3).for_each(|number| give_large(&mut stage, number));
    most_until_idle(&mut stage);
    assert_eq!(stage.values("out").len(), 3);
}

/// The results of executions whose partition is gone do not stay until they would have been due.
#[test]
fn results_that_nobody_waits_for_any_more_are_given_back() {
    let mut stage = Stage::with_memory(TASK, with_dead_letter(), LIMITS);
    stage.world.borrow_mut().task = Some(|_| Progress::SuccessAfter(200_000));
    for _ in 0..4 {
        (0..EVENTS).for_each(|number| give_large(&mut stage, number));
        stage.settle();
        assert!(stage.shard.timed_bytes() > LARGE, "results wait");
        stage.world.borrow_mut().events.clear();
        stage.change(Change::Lost {
            partition: PartitionId(0),
        });
        assert_eq!(stage.shard.parked_bytes(), 0);
        stage.assign(0, Restored::default());
    }
    stage.pass(1);
    let left = stage.shard.timed_bytes();
    assert!(left <= 2 * MIB, "{left} bytes of results");
}

/// The result of a branch that is over is not counted for the rest of its execution.
#[test]
fn the_result_of_a_branch_that_is_over_is_given_back() {
    const BRANCHES: &str = r#"{"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "Next": "W", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "W"}], "Branches": [
            {"StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
                "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f"}}},
            {"StartAt": "V", "States": {"V": {"Type": "Wait", "Seconds": 1, "Next": "F"}, "F": {"Type": "Fail"}}}]},
        "W": {"Type": "Wait", "Seconds": 200, "End": true}}}"#;
    let mut stage = Stage::with_memory(BRANCHES, super::with_output(), LIMITS);
    stage.world.borrow_mut().task = Some(|_| Progress::SuccessAfter(100_000));
    give_large(&mut stage, 0);
    stage.settle();
    stage.pass(2_000);
    let before = stage.shard.parked_bytes();
    stage.pass(110_000);
    let after = stage.shard.parked_bytes();
    assert!(before >= after + LARGE, "{before} before, {after} after");
    most_until_idle(&mut stage);
    assert_eq!((stage.shard.parked_bytes(), stage.values("out").len()), (0, 1));
}

#[test]
fn runs_that_nobody_uses_do_not_keep_sources_paused() {
    let mut stage = Stage::with_memory(WAIT, super::with_output(), LIMITS);
    let text = "x".repeat(12 * KIB);
    // They end little by little, and what they had comes into the pool.
    for number in 0..1_000 {
        stage.give(&format!(r#"{{"s":{},"x":"{text}"}}"#, 10 + number % 20));
    }
    let most = most_until_idle(&mut stage);
    assert!(most >= LIMITS.shard / 4 * 3, "the sources never paused at {most}");
    assert_eq!(stage.values("out").len(), 1_000);
    let left = stage.shard.memory().0;
    assert!(left <= LIMITS.shard / 4, "{left} left");
}

/// Holds more after each second: 200 KiB in a variable, times 40.
fn growing() -> String {
    let assigned = (0..40).map(|step| {
        format!(
            r#""W{step}": {{"Type": "Wait", "Seconds": 1, "Next": "P{step}"}},
            "P{step}": {{"Type": "Pass", "Assign": {{"v{step}.$": "States.Format('{{}}{step}{{}}', $.x, $.x)"}}, "Next": "W{}"}},"#,
            step + 1
        )
    });
    format!(
        r#"{{"StartAt": "W0", "States": {{ {} "W40": {{"Type": "Succeed"}} }} }}"#,
        assigned.collect::<String>()
    )
}

/// Counts the executions that failed by their errors.
fn errors(stage: &Stage) -> Vec<String> {
    let world = stage.world.borrow();
    let headers = world.sent.iter().flat_map(|sent| &sent.headers);
    let errors = headers.filter(|(name, _)| name == "stepstream-error");
    errors.map(|(_, error)| error.clone()).collect()
}

#[test]
fn executions_that_grow_together_end_one_after_the_other() {
    let limits = MemoryLimits {
        shard: 32 * MIB,
        execution: 16 * MIB,
    };
    let mut stage = Stage::with_memory(&growing(), with_dead_letter(), limits);
    let event = format!(r#"{{"x":"{}"}}"#, "x".repeat(100 * KIB));
    // Each comes to 8 MiB: they begin small, and there is room for three.
    (0..10).for_each(|_| stage.give(&event));
    let most = most_until_idle(&mut stage);
    // One may go beyond what there is.
    assert!(most <= limits.shard + limits.execution, "{most}");
    assert!(most > limits.shard / 4 * 3, "{most}: there was enough for all");
    assert_eq!(errors(&stage), Vec::<String>::new(), "they wait for each other");
    assert_eq!(stage.values("out").len(), 10);
}

/// Does what the event says: holds 900 KiB for a long time, or makes 100 KiB of a small event after a while.
const NEIGHBOURS: &str = r#"{"StartAt": "C", "States": {
    "C": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "G"}], "Default": "W"},
    "W": {"Type": "Wait", "Seconds": 1, "Next": "S"},
    "S": {"Type": "Pass", "Parameters": {"t.$": "States.Format('{}{}{}', $.y, $.y, $.y)"}, "ResultPath": "$.t", "Next": "W1"},
    "W1": {"Type": "Wait", "Seconds": 1, "OutputPath": "$.n", "Next": "E"},
    "G": {"Type": "Pass", "Assign": {"a.$": "States.Format('{}1{}', $.x, $.x)"}, "Next": "H"},
    "H": {"Type": "Pass", "Assign": {"b.$": "States.Format('{}2{}', $.x, $.x)"}, "Next": "I"},
    "I": {"Type": "Pass", "Assign": {"c.$": "States.Format('{}3{}', $.x, $.x)"}, "Next": "J"},
    "J": {"Type": "Pass", "Assign": {"d.$": "States.Format('{}4{}', $.x, $.x)"}, "Next": "G1"},
    "G1": {"Type": "Wait", "Seconds": 120, "OutputPath": "$.n", "Next": "E"},
    "E": {"Type": "Succeed"}}}"#;

/// Those that are large have taken all there is: those that are small wait, and do not fail for it.
#[test]
fn a_small_execution_waits_while_its_neighbours_are_large() {
    let limits = MemoryLimits {
        shard: 10 * MIB,
        execution: 2 * MIB,
    };
    let mut stage = Stage::with_memory(NEIGHBOURS, with_dead_letter(), limits);
    let small = format!(r#"{{"n":1,"y":"{}"}}"#, "y".repeat(30 * KIB));
    let large = format!(r#"{{"n":2,"x":"{}"}}"#, "x".repeat(100 * KIB));
    (0..20).for_each(|_| stage.give(&small));
    (0..20).for_each(|_| stage.give(&large));
    let most = most_until_idle(&mut stage);
    assert!(most <= limits.shard + limits.execution, "{most}");
    assert!(most > limits.shard / 8 * 7, "{most}: there was enough for all");
    assert_eq!(errors(&stage), Vec::<String>::new());
    assert_eq!(stage.values("out").len(), 40);
}

/// The one that grows beyond the account holds nobody up once it only waits: the account is filled, and what finds no
/// room then fails by name and soon, not by its time limit.
#[test]
fn one_that_has_grown_and_waits_lets_the_next_one_grow() {
    let limits = MemoryLimits {
        shard: 10 * MIB,
        execution: 2 * MIB,
    };
    let slow = NEIGHBOURS
        .replace(r#""Next": "G"}]"#, r#""Next": "B"}]"#)
        .replace(r#""Seconds": 120"#, r#""Seconds": 230"#)
        .replace(
            r#""G": {"#,
            r#""B": {"Type": "Wait", "Seconds": 1, "Next": "G"}, "G": {"#,
        );
    let mut stage = Stage::with_memory(&slow, with_dead_letter(), limits);
    let large = format!(r#"{{"n":2,"x":"{}"}}"#, "x".repeat(100 * KIB));
    (0..25).for_each(|_| stage.give(&large));
    let thirsty = |stage: &Stage| stage.metric("stepstream_queue_depth", &["memory"]);
    let mut most_thirsty = 0.0;
    for _ in 0..60 {
        stage.pass(1_000);
        most_thirsty = thirsty(&stage).max(most_thirsty);
    }
    assert!(most_thirsty > 1.0, "nobody waits for memory");
    assert_eq!(thirsty(&stage), 0.0);
    let failed = errors(&stage).len();
    let most = most_until_idle(&mut stage);
    assert!(most <= limits.shard + limits.execution, "{most}");
    assert_eq!(errors(&stage).len(), failed, "what fails does so soon");
    assert!(
        errors(&stage)
            .iter()
            .all(|error| error == "States.DataLimitExceeded")
    );
    let succeeded = stage.values("out").len();
    assert_eq!(failed + succeeded, 25);
    assert!(succeeded >= 10, "{succeeded}");
}

/// Calls a task, and keeps its answer for long.
const KEEPS_ANSWER: &str = r#"{"StartAt": "T", "States": {
    "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "Next": "W"},
    "W": {"Type": "Wait", "Seconds": 100, "OutputPath": "$.n", "Next": "E"},
    "E": {"Type": "Succeed"}}}"#;

/// Executions that are small when they begin, and whose answers come together: what has no room fails at once.
#[test]
fn answers_stay_within_the_account_and_one_execution() {
    let mut stage = Stage::with_memory(KEEPS_ANSWER, with_dead_letter(), LIMITS);
    (0..1_000).for_each(|_| stage.give(r#"{"n":1}"#));
    stage.settle();
    let called = stage.world.borrow().called.len();
    assert_eq!(called, 1_000, "all wait for their answers");
    let answer = format!(r#"{{"n":1,"x":"{}"}}"#, "x".repeat(100 * KIB));
    (0..called).for_each(|at| stage.answer_call(at, &answer));
    let most = most_until_idle(&mut stage);
    let slack = LIMITS.execution + answer.len();
    assert!(most <= LIMITS.shard + slack, "{most}");
    let (failed, succeeded) = (errors(&stage), stage.values("out").len());
    assert!(failed.iter().all(|error| error == "States.DataLimitExceeded"));
    assert_eq!(failed.len() + succeeded, 1_000);
    assert!(succeeded >= LIMITS.shard / answer.len() / 2, "{succeeded}");
}

/// A Map that makes 200 KiB of each item, and keeps none in the end.
const GIANT: &str = r#"{"StartAt": "M", "States": {
    "M": {"Type": "Map", "ItemsPath": "$.list", "ItemSelector": {"x.$": "$.x"}, "ResultPath": null, "OutputPath": null,
        "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true,
            "Parameters": {"x.$": "States.Format('{}{}', $.x, $.x)"}}}}, "End": true}}}"#;

fn giant(items: usize) -> String {
    let list = format!("[{}0]", "0,".repeat(items - 1));
    format!(r#"{{"list":{list},"x":"{}"}}"#, "x".repeat(100 * KIB))
}

#[test]
fn the_memory_of_a_giant_is_given_back() {
    let limits = MemoryLimits {
        shard: 256 * MIB,
        execution: 128 * MIB,
    };
    let mut stage = Stage::with_memory(GIANT, with_dead_letter(), limits);
    stage.give(&giant(200));
    let most = most_until_idle(&mut stage);
    assert!(most > 40 * MIB, "{most}: the test has no giant");
    assert_eq!(stage.values("out").len(), 1);
    assert!(stage.shard.memory().0 <= 16 * MIB, "{:?}", stage.shard.memory());
}

#[test]
fn an_execution_beyond_its_limit_fails_by_name() {
    let limits = MemoryLimits {
        shard: 256 * MIB,
        execution: 20 * MIB,
    };
    let mut stage = Stage::with_memory(GIANT, with_dead_letter(), limits);
    stage.give(&giant(200));
    stage.give(&giant(50));
    let most = most_until_idle(&mut stage);
    // What it holds, as much again while that is moved or compacted.
    assert!(most <= 3 * limits.execution, "{most}");
    assert_eq!((stage.values("dead").len(), stage.values("out").len()), (1, 1));
    let world = stage.world.borrow();
    let letter = world
        .sent
        .iter()
        .find(|sent| sent.topic == "dead")
        .expect("a letter");
    let header = |name: &str| {
        letter
            .headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| &**value)
    };
    assert_eq!(header("stepstream-error"), Some("States.DataLimitExceeded"));
    let cause = header("stepstream-cause").expect("a cause");
    assert!(
        cause.starts_with("The execution holds ") && cause.ends_with(", and may hold 20971520."),
        "{cause}"
    );
}
