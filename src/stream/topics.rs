//! Topics that data names: as many as there is room for, then the one that was not used for longest gives way.
//!
//! Owns which names have a handle. Must not know who may name what, nor open or close a topic. Invariant: a topic with
//! something on its way keeps its handle.

use super::TopicId;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Longest name of a topic that brokers allow.
const NAME_BYTES_MAX: usize = 249;

/// Handles by name, at most so many.
#[derive(Debug)]
pub struct NamedTopics {
    max: usize,
    topics: FxHashMap<Rc<str>, Named>,
    /// Counts uses: the larger number was the later one.
    uses: u64,
}

/// A topic that is open.
#[derive(Debug)]
pub struct Named {
    /// Its name.
    pub name: Rc<str>,
    /// Its handle.
    pub id: TopicId,
    last_use: u64,
}

/// What has to be done for a topic that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// It may be opened.
    Free,
    /// It may be opened when this one, of which nothing is on its way, is closed.
    Instead(TopicId),
    /// Something is on its way to all topics that are known.
    None,
}

impl NamedTopics {
    /// Creates a set without topics.
    pub fn new(max: usize) -> NamedTopics {
        NamedTopics {
            max,
            topics: FxHashMap::default(),
            uses: 0,
        }
    }

    /// Finds a topic and notes that it is used.
    pub fn get(&mut self, name: &str) -> Option<&Named> {
        let named = self.topics.get_mut(name)?;
        self.uses += 1;
        named.last_use = self.uses;
        Some(named)
    }

    /// Makes room for one more topic; the one that gives way is forgotten here.
    pub fn make_room(&mut self, is_idle: impl Fn(TopicId) -> bool) -> Room {
        if self.topics.len() < self.max {
            return Room::Free;
        }
        let idle = self.topics.values().filter(|named| is_idle(named.id));
        let oldest = idle.min_by_key(|named| named.last_use);
        let Some((name, id)) = oldest.map(|named| (Rc::clone(&named.name), named.id)) else {
            return Room::None;
        };
        self.topics.remove(&name);
        Room::Instead(id)
    }

    /// Adds a topic that was opened, after [`NamedTopics::make_room`].
    pub fn insert(&mut self, name: Rc<str>, id: TopicId) {
        self.uses += 1;
        let named = Named {
            name: Rc::clone(&name),
            id,
            last_use: self.uses,
        };
        self.topics.insert(name, named);
    }
}

/// Says whether brokers could have a topic with this name.
pub fn is_topic_name(name: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !matches!(name, "" | "." | "..") && name.len() <= NAME_BYTES_MAX && name.bytes().all(is_legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_was_not_used_for_longest_gives_way() {
        let mut topics = NamedTopics::new(3);
        for (id, name) in ["a", "b", "c"].into_iter().enumerate() {
            assert_eq!(topics.make_room(|_| true), Room::Free);
            topics.insert(name.into(), TopicId(id as u32));
        }
        assert_eq!(topics.get("a").map(|named| named.id), Some(TopicId(0)));
        // Something is on its way to b.
        assert_eq!(topics.make_room(|id| id != TopicId(1)), Room::Instead(TopicId(2)));
        assert!(topics.get("c").is_none() && topics.get("b").is_some());
        topics.insert("d".into(), TopicId(2));
        assert_eq!(topics.make_room(|_| false), Room::None);
        assert_eq!(topics.make_room(|_| true), Room::Instead(TopicId(0)));
    }

    #[test]
    fn names() {
        for name in ["orders", "a.b_c-7", &"x".repeat(249)] {
            assert!(is_topic_name(name), "{name}");
        }
        for name in ["", ".", "..", "a b", "a\n", "é", &"x".repeat(250)] {
            assert!(!is_topic_name(name), "{name}");
        }
    }
}
