//! Events in one buffer.

use crate::stream::{PartitionId, Record};
use std::ops::Range;

/// Events of one partition, their bytes in one buffer: what a source hands over at a time.
#[derive(Clone, Debug)]
pub struct Block {
    partition: PartitionId,
    bytes: Vec<u8>,
    events: Vec<Event>,
}

#[derive(Clone, Debug)]
struct Event {
    offset: i64,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
}

impl Default for Block {
    fn default() -> Block {
        Block::new(PartitionId(0))
    }
}

impl Block {
    /// Creates a block for events of a partition.
    pub fn new(partition: PartitionId) -> Block {
        Block {
            partition,
            bytes: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Adds an event with a value alone, such as a line.
    pub fn push(&mut self, offset: i64, value: &[u8]) {
        self.push_event(offset, None, Some(value));
    }

    /// Adds an event.
    pub fn push_event(&mut self, offset: i64, key: Option<&[u8]>, value: Option<&[u8]>) {
        let [key, value] = [key, value].map(|part| {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(part?);
            Some(start..self.bytes.len())
        });
        self.events.push(Event { offset, key, value });
    }

    /// Returns how many events it has.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Says whether it has none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Returns how many bytes its events have.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Takes all events out; keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.events.clear();
    }

    /// Returns an event, its offset moved by `shift`.
    pub(super) fn record(&self, at: usize, shift: i64) -> Record<'_> {
        let event = &self.events[at];
        let part = |range: &Option<Range<usize>>| range.clone().map(|range| &self.bytes[range]);
        Record {
            partition: self.partition,
            offset: event.offset + shift,
            timestamp_ms: 0,
            key: part(&event.key),
            value: part(&event.value),
            headers: &(),
        }
    }
}
