//! Where a task stands in its execution, as text: what names its call to the outside.
//!
//! Owns the count of visits that tells the turns of a loop apart. Invariant: two calls of one execution have
//! the same place only if one is a retry of the other; and a run of the same input with the same answers
//! has the same places.

use super::request::Token;
use super::run::Run;
use crate::program::{Program, StateId, StateType};
use std::fmt::{self, Write};

/// States with a smaller number need no memory for their first visit.
const BITS: u32 = u64::BITS;

/// How often a frame has entered each of its states that call the outside or have branches. Grows by one
/// entry for each state that is entered again, so has at most as many as the flow has states.
#[derive(Debug, Default)]
pub(super) struct Visits {
    /// A bit for each of the first states: whether it was entered.
    seen: u64,
    /// The states that were entered again, and those without a bit; sorted.
    counts: Vec<(StateId, u32)>,
}

impl Visits {
    /// Forgets all; keeps the memory.
    pub(super) fn clear(&mut self) {
        self.seen = 0;
        self.counts.clear();
    }

    /// Notes that a state was entered. A retry does not enter its state again.
    #[inline]
    pub(super) fn enter(&mut self, state: StateId, kind: StateType) {
        if !matches!(kind, StateType::Task | StateType::Parallel | StateType::Map) {
            return;
        }
        if state.0 < BITS {
            let bit = 1 << state.0;
            if self.seen & bit == 0 {
                self.seen |= bit;
                return;
            }
        }
        self.count(state);
    }

    fn count(&mut self, state: StateId) {
        match self.find(state) {
            Ok(index) => self.counts[index].1 = self.counts[index].1.saturating_add(1),
            Err(index) => {
                let visit = if state.0 < BITS { 2 } else { 1 };
                self.counts.insert(index, (state, visit));
            }
        }
    }

    /// Returns which visit of a state this is, from 1.
    fn of(&self, state: StateId) -> u32 {
        self.find(state).map_or(1, |index| self.counts[index].1)
    }

    fn find(&self, state: StateId) -> Result<usize, usize> {
        self.counts.binary_search_by_key(&state.0, |(known, _)| known.0)
    }
}

impl Run {
    /// Appends where a task stands: its state's name, behind those of the containers around it and,
    /// in a branch or an iteration, its index. From the second visit of a state on, `#` and the visit's
    /// number follow its name. The same on every attempt and in every run of the same input with the
    /// same answers, so that it can name a call to the outside.
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
        let state = frame.registers.state;
        out.write_char('/')?;
        write_escaped(program.state_name(state), out)?;
        match frame.visits.of(state) {
            1 => Ok(()),
            visit => write!(out, "#{visit}"),
        }
    }
}

/// Writes a name so that it cannot be taken for more than a name: as in a JSON Pointer, and `~2` for `#`.
fn write_escaped(name: &str, out: &mut impl Write) -> fmt::Result {
    let mut rest = name;
    while let Some(index) = rest.find(['~', '/', '#']) {
        out.write_str(&rest[..index])?;
        out.write_str(match rest.as_bytes()[index] {
            b'~' => "~0",
            b'/' => "~1",
            _ => "~2",
        })?;
        rest = &rest[index + 1..];
    }
    out.write_str(rest)
}
