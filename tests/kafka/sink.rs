//! What a sink delivers, and how it says that it cannot.

use crate::broker::{block_on, shared};
use crate::reader::{PATIENCE, config};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stepstream::stream::kafka::{Health, KafkaSink, Property};
use stepstream::stream::{Message, SendError, Sink as _, Ticket, TopicId, Wake};

/// Waits for the answers of so many messages.
fn answers(sink: &mut KafkaSink, wake: &Wake, count: usize) -> BTreeMap<u64, Result<(), SendError>> {
    let mut answers = BTreeMap::new();
    block_on(async {
        while answers.len() < count {
            while let Some((Ticket(ticket), result)) = sink.acknowledged() {
                assert_eq!(answers.insert(ticket, result), None, "answered twice");
            }
            if answers.len() < count {
                // Only the wake-up: without it this takes for ever.
                tokio::time::timeout(PATIENCE, wake.woken())
                    .await
                    .expect("an answer in time");
            }
        }
    });
    answers
}

fn message(topic: TopicId, value: &[u8]) -> Message<'_> {
    Message {
        topic,
        partition: None,
        key: None,
        value: Some(value),
        headers: &[],
    }
}

#[test]
fn messages_arrive_with_headers_in_their_partitions() {
    let Some(broker) = shared() else { return };
    broker.create_topic("sink-all", 3);
    let (wake, health) = (Wake::new(), Arc::new(Health::default()));
    let mut sink = KafkaSink::start(&config(broker), "test", wake.clone(), &health).expect("a sink");
    let topic = sink.topic("sink-all");
    assert_eq!(sink.topic("sink-all"), topic);

    let headers: [(&str, Option<&[u8]>); 3] = [("one", Some(b"1")), ("none", None), ("empty", Some(b""))];
    let full = Message {
        topic,
        partition: Some(2),
        key: Some(b"k"),
        value: Some(b"v"),
        headers: &headers,
    };
    sink.send(&full, Ticket(7)).expect("taken");
    let tombstone = Message {
        partition: None,
        value: None,
        headers: &[],
        ..full
    };
    sink.send(&tombstone, Ticket(8)).expect("taken");
    let keys: Vec<String> = (0..20).map(|number| format!("key{number}")).collect();
    for (ticket, key) in (100..).zip(&keys) {
        let keyed = Message {
            key: Some(key.as_bytes()),
            ..message(topic, b"x")
        };
        sink.send(&keyed, Ticket(ticket)).expect("taken");
    }
    sink.push();
    let answers = answers(&mut sink, &wake, 22);
    assert!(answers.values().all(Result::is_ok), "{answers:?}");
    assert_eq!(sink.pending(), 0);

    let found = broker.read("sink-all");
    let find = |key: &str, value: Option<&str>| {
        let same =
            |read: &&crate::broker::Read| read.key.as_deref() == Some(key) && read.value.as_deref() == value;
        found
            .iter()
            .find(same)
            .unwrap_or_else(|| panic!("{key} in {found:?}"))
    };
    let full = find("k", Some("v"));
    assert_eq!(full.partition, 2);
    let text = |text: &str| Some(text.to_owned());
    let headers = [
        ("one".to_owned(), text("1")),
        ("none".to_owned(), None),
        ("empty".to_owned(), text("")),
    ];
    assert_eq!(full.headers, headers);
    find("k", None);
    for key in &keys {
        assert_eq!(
            find(key, Some("x")).partition,
            murmur2(key.as_bytes()) % 3,
            "{key} as Java places it"
        );
    }
}

/// Java's `Utils.murmur2`, without its sign bit, as its default partitioner uses it.
fn murmur2(data: &[u8]) -> i32 {
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(data.len()).expect("short");
    let mut hash = 0x9747_b28c ^ length;
    let mut chunks = data.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes(chunk.try_into().expect("four")).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = chunks.remainder();
    for (at, byte) in rest.iter().enumerate() {
        hash ^= u32::from(*byte) << (8 * at);
    }
    if !rest.is_empty() {
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^= hash >> 15;
    i32::try_from(hash & 0x7fff_ffff).expect("31 bits")
}

/// By default `linger.ms` is 30, for when there are many; few messages go sooner. The fastest of some, since this
/// machine may be busy.
#[test]
fn a_lone_message_does_not_linger() {
    const LINGER: Duration = Duration::from_millis(30);
    let Some(broker) = shared() else { return };
    broker.create_topic("sink-alone", 1);
    let (wake, health) = (Wake::new(), Arc::new(Health::default()));
    let mut sink = KafkaSink::start(&config(broker), "test", wake.clone(), &health).expect("a sink");
    let topic = sink.topic("sink-alone");
    let times = (0..20).map(|ticket| {
        let sent = Instant::now();
        sink.send(&message(topic, b"alone"), Ticket(ticket))
            .expect("taken");
        sink.push();
        assert_eq!(answers(&mut sink, &wake, 1)[&ticket], Ok(()));
        sent.elapsed()
    });
    let fastest = times.min().expect("twenty");
    assert!(fastest < LINGER, "{fastest:?}");
}

#[test]
fn what_cannot_be_delivered_is_refused() {
    let Some(broker) = shared() else { return };
    broker.create_topic("sink-refused", 1);
    let mut config = config(broker);
    let mut set = |key: &str, value: i64| {
        config.producer.0.insert(key.to_owned(), Property::Integer(value));
    };
    set("queue.buffering.max.messages", 10);
    set("topic.metadata.propagation.max.ms", 1000);
    set("linger.ms", 200);
    let (wake, health) = (Wake::new(), Arc::new(Health::default()));
    let mut sink = KafkaSink::start(&config, "test", wake.clone(), &health).expect("a sink");
    let (topic, missing) = (sink.topic("sink-refused"), sink.topic("sink-missing"));

    // The first the client refuses, the second the broker, and none of those beside it.
    let large = vec![b'x'; 11_000_000];
    let result = sink.send(&message(topic, &large), Ticket(1));
    assert!(matches!(result, Err(SendError::TooLarge(_))), "{result:?}");
    sink.send(&message(topic, &large[..2_000_000]), Ticket(4))
        .expect("taken");
    sink.send(&message(missing, b"x"), Ticket(2)).expect("taken");
    // Refused at once where the topic's partitions are known already: there is no answer then.
    let elsewhere = Message {
        partition: Some(5),
        ..message(topic, b"x")
    };
    let result = sink.send(&elsewhere, Ticket(3));
    assert!(
        matches!(result, Ok(()) | Err(SendError::Refused(_))),
        "{result:?}"
    );
    let accepted = 2 + usize::from(result.is_ok());
    let mut taken = 0;
    let full = loop {
        match sink.send(&message(topic, b"x"), Ticket(10 + taken)) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(full, SendError::Full);
    sink.push();
    assert_eq!(health.unanswered(), taken + accepted as u64, "all that was taken");
    let answers = answers(&mut sink, &wake, usize::try_from(taken).unwrap() + accepted);
    for (ticket, result) in answers {
        match ticket {
            2 | 3 => assert!(
                matches!(result, Err(SendError::Refused(_))),
                "{ticket}: {result:?}"
            ),
            4 => assert!(matches!(result, Err(SendError::TooLarge(_))), "{result:?}"),
            _ => assert_eq!(result, Ok(()), "{ticket}"),
        }
    }
    // Those that were refused at once too, and what there was no room for not.
    assert_eq!(health.undelivered(), 4);
    sink.push();
    assert_eq!(health.unanswered(), 0);
    sink.send(&message(topic, b"x"), Ticket(99)).expect("room again");
    sink.push();
    assert_eq!(health.unanswered(), 1);
    drop(sink);
    assert_eq!(health.unanswered(), 0, "nobody waits for it");
}

#[test]
fn a_topic_that_was_closed_makes_room_for_another() {
    let Some(broker) = shared() else { return };
    for topic in ["sink-first", "sink-kept", "sink-next"] {
        broker.create_topic(topic, 1);
    }
    let (wake, health) = (Wake::new(), Arc::new(Health::default()));
    let mut sink = KafkaSink::start(&config(broker), "test", wake.clone(), &health).expect("a sink");
    let first = sink.topic("sink-first");
    let kept = sink.topic("sink-kept");
    assert_eq!(sink.topic("sink-first"), first);
    sink.send(&message(first, b"1"), Ticket(1)).expect("taken");
    sink.push();
    assert_eq!(answers(&mut sink, &wake, 1)[&1], Ok(()));
    assert!(!sink.close(first), "somebody else has it");
    assert!(sink.close(first));
    let closed = sink.send(&message(first, b"x"), Ticket(2));
    assert!(matches!(closed, Err(SendError::Refused(_))), "{closed:?}");
    let next = sink.topic("sink-next");
    assert_eq!(next, first, "its handle is used again");
    for (ticket, topic) in [(3, next), (4, kept)] {
        sink.send(&message(topic, b"2"), Ticket(ticket)).expect("taken");
    }
    sink.push();
    assert_eq!(answers(&mut sink, &wake, 2).len(), 2);
    for (topic, count) in [("sink-first", 1), ("sink-kept", 1), ("sink-next", 1)] {
        assert_eq!(broker.read(topic).len(), count, "{topic}");
    }
}
