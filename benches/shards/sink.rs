//! A sink for nobody: copies messages, as every client does, acknowledges them and throws them away.
//!
//! The memory sink would hand them to a thread that reads them, and that thread would be measured too.

use std::collections::VecDeque;
use stepstream::stream::{Message, Returned, SendError, Sink, Ticket, TopicId};

/// Used by one shard.
#[derive(Default)]
pub(crate) struct Discard {
    bytes: Vec<u8>,
    sent: VecDeque<Ticket>,
    /// How many of them are pushed.
    pushed: usize,
}

impl Sink for Discard {
    fn topic(&mut self, _name: &str) -> TopicId {
        TopicId(0)
    }

    fn send(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<(), SendError> {
        for part in [message.key, message.value].into_iter().flatten() {
            self.bytes.extend_from_slice(part);
        }
        for (name, value) in message.headers {
            self.bytes.extend_from_slice(name.as_bytes());
            self.bytes.extend_from_slice(value.unwrap_or_default());
        }
        self.sent.push_back(ticket);
        Ok(())
    }

    fn acknowledged(&mut self) -> Option<(Ticket, Result<(), SendError>)> {
        self.pushed = self.pushed.checked_sub(1)?;
        Some((self.sent.pop_front()?, Ok(())))
    }

    fn returned(&mut self) -> Option<Returned> {
        None
    }

    fn push(&mut self) {
        std::hint::black_box(&self.bytes);
        self.bytes.clear();
        self.pushed = self.sent.len();
    }
}
