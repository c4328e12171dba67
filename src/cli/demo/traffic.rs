//! Orders out, results in: on one thread, so that what is under way is a subtraction.

use super::super::output::Stop;
use super::super::waiter::Waiter;
use super::orders;
use super::setup::Setup;
use super::show::Screen;
use super::tally::Tally;
use crate::clock::wall_ms;
use crate::stream::kafka::{Control, KafkaSink, KafkaSource};
use crate::stream::{
    Change, Committer as _, Message, PartitionId, SendError, Sink as _, Source as _, Ticket, TopicId,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Most orders that are written and have no result: few enough that no partition comes near the 5 MiB that
/// the brokers inside keep, and that waiting for one's turn stays short; enough to keep all cores busy.
pub(super) const WINDOW: u32 = 4_000;
/// As many come first, alone: a new producer takes up to a second to get its id from the brokers.
pub(super) const WARM_UP: u32 = 32;
/// How long nothing may come before what is not there counts as missing.
const PATIENCE: Duration = Duration::from_secs(20);
const BATCH: usize = 1_000;
const TICK: Duration = Duration::from_millis(50);
/// The header that names the execution, on results of both kinds.
const EXECUTION: &str = "stepstream-execution";

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Every order has its result.
    Complete,
    /// Some have none.
    Missing,
    /// Ctrl-C.
    Interrupted,
    /// It could not go on.
    Broken(String),
}

/// The demo's ends of the topics.
pub(super) struct Traffic {
    pub(super) tally: Tally,
    events: u32,
    sink: KafkaSink,
    topic: TopicId,
    acknowledged: u32,
    source: KafkaSource,
    control: Control,
    failed_topic: String,
    /// Partitions of the topic of failed orders.
    failed: BTreeSet<PartitionId>,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl Traffic {
    /// Starts a producer and a consumer.
    pub(super) fn start(setup: &Setup, events: u32, waiter: &Waiter) -> Result<Traffic, Stop> {
        let stop = |error: crate::stream::kafka::Error| Stop::new(format!("error: {error}"));
        let mut sink =
            KafkaSink::start(&setup.kafka, "demo", waiter.wake(), &Arc::default()).map_err(stop)?;
        let started = KafkaSource::start(&setup.kafka, setup.reader(), &[waiter.wake()]);
        let (control, mut sources) = started.map_err(stop)?;
        let source = sources.pop().ok_or_else(|| Stop::new("error: no consumer"))?;
        Ok(Traffic {
            tally: Tally::new(events, WARM_UP),
            events,
            topic: sink.topic(&setup.orders),
            sink,
            acknowledged: 0,
            source,
            control,
            failed_topic: setup.failed.clone(),
            failed: BTreeSet::new(),
            key: Vec::new(),
            value: Vec::new(),
        })
    }

    /// Runs until every order has its result, or there is no hope.
    pub(super) fn run(
        &mut self,
        waiter: &Waiter,
        screen: &mut Screen,
        is_interrupted: &AtomicBool,
        service_is_over: &dyn Fn() -> bool,
    ) -> End {
        let (mut done, mut moved) = (0, Instant::now());
        loop {
            let is_stopping = is_interrupted.load(Relaxed);
            let mut any = match self.answers() {
                Ok(any) => any,
                Err(reason) => return End::Broken(reason),
            };
            any |= !is_stopping && self.write();
            any |= self.read();
            screen.tick(&mut self.tally);
            let is_all = is_stopping || self.tally.written == self.events;
            if is_all && self.tally.missing() == 0 && self.acknowledged == self.tally.written {
                return match self.tally.written == self.events {
                    true => End::Complete,
                    false => End::Interrupted,
                };
            }
            if self.tally.done() != done {
                (done, moved) = (self.tally.done(), Instant::now());
            } else if moved.elapsed() > PATIENCE {
                return End::Missing;
            }
            if service_is_over() {
                return End::Broken("the service has ended".to_owned());
            }
            if !any {
                waiter.wait(TICK);
            }
        }
    }

    /// Writes orders until as many are under way as may be; says whether any.
    fn write(&mut self) -> bool {
        let mut any = false;
        let is_warm = self.tally.done() >= WARM_UP.min(self.events);
        let window = if is_warm {
            WINDOW
        } else {
            WARM_UP - self.tally.done()
        };
        while self.tally.written < self.events && self.tally.missing() < window {
            let number = self.tally.written;
            orders::key(number, &mut self.key);
            orders::value(number, &mut self.value);
            let message = Message {
                topic: self.topic,
                partition: None,
                key: Some(&self.key),
                value: Some(&self.value),
                headers: &[],
            };
            // Before: the client's own timestamp is not earlier.
            // Results are compared with it by their own timestamps.
            let now_ms = wall_ms();
            match self.sink.send(&message, Ticket(u64::from(number))) {
                Ok(()) => self.tally.write(now_ms),
                // There is room again after some acknowledgements; an error shows there, too.
                Err(_) => break,
            }
            any = true;
        }
        self.sink.push();
        any
    }

    /// Takes the brokers' answers to orders.
    fn answers(&mut self) -> Result<bool, String> {
        let mut any = false;
        while let Some((_, result)) = self.sink.acknowledged() {
            any = true;
            match result {
                Ok(()) => self.acknowledged += 1,
                Err(SendError::Full) => {}
                Err(error) => {
                    return Err(format!("an order cannot be written: {error}"));
                }
            }
        }
        Ok(any)
    }

    /// Reads results; says whether anything was there.
    fn read(&mut self) -> bool {
        let count = self.source.fill(BATCH);
        let any = self.changes() || count > 0;
        for at in 0..count {
            let record = self.source.record(at);
            let number = record.key.and_then(orders::number);
            let has_failed = self.failed.contains(&record.partition);
            self.tally.result(number, record.timestamp_ms, has_failed);
            if has_failed {
                let name = record.headers.last(EXECUTION);
                self.tally.failed_execution = name.map(|name| String::from_utf8_lossy(name).into_owned());
            }
        }
        any
    }

    fn changes(&mut self) -> bool {
        let mut any = false;
        while let Some(change) = self.source.change() {
            any = true;
            match change {
                Change::Assigned { partition, topic, .. } if *topic == *self.failed_topic => {
                    self.failed.insert(partition);
                }
                Change::Revoked { partition, .. } => self.source.release(partition, None),
                _ => {}
            }
        }
        any
    }

    /// Leaves the group, as far as that is possible in bounded time: nothing of it is committed, and the group is
    /// never used again.
    pub(super) fn stop(&mut self, waiter: &Waiter) {
        self.control.stop(Instant::now() + Duration::from_secs(2));
        while !self.control.is_finished() && !self.control.is_late() {
            if !self.changes() {
                waiter.wait(Duration::from_millis(10));
            }
        }
    }
}
