//! How those who send to one sink share its queue.
//!
//! A destination that takes nothing keeps its messages in the queue for as long as they may wait. Owns the rule that
//! leaves room for the others: half of the queue is divided evenly, and nobody else can have one's part of it; of the
//! other half one may have up to twice as much as is still free there. So one who is busy may have most of it, and one
//! who comes when others are stuck has its part. Must not know messages' ways. Invariant: what was taken is given back
//! once.

use super::Message;

/// What a message takes beside its bytes: a sink also limits their number.
pub const MESSAGE_OVERHEAD: usize = 640;

/// How many times as much as is free of the common half somebody may have of it.
const TIMES_FREE: usize = 2;

/// The shares of a queue, by numbers that whoever owns it gives.
#[derive(Debug, Default)]
pub struct Shares {
    capacity: usize,
    /// What each may have in any case.
    own: usize,
    /// What is for whoever needs more, and how much of that is taken.
    common: usize,
    common_used: usize,
    shares: Vec<usize>,
}

impl Shares {
    /// Creates the shares of a queue with room for so much, for at most so many who use it.
    pub fn new(capacity: usize, users: usize) -> Shares {
        let mut shares = Shares {
            capacity,
            common: capacity - capacity / 2,
            ..Shares::default()
        };
        shares.set_users(users);
        shares
    }

    /// Sets how many use the queue from now on. Who has more than its own part of it then has that of the common half.
    pub fn set_users(&mut self, users: usize) {
        self.own = self.capacity / 2 / users.max(1);
        self.common_used = self.shares.iter().map(|&used| self.beyond(used)).sum();
    }

    /// Says whether somebody may take so much more. One who has nothing always may, also what is larger than its share.
    pub fn has_room(&self, who: usize, cost: usize) -> bool {
        let used = self.used_by(who);
        let beyond = used.saturating_add(cost).saturating_sub(self.own);
        let free = self.common.saturating_sub(self.common_used);
        let more = beyond - self.beyond(used);
        used == 0 || more == 0 || more <= free && beyond <= free.saturating_mul(TIMES_FREE)
    }

    /// Returns how much somebody has in the queue.
    pub fn used_by(&self, who: usize) -> usize {
        self.shares.get(who).copied().unwrap_or(0)
    }

    /// Notes what somebody has put into the queue.
    pub fn take(&mut self, who: usize, cost: usize) {
        if who >= self.shares.len() {
            self.shares.resize(who + 1, 0);
        }
        self.set(who, self.shares[who] + cost);
    }

    /// Notes what is in the queue no more.
    pub fn give_back(&mut self, who: usize, cost: usize) {
        if let Some(used) = self.shares.get(who) {
            self.set(who, used.saturating_sub(cost));
        }
    }

    fn set(&mut self, who: usize, used: usize) {
        self.common_used -= self.beyond(self.shares[who]);
        self.common_used += self.beyond(used);
        self.shares[who] = used;
    }

    /// Returns how much of what somebody has is beyond its own part.
    fn beyond(&self, used: usize) -> usize {
        used.saturating_sub(self.own)
    }
}

/// Returns what a message takes of a queue: its bytes and [`MESSAGE_OVERHEAD`].
pub fn cost(message: &Message<'_>) -> usize {
    let bytes = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
    let headers = message.headers.iter();
    let headers: usize = headers.map(|(name, value)| name.len() + bytes(*value)).sum();
    bytes(message.key) + bytes(message.value) + headers + MESSAGE_OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(shares: &mut Shares, who: usize) -> usize {
        while shares.has_room(who, 10) {
            shares.take(who, 10);
        }
        shares.used_by(who)
    }

    #[test]
    fn one_who_is_busy_may_have_most() {
        // Its own part, and two thirds of the common one.
        for (users, part) in [(1, 5_000), (50, 100)] {
            let filled = fill(&mut Shares::new(10_000, users), 0);
            assert!((part + 3_320..=part + 3_340).contains(&filled), "{filled}");
        }
    }

    #[test]
    fn whoever_is_stuck_leaves_their_part_to_others() {
        let mut shares = Shares::new(10_000, 50);
        let filled: Vec<_> = (0..50).map(|who| fill(&mut shares, who)).collect();
        assert!(filled.iter().all(|used| *used >= 100), "{filled:?}");
        assert!(filled.iter().sum::<usize>() <= 10_000, "{filled:?}");
    }

    #[test]
    fn what_is_given_back_is_free() {
        let mut shares = Shares::new(100, 2);
        assert!(shares.has_room(0, 1_000), "larger than all, but alone");
        shares.take(0, 1_000);
        assert!(!shares.has_room(0, 1));
        assert!(shares.has_room(1, 1), "others go on");
        shares.give_back(0, 1_000);
        shares.give_back(0, 1_000);
        assert_eq!((shares.common_used, shares.used_by(0)), (0, 0), "once");
    }

    #[test]
    fn whoever_comes_has_a_part_of_what_others_have_for_their_own() {
        let mut shares = Shares::new(1_000, 1);
        shares.take(0, 500);
        assert_eq!(shares.common_used, 0);
        shares.set_users(5);
        assert_eq!(shares.common_used, 400);
        shares.take(1, 100);
        assert_eq!(shares.common_used, 400, "its own part");
        shares.set_users(1);
        shares.give_back(0, 500);
        assert_eq!((shares.common_used, shares.used_by(1)), (0, 100));
    }

    #[test]
    fn a_queue_without_an_end_is_shared_too() {
        let mut shares = Shares::new(usize::MAX, 3);
        shares.take(0, 1 << 60);
        assert!(shares.has_room(0, 1 << 61));
    }
}
