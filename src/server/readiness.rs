//! What makes a workflow unready, in words: brokers, assignment, log, work that does not move on.

use crate::clock::monotonic_ms;
use crate::log::write;
use crate::metrics::{Lag, Logged, Metrics};
use crate::runtime::{Deliveries, Standstill};
use crate::stream::kafka;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An execution ends after five minutes at the latest; an event that is unfinished for so long waits for
/// an acknowledgement that does not come.
const STUCK_AFTER_MS: i64 = 6 * 60 * 1_000;
/// A consumer's thread comes round at least every second; after so long it hangs.
const SILENT_AFTER: Duration = Duration::from_secs(30);

/// How long a workflow is without partitions before that is told: joining a group takes about three seconds.
const UNASSIGNED_AFTER: Duration = Duration::from_secs(5);

/// How long a run to the end of its input waits for a broker.
const UNREACHABLE_AFTER: Duration = Duration::from_secs(60);

/// Says what is wrong with a workflow, if anything.
pub(super) fn workflow(
    name: &str,
    source: &kafka::Health,
    producer: &kafka::Health,
    log: Option<&write::Health>,
    metrics: &Metrics,
) -> Result<(), String> {
    reached(source, "consumer")?;
    taken(source)?;
    there(source)?;
    placed(source)?;
    if !source.ready() {
        return Err("no partitions are assigned yet: waiting for the consumer group".to_owned());
    }
    reached(producer, "producer")?;
    if let Some(log) = log.filter(|log| log.is_failing()) {
        return Err(log
            .trouble()
            .unwrap_or_else(|| "the log cannot be written".to_owned()));
    }
    let oldest_ms = metrics.oldest_unfinished_ms(name, monotonic_ms());
    if oldest_ms > STUCK_AFTER_MS {
        let seconds = oldest_ms / 1_000;
        return Err(format!(
            "stuck: its oldest event is unfinished for {seconds} seconds; an output, dead letter or log record is not acknowledged"
        ));
    }
    Ok(())
}

/// Says which topics take nothing, if any.
pub(super) fn delivered(deliveries: &Deliveries) -> Result<(), String> {
    let standstills = deliveries.standstills(monotonic_ms());
    let texts: Vec<String> = standstills.iter().map(standstill).collect();
    match texts.is_empty() {
        true => Ok(()),
        false => Err(texts.join("; ")),
    }
}

/// Says which topic takes nothing, and what helps as far as that is known.
fn standstill(one: &Standstill) -> String {
    let (topic, seconds) = (&one.topic, one.lasts.as_secs());
    match &one.error {
        Some(error) if error.is_refusal() => {
            format!("topic '{topic}' has refused messages for {seconds} seconds: {error}")
        }
        Some(error) => {
            format!("nothing has been delivered to topic '{topic}' for {seconds} seconds: {error}")
        }
        None => format!(
            "nothing has been delivered to topic '{topic}' for {seconds} seconds: check that it exists, that the \
             brokers of all its partitions are up, and that it has at least min.insync.replicas in-sync replicas"
        ),
    }
}

/// Tells in the diagnostics, once, when a topic stands still and when it moves again, and that a workflow waits for
/// its group.
pub(super) struct Watch {
    deliveries: Deliveries,
    told: BTreeSet<Box<str>>,
    groups: Vec<Group>,
}

/// A workflow's membership in its group.
struct Group {
    workflow: String,
    source: Arc<kafka::Health>,
    /// Since when it has had no partitions handed out.
    since: Instant,
    is_told: bool,
}

impl Group {
    fn look(&mut self) {
        // What else is wrong is told by others.
        let waits = !self.source.ready()
            && reached(&self.source, "").is_ok()
            && taken(&self.source).is_ok()
            && placed(&self.source).is_ok()
            && self.source.absent().is_empty();
        if !waits {
            (self.since, self.is_told) = (Instant::now(), false);
        } else if !self.is_told && self.since.elapsed() >= UNASSIGNED_AFTER {
            self.is_told = true;
            tracing::info!(
                workflow = self.workflow,
                "waiting for the group to assign partitions: it first waits for killed members until their \
                 session.timeout.ms expires"
            );
        }
    }
}

impl Watch {
    /// Creates one of a process's workflows, by name.
    pub(super) fn new(deliveries: Deliveries, workflows: Vec<(String, Arc<kafka::Health>)>) -> Watch {
        let group = |(workflow, source)| Group {
            workflow,
            source,
            since: Instant::now(),
            is_told: false,
        };
        Watch {
            deliveries,
            told: BTreeSet::new(),
            groups: workflows.into_iter().map(group).collect(),
        }
    }

    /// Looks at the topics and the groups.
    pub(super) fn look(&mut self) {
        self.groups.iter_mut().for_each(Group::look);
        let standstills = self.deliveries.standstills(monotonic_ms());
        let is_still = |topic: &str| standstills.iter().any(|one| *one.topic == *topic);
        self.told.retain(|topic| {
            let stays = is_still(topic);
            if !stays {
                tracing::info!(%topic, "messages are delivered again");
            }
            stays
        });
        for one in &standstills {
            if self.told.insert(one.topic.clone()) {
                tracing::error!(
                    "not ready: {}; pending messages are kept and sent again",
                    standstill(one)
                );
            }
        }
    }

    /// Returns how many messages are not delivered, of each topic that has some.
    pub(super) fn waiting(&self) -> BTreeMap<Box<str>, u64> {
        self.deliveries.waiting()
    }

    /// Says why a run to the end of its input will hardly come there, if it is so.
    pub(super) fn hopeless(&self) -> Option<String> {
        let standstills = self.deliveries.standstills(monotonic_ms());
        let hopeless = standstills.iter().find(|one| one.lasts > UNREACHABLE_AFTER);
        hopeless.map(standstill)
    }
}

/// Says what is between a client and the brokers.
fn reached(client: &kafka::Health, which: &str) -> Result<(), String> {
    if let Some(text) = client.authentication() {
        return Err(format!(
            "the brokers refuse the credentials of the {which}: {text}"
        ));
    }
    if let Some(text) = client.fatal() {
        return Err(format!("the {which} has failed: {text}"));
    }
    if let Some(since) = client.down_for() {
        let error = client.last_error().map(|(_, text)| format!(": {text}"));
        let (seconds, error) = (since.as_secs(), error.unwrap_or_default());
        return Err(format!(
            "no broker has been reachable for {seconds} seconds{error}"
        ));
    }
    Ok(())
}

/// Says why the group does not take the consumer, if it does not.
fn taken(source: &kafka::Health) -> Result<(), String> {
    match source.group_refusal() {
        Some(why) => Err(format!("the group coordinator refuses this member: {why}")),
        None => Ok(()),
    }
}

/// Says which of its partitions the consumer does not read yet, if it knows why.
fn placed(source: &kafka::Health) -> Result<(), String> {
    source.not_placed().map_or(Ok(()), Err)
}

/// Says which topics are not there to be read, if any.
fn there(source: &kafka::Health) -> Result<(), String> {
    let absent = source.absent();
    let reasons: Vec<_> = absent
        .iter()
        .map(|(topic, absence)| absence.reason(topic))
        .collect();
    match reasons.is_empty() {
        true => Ok(()),
        false => Err(reasons.join("; ")),
    }
}

/// Says why a run to the end of its input cannot even begin, if it is so: its group does not take it.
pub(super) fn refused(source: &kafka::Health) -> Option<String> {
    taken(source).err()
}

/// Says why a run to the end of its input will hardly come there, if it is so: the brokers refuse the consumer, it
/// has failed, no broker has been reachable for too long, or a topic is not there and nothing else is read. (If
/// others are read, the consumer gives up itself at their ends.)
pub(super) fn hopeless(source: &kafka::Health) -> Option<String> {
    let is_hopeless = source.authentication().is_some()
        || source.fatal().is_some()
        || source.down_for().is_some_and(|since| since > UNREACHABLE_AFTER);
    if is_hopeless {
        return reached(source, "consumer").err();
    }
    let reads_nothing = source.partitions().is_empty();
    reads_nothing.then(|| there(source).err()).flatten()
}

/// Says whether a consumer's thread still comes round.
pub(super) fn consumer_lives(source: &kafka::Health) -> Result<(), String> {
    let silent = source.silent_for();
    match silent > SILENT_AFTER {
        true => Err(format!(
            "the consumer's thread has been silent for {} seconds",
            silent.as_secs()
        )),
        false => Ok(()),
    }
}

/// Returns the lags of the partitions that a consumer has.
pub(super) fn lags(source: &Arc<kafka::Health>) -> Vec<Lag> {
    let partitions = source.partitions();
    let lags = partitions.into_iter().filter_map(|partition| {
        Some(Lag {
            events: partition.lag()? as u64,
            topic: partition.topic,
            partition: partition.number,
        })
    });
    lags.collect()
}

/// Returns what a log writer has done.
pub(super) fn logged(log: &write::Health) -> Logged {
    Logged {
        bytes: log.written_bytes(),
        dropped: log.dropped_records(),
        waiting: log.waiting_bytes(),
    }
}
