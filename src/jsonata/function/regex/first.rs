//! What a part of a pattern can begin with: where a match is worth trying, and which runs never have to give
//! characters back.

use super::fold::canonical;
use super::program::Entry;
use super::syntax::Node;

/// What a match may begin with.
#[derive(Clone, Copy)]
pub(super) struct First {
    ascii: u128,
    others: bool,
    may_be_empty: bool,
}

impl First {
    /// Whether no character begins both; `false` if either may begin with nothing.
    pub(super) fn excludes(self, other: First) -> bool {
        let is_shared = self.ascii & other.ascii != 0 || (self.others && other.others);
        !is_shared && !self.may_be_empty && !other.may_be_empty
    }
}

/// How many parts are looked at for what follows one: some may match nothing.
const FOLLOWERS_MAX: usize = 8;

/// Returns what the parts begin with.
pub(super) fn first_of(parts: &[Node], ignore_case: bool) -> First {
    concat(&parts[..parts.len().min(FOLLOWERS_MAX)], ignore_case)
}

const ANY: First = First {
    ascii: u128::MAX,
    others: true,
    may_be_empty: true,
};

/// Says where matches of a pattern can begin.
pub(super) fn entry(tree: &Node, ignore_case: bool, multiline: bool) -> Entry {
    let parts = match tree {
        Node::Concat(parts) => parts.as_slice(),
        other => std::slice::from_ref(other),
    };
    if !multiline && matches!(parts.first(), Some(Node::Start)) {
        return Entry::Start;
    }
    let literal: String = parts
        .iter()
        .map_while(|part| match part {
            Node::Char(character) if !ignore_case => Some(*character),
            _ => None,
        })
        .collect();
    if !literal.is_empty() {
        return Entry::Literal(literal.into());
    }
    let first = first(tree, ignore_case);
    if first.may_be_empty || (first.ascii == u128::MAX && first.others) {
        Entry::Anywhere
    } else {
        Entry::Among {
            ascii: first.ascii,
            others: first.others,
        }
    }
}

/// Returns what a part begins with.
pub(super) fn first(node: &Node, ignore_case: bool) -> First {
    let nothing = First {
        ascii: 0,
        others: false,
        may_be_empty: false,
    };
    match node {
        Node::Char(character) if ignore_case => {
            let code = canonical(*character);
            let both = bit(code) | bit(code.to_ascii_lowercase());
            First {
                ascii: both,
                others: !code.is_ascii(),
                ..nothing
            }
        }
        Node::Char(character) => First {
            ascii: bit(*character),
            others: !character.is_ascii(),
            ..nothing
        },
        Node::Never => nothing,
        Node::Any => First {
            ascii: !(bit('\n') | bit('\r')),
            others: true,
            ..nothing
        },
        Node::Set(set) => First {
            ascii: set.ascii(),
            others: set.has_others(),
            ..nothing
        },
        Node::Group(_, body) => first(body, ignore_case),
        Node::Concat(parts) => concat(parts, ignore_case),
        Node::Alternate(parts) => parts.iter().fold(nothing, |sum, part| {
            let next = first(part, ignore_case);
            First {
                may_be_empty: sum.may_be_empty || next.may_be_empty,
                ..union(sum, next)
            }
        }),
        Node::Repeat(repeat) => First {
            may_be_empty: node.may_be_empty(),
            ..first(&repeat.body, ignore_case)
        },
        Node::Backreference(_) => ANY,
        Node::Empty | Node::Start | Node::End | Node::Boundary { .. } | Node::Look { .. } => First {
            may_be_empty: true,
            ..nothing
        },
    }
}

fn concat(parts: &[Node], ignore_case: bool) -> First {
    let mut sum = First {
        ascii: 0,
        others: false,
        may_be_empty: true,
    };
    for part in parts {
        let next = first(part, ignore_case);
        sum = union(sum, next);
        sum.may_be_empty = next.may_be_empty;
        if !next.may_be_empty {
            break;
        }
    }
    sum
}

fn union(a: First, b: First) -> First {
    First {
        ascii: a.ascii | b.ascii,
        others: a.others || b.others,
        ..a
    }
}

fn bit(character: char) -> u128 {
    if character.is_ascii() {
        1 << character as u32
    } else {
        0
    }
}
