//! Partitions that lose their last events while they are read: what an unclean leader election does to them.

use crate::broker::{Broker, Event, shared};
use crate::reader::{Held, Reader, config, source, until};
use std::time::{Duration, Instant};
use stepstream::stream::kafka::{SourceConfig, Subscription};

/// Produces as many events to each topic.
fn fill(broker: &Broker, topics: &[String], value: &str, count: usize) {
    let event = Event {
        value: Some(value.as_bytes()),
        ..Event::default()
    };
    for topic in topics {
        broker.produce(topic, vec![event; count]);
    }
}

/// The second takes the very topics that one shard of the first reads. Of the three on the other shard one moves,
/// and is still drained when another one goes back: that has to wait for its turn. (While the group rebalances
/// nothing goes back: librdkafka pauses all.)
#[test]
fn partitions_that_lost_their_last_events_are_read_anew() {
    let Some(_) = shared() else { return };
    let broker = Broker::start().expect("a broker");
    let [a, b, c, d, e] = ["cut-a", "cut-b", "cut-c", "cut-d", "cut-e"].map(str::to_owned);
    let (left, taken) = ([a, c, e], [b, d]);
    let all = [&left[..], &taken[..]].concat();
    for topic in &all {
        broker.create_topic(topic, 1);
    }
    fill(&broker, &left, "stays", 60);
    let bytes = left.each_ref().map(|topic| broker.log_bytes(topic, 0));
    fill(&broker, &left, "lost", 40);
    let reading = |topics: &[String]| SourceConfig {
        subscription: Subscription::Topics(topics.to_vec()),
        drain_timeout: Duration::from_secs(250),
        ..source("cut")
    };
    let mut one = Reader::start(&config(&broker), reading(&all), 2);
    one.until("all came", |one| one.events.len() == 300);
    let mut two = Reader::start(&config(&broker), reading(&taken), 1);
    until("shared", &mut [&mut one, &mut two], |readers| {
        readers[1].numbers().len() == 2
    });
    let before = (one.assigned.len(), one.revoked.len());
    one.hold = true;
    until("moving", &mut [&mut one, &mut two], |readers| {
        readers[0].revoked.len() > before.1
    });
    let moving = one.partitions.iter().find(|(_, held)| held.revoked);
    let (moving, topic) = moving.map(|(id, held)| (*id, held.topic.clone())).expect("one");
    let [cut, whole] = left.iter().filter(|name| **name != topic).collect::<Vec<_>>()[..] else {
        panic!("{topic} is to move");
    };
    one.commit_with(Held::metadata, true);
    until("committed", &mut [&mut one, &mut two], |readers| {
        readers[0].committed.len() == 3
    });

    broker.stop();
    for (topic, bytes) in left.iter().zip(bytes).filter(|(topic, _)| *topic != whole) {
        broker.cut_log(topic, 0, bytes);
    }
    broker.resume().expect("back");
    fill(&broker, &left, "unseen", 5);
    // Those of the one that is whole are seen; by then the other has shown that its offsets went back.
    until("fetched again", &mut [&mut one, &mut two], |readers| {
        readers[0].events.len() == 305
    });
    let long = Instant::now() + Duration::from_secs(2);
    until("two seconds", &mut [&mut one, &mut two], |_| {
        Instant::now() >= long
    });
    assert_eq!((one.assigned.len(), one.lost.len()), (before.0, 0));

    let metadata = one.partitions[&moving].metadata();
    one.release(moving, &metadata);
    until("gone on", &mut [&mut one, &mut two], |readers| {
        readers[0].assigned.len() == before.0 + 2
    });
    // Of the one that moved nobody saw where it was cut: it is read from its beginning.
    let mut offsets: Vec<_> = one.assigned[before.0..]
        .iter()
        .map(|(_, restored)| restored.offset)
        .collect();
    offsets.sort_unstable();
    assert_eq!(offsets, [None, Some(60)]);

    fill(&broker, &left, "new", 3);
    one.until("the new ones came", |one| one.events.len() >= 384);
    let count = |value| {
        let new = one.events[305..].iter();
        new.filter(|one| one.value.as_deref() == Some(value)).count()
    };
    assert_eq!((count("stays"), count("unseen"), count("new")), (60, 10, 9));
    assert!(one.partitions.values().any(|held| held.topic == *cut));
}
