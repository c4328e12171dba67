//! How many bytes the clients of a configuration may hold, with the properties that the user has set.
//!
//! Owns the reckoning; the bounds are those of [`super::buffers`].

use super::buffers::{
    BROKERS_SUPPOSED, FETCHED_KEY, MESSAGE_BYTES, MESSAGE_KEY, PRODUCED_KEY, QUEUED_KEY, QUEUED_MESSAGES_KEY,
    UNPACKED,
};
use super::config::{Config, Properties};

impl Config {
    /// Returns how many bytes a queue of fetched events takes before no more are asked for, with the user's properties.
    pub fn queued_bytes(&self) -> u64 {
        let queued = self.set_by_user(&self.consumer, QUEUED_KEY);
        let messages = self.set_by_user(&self.consumer, QUEUED_MESSAGES_KEY);
        queued.map_or(self.buffers.queued, |kilobytes| kilobytes << 10)
            + messages.unwrap_or(self.buffers.messages) * MESSAGE_BYTES
    }

    /// Returns how many bytes of a consumer may be on their way to its queues, with the user's properties: an answer of
    /// each broker that is supposed to be there, unpacked.
    pub fn fetched_bytes(&self) -> u64 {
        let fetched = self.set_by_user(&self.consumer, FETCHED_KEY);
        let message = self.set_by_user(&self.consumer, MESSAGE_KEY).unwrap_or(0);
        fetched.unwrap_or(self.buffers.fetched.max(message)) * BROKERS_SUPPOSED * UNPACKED
    }

    /// Returns how many bytes a producer takes at most, with the user's properties.
    pub fn produced_bytes(&self) -> u64 {
        let produced = self.set_by_user(&self.producer, PRODUCED_KEY);
        produced.map_or(self.buffers.produced, |kilobytes| kilobytes << 10)
    }

    fn set_by_user(&self, kind: &Properties, key: &str) -> Option<u64> {
        let value = kind.0.get(key).or_else(|| self.properties.0.get(key))?;
        // More would be refused; it must not overflow before.
        value.to_string().trim().parse::<u32>().ok().map(u64::from)
    }
}
