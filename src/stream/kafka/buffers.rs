//! How much the clients may hold: fetched and not taken, taken and not acknowledged.
//!
//! Owns the properties that bound the clients' memory. Must not know how much there is. Invariant: what the user sets
//! wins, and is what the reckoning goes by. Not reckoned: brokers beyond the supposed number, and what a compressed
//! answer grows to before its events are queued.

use super::Config;
use rdkafka::ClientConfig;

/// Bytes that a queue of fetched events holds where there is memory enough.
const QUEUED_MAX: u64 = 64 << 20;
/// Bytes of messages that a producer holds where there is memory enough.
const PRODUCED_MAX: u64 = 64 << 20;
/// The least of each: librdkafka takes an event, or a message, of the usual limit.
const QUEUED_MIN: u64 = 256 << 10;
const PRODUCED_MIN: u64 = 4 << 20;
/// What one answer of a broker holds at most: librdkafka's own bounds, the least of which a batch needs.
const FETCHED_MAX: u64 = 52_428_800;
const FETCHED_MIN: u64 = 1 << 20;

/// Brokers that have partitions of a consumer, as is supposed: each has an answer to it under way.
pub(super) const BROKERS_SUPPOSED: u64 = 3;

const QUEUED_KEY: &str = "queued.max.messages.kbytes";
const PRODUCED_KEY: &str = "queue.buffering.max.kbytes";
const FETCHED_KEY: &str = "fetch.max.bytes";
const RECEIVED_KEY: &str = "receive.message.max.bytes";
/// What librdkafka demands of that beyond `fetch.max.bytes`.
const FRAMING_BYTES: u64 = 512;
const MESSAGE_KEY: &str = "message.max.bytes";

/// Most bytes that clients hold, each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffers {
    queued: u64,
    fetched: u64,
    produced: u64,
}

impl Default for Buffers {
    fn default() -> Buffers {
        Buffers {
            queued: QUEUED_MAX,
            fetched: FETCHED_MAX,
            produced: PRODUCED_MAX,
        }
    }
}

impl Buffers {
    /// Returns those of a share of memory: for each queue of fetched events, and for each producer. What is under way
    /// to the queues may come to as much as one of them, from all brokers together.
    pub fn within(queued: u64, produced: u64) -> Buffers {
        Buffers {
            queued: queued.clamp(QUEUED_MIN, QUEUED_MAX),
            fetched: (queued / BROKERS_SUPPOSED).clamp(FETCHED_MIN, FETCHED_MAX),
            produced: produced.clamp(PRODUCED_MIN, PRODUCED_MAX),
        }
    }

    /// Sets a consumer's properties, before the user's.
    pub(super) fn set_consumer(self, client: &mut ClientConfig) {
        client.set(QUEUED_KEY, (self.queued / 1024).to_string());
        client.set(FETCHED_KEY, self.fetched.to_string());
    }

    /// Sets a producer's properties, before the user's: a message larger than the queue would wait for ever.
    pub(super) fn set_producer(self, client: &mut ClientConfig) {
        client.set(PRODUCED_KEY, (self.produced / 1024).to_string());
        let message = client.get(MESSAGE_KEY).and_then(|text| text.parse::<u64>().ok());
        if let Some(message) = message {
            client.set(MESSAGE_KEY, message.min(self.produced / 2).to_string());
        }
    }

    /// Makes a consumer's properties fit each other when the user has set some of them.
    pub(super) fn fit(client: &mut ClientConfig, is_set: impl Fn(&str) -> bool) {
        let number = |client: &ClientConfig, key: &str| client.get(key)?.trim().parse::<u64>().ok();
        // librdkafka refuses an answer that is smaller than a message.
        if let (Some(fetched), Some(message)) = (number(client, FETCHED_KEY), number(client, MESSAGE_KEY))
            && fetched < message
            && !is_set(FETCHED_KEY)
        {
            client.set(FETCHED_KEY, message.to_string());
        }
        // And one that has no room in what the user lets it receive. A limit that nobody has set is raised by librdkafka,
        // and is not lowered here: a batch that is larger would stop its partition for good.
        if let (Some(fetched), Some(received)) = (number(client, FETCHED_KEY), number(client, RECEIVED_KEY))
            && fetched + FRAMING_BYTES > received
            && !is_set(FETCHED_KEY)
        {
            client.set(FETCHED_KEY, received.saturating_sub(FRAMING_BYTES).to_string());
        }
    }
}

impl Config {
    /// Returns how many bytes a queue of fetched events takes before no more are asked for, with the user's properties.
    pub fn queued_bytes(&self) -> u64 {
        let queued = self.set_by_user(&self.consumer, QUEUED_KEY);
        queued.map_or(self.buffers.queued, |kilobytes| kilobytes << 10)
    }

    /// Returns how many bytes of a consumer may be on their way to its queues, with the user's properties: an answer of
    /// each broker that is supposed to be there.
    pub fn fetched_bytes(&self) -> u64 {
        let fetched = self.set_by_user(&self.consumer, FETCHED_KEY);
        let message = self.set_by_user(&self.consumer, MESSAGE_KEY).unwrap_or(0);
        fetched.unwrap_or(self.buffers.fetched.max(message)) * BROKERS_SUPPOSED
    }

    /// Returns how many bytes a producer takes at most, with the user's properties.
    pub fn produced_bytes(&self) -> u64 {
        let produced = self.set_by_user(&self.producer, PRODUCED_KEY);
        produced.map_or(self.buffers.produced, |kilobytes| kilobytes << 10)
    }

    fn set_by_user(&self, kind: &super::Properties, key: &str) -> Option<u64> {
        let value = kind.0.get(key).or_else(|| self.properties.0.get(key))?;
        // More would be refused; it must not overflow before.
        value.to_string().trim().parse::<u32>().ok().map(u64::from)
    }
}
