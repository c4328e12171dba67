//! A compiled state machine: instructions, constants, tables, and their text form.
//!
//! Owns the contract between the compiler and the machine: [`Instruction`] and the tables it refers
//! to. Must not know the document model it came from nor the machine that runs it. Invariant: a
//! [`Program`] is immutable, `Send + Sync`, and holds no name that has to be looked up at run time:
//! every path, jump, key and constant is resolved.

mod disasm;
mod instruction;
mod pattern;
mod table;
mod words;

pub use instruction::{Instruction, Pc, Stage};
pub use pattern::Pattern;
pub use table::{
    AssignId, Assignment, Branches, CallId, CallUse, Catcher, Comparison, Container, ContainerId,
    ExpressionId, ExpressionUse, FailId, FailUse, FlowId, FlowInfo, FormatId, FormatUse, Fused, FusedId,
    Gather, GatherId, Global, GlobalSource, Items, Iteration, Likely, Limit, NumberField, PathId, PathUse,
    Percentage, Rejoin, RejoinId, Relation, Resource, Retrier, ShadowId, Shape, ShapeId, Source, StateId,
    StateInfo, StateType, Switch, SwitchId, TaskId, TaskInfo, Test, TestId, VariableRef, WaitId, WaitUntil,
    Work, Write, WriteValue,
};
pub use words::Words;

use crate::value::{Heap, View};
use std::borrow::Cow;

/// A compiled state machine, shared by everything that runs it.
pub struct Program {
    /// The constants; handles with the constant bit refer to it.
    pub constants: Heap,
    /// The words that every program needs, as constants.
    pub words: Words,
    /// All instructions; the first flow's entry is where a run begins.
    pub code: Vec<Instruction>,
    /// The states of all flows.
    pub states: Vec<StateInfo>,
    /// The top level (first) and every branch and item processor.
    pub flows: Vec<FlowInfo>,
    /// Every use of a path.
    pub paths: Vec<PathUse>,
    /// Every call of an intrinsic function.
    pub calls: Vec<CallUse>,
    /// Every `States.Format` with a literal template.
    pub formats: Vec<FormatUse>,
    /// Every JSONata expression.
    pub expressions: Vec<ExpressionUse>,
    /// Every chain of Pass states that can be taken at once.
    pub fused: Vec<Fused>,
    /// Every comparison of a Choice rule.
    pub tests: Vec<Test>,
    /// Every Choice, or part of one, that became a table.
    pub switches: Vec<Switch>,
    /// Every end of code that rules of a Choice share.
    pub rejoins: Vec<Rejoin>,
    /// Every `Assign`.
    pub assigns: Vec<Assignment>,
    /// Every Task.
    pub tasks: Vec<TaskInfo>,
    /// Every Wait.
    pub waits: Vec<WaitUntil>,
    /// Every Fail.
    pub fails: Vec<FailUse>,
    /// Every Parallel and Map.
    pub containers: Vec<Container>,
    /// `TimeoutSeconds` of the machine.
    pub timeout_seconds: Option<u32>,
    /// Every walk that finds several paths at once.
    pub gathers: Vec<Gather>,
    /// The keys of every object that a template builds.
    pub shapes: Vec<Shape>,
    /// The variables of every name that flows inside each other assign, the nearest first.
    pub shadows: Vec<Vec<VariableRef>>,
    /// Whether any path starts at `$$`.
    pub uses_context: bool,
    /// Whether a path of `$$` may show the execution's input as a part of something else.
    pub shows_execution: bool,
}

impl Program {
    /// Returns a state's name.
    pub fn state_name(&self, state: StateId) -> &str {
        &self.states[state.at()].name
    }

    /// Finds a state by name, for tools: a run never does.
    pub fn find_state(&self, name: &str) -> Option<StateId> {
        let at = self.states.iter().position(|state| &*state.name == name)?;
        Some(StateId(at as u32))
    }

    /// Iterates over the names of errors that the definition writes: what Retry and Catch wait for, and what Fail raises.
    pub fn error_names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let constants = View::new(&self.constants, &self.constants);
        let handled = self.states.iter().flat_map(|state| {
            let retried = state.retriers.iter().flat_map(|retrier| &retrier.errors);
            retried.chain(state.catchers.iter().flat_map(|catcher| &catcher.errors))
        });
        let raised = self.fails.iter().filter(|fail| !fail.literal.is_none());
        let raised = raised.filter_map(move |fail| constants.string(fail.literal));
        handled
            .map(|name| Cow::Borrowed(&**name))
            .chain(raised.map(|name| name.decode()))
    }

    /// Returns the instruction at a place.
    #[inline]
    pub fn at(&self, pc: Pc) -> Instruction {
        self.code[pc.0 as usize]
    }
}
