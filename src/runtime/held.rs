//! Events that are held until they may run: in a line, for their turn, or for the commit that lets them.
//!
//! Owns the account of their bytes: however such an event goes, it is taken off. Must not know what an event waits for.

use super::event::{Event, Keep};
use crate::execution::account::MachineMeter;
use crate::stream::Record;
use std::ops::Deref;

/// An event that is held, whole.
#[derive(Debug)]
pub(super) struct Held {
    event: Event,
    meter: MachineMeter,
}

impl Held {
    /// Copies an event and puts it on the account.
    pub(super) fn copy(record: &Record<'_>, meter: &MachineMeter) -> Held {
        let held = Held {
            event: Event::copy(record, Keep::Whole),
            meter: meter.clone(),
        };
        meter.add(held.bytes());
        held
    }

    fn bytes(&self) -> usize {
        self.event.bytes() + size_of::<Held>()
    }
}

impl Deref for Held {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.event
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.meter.take_off(self.bytes());
    }
}
