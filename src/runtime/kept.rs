//! What a shard keeps of who has asked for an execution, while that waits.
//!
//! Must not know what either does when it goes on.

use super::caller::Caller;
use super::event::Event;
use super::ordering::LineId;
use crate::stream::PartitionId;
use std::rc::Rc;

/// What is kept of who has asked for an execution that waits.
pub(super) enum Kept {
    Event(KeptEvent),
    Caller(Rc<Caller>),
}

impl Kept {
    /// Returns how many bytes are kept, beside the value itself.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Kept::Event(kept) => kept.event.bytes(),
            Kept::Caller(caller) => caller.bytes(),
        }
    }

    /// Says whether an event of a partition has asked.
    pub(super) fn is_of(&self, partition: PartitionId) -> bool {
        matches!(self, Kept::Event(kept) if kept.event.partition == partition)
    }

    /// Says whether a caller has asked.
    pub(super) fn is_call(&self) -> bool {
        matches!(self, Kept::Caller(_))
    }
}

/// What is kept of an event while its execution waits; its line stays busy.
pub(super) struct KeptEvent {
    pub(super) event: Event,
    pub(super) line: Option<LineId>,
}
