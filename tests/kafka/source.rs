//! What a source brings, where it begins and where it ends.

use crate::broker::{Broker, Event, shared};
use crate::reader::{Held, Reader, config, source};
use stepstream::stream::kafka::{SourceConfig, Start, Subscription};
use stepstream::stream::offsets::Restored;

/// Produces so many events whose values are numbers; returns the values, sorted.
pub(crate) fn fill(broker: &Broker, topic: &str, from: usize, count: usize) -> Vec<String> {
    let values: Vec<String> = (from..from + count)
        .map(|number| format!("{number:06}"))
        .collect();
    broker.produce(
        topic,
        values.iter().map(|value| Event {
            key: Some(value.as_bytes()),
            value: Some(value.as_bytes()),
            ..Event::default()
        }),
    );
    values
}

#[test]
fn all_events_come_and_a_restart_goes_on_behind_the_commit() {
    let Some(broker) = shared() else { return };
    let topic = "source-restart";
    broker.create_topic(topic, 4);
    let mut values = fill(broker, topic, 0, 3000);

    let mut reader = Reader::start(&config(broker), source(topic), 2);
    reader.until("all came", |reader| reader.events.len() >= values.len());
    assert_eq!(reader.values(), values);
    for shard in 0..2 {
        let held = reader.partitions.values().filter(|held| held.shard == shard);
        assert_eq!(held.count(), 2, "partitions of shard {shard}");
    }
    assert!(
        reader
            .assigned
            .iter()
            .all(|(_, restored)| is_fresh(restored) && restored.topic_id != 0)
    );
    assert!(reader.control.health().ready());
    let lag = |reader: &Reader| -> i64 {
        let partitions = reader.control.health().partitions();
        partitions.iter().filter_map(|partition| partition.lag()).sum()
    };
    reader.until("the lag, though nothing is committed", |reader| {
        lag(reader) == 3000
    });
    reader.commit("what is finished above", true);
    reader.until("committed", |reader| reader.committed.len() == 4);
    assert!(reader.committed.iter().all(|(_, _, stands)| *stands));
    reader.crash();

    values.extend(fill(broker, topic, 3000, 500));
    let mut reader = Reader::start(&config(broker), source(topic), 3);
    reader.until("the new ones came", |reader| reader.events.len() >= 500);
    assert_eq!(reader.values(), values[3000..]);
    assert!(
        reader
            .assigned
            .iter()
            .all(|(_, restored)| restored.metadata == "what is finished above")
    );
    let total: i64 = reader
        .assigned
        .iter()
        .filter_map(|(_, restored)| restored.offset)
        .sum();
    assert_eq!(total, 3000);

    // The lag is known: committed are 3,000 of 3,500.
    reader.until("lag", |reader| lag(reader) == 500);
    let reader = reader.stop();
    assert_eq!(reader.revoked.len(), 4);
    let committed = broker.committed(topic, topic, 4);
    assert_eq!(
        committed.iter().flatten().map(|(offset, _)| offset).sum::<i64>(),
        3500
    );
}

#[test]
fn an_event_has_its_key_headers_time_and_tombstone() {
    let Some(broker) = shared() else { return };
    let topic = "source-record";
    broker.create_topic(topic, 1);
    let headers: [(&str, Option<&[u8]>); 3] = [("a", Some(b"1")), ("none", None), ("a", Some(b"2"))];
    let timestamp_ms = Some(1_700_000_000_123);
    let full = Event {
        key: Some(b"k"),
        value: Some(b"v"),
        headers: &headers,
        timestamp_ms,
        partition: None,
    };
    let tombstone = Event {
        key: Some(b"k"),
        ..Event::default()
    };
    let empty = Event {
        value: Some(b""),
        ..Event::default()
    };
    broker.produce(topic, [full, tombstone, empty]);

    let mut reader = Reader::start(&config(broker), source(topic), 1);
    reader.until("all came", |reader| reader.events.len() == 3);
    let [full, tombstone, empty] = &reader.events[..] else {
        unreachable!()
    };
    assert_eq!((full.offset, full.timestamp_ms), (0, 1_700_000_000_123));
    let text = |text: &str| Some(text.to_owned());
    assert_eq!((&full.key, &full.value), (&text("k"), &text("v")));
    let headers = [
        ("a".to_owned(), text("1")),
        ("none".to_owned(), None),
        ("a".to_owned(), text("2")),
    ];
    assert_eq!(full.headers, headers);
    assert_eq!((&tombstone.key, &tombstone.value), (&text("k"), &None));
    assert_eq!((&empty.key, &empty.value), (&None, &text("")));
    assert!(empty.headers.is_empty());
}

#[test]
fn it_ends_at_the_end_seen_at_the_start() {
    let Some(broker) = shared() else { return };
    let topic = "source-end";
    // More partitions than keys reach: an empty one ends, too.
    broker.create_topic(topic, 3);
    let in_partition = |number: i32| Event {
        partition: Some(number),
        value: Some(b"x"),
        ..Event::default()
    };
    broker.produce(topic, (0..700).map(|number| in_partition(number % 2)));
    let mut ending = source(topic);
    ending.until_end = true;

    let mut reader = Reader::start(&config(broker), ending.clone(), 2);
    reader.until("assigned", |reader| reader.assigned.len() == 3);
    // These are not seen any more.
    broker.produce(topic, (0..30).map(|number| in_partition(number % 3)));
    reader.until("ended", |reader| reader.ended == 2);
    assert_eq!(reader.events.len(), 700);
    reader.commit("", true);
    reader.until("committed", |reader| reader.committed.len() == 2);
    reader.stop();

    let mut reader = Reader::start(&config(broker), ending, 1);
    reader.until("ended", |reader| reader.ended == 1);
    assert_eq!(reader.events.len(), 30);
}

#[test]
fn it_starts_at_a_time_or_at_the_end() {
    let Some(broker) = shared() else { return };
    let topic = "source-start";
    broker.create_topic(topic, 2);
    let at = |number: i32, timestamp_ms: i64| Event {
        partition: Some(number),
        value: Some(b"x"),
        timestamp_ms: Some(timestamp_ms),
        ..Event::default()
    };
    let day = 1_700_000_000_000;
    broker.produce(
        topic,
        [at(0, day), at(0, day + 1000), at(0, day + 2000), at(1, day)],
    );

    let mut from_time = source(topic);
    from_time.group = "source-start-time".to_owned();
    from_time.start = Start::Time(day + 500);
    let mut reader = Reader::start(&config(broker), from_time.clone(), 1);
    reader.until("both came", |reader| reader.events.len() == 2);
    assert_eq!((reader.events[0].offset, reader.events[1].offset), (1, 2));
    // Partition 1 has nothing so young: it starts at its end, and that stands although nothing has come.
    let pinned = |reader: &Reader| {
        reader
            .control
            .health()
            .partitions()
            .iter()
            .all(|p| p.committed.is_some())
    };
    reader.until("pinned", pinned);
    reader.crash();
    broker.produce(topic, [at(1, day + 1)]);
    let mut reader = Reader::start(&config(broker), from_time, 1);
    reader.until("all came", |reader| reader.events.len() == 3);

    let mut latest = source(topic);
    latest.group = "source-start-latest".to_owned();
    latest.start = Start::Latest;
    latest.subscription = Subscription::Pattern("^source-st[a]rt$".to_owned());
    let mut reader = Reader::start(&config(broker), latest, 1);
    reader.until("pinned", |reader| reader.assigned.len() == 2 && pinned(reader));
    broker.produce(topic, [at(0, day)]);
    reader.until("the new one came", |reader| !reader.events.is_empty());
    assert_eq!(reader.events[0].offset, 3);
}

#[test]
fn a_commit_beyond_the_end_is_not_believed() {
    let Some(broker) = shared() else { return };
    let topic = "source-anew";
    broker.create_topic(topic, 1);
    fill(broker, topic, 0, 100);
    let mut reader = Reader::start(&config(broker), source(topic), 1);
    reader.until("all came", |reader| reader.events.len() == 100);
    reader.commit("", true);
    reader.until("committed", |reader| reader.committed.len() == 1);

    // While it is being read the topic is made anew: offsets begin again.
    broker.delete_topic(topic);
    std::thread::sleep(std::time::Duration::from_secs(1));
    broker.create_topic(topic, 1);
    fill(broker, topic, 100, 10);
    reader.until("the new ones came", |reader| reader.events.len() == 110);
    let [(0, before), .., (0, after)] = &reader.assigned[..] else {
        panic!("{:?}", reader.assigned)
    };
    assert!(is_fresh(after) && after.topic_id != before.topic_id, "{after:?}");
    assert_eq!(reader.values().len(), 110);
}

#[test]
fn metadata_that_the_broker_refuses_is_cut_from_then_on() {
    let Some(broker) = shared() else { return };
    let topic = "source-metadata";
    broker.create_topic(topic, 1);
    fill(broker, topic, 0, 10);
    let mut reader = Reader::start(&config(broker), source(topic), 1);
    reader.until("all came", |reader| reader.events.len() == 10);
    // One byte more than brokers take.
    let long = "x".repeat(4097);
    for count in 1..3 {
        reader.commit(&long, true);
        reader.until("committed", |reader| reader.committed.len() == count);
        assert_eq!(reader.control.health().commit_failures(), 1);
    }
    let short = &long[..2048];
    reader.commit(short, true);
    reader.until("committed", |reader| reader.committed == [(0, 10, true); 3]);
    assert_eq!(broker.committed(topic, topic, 1), [Some((10, short.to_owned()))]);
}

/// As after an unclean leader election, or when somebody has set the group's offset: the commit is above the end.
#[test]
fn above_the_end_each_mode_keeps_its_promise() {
    let Some(broker) = shared() else { return };
    let topic = "source-cut";
    broker.create_topic(topic, 1);
    fill(broker, topic, 0, 100);
    for (names_topic, at_most_once, place) in [
        (true, false, None),
        (true, true, Some(100)),
        (false, true, Some(100)),
        (false, false, None),
    ] {
        let reading = SourceConfig {
            group: format!("source-cut-{names_topic}-{at_most_once}"),
            at_most_once,
            ..source(topic)
        };
        let mut reader = Reader::start(&config(broker), reading.clone(), 1);
        reader.until("all came", |reader| reader.events.len() == 100);
        let held = reader.partitions.values_mut().next().expect("one");
        held.next = Some(150);
        match names_topic {
            true => reader.commit_with(Held::metadata, true),
            false => reader.commit("", true),
        }
        reader.until("committed", |reader| reader.committed == [(0, 150, true)]);
        reader.crash();

        let mut reader = Reader::start(&config(broker), reading.clone(), 1);
        reader.until("assigned", |reader| reader.assigned.len() == 1);
        assert_eq!(reader.assigned[0].1.offset, place, "{reading:?}");
        if place.is_some() {
            reader.until("pinned", |reader| {
                let known = reader.control.health().partitions();
                known.iter().any(|partition| partition.committed == place)
            });
        }
    }
}

fn is_fresh(restored: &Restored) -> bool {
    restored.offset.is_none() && restored.metadata.is_empty()
}
