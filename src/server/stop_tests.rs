//! The end of a service whose shards have callers. No broker is asked for anything; tests with one are in `tests/service`.

use super::{Orders, Plan, Server};
use crate::config::Config;
use crate::metrics::Metrics;
use crate::runtime::{Address, Call, CallEnd, LaneId, LaneParts, Refused, Stats, Version, Workflow};
use crate::stream::{Change, Checkpoint, Committer, PartitionId, Record, Source};
use crate::{asl, compile, task};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Waits as many seconds as the input says.
const WAIT: &str = r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": "$", "End": true}}}"#;

/// A source without partitions.
struct Nothing;

impl Committer for Nothing {
    fn commit(&mut self, _checkpoint: &Checkpoint, _answered: bool) {}

    fn release(&mut self, _partition: PartitionId, _last: Option<&Checkpoint>) {}
}

impl Source for Nothing {
    fn fill(&mut self, _max: usize) -> usize {
        0
    }

    fn record(&self, at: usize) -> Record<'_> {
        panic!("there is no event {at}")
    }

    fn change(&mut self) -> Option<Change> {
        None
    }
}

fn lane() -> LaneParts {
    let source = asl::Source {
        name: "wait.asl.json",
        text: WAIT,
        format: asl::Format::Json,
    };
    let machine = asl::check(&source, &asl::Options::default()).machine;
    LaneParts {
        workflow: Arc::new(Workflow::default()),
        version: Version {
            program: Arc::new(compile::compile(&machine.expect("a definition"))),
            bindings: Arc::default(),
            revision: "1".into(),
        },
        renew: None,
        source: Box::new(Nothing),
        journal: None,
        stats: Stats::new(Metrics::new().workflow("wait")),
    }
}

/// A service that reads nothing, so that only callers ask it for executions.
fn server(shutdown: Duration) -> Server {
    let mut config = Config::default();
    config.service.shards = 1;
    config.service.listen = String::new();
    config.service.shutdown_timeout.0 = shutdown;
    config.kafka.brokers = "127.0.0.1:1".to_owned();
    let plan = Plan::new(config, task::Functions::default(), false);
    Server::start(plan).expect("a service")
}

fn call(address: &Address, lane: LaneId, seconds: u32) -> oneshot::Receiver<CallEnd> {
    let (reply, heard) = oneshot::channel();
    let call = Call {
        lane,
        name: format!("waits-{seconds}"),
        input: seconds.to_string().into_bytes(),
        reply,
    };
    address.call(call).expect("room for a call");
    heard
}

fn stop_with_calls(shutdown: Duration, seconds: u32) -> CallEnd {
    let server = server(shutdown);
    let address = server.shards[0].address().clone();
    let added = address.add_lane(|| Ok(lane())).expect("room for an order");
    let lane = added.blocking_recv().expect("an answer").expect("a lane");
    let waits = call(&address, lane, seconds);
    // It has begun when one that came later is over.
    let over = call(&address, lane, 0).blocking_recv();
    assert!(matches!(over, Ok(CallEnd::Succeeded { .. })), "{over:?}");
    let orders: Orders = server.orders();
    orders.stop();
    assert!(server.run().is_ok());
    let (reply, _heard) = oneshot::channel();
    let late = Call {
        lane,
        name: "late".to_owned(),
        input: b"0".to_vec(),
        reply,
    };
    assert_eq!(address.call(late), Err(Refused::Stopping));
    waits.blocking_recv().expect("an end")
}

#[test]
fn executions_of_callers_have_as_long_as_those_of_events() {
    let ended = stop_with_calls(Duration::from_secs(60), 1);
    let output = "1".to_owned();
    assert_eq!(ended, CallEnd::Succeeded { output });
}

#[test]
fn those_that_last_longer_are_told() {
    assert_eq!(stop_with_calls(Duration::ZERO, 200), CallEnd::Stopped);
}
