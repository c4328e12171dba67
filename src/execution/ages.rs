//! Since when the oldest of an owner's things has been there, without looking at all of them.
//!
//! Owns lists of places, one for each owner, in the order in which they were taken; a place is taken and left in a few
//! steps, however many there are. Must not know what is in a place. Invariant: who takes a place does so no earlier
//! than those before, so the first of a list is the oldest.

/// No place.
const NONE: u32 = u32::MAX;

/// The places of all owners.
#[derive(Default)]
pub(crate) struct Ages {
    links: Vec<Link>,
    owners: Vec<Ends>,
}

/// Where a place stands in its owner's list.
#[derive(Clone, Copy)]
struct Link {
    before: u32,
    after: u32,
    since_ms: i64,
}

/// The first and the last of an owner's list.
#[derive(Clone, Copy)]
struct Ends {
    first: u32,
    last: u32,
}

impl Link {
    const FREE: Link = Link {
        before: NONE,
        after: NONE,
        since_ms: 0,
    };
}

impl Ends {
    const EMPTY: Ends = Ends {
        first: NONE,
        last: NONE,
    };
}

impl Ages {
    /// Notes that an owner has taken a place, which is free.
    #[inline]
    pub(crate) fn begin(&mut self, owner: u32, place: u32, since_ms: i64) {
        let (owner, index) = (owner as usize, place as usize);
        if owner >= self.owners.len() {
            self.owners.resize(owner + 1, Ends::EMPTY);
        }
        if index >= self.links.len() {
            self.links.resize(index + 1, Link::FREE);
        }
        let before = std::mem::replace(&mut self.owners[owner].last, place);
        self.links[index] = Link {
            before,
            after: NONE,
            since_ms,
        };
        match before {
            NONE => self.owners[owner].first = place,
            before => self.links[before as usize].after = place,
        }
    }

    /// Notes that an owner has left a place, which it had taken.
    #[inline]
    pub(crate) fn end(&mut self, owner: u32, place: u32) {
        let owner = owner as usize;
        let Link { before, after, .. } = std::mem::replace(&mut self.links[place as usize], Link::FREE);
        match before {
            NONE => self.owners[owner].first = after,
            before => self.links[before as usize].after = after,
        }
        match after {
            NONE => self.owners[owner].last = before,
            after => self.links[after as usize].before = before,
        }
    }

    /// Returns since when the oldest place of an owner is taken.
    pub(crate) fn oldest_ms(&self, owner: u32) -> Option<i64> {
        let first = self.owners.get(owner as usize)?.first;
        self.links.get(first as usize).map(|link| link.since_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_known_whatever_ends_first() {
        let mut ages = Ages::default();
        assert_eq!(ages.oldest_ms(0), None);
        for place in 0..6 {
            ages.begin(place % 2, place, i64::from(place) * 10);
        }
        let mut after = |place: u32| {
            ages.end(place % 2, place);
            [0, 1].map(|owner| ages.oldest_ms(owner))
        };
        // From the middle, from the front, from the back, until one owner has none.
        assert_eq!(after(2), [Some(0), Some(10)]);
        assert_eq!(after(0), [Some(40), Some(10)]);
        assert_eq!(after(5), [Some(40), Some(10)]);
        assert_eq!(after(1), [Some(40), Some(30)]);
        assert_eq!(after(4), [None, Some(30)]);
        // A place has another occupant, of another owner, afterwards.
        ages.begin(0, 1, 60);
        ages.begin(1, 0, 70);
        assert_eq!([0, 1].map(|owner| ages.oldest_ms(owner)), [Some(60), Some(30)]);
        ages.end(1, 3);
        assert_eq!(ages.oldest_ms(1), Some(70));
    }
}
