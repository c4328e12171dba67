//! What carries off what events leave behind, and the buffers in which that is put together.
//!
//! Must not know workflows.

use super::outbox::{Outbox, Undelivered};
use crate::clock::Now;
use crate::stream::{SendError, Ticket};
use crate::value::Heap;

/// After what time it is told again that replies cannot go where events say.
pub(super) const REFUSAL_TOLD_MS: i64 = 60_000;

/// What all lanes of a shard use to send what their events leave behind.
pub(super) struct Dispatch {
    pub(super) now: Now,
    pub(super) outbox: Outbox,
    /// An output, or a reply.
    pub(super) output: Vec<u8>,
    /// An input that is more than an event's value.
    pub(super) input: Vec<u8>,
    /// Checks values that become part of a larger input.
    pub(super) checked: Heap,
    /// Until when replies that cannot be delivered are not told: events choose where they go.
    lost_reply_told_until_ms: i64,
}

impl Dispatch {
    pub(super) fn new(outbox: Outbox, now: Now) -> Dispatch {
        Dispatch {
            now,
            outbox,
            output: Vec::new(),
            input: Vec::new(),
            checked: Heap::new(),
            lost_reply_told_until_ms: i64::MIN,
        }
    }

    /// Says what is wrong with a destination: once, until something arrives there again. Of replies, whose destinations
    /// events choose, one is told now and then.
    pub(super) fn tell(&mut self, what: Undelivered, ticket: Ticket, error: &SendError) {
        let topic = self.outbox.topic_of(ticket);
        match what {
            Undelivered::Retried { is_news: true } => {
                tracing::warn!(
                    topic,
                    "a message was not delivered and is sent again, as will be others: {error}"
                );
            }
            Undelivered::Retried { is_news: false } => {
                tracing::debug!(topic, "a message was not delivered and is sent again: {error}");
            }
            // That was said for all of the workflow's messages.
            Undelivered::Forsaken => {}
            Undelivered::GivenUp if self.now.ms < self.lost_reply_told_until_ms => {}
            Undelivered::GivenUp => {
                self.lost_reply_told_until_ms = self.now.ms + REFUSAL_TOLD_MS;
                tracing::error!(
                    topic,
                    "a reply cannot be delivered and is dropped: {error}; similar messages are suppressed for a minute"
                );
            }
        }
    }
}
