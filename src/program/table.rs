//! The tables that instructions refer to.

use super::{Pattern, Pc};
use crate::intrinsic::{Function, Prepared};
use crate::jsonata::Code;
use crate::path::Accessor;
use crate::value::{Key, ValueRef};
use rustc_hash::FxHashMap;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// Returns the index into the table.
            #[inline]
            pub fn at(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// Index of a [`StateInfo`].
    StateId
    /// Index of a [`FlowInfo`].
    FlowId
    /// Index of a [`PathUse`].
    PathId
    /// Index of a [`CallUse`].
    CallId
    /// Index of an [`ExpressionUse`].
    ExpressionId
    /// Index of a [`Test`].
    TestId
    /// Index of a [`Switch`].
    SwitchId
    /// Index of a [`Rejoin`].
    RejoinId
    /// Index of an [`Assignment`].
    AssignId
    /// Index of a [`TaskInfo`].
    TaskId
    /// Index of a [`WaitUntil`].
    WaitId
    /// Index of a [`FailUse`].
    FailId
    /// Index of a [`FormatUse`].
    FormatId
    /// Index of a [`Fused`].
    FusedId
    /// Index of a [`Gather`].
    GatherId
    /// Index of a [`Shape`].
    ShapeId
    /// Index of the variables of one name that flows inside each other assign.
    ShadowId
    /// Index of a [`Container`].
    ContainerId
}

/// One state.
pub struct StateInfo {
    /// Its name.
    pub name: Box<str>,
    /// The name as a constant string.
    pub name_value: ValueRef,
    /// Its type.
    pub kind: StateType,
    /// The flow it is part of.
    pub flow: FlowId,
    /// Where its instructions begin: at its `Enter`, or at the `Fused` in front of it.
    pub enter: Pc,
    /// What follows `Enter`: where a retry begins.
    pub body: Pc,
    /// Its retriers, in order.
    pub retriers: Vec<Retrier>,
    /// Its catchers, in order.
    pub catchers: Vec<Catcher>,
}

/// The type of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum StateType {
    Pass,
    Task,
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel,
    Map,
}

/// The machine's top level, a branch, or an item processor.
pub struct FlowInfo {
    /// Where its first state is.
    pub entry: Pc,
    /// How many variables its scope has; their names, in slot order.
    pub variables: Vec<Box<str>>,
}

/// One use of a path.
pub struct PathUse {
    /// What it is applied to.
    pub source: Source,
    /// The steps.
    pub accessor: Accessor,
    /// The whole path as written, for causes.
    pub text: Box<str>,
    /// The field it stands in (`value.$`, `InputPath`), for causes.
    pub field: Box<str>,
    /// Whether it is an argument of an intrinsic function: then causes are worded by the function.
    pub call: Option<CallId>,
    /// Where the walk before it leaves its value, if there is one: see [`Gather`].
    pub gathered: Option<u32>,
}

/// What a path is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The effective input.
    Data,
    /// The state's input as it came in.
    Input,
    /// The result of the state's work.
    Result,
    /// The state's output so far.
    Output,
    /// The context object.
    Context,
    /// A variable.
    Variable(VariableRef),
    /// The variable of the nearest flow in which one of several of the same name has a value.
    Shadowed(ShadowId),
}

/// A variable: how many flows up, and its slot there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariableRef {
    /// 0: the flow's own.
    pub up: u16,
    /// The slot in that flow.
    pub slot: u32,
}

/// One call of an intrinsic function; its arguments are on the stack.
pub struct CallUse {
    /// Which function.
    pub function: Function,
    /// How many arguments.
    pub arguments: u32,
    /// The call as written, for causes.
    pub text: Box<str>,
}

/// One use of a JSONata expression.
pub struct ExpressionUse {
    /// The code, linked with the program's constants.
    pub code: Code,
    /// The expression as written, for causes.
    pub text: Box<str>,
    /// The field it stands in (`Output/a[0]`), for causes and events; a constant string.
    pub field: ValueRef,
    /// What the names that the code is given are read from, in the code's order.
    pub globals: Vec<Global>,
    /// For each of the code's chains where the walk before it leaves its value, if there is one: see [`Gather`].
    pub chains: Vec<Option<u32>>,
    /// Whether it reads nothing but chains that the walk before it looks for.
    pub is_gathered: bool,
    /// Where the walk before it leaves the value, if the expression is one chain and nothing else.
    pub found: Option<u32>,
}

/// What a name of an expression is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    /// The value.
    pub from: GlobalSource,
    /// Whether chains are all that reads it, and a walk finds them: then it need not be looked at where it has.
    pub is_gathered: bool,
}

/// Where the value of a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlobalSource {
    /// Where that of a path is.
    Of(Source),
    /// The whole of `$states`, an object that is built then.
    States(Work),
}

/// What `$states` has besides the state's input and the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Nothing: no work was done yet.
    None,
    /// `result`.
    Result,
    /// `errorOutput`.
    ErrorOutput,
}

/// What several paths read of one value, found in one walk.
pub struct Gather {
    /// The value.
    pub source: Source,
    /// The keys, siblings side by side, parents before children; what is found stands at the same place.
    pub keys: Vec<Key>,
    /// How many keys are members of the value itself.
    pub top: u32,
    /// Each key whose value is looked into, and which keys are members of that; parents come before children.
    pub parents: Vec<(u32, std::ops::Range<u32>)>,
    /// An object that a template has built is known by its keys: where the first `top` keys then are.
    pub likely: Option<Likely>,
}

/// Where some keys are in an object of a shape.
pub struct Likely {
    /// The shape.
    pub shape: ShapeId,
    /// Which member each key is.
    pub places: Box<[u32]>,
}

/// The keys of an object that a template builds.
pub struct Shape {
    /// Its members as slots: key, a constant string, and [`ValueRef::NONE`] in turn.
    pub members: Box<[ValueRef]>,
    /// Length of the object's dense text without its values.
    pub bytes: u32,
}

impl Shape {
    /// Returns the keys, constant strings.
    pub fn keys(&self) -> impl Iterator<Item = ValueRef> {
        self.members.iter().copied().step_by(2)
    }
}

/// One `States.Format` with a literal template.
pub struct FormatUse {
    /// The template.
    pub template: Prepared,
    /// The template as written, a constant string.
    pub text: ValueRef,
    /// The call it is, for values that are not scalar, and for causes.
    pub call: CallId,
}

/// A chain of Pass states that only pass on or write constants, and perhaps a Succeed at its end.
pub struct Fused {
    /// What the chain writes, in order.
    pub writes: Vec<Write>,
    /// How many states it has.
    pub states: u32,
    /// At most so many bytes are added to the input.
    pub bytes: usize,
    /// At most so many levels are added to the input.
    pub depth: u32,
    /// Where the chain's last state is.
    pub last_state: Pc,
    /// Where to go on; `None`: the flow ends.
    pub next: Option<Pc>,
}

/// A member to write.
pub struct Write {
    /// Its name, to find it.
    pub key: Key,
    /// Its name, to add it.
    pub name: ValueRef,
    /// What to write.
    pub value: WriteValue,
}

/// What is written at a member.
#[allow(missing_docs)]
pub enum WriteValue {
    Constant(ValueRef),
    /// `whole` where there is no such member; else the members, into the object that is there.
    Object {
        whole: ValueRef,
        members: Vec<Write>,
    },
}

/// A list of variables to set; the values are on the stack in the same order.
pub struct Assignment {
    /// Name (a constant string) and place.
    pub variables: Vec<(ValueRef, VariableRef)>,
}

/// One comparison of a Choice rule.
pub struct Test {
    /// The `Variable`.
    pub variable: PathId,
    /// What it is compared with.
    pub comparison: Comparison,
}

/// An operator with its operand.
#[allow(missing_docs)]
pub enum Comparison {
    String {
        relation: Relation,
        operand: Box<str>,
    },
    StringPath {
        relation: Relation,
        operand: PathId,
    },
    Numeric {
        relation: Relation,
        operand: ValueRef,
        plain: Option<f64>,
    },
    NumericPath {
        relation: Relation,
        operand: PathId,
    },
    Timestamp {
        relation: Relation,
        operand: i128,
    },
    TimestampPath {
        relation: Relation,
        operand: PathId,
    },
    Boolean(bool),
    BooleanPath(PathId),
    Matches(Pattern),
    IsNull(bool),
    IsPresent(bool),
    IsNumeric(bool),
    IsString(bool),
    IsBoolean(bool),
    IsTimestamp(bool),
}

/// The relation of an ordering operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Relation {
    Equals,
    LessThan,
    GreaterThan,
    LessThanEquals,
    GreaterThanEquals,
}

/// Rules that compare one variable with constants, as one look-up.
pub struct Switch {
    /// The `Variable`.
    pub variable: PathId,
    /// Decoded string to the place of the first rule that names it.
    pub strings: FxHashMap<Box<str>, Pc>,
    /// Numbers by value, ascending, with the constant and the place of the first rule that names it.
    pub numbers: Vec<(f64, ValueRef, Pc)>,
    /// Where to go on otherwise.
    pub otherwise: Pc,
}

/// Where the rules of a Choice go on behind code that they share.
pub struct Rejoin {
    /// The places, by the number that a rule has pushed.
    pub places: Vec<Pc>,
    /// How many operands lie on that number.
    pub operands: u32,
}

/// What a Task calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The ARN as written.
    pub arn: Box<str>,
    /// `resourceType` and `resource` of a service integration; `None` for a raw function ARN.
    pub integration: Option<(Box<str>, Box<str>)>,
}

/// One Task.
pub struct TaskInfo {
    /// Its state.
    pub state: StateId,
    /// What it calls.
    pub resource: Resource,
    /// `TimeoutSeconds`.
    pub timeout: Limit,
    /// `HeartbeatSeconds`.
    pub heartbeat: Limit,
    /// Whether its credentials are on the stack, below the parameters.
    pub credentials: bool,
    /// The members of its parameters, with the value where that is a constant of the program.
    pub parameters: Vec<(Box<str>, Option<ValueRef>)>,
    /// Parameters that are a fault before it is called, unless they are objects of lists.
    pub lists: Vec<Box<str>>,
    /// The members of its result that the state reads, if it reads nothing else of it: a `ResultSelector` or
    /// `OutputPath` with such paths stands between the result and the rest, or it is not kept at all.
    pub selected: Option<Vec<Box<str>>>,
}

/// A number of seconds or iterations: absent, literal, at a path or, where an expression computes it, on the stack.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Limit {
    None,
    Literal(u32),
    Path(PathId),
    Popped,
}

/// A field whose expression makes a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum NumberField {
    Seconds,
    TimeoutSeconds,
    HeartbeatSeconds,
    MaxConcurrency,
    ToleratedFailureCount,
    ToleratedFailurePercentage,
}

impl NumberField {
    /// Returns the field's name.
    pub fn name(self) -> &'static str {
        match self {
            NumberField::Seconds => "Seconds",
            NumberField::TimeoutSeconds => "TimeoutSeconds",
            NumberField::HeartbeatSeconds => "HeartbeatSeconds",
            NumberField::MaxConcurrency => "MaxConcurrency",
            NumberField::ToleratedFailureCount => "ToleratedFailureCount",
            NumberField::ToleratedFailurePercentage => "ToleratedFailurePercentage",
        }
    }
}

/// One entry of `Retry`.
#[derive(Clone, Debug, PartialEq)]
pub struct Retrier {
    /// `ErrorEquals`.
    pub errors: Vec<Box<str>>,
    /// `IntervalSeconds`.
    pub interval_seconds: u32,
    /// `MaxAttempts`.
    pub max_attempts: u32,
    /// `BackoffRate`.
    pub backoff_rate: f64,
    /// `MaxDelaySeconds`.
    pub max_delay_seconds: Option<u32>,
    /// `JitterStrategy` is `FULL`.
    pub full_jitter: bool,
}

/// One entry of `Catch`.
#[derive(Clone, Debug, PartialEq)]
pub struct Catcher {
    /// `ErrorEquals`.
    pub errors: Vec<Box<str>>,
    /// Where to go on, with `result` = the error output.
    pub target: Pc,
}

/// One Wait.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum WaitUntil {
    Seconds(u32),
    SecondsPath(PathId),
    SecondsPopped,
    /// Nanoseconds since 1970.
    Timestamp(i128),
    TimestampPath(PathId),
    TimestampPopped(ExpressionId),
}

/// One Fail: which of its texts are on the stack (error below cause).
#[derive(Clone, Copy, Debug)]
pub struct FailUse {
    /// The error if the definition writes it; else none, also where it is computed.
    pub literal: ValueRef,
    /// An error was pushed.
    pub error: bool,
    /// A cause was pushed.
    pub cause: bool,
    /// The expression of the error and of the cause, where they are computed in JSONata.
    pub expressions: [Option<ExpressionId>; 2],
}

/// One Parallel or Map.
pub struct Container {
    /// Its state.
    pub state: StateId,
    /// What it runs.
    pub branches: Branches,
}

/// What a container runs.
#[allow(missing_docs)]
pub enum Branches {
    Parallel(Vec<FlowId>),
    Map(Box<Iteration>),
}

/// What a Map runs.
pub struct Iteration {
    /// The item processor.
    pub flow: FlowId,
    /// Where the items are.
    pub items: Items,
    /// The block that computes an iteration's input from `$` and `$$.Map.Item`.
    pub selector: Option<Pc>,
    /// The block that computes an iteration's output from its input, where the processor is one Pass state
    /// whose template reads nothing else: then no frame is needed if no events are kept.
    pub inline: Option<Pc>,
    /// `MaxConcurrency`.
    pub max_concurrency: Limit,
    /// `ToleratedFailureCount`.
    pub tolerated_count: Limit,
    /// `ToleratedFailurePercentage`.
    pub tolerated_percentage: Percentage,
}

/// Where the items of a Map are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Items {
    /// The effective input: no `ItemsPath`.
    Data,
    /// `ItemsPath`.
    Path(PathId),
    /// The state's input: a JSONata Map without `Items`.
    Input,
    /// On the stack: `Items`, and its expression if it is one.
    Popped(Option<ExpressionId>),
}

/// A percentage: absent, literal, at a path or on the stack.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Percentage {
    None,
    Literal(f64),
    Path(PathId),
    Popped,
}
