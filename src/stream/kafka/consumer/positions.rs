//! Where reading of a partition goes on, and where it ends.
//!
//! Decides it from what the brokers have said, and asks them for beginnings, ends and offsets of times; each question
//! is bounded. Must not know shards. Invariants: a commit that is not about the topic that is there is not believed: its
//! events have not been run. Where a log was cut nobody knows what was written since: then events are read again,
//! unless none may come twice.

use crate::stream::kafka::shared::client::{Consumer, TopicPartition};
use crate::stream::kafka::shared::native_topics::Answer;
use crate::stream::kafka::shared::subscription::SourceConfig;
use crate::stream::offsets::{Commit, Restored};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};
use std::time::Duration;

/// How long one question to the brokers may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// What is known of a partition.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// What its topic is.
    pub(super) topic: Answer,
    /// What is committed.
    pub(super) commit: Option<Commit>,
    pub(super) low: Option<i64>,
    pub(super) high: Option<i64>,
    /// Where a group without a commit begins; `None` with the oldest event.
    pub(super) start: Option<i64>,
}

/// How often a question about many partitions is split to find those that spoil the answer.
const SPLITS_MAX: u32 = 32;

/// Where a partition is read.
#[derive(Debug)]
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
    /// The oldest offset that is there.
    pub(super) low: Option<i64>,
}

/// What is known of the topic of a partition.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Identity {
    /// Its id; 0 when the brokers tell none.
    pub(super) topic_id: u64,
    /// Whether it was another topic of that name when we had the partition last.
    pub(super) anew: bool,
    /// Where the partition's offsets went back to while we had it, if they did.
    pub(super) cut: Option<i64>,
    /// Whether the partition came into being after we began to read its topic.
    pub(super) is_new: bool,
}

/// Returns the position of a newly assigned partition.
pub(super) fn position(
    name: &TopicPartition,
    facts: Facts,
    identity: Identity,
    config: &SourceConfig,
) -> Position {
    let Identity {
        topic_id,
        anew,
        cut,
        is_new,
    } = identity;
    let restored = |offset, metadata| Restored {
        offset,
        metadata,
        topic_id,
    };
    let found = facts
        .commit
        .map(|commit| restored(Some(commit.offset), commit.metadata));
    let log = (facts.low, facts.high);
    let place = match &found {
        // All that is there is new.
        _ if anew => Place::Beginning,
        Some(found) => place(name, found, log, cut, config.at_most_once),
        None if is_new => Place::Beginning,
        None => Place::Start,
    };
    let found = found.unwrap_or_default();
    let fresh = |offset| {
        let restored = restored(offset, String::new());
        (restored.pin(), restored, None)
    };
    let (pin, restored, committed) = match place {
        Place::Commit => {
            let offset = found.offset;
            match within(name, &found, log.1.into_iter().chain(cut).min()) {
                // The old one would be believed again, at the next start, once the log has grown.
                Some(kept) => {
                    let (metadata, offset) = (kept.metadata.clone(), offset.unwrap_or_default());
                    (Some(Commit { offset, metadata }), kept, Some(offset))
                }
                None => (None, found, offset),
            }
        }
        Place::Back(end) => {
            let found = found.back_to(end);
            let metadata = found.metadata.clone();
            let offset = end;
            (Some(Commit { offset, metadata }), found, None)
        }
        // Where the group begins is said of a topic that it has never read. This one it has, under the same name.
        Place::Beginning => fresh(None),
        Place::Start => fresh(facts.start),
    };
    Position {
        fetch: restored.offset.map_or(Offset::Beginning, Offset::Offset),
        pin,
        end: facts.high.filter(|_| config.until_end),
        restored,
        committed,
        low: facts.low,
    }
}

/// Where reading goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Where the commit says.
    Commit,
    /// Where the offsets went back to, or the log ends, before the commit.
    Back(i64),
    /// With the oldest event there is.
    Beginning,
    /// Where the group begins in what it has never read.
    Start,
}

/// Decides where reading goes on after a commit in a log that reaches from `low` to `high`, and may have been cut.
fn place(
    (topic, number): &TopicPartition,
    commit: &Restored,
    (low, high): (Option<i64>, Option<i64>),
    cut: Option<i64>,
    at_most_once: bool,
) -> Place {
    let offset = commit.offset.unwrap_or(0);
    if commit.is_of_another_topic() {
        tracing::warn!(%topic, number, offset, "the commit is about a topic of the same name that was deleted; \
            reading from the beginning");
        return Place::Beginning;
    }
    // Never above the cut, but perhaps far below: a client that does not find it begins with the oldest event. So this
    // is no place for who may run nothing twice.
    if let Some(cut) = cut.filter(|_| !at_most_once) {
        tracing::error!(%topic, number, offset, cut, "the partition has lost its last events, as after an unclean \
            leader election; reading continues at the offset to which the partition went back");
        return Place::Back(cut.min(offset));
    }
    if let Some(high) = high.filter(|high| offset > *high) {
        let why = match commit.is_of_this_topic() {
            true => "it has lost its last events, as after an unclean leader election",
            false => "it has lost its last events, or its topic was recreated",
        };
        if at_most_once {
            tracing::error!(%topic, number, offset, high, "the commit is beyond the partition's end (high \
                watermark): {why}; reading continues at the end, so that nothing runs twice: events written \
                since then do not run");
            return Place::Back(high);
        }
        tracing::error!(%topic, number, offset, high, "the commit is beyond the partition's end (high watermark): \
            {why}; reading from its beginning, so that nothing is missed: events run again");
        return Place::Beginning;
    }
    if low.is_some_and(|low| offset < low) {
        tracing::warn!(%topic, number, offset, ?low, "events between the commit and the partition's beginning \
            were deleted before they were read (retention)");
    }
    Place::Commit
}

/// Returns what is left of a commit in a log that ends before what it calls finished, if the log does.
fn within((topic, number): &TopicPartition, commit: &Restored, end: Option<i64>) -> Option<Restored> {
    let (kept, lost) = commit.within(end?)?;
    tracing::error!(%topic, number, ?end, first = lost.start, last = lost.end - 1, "the partition has lost events that \
        were finished, as after an unclean leader election: events written in their place run");
    Some(kept)
}

/// Asks for an offset of each partition: its beginning, its end, or that of a time, which may be behind the last
/// event. An error where the brokers do not say it in time; what an answer does not mention is not known.
pub(super) fn offsets(
    consumer: &Consumer,
    names: &[TopicPartition],
    which: Offset,
    timeout: Duration,
) -> Vec<Result<Option<i64>, KafkaError>> {
    let mut splits = SPLITS_MAX;
    split(names, &mut splits, &mut |names| {
        ask(consumer, names, which, timeout)
    })
}

/// Asks for all, then for ever fewer together: an error of one partition is librdkafka's answer about all of them.
/// Not so when nobody answered at all.
fn split<T: Clone>(
    names: &[TopicPartition],
    splits: &mut u32,
    ask: &mut impl FnMut(&[TopicPartition]) -> Result<Vec<Result<T, KafkaError>>, KafkaError>,
) -> Vec<Result<T, KafkaError>> {
    if names.is_empty() {
        return Vec::new();
    }
    match ask(names) {
        Ok(answers) => answers,
        Err(error) if names.len() > 1 && *splits > 0 && !is_silence(&error) => {
            *splits -= 1;
            let (first, second) = names.split_at(names.len() / 2);
            let mut answers = split(first, splits, ask);
            answers.extend(split(second, splits, ask));
            answers
        }
        Err(error) => vec![Err(error); names.len()],
    }
}

fn is_silence(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    code.is_some_and(|code| {
        use RDKafkaErrorCode as Code;
        matches!(
            code,
            Code::OperationTimedOut | Code::BrokerTransportFailure | Code::AllBrokersDown
        )
    })
}

fn ask(
    consumer: &Consumer,
    names: &[TopicPartition],
    which: Offset,
    timeout: Duration,
) -> Result<Vec<Result<Option<i64>, KafkaError>>, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(names.len());
    for (topic, number) in names {
        list.add_partition(topic, *number).set_offset(which)?;
    }
    let list = consumer.offsets_for_times(list, timeout)?;
    // By name: librdkafka may answer in another order.
    let answer = |(topic, number): &TopicPartition| {
        let element = list.find_partition(topic, *number);
        let element = element.ok_or(KafkaError::OffsetFetch(RDKafkaErrorCode::NoOffset))?;
        element.error()?;
        match (element.offset(), which) {
            (Offset::Offset(offset), _) => Ok(Some(offset)),
            // Only of a time may there be none.
            (_, Offset::Offset(_)) => Ok(None),
            _ => Err(KafkaError::OffsetFetch(RDKafkaErrorCode::NoOffset)),
        }
    };
    Ok(names.iter().map(answer).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::kafka::shared::subscription::{Start, Subscription};
    use crate::stream::offsets::Tracker;
    use std::sync::Arc;

    /// Where a commit at 100 about the topic `before` goes on, in the topic `now` that ends at `high`: at least once,
    /// at most once.
    fn places(before: u64, now: u64, high: i64, cut: Option<i64>) -> [Place; 2] {
        let about = Restored {
            offset: Some(100),
            topic_id: before,
            ..Restored::default()
        };
        let commit = Restored {
            metadata: about.pin().expect("a commit").metadata,
            topic_id: now,
            ..about
        };
        let name = (Arc::from("orders"), 3);
        [false, true].map(|at_most_once| place(&name, &commit, (Some(0), Some(high)), cut, at_most_once))
    }

    /// Which of eight partitions are answered when these spoil the answers about all that are asked with them, and how
    /// often is asked.
    fn answered(bad: &[i32], code: RDKafkaErrorCode) -> (Vec<i32>, u32) {
        let names: Vec<TopicPartition> = (0..8).map(|number| (Arc::from("orders"), number)).collect();
        let (mut splits, mut asked) = (SPLITS_MAX, 0);
        let answers = split(&names, &mut splits, &mut |names| {
            asked += 1;
            match names.iter().any(|(_, number)| bad.contains(number)) {
                true => Err(KafkaError::OffsetFetch(code)),
                false => Ok(names.iter().map(|(_, number)| Ok(*number)).collect()),
            }
        });
        assert_eq!(answers.len(), names.len());
        (answers.into_iter().flatten().collect(), asked)
    }

    #[test]
    fn a_partition_without_a_leader_spoils_no_other_answer() {
        use RDKafkaErrorCode as Code;
        assert_eq!(
            answered(&[], Code::LeaderNotAvailable).0,
            (0..8).collect::<Vec<_>>()
        );
        let (known, asked) = answered(&[5], Code::LeaderNotAvailable);
        assert_eq!((known, asked), (vec![0, 1, 2, 3, 4, 6, 7], 7));
        assert_eq!(answered(&[0, 7], Code::LeaderNotAvailable).0, [1, 2, 3, 4, 5, 6]);
        // Who does not answer does not answer the parts of the question either.
        assert_eq!(answered(&[5], Code::OperationTimedOut), (vec![], 1));
    }

    /// Where a commit at 10 that calls 12 to 19 finished goes on, in a log that ends at `high`: whether the shard takes
    /// what comes at 10 to 24 for new, and whether the commit is made again.
    fn check_finished(high: i64, cut: Option<i64>, at_most_once: bool, new: &[i64], is_pinned: bool) {
        let mut tracker = Tracker::new(&Restored::default());
        (0..20).for_each(|offset| assert!(tracker.begin(offset)));
        (0..20)
            .filter(|offset| ![10, 11].contains(offset))
            .for_each(|offset| tracker.complete(offset));
        let commit = tracker.commit().expect("a commit");
        assert_eq!(commit.offset, 10);
        let facts = Facts {
            topic: Answer::Untold,
            commit: Some(commit),
            low: Some(0),
            high: Some(high),
            start: None,
        };
        let identity = Identity {
            cut,
            ..Identity::default()
        };
        let config = SourceConfig {
            name: "orders".to_owned(),
            subscription: Subscription::Topics(vec!["orders".to_owned()]),
            group: "orders".to_owned(),
            instance_id: None,
            start: Start::Earliest,
            drain_timeout: Duration::ZERO,
            at_most_once,
            until_end: false,
        };
        let name = (Arc::from("orders"), 3);
        let position = position(&name, facts, identity, &config);
        let begun = |restored: &Restored| {
            let mut tracker = Tracker::new(restored);
            let begun = (10..25).filter(|offset| tracker.begin(*offset));
            begun.collect::<Vec<_>>()
        };
        assert_eq!(begun(&position.restored), new, "{high}");
        assert_eq!(position.fetch, Offset::Offset(10));
        assert_eq!(position.pin.is_some(), is_pinned, "{high}");
        // A start after this one, when the log has grown, is told no more.
        if let Some(Commit { offset, metadata }) = position.pin {
            let again = Restored {
                offset: Some(offset),
                metadata,
                topic_id: 0,
            };
            assert_eq!(begun(&again), new, "{high}");
        }
    }

    #[test]
    fn what_comes_in_the_place_of_finished_events_that_were_lost_is_run() {
        let whole: Vec<_> = [10, 11].into_iter().chain(20..25).collect();
        let all: Vec<_> = (10..25).collect();
        check_finished(20, None, false, &whole, false);
        check_finished(30, None, false, &whole, false);
        check_finished(12, None, false, &all, true);
        check_finished(10, None, false, &all, true);
        let some: Vec<_> = [10, 11].into_iter().chain(15..25).collect();
        check_finished(15, None, false, &some, true);
        // Where nothing may run twice, reading goes on at the commit.
        check_finished(30, Some(15), true, &some, true);
        check_finished(30, Some(5), true, &all, true);
    }

    #[test]
    fn beyond_the_end_each_mode_keeps_its_promise() {
        for (before, now) in [(7, 7), (0, 0), (0, 8), (7, 0)] {
            assert_eq!(places(before, now, 100, None), [Place::Commit; 2]);
            let expected = [Place::Beginning, Place::Back(99)];
            assert_eq!(places(before, now, 99, None), expected);
        }
    }

    #[test]
    fn where_offsets_went_back_to_is_read_again_unless_nothing_may_come_twice() {
        for (high, at_most_once) in [(65, Place::Back(65)), (100, Place::Commit), (200, Place::Commit)] {
            let expected = [Place::Back(60), at_most_once];
            assert_eq!(places(7, 7, high, Some(60)), expected);
        }
        // Above the commit nothing is known to be finished any more.
        let expected = [Place::Back(100), Place::Commit];
        assert_eq!(places(7, 7, 200, Some(150)), expected);
    }

    #[test]
    fn another_topic_is_read_from_its_beginning() {
        for high in [0, 99, 100, 200] {
            assert_eq!(places(7, 8, high, Some(60)), [Place::Beginning; 2], "{high}");
        }
    }
}
