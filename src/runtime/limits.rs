//! Whether a workflow takes events now: what is full pauses it, and it goes on when there is room again.
//!
//! Pure. Invariant: once paused, a workflow goes on only below three quarters of the limit, so that it does
//! not start and stop with every event.

/// A limit with hysteresis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    max: usize,
    paused: bool,
}

impl Limit {
    pub(super) fn new(max: usize) -> Limit {
        Limit {
            max: max.max(1),
            paused: false,
        }
    }

    /// Returns a part of it, which is 1 at least.
    pub(super) fn part(&self, divisor: usize) -> usize {
        (self.max / divisor).max(1)
    }

    /// Returns how much may be added; 0 while paused.
    pub(super) fn room(&mut self, used: usize) -> usize {
        let room = self.max.saturating_sub(used);
        if room == 0 {
            self.paused = true;
        } else if self.paused && used <= self.max / 4 * 3 {
            self.paused = false;
        }
        if self.paused { 0 } else { room }
    }
}

#[test]
fn a_full_one_goes_on_at_three_quarters() {
    let mut limit = Limit::new(8);
    let room: Vec<usize> = [0, 7, 8, 7, 6, 7, 8, 6].map(|used| limit.room(used)).to_vec();
    assert_eq!(room, [8, 1, 0, 0, 2, 1, 0, 2]);
}

#[test]
fn a_limit_of_one_goes_on() {
    let mut limit = Limit::new(1);
    assert_eq!([0, 1, 0].map(|used| limit.room(used)), [1, 0, 1]);
}
