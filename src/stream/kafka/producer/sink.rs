//! A shard's producer.
//!
//! Owns the queue of reports and what an error means for a message. Must not know what is written.
//! Invariant: each message that was taken is answered once, also when the client has to be made anew.

use super::maker::Maker;
use super::native::{Producer, Report};
use crate::stream::kafka::shared::health::Health;
use crate::stream::kafka::{Config, Error};
use crate::stream::share::MESSAGE_OVERHEAD;
use crate::stream::{Message, Returned, SendError, Sink, Ticket, TopicId, Wake};
use rdkafka::ClientConfig;
use rdkafka::types::RDKafkaErrorCode as Code;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// After how long without an answer the client is reminded of its brokers: at first, and at most.
const SILENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// A Kafka producer as a shard's sink.
pub struct KafkaSink {
    producer: Producer,
    topics: Vec<Topic>,
    // The message of the last answer, if that was an error.
    returned: Option<Returned>,
    // The client is of no more use; once its messages are answered there will be a new one.
    broken: bool,
    // Messages handed over since the last push.
    sent: usize,
    // Messages that are not answered, and how many of them `health` knows of.
    unanswered: usize,
    told: usize,
    silence: Silence,
    config: ClientConfig,
    // Makes the next client.
    maker: Maker<Result<Producer, Error>>,
    health: Arc<Health>,
}

/// A topic that somebody writes to, or a place for one.
#[derive(Default)]
struct Topic {
    name: String,
    users: usize,
}

impl KafkaSink {
    /// Starts a producer whose answers wake a shard. `name` tells it from others at the broker.
    ///
    /// Does not wait for brokers: what is wrong with them is in `health`, which producers may share.
    ///
    /// # Errors
    /// When the configuration is not usable.
    pub fn start(config: &Config, name: &str, wake: Wake, health: &Arc<Health>) -> Result<KafkaSink, Error> {
        let (linger, tokens) = (config.linger(), config.producer_tokens());
        let config = config.producer(name)?;
        let health = Arc::clone(health);
        let make = {
            let (config, wake, health) = (config.clone(), wake.clone(), Arc::clone(&health));
            move || Producer::new(&config, linger, tokens.clone(), wake.clone(), Arc::clone(&health))
        };
        let producer = make()?;
        // One that could not be made is tried again when the shard looks for room, not at once.
        let maker = Maker::start(make, wake, Result::is_ok);
        let maker = maker.map_err(|error| Error::Client(error.to_string()))?;
        Ok(KafkaSink {
            producer,
            topics: Vec::new(),
            returned: None,
            broken: false,
            sent: 0,
            unanswered: 0,
            told: 0,
            silence: Silence::default(),
            config,
            maker,
            health,
        })
    }

    /// Returns how many messages are not answered.
    pub fn pending(&self) -> usize {
        self.producer.pending()
    }

    fn answer(&mut self, (ticket, failure): Report) -> (Ticket, Result<(), SendError>) {
        let (code, message) = failure.map(|failure| *failure).unzip();
        self.returned = message;
        (ticket, code.map_or(Ok(()), |code| Err(meaning(code))))
    }

    /// Gives a client up that is of no more use.
    #[cold]
    fn breaks(&mut self) {
        tracing::error!("the producer has failed permanently and is recreated");
        self.producer.purge();
        self.broken = true;
    }

    /// Puts a new client in the place of the one that is of no use, once it is made.
    fn renew(&mut self) {
        match self.maker.make() {
            None => {}
            Some(Ok(mut producer)) => {
                let topics = self.topics.iter().enumerate();
                topics
                    .filter(|(_, topic)| topic.users > 0)
                    .for_each(|(place, topic)| producer.open_topic(place, &topic.name));
                self.producer = producer;
                self.broken = false;
            }
            Some(Err(error)) => self.health.failed(&error.to_string()),
        }
    }
}

impl Sink for KafkaSink {
    fn topic(&mut self, name: &str) -> TopicId {
        let is_known = |topic: &Topic| topic.users > 0 && topic.name == name;
        let place = self.topics.iter().position(is_known).unwrap_or_else(|| {
            let free = self.topics.iter().position(|topic| topic.users == 0);
            let place = free.unwrap_or_else(|| {
                self.topics.push(Topic::default());
                self.topics.len() - 1
            });
            self.topics[place].name = name.to_owned();
            self.producer.open_topic(place, name);
            place
        });
        self.topics[place].users += 1;
        TopicId(u32::try_from(place).expect("fewer topics than numbers"))
    }

    fn close(&mut self, topic: TopicId) -> bool {
        let place = topic.0 as usize;
        let Some(known) = self.topics.get_mut(place).filter(|topic| topic.users > 0) else {
            return false;
        };
        known.users -= 1;
        if known.users > 0 {
            return false;
        }
        self.producer.close_topic(place);
        true
    }

    fn send(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<(), SendError> {
        if self.broken {
            return Err(SendError::Full);
        }
        match self.producer.send(message, ticket) {
            Ok(()) => {
                self.sent += 1;
                self.unanswered += 1;
                Ok(())
            }
            Err(Code::QueueFull) => Err(SendError::Full),
            Err(Code::Fatal) => {
                self.breaks();
                Err(SendError::Full)
            }
            Err(code) => {
                // Nobody will report it.
                self.health.not_delivered();
                Err(meaning(code))
            }
        }
    }

    fn acknowledged(&mut self) -> Option<(Ticket, Result<(), SendError>)> {
        let Some(report) = self.producer.report() else {
            // Also when nobody sends anything: the next message shall find a producer.
            if !self.broken && self.producer.has_failed() {
                self.breaks();
            }
            if self.broken && self.producer.pending() == 0 {
                self.renew();
            }
            return None;
        };
        self.unanswered = self.unanswered.saturating_sub(1);
        self.silence.ends();
        if report.1.is_some() {
            self.health.not_delivered();
        } else if self.health.in_doubt() {
            self.health.answered();
        }
        Some(self.answer(report))
    }

    fn returned(&mut self) -> Option<Returned> {
        self.returned.take()
    }

    fn push(&mut self) {
        if self.sent > 0 {
            self.producer.push(std::mem::take(&mut self.sent));
        }
        if self.told != self.unanswered {
            self.health.waits(self.told, self.unanswered);
            self.told = self.unanswered;
        }
        if self.unanswered > 0 && self.silence.is_long(Instant::now()) {
            self.producer.remind();
        }
    }

    fn capacity(&self) -> usize {
        capacity(&self.config)
    }
}

/// Returns what librdkafka's queue holds: it limits bytes and messages.
fn capacity(config: &ClientConfig) -> usize {
    let limit = |key: &str| config.get(key).and_then(|text| text.parse::<usize>().ok());
    let bytes = limit("queue.buffering.max.kbytes")
        .unwrap_or(1 << 20)
        .saturating_mul(1 << 10);
    match limit("queue.buffering.max.messages").unwrap_or(100_000) {
        0 => bytes,
        messages => bytes.min(messages.saturating_mul(MESSAGE_OVERHEAD)),
    }
}

/// Nobody waits for the answers of a sink that is gone.
impl Drop for KafkaSink {
    fn drop(&mut self) {
        self.health.waits(self.told, 0);
    }
}

/// How long no message was answered.
#[derive(Default)]
struct Silence {
    /// When something is to be done about it, and how long it was waited for.
    limit: Option<(Instant, Duration)>,
}

impl Silence {
    fn ends(&mut self) {
        self.limit = None;
    }

    /// Says, each time after twice as long a wait, that it is long.
    fn is_long(&mut self, now: Instant) -> bool {
        let (until, wait) = *self.limit.get_or_insert((now + SILENCE.0, SILENCE.0));
        let is_long = now >= until;
        if is_long {
            let wait = (wait * 2).min(SILENCE.1);
            self.limit = Some((now + wait, wait));
        }
        is_long
    }
}

/// Says what helps.
fn mend(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::UnknownTopic | Code::UnknownTopicOrPartition => "create the topic",
        Code::UnknownPartition => "the topic has no such partition",
        Code::TopicAuthorizationFailed => "allow this client to write to the topic (ACLs: Write, Describe)",
        Code::MessageSizeTooLarge | Code::MessageBatchTooLarge => {
            "raise the topic's max.message.bytes and the producer's message.max.bytes"
        }
        Code::MessageTimedOut => {
            "check that the brokers of all its partitions are up, and that it has at least min.insync.replicas \
             in-sync replicas"
        }
        _ => return None,
    })
}

/// Tells an error that stays from one that may pass.
fn meaning(code: Code) -> SendError {
    let text = match mend(code) {
        Some(mend) => format!("{code}; {mend}"),
        None => code.to_string(),
    };
    match code {
        Code::MessageSizeTooLarge | Code::MessageBatchTooLarge | Code::InvalidMessageSize => {
            SendError::TooLarge(text)
        }
        Code::InvalidRecord
        | Code::PolicyViolation
        | Code::InvalidTopic
        | Code::UnknownTopic
        | Code::UnknownTopicOrPartition
        | Code::UnknownPartition
        | Code::TopicAuthorizationFailed => SendError::Refused(text),
        _ => SendError::Failed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_holds_what_its_smaller_limit_says() {
        let mut config = ClientConfig::new();
        config.set("queue.buffering.max.kbytes", "65536");
        assert_eq!(capacity(&config), 100_000 * MESSAGE_OVERHEAD);
        config.set("queue.buffering.max.messages", "0");
        assert_eq!(capacity(&config), 64 << 20);
        config.set("queue.buffering.max.messages", "10");
        assert_eq!(capacity(&config), 10 * MESSAGE_OVERHEAD);
    }

    #[test]
    fn a_producer_that_fails_while_nobody_sends_is_replaced() {
        let config = Config {
            brokers: "127.0.0.1:1".to_owned(),
            ..Config::default()
        };
        let sink = KafkaSink::start(&config, "test", Wake::new(), &Arc::default());
        let mut sink = sink.expect("a producer");
        sink.topic("out");
        sink.producer.fail();
        let (start, mut was_broken) = (Instant::now(), false);
        while !was_broken || sink.broken {
            assert!(start.elapsed() < Duration::from_secs(20), "it is replaced");
            assert!(sink.acknowledged().is_none(), "nothing was sent");
            was_broken |= sink.broken;
            std::thread::yield_now();
        }
        assert!(!sink.producer.has_failed());
    }

    #[test]
    fn a_silence_is_long_again_after_twice_the_time() {
        let (mut silence, start) = (Silence::default(), Instant::now());
        let mut long = |seconds| silence.is_long(start + Duration::from_secs(seconds));
        assert_eq!(
            [0, 1, 2, 3, 6, 7].map(&mut long),
            [false, true, false, true, false, true]
        );
        silence.ends();
        assert!(!silence.is_long(start + Duration::from_secs(8)));
    }
}
