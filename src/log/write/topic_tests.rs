//! Records to a sink that answers late, in any order, or with an error; the real broker has tests of its
//! own.

use super::*;
use crate::stream::{Message, SendError, Sink, Ticket, TopicId, Wake};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
pub(super) struct State {
    topic: String,
    topics: Vec<String>,
    /// A topic whose messages are taken and never seen again.
    pub(super) stuck: String,
    pub(super) held: Vec<Ticket>,
    pub(super) closed: usize,
    /// What was taken and not answered.
    pub(super) taken: VecDeque<(Ticket, String, String)>,
    pub(super) answers: VecDeque<(Ticket, Result<(), SendError>)>,
    wake: Option<Wake>,
}

/// A sink whose answers the test decides.
#[derive(Clone, Default)]
pub(super) struct Manual(Arc<Mutex<State>>, Option<usize>);

/// Messages that fit at once.
const ROOM: usize = 3;

impl Manual {
    /// Creates one that says how much it holds.
    pub(super) fn with_capacity(capacity: usize) -> Manual {
        Manual(Arc::default(), Some(capacity))
    }

    pub(super) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("unpoisoned")
    }

    /// Waits until so many messages are there, and takes them out.
    pub(super) fn taken(&self, count: usize) -> Vec<(Ticket, String, String)> {
        let start = Instant::now();
        while self.state().taken.len() < count {
            assert!(
                start.elapsed() < PATIENCE,
                "{} of {count}",
                self.state().taken.len()
            );
            std::thread::yield_now();
        }
        self.state().taken.drain(..count).collect()
    }

    pub(super) fn answer(&self, ticket: Ticket, result: Result<(), SendError>) {
        let mut state = self.state();
        state.answers.push_back((ticket, result));
        state.wake.iter().for_each(Wake::wake);
    }
}

impl Sink for Manual {
    fn topic(&mut self, name: &str) -> TopicId {
        let mut state = self.state();
        name.clone_into(&mut state.topic);
        state.topics.push(name.to_owned());
        TopicId(state.topics.len() as u32 - 1)
    }

    fn close(&mut self, _topic: TopicId) -> bool {
        self.state().closed += 1;
        true
    }

    fn capacity(&self) -> usize {
        self.1.unwrap_or(usize::MAX)
    }

    fn send(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<(), SendError> {
        let text =
            |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec()).expect("UTF-8");
        let mut state = self.state();
        if state.topics[message.topic.0 as usize] == state.stuck {
            state.held.push(ticket);
            return Ok(());
        }
        if state.taken.len() >= ROOM {
            return Err(SendError::Full);
        }
        state
            .taken
            .push_back((ticket, text(message.key), text(message.value)));
        Ok(())
    }

    fn acknowledged(&mut self) -> Option<(Ticket, Result<(), SendError>)> {
        self.state().answers.pop_front()
    }

    fn returned(&mut self) -> Option<crate::stream::Returned> {
        None
    }

    fn push(&mut self) {}
}

fn start(sink: &Manual) -> (Log, Vec<Buffer>) {
    open(&mut writer(sink), "flow-log")
}

pub(super) fn writer(sink: &Manual) -> Writer {
    let sink = sink.clone();
    Writer::new(Some(Arc::new(move |wake| {
        sink.state().wake = Some(wake);
        Ok(Box::new(sink.clone()))
    })))
}

pub(super) fn open(writer: &mut Writer, topic: &str) -> (Log, Vec<Buffer>) {
    let config = Config {
        destination: Destination::Kafka,
        kafka: Some(KafkaConfig {
            topic: topic.to_owned(),
        }),
        ..Config::default()
    };
    let setup = Setup {
        workflow: "flow",
        config: &config,
        wakes: &[Wake::new()],
    };
    writer.open(&setup).expect("a thread")
}

fn record(number: usize) -> String {
    format!("{{\"id\":\"{number}\",\"execution_arn\":\"arn:{number}\",\"redrive_count\":\"0\"}}")
}

/// Hands over a parcel of records; returns its mark.
pub(super) fn ship(buffer: &mut Buffer, numbers: std::ops::Range<usize>) -> u64 {
    for number in numbers {
        buffer.records().extend_from_slice(record(number).as_bytes());
        buffer.records().push(b'\n');
    }
    buffer.ship(true);
    buffer.mark()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_parcel_is_confirmed_when_all_up_to_it_is_acknowledged() {
    let sink = Manual::default();
    let (writer, mut buffers) = start(&sink);
    let first = ship(&mut buffers[0], 0..3);
    let second = ship(&mut buffers[0], 3..5);
    let one = sink.taken(3);
    let sent: Vec<_> = one
        .iter()
        .map(|(_, key, value)| (key.clone(), value.clone()))
        .collect();
    assert_eq!(sink.state().topic, "flow-log");
    let wanted = |number| (format!("arn:{number}"), record(number));
    assert_eq!(sent, [wanted(0), wanted(1), wanted(2)]);
    // Later ones first: nothing is confirmed before the first parcel is whole.
    for ticket in [one[2].0, one[1].0] {
        sink.answer(ticket, Ok(()));
    }
    let two = sink.taken(2);
    two.iter().for_each(|(ticket, ..)| sink.answer(*ticket, Ok(())));
    until("answers are read", || sink.state().answers.is_empty());
    assert_eq!(buffers[0].confirmed(), first - 1);
    sink.answer(one[0].0, Ok(()));
    until("confirmed", || buffers[0].confirmed() == second);
    drop(buffers);
    assert_eq!(writer.finish(PATIENCE), Ok(()));
}

#[test]
fn what_is_not_delivered_is_sent_again() {
    let sink = Manual::default();
    let (writer, mut buffers) = start(&sink);
    let mark = ship(&mut buffers[0], 0..2);
    let sent = sink.taken(2);
    sink.answer(sent[1].0, Ok(()));
    sink.answer(sent[0].0, Err(SendError::Failed("broker is away".to_owned())));
    until("trouble", || writer.health().is_failing());
    let trouble = writer.health().trouble().unwrap_or_default();
    assert!(trouble.contains("topic 'flow-log': broker is away"), "{trouble}");
    let again = sink.taken(1);
    assert_eq!(again[0], sent[0]);
    assert_eq!(buffers[0].confirmed(), mark - 1);
    sink.answer(again[0].0, Ok(()));
    until("confirmed", || buffers[0].confirmed() == mark);
    assert!(!writer.health().is_failing());
    drop(buffers);
    assert_eq!(writer.finish(PATIENCE), Ok(()));
}

#[test]
fn finishing_gives_up_a_broker_that_stays_away() {
    let sink = Manual::default();
    let (writer, mut buffers) = start(&sink);
    ship(&mut buffers[0], 0..1);
    let sent = sink.taken(1);
    sink.answer(sent[0].0, Err(SendError::Failed("broker is away".to_owned())));
    drop(buffers);
    let end = writer.finish(Duration::from_millis(50));
    assert!(
        end.as_ref().is_err_and(|error| error.contains("broker is away")),
        "{end:?}"
    );
}

#[test]
fn what_is_missing_is_named() {
    let config = Config {
        destination: Destination::Kafka,
        ..Config::default()
    };
    let setup = Setup {
        workflow: "flow",
        config: &config,
        wakes: &[],
    };
    let mut writer = Writer::new(None);
    let error = writer.open(&setup).map(|_| ()).expect_err("no topic");
    assert!(error.0.starts_with("workflow.log.kafka"), "{error}");
}

#[test]
fn a_sink_that_cannot_be_made_is_tried_again() {
    let sink = Manual::default();
    let made = sink.clone();
    let is_possible = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&is_possible);
    let mut writer = Writer::new(Some(Arc::new(move |wake| {
        made.state().wake = Some(wake);
        match asked.load(Relaxed) {
            true => Ok(Box::new(made.clone())),
            false => Err("no client".to_owned()),
        }
    })));
    let (log, mut buffers) = open(&mut writer, "flow-log");
    let (idle, _) = open(&mut writer, "idle-log");
    let (given_up, mut of_given_up) = open(&mut writer, "other-log");
    let mark = ship(&mut buffers[0], 0..1);
    ship(&mut of_given_up[0], 0..1);
    until("trouble", || log.health().is_failing());
    let trouble = log.health().trouble().unwrap_or_default();
    assert!(trouble.contains("topic 'flow-log': no client"), "{trouble}");
    assert_eq!(idle.finish(PATIENCE), Ok(()), "it has nothing to write");
    drop(of_given_up);
    let end = given_up.finish(Duration::from_millis(1));
    assert!(end.is_err_and(|error| error.contains("no client")));
    is_possible.store(true, Relaxed);
    let sent = sink.taken(1);
    sink.answer(sent[0].0, Ok(()));
    until("confirmed", || buffers[0].confirmed() == mark);
    assert!(!log.health().is_failing());
    drop(buffers);
    assert_eq!(log.finish(PATIENCE), Ok(()));
}
