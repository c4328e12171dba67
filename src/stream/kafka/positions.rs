//! Where reading of a partition goes on, and where it ends.
//!
//! Asks the brokers for commits, offsets of times and ends; each question waits, bounded, on the control
//! thread. Must not know shards. Invariant: a commit that lies outside the log is not believed: the
//! events that are there have not been run. Neither is one that names another topic's id.

use super::Start;
use super::client::{Consumer, TopicPartition};
use super::commits::committed;
use crate::stream::offsets::{Commit, Restored};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::time::Duration;

/// How long one question to the brokers may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// Where a partition is read.
pub(super) struct Position {
    /// What the shard is told.
    pub(super) restored: Restored,
    /// Where fetching begins.
    pub(super) fetch: Offset,
    /// A commit that pins the place where the group starts, so that a later restart starts there too.
    pub(super) pin: Option<Commit>,
    /// Where it ends for us.
    pub(super) end: Option<i64>,
    /// What is committed.
    pub(super) committed: Option<i64>,
}

/// What is known of the topic of a partition.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Identity {
    /// Its id; 0 when the brokers tell none.
    pub(super) topic_id: u64,
    /// Whether it was another topic of that name when we had the partition last.
    pub(super) anew: bool,
    /// Whether the partition came into being after we began to read its topic.
    pub(super) is_new: bool,
}

/// Finds the positions of newly assigned partitions, in their order.
///
/// # Errors
/// When the brokers do not answer in time.
pub(super) fn find(
    consumer: &Consumer,
    names: &[TopicPartition],
    topics: &[Identity],
    start: Start,
    until_end: bool,
) -> Result<Vec<Position>, KafkaError> {
    let commits = committed(consumer, names, TIMEOUT)?;
    let lows = offsets(consumer, names, Offset::Beginning, TIMEOUT)?;
    let highs = offsets(consumer, names, Offset::End, TIMEOUT)?;
    let starts = match start {
        Start::Earliest => vec![None; names.len()],
        Start::Latest => highs.clone(),
        // Behind the last event librdkafka says "end".
        Start::Time(millis) => {
            let found = offsets(consumer, names, Offset::Offset(millis), TIMEOUT)?;
            found
                .iter()
                .zip(&highs)
                .map(|(found, high)| found.or(*high))
                .collect()
        }
    };
    let mut positions = Vec::with_capacity(names.len());
    for (at, commit) in commits.into_iter().enumerate() {
        let Identity {
            topic_id,
            anew,
            is_new,
        } = topics[at];
        let restored = |offset, metadata| Restored {
            offset,
            metadata,
            topic_id,
        };
        let found = commit.map(|commit| restored(Some(commit.offset), commit.metadata));
        let is_believed = |found: &Restored| believable(&names[at], found, lows[at], highs[at]);
        let (restored, committed) = match found {
            Some(found) if !anew && is_believed(&found) => (found.clone(), found.offset),
            // Where the group begins is said of a topic that it has never read. This one it has, under the
            // same name: all that is there is new.
            Some(_) => (restored(None, String::new()), None),
            None if anew || is_new => (restored(None, String::new()), None),
            None => (restored(starts[at], String::new()), None),
        };
        positions.push(Position {
            fetch: restored.offset.map_or(Offset::Beginning, Offset::Offset),
            pin: restored.pin().filter(|_| committed.is_none()),
            end: highs[at].filter(|_| until_end),
            restored,
            committed,
        });
    }
    Ok(positions)
}

/// Whether a commit can be about the log as it is.
fn believable(
    (topic, number): &TopicPartition,
    commit: &Restored,
    low: Option<i64>,
    high: Option<i64>,
) -> bool {
    let offset = commit.offset.unwrap_or(0);
    if commit.is_of_another_topic() {
        tracing::warn!(%topic, number, offset, "the commit is about a topic of the same name that was deleted; \
            reading from the beginning");
        return false;
    }
    if high.is_some_and(|high| offset > high) {
        tracing::warn!(%topic, number, offset, ?high, "the commit is beyond the partition's end: the topic was made \
            anew or has lost events; reading from its beginning");
        return false;
    }
    if low.is_some_and(|low| offset < low) {
        tracing::warn!(%topic, number, offset, ?low, "events between the commit and the partition's beginning \
            were deleted before they were read (retention)");
    }
    true
}

/// Asks for an offset of each partition: its beginning, its end, or that of a time.
///
/// # Errors
/// When the brokers do not answer in time.
pub(super) fn offsets(
    consumer: &Consumer,
    names: &[TopicPartition],
    which: Offset,
    timeout: Duration,
) -> Result<Vec<Option<i64>>, KafkaError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut list = TopicPartitionList::with_capacity(names.len());
    for (topic, number) in names {
        list.add_partition(topic, *number).set_offset(which)?;
    }
    let list = consumer.offsets_for_times(list, timeout)?;
    let mut found = Vec::with_capacity(names.len());
    // By name: librdkafka may answer in another order.
    for (topic, number) in names {
        let element = list.find_partition(topic, *number);
        let Some(element) = element else {
            found.push(None);
            continue;
        };
        element.error()?;
        found.push(match element.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        });
    }
    Ok(found)
}
