//! The memory source and sink as a shard uses them.

use super::*;
use crate::stream::offsets::Commit;
use crate::stream::{
    Change, Checkpoint, CommitError, Committer as _, Message, PartitionId, SendError, Sink, Source, Ticket,
    Wake,
};

const PARTITION: PartitionId = PartitionId(0);

fn checkpoint(offset: i64) -> Checkpoint {
    Checkpoint {
        partition: PARTITION,
        commit: commit(offset),
        settled: 0,
    }
}

fn commit(offset: i64) -> Commit {
    Commit {
        offset,
        metadata: String::new(),
    }
}

/// What a shard sees: a word for each change, then the records of the batch.
fn step(source: &mut MemorySource, max: usize) -> Vec<String> {
    let count = source.fill(max);
    let mut seen = Vec::new();
    while let Some(change) = source.change() {
        seen.push(match change {
            Change::Assigned { topic, number, .. } => format!("assigned {topic}-{number}"),
            Change::Revoked { .. } => "revoked".to_owned(),
            Change::Lost { .. } => "lost".to_owned(),
            Change::Committed { offset, result, .. } => format!("committed {offset} {}", result.is_ok()),
            Change::Passed { offset, .. } => format!("passed {offset}"),
            Change::Ended => "ended".to_owned(),
        });
    }
    for at in 0..count {
        let record = source.record(at);
        let value = String::from_utf8_lossy(record.value.unwrap_or(b"-"));
        seen.push(format!("{}:{value}", record.offset));
    }
    seen
}

#[test]
fn a_source_announces_brings_and_ends() {
    let (feed, mut source) = source("lines", 3, 2, &Wake::new());
    assert_eq!(step(&mut source, 10), ["assigned lines-3"]);
    let mut block = feed.block();
    for (offset, value) in [(0, "a"), (1, ""), (5, "c")] {
        block.push(offset, value.as_bytes());
    }
    block.push_event(6, Some(b"k"), None);
    assert_eq!(feed.send(block), Ok(()));
    assert_eq!(feed.change(Change::Lost { partition: PARTITION }), Ok(()));
    drop(feed);
    assert_eq!(step(&mut source, 3), ["0:a", "1:", "5:c"]);
    assert_eq!(step(&mut source, 3), ["6:-"]);
    assert_eq!(source.record(0).key, Some(&b"k"[..]));
    assert_eq!(step(&mut source, 3), ["lost"]);
    assert_eq!(step(&mut source, 3), ["ended"]);
    assert!(step(&mut source, 3).is_empty());
}

#[test]
fn blocks_are_used_again_and_the_channel_is_bounded() {
    let (feed, mut source) = source("lines", 0, 1, &Wake::new());
    step(&mut source, 10);
    for offset in 0..10 {
        let mut block = feed.block();
        assert!(block.is_empty());
        block.push(offset, b"x");
        feed.send(block).expect("the source is there");
        assert_eq!(step(&mut source, 10), [format!("{offset}:x")]);
    }
    drop(source);
    assert_eq!(feed.send(Block::default()), Err(Closed));
}

#[test]
fn a_block_is_repeated_with_rising_offsets() {
    let mut block = Block::default();
    block.push(7, b"a");
    block.push(9, b"b");
    let mut source = MemorySource::repeat("bench", 0, block, 5, &Wake::new());
    assert_eq!(step(&mut source, 10), ["assigned bench-0", "7:a", "9:b"]);
    assert_eq!(step(&mut source, 1), ["10:a"]);
    assert_eq!(step(&mut source, 10), ["12:b"]);
    assert_eq!(step(&mut source, 10), ["13:a"]);
    assert_eq!(step(&mut source, 10), ["ended"]);
    assert!(step(&mut source, 10).is_empty());
}

#[test]
fn commits_are_answered_at_once_or_when_told() {
    let (feed, mut source) = source("lines", 0, 1, &Wake::new());
    step(&mut source, 10);
    source.commit(&checkpoint(4), true);
    source.commit(&checkpoint(5), false);
    assert_eq!(step(&mut source, 10), ["committed 4 true"]);
    let ledger = feed.ledger();
    assert_eq!(ledger.committed(PARTITION), Some(commit(5)));
    ledger.hold();
    source.commit(&checkpoint(6), true);
    source.commit(&checkpoint(7), true);
    assert!(step(&mut source, 10).is_empty());
    assert_eq!(ledger.answer(Err(CommitError::NotOwner)), Some(6));
    assert_eq!(ledger.committed(PARTITION), Some(commit(5)));
    assert_eq!(ledger.answer(Ok(())), Some(7));
    assert_eq!(ledger.answer(Ok(())), None);
    assert_eq!(step(&mut source, 10), ["committed 6 false", "committed 7 true"]);
    source.release(PARTITION, Some(&checkpoint(8)));
    assert_eq!(
        (ledger.committed(PARTITION), ledger.count()),
        (Some(commit(8)), 4)
    );
    assert_eq!(ledger.released(), [PARTITION]);
}

fn send(sink: &mut MemorySink, ticket: u64) -> Result<(), SendError> {
    let topic = sink.topic("out");
    let value = ticket.to_string();
    let headers = [("h", Some(&b"1"[..])), ("none", None), ("h", Some(&b"2"[..]))];
    let message = Message {
        topic,
        partition: Some(2),
        key: Some(b"k"),
        value: Some(value.as_bytes()),
        headers: &headers,
    };
    sink.send(&message, Ticket(ticket))
}

#[test]
fn messages_arrive_whole_and_in_order() {
    let (desk, outbox) = outbox(Acknowledge::AtOnce, Bounds::default());
    let mut sink = desk.sink(3, &Wake::new());
    for ticket in 0..3 {
        send(&mut sink, ticket).expect("room");
    }
    assert!(outbox.try_take().is_none());
    assert_eq!(sink.acknowledged(), None);
    sink.push();
    for ticket in 0..3 {
        assert_eq!(sink.acknowledged(), Some((Ticket(ticket), Ok(()))));
    }
    assert_eq!((sink.acknowledged(), sink.unanswered()), (None, 0));
    let parcel = outbox.take().expect("a parcel");
    assert_eq!((parcel.shard(), parcel.len()), (3, 3));
    let letter = parcel.letters().nth(1).expect("a letter");
    assert_eq!(outbox.topic(letter.topic()).as_deref(), Some("out"));
    assert_eq!((letter.key(), letter.value()), (Some(&b"k"[..]), Some(&b"1"[..])));
    assert_eq!((letter.partition(), letter.ticket()), (Some(2), Ticket(1)));
    assert_eq!(letter.headers().count(), 3);
    assert_eq!(letter.header("h"), Some(&b"2"[..]));
    assert_eq!((letter.header("none"), letter.header("other")), (None, None));
    send(&mut sink, 9).expect("room");
    sink.push();
    drop((sink, desk));
    assert_eq!(outbox.take().map(|parcel| parcel.len()), Some(1));
    assert!(outbox.take().is_none());
}

#[test]
fn acknowledgements_can_be_held_back_and_fail() {
    let (desk, outbox) = outbox(Acknowledge::WhenTold, Bounds::default());
    let mut sinks = [desk.sink(0, &Wake::new()), desk.sink(1, &Wake::new())];
    for (shard, sink) in sinks.iter_mut().enumerate() {
        send(sink, shard as u64).expect("room");
        send(sink, 10 + shard as u64).expect("room");
        sink.push();
        assert_eq!(sink.acknowledged(), None);
    }
    let failed = Err(SendError::Failed("timed out".to_owned()));
    outbox
        .take()
        .expect("a parcel")
        .acknowledge(Ticket(10), failed.clone());
    outbox.take().expect("a parcel").acknowledge_all();
    let [first, second] = &mut sinks;
    assert_eq!(
        (first.acknowledged(), first.acknowledged()),
        (Some((Ticket(10), failed)), None)
    );
    assert_eq!(second.acknowledged(), Some((Ticket(1), Ok(()))));
    assert_eq!(second.acknowledged(), Some((Ticket(11), Ok(()))));
    assert_eq!((first.unanswered(), second.unanswered()), (1, 0));
}

#[test]
fn a_full_sink_refuses_until_somebody_takes() {
    let bounds = Bounds {
        parcels_max: 1,
        buffered_max: 2,
        unanswered_max: 100,
    };
    let (desk, outbox) = outbox(Acknowledge::AtOnce, bounds);
    let mut sink = desk.sink(0, &Wake::new());
    let sent: Vec<bool> = (0..6).map(|ticket| send(&mut sink, ticket).is_ok()).collect();
    assert_eq!(sent, [true, true, true, true, false, false]);
    assert_eq!(outbox.try_take().map(|parcel| parcel.len()), Some(2));
    assert_eq!(send(&mut sink, 4), Ok(()));

    let bounds = Bounds {
        unanswered_max: 1,
        ..Bounds::default()
    };
    let (desk, outbox) = super::outbox(Acknowledge::WhenTold, bounds);
    let mut sink = desk.sink(0, &Wake::new());
    assert_eq!(
        (send(&mut sink, 0), send(&mut sink, 1)),
        (Ok(()), Err(SendError::Full))
    );
    drop(outbox);
    sink.push();
    assert!(matches!(
        sink.acknowledged(),
        Some((Ticket(0), Err(SendError::Failed(_))))
    ));
    let mut refusing = desk
        .sink(0, &Wake::new())
        .refusing(|_| Some(SendError::Refused("too large".to_owned())));
    assert!(matches!(send(&mut refusing, 0), Err(SendError::Refused(_))));
}
