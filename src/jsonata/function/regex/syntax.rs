//! The tree of a pattern.

use super::set::Set;

/// No upper bound of repetitions.
pub(super) const UNBOUNDED: u32 = u32::MAX;

/// A part of a pattern.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Empty,
    Char(char),
    /// Half of a surrogate pair, which no text here holds.
    Never,
    /// `.`
    Any,
    Set(Set),
    /// `^`
    Start,
    /// `$`
    End,
    /// `\b`, or `\B` if negated
    Boundary {
        negated: bool,
    },
    /// A capturing group; the first is 1.
    Group(u32, Box<Node>),
    Backreference(u32),
    Look {
        is_behind: bool,
        negated: bool,
        body: Box<Node>,
    },
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
    Repeat(Box<Repeat>),
}

/// A part that is repeated.
#[derive(Clone, Debug)]
pub(super) struct Repeat {
    pub(super) body: Node,
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) greedy: bool,
    /// The groups inside: each round forgets what they matched.
    pub(super) groups: std::ops::Range<u32>,
}

impl Node {
    /// Whether the part may match without taking a character.
    pub(super) fn may_be_empty(&self) -> bool {
        match self {
            Node::Char(_) | Node::Never | Node::Any | Node::Set(_) => false,
            Node::Group(_, body) => body.may_be_empty(),
            Node::Concat(parts) => parts.iter().all(Node::may_be_empty),
            Node::Alternate(parts) => parts.iter().any(Node::may_be_empty),
            Node::Repeat(repeat) => repeat.min == 0 || repeat.body.may_be_empty(),
            Node::Empty
            | Node::Start
            | Node::End
            | Node::Boundary { .. }
            | Node::Backreference(_)
            | Node::Look { .. } => true,
        }
    }
}
