//! Events that are over but for messages and log records on their way.
//!
//! They end about in the order they began, so places are used again in the order they became free: the next one
//! is near the last in memory, where the one that became free last may be anywhere. Must not know what is on its
//! way. Invariant: a settlement is handed out once, when the last thing it waited for is done.

use crate::execution::ages::Ages;
use crate::stream::PartitionId;
use std::collections::VecDeque;

/// What [`Settlement::left`] is in a place that is free.
const FREE: u32 = u32::MAX;

/// Names a settlement: its place, which another one has afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SettlementId(pub(super) u32);

/// An event that is over but for what is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settlement {
    pub(super) lane: u32,
    pub(super) partition: PartitionId,
    pub(super) offset: i64,
    /// Messages and log records that are still out, and the end of the event itself while that goes on.
    left: u32,
    /// Whether it stands for an event that was cut off by a crash before.
    pub(super) cut_off: bool,
}

/// The settlements of a shard: as many places as were ever open at a time.
#[derive(Default)]
pub(super) struct Settlements {
    places: Vec<Settlement>,
    free: VecDeque<u32>,
    ages: Ages,
}

impl Settlements {
    /// Opens a settlement that waits for the end of its event only: [`Settlements::done`] takes that off, when all that
    /// it leaves has been added. So one whose event leaves nothing in the end is over too.
    pub(super) fn open(
        &mut self,
        lane: u32,
        partition: PartitionId,
        offset: i64,
        began_ms: i64,
    ) -> SettlementId {
        let settlement = Settlement {
            lane,
            partition,
            offset,
            left: 1,
            cut_off: false,
        };
        let place = match self.free.pop_front() {
            Some(place) => {
                self.places[place as usize] = settlement;
                place
            }
            None => {
                self.places.push(settlement);
                self.places.len() as u32 - 1
            }
        };
        self.ages.begin(lane, place, began_ms);
        SettlementId(place)
    }

    fn get(&mut self, id: SettlementId) -> Option<&mut Settlement> {
        let settlement = self.places.get_mut(id.0 as usize)?;
        (settlement.left != FREE).then_some(settlement)
    }

    /// Returns the lane of a settlement that is open.
    pub(super) fn lane(&self, id: SettlementId) -> u32 {
        self.places
            .get(id.0 as usize)
            .map_or(0, |settlement| settlement.lane)
    }

    /// Returns where the event of a settlement stands in its partition.
    pub(super) fn offset(&self, id: SettlementId) -> Option<i64> {
        self.places.get(id.0 as usize).map(|settlement| settlement.offset)
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
        settlement.left = FREE;
        self.free.push_back(id.0);
        self.ages.end(over.lane, id.0);
        Some(over)
    }

    /// Returns when the oldest settlement of a lane was opened.
    pub(super) fn oldest_ms(&self, lane: u32) -> Option<i64> {
        self.ages.oldest_ms(lane)
    }

    #[cfg(test)]
    pub(super) fn open_count(&self) -> usize {
        self.places.len() - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(all: &mut Settlements, offset: i64) -> SettlementId {
        all.open(0, PartitionId(0), offset, offset)
    }

    #[test]
    fn each_ends_once_in_any_order() {
        let mut all = Settlements::default();
        let ids: Vec<_> = (0..5).map(|offset| open(&mut all, offset)).collect();
        all.add(ids[2]);
        let mut done = |at: usize| all.done(ids[at]).map(|over| over.offset);
        assert_eq!(
            [done(3), done(3), done(2), done(1)],
            [Some(3), None, None, Some(1)]
        );
        assert_eq!([done(0), done(0), done(4)], [Some(0), None, Some(4)]);
        assert_eq!(
            (all.open_count(), all.oldest_ms(0), all.oldest_ms(1)),
            (1, Some(2), None)
        );
        assert_eq!(all.done(ids[2]).map(|over| over.offset), Some(2));
        assert_eq!((all.open_count(), all.oldest_ms(0)), (0, None));
    }

    #[test]
    fn one_that_stays_open_does_not_keep_the_places_of_others() {
        let mut all = Settlements::default();
        let first = open(&mut all, -1);
        for offset in 0..1_000 {
            let (one, two) = (open(&mut all, offset), open(&mut all, offset));
            assert_eq!(all.done(two).map(|over| over.offset), Some(offset));
            assert_eq!(all.done(one).map(|over| over.offset), Some(offset));
        }
        assert_eq!((all.places.len(), all.open_count()), (3, 1));
        assert_eq!(all.done(first).map(|over| over.offset), Some(-1));
    }
}
