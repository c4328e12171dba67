//! Executions that need more memory than there is for now, and wait until others have ended.
//!
//! An execution that is small must not fail because its neighbours are large: it fails only when it holds more than one
//! may, and waits otherwise. Owns the order in which those go on, and which one may grow though there is no memory: they
//! might all wait for each other. Must not know how much there is, which the account does. Invariant: while one waits,
//! one at least may grow as far as an execution may.

use super::core::Core;
use super::flight::{FlightId, Flights, Trip};
use super::lane::LaneState;
use std::collections::VecDeque;

/// How many more than there are executions may be in the queue before those are dropped that are over.
const STALE_MAX: usize = 64;

/// The executions that wait for memory.
#[derive(Default)]
pub(super) struct Thirsty {
    /// Each once; some may be over.
    queue: VecDeque<FlightId>,
    /// The one that may grow though there is no memory, until it is over.
    first: Option<FlightId>,
}

impl Thirsty {
    /// Adds an execution that is not here.
    pub(super) fn push(&mut self, id: FlightId) {
        self.queue.push_back(id);
    }

    /// Takes out the one that goes on next: the first one, if its lane has room, or if no other may grow without.
    fn next(&mut self, flights: &Flights, has_room: impl Fn(u32) -> bool) -> Option<FlightId> {
        if self.queue.len() > flights.len() + STALE_MAX {
            self.queue.retain(|&id| flights.is_alive(id));
        }
        let (id, flight) = loop {
            let id = *self.queue.front()?;
            match flights.get(id) {
                Some(flight) => break (id, flight),
                None => self.queue.pop_front(),
            };
        };
        if !has_room(flight.lane) {
            if self.first.is_some_and(|first| flights.is_alive(first)) {
                return None;
            }
            self.first = Some(id);
        }
        self.queue.pop_front()
    }
}

impl Core {
    /// Gives the next execution that waits for memory its turn, if there is any: one at a time, since it takes some.
    pub(super) fn quench(&mut self) {
        let has_room = |lane| self.account.has_room_to_grow(lane);
        let Some(id) = self.thirsty.next(&self.flights, has_room) else {
            return;
        };
        if let Some(flight) = self.flights.get_mut(id) {
            flight.trip.is_thirsty = false;
            self.ready.push_back(id);
        }
    }

    /// Returns from how many bytes on the execution in the run has to wait for others.
    pub(super) fn pause_at(&self, lane: &LaneState, trip: &mut Trip) -> usize {
        let is_first = self.thirsty.first.is_some() && self.thirsty.first == trip.id;
        if is_first {
            return usize::MAX;
        }
        if trip.held_bytes == 0 || self.account.has_room_to_grow(lane.index) {
            trip.held_bytes = self.run.bytes().0;
        }
        self.account
            .pause_at(lane.index, self.flights.len(), trip.held_bytes)
    }
}
