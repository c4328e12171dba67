//! Chains of Pass states taken at once; see [`crate::program::Fused`].

use super::frame::FrameId;
use super::run::{PAYLOAD_BYTES_MAX, Run};
use super::work::STATE_WORK;
use crate::program::{FusedId, Instruction, Pc, Program, Write, WriteValue};
use crate::value::{DEPTH_MAX, Kind, Store, ValueRef, View};

/// What follows a chain.
pub(super) enum Next {
    Pc(Pc),
    Ended,
}

impl Run {
    /// Takes a chain at once: ids, transitions, fuel and output are what its states would have left.
    /// Has no effect where events are kept, fuel is short, or a state of the chain might fail.
    pub(super) fn fused(
        &mut self,
        program: &Program,
        frame: FrameId,
        fused: FusedId,
        fuel: &mut u64,
    ) -> Option<Next> {
        let fused = &program.fused[fused.at()];
        let input = self.current.input;
        let view = View::new(&self.heap, &program.constants);
        let fits = view.len(input) + fused.bytes <= PAYLOAD_BYTES_MAX
            && view.depth(input) + fused.depth <= DEPTH_MAX
            && *fuel >= u64::from(fused.states);
        let Instruction::Enter(last) = program.at(fused.last_state) else {
            return None;
        };
        if !self.kept.is_empty() || !fits {
            return None;
        }
        let output = if fused.writes.is_empty() {
            input
        } else {
            let input = self.distinct(program, input);
            let mut store = Store::new(&mut self.heap, &program.constants);
            let written = apply(&mut store, &mut self.stack, input, &fused.writes);
            self.stack.clear();
            written?
        };
        *fuel -= u64::from(fused.states);
        self.work.charge(fused.states as usize * STATE_WORK);
        self.transitions += u64::from(fused.states);
        self.last_event = self.last_event.saturating_add(2 * fused.states);
        let current = &mut self.current;
        current.state = last;
        current.entered = self.last_event - 1;
        current.last = self.last_event;
        current.output = output;
        current.input = output;
        let slot = &mut self.frames[frame.at()];
        slot.entered_at_ms = self.now_ms;
        slot.forget_retries();
        match fused.next {
            Some(next) => {
                self.compact_if_due(frame);
                Some(Next::Pc(next))
            }
            None => {
                self.end(program, frame);
                Some(Next::Ended)
            }
        }
    }
}

/// Writes members into an object; `None` where something on the way is not an object. New members are
/// lined up in `added` and come in together: one copy of the object for the whole chain.
fn apply(
    store: &mut Store<'_>,
    added: &mut Vec<ValueRef>,
    object: ValueRef,
    writes: &[Write],
) -> Option<ValueRef> {
    if store.view().kind(object) != Kind::Object {
        return None;
    }
    let (mut object, from) = (object, added.len());
    for write in writes {
        let old = store.view().member(object, &write.key);
        let value = match (&write.value, old) {
            (WriteValue::Constant(value), _) => *value,
            (WriteValue::Object { whole, .. }, None) => *whole,
            (WriteValue::Object { members, .. }, Some(inner)) => apply(store, added, inner, members)?,
        };
        match old {
            Some(old) => object = store.with_replaced(object, write.name, old, value),
            None => added.extend([write.name, value]),
        }
    }
    if added.len() > from {
        object = store.with_new_members(object, &added[from..]);
        added.truncate(from);
    }
    Some(object)
}
