//! Records to a sink that answers late, in any order, or with an error; the real broker has tests of its
//! own.

use super::*;
use crate::stream::{Message, SendError, Sink, Ticket, TopicId, Wake};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct State {
    topic: String,
    /// What was taken and not answered.
    taken: VecDeque<(Ticket, String, String)>,
    answers: VecDeque<(Ticket, Result<(), SendError>)>,
    wake: Option<Wake>,
}

/// A sink whose answers the test decides.
#[derive(Clone, Default)]
struct Manual(Arc<Mutex<State>>);

/// Messages that fit at once.
const ROOM: usize = 3;

impl Manual {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("unpoisoned")
    }

    /// Waits until so many messages are there, and takes them out.
    fn taken(&self, count: usize) -> Vec<(Ticket, String, String)> {
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

    fn answer(&self, ticket: Ticket, result: Result<(), SendError>) {
        let mut state = self.state();
        state.answers.push_back((ticket, result));
        state.wake.iter().for_each(Wake::wake);
    }
}

impl Sink for Manual {
    fn topic(&mut self, name: &str) -> TopicId {
        name.clone_into(&mut self.state().topic);
        TopicId(0)
    }

    fn send(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<(), SendError> {
        let text =
            |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec()).expect("UTF-8");
        let mut state = self.state();
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

fn start(sink: &Manual) -> (Writer, Vec<Buffer>) {
    let config = Config {
        destination: Destination::Kafka,
        kafka: Some(KafkaConfig {
            topic: "flow-log".to_owned(),
        }),
        ..Config::default()
    };
    let sink = sink.clone();
    let setup = Setup {
        workflow: "flow",
        config: &config,
        wakes: &[Wake::new()],
        sink: Some(Box::new(move |wake| {
            sink.state().wake = Some(wake);
            Ok(Box::new(sink))
        })),
    };
    Writer::start(setup).expect("a thread")
}

fn record(number: usize) -> String {
    format!("{{\"id\":\"{number}\",\"execution_arn\":\"arn:{number}\",\"redrive_count\":\"0\"}}")
}

/// Hands over a parcel of records; returns its mark.
fn ship(buffer: &mut Buffer, numbers: std::ops::Range<usize>) -> u64 {
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
        sink: None,
    };
    let error = Writer::start(setup).map(|_| ()).expect_err("no topic");
    assert!(error.0.starts_with("workflow.log.kafka"), "{error}");
}
