//! One level of the state machine in flight: the top, a branch, or an iteration.

use super::place::Visits;
use crate::program::{ContainerId, FlowId, Pc, StateId, TaskId};
use crate::value::ValueRef;

/// Index of a [`Frame`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameId(pub u32);

impl FrameId {
    pub(super) fn at(self) -> usize {
        self.0 as usize
    }
}

/// What a frame is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    /// In the free list.
    Free,
    /// Can run.
    Running,
    /// Waits for a task's answer.
    Task(TaskId),
    /// Waits for the time of a Wait state.
    Waiting,
    /// Waits for the time of a retry.
    Retrying,
    /// Waits for its children.
    Container(ContainerId),
}

/// The registers of a frame; see [`crate::program::Instruction`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Registers {
    pub(super) pc: Pc,
    pub(super) state: StateId,
    pub(super) input: ValueRef,
    pub(super) data: ValueRef,
    pub(super) result: ValueRef,
    pub(super) output: ValueRef,
    /// What the state's `Assign` set, for its exit event.
    pub(super) assigned: ValueRef,
    /// Id of the event before the state's entered event, or before the failure that a catcher has taken.
    pub(super) before: u32,
    /// Id of the state's entered event.
    pub(super) entered: u32,
    /// Id of the last event in this frame: what the next one names as its cause.
    pub(super) last: u32,
}

/// One level of the state machine in flight.
pub(super) struct Frame {
    pub(super) registers: Registers,
    pub(super) activity: Activity,
    pub(super) flow: FlowId,
    /// The frame of the container this is a branch of.
    pub(super) parent: Option<FrameId>,
    /// Which branch or item.
    pub(super) branch: u32,
    /// Tells a late answer from one that is waited for.
    pub(super) generation: u32,
    pub(super) entered_at_ms: i64,
    /// How often the state was retried.
    pub(super) retries: u32,
    /// How often each retrier of the state was used; grows when one is.
    pub(super) attempts: Vec<u32>,
    /// Whether a catcher of the state has taken its error.
    pub(super) catching: bool,
    /// How often its states were entered: tells the calls of a loop apart.
    pub(super) visits: Visits,
    /// The variables of the flow; [`ValueRef::NONE`] where none was assigned.
    pub(super) variables: Vec<ValueRef>,
    /// `$$.Map.Item.Value` of an iteration.
    pub(super) item: ValueRef,
    pub(super) children: Children,
}

/// What a container knows of its branches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Children {
    /// The array of items of a Map.
    pub(super) items: ValueRef,
    /// How many branches or items there are.
    pub(super) total: u32,
    /// How many were started.
    pub(super) started: u32,
    /// How many are in flight.
    pub(super) active: u32,
    /// How many may be in flight.
    pub(super) limit: u32,
    /// How many iterations failed and were tolerated.
    pub(super) failed: u32,
    /// How many may fail.
    pub(super) tolerated: u32,
    /// Id of the `…StateStarted` event.
    pub(super) start_event: u32,
    /// Id of the last event inside the iteration that ended last: what the next one names.
    pub(super) previous: u32,
    /// Where the results stand.
    pub(super) results: u32,
    /// Whether the frame is in the ready list.
    pub(super) queued: bool,
    /// Whether all iterations that are left take frames of their own.
    pub(super) by_frames: bool,
}

impl Children {
    pub(super) const NONE: Children = Children {
        items: ValueRef::NONE,
        total: 0,
        started: 0,
        active: 0,
        limit: 0,
        failed: 0,
        tolerated: 0,
        start_event: 0,
        previous: 0,
        results: 0,
        queued: false,
        by_frames: false,
    };
}

impl Frame {
    pub(super) fn new() -> Frame {
        Frame {
            registers: Registers {
                pc: Pc(0),
                state: StateId(0),
                input: ValueRef::NONE,
                data: ValueRef::NONE,
                result: ValueRef::NONE,
                output: ValueRef::NONE,
                assigned: ValueRef::NONE,
                before: 0,
                entered: 0,
                last: 0,
            },
            activity: Activity::Free,
            flow: FlowId(0),
            parent: None,
            branch: 0,
            generation: 0,
            entered_at_ms: 0,
            retries: 0,
            attempts: Vec::new(),
            catching: false,
            visits: Visits::default(),
            variables: Vec::new(),
            item: ValueRef::NONE,
            children: Children::NONE,
        }
    }

    /// Makes a used frame ready for a flow; its variables are for the caller to make.
    pub(super) fn begin(&mut self, flow: FlowId, entry: Pc, input: ValueRef) {
        self.registers.pc = entry;
        self.registers.input = input;
        self.registers.data = input;
        self.registers.result = ValueRef::NONE;
        self.registers.output = ValueRef::NONE;
        self.registers.assigned = ValueRef::NONE;
        self.registers.last = 0;
        self.activity = Activity::Running;
        self.flow = flow;
        self.parent = None;
        self.branch = 0;
        self.retries = 0;
        self.attempts.clear();
        self.catching = false;
        self.visits.clear();
        self.variables.clear();
        self.item = ValueRef::NONE;
        self.children = Children::NONE;
    }

    /// Says whether the frame waits for an answer from the world.
    pub(super) fn waits(&self) -> bool {
        matches!(
            self.activity,
            Activity::Task(_) | Activity::Waiting | Activity::Retrying
        )
    }

    /// Forgets the retries of the state before, and that it has caught an error.
    #[inline]
    pub(super) fn forget_retries(&mut self) {
        self.catching = false;
        if self.retries > 0 {
            self.retries = 0;
            self.attempts.clear();
        }
    }

    /// Returns every value the frame holds.
    pub(super) fn values(&mut self) -> impl Iterator<Item = &mut ValueRef> {
        let Registers {
            input,
            data,
            result,
            output,
            assigned,
            ..
        } = &mut self.registers;
        [
            input,
            data,
            result,
            output,
            assigned,
            &mut self.item,
            &mut self.children.items,
        ]
        .into_iter()
        .chain(self.variables.iter_mut())
    }
}
