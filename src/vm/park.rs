//! Parking: a run that waits for the world keeps what is live in exact buffers.
//!
//! A driver with many executions in flight runs all of them in one [`Run`], whose buffers stay large and
//! warm; what waits lies in small ones. Owns the exchange between the two. Invariant: a run that was
//! parked and taken up again is the same execution: tokens, events and values keep their names.

use super::request::Token;
use super::run::Run;
use crate::program::Program;
use std::fmt::{self, Write};

/// Bytes of values above which parking compacts first: below, copying what is dead costs less than
/// finding it.
const COMPACT_ABOVE: usize = 6 << 10;

impl Run {
    /// Moves the execution into `small`, which holds none; its values are copied into buffers of
    /// their size. This run keeps its own buffers for the next one.
    pub fn park_into(&mut self, small: &mut Run) {
        if self.heap.bytes().0 > COMPACT_ABOVE {
            self.compact_now();
        }
        small.heap.copy_exact(&self.heap);
        self.exchange(small);
    }

    /// Takes a parked execution up again, in this run's buffers; `small` is left without one.
    pub fn unpark_from(&mut self, small: &mut Run) {
        self.heap.copy_from(&small.heap);
        small.heap.clear();
        self.exchange(small);
    }

    /// Exchanges the executions, but not the values and the buffers of work.
    fn exchange(&mut self, other: &mut Run) {
        std::mem::swap(self, other);
        std::mem::swap(&mut self.heap, &mut other.heap);
        std::mem::swap(&mut self.requests, &mut other.requests);
        // Operands and gathered values go with an execution that stopped in the middle of a template; other
        // executions have none, and the buffers stay with the run that works.
        if self.stack.is_empty() && other.stack.is_empty() {
            std::mem::swap(&mut self.stack, &mut other.stack);
            std::mem::swap(&mut self.found, &mut other.found);
            self.found.clear();
            other.found.clear();
        }
        std::mem::swap(&mut self.compaction, &mut other.compaction);
    }

    /// Appends where a task stands: its state's name, behind those of the containers around it and,
    /// in a branch or an iteration, its index. The same on every attempt and in every run of the same
    /// input, so that it can name a call to the outside.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_place(&self, program: &Program, token: Token, out: &mut impl Write) -> fmt::Result {
        self.write_frame(program, token.frame as usize, out)
    }

    /// Recursion is bounded by the nesting of the definition.
    fn write_frame(&self, program: &Program, frame: usize, out: &mut impl Write) -> fmt::Result {
        let Some(frame) = self.frames.get(frame) else {
            return Ok(());
        };
        if let Some(parent) = frame.parent {
            self.write_frame(program, parent.at(), out)?;
            write!(out, "/{}", frame.branch)?;
        }
        out.write_char('/')?;
        out.write_str(program.state_name(frame.registers.state))
    }
}
