//! Callers and events of one workflow when there is little room: neither keeps the other out.

use super::super::workflow::Workflow;
use super::super::{Address, CallEnd, MemoryLimits};
use super::calls::{ask, listen};
use super::{Stage, WAIT, with_output};

/// Few executions that wait, or little memory.
fn stages() -> [(Stage, Address, usize); 3] {
    let few = Workflow {
        max_in_flight: 8,
        ..with_output()
    };
    let limits = MemoryLimits {
        shard: 4 << 20,
        execution: 1 << 20,
    };
    let ready = |mut stage: Stage, bytes| {
        let address = listen(&mut stage);
        (stage, address, bytes)
    };
    let mut of_all = Stage::new(WAIT, with_output());
    of_all.shard.total = super::super::limits::Limit::new(8);
    [
        ready(Stage::new(WAIT, few), 0),
        ready(of_all, 0),
        ready(Stage::with_memory(WAIT, with_output(), limits), 100_000),
    ]
}

/// Lets an execution wait for so many seconds, with so many bytes.
fn input(seconds: usize, bytes: usize) -> String {
    format!(r#"{{"s":{seconds},"x":"{}"}}"#, "x".repeat(bytes))
}

#[test]
fn events_that_never_end_do_not_keep_callers_out() {
    for (mut stage, address, bytes) in stages() {
        (0..500).for_each(|_| stage.give(&input(5, bytes)));
        for _ in 0..20 {
            stage.pass(700);
            let mut heard = ask(&address, address.initial_lane(0), &input(0, bytes));
            stage.settle();
            let heard = heard.try_recv();
            assert!(matches!(heard, Ok(CallEnd::Succeeded { .. })), "{heard:?}");
        }
        let paused = stage.metric("stepstream_paused_partitions", &[]);
        assert_eq!(paused, 1.0, "there are more events than room");
    }
}

#[test]
fn callers_who_never_end_do_not_keep_events_out() {
    for (mut stage, address, bytes) in stages() {
        let (mut heard, mut served) = (Vec::new(), 0);
        for round in 0..400 {
            if round == 20 {
                (0..30).for_each(|_| stage.give(&input(1, bytes)));
            }
            heard.extend((0..20).map(|_| ask(&address, address.initial_lane(0), &input(5, bytes))));
            stage.pass(700);
            heard.retain_mut(|heard| {
                let end = heard.try_recv().ok();
                served += usize::from(matches!(end, Some(CallEnd::Succeeded { .. })));
                end.is_none()
            });
        }
        assert_eq!(stage.values("out").len(), 30);
        assert!(served > 200, "callers have gone on: {served}");
    }
}
