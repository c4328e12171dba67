//! Topics that data names: as many as there is room for, then the one that was not used for longest gives way.
//!
//! Owns which names have a handle. Must not know who may name what, nor open or close a topic. Invariants: a topic with
//! something on its way keeps its handle; of topics that nothing has ever reached there are only a few, so that names
//! somebody makes up do not take the room of topics that exist.

use super::TopicId;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Longest name of a topic that brokers allow.
const NAME_BYTES_MAX: usize = 249;

/// Handles by name, at most so many.
#[derive(Debug)]
pub struct NamedTopics {
    max: usize,
    /// How many of them may be topics that nothing has reached yet.
    untried_max: usize,
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

/// What is known of a topic that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether nothing is on its way to it.
    pub is_idle: bool,
    /// Whether something has arrived there: it exists.
    pub is_proven: bool,
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
    /// Creates a set without topics, for at most so many, of which nothing has reached at most `untried_max`.
    pub fn new(max: usize, untried_max: usize) -> NamedTopics {
        NamedTopics {
            max,
            untried_max,
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

    /// Makes room for one more topic, to which nothing was sent yet; the one that gives way is forgotten here. Those
    /// give way first that nothing has ever reached.
    pub fn make_room(&mut self, standing: impl Fn(TopicId) -> Standing) -> Room {
        let is_full = self.topics.len() >= self.max;
        if !is_full && self.topics.len() < self.untried_max {
            return Room::Free;
        }
        let topics = self.topics.values().map(|named| (named, standing(named.id)));
        let (mut untried, mut oldest) = (0, None);
        for (named, standing) in topics {
            untried += usize::from(!standing.is_proven);
            let rank = (standing.is_proven, named.last_use);
            if standing.is_idle && oldest.as_ref().is_none_or(|(least, _)| rank < *least) {
                oldest = Some((rank, (Rc::clone(&named.name), named.id)));
            }
        }
        let has_too_many_untried = untried >= self.untried_max;
        if !is_full && !has_too_many_untried {
            return Room::Free;
        }
        match oldest {
            // One that exists does not give way to the next of many that may not.
            Some(((is_proven, _), (name, id))) if !(is_proven && has_too_many_untried) => {
                self.topics.remove(&name);
                Room::Instead(id)
            }
            _ => Room::None,
        }
    }

    /// Returns the handles of all of them.
    pub fn ids(&self) -> impl Iterator<Item = TopicId> + '_ {
        self.topics.values().map(|named| named.id)
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
        let standing = |is_idle| Standing {
            is_idle,
            is_proven: true,
        };
        let mut topics = NamedTopics::new(3, 3);
        for (id, name) in ["a", "b", "c"].into_iter().enumerate() {
            assert_eq!(topics.make_room(|_| standing(true)), Room::Free);
            topics.insert(name.into(), TopicId(id as u32));
        }
        assert_eq!(topics.get("a").map(|named| named.id), Some(TopicId(0)));
        // Something is on its way to b.
        assert_eq!(
            topics.make_room(|id| standing(id != TopicId(1))),
            Room::Instead(TopicId(2))
        );
        assert!(topics.get("c").is_none() && topics.get("b").is_some());
        topics.insert("d".into(), TopicId(2));
        assert_eq!(topics.make_room(|_| standing(false)), Room::None);
        assert_eq!(topics.make_room(|_| standing(true)), Room::Instead(TopicId(0)));
    }

    #[test]
    fn those_that_are_made_up_leave_the_others_alone() {
        const PROVEN: u32 = 8;
        let mut topics = NamedTopics::new(PROVEN as usize + 2, 2);
        let standing = |busy_from: u32| {
            move |id: TopicId| Standing {
                is_idle: id.0 < busy_from,
                is_proven: id.0 < PROVEN,
            }
        };
        for id in 0..PROVEN + 2 {
            assert_eq!(topics.make_room(standing(PROVEN)), Room::Free, "{id}");
            topics.insert(id.to_string().into(), TopicId(id));
        }
        // Something is on its way to both that may not exist: the others do not give way, though they are idle.
        assert_eq!(topics.make_room(standing(PROVEN)), Room::None);
        // One of these gives way that was not reached, though it was used last.
        assert_eq!(
            topics.make_room(standing(u32::MAX)),
            Room::Instead(TopicId(PROVEN))
        );
        topics.insert("next".into(), TopicId(PROVEN));
        assert!((0..PROVEN).all(|id| topics.get(&id.to_string()).is_some()));
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
