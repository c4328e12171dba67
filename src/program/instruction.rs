//! The instruction set.
//!
//! A state is a run of instructions from its `Enter` to an `Exit`, `End` or `Fail`. A frame (one level
//! of the state machine in flight) has a program counter and these registers:
//!
//! * *input*: what the state was entered with;
//! * *data*: the effective input, what InputPath (and Parameters of a Parallel) left of it;
//! * *result*: what the state's work gave, then what ResultSelector made of it;
//! * *output*: what the state leaves; it starts as *result*, ResultPath and OutputPath change it.
//!
//! Templates work on an operand stack, which is empty between states and whenever a frame yields: all
//! frames share one. What a template calls `$` is *data*, or *result* in ResultSelector, and in Assign of a state with a result:
//! the compiler says which in each [`super::PathUse`].
//!
//! A JSONata state has the same registers: its expressions read *input* as `$states.input`, and *result* as
//! `$states.result`, in a catcher as `$states.errorOutput`.
//!
//! An instruction that "fails the run" raises `States.Runtime`, which ends it from whatever depth; what
//! "fails the state" goes to the state's retriers, its catchers, then to the flow around it. A
//! catcher's code runs with *result* = *output* = the error output.

use super::{
    AssignId, CallId, ContainerId, ExpressionId, FailId, FormatId, FusedId, GatherId, NumberField, PathId,
    RejoinId, ShapeId, StateId, SwitchId, TaskId, TestId, WaitId,
};
use crate::value::ValueRef;

/// The place of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pc(pub u32);

/// One instruction, 12 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Instruction {
    /// Takes a chain of Pass states at once: `input = output =` what the chain leaves, the event ids,
    /// transitions and fuel of its states are used up, and it goes on behind the chain (or the flow
    /// ends). No effect where events are kept, fuel is short, or one of the states might fail: then
    /// the states that follow do the work. Emitted in front of the first state of such a chain.
    Fused(FusedId),
    /// Enters a state: `data = input`, retries are forgotten; takes an event id for `…StateEntered`
    /// and one unit of fuel (without fuel the frame stops here). First of every state.
    Enter(StateId),

    /// `data` = the value at the path; a miss fails the run. Emitted for `InputPath`.
    InputPath(PathId),
    /// `data = {}`. Emitted for `InputPath: null`.
    InputEmpty,

    /// Pushes a constant. Emitted for constant parts of templates, and for literal
    /// arguments.
    Constant(ValueRef),
    /// Pushes the value at the path; a miss fails the run. Emitted for `"k.$": "$.a"`, for arguments,
    /// and for the parameters of a Task that has none (`$`).
    Path(PathId),
    /// Finds what several paths read of `data` or `result` in one walk, for the instructions after it.
    /// Emitted before a template, or the tests of a Choice, that reads more than one path.
    Gather(GatherId),
    /// Pushes what the last walk found at a place (first operand), or does as `Path` where it found
    /// nothing. Emitted instead of `Path` behind `Gather`.
    Gathered(u32, PathId),
    /// Pops one operand per key of the shape, pushes the object. Emitted for templates.
    Object(ShapeId),
    /// Pops `n` operands, pushes the array. Emitted for templates.
    Array(u32),
    /// Pops a call's arguments, pushes its value; a wrong argument fails the run. Emitted for `"k.$": "States.F(…)"`.
    Call(CallId),
    /// Pops a template's values, pushes the text; a value that is an array or object is left to
    /// the [`Instruction::Call`] it stands for. Emitted for `States.Format` with a literal template.
    Format(FormatId),
    /// Evaluates a JSONata expression, pushes its value; an error, no value, or a value without JSON fails the state
    /// with `States.QueryEvaluationError`. Emitted for each `{% … %}` of a template.
    Expression(ExpressionId),
    /// Does as `Expression` for a field that takes a number: a value that the field does not take fails the state, too.
    /// Emitted before the `Task`, `Wait` or `Container` whose field it is; each is an instruction of its own, so that a
    /// run whose work is spent stops between them.
    Number(ExpressionId, NumberField),
    /// Ends a block that is evaluated on its own (ItemSelector): pops its value. The compiler puts such
    /// a block behind its state's last instruction; nothing falls into it.
    Return,

    /// `result = output =` the popped operand. Emitted after Parameters of a Pass, after ResultSelector, and after
    /// Output of a JSONata state.
    Result,
    /// `data =` the popped operand. Emitted after Parameters, or Arguments, of a Parallel.
    Data,
    /// `result = output =` a constant. Emitted for `Result` of a Pass.
    ResultConstant(ValueRef),
    /// `result = output = data`. Emitted where a state has no work of its own: Pass, Wait, Choice, Succeed.
    ResultData,
    /// `output` = the input with `result` at the path; fails the run where the path does not fit.
    /// Emitted for `ResultPath`.
    Put(PathId),
    /// `output = input`. Emitted for `ResultPath: null`.
    Discard,
    /// `output` = the value at the path; a miss fails the run. Emitted for `OutputPath`.
    OutputPath(PathId),
    /// `output = {}`. Emitted for `OutputPath: null`.
    OutputEmpty,
    /// Pops one operand per variable and sets the variables; fails the run when they are too large.
    /// Emitted last before
    /// `Exit` or `End`, for `Assign` of a state, a Choice rule or a catcher: all its values were pushed
    /// before, so they saw the variables as they were.
    Assign(AssignId),

    /// Leaves the state for another one: fails the run when `output` is too large or too deep, takes an
    /// event id for `…StateExited`, `input = output`, goes on at the place; the heap may be compacted.
    /// Emitted for `Next`, also of Choice rules and catchers.
    Exit(Pc),
    /// Leaves the state and its flow: as `Exit`, then the run or the branch has succeeded with `output`.
    /// Emitted for `End` and by Succeed.
    End,

    /// Goes on at the place unless the comparison holds; a `Variable` without a value fails the run
    /// (but for IsPresent). Emitted by Choice rules (And, Not).
    Unless(TestId, Pc),
    /// Goes on at the place if the comparison holds; fails as `Unless`. Emitted by Choice rules.
    If(TestId, Pc),
    /// Goes on at the place if the JSONata condition is true; fails the state as `Expression`, and where the value is no
    /// boolean. Emitted by Choice rules of a JSONata state.
    Condition(ExpressionId, Pc),
    /// Goes on at the place. Emitted for a JSONata condition that is a constant, and with `Rejoin`.
    Jump(Pc),
    /// Goes on where the table says; fails as `Unless`. Emitted for four or more rules in a row that
    /// compare one variable with constants.
    Switch(SwitchId),
    /// Takes the number below some operands off the stack and goes on at that place of the table. Emitted at the end of
    /// what rules of a Choice share, if it is large; each has pushed its number and jumped there.
    Rejoin(RejoinId),
    /// Notes which Choice rule matched (`u32::MAX`: Default); no effect on the run. Emitted only for
    /// tools.
    Matched(u32),
    /// Fails the run: no rule matched and there is no Default. Emitted by Choice.
    NoChoice,

    /// Pops a task's computed heartbeat and time limit, its parameters, and its credentials, whichever it has, in this
    /// order; yields a request, goes on with
    /// `result = output =` the answer; a failure, a timeout or too large parameters fail the state. Emitted by Task.
    Task(TaskId),
    /// Pops the time if it is computed; yields until it has come; registers stay as they are. Emitted by Wait.
    Wait(WaitId),
    /// Pops the cause and the error that its table entry says are there; fails the flow, past the
    /// state's handlers. Emitted by Fail.
    Fail(FailId),
    /// Runs the branches with `data`, or the processor with each item, as child frames (the computed limits and
    /// the array of `Items` of a JSONata Map are popped first); goes on with
    /// `result = output =` the array of their outputs; the first failure that is not tolerated fails
    /// the state and aborts the others. Emitted by Parallel and Map.
    Container(ContainerId),

    /// Tells a tracing run which value a stage of the data flow has come to. Emitted only for tools.
    Trace(Stage),
}

/// The stages of a state's data flow, in TestState's terms (facts 9.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// `data` after InputPath.
    AfterInputPath,
    /// The popped operand after Parameters, which stays on the stack; `data` without.
    AfterParameters,
    /// The popped operand after Arguments; it stays on the stack.
    AfterArguments,
    /// The result as it came, or as a Pass has it.
    Result,
    /// The result after ResultSelector, if there is one.
    AfterResultSelector,
    /// The output after ResultPath.
    AfterResultPath,
    /// The items of a Map; told when it opens, without an instruction.
    AfterItemsPath,
    /// The items of a JSONata Map; told when it opens, without an instruction.
    AfterItems,
    /// One item of a Map after ItemSelector.
    AfterItemSelector,
    /// The number that a field comes to: literal, at a path or computed; told without an instruction.
    Number(NumberField),
    /// The `Timestamp` of a Wait, at a path or computed; told without an instruction.
    Timestamp,
    /// The popped operand after Credentials; it stays on the stack.
    Credentials,
}

const _: () = assert!(size_of::<Instruction>() == 12);
