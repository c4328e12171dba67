//! The context object `$$` (facts 5.2).

use super::frame::FrameId;
use super::run::Run;
use crate::program::{Program, StateType};
use crate::timestamp;
use crate::value::{Store, ValueRef};

/// Who an execution is: what `$$.Execution` and `$$.StateMachine` show.
#[derive(Clone, Copy, Debug, Default)]
pub struct Identity<'a> {
    /// ARN of the execution.
    pub execution_arn: &'a str,
    /// Name of the execution.
    pub execution_name: &'a str,
    /// ARN of the role.
    pub role_arn: &'a str,
    /// ARN of the state machine.
    pub state_machine_arn: &'a str,
    /// Name of the state machine.
    pub state_machine_name: &'a str,
    /// A synchronous execution has no `RedriveCount`.
    pub sync: bool,
    /// `$$.Execution.Event` as JSON text: where the event came from. AWS has no such member.
    pub event: Option<&'a [u8]>,
    /// The whole context object as JSON text instead of all that, for trying one state.
    pub whole: Option<&'a [u8]>,
}

/// The parts of the context object that last for the whole run; empty unless the program asks for it.
#[derive(Clone, Copy)]
pub(super) struct Context {
    pub(super) execution: ValueRef,
    pub(super) state_machine: ValueRef,
    pub(super) whole: ValueRef,
}

impl Context {
    pub(super) const EMPTY: Context = Context {
        execution: ValueRef::NONE,
        state_machine: ValueRef::NONE,
        whole: ValueRef::NONE,
    };
}

impl Run {
    /// Returns `$$.Execution`; nothing if the program has no use for it.
    pub fn execution(&self) -> ValueRef {
        self.context.execution
    }

    /// Returns `$$.StateMachine`; nothing if the program has no use for it.
    pub fn state_machine(&self) -> ValueRef {
        self.context.state_machine
    }

    /// Builds what lasts for the whole run.
    pub(super) fn start_context(&mut self, program: &Program, identity: &Identity<'_>, input: ValueRef) {
        self.context = Context::EMPTY;
        if !program.uses_context {
            return;
        }
        let words = &program.words;
        let started = timestamp::format(self.now_ms);
        let mut store = Store::new(&mut self.heap, &program.constants);
        if let Some(whole) = identity.whole.and_then(|text| store.index_tree(text).ok()) {
            self.context.whole = whole;
            return;
        }
        // A path to the input itself makes what it finds distinct; one to what is around it takes that as it is.
        let input = match program.shows_execution {
            true => store.distinct(input),
            false => input,
        };
        let id = store.string(identity.execution_arn);
        let name = store.string(identity.execution_name);
        let role = store.string(identity.role_arn);
        let start = store.string(std::str::from_utf8(&started).unwrap_or_default());
        let mut pairs = [ValueRef::NONE; 14];
        let common = [
            words.id,
            id,
            words.input,
            input,
            words.start_time,
            start,
            words.name,
            name,
            words.role_arn,
            role,
        ];
        pairs[..10].copy_from_slice(&common);
        let mut used = 10;
        if !identity.sync {
            pairs[used..used + 2].copy_from_slice(&[words.redrive_count, words.zero]);
            used += 2;
        }
        if let Some(event) = identity.event.and_then(|text| store.index(text).ok()) {
            pairs[used..used + 2].copy_from_slice(&[words.event, event]);
            used += 2;
        }
        let execution = store.object(&pairs[..used]);
        let id = store.string(identity.state_machine_arn);
        let name = store.string(identity.state_machine_name);
        let state_machine = store.object(&[words.id, id, words.name, name]);
        self.context = Context {
            execution,
            state_machine,
            whole: ValueRef::NONE,
        };
    }

    /// Builds the context object as a frame's current state sees it. `item` is set while an item
    /// selector is evaluated; inside an iteration the item comes from the frames.
    pub(super) fn context_object(
        &mut self,
        program: &Program,
        frame: FrameId,
        item: Option<(u32, ValueRef)>,
    ) -> ValueRef {
        if !self.context.whole.is_none() {
            return self.given_context(program, item);
        }
        let words = &program.words;
        let info = &program.states[self.current.state.at()];
        let entered = timestamp::format(self.frames[frame.at()].entered_at_ms);
        let retries = self.frames[frame.at()].retries;
        let item = item.or_else(|| self.iteration(program, frame));
        let mut store = Store::new(&mut self.heap, &program.constants);
        let entered = store.string(std::str::from_utf8(&entered).unwrap_or_default());
        let mut state = [
            words.name,
            info.name_value,
            words.entered_time,
            entered,
            words.retry_count,
            ValueRef::NONE,
        ];
        let has_count = matches!(info.kind, StateType::Task | StateType::Map | StateType::Parallel);
        if has_count {
            state[5] = store.integer(i64::from(retries));
        }
        let state = store.object(&state[..if has_count { 6 } else { 4 }]);
        let mut whole = [
            words.execution,
            self.context.execution,
            words.state_machine,
            self.context.state_machine,
            words.state,
            state,
            words.map,
            ValueRef::NONE,
        ];
        let Some((index, value)) = item else {
            return store.object(&whole[..6]);
        };
        let index = store.integer(i64::from(index));
        let item = store.object(&[words.index, index, words.value, value]);
        whole[7] = store.object(&[words.item, item]);
        store.object(&whole)
    }

    /// Returns the context object that was given whole; an item selector adds its item.
    fn given_context(&mut self, program: &Program, item: Option<(u32, ValueRef)>) -> ValueRef {
        let Some((index, value)) = item else {
            return self.context.whole;
        };
        let words = &program.words;
        let mut store = Store::new(&mut self.heap, &program.constants);
        let index = store.integer(i64::from(index));
        let item = store.object(&[words.index, index, words.value, value]);
        let map = store.object(&[words.item, item]);
        store.with_member(self.context.whole, words.map, map)
    }

    /// Returns the item of the nearest iteration around a frame.
    fn iteration(&self, program: &Program, frame: FrameId) -> Option<(u32, ValueRef)> {
        let _ = program;
        let mut at = Some(frame);
        while let Some(id) = at {
            let frame = &self.frames[id.at()];
            if !frame.item.is_none() {
                return Some((frame.branch, frame.item));
            }
            at = frame.parent;
        }
        None
    }
}
