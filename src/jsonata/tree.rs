//! The tree after processing: paths are lists of steps, predicates belong to steps.
//!
//! What [`super::process`] makes of the syntax and [`super::emit`] makes code of.

use super::syntax::{Literal, Term};

/// A `%` and the label under which the value it means is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SlotId(pub(super) usize);

/// What is applied to the results of a step.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    Filter(Node),
    /// `#$name` behind a predicate: numbers what is left.
    Index(String),
}

/// A grouping clause.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) pairs: Vec<(Node, Node)>,
    pub(super) position: u32,
}

/// A node, with what stands behind it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) position: u32,
    pub(super) keep_array: bool,
    /// Predicates of a node that is not a step.
    pub(super) predicates: Vec<Stage>,
    /// Predicates of a step.
    pub(super) stages: Vec<Stage>,
    pub(super) group: Option<Box<Group>>,
    pub(super) focus: Option<String>,
    pub(super) index: Option<String>,
    pub(super) ancestor: Option<SlotId>,
    /// The step, or the path, yields tuples.
    pub(super) tuple: bool,
    /// An array constructor whose result is not flattened into the path.
    pub(super) constructs: bool,
    /// The `%` inside that look for their step further out.
    pub(super) seeking: Option<Vec<SlotId>>,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Name(String),
    Variable(String),
    String(String),
    Number(f64),
    Literal(Literal),
    Regex {
        pattern: String,
        flags: String,
    },
    Placeholder,
    Wildcard,
    Descendants,
    Parent(SlotId),
    Path {
        steps: Vec<Node>,
        keep_singleton: bool,
    },
    Sort(Vec<Term<Node>>),
    Binary {
        operator: &'static str,
        left: Box<Node>,
        right: Box<Node>,
    },
    Apply {
        left: Box<Node>,
        right: Box<Node>,
    },
    Bind {
        name: String,
        right: Box<Node>,
    },
    Negate(Box<Node>),
    Array(Vec<Node>),
    Object(Vec<(Node, Node)>),
    Call {
        procedure: Box<Node>,
        arguments: Vec<Node>,
    },
    Partial {
        procedure: Box<Node>,
        arguments: Vec<Node>,
    },
    /// A call in tail position.
    TailCall(Box<Node>),
    Lambda {
        parameters: Vec<String>,
        signature: Option<String>,
        body: Box<Node>,
    },
    Block(Vec<Node>),
    Condition {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Option<Box<Node>>,
    },
    Transform {
        pattern: Box<Node>,
        update: Box<Node>,
        delete: Option<Box<Node>>,
    },
}

impl Node {
    pub(super) fn new(kind: Kind, position: u32) -> Node {
        Node {
            kind,
            position,
            keep_array: false,
            predicates: Vec::new(),
            stages: Vec::new(),
            group: None,
            focus: None,
            index: None,
            ancestor: None,
            tuple: false,
            constructs: false,
            seeking: None,
        }
    }

    /// Returns the node itself, or the last step if it is a path.
    pub(super) fn last_step(&mut self) -> &mut Node {
        if matches!(&self.kind, Kind::Path { steps, .. } if !steps.is_empty()) {
            let Kind::Path { steps, .. } = &mut self.kind else {
                unreachable!()
            };
            let last = steps.len() - 1;
            return &mut steps[last];
        }
        self
    }

    pub(super) fn is_path(&self) -> bool {
        matches!(self.kind, Kind::Path { .. })
    }

    /// Returns the name of the node's type, as the error for a `%` shows it.
    pub(super) fn type_name(&self) -> &'static str {
        match &self.kind {
            Kind::Name(_) => "name",
            Kind::Variable(_) => "variable",
            Kind::String(_) => "string",
            Kind::Number(_) => "number",
            Kind::Literal(_) => "value",
            Kind::Regex { .. } => "regex",
            Kind::Placeholder => "operator",
            Kind::Wildcard => "wildcard",
            Kind::Descendants => "descendant",
            Kind::Parent(_) => "parent",
            Kind::Path { .. } => "path",
            Kind::Sort(_) => "sort",
            Kind::Binary { .. } => "binary",
            Kind::Apply { .. } => "apply",
            Kind::Bind { .. } => "bind",
            Kind::Negate(_) | Kind::Array(_) | Kind::Object(_) => "unary",
            Kind::Call { .. } => "function",
            Kind::Partial { .. } => "partial",
            Kind::TailCall(_) | Kind::Lambda { .. } => "lambda",
            Kind::Block(_) => "block",
            Kind::Condition { .. } => "condition",
            Kind::Transform { .. } => "transform",
        }
    }
}
