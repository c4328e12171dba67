//! What each part of a turn may do: answers, timers, time limits, next turns, events of each workflow.
//!
//! Owns the shares, and which part comes first after one has done too much: what cannot be stopped, as an evaluation of
//! JSONata, may take long, and several in one turn would hold up everything. Must not know what parts do. Invariant: no
//! part begins in a turn that has done [`FULL_TURN_WORK`], and one that could not is the first of the next turn.

use crate::vm::Work;

/// Work that all executions of a shard may do in one turn, some milliseconds: what a small event waits for at most
/// behind large ones.
pub(crate) const TURN_WORK: u64 = 4 << 20;
/// Work that each part of a turn may do (answers, timers, time limits, next turns, each shared by the lanes: events),
/// however much those before it have done: nothing starves behind them.
pub(crate) const PART_WORK: u64 = 256 << 10;
/// Work that ends a turn: more than its own and all parts, and less than what cannot be stopped may come to.
pub(crate) const FULL_TURN_WORK: u64 = 2 * TURN_WORK;

/// Where a turn is.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    /// All work of this turn, beyond its bound too.
    worked: u64,
    /// The part that has its share now.
    part: usize,
    /// The first part of this turn; those before it have had their share in the last.
    first: usize,
    /// The part that this turn has come to no more.
    put_off: Option<usize>,
}

impl Shares {
    /// Begins a turn with its first part, and returns what that may do.
    pub(crate) fn begin_turn(&mut self) -> Work {
        *self = Shares {
            first: self.put_off.take().unwrap_or(0),
            ..Shares::default()
        };
        Work::of(if self.first == 0 { TURN_WORK } else { 0 })
    }

    /// Begins the next part, which `sharers` of the same kind share, and returns what it may do. `left` is what those before
    /// it have left.
    pub(crate) fn begin_part(&mut self, left: Work, sharers: usize) -> Work {
        self.part += 1;
        if self.part < self.first {
            return Work::of(0);
        }
        if self.worked >= FULL_TURN_WORK {
            self.put_off.get_or_insert(self.part);
            return Work::of(0);
        }
        if self.part == self.first {
            return Work::of(TURN_WORK);
        }
        let share = (PART_WORK / sharers.max(1) as u64).max(1);
        Work::of(left.left().max(share))
    }

    /// Notes what was done.
    pub(crate) fn note(&mut self, bytes: usize) {
        self.worked = self.worked.saturating_add(bytes as u64);
    }

    /// Says whether parts are left out of this turn.
    pub(crate) fn leaves_out(&self) -> bool {
        self.first > 0 || self.put_off.is_some()
    }

    /// Says whether the turn began with its first part.
    pub(crate) fn is_whole(&self) -> bool {
        self.first == 0
    }

    /// Returns how much work the turn has done.
    #[cfg(test)]
    pub(crate) fn worked(&self) -> u64 {
        self.worked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays turns of `PARTS` parts that do so much each, if they may do anything; returns the parts that did.
    fn turn(shares: &mut Shares, work: &[u64]) -> Vec<usize> {
        let mut left = shares.begin_turn();
        let mut done = Vec::new();
        for (part, &work) in work.iter().enumerate() {
            if part > 0 {
                left = shares.begin_part(left, 1);
            }
            if !left.is_spent() {
                done.push(part);
                shares.note(work as usize);
                left.charge(work as usize);
            }
        }
        done
    }

    #[test]
    fn a_part_that_does_too_much_ends_the_turn_and_the_next_one_goes_on() {
        let mut shares = Shares::default();
        let small = [1; 4];
        assert_eq!(turn(&mut shares, &small), [0, 1, 2, 3]);
        assert!(!shares.leaves_out());
        // More than the turn's own is no matter; that is what the parts' shares are for.
        assert_eq!(turn(&mut shares, &[TURN_WORK; 2]), [0, 1]);
        let large = [FULL_TURN_WORK; 4];
        for part in [0, 1, 2, 3, 0, 1] {
            assert_eq!(turn(&mut shares, &large), [part]);
            assert!(shares.leaves_out() || part == 3);
        }
        assert_eq!(turn(&mut shares, &[1, 1, 1, FULL_TURN_WORK]), [2, 3]);
        assert!(shares.leaves_out() && !shares.is_whole());
        assert_eq!(turn(&mut shares, &small), [0, 1, 2, 3]);
    }

    #[test]
    fn the_first_part_of_a_turn_has_its_work() {
        let mut shares = Shares::default();
        assert_eq!(shares.begin_turn().left(), TURN_WORK);
        shares.note(FULL_TURN_WORK as usize);
        assert_eq!(shares.begin_part(Work::of(0), 1).left(), 0);
        assert_eq!(shares.begin_turn().left(), 0);
        assert_eq!(shares.begin_part(Work::of(0), 1).left(), TURN_WORK);
        assert_eq!(shares.begin_part(Work::of(0), 2).left(), PART_WORK / 2);
        assert_eq!(shares.begin_part(Work::of(0), usize::MAX).left(), 1);
    }
}
