//! How much the clients may hold: fetched and not taken, taken and not acknowledged.
//!
//! Owns the properties that bound the clients' memory. Must not know how much there is. Invariant: what the user sets
//! wins, and is what the reckoning goes by.

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

const QUEUED_KEY: &str = "queued.max.messages.kbytes";
const PRODUCED_KEY: &str = "queue.buffering.max.kbytes";
const FETCHED_KEY: &str = "fetch.max.bytes";
const MESSAGE_KEY: &str = "message.max.bytes";

/// Most bytes that clients hold, each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffers {
    queued: u64,
    produced: u64,
}

impl Default for Buffers {
    fn default() -> Buffers {
        Buffers {
            queued: QUEUED_MAX,
            produced: PRODUCED_MAX,
        }
    }
}

impl Buffers {
    /// Returns those of a share of memory: for each queue of fetched events, and for each producer.
    pub fn within(queued: u64, produced: u64) -> Buffers {
        Buffers {
            queued: queued.clamp(QUEUED_MIN, QUEUED_MAX),
            produced: produced.clamp(PRODUCED_MIN, PRODUCED_MAX),
        }
    }

    /// Sets a consumer's properties, before the user's.
    pub(super) fn set_consumer(self, client: &mut ClientConfig) {
        client.set(QUEUED_KEY, (self.queued / 1024).to_string());
        client.set(FETCHED_KEY, self.fetched().to_string());
    }

    /// What is fetched at a time may come to what is queued already.
    fn fetched(self) -> u64 {
        self.queued.clamp(FETCHED_MIN, FETCHED_MAX)
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
        let number = |key: &str| client.get(key).and_then(|text| text.trim().parse::<u64>().ok());
        // librdkafka refuses an answer that is smaller than a message.
        if let (Some(fetched), Some(message)) = (number(FETCHED_KEY), number(MESSAGE_KEY))
            && fetched < message
            && !is_set(FETCHED_KEY)
        {
            client.set(FETCHED_KEY, message.to_string());
        }
    }
}

impl Config {
    /// Returns how many bytes a queue of fetched events takes before no more are asked for, with the user's properties.
    pub fn queued_bytes(&self) -> u64 {
        let queued = self.set_by_user(&self.consumer, QUEUED_KEY);
        queued.map_or(self.buffers.queued, |kilobytes| kilobytes << 10)
    }

    /// Returns how many bytes of a consumer may be on their way to its queues, with the user's properties.
    pub fn fetched_bytes(&self) -> u64 {
        let fetched = self.set_by_user(&self.consumer, FETCHED_KEY);
        fetched.unwrap_or(self.buffers.fetched())
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
