//! Executions that need more memory than there is for now, and wait until others have ended.
//!
//! An execution that is small must not fail because its neighbours are large, as long as what those take stays within
//! bounds. Owns the order in which those go on that wait, and which one may grow though there is no memory: they might
//! all wait for each other. Each workflow has its own queue, so that nobody waits behind another workflow's executions.
//! Must not know how much memory there is, which the account does. Invariant: while one waits, one at least may grow as
//! far as an execution may; one that only waits for the world has that right for [`PATIENCE_MS`] at most.

use super::core::Core;
use super::flight::{FlightId, Flights, Trip};
use super::lane::{Lane, LaneState};
use std::collections::VecDeque;

/// How many more than there are executions may be in a queue before those are dropped that are over.
const STALE_MAX: usize = 64;

/// How long the one that may grow beyond the account keeps that right while it waits for the world, in milliseconds: one
/// that soon goes on ends sooner when no other grows meanwhile. Behind one that waits for long, others would come to
/// their time limits.
const PATIENCE_MS: i64 = 5_000;

/// What the executions of a lane may do that wait for memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Growth {
    /// There is memory.
    Room,
    /// There is none.
    None,
    /// Its log is full: they could not go on.
    Blocked,
}

/// An execution that waits for memory.
struct Waiting {
    id: FlightId,
    since_ms: i64,
}

/// The executions that wait for memory.
#[derive(Default)]
pub(super) struct Thirsty {
    /// By lane. Each execution once; some may be over.
    queues: Vec<VecDeque<Waiting>>,
    /// Which lane comes first.
    turn: usize,
    /// The one that may grow though there is no memory, until it is over or another has its right.
    first: Option<FlightId>,
    /// Since when it waits for the world.
    first_waits_since_ms: Option<i64>,
    /// How many of those in flight wait for memory.
    count: usize,
}

impl Thirsty {
    /// Adds an execution of a lane that is not here.
    pub(super) fn push(&mut self, lane: u32, id: FlightId, now_ms: i64) {
        let lane = lane as usize;
        if lane >= self.queues.len() {
            self.queues.resize_with(lane + 1, VecDeque::new);
        }
        self.queues[lane].push_back(Waiting { id, since_ms: now_ms });
    }

    /// Notes an execution that is parked, and whether it waits for the world, since now.
    pub(super) fn parked(&mut self, id: FlightId, trip: &Trip, waits_for_world: bool, now_ms: i64) {
        self.count += usize::from(trip.is_thirsty);
        if self.first == Some(id) {
            self.first_waits_since_ms = waits_for_world.then_some(now_ms);
        }
    }

    /// Notes an execution that is parked no more.
    pub(super) fn taken_up(&mut self, trip: &Trip) {
        self.count -= usize::from(trip.is_thirsty);
    }

    /// Returns how many executions wait for memory.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Returns when another one may grow, if any waits for that.
    pub(super) fn next_ms(&self, now_ms: i64) -> Option<i64> {
        let at_ms = self.first_waits_since_ms.map(|since_ms| since_ms + PATIENCE_MS);
        at_ms.filter(|&at_ms| at_ms > now_ms && self.count > 0)
    }

    /// Takes out the one that goes on next: the first one of a lane that has room, lanes in turn; or if no other may
    /// grow without, the one that has waited longest. `is_within`: the account is not beyond its end.
    fn next(
        &mut self,
        flights: &Flights,
        growth: impl Fn(u32) -> Growth,
        is_within: bool,
        now_ms: i64,
    ) -> Option<FlightId> {
        let mut longest = None;
        for step in 0..self.queues.len() {
            let lane = (self.turn + step) % self.queues.len();
            let Some(since_ms) = self.front(lane, flights) else {
                continue;
            };
            match growth(lane as u32) {
                Growth::Blocked => {}
                Growth::Room => {
                    self.turn = lane + 1;
                    return self.queues[lane].pop_front().map(|waiting| waiting.id);
                }
                Growth::None if longest.is_none_or(|(least_ms, _)| since_ms < least_ms) => {
                    longest = Some((since_ms, lane));
                }
                Growth::None => {}
            }
        }
        let (_, lane) = longest?;
        let first = self.first.and_then(|first| flights.get(first));
        if first.is_some_and(|first| growth(first.lane) != Growth::Blocked)
            && !self.may_follow(is_within, now_ms)
        {
            return None;
        }
        self.first = self.queues[lane].pop_front().map(|waiting| waiting.id);
        self.first_waits_since_ms = None;
        self.first
    }

    /// Says whether another one may have the right of the first one, which is not over: it waits for the world, and there
    /// is memory that nobody has for its own, or it does so for long.
    fn may_follow(&self, is_within: bool, now_ms: i64) -> bool {
        self.first_waits_since_ms
            .is_some_and(|since_ms| is_within || now_ms >= since_ms + PATIENCE_MS)
    }

    /// Returns since when the first one of a lane waits; drops those before it that are over.
    fn front(&mut self, lane: usize, flights: &Flights) -> Option<i64> {
        let queue = &mut self.queues[lane];
        if queue.len() > flights.len() + STALE_MAX {
            queue.retain(|waiting| flights.is_alive(waiting.id));
        }
        while let Some(waiting) = queue.front() {
            if flights.get(waiting.id).is_some() {
                return Some(waiting.since_ms);
            }
            queue.pop_front();
        }
        None
    }
}

impl Core {
    /// Gives the next execution that waits for memory its turn, if there is any: one at a time, since it takes some.
    pub(super) fn quench(&mut self, lanes: &[Lane]) {
        let account = &self.account;
        let growth = |lane: u32| match lanes[lane as usize].state.log_is_full() {
            true => Growth::Blocked,
            false if account.has_room_to_grow(lane) => Growth::Room,
            false => Growth::None,
        };
        let is_within = account.is_within();
        let next = self.thirsty.next(&self.flights, growth, is_within, self.now.ms);
        let Some((id, flight)) = next.and_then(|id| Some((id, self.flights.get_mut(id)?))) else {
            return;
        };
        self.thirsty.taken_up(&flight.trip);
        flight.trip.is_thirsty = false;
        self.ready.push_back(id);
    }

    /// Returns from how many bytes on the execution in the run has to wait for others.
    pub(super) fn pause_at(&self, lane: &LaneState, trip: &mut Trip) -> usize {
        let is_first = self.thirsty.first.is_some() && self.thirsty.first == trip.id;
        let parked = self.flights.len();
        if is_first || parked == 0 {
            return usize::MAX;
        }
        if trip.held_bytes == 0 || self.account.has_room_to_grow(lane.index) {
            trip.held_bytes = self.run.held_bytes();
        }
        self.account.pause_at(lane.index, parked, trip.held_bytes)
    }
}
