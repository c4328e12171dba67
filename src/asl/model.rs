//! The document model: a definition that was accepted, with defaults resolved.
//!
//! The compiler is its only reader. Everything here is in the words of the language (facts 4); text
//! positions stay behind in the diagnostics.

use crate::intrinsic::Call;
use crate::jsonata;
use crate::path::Path;
use std::sync::Arc;

/// An accepted state machine.
#[derive(Clone, Debug)]
pub struct StateMachine {
    /// `Comment`.
    pub comment: Option<String>,
    /// `TimeoutSeconds` of the machine.
    pub timeout_seconds: Option<u32>,
    /// The top-level states.
    pub flow: Flow,
}

/// `StartAt` and `States`: the machine, a branch of a Parallel, or the processor of a Map.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Name of the first state; one of `states`.
    pub start_at: String,
    /// The states in the order of the text.
    pub states: Vec<State>,
}

/// One state.
#[derive(Clone, Debug)]
pub struct State {
    /// Its name, unique in the whole machine.
    pub name: String,
    /// `Comment`.
    pub comment: Option<String>,
    /// JSON Pointer of the state in the definition.
    pub pointer: String,
    /// The query language this state uses (facts 4.2).
    pub query_language: QueryLanguage,
    /// `InputPath`; default `$`.
    pub input_path: DataPath,
    /// `OutputPath`; default `$`.
    pub output_path: DataPath,
    /// `Output`, in JSONata alone; for a Choice, the state-level one.
    pub output: Option<Template>,
    /// `Assign`: variable name and template; for a Choice, the state-level one.
    pub assign: Vec<(String, Template)>,
    /// What the type adds.
    pub kind: StateKind,
}

/// The query language of a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueryLanguage {
    /// `JSONPath`, the default.
    #[default]
    JsonPath,
    /// `JSONata`.
    Jsonata,
}

/// `InputPath`, `OutputPath`, `ResultPath`: a path or `null`.
#[derive(Clone, Debug, PartialEq)]
pub enum DataPath {
    /// `"$"`, also the default: the whole.
    Whole,
    /// `null`: `{}` for input and output, "discard the result" for `ResultPath`.
    Null,
    /// Any other path.
    Path(Path),
}

/// What a state's type adds to the common fields.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum StateKind {
    Pass(Pass),
    Task(Box<Task>),
    Choice(Choice),
    Wait(Wait),
    Succeed,
    Fail(Fail),
    Parallel(Parallel),
    Map(Box<Map>),
}

/// Where a state leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// `Next`.
    Next(String),
    /// `End: true`.
    End,
}

/// A JSONata expression: a text in `{% %}`.
#[derive(Clone, Debug)]
pub struct Jsonata {
    /// Where it stands in its state, as causes name it: `Output/a/b[0]` (facts 5.3).
    pub field: String,
    /// What stands between `{%` and `%}`, without the blanks around it.
    pub text: String,
    /// The same, read.
    pub expression: Arc<jsonata::Expression>,
}

impl PartialEq for Jsonata {
    /// Two expressions are equal that stand in the same field and have the same text.
    fn eq(&self, other: &Jsonata) -> bool {
        self.field == other.field && self.text == other.text
    }
}

/// A payload template: `Parameters`, `ResultSelector`, `ItemSelector`, `Assign`, `Credentials`; in JSONata `Arguments`,
/// `Output` and `Items`.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// A constant part, as dense JSON text; numbers keep their notation.
    Constant(String),
    /// `"k.$": "$.a"`. `field` is the key with its `.$`, which error causes name (facts 5.4).
    Path {
        /// The key, `.$` included.
        field: String,
        /// The path.
        path: Path,
    },
    /// `"k.$": "States.F()"`.
    Call {
        /// The key, `.$` included.
        field: String,
        /// The call.
        call: Call,
    },
    /// A text in `{% %}`.
    Jsonata(Jsonata),
    /// An object that is not all constant; keys without `.$`, in the order of the text.
    Object(Vec<(String, Template)>),
    /// An array that is not all constant.
    Array(Vec<Template>),
}

/// A path or an intrinsic call: `ErrorPath`, `CausePath`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Expression {
    Path(Path),
    Call(Call),
}

/// A literal or a path to the value: the operand of a Choice rule.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum OrPath<T> {
    Literal(T),
    Path(Path),
}

/// A literal, or where the value comes from: `TimeoutSeconds`/`TimeoutSecondsPath` and their like.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Setting<T> {
    Literal(T),
    Path(Path),
    Jsonata(Jsonata),
}

/// A Pass state.
#[derive(Clone, Debug)]
pub struct Pass {
    /// `Result`, as dense JSON text; never evaluated.
    pub result: Option<String>,
    /// `Parameters`.
    pub parameters: Option<Template>,
    /// `ResultPath`; default `$`.
    pub result_path: DataPath,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// A Task state.
#[derive(Clone, Debug)]
pub struct Task {
    /// `Resource`.
    pub resource: Resource,
    /// `Parameters` or `Arguments`; without it the task gets the effective input.
    pub parameters: Option<Template>,
    /// `ResultSelector`.
    pub result_selector: Option<Template>,
    /// `ResultPath`; default `$`.
    pub result_path: DataPath,
    /// `TimeoutSeconds` or its path form.
    pub timeout: Option<Setting<u32>>,
    /// `HeartbeatSeconds` or its path form.
    pub heartbeat: Option<Setting<u32>>,
    /// `Credentials`.
    pub credentials: Option<Template>,
    /// `Retry`.
    pub retry: Vec<Retrier>,
    /// `Catch`.
    pub catch: Vec<Catcher>,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// What a Task calls (facts 8.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The ARN as written.
    pub arn: String,
    /// Its kind.
    pub kind: ResourceKind,
}

/// The kinds of task resource that Express runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    /// A raw function ARN: `LambdaFunction*` events.
    Function,
    /// A service integration: `Task*` events with `resourceType` and `resource` (facts 2.5).
    Integration {
        /// Such as `lambda` or `aws-sdk:dynamodb`.
        resource_type: String,
        /// Such as `invoke`.
        resource: String,
    },
}

/// One entry of `Retry`, defaults resolved (facts 4.5).
#[derive(Clone, Debug, PartialEq)]
pub struct Retrier {
    /// `ErrorEquals`.
    pub error_equals: Vec<String>,
    /// `IntervalSeconds`; default 1.
    pub interval_seconds: u32,
    /// `MaxAttempts`; default 3.
    pub max_attempts: u32,
    /// `BackoffRate`; default 2.0.
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
    pub error_equals: Vec<String>,
    /// `Next`.
    pub next: String,
    /// `ResultPath`; default `$`.
    pub result_path: DataPath,
    /// `Output`, in JSONata alone.
    pub output: Option<Template>,
    /// `Assign`.
    pub assign: Vec<(String, Template)>,
}

/// A Choice state.
#[derive(Clone, Debug)]
pub struct Choice {
    /// `Choices`, never empty.
    pub rules: Vec<Rule>,
    /// `Default`.
    pub default: Option<String>,
}

/// A top-level Choice rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The condition.
    pub test: Test,
    /// `Next`.
    pub next: String,
    /// `Output`, in JSONata alone; when present it replaces the state-level one.
    pub output: Option<Template>,
    /// `Assign`; when present it replaces the state-level one.
    pub assign: Option<Vec<(String, Template)>>,
}

/// The condition of a Choice rule.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Test {
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
    Compare {
        variable: Path,
        comparison: Comparison,
    },
    /// `Condition`.
    Jsonata(Jsonata),
    /// `Condition: true` and its like.
    Literal(bool),
}

/// The operator and operand of a Choice rule: the 39 operators, by family (facts 4.6).
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// `StringEquals` and its like.
    String(Relation, OrPath<String>),
    /// `NumericEquals` and its like; a literal keeps its notation.
    Numeric(Relation, OrPath<String>),
    /// `TimestampEquals` and its like; a literal is the text.
    Timestamp(Relation, OrPath<String>),
    /// `BooleanEquals`.
    Boolean(OrPath<bool>),
    /// `StringMatches`: the pattern, `*` any run, `\*` a star, `\\` a backslash.
    StringMatches(String),
    /// `IsNull` and its like, and the wanted answer.
    Is(TypeTest, bool),
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

/// The type tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TypeTest {
    Null,
    Present,
    Numeric,
    String,
    Boolean,
    Timestamp,
}

/// A Wait state.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Which of the forms.
    pub until: WaitUntil,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// The forms of Wait.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum WaitUntil {
    Seconds(u32),
    SecondsPath(Path),
    /// RFC 3339 text, checked.
    Timestamp(String),
    TimestampPath(Path),
    SecondsJsonata(Jsonata),
    TimestampJsonata(Jsonata),
}

/// A Fail state.
#[derive(Clone, Debug, Default)]
pub struct Fail {
    /// `Error` or `ErrorPath`.
    pub error: Option<FailText>,
    /// `Cause` or `CausePath`.
    pub cause: Option<FailText>,
}

/// A text of a Fail state.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum FailText {
    Literal(String),
    Expression(Expression),
    Jsonata(Jsonata),
}

/// A Parallel state.
#[derive(Clone, Debug)]
pub struct Parallel {
    /// `Branches`, never empty.
    pub branches: Vec<Flow>,
    /// `Parameters` or `Arguments`.
    pub parameters: Option<Template>,
    /// `ResultSelector`.
    pub result_selector: Option<Template>,
    /// `ResultPath`; default `$`.
    pub result_path: DataPath,
    /// `Retry`.
    pub retry: Vec<Retrier>,
    /// `Catch`.
    pub catch: Vec<Catcher>,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// An inline Map state.
#[derive(Clone, Debug)]
pub struct Map {
    /// `ItemsPath`; default `$`.
    pub items_path: DataPath,
    /// `Items`, in JSONata alone; without it the items are the state's input.
    pub items: Option<Template>,
    /// `ItemSelector`, or `Parameters`, its older name.
    pub item_selector: Option<Template>,
    /// Which of the two names was written: causes quote it.
    pub item_selector_field: &'static str,
    /// `ItemProcessor`, or `Iterator`, its older name.
    pub processor: Flow,
    /// `MaxConcurrency` or its path form; `None` and 0: no limit but the service's.
    pub max_concurrency: Option<Setting<u32>>,
    /// `ToleratedFailureCount` or its path form.
    pub tolerated_failure_count: Option<Setting<u32>>,
    /// `ToleratedFailurePercentage` or its path form.
    pub tolerated_failure_percentage: Option<Setting<f64>>,
    /// `ResultSelector`.
    pub result_selector: Option<Template>,
    /// `ResultPath`; default `$`.
    pub result_path: DataPath,
    /// `Retry`.
    pub retry: Vec<Retrier>,
    /// `Catch`.
    pub catch: Vec<Catcher>,
    /// `Next` or `End`.
    pub transition: Transition,
}
