//! The syntax of a path: what [`crate::path::parse`] makes and the compiler reads.

/// A path with its source text.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The text as the definition has it; error causes quote it.
    pub text: String,
    /// What the path starts from.
    pub root: Root,
    /// What is applied to the root, in order.
    pub steps: Vec<Step>,
}

/// What a path starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// `$`: the state's data.
    Input,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable.
    Variable(String),
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `.name` or `['name']`, decoded.
    Key(String),
    /// `[n]`; a negative index counts from the end.
    Index(i64),
    /// `.*` or `[*]`.
    Wildcard,
    /// `['a','b']`.
    Keys(Vec<String>),
    /// `[0,2]`.
    Indices(Vec<i64>),
    /// `[start:end:step]`.
    Slice {
        /// First index, inclusive.
        start: Option<i64>,
        /// Last index, exclusive.
        end: Option<i64>,
        /// Distance; read and ignored, as Jayway does.
        step: Option<i64>,
    },
    /// `[?(...)]`.
    Filter(Filter),
    /// `..`: the value and all its descendants; the next step is applied to each.
    Descend,
    /// A trailing function such as `.length()`.
    Function(Function),
}

/// A function at the end of a path (Jayway).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Function {
    Length,
    Size,
    Min,
    Max,
    Sum,
    Avg,
    StdDev,
    Keys,
    First,
    Last,
}

/// The condition of a filter step.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Filter {
    Or(Vec<Filter>),
    And(Vec<Filter>),
    Not(Box<Filter>),
    /// The path has a value, from the element under test.
    Exists(Path),
    /// The path has a value, from the document.
    ExistsInDocument(Path),
    Compare {
        left: Operand,
        operator: Operator,
        right: Operand,
    },
}

/// One side of a comparison in a filter. Paths inside a filter start at `@` ([`Root::Input`], the
/// element) or `$` (`rooted`, the document).
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Operand {
    /// A constant, as JSON text.
    Json(String),
    /// `@...`: from the element under test.
    Element(Path),
    /// `$...`: from the document.
    Document(Path),
    /// `/.../`: a pattern, its text.
    Regex { pattern: String, ignore_case: bool },
}

/// The operator of a comparison in a filter (Jayway's list).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operator {
    Equal,
    NotEqual,
    /// `===`: equal, and of one type.
    SameType,
    /// `!==`.
    NotSameType,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Matches,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    Size,
    Empty,
    Contains,
    All,
}

impl Function {
    /// Finds a function by its name in a path.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "length" => Self::Length,
            "size" => Self::Size,
            "min" => Self::Min,
            "max" => Self::Max,
            "sum" => Self::Sum,
            "avg" => Self::Avg,
            "stddev" => Self::StdDev,
            "keys" => Self::Keys,
            "first" => Self::First,
            "last" => Self::Last,
            _ => return None,
        })
    }

    /// Returns the function's name in a path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Size => "size",
            Self::Min => "min",
            Self::Max => "max",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::StdDev => "stddev",
            Self::Keys => "keys",
            Self::First => "first",
            Self::Last => "last",
        }
    }
}

impl Path {
    /// Says whether the path can name at most one place: only keys and single indices.
    ///
    /// A definite path gives a value, an indefinite one an array (facts 5.1). Several keys at the end
    /// are one object, and a function behind a deep scan is applied to all its hits at once (Jayway).
    pub fn is_definite(&self) -> bool {
        match self.steps.as_slice() {
            [Step::Descend, .., Step::Function(_)] => true,
            [before @ .., Step::Keys(_)] => before.iter().all(Step::is_definite),
            steps => steps.iter().all(Step::is_definite),
        }
    }

    /// Says whether this is a reference path: what `ResultPath` and its like accept (facts 5.1).
    pub fn is_reference(&self) -> bool {
        self.steps
            .iter()
            .all(|step| matches!(step, Step::Key(_) | Step::Index(_)))
    }
}

impl Step {
    fn is_definite(&self) -> bool {
        matches!(self, Self::Key(_) | Self::Index(_) | Self::Function(_))
    }
}
