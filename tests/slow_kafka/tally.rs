//! Counts: what came out, what the logs have, what is committed; against what was acknowledged.

use super::calls::Calls;
use super::feed::Acknowledged;
use super::site::Site;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Headers as _;
use rdkafka::{ClientConfig, Message as _, Offset, TopicPartitionList};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a question may take, and how long it is asked again: brokers die and come back here.
const ANSWER: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(60);

/// Returns the number in an event's text.
pub(crate) fn id(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("\"id\":")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// A dead letter: the position of its event, and the error.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Letter {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) error: String,
}

/// A look at the brokers.
pub(crate) struct Look {
    brokers: String,
}

impl Look {
    pub(crate) fn at(brokers: &str) -> Look {
        let brokers = brokers.to_owned();
        Look { brokers }
    }

    fn consumer(&self, group: &str) -> BaseConsumer {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", group);
        config
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true");
        config.create().expect("a consumer")
    }

    fn partitions(&self, consumer: &BaseConsumer, topic: &str) -> Vec<i32> {
        let until = Instant::now() + PATIENCE;
        loop {
            // A topic that was just made, or whose leader was just killed, may not be known yet.
            if let Ok(metadata) = consumer.fetch_metadata(Some(topic), ANSWER) {
                let partitions = metadata.topics()[0].partitions();
                if !partitions.is_empty() {
                    return partitions.iter().map(|one| one.id()).collect();
                }
            }
            assert!(Instant::now() < until, "no metadata of {topic}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Shows every message of a topic.
    pub(crate) fn each(&self, topic: &str, mut see: impl FnMut(&rdkafka::message::BorrowedMessage<'_>)) {
        let consumer = self.consumer("look");
        let mut list = TopicPartitionList::new();
        for partition in self.partitions(&consumer, topic) {
            list.add_partition_offset(topic, partition, Offset::Beginning)
                .expect("an offset");
        }
        consumer.assign(&list).expect("assigned");
        let mut left = list.count();
        while left > 0 {
            match consumer.poll(PATIENCE).expect("an event in time") {
                Ok(message) => see(&message),
                Err(rdkafka::error::KafkaError::PartitionEOF(_)) => left -= 1,
                Err(error) => eprintln!("{topic}: {error}"),
            }
        }
    }

    /// Returns how often each event's output is in a topic, by the event's number.
    pub(crate) fn outputs(&self, topic: &str) -> HashMap<u64, u32> {
        let mut counts = HashMap::new();
        self.each(topic, |message| {
            let text = std::str::from_utf8(message.payload().expect("a value")).expect("text");
            *counts.entry(id(text).expect("an id")).or_default() += 1;
        });
        counts
    }

    /// Returns how often each dead letter is in a topic.
    pub(crate) fn letters(&self, topic: &str) -> HashMap<Letter, u32> {
        let mut counts = HashMap::new();
        self.each(topic, |message| {
            let headers = message.headers().expect("headers");
            let text = |name: &str| {
                let header = headers.iter().find(|header| header.key == name);
                let value = header.and_then(|header| header.value).expect("a header");
                String::from_utf8(value.to_vec()).expect("text")
            };
            let letter = Letter {
                partition: text("stepstream-source-partition").parse().expect("a number"),
                offset: text("stepstream-source-offset").parse().expect("a number"),
                error: text("stepstream-error"),
            };
            *counts.entry(letter).or_default() += 1;
        });
        counts
    }

    /// Returns the end and what a group has committed, of each partition of a topic.
    pub(crate) fn progress(&self, group: &str, topic: &str) -> BTreeMap<i32, (i64, i64)> {
        let consumer = self.consumer(group);
        let mut list = TopicPartitionList::new();
        for partition in self.partitions(&consumer, topic) {
            list.add_partition(topic, partition);
        }
        let until = Instant::now() + PATIENCE;
        let committed = loop {
            match consumer.committed_offsets(list.clone(), ANSWER) {
                Ok(committed) => break committed,
                Err(error) => assert!(Instant::now() < until, "{error}"),
            }
        };
        let elements = committed.elements();
        let each = elements.iter().map(|element| {
            let committed = match element.offset() {
                Offset::Offset(offset) => offset,
                _ => 0,
            };
            let number = element.partition();
            let end = loop {
                match consumer.fetch_watermarks(topic, number, ANSWER) {
                    Ok((_, end)) => break end,
                    Err(error) => assert!(Instant::now() < until, "{error}"),
                }
            };
            (number, (end, committed))
        });
        each.collect()
    }

    /// Returns how many events of a site are not committed.
    pub(crate) fn lag(&self, site: &Site) -> i64 {
        let progress = self.progress(&format!("stepstream-{}", site.name), &site.input());
        progress.values().map(|(end, committed)| end - committed).sum()
    }

    /// Returns how many events of a site are committed.
    pub(crate) fn committed(&self, site: &Site) -> i64 {
        let progress = self.progress(&format!("stepstream-{}", site.name), &site.input());
        progress.values().map(|(_, committed)| committed).sum()
    }

    /// Waits until everything in a site's topic is committed.
    pub(crate) fn until_done(&self, site: &Site, within: Duration) {
        let until = Instant::now() + within;
        loop {
            let lag = self.lag(site);
            if lag == 0 {
                return;
            }
            if Instant::now() >= until {
                let progress = self.progress(&format!("stepstream-{}", site.name), &site.input());
                panic!("{lag} events left after {within:?}: (end, committed) {progress:?}");
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// What became of acknowledged events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) events: u64,
    pub(crate) lost: u64,
    /// Occurrences beyond the first.
    pub(crate) duplicates: u64,
}

/// Compares what was acknowledged with what came out.
pub(crate) fn compare(acknowledged: &Acknowledged, counts: &HashMap<u64, u32>) -> Outcome {
    let mut outcome = Outcome::default();
    for id in acknowledged.keys() {
        outcome.events += 1;
        match counts.get(id).copied().unwrap_or(0) {
            0 => {
                outcome.lost += 1;
                if outcome.lost <= 10 {
                    eprintln!("lost: {id} at {:?}", acknowledged[id]);
                }
            }
            count => outcome.duplicates += u64::from(count - 1),
        }
    }
    outcome
}

/// What log files say: of each position the types of the records that end executions.
pub(crate) struct Logged {
    pub(crate) succeeded: HashSet<(i32, i64)>,
    pub(crate) started: HashSet<(i32, i64)>,
    pub(crate) cut_off: HashSet<(i32, i64)>,
    /// Lines that are not whole, at the ends of files.
    pub(crate) torn: usize,
}

/// Reads all log files of a folder, closed and open ones. The last line of an open one may be torn.
pub(crate) fn logged(folder: &Path) -> Logged {
    let mut logged = Logged {
        succeeded: HashSet::new(),
        started: HashSet::new(),
        cut_off: HashSet::new(),
        torn: 0,
    };
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let name = entry.file_name().into_string().expect("text");
        let mut file = BufReader::new(fs::File::open(entry.path()).expect("a file"));
        let mut line = String::new();
        while file.read_line(&mut line).expect("text") > 0 {
            if !line.ends_with("}\n") {
                assert!(name.ends_with(".open"), "{name}: a torn line: {line}");
                logged.torn += 1;
            } else {
                logged.see(&line);
            }
            line.clear();
        }
    }
    logged
}

impl Logged {
    fn see(&mut self, line: &str) {
        let set = if line.contains("\"type\":\"ExecutionStarted\"") {
            &mut self.started
        } else if line.contains("\"type\":\"ExecutionSucceeded\"") {
            &mut self.succeeded
        } else if line.contains("\"error\":\"Stepstream.CutOff\"") {
            &mut self.cut_off
        } else {
            return;
        };
        let (_, arn) = line.split_once("\"execution_arn\":\"").expect("an ARN");
        // ...:express:WORKFLOW:TOPIC-PARTITION-OFFSET:UUID
        let name = arn.split(':').nth(7).expect("a name");
        let mut parts = name.rsplit('-');
        let offset = parts.next().and_then(|text| text.parse().ok());
        let partition = parts.next().and_then(|text| text.parse().ok());
        set.insert((partition.expect("a partition"), offset.expect("an offset")));
    }

    /// Returns how many acknowledged events have no record of their end, or of their start.
    pub(crate) fn missing(&self, acknowledged: &Acknowledged) -> usize {
        let is_missing =
            |place: &&(i32, i64)| !self.succeeded.contains(place) || !self.started.contains(place);
        acknowledged.values().filter(is_missing).count()
    }
}

/// What became of events in sync mode.
pub(crate) struct AtMostOnce {
    /// Called more than once.
    twice: usize,
    replied: usize,
    /// Named as cut off.
    named: usize,
    neither: usize,
}

impl AtMostOnce {
    /// Counts it, when all is done.
    pub(crate) fn count(
        site: &Site,
        brokers: &str,
        acknowledged: &Acknowledged,
        calls: &Calls,
    ) -> AtMostOnce {
        let look = Look::at(brokers);
        let replies = look.outputs(&site.output());
        let named = look.letters(&site.dead_letters()).into_keys();
        let named: HashSet<_> = named.map(|letter| (letter.partition, letter.offset)).collect();
        let unanswered = acknowledged.iter().filter(|(id, _)| !replies.contains_key(id));
        AtMostOnce {
            twice: calls.counts().values().filter(|count| **count > 1).count(),
            replied: replies.len(),
            neither: unanswered.filter(|(_, place)| !named.contains(place)).count(),
            named: named.len(),
        }
    }

    /// # Panics
    /// If an event was started twice, or nobody says what became of it.
    pub(crate) fn assert(&self) {
        assert_eq!((self.twice, self.neither), (0, 0), "{self}");
    }
}

impl std::fmt::Display for AtMostOnce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let AtMostOnce {
            twice,
            replied,
            named,
            neither,
        } = self;
        write!(
            f,
            "{twice} started twice, {replied} replied, {named} named as cut off, {neither} neither"
        )
    }
}
