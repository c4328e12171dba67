//! What has to be known of partitions before they are read: asked of the brokers on threads of its own.
//!
//! Owns the questions and their order: what topics are, what is committed, where logs begin and end. Must not know
//! shards or the group's protocol. Invariants: the control thread waits for none of it; partitions with different
//! leaders are asked for apart, so that a broker that does not answer, or a leader that is not there, holds up the
//! answers about its own partitions only. What was not answered is an error, never "there is none".

use super::commits::committed;
use super::mailbox::Bell;
use super::positions::{Facts, TIMEOUT, offsets};
use crate::stream::kafka::shared::client::{Consumer, TopicPartition};
use crate::stream::kafka::shared::health::locked;
use crate::stream::kafka::shared::native_topics::{Answer, Found, Topics};
use crate::stream::kafka::shared::subscription::Start;
use crate::stream::offsets::Commit;
use crossbeam_channel::{Receiver, Sender, TryRecvError};
use rdkafka::Offset;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

/// How many leaders are asked at a time.
const ASKERS_MAX: usize = 16;

/// What was found out about one partition.
pub(super) type Fact = (TopicPartition, Result<Facts, KafkaError>);

/// A question about partitions.
pub(super) struct Question {
    pub(super) consumer: Arc<Consumer>,
    pub(super) topics: Topics,
    pub(super) names: Vec<TopicPartition>,
    pub(super) start: Start,
}

/// A question under way.
pub(super) struct Search {
    /// Those that are not answered.
    names: BTreeSet<TopicPartition>,
    facts: Receiver<Fact>,
}

impl Search {
    /// Asks; the bell rings whenever something was found out, and at the end.
    pub(super) fn start(question: Question, bell: Bell) -> Search {
        let names: BTreeSet<_> = question.names.iter().cloned().collect();
        let (sender, facts) = crossbeam_channel::bounded(names.len());
        let ask = move || {
            question.ask(&Out(sender, bell.clone()));
            bell.ring();
        };
        let thread = std::thread::Builder::new().name("kafka-positions".to_owned());
        if let Err(error) = thread.spawn(ask) {
            // As if nobody had answered.
            tracing::warn!("no thread to determine where to continue: {error}");
        }
        Search { names, facts }
    }

    /// A search that answers what the test says.
    #[cfg(test)]
    pub(super) fn answering(names: &[TopicPartition], facts: Receiver<Fact>) -> Search {
        let names = names.iter().cloned().collect();
        Search { names, facts }
    }

    /// Whether a partition is not answered yet.
    pub(super) fn is_about(&self, name: &TopicPartition) -> bool {
        self.names.contains(name)
    }

    /// Forgets a partition: what comes of it later is about times before it was given away.
    pub(super) fn forget(&mut self, name: &TopicPartition) {
        self.names.remove(name);
    }

    /// Takes what was found out since, and says whether no more comes.
    pub(super) fn take(&mut self) -> (Vec<Fact>, bool) {
        let mut taken = Vec::new();
        loop {
            match self.facts.try_recv() {
                Ok(fact) if self.names.remove(&fact.0) => taken.push(fact),
                Ok(_) => {}
                Err(error) => return (taken, error == TryRecvError::Disconnected),
            }
        }
    }
}

/// Where answers go.
struct Out(Sender<Fact>, Bell);

impl Out {
    fn say(&self, name: TopicPartition, fact: Result<Facts, KafkaError>) {
        // Nobody may listen any more.
        let _ = self.0.try_send((name, fact));
        self.1.ring();
    }
}

/// The leaders of a topic's partitions that have one.
type Leaders = HashMap<(Arc<str>, i32), i32>;

/// A partition of which half is known.
struct Half {
    name: TopicPartition,
    topic: Answer,
    commit: Option<Commit>,
}

impl Question {
    fn ask(mut self, out: &Out) {
        let topics: BTreeSet<Arc<str>> = self.names.iter().map(|(topic, _)| Arc::clone(topic)).collect();
        let found = self.topics.find(topics.iter().map(|topic| &**topic), TIMEOUT);
        let commits = committed(&self.consumer, &self.names, TIMEOUT);
        let leaders = leaders(&self.consumer, &topics);
        let mut groups: BTreeMap<i32, Vec<Half>> = BTreeMap::new();
        for (name, commit) in self.names.into_iter().zip(commits) {
            match half(&name, &found, commit, &leaders) {
                Ok((leader, half)) => groups.entry(leader).or_default().push(half),
                Err(error) => out.say(name, Err(error)),
            }
        }
        let (consumer, start) = (&self.consumer, self.start);
        let askers = groups.len().min(ASKERS_MAX);
        let groups = Mutex::new(groups);
        let next = || locked(&groups).pop_first();
        std::thread::scope(|scope| {
            for _ in 0..askers {
                scope.spawn(|| {
                    while let Some((_, group)) = next() {
                        ask_leader(consumer, start, group, out);
                    }
                });
            }
        });
    }
}

/// Asks who leads partitions. Any broker knows: when one topic's question is not answered the others' are not either.
fn leaders(consumer: &Consumer, topics: &BTreeSet<Arc<str>>) -> Result<Leaders, KafkaError> {
    let mut leaders = Leaders::new();
    for topic in topics {
        let metadata = consumer.fetch_metadata(Some(topic), TIMEOUT)?;
        let partitions = metadata.topics().iter().flat_map(|known| known.partitions());
        let known = partitions.filter(|partition| partition.leader() >= 0);
        leaders.extend(known.map(|partition| ((Arc::clone(topic), partition.id()), partition.leader())));
    }
    Ok(leaders)
}

/// Puts together what is known before its leader is asked.
fn half(
    name: &TopicPartition,
    found: &Found,
    commit: Result<Option<Commit>, KafkaError>,
    leaders: &Result<Leaders, KafkaError>,
) -> Result<(i32, Half), KafkaError> {
    // A commit is about the topic that is there or about another: who does not know which one is there can believe
    // none of it. One that the group has just handed out and that is not there is not known yet, as after a start.
    let topic = match found.of(&name.0) {
        Some(Answer::Absent(_)) => return Err(KafkaError::MetadataFetch(Code::UnknownTopicOrPartition)),
        Some(topic) => topic,
        None => return Err(KafkaError::MetadataFetch(Code::OperationTimedOut)),
    };
    let leader = leaders.as_ref().map_err(Clone::clone)?.get(name).copied();
    let leader = leader.ok_or(KafkaError::MetadataFetch(Code::LeaderNotAvailable))?;
    let (name, commit) = (name.clone(), commit?);
    Ok((leader, Half { name, topic, commit }))
}

/// Asks one leader where its partitions begin and end.
fn ask_leader(consumer: &Consumer, start: Start, group: Vec<Half>, out: &Out) {
    let names: Vec<_> = group.iter().map(|half| half.name.clone()).collect();
    let ask = |which| offsets(consumer, &names, which, TIMEOUT);
    let lows = ask(Offset::Beginning);
    // Who has not answered once is not waited for again.
    let is_silent = lows.iter().all(Result::is_err);
    let highs = if is_silent { lows.clone() } else { ask(Offset::End) };
    let starts = match start {
        Start::Earliest => vec![Ok(None); names.len()],
        Start::Time(millis) if !is_silent => ask(Offset::Offset(millis)),
        Start::Latest | Start::Time(_) => highs.clone(),
    };
    let offsets = lows.into_iter().zip(highs).zip(starts);
    for (half, ((low, high), found)) in group.into_iter().zip(offsets) {
        let facts = || {
            let (low, high) = (low?, high?);
            let start = match start {
                Start::Earliest => None,
                Start::Latest => high,
                // Behind the last event librdkafka says "end".
                Start::Time(_) => found?.or(high),
            };
            Ok((low, high, start))
        };
        let (name, topic, commit) = (half.name, half.topic, half.commit);
        let facts = facts().map(|(low, high, start)| Facts {
            topic,
            commit,
            low,
            high,
            start,
        });
        out.say(name, facts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::kafka::shared::health::Absence;

    #[test]
    fn a_topic_that_is_gone_is_an_error_of_its_own_partitions_only() {
        let found = Found::saying(&[
            ("gone", Answer::Absent(Absence::Missing)),
            ("stays", Answer::Untold),
        ]);
        let name = |topic: &str| (Arc::from(topic), 0);
        // Metadata may be older than the answer about topics.
        let leaders = Ok(Leaders::from([(name("gone"), 1), (name("stays"), 1)]));
        let leader = |topic: &str| half(&name(topic), &found, Ok(None), &leaders).map(|(leader, _)| leader);
        let gone = KafkaError::MetadataFetch(Code::UnknownTopicOrPartition);
        let silence = KafkaError::MetadataFetch(Code::OperationTimedOut);
        assert_eq!(leader("gone"), Err(gone));
        assert_eq!(leader("stays"), Ok(1));
        assert_eq!(leader("another"), Err(silence));
    }
}
