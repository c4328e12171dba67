//! The instruction set.
//!
//! A state is a run of instructions from its `Enter` to its `Exit` or `End`. A frame (one level of
//! the state machine in flight) has the registers *input* (what the state was entered with), *data*
//! (the effective input), *result* and *output*; templates work on the operand stack. What a
//! template calls `$` is *data*, or *result* in ResultSelector and Assign: the compiler says which
//! in each [`super::PathUse`].

use super::{AssignId, FormatId, FusedId, CallId, ContainerId, FailId, PathId, StateId, SwitchId, TaskId, TestId, WaitId};
use crate::value::ValueRef;

/// The place of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pc(pub u32);

/// One instruction, 12 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Instruction {
    /// Takes a chain of Pass states at once, if no events are kept and none of them can fail; else no
    /// effect. Emitted before the first state of such a chain.
    Fused(FusedId),
    /// Enters a state: `data = input`; takes an event id for `…StateEntered`. First of every state.
    Enter(StateId),

    /// `data` = the value at the path. Emitted for `InputPath`.
    InputPath(PathId),
    /// `data = {}`. Emitted for `InputPath: null`.
    InputEmpty,

    /// Pushes a constant. Emitted for constant parts of templates.
    Constant(ValueRef),
    /// Pushes the value at the path. Emitted for `"k.$": "$.a"`.
    Path(PathId),
    /// Pops `2n` operands (key, value, …), pushes the object. Emitted for templates.
    Object(u32),
    /// Pops `n` operands, pushes the array. Emitted for templates.
    Array(u32),
    /// Pops a call's arguments, pushes its value. Emitted for `"k.$": "States.F(…)"`.
    Call(CallId),
    /// Pops a template and its values, pushes the text. Emitted for `States.Format` with a literal template.
    Format(FormatId),
    /// Ends a block that is evaluated on its own (ItemSelector): the value stays on the stack.
    Return,

    /// `result = output =` the popped operand. Emitted after Parameters of a Pass and after ResultSelector.
    Result,
    /// `data =` the popped operand. Emitted after Parameters of a Parallel.
    Data,
    /// `result = output =` a constant. Emitted for `Result` of a Pass.
    ResultConstant(ValueRef),
    /// `result = output = data`. Emitted where a state has no work of its own: Pass, Wait, Choice, Succeed.
    ResultData,
    /// `output =` the input with `result` at the path. Emitted for `ResultPath`.
    Put(PathId),
    /// `output = input`. Emitted for `ResultPath: null`.
    Discard,
    /// `output` = the value at the path. Emitted for `OutputPath`.
    OutputPath(PathId),
    /// `output = {}`. Emitted for `OutputPath: null`.
    OutputEmpty,
    /// Pops one operand per variable, to be visible from the next state on. Emitted for `Assign`.
    Assign(AssignId),

    /// Leaves the state for another one: checks the output's size, takes an event id for
    /// `…StateExited`, `input = output`, goes on at the place.
    Exit(Pc),
    /// Leaves the state and its flow: as `Exit`, then the run or the branch has succeeded with `output`.
    End,

    /// Goes on at the place. Emitted by Choice.
    Jump(Pc),
    /// Goes on at the place unless the comparison holds. Emitted by Choice rules.
    Unless(TestId, Pc),
    /// Goes on at the place if the comparison holds. Emitted by Choice rules (Not, Or).
    If(TestId, Pc),
    /// Goes on where the table says. Emitted for rules that compare one variable with constants.
    Switch(SwitchId),
    /// Notes which Choice rule matched (`u32::MAX`: Default); no effect on the run.
    Matched(u32),
    /// Fails the run: no rule matched and there is no Default.
    NoChoice,

    /// Calls a task with the popped operand (its parameters), yields; goes on with `result`.
    Task(TaskId),
    /// Yields until the time has come.
    Wait(WaitId),
    /// Pops what the tables says, fails the flow.
    Fail(FailId),
    /// Runs the branches with `data`, or the items; goes on with `result`.
    Container(ContainerId),

    /// Tells a tracing run which stage of the data flow `value` has reached. Emitted only for tools.
    Trace(Stage),
}

/// The stages of a state's data flow, in TestState's terms (facts 9.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// `data` after InputPath.
    AfterInputPath,
    /// The popped operand after Parameters; it stays on the stack.
    AfterParameters,
    /// The result as it came.
    Result,
    /// The result after ResultSelector.
    AfterResultSelector,
    /// The output after ResultPath.
    AfterResultPath,
    /// The items of a Map.
    AfterItemsPath,
    /// One item of a Map after ItemSelector.
    AfterItemSelector,
}

const _: () = assert!(size_of::<Instruction>() == 12);
