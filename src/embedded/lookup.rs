//! Finds members of large objects without a search through their lists.
//!
//! A file has up to 8 MiB, and each of its state machines may name any of its hundred thousand resources. Must not
//! own what it finds. Invariant: it is asked about the nodes of one file only, where two objects of the same place
//! are copies of each other.

use crate::asl::syntax::{Member, Node};
use std::cell::RefCell;
use std::collections::HashMap;

/// An object with as many members as this is searched: an index would cost more.
const SEARCHED_MAX: usize = 16;

/// The places of members, by the span of their object and by their keys.
type Places = HashMap<(usize, usize), HashMap<String, usize>>;

/// An index of the large objects of a file, made as they are asked for.
#[derive(Default)]
pub(super) struct Lookup {
    places: RefCell<Places>,
}

impl Lookup {
    /// Returns the member of an object with this key.
    pub(super) fn member<'n>(&self, node: &'n Node, key: &str) -> Option<&'n Member> {
        let members = node.as_object()?;
        if members.len() <= SEARCHED_MAX {
            return node.member(key);
        }
        let mut places = self.places.borrow_mut();
        let index = places.entry((node.span.start, node.span.end)).or_insert_with(|| {
            let keys = members.iter().enumerate();
            keys.map(|(place, member)| (member.key.clone(), place)).collect()
        });
        members.get(*index.get(key)?)
    }

    /// Returns the value of an object under this key.
    pub(super) fn get<'n>(&self, node: &'n Node, key: &str) -> Option<&'n Node> {
        self.member(node, key).map(|member| &member.value)
    }
}
