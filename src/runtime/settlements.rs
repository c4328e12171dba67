//! Events that are over but for messages and log records on their way.
//!
//! They end about in the order they began, so they stand in a ring: both of its ends stay in the cache,
//! where a slab's free places would be all over it. Must not know what is on its way. Invariant: a
//! settlement is handed out once, when the last thing it waited for is done.

use crate::stream::PartitionId;
use std::collections::VecDeque;

/// What [`Settlement::left`] is once it is over; its place goes when all before it are over.
const OVER: u32 = u32::MAX;

/// Names a settlement: its number, which wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SettlementId(pub(super) u32);

/// An event that is over but for what is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settlement {
    pub(super) lane: u32,
    pub(super) partition: PartitionId,
    pub(super) offset: i64,
    /// Messages and log records that are still out.
    left: u32,
    began_ms: i64,
    /// Whether it stands for an event that was cut off by a crash before.
    pub(super) cut_off: bool,
}

/// The settlements of a shard. There are at most as many places as the partitions' offset spans.
#[derive(Default)]
pub(super) struct Settlements {
    ring: VecDeque<Settlement>,
    /// Number of the first place.
    first: u32,
    open: usize,
}

impl Settlements {
    /// Opens a settlement with nothing outstanding.
    pub(super) fn open(
        &mut self,
        lane: u32,
        partition: PartitionId,
        offset: i64,
        began_ms: i64,
    ) -> SettlementId {
        let id = self.first.wrapping_add(self.ring.len() as u32);
        self.ring.push_back(Settlement {
            lane,
            partition,
            offset,
            left: 0,
            began_ms,
            cut_off: false,
        });
        self.open += 1;
        SettlementId(id)
    }

    fn get(&mut self, id: SettlementId) -> Option<&mut Settlement> {
        let settlement = self.ring.get_mut(id.0.wrapping_sub(self.first) as usize)?;
        (settlement.left != OVER).then_some(settlement)
    }

    /// Marks a settlement as that of an event that a crash has cut off.
    pub(super) fn mark_cut_off(&mut self, id: SettlementId) {
        if let Some(settlement) = self.get(id) {
            settlement.cut_off = true;
        }
    }

    /// Adds something that has to be done before the settlement is over.
    pub(super) fn add(&mut self, id: SettlementId) {
        if let Some(settlement) = self.get(id) {
            settlement.left += 1;
        }
    }

    /// Takes one off; returns the settlement when it was the last.
    pub(super) fn done(&mut self, id: SettlementId) -> Option<Settlement> {
        let settlement = self.get(id)?;
        settlement.left -= 1;
        if settlement.left > 0 {
            return None;
        }
        let over = *settlement;
        settlement.left = OVER;
        self.open -= 1;
        while self.ring.front().is_some_and(|first| first.left == OVER) {
            self.ring.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        Some(over)
    }

    /// Returns when the oldest settlement of a lane was opened.
    pub(super) fn oldest_ms(&self, lane: u32) -> Option<i64> {
        let mut open = self.ring.iter().filter(|settlement| settlement.left != OVER);
        let oldest = open.find(|settlement| settlement.lane == lane)?;
        Some(oldest.began_ms)
    }

    /// Returns how many are open.
    pub(super) fn len(&self) -> usize {
        self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(all: &mut Settlements, offset: i64) -> SettlementId {
        let id = all.open(0, PartitionId(0), offset, offset);
        all.add(id);
        id
    }

    #[test]
    fn each_ends_once_in_any_order() {
        let mut all = Settlements {
            first: u32::MAX - 1, // Numbers wrap on the way.
            ..Settlements::default()
        };
        let ids: Vec<_> = (0..5).map(|offset| open(&mut all, offset)).collect();
        all.add(ids[2]);
        let mut done = |at: usize| all.done(ids[at]).map(|over| over.offset);
        assert_eq!(
            [done(3), done(3), done(2), done(1)],
            [Some(3), None, None, Some(1)]
        );
        assert_eq!([done(0), done(0), done(4)], [Some(0), None, Some(4)]);
        assert_eq!((all.len(), all.oldest_ms(0), all.ring.len()), (1, Some(2), 3));
        assert_eq!(all.done(ids[2]).map(|over| over.offset), Some(2));
        assert_eq!((all.len(), all.oldest_ms(0), all.ring.len()), (0, None, 0));
        let next = open(&mut all, 9);
        assert_eq!(all.done(next).map(|over| over.offset), Some(9));
    }
}
