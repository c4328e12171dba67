//! What one lane's messages in the sink mean for another's.

use super::super::deliveries::Deliveries;
use super::super::outbox::{Outbox, Outgoing};
use super::super::ticket::OnRefusal;
use crate::execution::account::Meter;
use crate::stream::share::MESSAGE_OVERHEAD;
use crate::stream::{Message, PartitionId, Returned, SendError, Sink, Ticket, TopicId};

/// How many messages the sink says it holds.
const HOLDS: usize = 160;

/// How many lanes there are.
const LANES: usize = 8;

/// A sink that answers when the test says so.
#[derive(Default)]
struct Slow {
    sent: Vec<(TopicId, Ticket)>,
}

impl Sink for Slow {
    fn topic(&mut self, name: &str) -> TopicId {
        TopicId(name.len() as u32)
    }

    fn send(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<(), SendError> {
        assert!(self.sent.len() < HOLDS, "the lanes leave room");
        self.sent.push((message.topic, ticket));
        Ok(())
    }

    fn acknowledged(&mut self) -> Option<(Ticket, Result<(), SendError>)> {
        None
    }

    fn returned(&mut self) -> Option<Returned> {
        None
    }

    fn push(&mut self) {}

    fn capacity(&self) -> usize {
        HOLDS * MESSAGE_OVERHEAD
    }
}

struct Desk {
    outbox: Outbox,
    sink: Slow,
}

impl Desk {
    fn new() -> Desk {
        let sink = Slow::default();
        let (capacity, deliveries) = (sink.capacity(), Deliveries::default());
        let mut outbox = Outbox::new(capacity, deliveries, Meter::default(), usize::MAX);
        outbox.set_lanes(LANES);
        Desk { outbox, sink }
    }

    /// Sends a message of a lane to the topic of the same number.
    fn send(&mut self, lane: u32, on_refusal: OnRefusal) {
        self.send_of(lane, lane, on_refusal);
    }

    /// Sends a message of a lane to a topic.
    fn send_of(&mut self, lane: u32, topic: u32, on_refusal: OnRefusal) {
        let id = self.outbox.settlements.open(lane, PartitionId(0), 0, 0);
        let message = Message {
            topic: TopicId(topic),
            partition: None,
            key: None,
            value: None,
            headers: &[],
        };
        let outgoing = Outgoing { message, on_refusal };
        self.outbox.send(&mut self.sink, id, &outgoing, 0);
    }

    /// Answers what the sink has for a topic, as it came; returns how many messages that was.
    fn answer(&mut self, topic: u32, result: &Result<(), SendError>) -> usize {
        let (answered, left) = self.sink.sent.iter().partition(|sent| sent.0 == TopicId(topic));
        self.sink.sent = left;
        let answered: Vec<(TopicId, Ticket)> = answered;
        for (topic, ticket) in &answered {
            match result {
                Ok(()) => _ = self.outbox.delivered(*ticket, 0),
                Err(error) => {
                    let message = Returned {
                        topic: *topic,
                        partition: None,
                        key: None,
                        value: None,
                        headers: Vec::new(),
                    };
                    _ = self.outbox.undelivered(*ticket, error, Some(message), 0);
                }
            }
        }
        answered.len()
    }

    fn in_sink(&self, topic: u32) -> usize {
        let sent = self.sink.sent.iter();
        sent.filter(|sent| sent.0 == TopicId(topic)).count()
    }
}

#[test]
fn a_lane_whose_topic_takes_nothing_leaves_room_for_others() {
    let mut desk = Desk::new();
    for _ in 0..1_000 {
        desk.send(0, OnRefusal::Retried);
    }
    let stuck = desk.in_sink(0);
    assert!((20..80).contains(&stuck), "{stuck} messages");
    assert!(desk.outbox.is_stuck(0) && !desk.outbox.is_stuck(1) && !desk.outbox.is_full());
    for _ in 0..1_000 {
        desk.send(1, OnRefusal::Retried);
        assert!(!desk.outbox.is_stuck(1));
        assert_eq!(desk.answer(1, &Ok(())), 1);
    }
    // Many that are stuck leave room too.
    for lane in 2..LANES as u32 {
        (0..100).for_each(|_| desk.send(lane, OnRefusal::Retried));
    }
    desk.send(1, OnRefusal::Retried);
    assert_eq!(desk.answer(1, &Ok(())), 1);
}

/// Messages to one topic that nothing has reached yet wait for room, as any others do: none is refused.
#[test]
fn a_topic_on_trial_alone_takes_all_its_messages() {
    let mut desk = Desk::new();
    let topic = desk.outbox.foreign_topic(&mut desk.sink, "first");
    for _ in 0..1_000 {
        assert!(desk.outbox.may_try(0, topic));
        desk.send_of(0, topic.0, OnRefusal::Dropped);
    }
    assert!(
        desk.outbox.is_stuck(0) && !desk.outbox.is_stuck(1),
        "its lane waits"
    );
    let mut delivered = 0;
    while delivered < 1_000 {
        let answered = desk.answer(topic.0, &Ok(()));
        assert!(answered > 0, "{delivered} were delivered");
        delivered += answered;
        desk.outbox.resend(&mut desk.sink, 0);
    }
    assert_eq!(desk.outbox.unreplied().count(), 0);
}

/// Messages to many topics that may not exist take a part of the room only; they give it back. Another lane has its own.
#[test]
fn topics_on_trial_leave_room() {
    let mut desk = Desk::new();
    let topics: Vec<u32> = (0..40)
        .map(|index| {
            desk.outbox
                .foreign_topic(&mut desk.sink, &"n".repeat(100 + index))
                .0
        })
        .collect();
    let fill = |desk: &mut Desk| {
        let tried = topics.iter().take_while(|&&topic| {
            let may_try = desk.outbox.may_try(0, TopicId(topic));
            if may_try {
                desk.send_of(0, topic, OnRefusal::Dropped);
            }
            may_try
        });
        tried.count()
    };
    let sent = fill(&mut desk);
    assert_eq!(sent, 17, "one more than a few");
    assert!(!desk.outbox.may_try(0, TopicId(topics[0])) && desk.outbox.may_try(1, TopicId(topics[0])));
    let refused = Err(SendError::Refused("no such topic".to_owned()));
    for &topic in &topics[..sent] {
        assert_eq!(desk.answer(topic, &refused), 1);
    }
    assert_eq!(fill(&mut desk), sent, "their room is back");
    assert_eq!(desk.outbox.unreplied().count(), sent);
    // One that arrives shows that its topic exists.
    assert_eq!(desk.answer(topics[0], &Ok(())), 1);
    assert!(desk.outbox.may_try(0, TopicId(topics[20])), "few again");
    desk.send_of(0, topics[20], OnRefusal::Dropped);
    assert!(!desk.outbox.may_try(0, TopicId(topics[1])) && desk.outbox.may_try(0, TopicId(topics[0])));
}

#[test]
fn what_waited_is_sent_when_there_is_room() {
    let mut desk = Desk::new();
    for _ in 0..1_000 {
        desk.send(0, OnRefusal::Retried);
    }
    let mut delivered = 0;
    while desk.outbox.unsent() > 0 || desk.in_sink(0) > 0 {
        let answered = desk.answer(0, &Ok(()));
        assert!(answered > 0, "{delivered} were delivered");
        delivered += answered;
        desk.outbox.resend(&mut desk.sink, 0);
    }
    assert_eq!(delivered, 1_000);
    assert!(!desk.outbox.is_stuck(0));
}

#[test]
fn what_came_back_gives_its_room_back() {
    let mut desk = Desk::new();
    for _ in 0..200 {
        desk.send(0, OnRefusal::Retried);
    }
    let failed = Err(SendError::Failed("time".to_owned()));
    for round in 1..10 {
        assert!(desk.answer(0, &failed) > 0, "round {round}");
        desk.outbox.resend(&mut desk.sink, round * 100_000);
    }
    // Replies that are refused are given up.
    for _ in 0..200 {
        desk.send(1, OnRefusal::Dropped);
    }
    let refused = Err(SendError::Refused("no such topic".to_owned()));
    let mut dropped = 0;
    while desk.outbox.is_stuck(1) || desk.in_sink(1) > 0 {
        dropped += desk.answer(1, &refused);
        desk.outbox.resend(&mut desk.sink, 0);
    }
    assert_eq!(dropped, 200);
}
