//! Executions that wait for the world, or for their next turn.
//!
//! Owns their places, which are used again, and the numbers that tell one occupant of a place from the
//! next. Must not know how an execution is run, nor who asked for it. Invariant: an id or a ticket of an execution that
//! is over finds nothing.

use super::ages::Ages;
use super::machine::Loaded;
use super::state::{ExecutionState, FlightId, Pending};
use crate::stream::Ticket;
use crate::vm::{Run, Token};
use std::collections::VecDeque;
use std::rc::Rc;

/// An execution in flight.
pub(crate) struct Flight<K> {
    /// Index of its machine.
    pub(crate) machine: u32,
    pub(crate) version: Rc<Loaded>,
    /// Who asked for it, and what is needed of that later.
    pub(crate) kept: K,
    pub(crate) state: ExecutionState,
    /// Its memory while it waits.
    pub(crate) run: Box<Run>,
    /// Bytes of all that, as they are accounted for.
    pub(crate) bytes: usize,
}

impl<K> Flight<K> {
    /// Returns when the first of its time limits is reached.
    pub(crate) fn limit_ms(&self) -> i64 {
        let calls = self.state.calls.iter().map(Pending::limit_ms);
        calls.fold(self.state.deadline_ms, i64::min)
    }
}

/// A place for an execution.
struct Place<K> {
    generation: u32,
    /// The machine whose execution has reserved it.
    machine: u32,
    flight: Option<Flight<K>>,
}

/// The executions in flight, by place. Bounded by the limits of those who ask for them.
pub(crate) struct Flights<K> {
    places: Vec<Place<K>>,
    free: Vec<u32>,
    ages: Ages,
    len: usize,
    /// Found with a limit that was reached, in a turn that could not end them all.
    overdue: VecDeque<FlightId>,
    /// No time limit is reached before this; see [`Flights::find_overdue`].
    next_limit_ms: Option<i64>,
}

impl<K> Default for Flights<K> {
    fn default() -> Flights<K> {
        Flights {
            places: Vec::new(),
            free: Vec::new(),
            ages: Ages::default(),
            len: 0,
            overdue: VecDeque::new(),
            next_limit_ms: None,
        }
    }
}

impl<K> Flights<K> {
    /// Reserves the name of an execution of a machine that may come to wait and was started at a time, which is now.
    pub(crate) fn reserve(&mut self, machine: u32, started_ms: i64) -> FlightId {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place {
                generation: 0,
                machine,
                flight: None,
            });
            self.places.len() as u32 - 1
        });
        self.ages.begin(machine, place, started_ms);
        let reserved = &mut self.places[place as usize];
        reserved.machine = machine;
        FlightId {
            place,
            generation: reserved.generation,
        }
    }

    /// Gives a reserved name back.
    pub(crate) fn release(&mut self, id: FlightId) {
        let place = &mut self.places[id.place as usize];
        place.generation = place.generation.wrapping_add(1);
        self.ages.end(place.machine, id.place);
        self.free.push(id.place);
    }

    /// Puts an execution at its reserved place.
    pub(crate) fn put(&mut self, id: FlightId, flight: Flight<K>) {
        let limit = flight.limit_ms();
        self.next_limit_ms = Some(self.next_limit_ms.map_or(limit, |next| next.min(limit)));
        let place = &mut self.places[id.place as usize];
        debug_assert!(place.flight.is_none() && place.generation == id.generation);
        place.flight = Some(flight);
        self.len += 1;
    }

    /// Takes an execution out to run it; its name stays reserved.
    pub(crate) fn take(&mut self, id: FlightId) -> Option<Flight<K>> {
        let place = self.places.get_mut(id.place as usize)?;
        if place.generation != id.generation {
            return None;
        }
        let flight = place.flight.take()?;
        self.len -= 1;
        Some(flight)
    }

    /// Returns an execution that waits.
    pub(crate) fn get(&self, id: FlightId) -> Option<&Flight<K>> {
        let place = self.places.get(id.place as usize)?;
        place
            .flight
            .as_ref()
            .filter(|_| place.generation == id.generation)
    }

    /// Returns an execution that waits, to change what is known of it.
    pub(crate) fn get_mut(&mut self, id: FlightId) -> Option<&mut Flight<K>> {
        let place = self.places.get_mut(id.place as usize)?;
        let is_its = place.generation == id.generation;
        place.flight.as_mut().filter(|_| is_its)
    }

    /// Says whether an execution that has reserved a place is not over.
    pub(crate) fn is_alive(&self, id: FlightId) -> bool {
        let place = self.places.get(id.place as usize);
        place.is_some_and(|place| place.generation == id.generation)
    }

    /// Says whether an execution waits for the answer to a request.
    pub(crate) fn awaits(&self, id: FlightId, token: Token) -> bool {
        self.get(id).is_some_and(|flight| flight.run.awaits(token))
    }

    /// Returns when the oldest execution of a machine was started.
    pub(crate) fn oldest_ms(&self, machine: u32) -> Option<i64> {
        self.ages.oldest_ms(machine)
    }

    /// Returns how many wait.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns the ids of those that fit.
    pub(crate) fn find(&self, mut fits: impl FnMut(&Flight<K>) -> bool) -> Vec<FlightId> {
        let mut found = Vec::new();
        for (index, place) in self.places.iter().enumerate() {
            if place.flight.as_ref().is_some_and(&mut fits) {
                found.push(FlightId {
                    place: index as u32,
                    generation: place.generation,
                });
            }
        }
        found
    }

    /// Finds those with a time limit that is reached, unless some are left of the last time. Looks at all of them, but
    /// only when the earliest known limit has come: nearly all limits belong to executions that are over by then, and
    /// keeping a timer for each would hold far more of them than there are executions.
    pub(crate) fn find_overdue(&mut self, now_ms: i64) {
        if !self.overdue.is_empty() || self.next_limit_ms.is_none_or(|next| now_ms < next) {
            return;
        }
        let flights = self.places.iter().filter_map(|place| place.flight.as_ref());
        let later = flights.map(Flight::limit_ms).filter(|&limit| limit > now_ms);
        // A limit that is passed by less than this is noticed that much later: sweeps stay rare.
        self.next_limit_ms = later.min().map(|next| next.max(now_ms + SWEEP_MS));
        self.overdue = self.find(|flight| flight.limit_ms() <= now_ms).into();
    }

    /// Takes the next of those that were found.
    pub(crate) fn next_overdue(&mut self) -> Option<FlightId> {
        self.overdue.pop_front()
    }

    /// Sets the time at which time limits are looked for, at the latest.
    pub(crate) fn look_again(&mut self, at_ms: i64) {
        self.next_limit_ms = Some(self.next_limit_ms.map_or(at_ms, |next| next.min(at_ms)));
    }

    /// Returns when to look for time limits.
    pub(crate) fn next_limit_ms(&self) -> Option<i64> {
        self.next_limit_ms.filter(|_| self.len > 0)
    }

    /// Finds the execution that made a call.
    pub(crate) fn of_ticket(&self, ticket: Ticket) -> Option<FlightId> {
        let place = FlightId::place_of(ticket);
        let generation = self.places.get(place as usize)?.generation;
        Some(FlightId { place, generation }).filter(|id| id.made(ticket))
    }
}

/// How late the end of a time limit may be noticed, in milliseconds.
const SWEEP_MS: i64 = 10;
