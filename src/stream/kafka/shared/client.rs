//! What librdkafka tells a consumer: rebalances, answers to commits, errors, log lines.
//!
//! Owns the context of the client; it only writes down what happens, the control thread acts on it. Must
//! not know shards. Invariant: nothing here waits or calls back into librdkafka, but for a consumer that
//! nobody controls any more, whose rebalances are answered at once so that it can be closed.

use super::coordinator::refusal;
use super::health::{Health, locked};
use super::iam::{MECHANISM, Tokens};
use super::native_token;
use rdkafka::TopicPartitionList;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use rdkafka::statistics::Statistics;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientConfig, ClientContext};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

/// The consumer of one workflow.
pub(crate) type Consumer = BaseConsumer<Context>;

/// A partition of a topic.
pub(crate) type TopicPartition = (Arc<str>, i32);

/// What happened to the group or its commits.
#[derive(Debug)]
pub(crate) enum Happened {
    /// These are ours, if we say so.
    Assign(Vec<TopicPartition>),
    /// These are to be given back.
    Revoke(Vec<TopicPartition>),
    /// A commit was answered: as a whole, or with an error of single partitions.
    Committed(
        Option<RDKafkaErrorCode>,
        Vec<(TopicPartition, Option<RDKafkaErrorCode>)>,
    ),
}

/// Receives what librdkafka tells.
pub(crate) struct Context {
    name: String,
    health: Arc<Health>,
    happened: Mutex<Vec<Happened>>,
    calls: AtomicU64,
    abandoned: AtomicBool,
    tokens: Option<Tokens>,
}

/// Creates a consumer, with its first token where the brokers want those of AWS.
///
/// # Errors
/// librdkafka's.
pub(crate) fn consumer(config: &ClientConfig, context: Context) -> KafkaResult<Consumer> {
    let consumer: Consumer = config.create_with_context(context)?;
    if let Some(tokens) = &consumer.context().tokens {
        native_token::refresh(consumer.client(), tokens);
    }
    Ok(consumer)
}

impl Context {
    pub(crate) fn new(name: &str, health: Arc<Health>, tokens: Option<Tokens>) -> Context {
        let (happened, calls, abandoned) = (Mutex::default(), AtomicU64::new(0), AtomicBool::new(false));
        Context {
            name: name.to_owned(),
            health,
            happened,
            calls,
            abandoned,
            tokens,
        }
    }

    /// Takes what has happened. Bounded: librdkafka waits for the answer to a rebalance, and one commit is
    /// under way at a time.
    pub(crate) fn take(&self) -> Vec<Happened> {
        std::mem::take(&mut *locked(&self.happened))
    }

    /// Returns how often librdkafka has called: a poll that leaves it unchanged found nothing.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Relaxed)
    }

    /// From now on nobody answers rebalances.
    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Relaxed);
    }

    fn push(&self, happened: Happened) {
        self.called();
        locked(&self.happened).push(happened);
    }

    fn called(&self) {
        self.calls.fetch_add(1, Relaxed);
    }
}

impl ClientContext for Context {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        let tokens = self
            .tokens
            .as_ref()
            .ok_or("nobody here makes tokens (check sasl.oauthbearer.method)")?;
        let token = tokens.0.token().map_err(|why| format!("{MECHANISM}: {why}"))?;
        Ok(OAuthToken {
            token: token.text,
            principal_name: token.principal,
            lifetime_ms: token.expires_at_ms,
        })
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        self.called();
        log(level, &self.name, facility, text);
    }

    fn stats(&self, _: Statistics) {}

    fn stats_raw(&self, _: &[u8]) {
        self.called();
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.called();
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
        note_error(&self.health, &self.name, code, reason);
    }
}

impl ConsumerContext for Context {
    fn rebalance(&self, consumer: &Consumer, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        if self.abandoned.load(Relaxed) {
            // While closing librdkafka takes any answer as "nothing is assigned".
            let _ = consumer.unassign();
            return self.called();
        }
        match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.push(Happened::Assign(names(list))),
            _ => self.push(Happened::Revoke(names(list))),
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, list: &TopicPartitionList) {
        let code = |error: KafkaError| error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
        let errors = list
            .elements()
            .iter()
            .map(|element| element.error().err().map(code))
            .collect::<Vec<_>>();
        let partitions = names(list).into_iter().zip(errors).collect();
        self.push(Happened::Committed(result.err().map(code), partitions));
    }
}

/// Returns how many partitions a topic has, as metadata tells it; `None` when there is no topic of that name.
///
/// # Errors
/// What the brokers say instead of an answer.
pub(crate) fn partitions_in(metadata: &Metadata, topic: &str) -> Result<Option<usize>, RDKafkaErrorCode> {
    let known = metadata.topics().iter().find(|known| known.name() == topic);
    let known = known.ok_or(RDKafkaErrorCode::Unknown)?;
    match known.error() {
        None => Ok(Some(known.partitions().len())),
        Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) => Ok(None),
        Some(code) => Err(code.into()),
    }
}

fn names(list: &TopicPartitionList) -> Vec<TopicPartition> {
    let elements = list.elements();
    elements
        .iter()
        .map(|element| (Arc::from(element.topic()), element.partition()))
        .collect()
}

/// Notes an error that is not about one message, and says what to do where that is known.
pub(crate) fn note_error(health: &Health, name: &str, code: RDKafkaErrorCode, reason: &str) {
    use RDKafkaErrorCode as Code;
    if let Some(why) = refusal(code) {
        note_group_refusal(health, name, why, reason);
        return health.failed(reason);
    }
    match code {
        Code::Authentication | Code::SaslAuthenticationFailed => note_refusal(health, name, reason),
        Code::AllBrokersDown => note_down(health, name, reason),
        _ if is_about_certificate(reason) => note_refusal(health, name, reason),
        Code::BrokerTransportFailure | Code::OperationTimedOut | Code::Resolve => {
            health.suspect();
            tracing::warn!(client = name, "{reason}");
        }
        Code::Fatal => tracing::error!(client = name, "{reason}"),
        _ => tracing::error!(client = name, "{code}: {reason}"),
    }
    health.failed(reason);
}

/// Notes that we are not let in, and says so once.
fn note_refusal(health: &Health, name: &str, reason: &str) {
    if !health.refused(reason) {
        return;
    }
    let check = if reason.contains(MECHANISM) {
        "cannot sign a token for the brokers (check the credentials of AWS)"
    } else if reason.starts_with("Failed to acquire SASL OAUTHBEARER token") {
        "cannot get a token for the brokers (check sasl.oauthbearer.client.id, sasl.oauthbearer.client.secret, \
         sasl.oauthbearer.token.endpoint.url)"
    } else if is_about_certificate(reason) {
        "the brokers refuse our certificate, or require one (check ssl.certificate.location, ssl.key.location)"
    } else if reason.contains("OAUTHBEARER") || reason.contains("invalid_token") {
        "the brokers refuse our token (check sasl.oauthbearer.scope, and the brokers' requirements for tokens)"
    } else {
        "the brokers refuse our credentials (check sasl.username, sasl.password, sasl.mechanism)"
    };
    tracing::error!(client = name, "{check}: {reason}");
}

/// Notes that the group's coordinator does not take us, and says so once: it is asked again each second.
fn note_group_refusal(health: &Health, name: &str, why: &str, reason: &str) {
    if health.refused_by_group(why) {
        tracing::error!(
            client = name,
            "not ready: the group coordinator refuses this member: {why}: {reason}"
        );
    }
}

/// Whether a broker has ended a TLS handshake because of our certificate: its alert's text is OpenSSL's.
fn is_about_certificate(reason: &str) -> bool {
    // Bad, unsupported, revoked, expired, unknown, of an unknown authority; required (RFC 8446, section 6.2).
    const ALERTS: [&str; 7] = ["42", "43", "44", "45", "46", "48", "116"];
    let number = reason.split("SSL alert number ").nth(1).unwrap_or_default();
    let number = number.split(|c: char| !c.is_ascii_digit()).next();
    number.is_some_and(|number| ALERTS.contains(&number))
}

/// Notes that no broker answers, and says so once.
pub(crate) fn note_down(health: &Health, name: &str, reason: &str) {
    if health.all_down() {
        tracing::error!(
            client = name,
            "no broker is reachable (check kafka.brokers and TLS settings): {reason}"
        );
    }
}

/// Hands a line of librdkafka's own log to the diagnostics.
pub(crate) fn log(level: RDKafkaLogLevel, client: &str, facility: &str, text: &str) {
    use RDKafkaLogLevel as Level;
    match level {
        Level::Emerg | Level::Alert | Level::Critical | Level::Error => {
            tracing::error!(target: "librdkafka", client, facility, "{text}");
        }
        Level::Warning => tracing::warn!(target: "librdkafka", client, facility, "{text}"),
        Level::Notice | Level::Info => tracing::info!(target: "librdkafka", client, facility, "{text}"),
        Level::Debug => tracing::debug!(target: "librdkafka", client, facility, "{text}"),
    }
}

/// Returns a consumer whose brokers nobody reaches: nobody listens at the discard port.
#[cfg(test)]
pub(crate) fn unreachable() -> Arc<Consumer> {
    let mut config = rdkafka::ClientConfig::new();
    config
        .set("bootstrap.servers", "127.0.0.1:9")
        .set("group.id", "test");
    let context = Context::new("test", Arc::default(), None);
    Arc::new(consumer(&config, context).expect("a client"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_about_certificates_are_told_from_others() {
        let alert =
            |text: &str| format!("ssl://kafka:9093/1: Receive failed: {text} (after 0ms in state UP)");
        let required = alert("SSL routines::tlsv13 alert certificate required: SSL alert number 116");
        assert!(is_about_certificate(&required));
        let version = alert("SSL routines::tlsv1 alert protocol version: SSL alert number 70");
        assert!(!is_about_certificate(&version));
        assert!(!is_about_certificate("ssl://kafka:9093/1: Disconnected"));
    }
}
