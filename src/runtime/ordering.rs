//! Events that must not overtake each other: by key, or by partition.
//!
//! While an execution of a line is in flight, the line's next events wait here, copied. An execution that
//! ends at once never enters. Must not know what an execution is. Invariant: a line has at most one
//! execution in flight, and its events leave in the order they came.

use super::held::Held;
use crate::stream::{PartitionId, Record};
use rustc_hash::{FxHashMap, FxHasher};
use std::collections::VecDeque;
use std::hash::Hasher;

/// In which order events run.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Ordering {
    /// Each as soon as there is room.
    #[default]
    Unordered,
    /// Events of a partition with the same key one after the other; events without a key in any order.
    Key,
    /// Events of a partition one after the other.
    Partition,
}

/// A line of events that run one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct LineId(u64);

/// The lines that have an execution in flight.
#[derive(Default)]
pub(super) struct Lines {
    busy: FxHashMap<LineId, VecDeque<Held>>,
    waiting: usize,
}

impl Ordering {
    /// Returns the line of an event, if it is in one. Keys whose hashes are equal share a line: then
    /// they wait for each other, which costs time and nothing else.
    pub(super) fn line(self, record: &Record<'_>) -> Option<LineId> {
        let mut hasher = FxHasher::default();
        hasher.write_u32(record.partition.0);
        match self {
            Ordering::Unordered => return None,
            Ordering::Key => hasher.write(record.key?),
            Ordering::Partition => {}
        }
        Some(LineId(hasher.finish()))
    }
}

impl Lines {
    /// Says whether an event of the line has to wait.
    pub(super) fn is_busy(&self, line: LineId) -> bool {
        !self.busy.is_empty() && self.busy.contains_key(&line)
    }

    /// Lets an event wait for its turn; its line is busy.
    pub(super) fn wait(&mut self, line: LineId, event: Held) {
        self.waiting += 1;
        self.busy.entry(line).or_default().push_back(event);
    }

    /// Notes that an execution of the line is in flight.
    pub(super) fn begin(&mut self, line: LineId) {
        self.busy.entry(line).or_default();
    }

    /// Ends the line's execution; returns the next event, for which the line stays busy.
    pub(super) fn end(&mut self, line: LineId) -> Option<Held> {
        let queue = self.busy.get_mut(&line)?;
        match queue.pop_front() {
            Some(event) => {
                self.waiting -= 1;
                Some(event)
            }
            None => {
                self.busy.remove(&line);
                None
            }
        }
    }

    /// Forgets the waiting events of a partition; they were not begun.
    pub(super) fn forget(&mut self, partition: PartitionId) {
        for queue in self.busy.values_mut() {
            queue.retain(|event| event.partition != partition);
        }
        self.waiting = self.busy.values().map(VecDeque::len).sum();
    }

    /// Returns how many lines have an execution in flight.
    #[cfg(test)]
    pub(super) fn busy_count(&self) -> usize {
        self.busy.len()
    }

    /// Returns how many events wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execution::account::MachineMeter;

    fn record(key: Option<&'static [u8]>, partition: u32, offset: i64) -> Record<'static> {
        Record {
            partition: PartitionId(partition),
            offset,
            timestamp_ms: 0,
            key,
            value: None,
            headers: &(),
        }
    }

    #[test]
    fn lines() {
        let line = |ordering: Ordering, key, partition| ordering.line(&record(key, partition, 0));
        assert_eq!(line(Ordering::Unordered, Some(b"a"), 0), None);
        assert_eq!(line(Ordering::Key, None, 0), None);
        assert_eq!(
            line(Ordering::Key, Some(b"a"), 0),
            line(Ordering::Key, Some(b"a"), 0)
        );
        assert_ne!(
            line(Ordering::Key, Some(b"a"), 0),
            line(Ordering::Key, Some(b"b"), 0)
        );
        assert_ne!(
            line(Ordering::Key, Some(b"a"), 0),
            line(Ordering::Key, Some(b"a"), 1)
        );
        assert_eq!(
            line(Ordering::Partition, Some(b"a"), 0),
            line(Ordering::Partition, None, 0)
        );
    }

    #[test]
    fn events_of_a_line_leave_in_order() {
        let (mut lines, meter) = (Lines::default(), MachineMeter::default());
        let line = Ordering::Key.line(&record(Some(b"a"), 0, 0)).expect("a line");
        assert!(!lines.is_busy(line));
        lines.begin(line);
        for offset in 1..4 {
            assert!(lines.is_busy(line));
            lines.wait(
                line,
                Held::copy(&record(Some(b"a"), offset as u32 % 2, offset), &meter),
            );
        }
        lines.forget(PartitionId(0));
        let mut left = Vec::new();
        while let Some(event) = lines.end(line) {
            left.push(event.offset);
        }
        assert_eq!(
            (left, lines.waiting(), lines.is_busy(line), meter.get()),
            (vec![1, 3], 0, false, 0)
        );
    }
}
