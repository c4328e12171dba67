//! What a seed makes of the configuration, the definition and the events.
//!
//! Must not know what happens to them. Invariant: an event's number is in each call that its execution makes, and each
//! call of it names its place, so that two calls have the same parameters only if they are the same call.

use super::super::super::panics::Step;
use super::super::super::workflow::{DeadLetter, Input, LogSettings, Mode, OnEmpty, Version, Workflow};
use super::super::super::{MemoryLimits, Ordering};
use super::super::world::{Given, Pairs, version};
use super::dice::Dice;
use crate::program::Pattern;
use crate::task::{Failure, Progress};
use crate::vm::Level;
use std::sync::Arc;
use std::time::Duration;

/// How many partitions the topic has.
pub(super) const PARTITIONS: usize = 3;

/// What one seed is about.
pub(super) struct Plan {
    pub(super) workflow: Workflow,
    pub(super) definition: usize,
    /// How many events there are.
    pub(super) events: usize,
    /// How many rounds are wild, before it becomes calm.
    pub(super) rounds: usize,
    /// One round in so many has trouble of a kind.
    pub(super) trouble: usize,
    /// A panic, and how often its place is passed before.
    pub(super) fault: Option<(Step, u32)>,
    /// Whether the log says when an event is over.
    pub(super) has_log: bool,
    /// Whether messages say so.
    pub(super) has_messages: bool,
    /// What the shard may take of memory: often less than a few events do.
    pub(super) memory: MemoryLimits,
}

/// The definitions: what the event's `way` is decides where it goes; `how` what its tasks answer.
const DEFINITION: &str = r#"{"StartAt": "C", TIMEOUT "States": {
    "C": {"Type": "Choice", "Default": "E", "Choices": [
        {"Variable": "$VALUE.way", "StringEquals": "fail", "Next": "F"},
        {"Variable": "$VALUE.way", "StringEquals": "wait", "Next": "W"},
        {"Variable": "$VALUE.way", "StringEquals": "task", "Next": "T"},
        {"Variable": "$VALUE.way", "StringEquals": "loop", "Next": "L0"},
        {"Variable": "$VALUE.way", "StringEquals": "map", "Next": "M"},
        {"Variable": "$VALUE.way", "StringEquals": "both", "Next": "B"},
        {"Variable": "$VALUE.way", "StringEquals": "work", "Next": "S"}]},
    "F": {"Type": "Fail", "ErrorPath": "$VALUE.error", "Cause": "because"},
    "W": {"Type": "Wait", "SecondsPath": "$VALUE.s", "Next": "E"},
    "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
        "Parameters": {"n.$": "$VALUE.n", "how.$": "$VALUE.how", "call": "T"}, "ResultPath": "$.r",
        "TimeoutSeconds": 10, "Retry": [{"ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 2}],
        "Catch": [{"ErrorEquals": ["Caught"], "ResultPath": "$.c", "Next": "E"}], "Next": "E"},
    "L0": {"Type": "Pass", "Parameters": {"n.$": "$VALUE.n", "how.$": "$VALUE.how", "i": 0}, "Next": "L"},
    "L": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
        "Parameters": {"n.$": "$.n", "how.$": "$.how", "call": "L", "i.$": "$.i"}, "ResultPath": "$.r",
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.r", "Next": "L1"}], "Next": "L1"},
    "L1": {"Type": "Pass", "Parameters": {"n.$": "$.n", "how.$": "$.how", "i.$": "States.MathAdd($.i, 1)"},
        "Next": "L2"},
    "L2": {"Type": "Choice", "Default": "E", "Choices": [
        {"Variable": "$.i", "NumericLessThan": 3, "Next": "L"}]},
    "M": {"Type": "Map", "ItemsPath": "$VALUE.items", "MaxConcurrency": 2, "ResultPath": "$.r", "Next": "E",
        "ItemSelector": {"n.$": "$VALUE.n", "how.$": "$VALUE.how", "at.$": "$$.Map.Item.Index"},
        "ItemProcessor": {"StartAt": "MT", "States": {"MT": {"Type": "Task", "End": true,
            "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
            "Parameters": {"n.$": "$.n", "how.$": "$.how", "call": "M", "i.$": "$.at"}}}}},
    "B": {"Type": "Parallel", "ResultPath": "$.r", "Next": "E",
        "Catch": [{"ErrorEquals": ["Caught"], "ResultPath": "$.c", "Next": "E"}],
        "Branches": [
            {"StartAt": "A/T", "States": {"A/T": {"Type": "Task", "End": true,
                "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
                "Parameters": {"n.$": "$VALUE.n", "how.$": "$VALUE.how", "call": "A"}}}},
            {"StartAt": "BW", "States": {"BW": {"Type": "Wait", "Seconds": 1, "Next": "T2"},
                "T2": {"Type": "Task", "End": true,
                    "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
                    "Parameters": {"n.$": "$VALUE.n", "how.$": "$VALUE.how", "call": "B"}}}}]},
    "S": {"Type": "Map", "ItemsPath": "$VALUE.items", "ResultPath": null, "Next": "E",
        "ItemSelector": {"t.$": "$VALUE.text"}, "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass",
            "End": true, "ResultPath": null, "OutputPath": null,
            "Parameters": {"t.$": "States.Format('{}{}', $.t, $.t)"}}}}},
    "E": {"Type": "Succeed"}}}"#;

/// How many definitions there are: with and without a time limit, for the value alone and for the whole record.
const DEFINITIONS: usize = 4;

thread_local! {
    static VERSIONS: Vec<Version> = (0..DEFINITIONS).map(definition).collect();
}

fn definition(index: usize) -> Version {
    let timeout = if index % 2 == 1 {
        "\"TimeoutSeconds\": 30,"
    } else {
        ""
    };
    let value = if index >= 2 { ".value" } else { "" };
    version(&DEFINITION.replace("TIMEOUT", timeout).replace("VALUE", value))
}

/// Returns a definition, compiled once.
pub(super) fn compiled(index: usize) -> Version {
    VERSIONS.with(|versions| Version {
        program: Arc::clone(&versions[index].program),
        bindings: Arc::default(),
        revision: "1".into(),
    })
}

/// What tasks answer at once, by `how`; the others are answered later, or never.
pub(super) fn quick(parameters: &str) -> Option<Progress> {
    let has = |how: &str| parameters.contains(how);
    if has("\"now\"") {
        return Some(Progress::Success);
    }
    if has("\"after\"") {
        return Some(Progress::SuccessAfter(700));
    }
    let error = ["Again", "Caught", "Nope"].into_iter().find(|error| has(error))?;
    Some(Progress::Failure(Failure::new(error, "at once")))
}

impl Plan {
    pub(super) fn of(dice: &mut Dice) -> Plan {
        let mode = dice.pick(&[Mode::Async, Mode::Sync]);
        let has_messages = !dice.one_in(5);
        let has_log = dice.one_in(2);
        let with_value = if dice.one_in(3) { 2 } else { 0 };
        let topic = |name: &str| has_messages.then(|| name.to_owned());
        let log = LogSettings {
            level: dice.pick(&[Level::Error, Level::All]),
            on_failure: Level::All,
            on_failure_bytes_max: 64 << 10,
            include_execution_data: dice.one_in(2),
            block: true,
        };
        let has_log_of_all = has_log && log.level == Level::All;
        Plan {
            workflow: Workflow {
                mode,
                ordering: dice.pick(&[Ordering::Unordered, Ordering::Key, Ordering::Partition]),
                input: if with_value > 0 {
                    Input::Record
                } else {
                    Input::Value
                },
                on_empty: dice.pick(&[OnEmpty::Skip, OnEmpty::Null]),
                max_in_flight: dice.pick(&[1, 3, 8, 100]),
                max_offset_span: dice.pick(&[1, 5, 1_000]),
                sync_batch_max: dice.pick(&[1, 3, 10]),
                commit_interval: Duration::from_millis(dice.pick(&[1, 1_000, 5_000])),
                output: topic("out"),
                dead_letter: topic("dead").map(|topic| DeadLetter {
                    topic,
                    ..DeadLetter::default()
                }),
                reply: dice.one_in(2).then(|| "replies".to_owned()),
                reply_allowed: vec![Pattern::parse("replies*")],
                log: has_log.then_some(log),
                ..Workflow::default()
            },
            definition: with_value + dice.below(2),
            events: 1 + dice.below(24),
            rounds: 10 + dice.below(50),
            trouble: dice.pick(&[3, 8, 30, 1_000]),
            fault: dice
                .one_in(3)
                .then(|| (dice.pick(&super::super::panics::STEPS), dice.below(20) as u32)),
            has_log: has_log_of_all,
            has_messages,
            memory: match dice.pick(&[0, 0, 1 << 10, 16 << 10, 64 << 10]) {
                0 => MemoryLimits::default(),
                shard => MemoryLimits {
                    shard,
                    ..MemoryLimits::default()
                },
            },
        }
    }

    /// Makes an event. Its number is unique.
    pub(super) fn event(&self, dice: &mut Dice, number: usize) -> Given {
        Given {
            key: (!dice.one_in(4)).then(|| dice.pick(&[&b"a"[..], b"b", b"\xff\0"]).to_vec()),
            value: (!dice.one_in(20)).then(|| value(dice, number)),
            headers: headers(dice),
            ..Given::default()
        }
    }
}

fn value(dice: &mut Dice, number: usize) -> Vec<u8> {
    if dice.one_in(12) {
        return hostile(dice);
    }
    let way = dice.pick(&[
        "none", "none", "fail", "wait", "task", "task", "loop", "map", "both", "work",
    ]);
    let how = dice.pick(&[
        "now", "after", "Again", "Caught", "Nope", "later", "later", "never",
    ]);
    let seconds = dice.pick(&[0, 1, 5, 40, 100_000]);
    let error = dice.pick(&["E", "States.Timeout", "\\\"\\u0000", "Stepstream.Panic"]);
    let items = vec!["0"; dice.below(5)].join(",");
    let long = if way == "work" && dice.one_in(10) {
        60_000
    } else {
        4
    };
    let text = "x".repeat(dice.below(long));
    format!(
        r#"{{"n":{number},"way":"{way}","how":"{how}","s":{seconds},"error":"{error}","items":[{items}],"text":"{text}"}}"#
    )
    .into_bytes()
}

/// Values that are no inputs, or odd ones.
fn hostile(dice: &mut Dice) -> Vec<u8> {
    match dice.below(9) {
        0 => b"no JSON".to_vec(),
        1 => Vec::new(),
        2 => vec![b'['; 2_000],
        3 => b"{\"way\":\"fail\"}".to_vec(),
        4 => b"{\"way\":\"task\",\"way\":1}".to_vec(),
        5 => b"\"\xff\xfe\"".to_vec(),
        6 => b"},\"way\":{".to_vec(),
        7 if dice.one_in(10) => [&b"\""[..], &vec![b'x'; 256 << 10], b"\""].concat(),
        _ => b"1e400".to_vec(),
    }
}

fn headers(dice: &mut Dice) -> Pairs {
    if dice.one_in(100) {
        return vec![("many".to_owned(), None); 1_001];
    }
    let names = [
        "kafka_replyTopic",
        "kafka_replyPartition",
        "kafka_correlationId",
        "stepstream-error",
        "stepstream-execution",
        "stepstream-value-bytes",
        "",
    ];
    let values = [
        None,
        Some(&b""[..]),
        Some(b"replies-of-ones-own"),
        Some(b"elsewhere"),
        Some(b"\0\0\0\x07"),
        Some(b"\xff\xff"),
    ];
    let count = dice.pick(&[0, 0, 0, 1, 3]);
    let mut header = || {
        (
            dice.pick(&names).to_owned(),
            dice.pick(&values).map(<[u8]>::to_vec),
        )
    };
    (0..count).map(|_| header()).collect()
}
