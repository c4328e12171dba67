//! Events that know their number, and the account of what became of each.

use crate::broker::{Broker, Event, Read};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// Produces `{"id":n}` with the key `k<n>` for each number; acknowledged when this returns.
pub(crate) fn produce(broker: &Broker, topic: &str, ids: Range<usize>) {
    let pairs: Vec<_> = ids.map(event).collect();
    let events = pairs.iter().map(|(key, value)| Event {
        key: Some(key.as_bytes()),
        value: Some(value.as_bytes()),
        ..Event::default()
    });
    broker.produce(topic, events);
}

/// Does something while events are produced, from the number `first` on, a thousand a second; returns the
/// number after the last, too. All are acknowledged then.
pub(crate) fn under_load<T>(
    broker: &Broker,
    topic: &str,
    first: usize,
    work: impl FnOnce() -> T,
) -> (usize, T) {
    // Three minutes: more than any work takes.
    const MOST: usize = 180_000;
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Relaxed);
        }
    }
    let is_over = AtomicBool::new(false);
    let produce = || {
        let events: Vec<_> = (first..first + MOST).map(event).collect();
        let mut last = first;
        let sent = events.iter().take_while(|_| !is_over.load(Relaxed));
        broker.produce(
            topic,
            sent.map(|(key, value)| {
                if last.is_multiple_of(20) {
                    std::thread::sleep(Duration::from_millis(20));
                }
                last += 1;
                Event {
                    key: Some(key.as_bytes()),
                    value: Some(value.as_bytes()),
                    ..Event::default()
                }
            }),
        );
        last
    };
    std::thread::scope(|scope| {
        let load = scope.spawn(produce);
        // However the work ends.
        let over = Over(&is_over);
        let result = work();
        assert!(!load.is_finished(), "the load was over before the work");
        drop(over);
        (load.join().expect("acknowledged"), result)
    })
}

fn event(id: usize) -> (String, String) {
    (format!("k{id}"), format!("{{\"id\":{id}}}"))
}

/// Returns how often each number is in the values of messages.
pub(crate) fn counts(messages: &[Read]) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    for message in messages {
        let value: serde_json::Value =
            serde_json::from_str(message.value.as_deref().expect("a value")).expect("JSON");
        let id = value["id"].as_u64().expect("a number") as usize;
        *counts.entry(id).or_default() += 1;
    }
    counts
}

/// Checks that each number is there; returns how many messages there are too many.
#[track_caller]
pub(crate) fn nothing_lost(messages: &[Read], ids: Range<usize>) -> usize {
    let counts = counts(messages);
    let lost: Vec<_> = ids.clone().filter(|id| !counts.contains_key(id)).collect();
    assert!(
        lost.is_empty(),
        "{} lost: {:?}",
        lost.len(),
        &lost[..lost.len().min(20)]
    );
    assert_eq!(counts.len(), ids.len(), "numbers that nobody produced");
    messages.len() - ids.len()
}

/// Returns what a group has committed, summed over the first partitions of a topic.
pub(crate) fn committed(broker: &Broker, group: &str, topic: &str, partitions: i32) -> i64 {
    let committed = broker.committed(group, topic, partitions);
    committed.iter().flatten().map(|(offset, _)| offset).sum()
}

/// Returns the text of a header.
pub(crate) fn header<'a>(message: &'a Read, name: &str) -> Option<&'a str> {
    let found = message.headers.iter().rfind(|(header, _)| header == name);
    found.and_then(|(_, value)| value.as_deref())
}
