//! What an execution may still do in this turn.
//!
//! Whatever runs charges it: a state when it is entered, a function and a path that searches for what they read and
//! write, an iteration that has no frame of its own, an event for its record. Work is counted in bytes of JSON text, so that a test sees the
//! same on every machine. Must not know time. Invariant: an execution whose work is spent stops before its next
//! operation and goes on exactly there; each grant lets at least one operation through.

use super::event::{Event, EventCost};
use super::run::Run;
use crate::program::Program;
use crate::value::{ValueRef, View};

/// What a record costs besides its texts, in bytes.
const RECORD_WORK: usize = 64;

/// How many bytes of a record's texts cost as much as one that a function reads: they are only copied.
pub const RECORD_BYTES_PER_WORK: usize = 4;

/// What a state, or an iteration without a frame, costs besides its data, in bytes.
pub(super) const STATE_WORK: usize = 32;

/// The work that is left of a grant, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Below 0 as soon as more was done than was granted, which takes one instruction less than stopping at 0.
    left: i64,
}

impl Work {
    /// Work without a bound, for drivers whose executions hold up nobody.
    pub const UNBOUNDED: Work = Work { left: i64::MAX };

    /// Grants a number of bytes.
    pub fn of(bytes: u64) -> Work {
        Work {
            left: i64::try_from(bytes).unwrap_or(i64::MAX),
        }
    }

    /// Takes what an operation costs.
    #[inline]
    pub fn charge(&mut self, bytes: usize) {
        // Nothing charges so much that this wraps.
        self.left = self.left.wrapping_sub(bytes as i64);
    }

    /// Says whether nothing is left.
    #[inline]
    pub fn is_spent(self) -> bool {
        self.left <= 0
    }

    /// Returns what is left.
    pub fn left(self) -> u64 {
        self.left.max(0) as u64
    }
}

impl Run {
    /// Charges the records of the events that were kept since the last time. Many events may refer to one large value:
    /// without this a turn might write gigabytes.
    #[inline]
    pub(super) fn charge_events(&mut self, program: &Program) {
        if self.charged_events < self.events.len() {
            self.charge_new_events(program);
        }
    }

    fn charge_new_events(&mut self, program: &Program) {
        let view = View::new(&self.heap, &program.constants);
        let new = &self.events[self.charged_events..];
        let texts = |event: &Event| match self.kept.cost() {
            EventCost::Nothing => None,
            EventCost::Record => Some(text_bytes(view, &[event.error, event.cause])),
            EventCost::RecordWithData => {
                let values = [event.data, event.error, event.cause, event.extra];
                Some(text_bytes(view, &values))
            }
        };
        let costs = new.iter().filter_map(texts);
        let cost = costs
            .map(|bytes| RECORD_WORK + bytes / RECORD_BYTES_PER_WORK)
            .sum();
        self.charged_events = self.events.len();
        self.work.charge(cost);
    }
}

/// Returns how long the texts of values are; of a document that came with blanks, with those.
fn text_bytes(view: View<'_>, values: &[ValueRef]) -> usize {
    let values = values.iter().filter(|value| !value.is_none());
    let bytes = values.map(|&value| view.original(value).map_or_else(|| view.len(value), <[u8]>::len));
    bytes.sum()
}
