//! Questions and orders to a cluster before anything is read or written: is a topic there, make one.
//!
//! Must not know who asks. Invariant: asking never creates a topic, and every call ends in bounded time.

use super::client::{Consumer, Context, consumer, partitions_in};
use super::config::Config;
use super::health::Health;
use super::native_token;
use super::subscription::{SourceConfig, Start, Subscription};
use crate::stream::kafka::Error;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long brokers have to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long one try may take; between tries it is looked whether the credentials were refused.
const TRY: Duration = Duration::from_secs(2);
/// How long to wait before asking for a new topic again.
const PAUSE: Duration = Duration::from_millis(50);

/// Returns how many partitions a topic has, 0 when there is none of that name.
///
/// # Errors
/// When the configuration is not usable, or the brokers do not answer or refuse the credentials.
pub fn partitions(config: &Config, topic: &str) -> Result<usize, Error> {
    Question::new(config, topic)?.partitions(topic)
}

/// A client that asks.
struct Question {
    consumer: Consumer,
    health: Arc<Health>,
    brokers: String,
}

impl Question {
    fn new(config: &Config, topic: &str) -> Result<Question, Error> {
        let health = Arc::new(Health::default());
        let client = config.consumer(&asking(topic))?;
        let context = Context::new("question", health.clone(), config.consumer_tokens());
        let consumer = consumer(&client, context);
        Ok(Question {
            consumer: consumer.map_err(|error| Error::Client(error.to_string()))?,
            health,
            brokers: config.brokers.clone(),
        })
    }

    fn partitions(&self, topic: &str) -> Result<usize, Error> {
        let until = Instant::now() + TIMEOUT;
        loop {
            let answer = self.consumer.fetch_metadata(Some(topic), TRY);
            // Brings what went wrong to the context.
            while let Some(Err(_)) = self.consumer.poll(Duration::ZERO) {}
            let error = match answer {
                Ok(metadata) => match partitions_in(&metadata, topic) {
                    Ok(partitions) => return Ok(partitions.unwrap_or(0)),
                    Err(code @ (Code::TopicAuthorizationFailed | Code::InvalidTopic)) => {
                        return Err(Error::Client(format!("topic {topic}: {code}")));
                    }
                    // Of a topic that was just made, say.
                    Err(code) => KafkaError::MetadataFetch(code),
                },
                Err(error) => error,
            };
            if let Some(text) = self.health.authentication() {
                let text = format!("{} refuses the credentials: {text}", self.brokers);
                return Err(Error::Client(text));
            }
            if Instant::now() >= until {
                return Err(unreachable(&self.brokers, &error));
            }
        }
    }

    /// Waits until a new topic is known: the brokers tell each other after they have said yes.
    fn wait_for(&self, topic: &str) -> Result<(), Error> {
        let until = Instant::now() + TIMEOUT;
        while self.partitions(topic)? == 0 {
            if Instant::now() >= until {
                return Err(Error::Client(format!(
                    "topic {topic} was created but does not appear"
                )));
            }
            self.consumer.poll(PAUSE);
        }
        Ok(())
    }
}

/// A consumer that only asks; it joins no group.
fn asking(topic: &str) -> SourceConfig {
    SourceConfig {
        name: "question".to_owned(),
        subscription: Subscription::Topics(vec![topic.to_owned()]),
        group: "stepstream-question".to_owned(),
        instance_id: None,
        start: Start::Earliest,
        drain_timeout: Duration::from_secs(1),
        at_most_once: false,
        until_end: false,
    }
}

/// Creates topics, with as many copies as the brokers make by default, and waits until they are known.
///
/// # Errors
/// When the brokers do not answer, or refuse one of them.
pub fn create_topics(config: &Config, names: &[&str], partitions: i32) -> Result<(), Error> {
    let question = Question::new(config, "")?;
    // A wrong address is told here, within seconds.
    question.partitions(names.first().copied().unwrap_or_default())?;
    let admin: AdminClient<DefaultClientContext> = config
        .producer("admin")?
        .create()
        .map_err(|error| Error::Client(error.to_string()))?;
    if let Some(tokens) = config.producer_tokens() {
        native_token::refresh(admin.inner(), &tokens);
    }
    let topics = names
        .iter()
        .map(|name| NewTopic::new(name, partitions, TopicReplication::Fixed(-1)));
    let topics: Vec<_> = topics.collect();
    let options = AdminOptions::new()
        .request_timeout(Some(TIMEOUT))
        .operation_timeout(Some(TIMEOUT));
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| Error::Client(error.to_string()))?;
    let results = runtime.block_on(admin.create_topics(&topics, &options));
    for result in results.map_err(|error| unreachable(&config.brokers, &error))? {
        result.map_err(|(name, code)| Error::Client(format!("cannot create topic {name}: {code}")))?;
    }
    names.iter().try_for_each(|name| question.wait_for(name))
}

fn unreachable(brokers: &str, error: &KafkaError) -> Error {
    Error::Client(format!("{brokers} does not answer: {error}"))
}
