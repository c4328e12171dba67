//! How much the clients may hold: fetched and not taken, taken and not acknowledged.
//!
//! Owns the properties that bound the clients' memory. Must not know how much there is. Invariant: what the user sets
//! wins, and is what the reckoning goes by. Not reckoned: brokers beyond the supposed number, and what a compressed
//! answer grows to beyond the supposed factor.

use rdkafka::ClientConfig;

/// Bytes that a queue of fetched events holds where there is memory enough.
const QUEUED_MAX: u64 = 64 << 20;
/// Events that such a queue holds where there is memory enough, and at least.
const QUEUED_MESSAGES: (u64, u64) = (20_000, 1_000);
/// What librdkafka keeps for each event in a queue beside its bytes, which are all that its limit counts: events of a few
/// bytes would take many times what it says.
pub(super) const MESSAGE_BYTES: u64 = 512;
/// Bytes of messages that a producer holds where there is memory enough.
const PRODUCED_MAX: u64 = 64 << 20;
/// The least of each: librdkafka takes an event, or a message, of the usual limit.
const QUEUED_MIN: u64 = 256 << 10;
const PRODUCED_MIN: u64 = 4 << 20;
/// What one answer of a broker holds at most: librdkafka's own bounds, the least of which a batch needs.
const FETCHED_MAX: u64 = 52_428_800;
const FETCHED_MIN: u64 = 1 << 20;

/// What an answer holds of one partition, where there is memory enough and at least: a batch comes whole however large it
/// is, and batches may be packed to a hundredth.
const PARTITION_MAX: u64 = 1 << 20;
const PARTITION_MIN: u64 = 16 << 10;
/// What of a queue that may be, as a divisor: what is easy to pack comes to as much as the queue.
const PARTITION: u64 = 512;

/// Brokers that have partitions of a consumer, as is supposed: each has an answer to it under way.
pub(crate) const BROKERS_SUPPOSED: u64 = 3;

/// How many times its bytes an answer is supposed to take once it is unpacked and in the queues: batches are compressed,
/// and small events take more than their bytes.
pub(crate) const UNPACKED: u64 = 4;

pub(super) const QUEUED_MESSAGES_KEY: &str = "queued.min.messages";
pub(super) const QUEUED_KEY: &str = "queued.max.messages.kbytes";
pub(super) const PRODUCED_KEY: &str = "queue.buffering.max.kbytes";
pub(super) const FETCHED_KEY: &str = "fetch.max.bytes";
/// Two names of one property.
const PARTITION_KEYS: [&str; 2] = ["fetch.message.max.bytes", "max.partition.fetch.bytes"];
const RECEIVED_KEY: &str = "receive.message.max.bytes";
/// What librdkafka demands of that beyond `fetch.max.bytes`.
const FRAMING_BYTES: u64 = 512;
pub(super) const MESSAGE_KEY: &str = "message.max.bytes";

/// Most bytes that clients hold, each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffers {
    pub(super) queued: u64,
    pub(super) messages: u64,
    pub(super) fetched: u64,
    /// Of one partition.
    pub(super) fetched_of_each: u64,
    pub(super) produced: u64,
}

impl Default for Buffers {
    fn default() -> Buffers {
        Buffers {
            queued: QUEUED_MAX,
            messages: QUEUED_MESSAGES.0,
            fetched: FETCHED_MAX,
            fetched_of_each: PARTITION_MAX,
            produced: PRODUCED_MAX,
        }
    }
}

impl Buffers {
    /// Returns those of a share of memory: for each queue of fetched events, and for each producer. Half of a queue is
    /// for the events' bytes, half for what librdkafka keeps beside them. What is under way to the queues may come to as
    /// much as one of them, from all brokers together and unpacked.
    pub fn within(queued: u64, produced: u64) -> Buffers {
        let (most, least) = QUEUED_MESSAGES;
        Buffers {
            queued: (queued / 2).clamp(QUEUED_MIN, QUEUED_MAX),
            messages: (queued / 2 / MESSAGE_BYTES).clamp(least, most),
            fetched: (queued / BROKERS_SUPPOSED / UNPACKED).clamp(FETCHED_MIN, FETCHED_MAX),
            fetched_of_each: (queued / PARTITION).clamp(PARTITION_MIN, PARTITION_MAX),
            produced: produced.clamp(PRODUCED_MIN, PRODUCED_MAX),
        }
    }

    /// Sets a consumer's properties, before the user's.
    pub(crate) fn set_consumer(self, client: &mut ClientConfig) {
        client.set(QUEUED_KEY, (self.queued / 1024).to_string());
        client.set(QUEUED_MESSAGES_KEY, self.messages.to_string());
        client.set(FETCHED_KEY, self.fetched.to_string());
        client.set(PARTITION_KEYS[0], self.fetched_of_each.to_string());
    }

    /// Sets a producer's properties, before the user's: a message larger than the queue would wait for ever.
    pub(crate) fn set_producer(self, client: &mut ClientConfig) {
        client.set(PRODUCED_KEY, (self.produced / 1024).to_string());
        let message = client.get(MESSAGE_KEY).and_then(|text| text.parse::<u64>().ok());
        if let Some(message) = message {
            client.set(MESSAGE_KEY, message.min(self.produced / 2).to_string());
        }
    }

    /// Makes a consumer's properties fit each other when the user has set some of them.
    pub(crate) fn fit(client: &mut ClientConfig, is_set: impl Fn(&str) -> bool) {
        let number = |client: &ClientConfig, key: &str| client.get(key)?.trim().parse::<u64>().ok();
        if is_set(PARTITION_KEYS[1]) && !is_set(PARTITION_KEYS[0]) {
            client.remove(PARTITION_KEYS[0]);
        }
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
