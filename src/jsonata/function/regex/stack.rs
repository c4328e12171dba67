//! The memory of matching: where to go back to, what groups matched, and the steps that are left.

use crate::jsonata::Error;
use crate::jsonata::function::error::{too_large, too_slow};
use std::ops::Range;

/// Most places that backtracking may go back to, of 16 bytes each.
pub const FRAMES_MAX: usize = 1 << 19;

/// How many frames' memory is kept from search to search.
const FRAMES_KEPT: usize = 1 << 14;

/// No position, or one that was forgotten.
pub(super) const NONE: u32 = u32::MAX;

/// What to do when a way has failed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Frame {
    /// Go on elsewhere.
    Branch { pc: u32, position: u32 },
    /// Put a slot back and fail again.
    Restore { slot: u32, value: u32 },
    /// Give back one character of a greedy run that must not go beyond `least`.
    Shorten { pc: u32, position: u32, least: u32 },
    /// Take one character more of a lazy run, of which `count` are left.
    Extend { pc: u32, position: u32, count: u32 },
    /// The beginning of a look: if its body fails, go on if it is negated, fail if not.
    Look { pc: u32, position: u32, negated: bool },
}

/// The memory of matching, and the steps that are left; one serves many patterns.
#[derive(Debug, Default)]
pub struct Scratch {
    /// How many steps may still be taken.
    pub steps: u64,
    pub(super) frames: Vec<Frame>,
    /// Where in `frames` the looks begin that are not over.
    pub(super) looks: Vec<u32>,
    pub(super) slots: Vec<u32>,
    pub(super) groups: usize,
}

impl Scratch {
    /// Grants so many steps.
    pub fn new(steps: u64) -> Scratch {
        Scratch {
            steps,
            ..Scratch::default()
        }
    }

    /// Returns where a group of the last match stands; group 0 is the match.
    pub fn group(&self, group: usize) -> Option<Range<usize>> {
        if group > self.groups {
            return None;
        }
        let (start, end) = (*self.slots.get(2 * group)?, *self.slots.get(2 * group + 1)?);
        (start != NONE && end != NONE).then_some(start as usize..end as usize)
    }

    /// Returns how many frames the memory is for.
    #[cfg(test)]
    pub(super) fn frames_capacity(&self) -> usize {
        self.frames.capacity()
    }

    /// Returns how many bytes are reserved.
    pub fn bytes(&self) -> usize {
        let words = self.looks.capacity() + self.slots.capacity();
        self.frames.capacity() * size_of::<Frame>() + words * size_of::<u32>()
    }

    /// Gives memory back that a search took and hardly any other needs.
    pub(super) fn shrink(&mut self) {
        if self.frames.capacity() > FRAMES_KEPT {
            self.frames = Vec::new();
        }
    }

    #[inline]
    pub(super) fn step(&mut self, count: u64) -> Result<(), Error> {
        if self.steps < count {
            self.steps = 0;
            return Err(too_slow());
        }
        self.steps -= count;
        Ok(())
    }

    pub(super) fn push(&mut self, frame: Frame) -> Result<(), Error> {
        if self.frames.len() >= FRAMES_MAX {
            return Err(too_large());
        }
        self.frames.push(frame);
        Ok(())
    }

    /// Sets a slot so that failing puts it back.
    pub(super) fn set(&mut self, slot: u32, value: u32) -> Result<(), Error> {
        let old = std::mem::replace(&mut self.slots[slot as usize], value);
        if old == value {
            return Ok(());
        }
        self.push(Frame::Restore { slot, value: old })
    }

    pub(super) fn slot(&self, slot: u32) -> u32 {
        self.slots[slot as usize]
    }
}
