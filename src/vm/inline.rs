//! Iterations of one Pass state, evaluated in the Map's own frame; see [`crate::program::Iteration::inline`].
//!
//! Most of what an iteration costs is its frame and its events. Where nobody keeps events and the item
//! processor is one template, neither is needed. An item that the template fails on takes the long
//! way, which words the fault: nothing has happened for it here.

use super::frame::FrameId;
use super::interpret::Block;
use super::run::{PAYLOAD_BYTES_MAX, Run};
use super::work::STATE_WORK;
use crate::program::{Branches, ContainerId, Iteration, Pc, Program};
use crate::value::{DEPTH_MAX, Store, ValueRef, View};

/// Events of an iteration of one state: started, entered, exited, succeeded.
const EVENTS: u32 = 4;

impl Run {
    /// Takes the iterations that are left, as far as they succeed and there is work left to spend.
    pub(super) fn inline_iterations(&mut self, program: &Program, frame: FrameId, container: ContainerId) {
        let Branches::Map(map) = &program.containers[container.at()].branches else {
            return;
        };
        let by_frames = self.frames[frame.at()].children.by_frames;
        let Some(inline) = map
            .inline
            .filter(|_| self.kept.is_empty() && self.decisions.is_none() && !by_frames)
        else {
            return;
        };
        self.current = self.frames[frame.at()].registers;
        loop {
            let children = self.frames[frame.at()].children;
            let branch = children.started;
            let view = View::new(&self.heap, &program.constants);
            let item = view.element(children.items, branch as usize);
            let Some(item) = item.filter(|_| branch < children.total) else {
                return;
            };
            let Some(output) = self.inline_iteration(program, frame, map, inline, (branch, item)) else {
                // The same item would be tried again, and perhaps without end.
                self.frames[frame.at()].children.by_frames = true;
                return self.stack.clear();
            };
            let mut store = Store::new(&mut self.heap, &program.constants);
            store.set_reserved(children.results, branch as usize, output);
            self.frames[frame.at()].children.started += 1;
            self.last_event += EVENTS;
            self.transitions += 1;
            self.compact_if_due(frame);
            self.work.charge(STATE_WORK);
            if self.work.is_spent() {
                return;
            }
        }
    }

    /// Returns an iteration's output; `None` where it would fail, or is more than the work of one go: then those that are
    /// left take frames, which can stop on the way.
    fn inline_iteration(
        &mut self,
        program: &Program,
        frame: FrameId,
        map: &Iteration,
        inline: Pc,
        item: (u32, ValueRef),
    ) -> Option<ValueRef> {
        let input = match map.selector {
            None => item.1,
            Some(selector) => {
                let input = self.whole_block(program, frame, selector, item);
                input.filter(|&input| self.is_payload(program, input))?
            }
        };
        let data = std::mem::replace(&mut self.current.data, input);
        let output = self.whole_block(program, frame, inline, item);
        self.current.data = data;
        output.filter(|&output| self.is_payload(program, output))
    }

    /// Says whether a value may be the input or output of a state.
    fn is_payload(&self, program: &Program, value: ValueRef) -> bool {
        let view = View::new(&self.heap, &program.constants);
        view.len(value) <= PAYLOAD_BYTES_MAX && view.depth(value) <= DEPTH_MAX
    }

    fn whole_block(
        &mut self,
        program: &Program,
        frame: FrameId,
        block: Pc,
        item: (u32, ValueRef),
    ) -> Option<ValueRef> {
        match self.block(program, frame, block, item).ok()? {
            Block::Value(value) => Some(value),
            Block::Spent(_) => None,
        }
    }
}
