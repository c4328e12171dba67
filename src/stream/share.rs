//! How those who send to one sink share its queue.
//!
//! A destination that takes nothing keeps its messages in the queue for as long as they may wait. Owns the rule that
//! leaves room for the others: whoever uses the queue may have up to twice as much in it as is still free, so one that
//! is stuck leaves a third of it, two leave a fifth, and none can fill it. Must not know messages' ways. Invariant:
//! what was taken is given back once.

use super::Message;

/// What a message takes beside its bytes: a sink also limits their number.
pub const MESSAGE_OVERHEAD: usize = 640;

/// How many times as much as is free somebody may have in the queue.
const TIMES_FREE: usize = 2;

/// The shares of a queue, by numbers that whoever owns it gives.
#[derive(Debug, Default)]
pub struct Shares {
    capacity: usize,
    used: usize,
    shares: Vec<usize>,
}

impl Shares {
    /// Creates the shares of a queue with room for so much.
    pub fn new(capacity: usize) -> Shares {
        Shares {
            capacity,
            ..Shares::default()
        }
    }

    /// Says whether somebody may take so much more. One who has nothing always may, also what is larger than its share.
    pub fn has_room(&self, who: usize, cost: usize) -> bool {
        let used = self.used_by(who);
        let free = self.capacity.saturating_sub(self.used);
        used == 0 || used.saturating_add(cost) <= free.saturating_mul(TIMES_FREE)
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
        self.shares[who] += cost;
        self.used += cost;
    }

    /// Notes what is in the queue no more.
    pub fn give_back(&mut self, who: usize, cost: usize) {
        let Some(share) = self.shares.get_mut(who) else {
            return;
        };
        let cost = cost.min(*share);
        *share -= cost;
        self.used -= cost;
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

    /// Fills what some may have, then returns what is left.
    fn left_by(stuck: usize) -> usize {
        let mut shares = Shares::new(10_000);
        while let Some(who) = (0..stuck).find(|&who| shares.has_room(who, 10)) {
            shares.take(who, 10);
        }
        10_000 - shares.used
    }

    #[test]
    fn whoever_is_stuck_leaves_room_for_others() {
        assert_eq!(left_by(1), 3_330, "a third");
        for stuck in 1..40 {
            assert!(left_by(stuck) + 10 * stuck >= 10_000 / (2 * stuck + 1), "{stuck}");
        }
    }

    #[test]
    fn what_is_given_back_is_free() {
        let mut shares = Shares::new(100);
        assert!(shares.has_room(0, 1_000), "larger than all, but alone");
        shares.take(0, 1_000);
        assert!(!shares.has_room(0, 1));
        assert!(shares.has_room(1, 1), "others go on");
        shares.give_back(0, 1_000);
        shares.give_back(0, 1_000);
        assert_eq!((shares.used, shares.used_by(0)), (0, 0), "once");
    }

    #[test]
    fn a_queue_without_an_end_is_shared_too() {
        let mut shares = Shares::new(usize::MAX);
        shares.take(0, 1 << 60);
        assert!(shares.has_room(0, usize::MAX / 2));
    }
}
